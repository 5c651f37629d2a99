//! The house defaults: what applies when the settings say nothing, or nothing for a certain matter.

use std::collections::BTreeMap;

use redress_contract::{Disposition, Severity};

use crate::settings::{CalendarSettings, MilestoneSettings, PolicySettings};

/// The calendar of the house.
pub(super) const OFFICE: &str = "office";
/// The ladder a policy gets that names none.
pub(super) const DEFAULT_LADDER: &str = "default";
/// Ids of the policies that apply where no other does.
pub(super) const FALLBACK: [&str; 2] = ["fallback", "fallback-triage"];

/// Monday to Friday, nine to five.
pub(super) fn office_hours() -> BTreeMap<String, Vec<String>> {
    let days = ["mon", "tue", "wed", "thu", "fri"];
    days.into_iter().map(|day| (day.to_owned(), vec!["09:00-17:00".to_owned()])).collect()
}

pub(super) fn office() -> CalendarSettings {
    CalendarSettings { zone: "UTC".to_owned(), hours: office_hours(), ..CalendarSettings::default() }
}

/// ISO 10002's good practice with house figures; one hour for harm; triage for what is no complaint.
pub(super) fn policies(calendar: &str) -> Vec<PolicySettings> {
    let complaint = || vec![Disposition::Complaint.token().to_owned()];
    let others = Disposition::ALL.iter().filter(|d| **d != Disposition::Complaint);
    let others = others.map(|d| d.token().to_owned()).collect();
    let harm = vec![Severity::S1.token().to_owned()];
    let when = |field: &str, values| (field.to_owned(), values);
    vec![
        PolicySettings {
            applies_when: [when("disposition", complaint())].into(),
            ..house("house", calendar)
        },
        PolicySettings {
            applies_when: [when("disposition", complaint()), when("severity", harm)].into(),
            ..policy("safety", calendar, vec![immediate_action()])
        },
        PolicySettings { applies_when: [when("disposition", others)].into(), ..triage("triage", calendar) },
    ]
}

/// The same two policies without conditions of their own but the disposition.
pub(super) fn fallback(calendar: &str) -> Vec<PolicySettings> {
    let [complaint, others] = FALLBACK;
    let tokens =
        Disposition::ALL.iter().filter(|d| **d != Disposition::Complaint).map(|d| d.token().to_owned());
    vec![
        PolicySettings {
            applies_when: [("disposition".to_owned(), tokens.collect())].into(),
            ..triage(others, calendar)
        },
        house(complaint, calendar),
    ]
}

fn house(id: &str, calendar: &str) -> PolicySettings {
    let acknowledge = milestone("acknowledge", "business_time", "PT4H");
    let final_response = milestone("final_response", "business_days", "20");
    policy(id, calendar, vec![acknowledge, final_response, review_reply()])
}

fn triage(id: &str, calendar: &str) -> PolicySettings {
    policy(id, calendar, vec![milestone("triage", "business_days", "2"), review_reply()])
}

/// Counts from when the harm became known: for a complaint found harmful days later that is not its receipt.
fn immediate_action() -> MilestoneSettings {
    let anchor = "became_aware".to_owned();
    MilestoneSettings { anchor, ..milestone("immediate_action", "elapsed", "PT1H") }
}

/// What a reply on a closed complaint owes.
pub(super) fn review_reply() -> MilestoneSettings {
    MilestoneSettings { on_demand: true, ..milestone("review_reply", "business_days", "2") }
}

fn policy(id: &str, calendar: &str, milestones: Vec<MilestoneSettings>) -> PolicySettings {
    PolicySettings {
        id: id.to_owned(),
        calendar: calendar.to_owned(),
        milestones,
        ..PolicySettings::default()
    }
}

fn milestone(id: &str, kind: &str, value: &str) -> MilestoneSettings {
    MilestoneSettings {
        id: id.to_owned(),
        span: [(kind.to_owned(), value.to_owned())].into(),
        ..MilestoneSettings::default()
    }
}

//! Time that stands still, deadlines that are put off, policies that change under a clock.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use redress_contract::{
    CloseReason, CommunicationPurpose, Disposition, Event, Hold, Medium, Outcome, Recipient, Severity,
};
use redress_domain::calendar::Calendar;
use redress_domain::command::{Extend, Fate};
use redress_domain::deadline::{End, Span, reach_pausing, shares_pausing};
use redress_domain::pause::{Pause, Pauses};
use redress_domain::{Command, CommunicationFact, Refusal};

use crate::stage::{Stage, at, id, register, rules, under};

fn office() -> Calendar {
    let settings = serde_json::json!({"zone": "Europe/London", "hours": {
        "mon": ["09:00-17:00"], "tue": ["09:00-17:00"], "wed": ["09:00-17:00"], "thu": ["09:00-17:00"],
        "fri": ["09:00-17:00"]}, "closed": {"2026-12-25": "Christmas Day"}});
    Calendar::compile("calendars.office", &serde_json::from_value(settings).unwrap()).unwrap()
}

fn pauses(of: &[(&str, &str)]) -> Pauses {
    Pauses::of(of.iter().map(|(from, to)| Pause { from: at(from), to: at(to) }))
}

#[track_caller]
fn check((kind, value): (&str, &str), anchor: &str, paused: &[(&str, &str)], expected: &str) {
    let span = Span::parse(kind, value).unwrap();
    let due = reach_pausing(&office(), (span, End::EndOfDay), at(anchor), &pauses(paused));
    assert_eq!(due, Some(at(expected)), "{kind} {value} from {anchor} without {paused:?}");
}

#[test]
fn a_pause_takes_of_time_what_it_covers() {
    // Monday noon to Tuesday noon: a day of elapsed time, eight hours of work.
    let paused = [("2026-11-16T12:00:00Z", "2026-11-17T12:00:00Z")];
    check(("elapsed", "PT48H"), "2026-11-16T10:00:00Z", &paused, "2026-11-19T10:00:00Z");
    check(("business_time", "PT8H"), "2026-11-16T10:00:00Z", &paused, "2026-11-18T10:00:00Z");
    // A pause before it began and one after it was over take nothing.
    let elsewhere =
        [("2026-11-01T00:00:00Z", "2026-11-16T10:00:00Z"), ("2026-11-18T10:00:00Z", "2026-11-30T00:00:00Z")];
    check(("elapsed", "PT48H"), "2026-11-16T10:00:00Z", &elsewhere, "2026-11-18T10:00:00Z");
    // A pause that takes nothing of the working time leaves it as it was.
    let night = [("2026-11-16T17:00:00Z", "2026-11-17T09:00:00Z")];
    check(("business_time", "PT8H"), "2026-11-16T10:00:00Z", &night, "2026-11-17T10:00:00Z");
}

#[test]
fn a_pause_takes_the_days_that_end_while_it_lasts() {
    let within_a_day = [("2026-11-17T09:00:00Z", "2026-11-17T16:00:00Z")];
    check(("business_days", "2"), "2026-11-16T10:00:00Z", &within_a_day, "2026-11-19T00:00:00Z");
    let over_a_night = [("2026-11-17T09:00:00Z", "2026-11-18T08:00:00Z")];
    check(("business_days", "2"), "2026-11-16T10:00:00Z", &over_a_night, "2026-11-20T00:00:00Z");
    // Friday ends within the pause; of days on the wall Saturday is taken too.
    let weekend = [("2026-11-20T18:00:00Z", "2026-11-22T18:00:00Z")];
    check(("business_days", "7"), "2026-11-16T10:00:00Z", &weekend, "2026-11-27T00:00:00Z");
    check(("calendar_days", "7"), "2026-11-16T10:00:00Z", &weekend, "2026-11-26T00:00:00Z");
    check(("weeks", "1"), "2026-11-16T10:00:00Z", &weekend, "2026-11-26T00:00:00Z");
    check(("months", "1"), "2026-11-16T10:00:00Z", &weekend, "2026-12-19T00:00:00Z");
    check(("months", "1"), "2026-11-16T10:00:00Z", &[], "2026-12-17T00:00:00Z");
}

#[test]
fn shares_are_of_the_time_that_counts() {
    let span = Span::parse("elapsed", "PT48H").unwrap();
    let paused = pauses(&[("2026-11-16T12:00:00Z", "2026-11-17T12:00:00Z")]);
    let within = (at("2026-11-16T10:00:00Z"), at("2026-11-19T10:00:00Z"));
    assert_eq!(shares_pausing(&office(), span, within, (&[50], &paused)), [at("2026-11-18T10:00:00Z")]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A judge that goes by minutes, and by dates.
    #[test]
    fn due_times_agree_with_a_count_of_what_is_not_paused(
        start in 0i64..400_000,
        stretches in prop::collection::vec((0i64..30_000, 1i64..8_000), 0..4),
        minutes in 1i64..3_000,
        days in 1i64..12,
    ) {
        let anchor = at("2026-01-05T00:00:00Z") + SignedDuration::from_mins(start);
        let paused = Pauses::of(stretches.iter().map(|(after, long)| {
            let from = anchor + SignedDuration::from_mins(*after - 2_000);
            Pause { from, to: from + SignedDuration::from_mins(*long) }
        }));
        let calendar = office();
        let due = |kind: &str, value: String| {
            reach_pausing(&calendar, (Span::parse(kind, &value).unwrap(), End::EndOfDay), anchor, &paused).unwrap()
        };
        let counted = |is_counted: &dyn Fn(Timestamp) -> bool| {
            let (mut now, mut left) = (anchor, minutes);
            while left > 0 {
                left -= i64::from(is_counted(now) && !paused.covers(now));
                now += SignedDuration::from_mins(1);
            }
            now
        };
        prop_assert_eq!(due("elapsed", format!("PT{minutes}M")), counted(&|_| true));
        prop_assert_eq!(due("business_time", format!("PT{minutes}M")), counted(&|now| calendar.is_open_at(now)));

        let zone = calendar.zone().clone();
        let walked = |is_counted: &dyn Fn(jiff::civil::Date) -> bool| {
            let (mut date, mut left) = (anchor.to_zoned(zone.clone()).date(), days);
            while left > 0 {
                date = date.tomorrow().unwrap();
                let ends = date.tomorrow().unwrap().to_zoned(zone.clone()).unwrap().timestamp();
                left -= i64::from(is_counted(date) && !paused.covers(ends - SignedDuration::from_nanos(1)));
            }
            date.tomorrow().unwrap().to_zoned(zone.clone()).unwrap().timestamp()
        };
        prop_assert_eq!(due("calendar_days", days.to_string()), walked(&|_| true));
        prop_assert_eq!(due("business_days", days.to_string()), walked(&|date| calendar.is_open_on(date)));
    }
}

const POLICIES: &str = r#"{"policies": [
    {"id": "house", "milestones": [
        {"id": "acknowledge", "span": {"business_time": "PT4H"}, "must_state": ["reference"]},
        {"id": "final_response", "span": {"business_days": "5"}, "warn_at": [50], "pause_on": ["awaiting_complainant"],
         "extension": {"by": {"business_days": "3"}}},
        {"id": "update", "anchor": "last_outbound", "span": {"business_days": "2"}, "recurring": true},
        {"id": "remedy", "anchor": "final_response", "span": {"business_days": "10"}, "met_by": ["marked_done"]}]},
    {"id": "law", "regulator": true, "milestones": [
        {"id": "final_response", "span": {"business_days": "15"}, "extension": {"total": {"business_days": "35"}}}]}]}"#;

/// A complaint of Monday, 1 June 2026, 08:00, under these rules.
struct Story(Option<Stage>);

impl Story {
    fn registered(json: &str) -> Self {
        Self(Some(under(rules(json)).and([register()])))
    }

    fn complaint(&self) -> &redress_domain::Complaint {
        self.0.as_ref().unwrap().complaint()
    }

    #[track_caller]
    fn go(&mut self, now: &str, command: &Command) -> Vec<Event> {
        let outcome = self.0.take().unwrap().at(at(now)).when(command.clone());
        self.0 = Some(outcome.stage);
        outcome.answer.unwrap()
    }

    #[track_caller]
    fn refused(&mut self, now: &str, command: &Command) -> Refusal {
        let outcome = self.0.take().unwrap().at(at(now)).when(command.clone());
        self.0 = Some(outcome.stage);
        outcome.answer.unwrap_err()
    }
}

fn deadline(stage: &Story, clock: &str, milestone: &str) -> String {
    let clock = stage.complaint().clock(&id(clock)).unwrap();
    let milestone = clock.milestone(&id(milestone)).unwrap();
    if milestone.paused { "paused".to_owned() } else { milestone.due_at.to_string() }
}

fn hold(hold: Hold) -> Command {
    Command::Hold { hold, content_id: None }
}

fn told(purpose: CommunicationPurpose, name: &str, when: &str, provides: &[&str]) -> Command {
    Command::NoteCommunication(CommunicationFact {
        communication_id: id(name),
        purpose,
        recipient: Recipient::Complainant,
        medium: Medium::Email,
        contact_id: None,
        fate: Fate::Accepted {
            at: at(when),
            provides: provides.iter().map(|word| (*word).to_owned()).collect(),
        },
    })
}

#[test]
fn a_hold_pauses_what_the_policy_says_and_a_regulators_clock_never() {
    // Received Monday, 1 June 2026.
    let mut stage = Story::registered(POLICIES);
    assert_eq!(deadline(&stage, "house", "final_response"), "2026-06-09T00:00:00Z");
    let law = deadline(&stage, "law", "final_response");
    stage.go("2026-06-02T10:00:00Z", &hold(Hold::AwaitingComplainant));
    assert_eq!(deadline(&stage, "house", "final_response"), "paused");
    assert_eq!(deadline(&stage, "law", "final_response"), law);
    // Another hold, for which nothing pauses, lets it go on; Tuesday ended within the pause.
    stage.go("2026-06-03T10:00:00Z", &hold(Hold::AwaitingThirdParty));
    assert_eq!(deadline(&stage, "house", "final_response"), "2026-06-10T00:00:00Z");
    stage.go("2026-06-04T10:00:00Z", &hold(Hold::AwaitingComplainant));
    stage.go("2026-06-08T10:00:00Z", &Command::Release);
    // Thursday and Friday are taken as well.
    assert_eq!(deadline(&stage, "house", "final_response"), "2026-06-12T00:00:00Z");
    assert_eq!(deadline(&stage, "law", "final_response"), law);
}

#[test]
fn what_was_due_before_the_hold_is_not_saved_by_it() {
    let mut stage = Story::registered(POLICIES);
    stage.go("2026-06-09T00:00:01Z", &hold(Hold::AwaitingComplainant));
    assert_eq!(deadline(&stage, "house", "final_response"), "2026-06-09T00:00:00Z");
}

#[test]
fn a_notice_in_time_puts_a_deadline_off_and_a_late_one_does_not() {
    for (sent_at, expected) in [
        ("2026-06-08T23:59:59Z", ["2026-06-12T00:00:00Z", "2026-07-21T00:00:00Z"]),
        ("2026-06-09T00:00:01Z", ["2026-06-09T00:00:00Z", "2026-07-21T00:00:00Z"]),
    ] {
        let mut stage = Story::registered(POLICIES);
        let extend = Command::Extend(Extend {
            milestone: id("final_response"),
            clock: None,
            content_id: Some(id("why")),
            handler: id("h-1"),
        });
        let asked = stage.go("2026-06-08T10:00:00Z", &extend);
        assert_eq!(asked.iter().filter(|event| matches!(event, Event::ExtensionRequested(_))).count(), 2);
        assert!(stage.go("2026-06-08T10:01:00Z", &extend).is_empty(), "asked twice");
        stage
            .go("2026-06-09T01:00:00Z", &told(CommunicationPurpose::HoldingResponse, "notice", sent_at, &[]));
        let found = ["house", "law"].map(|clock| deadline(&stage, clock, "final_response"));
        assert_eq!(found, expected, "notice of {sent_at}");
    }
}

#[test]
fn an_extension_needs_a_policy_that_grants_it_and_time_that_is_left() {
    let mut stage = Story::registered(POLICIES);
    let extend = |milestone: &str, content: Option<&str>| {
        Command::Extend(Extend {
            milestone: id(milestone),
            clock: Some(id("house")),
            content_id: content.map(id),
            handler: id("h-1"),
        })
    };
    let now = "2026-06-02T10:00:00Z";
    assert_eq!(stage.refused(now, &extend("lunch", Some("w"))), Refusal::NotOwed { milestone: id("lunch") });
    let acknowledge = Refusal::NotExtendable { milestone: id("acknowledge") };
    assert_eq!(stage.refused(now, &extend("acknowledge", Some("w"))), acknowledge);
    let words = Refusal::Missing { what: "what the complainant is told" };
    assert_eq!(stage.refused(now, &extend("final_response", None)), words);
    let late = Refusal::DueBefore { milestone: id("final_response") };
    assert_eq!(stage.refused("2026-06-09T00:00:00Z", &extend("final_response", Some("w"))), late);
}

#[test]
fn a_message_that_does_not_state_what_it_must_meets_nothing() {
    let mut stage = Story::registered(POLICIES);
    let acknowledgement = CommunicationPurpose::Acknowledgement;
    stage.go("2026-06-01T10:00:00Z", &told(acknowledgement, "a-1", "2026-06-01T10:00:00Z", &["contact"]));
    let met = |stage: &Story| {
        let clock = stage.complaint().clock(&id("house")).unwrap();
        clock.milestone(&id("acknowledge")).unwrap().met_at.is_some()
    };
    assert!(!met(&stage));
    stage.go("2026-06-01T11:00:00Z", &told(acknowledgement, "a-2", "2026-06-01T11:00:00Z", &["reference"]));
    assert!(met(&stage));
}

#[test]
fn keeping_informed_is_owed_again_each_time_and_what_counts_from_a_milestone_once_that_is_met() {
    let mut stage = Story::registered(POLICIES);
    assert_eq!(deadline(&stage, "house", "update"), "2026-06-04T00:00:00Z");
    stage.go("2026-06-02T10:00:00Z", &told(CommunicationPurpose::Reply, "r-1", "2026-06-02T10:00:00Z", &[]));
    assert_eq!(deadline(&stage, "house", "update"), "2026-06-05T00:00:00Z");
    assert!(stage.complaint().clock(&id("house")).unwrap().milestone(&id("remedy")).is_none());
    let done = Command::MarkDone { milestone: id("remedy"), handler: id("h-1") };
    assert_eq!(stage.refused("2026-06-02T10:00:00Z", &done), Refusal::NotOwed { milestone: id("remedy") });
    stage.go("2026-06-03T10:00:00Z", &Command::Accept { handler: id("h-1") });
    stage.go(
        "2026-06-03T10:00:00Z",
        &Command::Decide {
            outcome: Outcome::Upheld,
            reasons_content_id: id("why"),
            remedy: "refund".to_owned(),
            handler: id("h-1"),
        },
    );
    stage.go(
        "2026-06-03T11:00:00Z",
        &told(CommunicationPurpose::FinalResponse, "f-1", "2026-06-03T11:00:00Z", &[]),
    );
    assert_eq!(deadline(&stage, "house", "remedy"), "2026-06-18T00:00:00Z");
    stage.go("2026-06-04T11:00:00Z", &done);
    let clock = stage.complaint().clock(&id("house")).unwrap();
    let is_met = |milestone: &str| clock.milestone(&id(milestone)).unwrap().met_at.is_some();
    assert!(is_met("final_response") && is_met("remedy"));
    assert!(is_met("update"), "the last word owes no update");
    assert!(stage.go("2026-06-04T12:00:00Z", &done).is_empty());
    stage.go("2026-06-05T11:00:00Z", &Command::Close { reason: CloseReason::Decided });
}

#[test]
fn a_variant_stands_in_place_of_its_policy() {
    let mut stage = Story::registered(
        r#"{"policies": [{"id": "idr", "milestones": [{"id": "final_response", "span": {"calendar_days": "30"}}],
            "variants": [{"id": "hardship", "applies_when": {"category": ["hardship"]},
                "milestones": [{"id": "final_response", "span": {"calendar_days": "21"}}]}]}]}"#,
    );
    assert_eq!(deadline(&stage, "idr", "final_response"), "2026-07-02T00:00:00Z");
    let found = redress_domain::Classification {
        category: "hardship".to_owned(),
        ..crate::stage::classification(Disposition::Complaint, Severity::S3)
    };
    stage.go("2026-06-02T10:00:00Z", &Command::Classify(found));
    assert_eq!(deadline(&stage, "idr-hardship", "final_response"), "2026-06-23T00:00:00Z");
    assert!(stage.complaint().clock(&id("idr")).unwrap().stopped.is_some());
}

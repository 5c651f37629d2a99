//! Where staff are reached: by role, by team, by handler. People are told at an address, never named in the log.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use redress_contract::{HandlerId, Recipient, TeamId};
use redress_identity::address::is_email;
use redress_runtime::settings::Problems;

use crate::config::check_email;
use crate::roster::RosterFile;
use crate::settings::{RosterSettings, Settings};

/// Addresses of staff, by role, team and handler. `Debug` shows none.
#[derive(Clone, Default)]
pub struct Staff {
    roles: BTreeMap<Recipient, Place>,
    teams: BTreeMap<String, BTreeMap<Recipient, Place>>,
    handlers: BTreeMap<String, String>,
    rosters: BTreeMap<String, OnDuty>,
}

/// Where a role is reached.
#[derive(Clone)]
enum Place {
    Address(String),
    /// At whoever's turn it is, by the roster of this name.
    Roster(String),
}

/// A roster, and the address when it is nobody's turn.
#[derive(Clone)]
struct OnDuty {
    turns: RosterFile,
    otherwise: String,
}

/// What an address begins with that is the name of a roster.
const ROSTER: &str = "roster:";

impl std::fmt::Debug for Staff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Staff({} roles, {} teams, {} handlers, {} rosters)",
            self.roles.len(),
            self.teams.len(),
            self.handlers.len(),
            self.rosters.len()
        )
    }
}

/// From the one who handles it up to the one who answers for all.
const SENIORITY: [Recipient; 6] = [
    Recipient::Owner,
    Recipient::TeamLead,
    Recipient::Supervisor,
    Recipient::ComplaintsManager,
    Recipient::HeadOfUnit,
    Recipient::Executive,
];

impl Staff {
    /// Checks what is written.
    pub(crate) fn check(settings: &Settings, zone: &TimeZone, problems: &mut Problems) -> Self {
        let check =
            |key: &str, roles, problems: &mut Problems| check_roles(key, roles, &settings.rosters, problems);
        let roles = check("notifier.roles", &settings.roles, problems);
        let teams = settings
            .teams
            .iter()
            .map(|(team, roles)| (team.clone(), check(&format!("notifier.teams.{team}"), roles, problems)));
        let teams = teams.collect();
        let rosters = settings.rosters.iter().filter_map(|(name, roster)| {
            Some((name.clone(), check_roster(name, roster, (settings, zone), problems)?))
        });
        let rosters = rosters.collect();
        for (handler, address) in &settings.handlers {
            check_email(&format!("notifier.handlers.{handler}"), address, problems);
        }
        Self { roles, teams, handlers: settings.handlers.clone(), rosters }
    }

    /// The address of a role for a complaint of this team and handler: the role's own, else that of the next more
    /// senior role that has one, else the complaints manager's. Of a roster, that of whoever is on duty then.
    pub fn address(
        &self,
        role: Recipient,
        team: Option<&TeamId>,
        handler: Option<&HandlerId>,
        now: Timestamp,
    ) -> Option<String> {
        if role == Recipient::Owner
            && let Some(address) = handler.and_then(|handler| self.handlers.get(handler.as_str()))
        {
            return Some(address.clone());
        }
        let in_team = team.and_then(|team| self.teams.get(team.as_str()));
        let own = |role: &Recipient| self.reach(in_team?.get(role)?, now);
        let of = |role: &Recipient| own(role).or_else(|| self.reach(self.roles.get(role)?, now));
        let from = SENIORITY.iter().position(|senior| *senior == role)?;
        SENIORITY[from..].iter().find_map(of).or_else(|| of(&Recipient::ComplaintsManager))
    }

    fn reach(&self, place: &Place, now: Timestamp) -> Option<String> {
        let name = match place {
            Place::Address(address) => return Some(address.clone()),
            Place::Roster(name) => name,
        };
        let roster = self.rosters.get(name)?;
        let on_duty = roster.turns.on_duty(now).and_then(|who| self.person(&who));
        on_duty.or_else(|| (!roster.otherwise.is_empty()).then(|| roster.otherwise.clone()))
    }

    /// An address, or that of a handler.
    fn person(&self, who: &str) -> Option<String> {
        self.handlers.get(who).cloned().or_else(|| who.contains('@').then(|| who.to_owned()))
    }

    /// Rosters that lead to nobody at this time, for `doctor`.
    pub fn rosters_without_anybody(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let reached = move |name: &&String| self.reach(&Place::Roster((*name).clone()), now).is_none();
        self.rosters.keys().filter(reached).map(String::as_str)
    }

    /// Roles that no address is set for outside of teams, for `doctor`.
    pub fn without_address(&self) -> impl Iterator<Item = Recipient> {
        SENIORITY.into_iter().filter(|role| !self.roles.contains_key(role))
    }
}

fn check_roles(
    key: &str,
    roles: &BTreeMap<String, String>,
    rosters: &BTreeMap<String, RosterSettings>,
    problems: &mut Problems,
) -> BTreeMap<Recipient, Place> {
    let mut checked = BTreeMap::new();
    for (role, address) in roles {
        let key = format!("{key}.{role}");
        let place = if let Some(name) = address.strip_prefix(ROSTER) {
            if !rosters.contains_key(name) {
                problems.note(key.as_str(), format!("there is no [notifier.rosters.{name}]"));
            }
            Place::Roster(name.to_owned())
        } else {
            check_email(&key, address, problems);
            Place::Address(address.clone())
        };
        let Some(role) = Recipient::from_token(role).filter(|role| SENIORITY.contains(role)) else {
            let known = SENIORITY.map(Recipient::token).join(", ");
            problems.note(key, format!("{role:?} is none of the roles {known}"));
            continue;
        };
        checked.insert(role, place);
    }
    checked
}

fn check_roster(
    name: &str,
    roster: &RosterSettings,
    (settings, zone): (&Settings, &TimeZone),
    problems: &mut Problems,
) -> Option<OnDuty> {
    let key = format!("notifier.rosters.{name}");
    if !roster.otherwise.is_empty() {
        check_email(&format!("{key}.otherwise"), &roster.otherwise, problems);
    }
    let turns = RosterFile::open(&roster.icalendar, zone)
        .map_err(|problem| problems.note(format!("{key}.icalendar"), problem.to_string()))
        .ok()?;
    let mut strangers = turns.people();
    strangers.retain(|who| !settings.handlers.contains_key(who) && !is_email(who));
    strangers.sort_unstable();
    strangers.dedup();
    for who in strangers {
        let problem = format!("{who:?} is no address, and none of [notifier.handlers]");
        problems.note(format!("{key}.icalendar"), problem);
    }
    Some(OnDuty { turns, otherwise: roster.otherwise.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-02T09:00:00Z".parse().unwrap()
    }

    /// Two turns: of somebody the settings know, and of somebody they do not.
    fn roster(folder: &std::path::Path, who: [&str; 2]) -> std::path::PathBuf {
        let turn = |who: &str, day: u8| {
            format!("BEGIN:VEVENT\nSUMMARY:{who}\nDTSTART:202603{day:02}T080000Z\nDURATION:P1D\nEND:VEVENT\n")
        };
        let file = folder.join("duty.ics");
        let turns = format!("{}{}", turn(who[0], 2), turn(who[1], 3));
        std::fs::write(&file, format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{turns}END:VCALENDAR\n"))
            .unwrap();
        file
    }

    #[test]
    fn a_role_may_be_whoever_is_on_duty_by_a_file_that_people_change() {
        let folder = tempfile::tempdir().unwrap();
        let icalendar = roster(folder.path(), ["h1", "max@example.org"]);
        let mut settings = Settings::default();
        settings.handlers.insert("h1".to_owned(), "h1@example.org".to_owned());
        settings.roles.insert("supervisor".to_owned(), "roster:duty".to_owned());
        settings.roles.insert("complaints_manager".to_owned(), "cm@example.org".to_owned());
        settings.rosters.insert("duty".to_owned(), RosterSettings { icalendar, otherwise: String::new() });
        let mut problems = Problems::none();
        let staff = Staff::check(&settings, &TimeZone::UTC, &mut problems);
        assert_eq!(problems, Problems::none());
        let told = |time: &str| staff.address(Recipient::Supervisor, None, None, time.parse().unwrap());
        assert_eq!(told("2026-03-02T09:00:00Z").as_deref(), Some("h1@example.org"));
        assert_eq!(told("2026-03-03T09:00:00Z").as_deref(), Some("max@example.org"));
        assert_eq!(told("2026-03-05T09:00:00Z").as_deref(), Some("cm@example.org"), "nobody's turn");

        roster(folder.path(), ["ina@example.org", "max@example.org"]);
        assert_eq!(told("2026-03-02T09:00:00Z").as_deref(), Some("ina@example.org"));
        std::fs::write(folder.path().join("duty.ics"), "gone").unwrap();
        assert_eq!(told("2026-03-02T09:00:00Z").as_deref(), Some("ina@example.org"));
    }

    #[test]
    fn a_roster_that_cannot_be_kept_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let icalendar = roster(folder.path(), ["h1", "Max"]);
        let mut settings = Settings::default();
        settings.handlers.insert("h1".to_owned(), "h1@example.org".to_owned());
        settings.roles.insert("supervisor".to_owned(), "roster:nights".to_owned());
        settings.rosters.insert("duty".to_owned(), RosterSettings { icalendar, otherwise: "x".to_owned() });
        let gone = RosterSettings { icalendar: folder.path().join("none.ics"), otherwise: String::new() };
        settings.rosters.insert("gone".to_owned(), gone);
        let mut problems = Problems::none();
        Staff::check(&settings, &TimeZone::UTC, &mut problems);
        let keys: Vec<_> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "notifier.roles.supervisor",
                "notifier.rosters.duty.otherwise",
                "notifier.rosters.duty.icalendar",
                "notifier.rosters.gone.icalendar",
            ]
        );
    }

    fn staff() -> Staff {
        let mut settings = Settings::default();
        for (role, address) in [("supervisor", "s@example.org"), ("complaints_manager", "cm@example.org")] {
            settings.roles.insert(role.to_owned(), address.to_owned());
        }
        let billing = [("owner".to_owned(), "billing@example.org".to_owned())].into();
        settings.teams.insert("billing".to_owned(), billing);
        settings.handlers.insert("h1".to_owned(), "h1@example.org".to_owned());
        let mut problems = Problems::none();
        let staff = Staff::check(&settings, &TimeZone::UTC, &mut problems);
        assert_eq!(problems, Problems::none());
        staff
    }

    #[test]
    fn a_role_without_address_falls_to_the_next_more_senior_one() {
        let (staff, team) = (staff(), TeamId::new("billing").unwrap());
        let handler = HandlerId::new("h1").unwrap();
        for (role, team, handler, address) in [
            (Recipient::Owner, Some(&team), Some(&handler), "h1@example.org"),
            (Recipient::Owner, Some(&team), None, "billing@example.org"),
            (Recipient::Owner, None, None, "s@example.org"),
            (Recipient::TeamLead, Some(&team), Some(&handler), "s@example.org"),
            (Recipient::Executive, None, None, "cm@example.org"),
        ] {
            assert_eq!(staff.address(role, team, handler, now()).as_deref(), Some(address), "{role}");
        }
        assert_eq!(staff.address(Recipient::Complainant, None, None, now()), None);
        assert_eq!(Staff::default().address(Recipient::Owner, None, None, now()), None);
    }

    #[test]
    fn a_role_nobody_knows_is_named() {
        let mut settings = Settings::default();
        settings.roles.insert("boss".to_owned(), "b@example.org".to_owned());
        let mut problems = Problems::none();
        Staff::check(&settings, &TimeZone::UTC, &mut problems);
        assert_eq!(problems.0.len(), 1);
        assert_eq!(problems.0[0].key, "notifier.roles.boss");
    }
}

//! Where staff are reached: by role, by team, by handler. People are told at an address, never named in the log.

use std::collections::BTreeMap;

use redress_contract::{HandlerId, Recipient, TeamId};
use redress_runtime::settings::Problems;

use crate::config::check_email;
use crate::settings::Settings;

/// Addresses of staff, by role, team and handler. `Debug` shows none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Staff {
    roles: BTreeMap<Recipient, String>,
    teams: BTreeMap<String, BTreeMap<Recipient, String>>,
    handlers: BTreeMap<String, String>,
}

impl std::fmt::Debug for Staff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Staff({} roles, {} teams, {} handlers)",
            self.roles.len(),
            self.teams.len(),
            self.handlers.len()
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
    pub(crate) fn check(settings: &Settings, problems: &mut Problems) -> Self {
        let roles = check_roles("notifier.roles", &settings.roles, problems);
        let teams = settings.teams.iter().map(|(team, roles)| {
            (team.clone(), check_roles(&format!("notifier.teams.{team}"), roles, problems))
        });
        let teams = teams.collect();
        for (handler, address) in &settings.handlers {
            check_email(&format!("notifier.handlers.{handler}"), address, problems);
        }
        Self { roles, teams, handlers: settings.handlers.clone() }
    }

    /// The address of a role for a complaint of this team and handler: the role's own, else that of the next more
    /// senior role that has one, else the complaints manager's.
    pub fn address(
        &self,
        role: Recipient,
        team: Option<&TeamId>,
        handler: Option<&HandlerId>,
    ) -> Option<&str> {
        if role == Recipient::Owner
            && let Some(address) = handler.and_then(|handler| self.handlers.get(handler.as_str()))
        {
            return Some(address);
        }
        let in_team = team.and_then(|team| self.teams.get(team.as_str()));
        let of = |role: &Recipient| in_team.and_then(|team| team.get(role)).or_else(|| self.roles.get(role));
        let from = SENIORITY.iter().position(|senior| *senior == role)?;
        let address = SENIORITY[from..].iter().find_map(of).or_else(|| of(&Recipient::ComplaintsManager));
        address.map(String::as_str)
    }

    /// Roles that no address is set for outside of teams, for `doctor`.
    pub fn without_address(&self) -> impl Iterator<Item = Recipient> {
        SENIORITY.into_iter().filter(|role| !self.roles.contains_key(role))
    }
}

fn check_roles(
    key: &str,
    roles: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> BTreeMap<Recipient, String> {
    let mut checked = BTreeMap::new();
    for (role, address) in roles {
        let key = format!("{key}.{role}");
        check_email(&key, address, problems);
        let Some(role) = Recipient::from_token(role).filter(|role| SENIORITY.contains(role)) else {
            let known = SENIORITY.map(Recipient::token).join(", ");
            problems.note(key, format!("{role:?} is none of the roles {known}"));
            continue;
        };
        checked.insert(role, address.clone());
    }
    checked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staff() -> Staff {
        let mut settings = Settings::default();
        for (role, address) in [("supervisor", "s@example.org"), ("complaints_manager", "cm@example.org")] {
            settings.roles.insert(role.to_owned(), address.to_owned());
        }
        let billing = [("owner".to_owned(), "billing@example.org".to_owned())].into();
        settings.teams.insert("billing".to_owned(), billing);
        settings.handlers.insert("h1".to_owned(), "h1@example.org".to_owned());
        let mut problems = Problems::none();
        let staff = Staff::check(&settings, &mut problems);
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
            assert_eq!(staff.address(role, team, handler), Some(address), "{role}");
        }
        assert_eq!(staff.address(Recipient::Complainant, None, None), None);
        assert_eq!(Staff::default().address(Recipient::Owner, None, None), None);
    }

    #[test]
    fn a_role_nobody_knows_is_named() {
        let mut settings = Settings::default();
        settings.roles.insert("boss".to_owned(), "b@example.org".to_owned());
        let mut problems = Problems::none();
        Staff::check(&settings, &mut problems);
        assert_eq!(problems.0.len(), 1);
        assert_eq!(problems.0[0].key, "notifier.roles.boss");
    }
}

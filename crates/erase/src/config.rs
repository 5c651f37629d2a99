//! `[erase]`: how long after closing personal data is kept.

use jiff::SignedDuration;
use redress_runtime::settings::Problems;
use serde::{Deserialize, Serialize};

/// Longest time that may be asked for: a hundred years.
const DAYS_MAX: u32 = 36_525;

/// `[erase]` as it is written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Personal data of complaints that were closed so long ago is erased; 0: never.
    pub closed_after_days: u32,
}

/// `[erase]` as it is meant.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// How long after closing; none: never.
    pub closed_after: Option<SignedDuration>,
}

impl Config {
    /// Checks what is written.
    ///
    /// # Errors
    /// All problems with their keys.
    pub fn check(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Problems::none();
        let days = settings.closed_after_days;
        if days > DAYS_MAX {
            problems.note("erase.closed_after_days", format!("{days} is more than {DAYS_MAX}"));
        }
        let closed_after = (days > 0).then(|| SignedDuration::from_hours(24 * i64::from(days)));
        problems.or(Self { closed_after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_forgotten_unless_it_is_asked_for() {
        assert_eq!(Config::check(&Settings::default()).unwrap().closed_after, None);
        let year = Config::check(&Settings { closed_after_days: 365 }).unwrap();
        assert_eq!(year.closed_after, Some(SignedDuration::from_hours(24 * 365)));
        assert!(Config::check(&Settings { closed_after_days: DAYS_MAX + 1 }).is_err());
    }
}

//! `[sla]`: how timers are kept. The deadlines themselves are rules, see `redress-domain`.

use std::time::Duration;

use jiff::SignedDuration;
use redress_runtime::settings::Problems;
use serde::{Deserialize, Serialize};

/// `[sla]` as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many commits or fired timers are worked on at once.
    pub parallel: u32,
    /// How long one may take at most.
    pub handler_timeout_seconds: u32,
    /// How often overdue timers are looked for.
    pub sweep_seconds: u32,
    /// How far ahead each such look checks that the broker holds the timer.
    pub sweep_ahead_seconds: u32,
    /// How often every timer is checked.
    pub sweep_all_minutes: u32,
    /// How long the sweeping replica may be silent before another takes over.
    pub lease_seconds: u32,
    /// How long the broker keeps a fired timer that nobody takes.
    pub due_hours: u32,
    /// How long the note of a cancelled timer is kept.
    pub cancelled_hours: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            parallel: 32,
            handler_timeout_seconds: 30,
            sweep_seconds: 45,
            sweep_ahead_seconds: 300,
            sweep_all_minutes: 60,
            lease_seconds: 10,
            due_hours: 168,
            cancelled_hours: 720,
        }
    }
}

/// `[sla]` as it is meant.
#[derive(Debug, Clone)]
pub struct Config {
    /// Commits or fired timers worked on at once.
    pub parallel: usize,
    /// How long one may take.
    pub handler_timeout: Duration,
    /// Pause between looks for overdue timers.
    pub sweep_every: SignedDuration,
    /// How far ahead such a look checks.
    pub sweep_ahead: SignedDuration,
    /// Pause between checks of everything.
    pub sweep_all_every: SignedDuration,
    /// Silence after which another replica sweeps.
    pub lease: Duration,
    /// Life of a fired timer that nobody takes.
    pub due_hours: u32,
    /// Life of the note of a cancelled timer.
    pub cancelled_hours: u32,
}

impl Config {
    /// Checks what is written.
    ///
    /// # Errors
    /// All problems with their keys.
    pub fn check(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Problems::none();
        for (key, value) in [
            ("sla.parallel", settings.parallel),
            ("sla.handler_timeout_seconds", settings.handler_timeout_seconds),
            ("sla.sweep_seconds", settings.sweep_seconds),
            ("sla.sweep_all_minutes", settings.sweep_all_minutes),
            ("sla.lease_seconds", settings.lease_seconds),
            ("sla.due_hours", settings.due_hours),
            ("sla.cancelled_hours", settings.cancelled_hours),
        ] {
            if value == 0 {
                problems.note(key, "must be at least 1");
            }
        }
        problems.or(Self {
            parallel: settings.parallel as usize,
            handler_timeout: Duration::from_secs(settings.handler_timeout_seconds.into()),
            sweep_every: SignedDuration::from_secs(settings.sweep_seconds.into()),
            sweep_ahead: SignedDuration::from_secs(settings.sweep_ahead_seconds.into()),
            sweep_all_every: SignedDuration::from_mins(settings.sweep_all_minutes.into()),
            lease: Duration::from_secs(settings.lease_seconds.into()),
            due_hours: settings.due_hours,
            cancelled_hours: settings.cancelled_hours,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_fine_and_every_zero_is_named() {
        assert!(Config::check(&Settings::default()).is_ok());
        let zeros = Settings { parallel: 0, lease_seconds: 0, ..Settings::default() };
        let problems = Config::check(&zeros).unwrap_err();
        let keys: Vec<_> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, ["sla.parallel", "sla.lease_seconds"]);
    }
}

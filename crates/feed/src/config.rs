//! `[feed]`: under which name the events are published.

use redress_runtime::settings::Problems;
use serde::{Deserialize, Serialize};

/// Most events on their way to the broker at once that may be asked for.
const WINDOW_MAX: usize = 1000;

/// `[feed]` as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Name of this installation in every event: a URI reference.
    pub source: String,
    /// How many events are on their way to the broker at once.
    pub window: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { source: "/redress".to_owned(), window: 256 }
    }
}

/// `[feed]` as it is meant.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name of this installation.
    pub source: String,
    /// How many events are on their way at once.
    pub window: usize,
}

impl Config {
    /// Checks what is written.
    ///
    /// # Errors
    /// All problems with their keys.
    pub fn check(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Problems::none();
        let source = settings.source.as_str();
        if source.is_empty()
            || source.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c))
        {
            problems.note(
                "feed.source",
                "must be a URI reference, such as `/redress` or `https://example.org/redress`",
            );
        }
        if !(1..=WINDOW_MAX).contains(&settings.window) {
            problems.note("feed.window", format!("{} is not between 1 and {WINDOW_MAX}", settings.window));
        }
        problems.or(Self { source: source.to_owned(), window: settings.window })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_fine() {
        assert_eq!(Config::check(&Settings::default()).unwrap().source, "/redress");
    }

    #[test]
    fn every_mistake_is_named_by_its_key() {
        let problems = Config::check(&Settings { source: "our house".to_owned(), window: 0 }).unwrap_err();
        let keys: Vec<_> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, ["feed.source", "feed.window"]);
    }
}

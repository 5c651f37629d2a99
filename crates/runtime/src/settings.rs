//! Settings: one file, then the environment (`REDRESS__EMAIL__HOST`), read once. Every mistake is reported with its key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::Secret;

/// One thing wrong: the key and a sentence that says what may stand there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct Problem {
    /// `email.accounts.help.host`
    pub key: String,
    /// What is wrong, what may stand there.
    pub message: String,
}

/// All that is wrong with the settings; printed together, exit code 78.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// No problems yet.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Notes one.
    pub fn note(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem { key: key.into(), message: message.into() });
    }

    /// `Ok(value)` when nothing was noted.
    ///
    /// # Errors
    /// Itself, when something was.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

/// Reads settings from a TOML file (when given) and from variables whose names begin with `REDRESS__`
/// (`REDRESS__EMAIL__POLL_SECONDS` sets `email.poll_seconds`; text stays text where text is asked for).
/// Keys nobody knows are refused by name with the nearest known one.
///
/// # Errors
/// [`Problems`] naming key and source.
pub fn read<T: DeserializeOwned>(file: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<T, Problems> {
    let _ = (file, environment);
    todo!("read")
}

/// The process's environment, read once.
#[expect(clippy::disallowed_methods, reason = "settings are read here and nowhere else")]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars().collect()
}

/// A secret that stands in the settings or in a file beside them: `password` or `password_file`.
/// Both at once, or a file that cannot be read, is a problem under `key`.
pub fn secret(key: &str, value: &Secret, file: Option<&PathBuf>, problems: &mut Problems) -> Secret {
    let _ = (key, value, file, problems);
    todo!("secret")
}

//! What is wrong with the settings, collected so that all of it can be said at once.

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

//! How handling a message fails: try again later, or keep it as a dead letter. Whoever returns an error picks one.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

/// A failure of a handler.
#[derive(Debug)]
pub enum Failure {
    /// Delivered again with growing delay, for as long as the settings say.
    Retry {
        /// The error chain.
        reason: String,
        /// Not before this; the growing delay when none.
        after: Option<Duration>,
    },
    /// Our own settings are at fault (a key that is not here): delivered again with growing delay until they are mended,
    /// however long that takes.
    Blocked {
        /// The error chain.
        reason: String,
    },
    /// Kept in DEAD with its reason; a person replays or drops it.
    Reject {
        /// The error chain.
        reason: String,
    },
}

impl Failure {
    /// Something else is at fault; try again.
    pub fn retry(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Retry { reason: chain(error.into().as_ref()), after: None }
    }

    /// Try again, but not before `after`.
    pub fn retry_after(error: impl Into<Box<dyn Error + Send + Sync>>, after: Duration) -> Self {
        Self::Retry { reason: chain(error.into().as_ref()), after: Some(after) }
    }

    /// Our own settings are at fault, so no message is; never a dead letter.
    pub fn blocked(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Blocked { reason: chain(error.into().as_ref()) }
    }

    /// The message itself is at fault; trying again cannot help.
    pub fn reject(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Reject { reason: chain(error.into().as_ref()) }
    }
}

/// An error and its sources in one line.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

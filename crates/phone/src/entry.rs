//! What a row, a post or a file says of a call, before it becomes a contact; and what kept one from being read.

use jiff::Timestamp;
use redress_contract::contact::Call;

/// One entry about a call.
#[derive(Clone, Default, PartialEq)]
pub struct Entry {
    /// The call; its `system` is set by whoever knows the account. Without an id the entry stands for a call of its own.
    pub call: Call,
    /// Who called, as it is written: a number, an extension, `anonymous`, a SIP user.
    pub caller: String,
    /// The name beside it.
    pub caller_name: String,
    /// Who was called.
    pub called: String,
    /// What was said, where there are words: a note, a transcript.
    pub text: String,
    /// BCP 47 tag of the words, where it is said.
    pub language: String,
    /// Where the recording lies, where it is said.
    pub recording: String,
    /// What of it could not be read; empty when all could.
    pub problem: String,
}

/// Why something could not be read, without personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

impl Fault {
    /// A fault in these words.
    pub fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

impl Entry {
    /// When what it reports came about: its beginning, where that is known.
    pub fn at(&self) -> Option<Timestamp> {
        self.call.started_at.or(self.call.answered_at).or(self.call.ended_at)
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = self.text.len();
        f.debug_struct("Entry")
            .field("state", &self.call.state)
            .field("text_bytes", &words)
            .finish_non_exhaustive()
    }
}

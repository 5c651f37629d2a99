//! The page on which somebody who was told of an escalation says that they look after it.

use jiff::Timestamp;
use minijinja::context;
use redress_contract::{MilestoneId, Reference};

use super::{Pages, none};
use crate::words::Language;

/// How an escalation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escalated {
    /// Nobody said that they look after it.
    Waits,
    /// Somebody did.
    Acknowledged,
    /// It was done, or its deadline changed.
    Over,
}

impl Escalated {
    /// The word of the API, and of the texts.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Acknowledged => "acknowledged",
            Self::Over => "over",
        }
    }
}

/// What is overdue.
pub(crate) struct Overdue<'a> {
    /// Of which complaint.
    pub(crate) reference: &'a Reference,
    /// What.
    pub(crate) milestone: &'a MilestoneId,
    /// By when it was due.
    pub(crate) due_at: Timestamp,
    /// How it stands.
    pub(crate) stands: Escalated,
    /// The last part of the link.
    pub(crate) token: &'a str,
}

impl Pages {
    /// The page.
    pub(crate) fn escalation(&self, language: &'static Language, overdue: &Overdue<'_>) -> String {
        let words = self.words(language);
        let stands = overdue.stands.word();
        let values = context! {
            languages => none(),
            title => words.say(&format!("escalation-{stands}")),
            means => words.say(&format!("escalation-{stands}.text")),
            reference => overdue.reference.as_str(),
            milestone => overdue.milestone.as_str().replace('_', " "),
            due => words.time(overdue.due_at, &self.config.time_zone),
            token => overdue.token,
            waits => overdue.stands == Escalated::Waits,
        };
        self.render_plain(words, "escalation.html", values)
    }
}

//! From words and addresses to the bytes of a mail: RFC 5322, the same for the same input.
//!
//! Nothing here is random or looks at a clock: the boundary comes from the communication's id, the date is handed in.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use jiff::Timestamp;
use lettre::Message;
use lettre::address::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use redress_contract::CommunicationId;

use crate::header::{HeaderText, message_id};

/// A mail to be built.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// Whose id makes the boundary.
    pub(crate) id: CommunicationId,
    /// Name beside the sender's address.
    pub(crate) from_name: HeaderText,
    /// The sender's address.
    pub(crate) from: String,
    /// To whom.
    pub(crate) to: String,
    /// Where answers go.
    pub(crate) reply_to: String,
    /// Its subject.
    pub(crate) subject: HeaderText,
    /// Its Message-ID, without angle brackets.
    pub(crate) message_id: String,
    /// What it answers, and the thread it belongs to; empty for a mail that answers none.
    pub(crate) thread: Thread,
    /// `auto-replied` or `auto-generated` (RFC 3834 §5).
    pub(crate) auto_submitted: &'static str,
    /// Its Date.
    pub(crate) date: Timestamp,
    /// Plain text.
    pub(crate) text: String,
    /// HTML.
    pub(crate) html: String,
}

/// Ids to quote, all of them fit to be quoted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Thread {
    parent: Option<String>,
    references: Vec<String>,
}

/// How many ids References names at most: the first, which names the thread, and the last ones.
const REFERENCES_MAX: usize = 20;

impl Thread {
    /// The thread of an answer to a mail with this id, whose own ancestors are these, oldest first.
    pub(crate) fn answering(id: &str, ancestors: &[String]) -> Self {
        let parent = message_id(id).map(str::to_owned);
        let mut references: Vec<String> = Vec::new();
        for id in ancestors.iter().filter_map(|id| message_id(id)).chain(parent.as_deref()) {
            if !references.iter().any(|known| known == id) {
                references.push(id.to_owned());
            }
        }
        if references.len() > REFERENCES_MAX {
            references.drain(1..=references.len() - REFERENCES_MAX);
        }
        Self { parent, references }
    }
}

/// A mail that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BuildError {
    /// An address that no mail can be sent to or from; the text says whose.
    #[error("the address of the {0} cannot be used in a mail")]
    Address(&'static str),
    /// The mail builder failed.
    #[error("build the mail: {0}")]
    Builder(String),
}

/// The bytes of a mail, lines ending in CRLF.
///
/// # Errors
/// [`BuildError`], also when the builder panics.
pub(crate) fn build(draft: &Draft) -> Result<Bytes, BuildError> {
    let built = catch_unwind(AssertUnwindSafe(|| assemble(draft)));
    built.unwrap_or_else(|_| Err(BuildError::Builder("it panicked".to_owned())))
}

fn assemble(draft: &Draft) -> Result<Bytes, BuildError> {
    let from_name = Some(draft.from_name.as_str().to_owned()).filter(|name| !name.is_empty());
    let mut builder = Message::builder()
        .date(draft.date.into())
        .from(Mailbox::new(from_name, address(&draft.from, "sender")?))
        .to(Mailbox::new(None, address(&draft.to, "recipient")?))
        .reply_to(Mailbox::new(None, address(&draft.reply_to, "reply address")?))
        .subject(draft.subject.as_str())
        .raw_header(ids(HeaderName::new_from_ascii_str("Message-ID"), [draft.message_id.as_str()]));
    if let Some(parent) = &draft.thread.parent {
        builder = builder.raw_header(ids(HeaderName::new_from_ascii_str("In-Reply-To"), [parent.as_str()]));
    }
    if !draft.thread.references.is_empty() {
        let references = draft.thread.references.iter().map(String::as_str);
        builder = builder.raw_header(ids(HeaderName::new_from_ascii_str("References"), references));
    }
    let auto_submitted = HeaderName::new_from_ascii_str("Auto-Submitted");
    let suppress = HeaderName::new_from_ascii_str("X-Auto-Response-Suppress");
    let message = builder
        .raw_header(HeaderValue::new(auto_submitted, draft.auto_submitted.to_owned()))
        .raw_header(HeaderValue::new(suppress, "All".to_owned()))
        .multipart(
            MultiPart::alternative()
                .boundary(format!("=_{}", draft.id))
                .singlepart(SinglePart::plain(draft.text.clone()))
                .singlepart(SinglePart::html(draft.html.clone())),
        )
        .map_err(|e| BuildError::Builder(e.to_string()))?;
    Ok(Bytes::from(message.formatted()))
}

fn address(text: &str, whose: &'static str) -> Result<Address, BuildError> {
    text.parse().map_err(|_| BuildError::Address(whose))
}

/// A header of Message-IDs, one a line. They are checked before, so nothing needs encoding; an encoded id would be
/// another id.
fn ids<'a>(name: HeaderName, ids: impl IntoIterator<Item = &'a str>) -> HeaderValue {
    let raw: Vec<String> = ids.into_iter().map(|id| format!("<{id}>")).collect();
    HeaderValue::dangerous_new_pre_encoded(name, raw.join(" "), raw.join("\r\n "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_keep_the_first_id_and_the_last_ones() {
        let ancestors: Vec<String> = (0..50).map(|n| format!("{n}@example.org")).collect();
        let thread = Thread::answering("<me@example.org>", &ancestors);
        assert_eq!(thread.parent.as_deref(), Some("me@example.org"));
        assert_eq!(thread.references.len(), REFERENCES_MAX);
        assert_eq!(thread.references[0], "0@example.org");
        assert_eq!(thread.references[1], "32@example.org");
        assert_eq!(thread.references[19], "me@example.org");
    }

    #[test]
    fn what_is_no_id_is_not_quoted() {
        let thread =
            Thread::answering("a b@c\r\nBcc: x", &["x".to_owned(), "a@b".to_owned(), "a@b".to_owned()]);
        assert_eq!(thread, Thread { parent: None, references: vec!["a@b".to_owned()] });
    }
}

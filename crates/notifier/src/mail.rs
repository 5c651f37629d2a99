//! From words and addresses to the bytes of a mail: RFC 5322, the same for the same input.
//!
//! Nothing here is random or looks at a clock: the boundary comes from the communication's id, the date is handed in.
//! A draft is made of types that hold nothing but what may stand where they are put, so whatever strangers wrote comes
//! no further than their constructors.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use jiff::Timestamp;
use lettre::Address;
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes, MultiPart, SinglePart};
use redress_contract::{CommunicationId, HeaderText};

pub use crate::header::{MailAddress, MessageId};

/// A mail to be built.
#[derive(Clone)]
pub struct Draft {
    /// Whose id makes the boundary.
    pub id: CommunicationId,
    /// Name beside the sender's address.
    pub from_name: HeaderText,
    /// The sender's address.
    pub from: MailAddress,
    /// To whom.
    pub to: MailAddress,
    /// Where answers go.
    pub reply_to: MailAddress,
    /// Its subject.
    pub subject: HeaderText,
    /// Its Message-ID.
    pub message_id: MessageId,
    /// What it answers, and the thread it belongs to; empty for a mail that answers none.
    pub thread: Thread,
    /// `auto-replied` or `auto-generated` (RFC 3834 §5).
    pub auto_submitted: &'static str,
    /// Its Date.
    pub date: Timestamp,
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
}

/// Ids to quote, all of them fit to be quoted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Thread {
    parent: Option<MessageId>,
    references: Vec<MessageId>,
}

/// How many ids References names at most: the first, which names the thread, and the last ones.
const REFERENCES_MAX: usize = 20;

impl Thread {
    /// The thread of an answer to a mail with this id, whose own ancestors are these, oldest first.
    pub fn answering(id: &str, ancestors: &[String]) -> Self {
        let parent = MessageId::new(id);
        let mut references: Vec<MessageId> = Vec::new();
        for id in ancestors.iter().filter_map(|id| MessageId::new(id)).chain(parent.clone()) {
            if !references.contains(&id) {
                references.push(id);
            }
        }
        if references.len() > REFERENCES_MAX {
            references.drain(1..=references.len() - REFERENCES_MAX);
        }
        Self { parent, references }
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("id", &self.id)
            .field("text_bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

/// A mail that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// An address that no mail can be sent to or from; the text says whose.
    #[error("the address of the {0} cannot be used in a mail")]
    Address(&'static str),
    /// An id of our own that is none; the settings were checked, so this is a bug.
    #[error("the mail's own id cannot be used in a mail")]
    MessageId,
    /// The mail builder failed.
    #[error("build the mail: {0}")]
    Builder(String),
}

/// The bytes of a mail, lines ending in CRLF.
///
/// # Errors
/// [`BuildError`], also when the builder panics.
pub fn build(draft: &Draft) -> Result<Bytes, BuildError> {
    let built = catch_unwind(AssertUnwindSafe(|| assemble(draft)));
    built.unwrap_or_else(|_| Err(BuildError::Builder("it panicked".to_owned())))
}

fn assemble(draft: &Draft) -> Result<Bytes, BuildError> {
    let from_name = Some(draft.from_name.as_str().to_owned()).filter(|name| !name.is_empty());
    let mut builder = Message::builder()
        .date(draft.date.into())
        .from(Mailbox::new(from_name, draft.from.inner()))
        .to(Mailbox::new(None, draft.to.inner()))
        .reply_to(Mailbox::new(None, draft.reply_to.inner()))
        .subject(draft.subject.as_str())
        .raw_header(ids(HeaderName::new_from_ascii_str("Message-ID"), [&draft.message_id]));
    if let Some(parent) = &draft.thread.parent {
        builder = builder.raw_header(ids(HeaderName::new_from_ascii_str("In-Reply-To"), [parent]));
    }
    if !draft.thread.references.is_empty() {
        builder =
            builder.raw_header(ids(HeaderName::new_from_ascii_str("References"), &draft.thread.references));
    }
    let auto_submitted = HeaderName::new_from_ascii_str("Auto-Submitted");
    let suppress = HeaderName::new_from_ascii_str("X-Auto-Response-Suppress");
    let message = builder
        .raw_header(HeaderValue::new(auto_submitted, draft.auto_submitted.to_owned()))
        .raw_header(HeaderValue::new(suppress, "All".to_owned()))
        .multipart(
            MultiPart::alternative()
                .boundary(format!("=_{}", draft.id))
                .singlepart(SinglePart::plain(in_lines(&draft.text)))
                .singlepart(SinglePart::html(in_lines(&draft.html))),
        )
        .map_err(|e| BuildError::Builder(e.to_string()))?;
    Ok(Bytes::from(message.formatted()))
}

/// True when an address that was written into a header is read from there as itself and alone.
pub(crate) fn reads_back(address: &Address) -> bool {
    let written = Mailbox::new(None, address.clone()).to_string();
    let read: Vec<Mailbox> =
        written.parse().map(|all: Mailboxes| all.into_iter().collect()).unwrap_or_default();
    matches!(read.as_slice(), [one] if one.email == *address)
}

/// The same text with every line ending in CR LF: a CR or LF alone may not be in a mail (RFC 5322 §2.3), and servers that
/// read one as the end of a line have been made to see a second mail.
fn in_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\n']) {
        out.push_str(&rest[..at]);
        out.push_str("\r\n");
        rest = rest[at..].strip_prefix("\r\n").unwrap_or(&rest[at + 1..]);
    }
    out.push_str(rest);
    out
}

/// A header of Message-IDs, one a line. Nothing in them needs encoding; an encoded id would be another id.
fn ids<'a>(name: HeaderName, ids: impl IntoIterator<Item = &'a MessageId>) -> HeaderValue {
    let raw: Vec<String> = ids.into_iter().map(|id| format!("<{}>", id.as_str())).collect();
    HeaderValue::dangerous_new_pre_encoded(name, raw.join(" "), raw.join("\r\n "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_keep_the_first_id_and_the_last_ones() {
        let ancestors: Vec<String> = (0..50).map(|n| format!("{n}@example.org")).collect();
        let thread = Thread::answering("<me@example.org>", &ancestors);
        let id = |text: &str| MessageId::new(text).unwrap();
        assert_eq!(thread.parent, Some(id("me@example.org")));
        assert_eq!(thread.references.len(), REFERENCES_MAX);
        assert_eq!(thread.references[0], id("0@example.org"));
        assert_eq!(thread.references[1], id("32@example.org"));
        assert_eq!(thread.references[19], id("me@example.org"));
    }

    #[test]
    fn every_line_ends_in_cr_lf_whatever_was_written() {
        assert_eq!(in_lines("a\rb\nc\r\nd\n\re\r"), "a\r\nb\r\nc\r\nd\r\n\r\ne\r\n");
        assert_eq!(in_lines("ü\r\r\n"), "ü\r\n\r\n");
    }

    #[test]
    fn what_is_no_id_is_not_quoted() {
        let thread =
            Thread::answering("a b@c\r\nBcc: x", &["x".to_owned(), "a@b".to_owned(), "a@b".to_owned()]);
        assert_eq!(thread, Thread { parent: None, references: vec![MessageId::new("a@b").unwrap()] });
    }
}

//! One outbound message, rendered once and never changed, so that a second try sends the same bytes.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contact::Address;
use crate::id::{CommunicationId, ComplaintId, ContactId, EventId};
use crate::words::{CommunicationPurpose, Medium, Recipient, Visibility};

/// Body of an OUTBOX message (proto `redress.complaint.v1.Communication`). Holds personal data; sealed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Communication {
    /// Derived from the event, the rule and the recipient, so that planning twice makes one message.
    pub id: CommunicationId,
    /// The complaint it is about.
    pub complaint_id: ComplaintId,
    /// The event that caused it.
    pub event_id: EventId,
    /// The contact it answers, when it answers one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<ContactId>,
    /// What it is for.
    pub purpose: CommunicationPurpose,
    /// To which role it goes.
    pub recipient: Recipient,
    /// By what it travels.
    pub medium: Medium,
    /// The address it goes to.
    pub to: Address,
    /// Envelope sender (RFC 5321 MAIL FROM): our bounce address, which is never answered.
    pub envelope_from: String,
    /// The whole message as it goes out, byte for byte: RFC 5322 for mail, an [`Answer`] as JSON for social platforms.
    #[serde(with = "crate::bytes64", skip_serializing_if = "Bytes::is_empty")]
    pub message: Bytes,
    /// When it was rendered.
    pub rendered_at: Timestamp,
    /// What its text states: `reference`, `next_steps`, `deadline`, `contact`, `escalation`, `free_of_charge`.
    pub provides: Vec<String>,
    /// True when the recipient address was authenticated (the wider rate limits apply).
    pub recipient_authenticated: bool,
}

impl fmt::Debug for Communication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Communication")
            .field("id", &self.id)
            .field("complaint_id", &self.complaint_id)
            .field("purpose", &self.purpose)
            .field("recipient", &self.recipient)
            .field("medium", &self.medium)
            .field("message_bytes", &self.message.len())
            .finish_non_exhaustive()
    }
}

/// Name of the OUTBOX header that lists the messages about other complaints which are sent by sending this one.
pub const GATHERS: &str = "redress-with";

/// The messages that are named in the header [`GATHERS`]: `<complaint>/<communication>`, a blank between two.
pub fn gathered(header: Option<&str>) -> Vec<(ComplaintId, CommunicationId)> {
    let pairs = header.unwrap_or_default().split(' ').filter_map(|pair| {
        let (complaint, id) = pair.split_once('/')?;
        Some((ComplaintId::new(complaint).ok()?, CommunicationId::new(id).ok()?))
    });
    pairs.collect()
}

/// What is said to a post: `message` of a [`Communication`] that travels by [`Medium::Social`].
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Answer {
    /// On which platform.
    pub platform: String,
    /// By which account of ours, as the settings name it.
    pub account: String,
    /// The words, whole; what is too long for one post is told in several.
    pub text: String,
    /// BCP 47 tag.
    pub language: String,
    /// Who may read it at most: never more people than could read what it answers.
    pub visibility: Visibility,
    /// What it answers.
    pub to: PostRef,
    /// What began the thread; empty when that is what it answers.
    pub root: PostRef,
    /// Whom it is said to, as `sender` of the contact.
    pub mention: String,
    /// And by the name on the platform, without `@`.
    pub mention_handle: String,
}

/// A post on a platform.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PostRef {
    /// The platform's id.
    pub id: String,
    /// Its version, where the platform wants it named.
    pub revision: String,
}

impl Answer {
    /// As it is stored.
    pub fn bytes(&self) -> Bytes {
        serde_json::to_vec(self).expect("an answer is plain data and always becomes JSON").into()
    }

    /// Reads an answer as it was stored.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("platform", &self.platform)
            .field("account", &self.account)
            .field("visibility", &self.visibility)
            .field("text_bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PostRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostRef(***)")
    }
}

//! One outbound message, rendered once and never changed, so that a second try sends the same bytes.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contact::Address;
use crate::id::{CommunicationId, ComplaintId, ContactId, EventId};
use crate::words::{CommunicationPurpose, Medium, Recipient};

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
    /// The whole message as it goes out (RFC 5322 for mail), byte for byte.
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

//! Signed addresses and Message-IDs: proof that a mail answers one of ours. 96 bits of HMAC-SHA-256, compared in
//! constant time. Local parts stay within 64 octets (RFC 5321 §4.5.3.1.1) and survive being lower- or upper-cased.

use redress_contract::{CommunicationId, ComplaintId};

use crate::Keys;

/// What a signed token names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A complaint: Reply-To plus-addresses `<local>+c.<complaint>.<mac>@…`.
    Complaint(ComplaintId),
    /// A communication and its complaint: Message-IDs `<m.<communication>.<complaint>.<mac>@…>`.
    Message(CommunicationId, ComplaintId),
    /// A communication, from its bounce address `bounce+b.<communication>.<mac>@…`.
    Bounce(CommunicationId),
}

impl Keys {
    /// `complaints@example.org` → `complaints+c.<complaint>.<mac>@example.org`.
    pub fn reply_address(&self, mailbox: &str, complaint: &ComplaintId) -> String {
        let _ = (mailbox, complaint);
        todo!()
    }

    /// `bounce@example.org` → `bounce+b.<communication>.<mac>@example.org`.
    pub fn bounce_address(&self, mailbox: &str, communication: &CommunicationId) -> String {
        let _ = (mailbox, communication);
        todo!()
    }

    /// A Message-ID without angle brackets: `m.<communication>.<complaint>.<mac>@<domain>`.
    pub fn message_id(&self, communication: &CommunicationId, complaint: &ComplaintId, domain: &str) -> String {
        let _ = (communication, complaint, domain);
        todo!()
    }

    /// The token inside an address or Message-ID, when it is signed by these keys.
    pub fn token_in(&self, address_or_message_id: &str) -> Option<Token> {
        let _ = address_or_message_id;
        todo!()
    }

    /// A signed stamp for a form: `<unix seconds>.<mac>`; `form` names the form it was made for.
    pub fn form_stamp(&self, form: &str, at: i64) -> String {
        let _ = (form, at);
        todo!()
    }

    /// The time in a form stamp, when these keys signed it for this form.
    pub fn form_stamp_time(&self, form: &str, stamp: &str) -> Option<i64> {
        let _ = (form, stamp);
        todo!()
    }
}

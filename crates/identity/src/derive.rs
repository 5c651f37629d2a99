//! Ids derived from what identifies a thing: 128 bits of HMAC-SHA-256, 26 characters of base 32 (lower case).
//! Parts are length-prefixed before hashing, so that ("ab","c") and ("a","bc") differ.

use redress_contract::{CommunicationId, ComplaintId, ContactId, ContentId, EventId, Recipient};

use crate::Keys;

impl Keys {
    /// A mail: account and SHA-256 of its raw bytes (a Message-ID is no identity, nor is a UID).
    pub fn mail_contact_id(&self, account: &str, raw_sha256_hex: &str) -> ContactId {
        let _ = (account, raw_sha256_hex);
        todo!()
    }

    /// A form or API submission: account or API client, and its idempotency key.
    pub fn submission_contact_id(&self, account: &str, idempotency_key: &str) -> ContactId {
        let _ = (account, idempotency_key);
        todo!()
    }

    /// The complaint a contact opens.
    pub fn complaint_id(&self, contact: &ContactId) -> ComplaintId {
        let _ = contact;
        todo!()
    }

    /// The communication that an event causes by a rule to a recipient.
    pub fn communication_id(&self, event: &EventId, rule: &str, recipient: Recipient) -> CommunicationId {
        let _ = (event, rule, recipient);
        todo!()
    }

    /// Free text, by what was written where (`parts`: actor, time, text digest …).
    pub fn content_id(&self, complaint: &ComplaintId, parts: &[&str]) -> ContentId {
        let _ = (complaint, parts);
        todo!()
    }

    /// The name of a blob attempt or another internal thing, by kind and parts.
    pub fn name(&self, kind: &str, parts: &[&str]) -> String {
        let _ = (kind, parts);
        todo!()
    }

    /// The receipt code of a contact: 128 bits, 26 characters, never stored.
    pub fn receipt_code(&self, contact: &ContactId) -> String {
        let _ = contact;
        todo!()
    }

    /// Compares a receipt code in constant time, forgiving case, blanks and hyphens.
    pub fn receipt_code_fits(&self, contact: &ContactId, code: &str) -> bool {
        let _ = (contact, code);
        todo!()
    }

    /// A key of the bucket `correlation`: hex, keyed, by kind (`thread`, `order`, …) and parts.
    pub fn correlation_key(&self, kind: &str, parts: &[&str]) -> String {
        let _ = (kind, parts);
        todo!()
    }
}

//! Ids derived from what identifies a thing: 128 bits of HMAC-SHA-256, 26 characters of base 32 (lower case).
//! Parts are length-prefixed before hashing, so that ("ab","c") and ("a","bc") differ.

use redress_contract::{CommunicationId, ComplaintId, ContactId, ContentId, EventId, Recipient};

use crate::{Keys, mac};

const DERIVED: &str = "26 characters of base 32 are an id";

impl Keys {
    /// A mail: account and SHA-256 of its raw bytes (a Message-ID is no identity, nor is a UID).
    pub fn mail_contact_id(&self, account: &str, raw_sha256_hex: &str) -> ContactId {
        ContactId::new(self.id("contact.mail", &[account, raw_sha256_hex])).expect(DERIVED)
    }

    /// A form or API submission: account or API client, and its idempotency key.
    pub fn submission_contact_id(&self, account: &str, idempotency_key: &str) -> ContactId {
        ContactId::new(self.id("contact.submission", &[account, idempotency_key])).expect(DERIVED)
    }

    /// A telephone call (`entry` empty), or an entry about it: the telephone system, its id of the call, and what tells the
    /// entry from others about the same call (leg, event, note).
    pub fn call_contact_id(&self, system: &str, call: &str, entry: &[&str]) -> ContactId {
        let parts: Vec<&str> = [system, call].into_iter().chain(entry.iter().copied()).collect();
        ContactId::new(self.id("contact.call", &parts)).expect(DERIVED)
    }

    /// A line of a file that names no call: the account, the SHA-256 of the line in hex, and which of the lines that are
    /// alike in one file it is (from 0).
    pub fn line_contact_id(&self, account: &str, line_sha256_hex: &str, ordinal: u32) -> ContactId {
        let parts = [account, line_sha256_hex, &ordinal.to_string()];
        ContactId::new(self.id("contact.line", &parts)).expect(DERIVED)
    }

    /// A post or message on a social platform: the account it was read by, the platform's own id of it, and which version of
    /// it this is (empty for the first that was met).
    pub fn post_contact_id(&self, account: &str, post: &str, revision: &str) -> ContactId {
        ContactId::new(self.id("contact.post", &[account, post, revision])).expect(DERIVED)
    }

    /// The complaint a contact opens.
    pub fn complaint_id(&self, contact: &ContactId) -> ComplaintId {
        ComplaintId::new(self.id("complaint", &[contact.as_str()])).expect(DERIVED)
    }

    /// The communication that an event causes by a rule to a recipient.
    pub fn communication_id(&self, event: &EventId, rule: &str, recipient: Recipient) -> CommunicationId {
        let parts = [event.as_str(), rule, recipient.token()];
        CommunicationId::new(self.id("communication", &parts)).expect(DERIVED)
    }

    /// A communication that was written by hand: its complaint, and what tells the mail from others.
    pub fn reply_id(&self, complaint: &ComplaintId, mail: &str) -> CommunicationId {
        let parts = [complaint.as_str(), "reply", mail];
        CommunicationId::new(self.id("communication", &parts)).expect(DERIVED)
    }

    /// Free text, by what was written where (`parts`: actor, time, text digest …).
    pub fn content_id(&self, complaint: &ComplaintId, parts: &[&str]) -> ContentId {
        let parts: Vec<&str> = std::iter::once(complaint.as_str()).chain(parts.iter().copied()).collect();
        ContentId::new(self.id("content", &parts)).expect(DERIVED)
    }

    /// The name of a blob attempt or another internal thing, by kind and parts.
    pub fn name(&self, kind: &str, parts: &[&str]) -> String {
        self.id(&format!("name.{kind}"), parts)
    }

    /// The receipt code of a contact: 128 bits, 26 characters, never stored.
    pub fn receipt_code(&self, contact: &ContactId) -> String {
        mac::code(&self.receipt, &[contact.as_str()])
    }

    /// Compares a receipt code in constant time, forgiving case, blanks and hyphens.
    pub fn receipt_code_fits(&self, contact: &ContactId, code: &str) -> bool {
        let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').take(64).collect();
        mac::coded(&self.receipt, &[contact.as_str()], &code)
    }

    /// A key of the bucket `correlation`: hex, keyed, by kind (`thread`, `order`, …) and parts.
    pub fn correlation_key(&self, kind: &str, parts: &[&str]) -> String {
        mac::hex(&self.party, &labelled(&format!("correlation.{kind}"), parts))
    }

    fn id(&self, kind: &str, parts: &[&str]) -> String {
        mac::code(&self.identity, &labelled(kind, parts))
    }
}

fn labelled<'a>(label: &'a str, parts: &[&'a str]) -> Vec<&'a str> {
    std::iter::once(label).chain(parts.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn keys() -> Keys {
        Keys::from_hex(&"0f".repeat(32)).unwrap()
    }

    /// These values are on record wherever Redress runs: a change here would make every installation forget what it
    /// took in. The test may gain lines, never change them.
    #[test]
    fn ids_never_change() {
        let contact = keys().mail_contact_id("support", &"ab".repeat(32));
        let complaint = keys().complaint_id(&contact);
        let event = EventId::of(&complaint, 1);
        let address = redress_contract::contact::Address {
            kind: redress_contract::AddressKind::Email,
            value: "jo@example.org".to_owned(),
            display_name: String::new(),
        };
        let communication = keys().communication_id(&event, "acknowledgement", Recipient::Complainant);
        let all = [
            contact.to_string(),
            keys().submission_contact_id("web", "key-1").to_string(),
            complaint.to_string(),
            communication.to_string(),
            keys().content_id(&complaint, &["a", "b"]).to_string(),
            keys().name("blob", &["x"]),
            keys().receipt_code(&contact),
            keys().correlation_key("thread", &["p", "id@example.org"]),
            keys().party(&address, None),
            keys().reference(&contact, 0).to_string(),
            keys().reference(&contact, 1).to_string(),
            keys().reply_address("complaints@example.org", &complaint),
            keys().bounce_address("bounce@example.org", &communication),
            keys().message_id(&communication, &complaint, "example.org"),
            keys().form_stamp("complaint", 1_700_000_000),
            keys().call_contact_id("pbx", "1.2", &["leg", "3"]).to_string(),
            keys().line_contact_id("pbx", &"ab".repeat(32), 1).to_string(),
        ];
        let expected = [
            "xuemxrujl3n4xy6enb7ersymem",
            "zqshsgu6tw5rjtbij2fp7jozua",
            "t7h5k5boqtjlelyhrhwsqaxnsu",
            "p3ao32hndqbnlcrar6jrnrjafa",
            "5jvz5n4cgbdvlexu5nek65v6gy",
            "dyvyrivs5ke262e2yj5r2pohbi",
            "hzgrirabqn6hxiahkqvpfhttnq",
            "72775e1b8fdbb7a82626906197bcf1d3",
            "02d5eb7f415971ae2c523b15130c237d",
            "RD-C47V-GVH7",
            "RD-ZAEH-ZDQA",
            "complaints+c.t7h5k5boqtjlelyhrhwsqaxnsu.cynpuclcsaq3brikvn2a@example.org",
            "bounce+b.p3ao32hndqbnlcrar6jrnrjafa.gpqeqqfa5uirlvht624q@example.org",
            "m.p3ao32hndqbnlcrar6jrnrjafa.t7h5k5boqtjlelyhrhwsqaxnsu.5wfrdnfhoqs6dcse7cpa@example.org",
            "1700000000.usf4k6is7n3yrba7xnkq",
            "weitpf4wbgumloii4x2jnwcflm",
            "luycsvckd2ljaysnibuhvqqovu",
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn ids_are_26_lower_case_characters() {
        let contact = keys().mail_contact_id("support", "x");
        for id in [contact.as_str(), &keys().receipt_code(&contact), &keys().name("a", &[])] {
            assert_eq!(id.len(), 26);
            assert!(id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7')), "{id}");
        }
        let key = keys().correlation_key("thread", &["x"]);
        assert!(key.len() == 32 && key.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{key}");
    }

    #[test]
    fn every_kind_and_part_counts() {
        let contact = ContactId::new("c").unwrap();
        let complaint = ComplaintId::new("c").unwrap();
        let event = EventId::of(&complaint, 1);
        let all = [
            keys().mail_contact_id("a", "b").to_string(),
            keys().mail_contact_id("ab", "").to_string(),
            keys().mail_contact_id("b", "a").to_string(),
            keys().submission_contact_id("a", "b").to_string(),
            keys().complaint_id(&contact).to_string(),
            keys().communication_id(&event, "a", Recipient::Owner).to_string(),
            keys().communication_id(&event, "b", Recipient::Owner).to_string(),
            keys().communication_id(&event, "a", Recipient::TeamLead).to_string(),
            keys().communication_id(&EventId::of(&complaint, 2), "a", Recipient::Owner).to_string(),
            keys().content_id(&complaint, &[]).to_string(),
            keys().content_id(&complaint, &[""]).to_string(),
            keys().name("a", &["b"]),
            keys().name("b", &["a"]),
            keys().receipt_code(&contact),
            keys().correlation_key("a", &["b"]),
            keys().correlation_key("a", &["b", ""]),
            keys().correlation_key("b", &["b"]),
            Keys::from_master(&[1; 32]).complaint_id(&contact).to_string(),
        ];
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    }

    #[test]
    fn a_receipt_code_is_forgiving_about_its_look_only() {
        let contact = ContactId::new("c").unwrap();
        let code = keys().receipt_code(&contact);
        let (head, tail) = code.split_at(13);
        for good in [code.clone(), code.to_uppercase(), format!(" {head}-{tail} "), format!("{head} {tail}")]
        {
            assert!(keys().receipt_code_fits(&contact, &good), "{good}");
        }
        let other = keys().receipt_code(&ContactId::new("d").unwrap());
        for bad in
            ["", head, &other, &format!("{code}a"), &format!("{code}{}", "-".repeat(9000)).replace('-', "a")]
        {
            assert!(!keys().receipt_code_fits(&contact, bad), "{bad}");
        }
        for at in 0..code.len() {
            let mut wrong = code.clone();
            wrong.replace_range(at..=at, if &code[at..=at] == "q" { "r" } else { "q" });
            assert!(!keys().receipt_code_fits(&contact, &wrong), "{wrong}");
        }
    }
}

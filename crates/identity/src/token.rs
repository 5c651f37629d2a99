//! Signed addresses and Message-IDs: proof that a mail answers one of ours. 96 bits of HMAC-SHA-256, compared in
//! constant time. Local parts stay within 64 octets (RFC 5321 §4.5.3.1.1) and survive being lower- or upper-cased.

use redress_contract::{CommunicationId, ComplaintId};

use crate::{Keys, mac};

/// Octets of a mailbox's local part beyond which no signed tag fits behind it: `+c.` or `+b.`, an id of 26
/// characters, a dot and a signature of 20 take the other 50.
pub const LOCAL_PART_MAX: usize = 14;

/// RFC 5321 §4.5.3.1.1.
const WHOLE_LOCAL_PART_MAX: usize = 64;

/// Longer texts are no address and no Message-ID of ours.
const TEXT_MAX: usize = 1024;

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

/// True when a signed tag fits into the local part of this mailbox (at most [`LOCAL_PART_MAX`] octets).
pub fn can_be_tagged(mailbox: &str) -> bool {
    mailbox.rsplit_once('@').is_some_and(|(local, _)| (1..=LOCAL_PART_MAX).contains(&local.len()))
}

impl Keys {
    /// `complaints@example.org` → `complaints+c.<complaint>.<mac>@example.org`; the mailbox as it is when its local
    /// part leaves no room ([`can_be_tagged`]): the Message-ID then carries the proof alone.
    pub fn reply_address(&self, mailbox: &str, complaint: &ComplaintId) -> String {
        self.tagged(mailbox, "c", complaint.as_str())
    }

    /// `bounce@example.org` → `bounce+b.<communication>.<mac>@example.org`; the mailbox as it is when its local part
    /// leaves no room ([`can_be_tagged`]).
    pub fn bounce_address(&self, mailbox: &str, communication: &CommunicationId) -> String {
        self.tagged(mailbox, "b", communication.as_str())
    }

    /// A Message-ID without angle brackets: `m.<communication>.<complaint>.<mac>@<domain>`.
    pub fn message_id(
        &self,
        communication: &CommunicationId,
        complaint: &ComplaintId,
        domain: &str,
    ) -> String {
        let communication = communication.as_str().to_ascii_lowercase();
        let complaint = complaint.as_str().to_ascii_lowercase();
        let mac = mac::signature(&self.token, &["m", &communication, &complaint]);
        format!("m.{communication}.{complaint}.{mac}@{domain}")
    }

    /// The token inside an address or Message-ID, when it is signed by these keys.
    pub fn token_in(&self, address_or_message_id: &str) -> Option<Token> {
        let local = local_part(address_or_message_id)?.to_ascii_lowercase();
        let tag = local.rsplit_once('+').map_or(local.as_str(), |(_, tag)| tag);
        let (names, signature) = tag.rsplit_once('.')?;
        let names: Vec<&str> = names.splitn(4, '.').collect();
        if !mac::signed(&self.token, &names, signature) {
            return None;
        }
        match names[..] {
            ["c", complaint] => Some(Token::Complaint(ComplaintId::new(complaint).ok()?)),
            ["b", communication] => Some(Token::Bounce(CommunicationId::new(communication).ok()?)),
            ["m", communication, complaint] => Some(Token::Message(
                CommunicationId::new(communication).ok()?,
                ComplaintId::new(complaint).ok()?,
            )),
            _ => None,
        }
    }

    /// A signed stamp for a form: `<unix seconds>.<mac>`; `form` names the form it was made for.
    pub fn form_stamp(&self, form: &str, at: i64) -> String {
        let at = at.to_string();
        let mac = mac::signature(&self.form, &["stamp", form, &at]);
        format!("{at}.{mac}")
    }

    /// The time in a form stamp, when these keys signed it for this form.
    pub fn form_stamp_time(&self, form: &str, stamp: &str) -> Option<i64> {
        let (at, signature) = stamp.split_once('.')?;
        // The signature covers the digits as they stand: "007" and "+7" were never signed.
        mac::signed(&self.form, &["stamp", form, at], signature).then(|| at.parse().ok())?
    }

    /// What signs the session of somebody who signed in: 128 bits over everything that the session says and rests on.
    pub fn session_code(&self, parts: &[&str]) -> String {
        mac::code(&self.session, parts)
    }

    /// True when these keys signed a session of these parts. Compares in constant time.
    pub fn session_code_fits(&self, parts: &[&str], code: &str) -> bool {
        mac::coded(&self.session, parts, code)
    }

    fn tagged(&self, mailbox: &str, kind: &str, id: &str) -> String {
        let Some((local, domain)) = mailbox.rsplit_once('@') else { return mailbox.to_owned() };
        let id = id.to_ascii_lowercase();
        let mac = mac::signature(&self.token, &[kind, &id]);
        let tagged = format!("{local}+{kind}.{id}.{mac}");
        if tagged.len() > WHOLE_LOCAL_PART_MAX {
            return mailbox.to_owned();
        }
        format!("{tagged}@{domain}")
    }
}

/// What stands before the last `@`, out of angle brackets and quotes.
fn local_part(text: &str) -> Option<&str> {
    if text.len() > TEXT_MAX {
        return None;
    }
    let inside = text.rsplit_once('<').map_or(text, |(_, inside)| inside);
    let (local, _) = inside.rsplit_once('@')?;
    let local = local.trim();
    Some(local.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(local))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use redress_contract::{ContactId, EventId, Recipient};

    use super::*;

    fn keys() -> Keys {
        Keys::from_master(&[3; 32])
    }

    fn ids(n: u32) -> (CommunicationId, ComplaintId) {
        let complaint = keys().complaint_id(&ContactId::new(format!("contact-{n}")).unwrap());
        let event = EventId::of(&complaint, 1);
        (keys().communication_id(&event, "acknowledgement", Recipient::Complainant), complaint)
    }

    /// All three kinds of signed text, and what each names.
    fn signed(n: u32) -> [(String, Token); 3] {
        let (communication, complaint) = ids(n);
        [
            (keys().reply_address("complaints@example.org", &complaint), Token::Complaint(complaint.clone())),
            (
                keys().bounce_address("bounce@example.org", &communication),
                Token::Bounce(communication.clone()),
            ),
            (
                keys().message_id(&communication, &complaint, "example.org"),
                Token::Message(communication, complaint),
            ),
        ]
    }

    #[test]
    fn the_texts_look_as_documented() {
        let [(reply, _), (bounce, _), (message_id, _)] = signed(1);
        let (communication, complaint) = ids(1);
        assert!(reply.starts_with(&format!("complaints+c.{complaint}.")), "{reply}");
        assert!(bounce.starts_with(&format!("bounce+b.{communication}.")), "{bounce}");
        assert!(message_id.starts_with(&format!("m.{communication}.{complaint}.")), "{message_id}");
        for text in [reply, bounce] {
            let (local, domain) = text.split_once('@').unwrap();
            assert!(local.len() <= 64, "{text}");
            assert_eq!(domain, "example.org");
            assert!(crate::address::is_email(&text), "{text}");
        }
    }

    #[test]
    fn a_mailbox_without_room_stays_as_it_is() {
        let (_, complaint) = ids(1);
        let fits = "fourteen-chars@example.org";
        assert!(can_be_tagged(fits));
        assert_eq!(keys().reply_address(fits, &complaint).find('@'), Some(64));
        for mailbox in ["fifteen-letters@example.org", "no mailbox", ""] {
            assert!(!can_be_tagged(mailbox), "{mailbox}");
            assert_eq!(keys().reply_address(mailbox, &complaint), mailbox);
        }
    }

    #[test]
    fn what_is_signed_is_found_however_it_is_written() {
        for (text, token) in signed(1) {
            let (local, domain) = text.split_once('@').unwrap();
            for written in [
                text.clone(),
                text.to_uppercase(),
                format!("<{text}>"),
                format!(" <{text}> "),
                format!("\"Complaints, Example\" <{text}>"),
                format!("\"{local}\"@{domain}"),
                format!("{local}@mail.another.example"),
            ] {
                assert_eq!(keys().token_in(&written), Some(token.clone()), "{written}");
            }
        }
    }

    #[test]
    fn nothing_else_is_a_token() {
        let (communication, complaint) = ids(1);
        let [(reply, _), ..] = signed(1);
        let mac = reply.split(['.', '@']).nth(2).unwrap().to_owned();
        for text in [
            String::new(),
            "complaints@example.org".to_owned(),
            "complaints+c@example.org".to_owned(),
            format!("complaints+c.{complaint}@example.org"),
            format!("complaints+c.{complaint}.@example.org"),
            format!("complaints+c..{mac}@example.org"),
            format!("complaints+b.{complaint}.{mac}@example.org"),
            format!("complaints+c.{communication}.{mac}@example.org"),
            format!("complaints+c.{complaint}.{}@example.org", &mac[..19]),
            format!("complaints+c.{complaint}.{mac}a@example.org"),
            format!("m.{communication}.{complaint}.{mac}@example.org"),
            reply.replace('@', " at "),
            format!("{}{reply}", "x".repeat(TEXT_MAX)),
        ] {
            assert_eq!(keys().token_in(&text), None, "{text}");
        }
        assert_eq!(Keys::from_master(&[4; 32]).token_in(&reply), None, "signed by other keys");
    }

    #[test]
    fn one_wrong_character_is_no_token() {
        for (text, token) in signed(1) {
            // From the tag on: what stands before the plus is the mailbox, and says nothing.
            let start = text.find('+').map_or(0, |plus| plus + 1);
            for at in start..text.find('@').unwrap() {
                for wrong in "abcdefghijklmnopqrstuvwxyz234567890.-".chars() {
                    let mut changed = text.clone();
                    changed.replace_range(at..=at, &wrong.to_string());
                    let expected = (changed == text).then(|| token.clone());
                    assert_eq!(keys().token_in(&changed), expected, "{changed}");
                }
            }
        }
    }

    #[test]
    fn form_stamps_hold_for_their_form_and_time() {
        let stamp = keys().form_stamp("complaint", 1_700_000_000);
        assert_eq!(keys().form_stamp_time("complaint", &stamp), Some(1_700_000_000));
        assert_eq!(keys().form_stamp_time("status", &stamp), None);
        assert_eq!(Keys::from_master(&[4; 32]).form_stamp_time("complaint", &stamp), None);
        for bad in [
            "",
            ".",
            "1700000000",
            "1700000000.",
            &stamp.replacen('1', "2", 1),
            &format!("+{stamp}"),
            &format!("0{stamp}"),
            &format!("{stamp} "),
        ] {
            assert_eq!(keys().form_stamp_time("complaint", bad), None, "{bad}");
        }
    }

    #[test]
    fn a_session_is_signed_whole_and_for_nothing_else() {
        let code = keys().session_code(&["ina", "1700000000"]);
        assert!(keys().session_code_fits(&["ina", "1700000000"], &code));
        assert!(!keys().session_code_fits(&["ina", "1700000001"], &code));
        assert!(!keys().session_code_fits(&["ina1700000000"], &code));
        assert!(!Keys::from_master(&[4; 32]).session_code_fits(&["ina", "1700000000"], &code));
        let receipt = keys().receipt_code(&ContactId::new("ina").unwrap());
        assert!(!keys().session_code_fits(&["ina"], &receipt));
    }

    proptest! {
        #[test]
        fn no_made_up_signature_is_taken(mac in "[a-z2-7]{20}", kind in "[cbm]", n in 0u32..4) {
            let (communication, complaint) = ids(n);
            let real = keys().reply_address("c@example.org", &complaint);
            prop_assume!(!real.contains(&mac));
            for names in [format!("{complaint}"), format!("{communication}"), format!("{communication}.{complaint}")] {
                let forged = format!("x+{kind}.{names}.{mac}@example.org");
                prop_assert_eq!(keys().token_in(&forged), None);
            }
        }

        #[test]
        fn no_text_is_too_odd(text in "[cbm.+@<>\"a-z2-7é ]{0,90}", any in any::<String>()) {
            prop_assert_eq!(keys().token_in(&text), None);
            prop_assert_eq!(keys().token_in(&any), None);
            prop_assert_eq!(keys().form_stamp_time(&any, &text), None);
        }

        #[test]
        fn every_token_is_read_back(n in any::<u32>(), at in any::<i64>(), form in "\\PC{0,20}") {
            for (text, token) in signed(n) {
                prop_assert_eq!(keys().token_in(&text), Some(token));
            }
            prop_assert_eq!(keys().form_stamp_time(&form, &keys().form_stamp(&form, at)), Some(at));
        }
    }
}

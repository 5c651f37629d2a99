//! What stands in mail headers beside words ([`redress_contract::HeaderText`]): addresses and ids of mails. Checked
//! when they are made, so that the mail builder is never handed anything else.

use std::fmt;

use lettre::address::Address;

use crate::mail::reads_back;

/// Longest Message-ID that is quoted, in octets.
const MESSAGE_ID_OCTETS_MAX: usize = 250;

/// An address that a mail can be sent to or from.
#[derive(Clone, PartialEq, Eq)]
pub struct MailAddress(Address);

impl MailAddress {
    /// Takes an address without a name beside it; none when no mail can be sent there. An address that reads otherwise
    /// once it stands in a header (white space beyond ASCII in its quotes, say) is none.
    pub fn new(text: &str) -> Option<Self> {
        let address: Address = text.parse().ok()?;
        reads_back(&address).then_some(Self(address))
    }

    /// As the mail builder wants it.
    pub(crate) fn inner(&self) -> Address {
        self.0.clone()
    }
}

/// A Message-ID fit to be written and quoted, without angle brackets: visible ASCII with one `@` inside, of a bounded
/// length.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageId(String);

impl MessageId {
    /// Takes an id, with or without angle brackets; none when it is not fit.
    pub fn new(text: &str) -> Option<Self> {
        let id = text.trim().trim_start_matches('<').trim_end_matches('>');
        let visible = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b',' | b';');
        let (left, right) = id.split_once('@')?;
        let good = !left.is_empty()
            && !right.is_empty()
            && id.len() <= MESSAGE_ID_OCTETS_MAX
            && id.bytes().all(visible);
        good.then(|| Self(id.to_owned()))
    }

    /// The id without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailAddress(***)")
    }
}

impl fmt::Debug for MessageId {
    /// Ids of other people's mails name their machines, and sometimes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageId(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_worth_quoting() {
        let read = |text: &str| MessageId::new(text).map(|id| id.0);
        assert_eq!(read("<a.b@example.org>").as_deref(), Some("a.b@example.org"));
        for bad in ["", "no-at", "@x", "x@", "a b@c", "a@b\r\nBcc: x", "ü@example.org", "a@b>,<c@d"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(read(&format!("{}@b", "a".repeat(250))), None);
    }

    #[test]
    fn addresses_hold_no_second_one_and_no_line() {
        assert!(MailAddress::new("a@example.org").is_some());
        for bad in
            ["", "a", "a@b\r\nBcc: c@d", "a@example.org, b@example.org", "A <a@example.org>", "a@b@c\n"]
        {
            assert_eq!(MailAddress::new(bad), None, "{bad:?}");
        }
    }
}

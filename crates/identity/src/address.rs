//! Addresses in normal form, so that one person written two ways is one party.

use redress_contract::contact::Address;

use crate::Keys;

/// An address ready to compare: lower-cased domain in ASCII (IDNA), lower-cased local part without a `+tag`,
/// E.164 for phones (with the account's country for national numbers), lower-cased handles. Empty when there is none.
pub fn normal(address: &Address, default_country: Option<&str>) -> String {
    let _ = (address, default_country);
    todo!()
}

/// True when the text can be an email address to send to (RFC 5321 shape, no spaces or control characters).
pub fn is_email(text: &str) -> bool {
    let _ = text;
    todo!()
}

/// The domain of an email address in ASCII lower case; empty when it has none.
pub fn domain(email: &str) -> String {
    let _ = email;
    todo!()
}

impl Keys {
    /// The keyed hash (hex, 32 characters) that stands for a party in events and keys; empty for an empty address.
    pub fn party(&self, address: &Address, default_country: Option<&str>) -> String {
        let _ = (address, default_country);
        todo!()
    }
}

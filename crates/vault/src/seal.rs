//! The seal itself, pure: data keys, sealed messages, sealed blobs, wrapped keys.
//!
//! A sealed message is `RDS1`, 24 random bytes, and XChaCha20-Poly1305 over the plain bytes; what it is bound to (scheme,
//! subject, name of its data key) is associated data, so a sealed message is worth nothing anywhere else. Whoever
//! changes the scheme or the schema of what is sealed changes [`SCHEME`].

pub(crate) mod blob;
pub(crate) mod wrap;

use std::fmt;

use chacha20poly1305::aead::{Aead as _, AeadInPlace as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

/// Names this version of the seal in everything it makes.
pub(crate) const SCHEME: &str = "redress.sealed.v1";

/// The first bytes of everything sealed.
pub(crate) const MAGIC: &[u8; 4] = b"RDS1";

const NONCE: usize = 24;

/// What was sealed cannot be opened with this key in this place: changed, moved, or another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// The random name of a data key: 32 hex digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(String);

/// One data key under its name.
#[derive(Clone)]
pub(crate) struct DataKey {
    pub(crate) name: KeyName,
    pub(crate) key: Zeroizing<[u8; 32]>,
}

impl KeyName {
    /// A fresh one.
    pub(crate) fn draw() -> Self {
        let mut name = [0; 16];
        random(&mut name);
        Self(HEXLOWER.encode(&name))
    }

    /// Takes a text for the name of a data key.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 32 && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// As it stands in headers and keys.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl DataKey {
    /// A fresh one under a fresh name.
    pub(crate) fn draw() -> Self {
        let mut key = Zeroizing::new([0; 32]);
        random(key.as_mut());
        Self { name: KeyName::draw(), key }
    }

    /// Seals the body of a message for its subject.
    pub(crate) fn seal(&self, subject: &str, mut plain: Vec<u8>) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        random(&mut nonce);
        self.cipher()
            .encrypt_in_place(XNonce::from_slice(&nonce), self.bound_to(subject).as_bytes(), &mut plain)
            .expect("a message is far shorter than the cipher's limit of 256 GiB");
        let mut sealed = Vec::with_capacity(MAGIC.len() + NONCE + plain.len());
        sealed.extend_from_slice(MAGIC);
        sealed.extend_from_slice(&nonce);
        sealed.append(&mut plain);
        sealed
    }

    /// Opens the body of a message of this subject.
    pub(crate) fn open(&self, subject: &str, sealed: &[u8]) -> Result<Vec<u8>, Broken> {
        let rest = sealed.strip_prefix(MAGIC).ok_or(Broken)?;
        let (nonce, cipher_text) = rest.split_at_checked(NONCE).ok_or(Broken)?;
        let bound_to = self.bound_to(subject);
        let payload = Payload { msg: cipher_text, aad: bound_to.as_bytes() };
        self.cipher().decrypt(XNonce::from_slice(nonce), payload).map_err(|_| Broken)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.key.as_slice().into())
    }

    /// Neither subjects nor names hold blanks, so no two places read alike.
    fn bound_to(&self, place: &str) -> String {
        format!("{SCHEME} {place} {}", self.name)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({}, ***)", self.name)
    }
}

pub(crate) fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: &str = "intake.email.abc";

    #[test]
    fn what_was_sealed_opens_in_its_place_only() {
        let (key, other) = (DataKey::draw(), DataKey::draw());
        let sealed = key.seal(SUBJECT, b"the kettle".to_vec());
        assert_eq!(key.open(SUBJECT, &sealed).unwrap(), b"the kettle");
        assert_eq!(key.open("intake.email.abd", &sealed), Err(Broken));
        assert_eq!(other.open(SUBJECT, &sealed), Err(Broken));
        let renamed = DataKey { name: other.name.clone(), key: key.key.clone() };
        assert_eq!(renamed.open(SUBJECT, &sealed), Err(Broken), "the name counts too");
        assert_ne!(key.seal(SUBJECT, b"x".to_vec()), key.seal(SUBJECT, b"x".to_vec()));
    }

    #[test]
    fn no_changed_or_shortened_byte_opens() {
        let key = DataKey::draw();
        let sealed = key.seal(SUBJECT, b"the kettle".to_vec());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(SUBJECT, &changed), Err(Broken), "byte {at}");
            assert_eq!(key.open(SUBJECT, &sealed[..at]), Err(Broken), "first {at} bytes");
        }
    }

    #[test]
    fn nothing_shows_of_the_words_or_the_key() {
        let key = DataKey::draw();
        let sealed = key.seal(SUBJECT, b"the kettle is broken".to_vec());
        assert!(!sealed.windows(6).any(|part| part == b"kettle"));
        assert!(format!("{key:?}").ends_with(", ***)"));
        assert!(KeyName::parse("../x").is_none() && KeyName::parse(&"G".repeat(32)).is_none());
    }
}

//! The installation's identity keys. They never rotate and are backed up with the sealing keys: whoever loses them
//! cannot recognise what it took in before.

use std::fmt;

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::mac;

/// Secret keys from which ids, references, receipt codes, party hashes and tokens are derived: one master secret,
/// one derived key per purpose (HMAC-SHA-256 of the purpose's name).
#[derive(Clone)]
pub struct Keys {
    pub(crate) identity: [u8; 32],
    pub(crate) reference: [u8; 32],
    pub(crate) receipt: [u8; 32],
    pub(crate) party: [u8; 32],
    pub(crate) token: [u8; 32],
    pub(crate) form: [u8; 32],
    pub(crate) secrets: [u8; 32],
    pub(crate) session: [u8; 32],
}

/// A key file that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the identity key must be 64 hex digits, but {problem}")]
pub struct KeysError {
    problem: String,
}

impl Keys {
    /// Derives all keys from the 32 secret bytes of the installation.
    pub fn from_master(master: &[u8; 32]) -> Self {
        let derive = |purpose| mac::full(master, &["redress.identity.v1", purpose]);
        Self {
            identity: derive("identity"),
            reference: derive("reference"),
            receipt: derive("receipt"),
            party: derive("party"),
            token: derive("token"),
            form: derive("form"),
            secrets: derive("secrets"),
            session: derive("session"),
        }
    }

    /// What seals the installation's own secrets that are kept between runs.
    pub fn secrets(&self) -> &[u8; 32] {
        &self.secrets
    }

    /// Reads the master secret from the text of a key file: 64 hex digits, white space around it ignored.
    ///
    /// # Errors
    /// [`KeysError`] says what is wrong without showing the text.
    pub fn from_hex(text: &str) -> Result<Self, KeysError> {
        let text = text.trim();
        let length = text.chars().count();
        if length != 64 {
            return Err(KeysError { problem: format!("there are {length} characters") });
        }
        let bytes = HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .ok_or_else(|| KeysError { problem: "some characters are no hex digits".to_owned() })?;
        Ok(Self::from_master(&bytes))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_purpose_has_a_key_of_its_own() {
        let keys = Keys::from_master(&[0; 32]);
        let all = [
            keys.identity,
            keys.reference,
            keys.receipt,
            keys.party,
            keys.token,
            keys.form,
            keys.secrets,
            keys.session,
            [0; 32],
        ];
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    }

    #[test]
    fn a_key_file_is_read_in_any_case_and_with_its_line_end() {
        let keys = Keys::from_hex(&format!("  {}\r\n", "aB".repeat(32))).unwrap();
        assert_eq!(keys.identity, Keys::from_master(&[0xab; 32]).identity);
    }

    #[test]
    fn a_bad_key_file_is_described_and_not_shown() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Keys::from_hex(text).unwrap_err().to_string(), expected);
        };
        check("", "the identity key must be 64 hex digits, but there are 0 characters");
        check(&"a".repeat(63), "the identity key must be 64 hex digits, but there are 63 characters");
        check(
            &"g".repeat(64),
            "the identity key must be 64 hex digits, but some characters are no hex digits",
        );
        check(
            &"é".repeat(64),
            "the identity key must be 64 hex digits, but some characters are no hex digits",
        );
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", Keys::from_master(&[1; 32])), "Keys(***)");
    }
}

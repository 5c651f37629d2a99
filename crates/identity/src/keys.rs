//! The installation's identity keys. They never rotate and are backed up with the sealing keys: whoever loses them
//! cannot recognise what it took in before.

use std::fmt;

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
        let _ = master;
        todo!("from_master")
    }

    /// Reads the master secret from the text of a key file: 64 hex digits, white space around it ignored.
    ///
    /// # Errors
    /// [`KeysError`] says what is wrong without showing the text.
    pub fn from_hex(text: &str) -> Result<Self, KeysError> {
        let _ = text;
        todo!("from_hex")
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

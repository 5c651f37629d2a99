//! Secrets of the installation's own that are kept between runs (a refresh token that was exchanged for a new one): sealed
//! with a key derived from the identity key, which every process that works with them has, and bound to where they lie.

use zeroize::Zeroizing;

use crate::Vault;
use crate::seal::{DataKey, KeyName};

impl Vault {
    /// Seals a secret for a place, such as its key in a bucket.
    pub fn seal_secret(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        self.key_of_secrets().seal(place, plain.to_vec())
    }

    /// Opens a secret that was sealed for this place; none when it was not, or under another identity key.
    pub fn open_secret(&self, place: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.key_of_secrets().open(place, sealed).ok().map(Zeroizing::new)
    }

    fn key_of_secrets(&self) -> DataKey {
        let name = KeyName::parse(&"0".repeat(32)).expect("32 hex digits are a name");
        DataKey { name, key: Zeroizing::new(*self.keys.secrets()) }
    }
}

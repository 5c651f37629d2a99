//! Data keys wrapped for a public key (the sealed box of `NaCl`: X25519, XSalsa20-Poly1305, an ephemeral sender).
//!
//! The name of the data key lies inside the box: under another name it is worth nothing.

use crypto_box::aead::OsRng;
use zeroize::Zeroizing;

use super::{Broken, DataKey, KeyName};
use crate::keyring::{PrivateKey, PublicKey};

const LABEL: &[u8] = b"redress.wrapped.v1 ";

/// Wraps a data key: only the private half of this key opens it.
pub(crate) fn wrap(public: &PublicKey, data: &DataKey) -> Vec<u8> {
    let mut plain = Zeroizing::new(Vec::with_capacity(LABEL.len() + 64));
    plain.extend_from_slice(LABEL);
    plain.extend_from_slice(data.name.as_str().as_bytes());
    plain.extend_from_slice(data.key.as_slice());
    public
        .key
        .seal(&mut OsRng, &plain)
        .expect("the operating system gives random bytes, and so few are never too many")
}

/// Opens what lies under this name.
pub(crate) fn unwrap(private: &PrivateKey, name: &KeyName, wrapped: &[u8]) -> Result<DataKey, Broken> {
    let plain = Zeroizing::new(private.key.unseal(wrapped).map_err(|_| Broken)?);
    let key = plain.strip_prefix(LABEL).and_then(|rest| rest.strip_prefix(name.as_str().as_bytes()));
    let key = key.and_then(|key| <[u8; 32]>::try_from(key).ok()).ok_or(Broken)?;
    Ok(DataKey { name: name.clone(), key: Zeroizing::new(key) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_opens_under_its_name_with_its_private_half_only() {
        let (private, stranger) = (PrivateKey::draw(), PrivateKey::draw());
        let (data, other) = (DataKey::draw(), DataKey::draw());
        let wrapped = wrap(&private.public(), &data);
        assert_eq!(unwrap(&private, &data.name, &wrapped).unwrap().key, data.key);
        assert!(unwrap(&private, &other.name, &wrapped).is_err());
        assert!(unwrap(&stranger, &data.name, &wrapped).is_err());
        assert!(unwrap(&private, &data.name, &wrapped[1..]).is_err());
        assert!(unwrap(&private, &data.name, b"").is_err());
    }
}

//! HMAC-SHA-256 over length-prefixed parts, cut to what each purpose needs, and the texts such bytes become.
//! Apart from the rest so that all of the crate hashes and compares in one way.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Bytes of a MAC that travels in the open: 96 bits, 20 characters of base 32.
const SIGNATURE_BYTES: usize = 12;

/// All 256 bits over the parts.
pub(crate) fn full(key: &[u8; 32], parts: &[&str]) -> [u8; 32] {
    over(key, parts).finalize().into_bytes().into()
}

/// The first 128 bits.
pub(crate) fn half(key: &[u8; 32], parts: &[&str]) -> [u8; 16] {
    *full(key, parts).first_chunk().expect("32 bytes hold 16")
}

/// 128 bits as 26 characters of base 32, lower case.
pub(crate) fn code(key: &[u8; 32], parts: &[&str]) -> String {
    base32(&half(key, parts))
}

/// 128 bits as 32 hex digits, lower case.
pub(crate) fn hex(key: &[u8; 32], parts: &[&str]) -> String {
    HEXLOWER.encode(&half(key, parts))
}

/// 96 bits as 20 characters of base 32, lower case: what [`signed`] recognises.
pub(crate) fn signature(key: &[u8; 32], parts: &[&str]) -> String {
    base32(&full(key, parts)[..SIGNATURE_BYTES])
}

/// True when `signature`, in any case, is the one these parts have. Compares in constant time.
pub(crate) fn signed(key: &[u8; 32], parts: &[&str], signature: &str) -> bool {
    matches(key, parts, signature, SIGNATURE_BYTES)
}

/// True when `code`, in any case, is the one of 128 bits these parts have. Compares in constant time.
pub(crate) fn coded(key: &[u8; 32], parts: &[&str], code: &str) -> bool {
    matches(key, parts, code, 16)
}

fn matches(key: &[u8; 32], parts: &[&str], text: &str, length: usize) -> bool {
    match BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()) {
        Ok(bytes) => bytes.len() == length && over(key, parts).verify_truncated_left(&bytes).is_ok(),
        Err(_) => false,
    }
}

fn base32(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_ascii_lowercase()
}

/// Each part with its length before it, so that no two lists of parts hash the same bytes.
fn over(key: &[u8; 32], parts: &[&str]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_hashed_are_those_of_rfc_2104() {
        // HMAC-SHA-256 with 32 zero bytes over 00 00 00 00 00 00 00 01 61 ("a" with its length), computed with openssl.
        assert_eq!(
            HEXLOWER.encode(&full(&[0; 32], &["a"])),
            "df763263167c619bd7cdaebfcc476f1c83e99f3982c5c214c7fa677feda60292"
        );
    }

    #[test]
    fn parts_do_not_run_together() {
        let key = [7; 32];
        let lists: [&[&str]; 6] =
            [&["ab", "c"], &["a", "bc"], &["abc"], &["abc", ""], &["", "abc"], &["a", "b", "c"]];
        let codes: std::collections::HashSet<_> = lists.iter().map(|parts| code(&key, parts)).collect();
        assert_eq!(codes.len(), lists.len());
    }

    #[test]
    fn a_shortened_or_padded_signature_is_none() {
        let key = [7; 32];
        let good = signature(&key, &["x"]);
        assert!(signed(&key, &["x"], &good));
        for bad in
            ["", &good[..19], &good[..16], &format!("{good}a"), &format!("{good}======"), &code(&key, &["x"])]
        {
            assert!(!signed(&key, &["x"], bad), "{bad}");
        }
    }
}

//! Passwords of clerks: hashed with argon2id, and hashes that are too weak to be trusted refused.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};

/// Shortest password that a hash is made of, in characters.
const PASSWORD_CHARS_MIN: usize = 12;
/// Longest password, in bytes: more is no password.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// OWASP's least for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB_MIN: u32 = 19_456;
const PASSES_MIN: u32 = 2;
/// A dearer hash would let whoever knocks at the door use up the machine.
const MEMORY_KIB_MAX: u32 = 262_144;
const PASSES_MAX: u32 = 10;
const LANES_MAX: u32 = 8;
const HASH_BYTES_MIN: usize = 16;

/// A password that no hash is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is easily guessed.
    #[error("the password must have {PASSWORD_CHARS_MIN} characters at least")]
    TooShort,
    /// It is no password.
    #[error("the password must have {PASSWORD_BYTES_MAX} bytes at most")]
    TooLong,
    /// There are no random bytes to be had, or no memory.
    #[error("there is no memory for it, or there are no random bytes")]
    NotHashed,
}

/// The hash of a password, for the settings: argon2id in the PHC string format.
///
/// # Errors
/// [`PasswordError`] says what is wrong with the password.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordError::TooShort);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    let params =
        Params::new(MEMORY_KIB_MIN, PASSES_MIN, 1, None).expect("OWASP's parameters are within argon2's");
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    hasher
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|_| PasswordError::NotHashed)
}

/// The hash of a clerk's password. `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct Hash {
    phc: PasswordHash,
    /// As it is written; a session rests on it.
    pub(crate) text: String,
    /// What checking a password costs, to compare with others.
    pub(crate) cost: u64,
}

impl Hash {
    /// Reads a hash from the settings.
    ///
    /// # Errors
    /// What is wrong with it, without showing it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        const NONE: &str =
            "is no argon2id hash in the PHC string format; `redress staff hash-password` makes one";
        let text = text.trim();
        let hash = PasswordHash::new(text).map_err(|_| NONE.to_owned())?;
        let (algorithm, version) = (hash.algorithm.to_string(), hash.version);
        if algorithm != "argon2id" || version != Some(u32::from(Version::V0x13)) {
            return Err(NONE.to_owned());
        }
        let params = Params::try_from(&hash).map_err(|_| NONE.to_owned())?;
        let (memory, passes) = (params.m_cost(), params.t_cost());
        let bytes = hash.hash.as_ref().map_or(0, |output| output.as_bytes().len());
        if hash.salt.is_none() || bytes < HASH_BYTES_MIN {
            return Err(format!("has no salt, or fewer than {HASH_BYTES_MIN} bytes"));
        }
        if memory < MEMORY_KIB_MIN || passes < PASSES_MIN {
            return Err(format!(
                "is too weak: m={memory},t={passes}, but m={MEMORY_KIB_MIN},t={PASSES_MIN} is the least"
            ));
        }
        if memory > MEMORY_KIB_MAX || passes > PASSES_MAX || params.p_cost() > LANES_MAX {
            return Err(format!(
                "takes too much to check: m={MEMORY_KIB_MAX},t={PASSES_MAX},p={LANES_MAX} is the most"
            ));
        }
        Ok(Self { phc: hash, text: text.to_owned(), cost: u64::from(memory) * u64::from(passes) })
    }

    /// Whether this is the password. Takes a while, and memory: not for an async thread.
    pub(crate) fn fits(&self, password: &str) -> bool {
        password.len() <= PASSWORD_BYTES_MAX
            && Argon2::default().verify_password(password.as_bytes(), &self.phc).is_ok()
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "correct horse battery";

    #[test]
    fn a_hash_that_is_made_is_read_and_knows_its_password() {
        let text = hash(PASSWORD).unwrap();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let read = Hash::read(&format!("{text}\n")).unwrap();
        assert!(read.fits(PASSWORD));
        assert!(!read.fits("correct horse batterz"));
        assert!(!read.fits(""));
        assert_eq!(format!("{read:?}"), "Hash(***)");
        assert_ne!(hash(PASSWORD).unwrap(), text, "each has a salt of its own");
    }

    #[test]
    fn passwords_that_are_none_are_refused() {
        assert_eq!(hash("eleven chrs"), Err(PasswordError::TooShort));
        assert_eq!(hash(&"x".repeat(1025)), Err(PasswordError::TooLong));
        hash("zwölf äöü ß…").unwrap();
    }

    #[test]
    fn other_and_weak_hashes_are_refused_and_not_shown() {
        const REST: &str = "c29tZXNhbHRzb21lc2FsdA$Kf3xZ1kF2r1a9a5mYl3y1c7Qm1o2tZ0s8m3n5v7x9zE";
        let with = |head: &str| format!("{head}${REST}");
        Hash::read(&with("$argon2id$v=19$m=19456,t=2,p=1")).unwrap();
        for (text, problem) in [
            (String::new(), "is no argon2id hash"),
            ("secret".to_owned(), "is no argon2id hash"),
            (
                "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".to_owned(),
                "is no argon2id hash",
            ),
            (with("$argon2i$v=19$m=19456,t=2,p=1"), "is no argon2id hash"),
            (with("$argon2id$v=16$m=19456,t=2,p=1"), "is no argon2id hash"),
            (with("$argon2id$v=19$m=8192,t=2,p=1"), "is too weak: m=8192,t=2"),
            (with("$argon2id$v=19$m=65536,t=1,p=1"), "is too weak: m=65536,t=1"),
            (with("$argon2id$v=19$m=1048576,t=2,p=1"), "takes too much"),
            ("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA".to_owned(), "has no salt"),
        ] {
            let said = Hash::read(&text).unwrap_err();
            assert!(said.starts_with(problem), "{text}: {said}");
            assert!(!said.contains(REST), "{said}");
        }
    }
}

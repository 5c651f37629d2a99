//! Sealing keys and the files they come from.
//!
//! A pair is made for the vault (whoever handles complaints holds its private half) and one for the status page. Of
//! each, a file of public keys seals and a file of private keys opens. Several may be live at once: one a line, the
//! newest last; the newest seals, all of them open. Files are looked at again while the program runs, so that a
//! rotation needs no restart.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::seal::random;
use crate::seal::wrap::{CurrentSender, KnownSenders};

/// How often a key file is looked at again, at most.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Names a pair: 16 hex digits of the hash of its public half.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(String);

/// A public half: seals.
#[derive(Clone)]
pub struct PublicKey {
    /// Names the pair.
    pub id: KeyId,
    pub(crate) key: crypto_box::PublicKey,
    pub(crate) sender: Arc<CurrentSender>,
}

/// A private half: opens.
#[derive(Clone)]
pub struct PrivateKey {
    /// Names the pair.
    pub id: KeyId,
    pub(crate) key: crypto_box::SecretKey,
    pub(crate) senders: Arc<KnownSenders>,
}

/// A key file that cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("use the key file {file}: {problem}")]
pub struct KeyFileError {
    file: String,
    problem: String,
}

/// A half of a pair, as a line of a key file.
pub trait Half: Clone + Sized {
    /// What the line begins with.
    const PREFIX: &'static str;
    /// From the bytes of the line.
    fn from_bytes(bytes: [u8; 32]) -> Self;
    /// Names the pair.
    fn id(&self) -> &KeyId;
}

/// The keys of one file, the newest last.
pub struct Ring<K> {
    file: Option<PathBuf>,
    state: Mutex<State<K>>,
}

struct State<K> {
    keys: Arc<[K]>,
    looked_at: Instant,
    stamp: Option<Stamp>,
}

type Stamp = (SystemTime, u64);

impl KeyId {
    fn of(public: &crypto_box::PublicKey) -> Self {
        let digest =
            Sha256::new().chain_update("redress.sealing.v1").chain_update(public.as_bytes()).finalize();
        Self(HEXLOWER.encode(&digest[..8]))
    }

    /// As it stands in keys of the bucket.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PrivateKey {
    /// A fresh pair.
    pub fn draw() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random(bytes.as_mut());
        Self::from_bytes(*bytes)
    }

    /// The pair of these secret bytes.
    pub fn of(bytes: [u8; 32]) -> Self {
        Self::from_bytes(bytes)
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey { id: self.id.clone(), key: self.key.public_key(), sender: Arc::default() }
    }

    /// Its line of a key file.
    pub fn line(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}{}", Self::PREFIX, HEXLOWER.encode(&*Zeroizing::new(self.key.to_bytes()))))
    }
}

impl PublicKey {
    /// Its line of a key file.
    pub fn line(&self) -> String {
        format!("{}{}", Self::PREFIX, HEXLOWER.encode(self.key.as_bytes()))
    }
}

impl Half for PrivateKey {
    const PREFIX: &'static str = "redress-private-1:";

    fn from_bytes(bytes: [u8; 32]) -> Self {
        let key = crypto_box::SecretKey::from_bytes(bytes);
        Self { id: KeyId::of(&key.public_key()), key, senders: Arc::default() }
    }

    fn id(&self) -> &KeyId {
        &self.id
    }
}

impl Half for PublicKey {
    const PREFIX: &'static str = "redress-public-1:";

    fn from_bytes(bytes: [u8; 32]) -> Self {
        let key = crypto_box::PublicKey::from(bytes);
        Self { id: KeyId::of(&key), key, sender: Arc::default() }
    }

    fn id(&self) -> &KeyId {
        &self.id
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, ***)", self.id)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id)
    }
}

impl<K: Half> Ring<K> {
    /// Of keys that are in no file.
    pub fn of(keys: Vec<K>) -> Self {
        let state = State { keys: keys.into(), looked_at: Instant::now(), stamp: None };
        Self { file: None, state: Mutex::new(state) }
    }

    /// Reads a key file, and looks at it again later.
    ///
    /// # Errors
    /// [`KeyFileError`] when it is missing or holds no key; its text is never shown.
    pub fn read(file: &Path) -> Result<Self, KeyFileError> {
        let stamp = stamp(file);
        let state = State { keys: read(file)?.into(), looked_at: Instant::now(), stamp };
        Ok(Self { file: Some(file.to_owned()), state: Mutex::new(state) })
    }

    /// All that are live, the newest last.
    pub fn keys(&self) -> Arc<[K]> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &self.file
            && state.looked_at.elapsed() >= LOOK_AGAIN
        {
            state.looked_at = Instant::now();
            let stamp = stamp(file);
            if stamp != state.stamp {
                match read(file) {
                    Ok(keys) => (state.keys, state.stamp) = (keys.into(), stamp),
                    Err(problem) => tracing::warn!("The sealing keys stay as they were: {problem}"),
                }
            }
        }
        Arc::clone(&state.keys)
    }

    /// The one that seals.
    pub fn newest(&self) -> K {
        self.keys().last().expect("a ring is read from a file with a key, or made of some").clone()
    }
}

impl<K: Half> fmt::Debug for Ring<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys().iter().map(Half::id)).finish()
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn read<K: Half>(file: &Path) -> Result<Vec<K>, KeyFileError> {
    let failed = |problem: String| KeyFileError { file: file.display().to_string(), problem };
    let text = std::fs::read_to_string(file).map(Zeroizing::new).map_err(|e| failed(e.to_string()))?;
    parse(&text).map_err(failed)
}

/// Blank lines and lines that begin with `#` are for people.
fn parse<K: Half>(text: &str) -> Result<Vec<K>, String> {
    let mut keys = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let hex = line.strip_prefix(K::PREFIX);
        let hex = hex.ok_or_else(|| format!("line {number} does not begin with {}", K::PREFIX))?;
        let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok().map(Zeroizing::new);
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        let bytes = bytes.ok_or_else(|| format!("line {number} holds no 64 hex digits"))?;
        keys.push(K::from_bytes(bytes));
    }
    if keys.is_empty() { Err("it holds no key".to_owned()) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_holds_several_keys_and_comments() {
        let (old, new) = (PrivateKey::draw(), PrivateKey::draw());
        let text = format!("# vault\n{}\n\n  {}\r\n", *old.line(), *new.line());
        let read: Vec<PrivateKey> = parse(&text).unwrap();
        assert_eq!(read.iter().map(|key| &key.id).collect::<Vec<_>>(), [&old.id, &new.id]);
        let read: Vec<PublicKey> = parse(&new.public().line()).unwrap();
        assert_eq!(read[0].id, new.id);
    }

    #[test]
    fn a_bad_key_file_is_described_and_not_shown() {
        let private = PrivateKey::draw();
        let check = |text: &str, expected: &str| assert_eq!(parse::<PublicKey>(text).unwrap_err(), expected);
        check("", "it holds no key");
        check("# only words\n", "it holds no key");
        check(&private.line(), "line 1 does not begin with redress-public-1:");
        check("\nredress-public-1:abc", "line 2 holds no 64 hex digits");
        assert_eq!(format!("{private:?}"), format!("PrivateKey({}, ***)", private.id));
    }

    #[test]
    fn a_ring_takes_up_what_its_file_says_now() {
        let folder = std::env::temp_dir().join(format!("redress-ring-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("sealing.pub");
        let (old, new) = (PrivateKey::draw().public(), PrivateKey::draw().public());
        std::fs::write(&file, old.line()).unwrap();
        let ring: Ring<PublicKey> = Ring::read(&file).unwrap();
        std::fs::write(&file, format!("{}\n{}\n", old.line(), new.line())).unwrap();
        ring.state.lock().unwrap().looked_at -= LOOK_AGAIN;
        assert_eq!(ring.newest().id, new.id);
        std::fs::write(&file, "nonsense").unwrap();
        ring.state.lock().unwrap().looked_at -= LOOK_AGAIN;
        assert_eq!(ring.newest().id, new.id, "what cannot be read changes nothing");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

//! Data keys wrapped for a public key (the box of `NaCl`: X25519, XSalsa20-Poly1305).
//!
//! The sender is ephemeral, as in a sealed box, but lives for a minute: agreeing on a secret costs a hundred times what
//! wrapping costs, so both ends do it once a minute and not once a key (ADR 10). A wrapped key is the sender's public
//! half, 24 random bytes and the box. The name of the data key lies inside: under another name it is worth nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crypto_box::SalsaBox;
use crypto_box::aead::Aead as _;
use zeroize::Zeroizing;

use super::{Broken, DataKey, KeyName, random};
use crate::keyring::{PrivateKey, PublicKey};

const LABEL: &[u8] = b"redress.wrapped.v1 ";
const NONCE: usize = 24;

/// How long one sender wraps. Whoever reads this process's memory can open what it wrapped since then.
const SENDER_LIVES: Duration = Duration::from_mins(1);

/// How many senders' secrets a private key remembers.
const REMEMBERED_MAX: usize = 1024;

/// Where a public key keeps the sender of this minute.
#[derive(Default)]
pub(crate) struct CurrentSender(Mutex<Option<Sender>>);

/// Where a private key keeps the secrets it shares with senders, by their public halves.
#[derive(Default)]
pub(crate) struct KnownSenders(Mutex<HashMap<[u8; 32], Arc<SalsaBox>>>);

/// The private half is gone once the secret is agreed on.
struct Sender {
    public: [u8; 32],
    shared: SalsaBox,
    drawn: Instant,
}

impl Sender {
    fn draw(recipient: &crypto_box::PublicKey) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random(bytes.as_mut());
        let secret = crypto_box::SecretKey::from_bytes(*bytes);
        Self {
            public: *secret.public_key().as_bytes(),
            shared: SalsaBox::new(recipient, &secret),
            drawn: Instant::now(),
        }
    }
}

/// Wraps a data key: only the private half of this key opens it.
pub(crate) fn wrap(public: &PublicKey, data: &DataKey) -> Vec<u8> {
    let mut plain = Zeroizing::new(Vec::with_capacity(LABEL.len() + 64));
    plain.extend_from_slice(LABEL);
    plain.extend_from_slice(data.name.as_str().as_bytes());
    plain.extend_from_slice(data.key.as_slice());
    let mut nonce = [0; NONCE];
    random(&mut nonce);
    let mut current = public.sender.0.lock().unwrap_or_else(PoisonError::into_inner);
    let sender = match current.take().filter(|sender| sender.drawn.elapsed() < SENDER_LIVES) {
        Some(sender) => sender,
        None => Sender::draw(&public.key),
    };
    let sender = current.insert(sender);
    let sealed = sender.shared.encrypt(&nonce.into(), plain.as_slice());
    let sealed = sealed.expect("so few bytes are never too many for the cipher");
    [sender.public.as_slice(), &nonce, &sealed].concat()
}

/// Opens what lies under this name.
pub(crate) fn unwrap(private: &PrivateKey, name: &KeyName, wrapped: &[u8]) -> Result<DataKey, Broken> {
    let (sender, rest) = wrapped.split_first_chunk::<32>().ok_or(Broken)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Broken)?;
    let shared = shared_with(private, sender);
    let plain = Zeroizing::new(shared.decrypt(nonce.into(), sealed).map_err(|_| Broken)?);
    let key = plain.strip_prefix(LABEL).and_then(|rest| rest.strip_prefix(name.as_str().as_bytes()));
    let key = key.and_then(|key| <[u8; 32]>::try_from(key).ok()).ok_or(Broken)?;
    Ok(DataKey { name: name.clone(), key: Zeroizing::new(key) })
}

fn shared_with(private: &PrivateKey, sender: &[u8; 32]) -> Arc<SalsaBox> {
    let known = || private.senders.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(shared) = known().get(sender) {
        return Arc::clone(shared);
    }
    let shared = Arc::new(SalsaBox::new(&crypto_box::PublicKey::from(*sender), &private.key));
    let mut known = known();
    if known.len() >= REMEMBERED_MAX {
        known.clear();
    }
    known.insert(*sender, Arc::clone(&shared));
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_opens_under_its_name_with_its_private_half_only() {
        let (private, stranger) = (PrivateKey::draw(), PrivateKey::draw());
        let (data, other) = (DataKey::draw(), DataKey::draw());
        let wrapped = wrap(&private.public(), &data);
        for _ in ["as a stranger", "as one known"] {
            assert_eq!(unwrap(&private, &data.name, &wrapped).unwrap().key, data.key);
            assert!(unwrap(&private, &other.name, &wrapped).is_err());
            assert!(unwrap(&stranger, &data.name, &wrapped).is_err());
        }
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(unwrap(&private, &data.name, &changed).is_err(), "byte {at}");
            assert!(unwrap(&private, &data.name, &wrapped[..at]).is_err(), "first {at} bytes");
        }
    }

    #[test]
    fn a_sender_lives_for_a_minute() {
        let (private, data) = (PrivateKey::draw(), DataKey::draw());
        let public = private.public();
        let first = wrap(&public, &data);
        let second = wrap(&public.clone(), &data);
        assert_eq!(first[..32], second[..32], "copies of a key share its sender");
        assert_ne!(first[32..], second[32..]);
        public.sender.0.lock().unwrap().as_mut().unwrap().drawn -= SENDER_LIVES;
        let third = wrap(&public, &data);
        assert_ne!(first[..32], third[..32]);
        for wrapped in [first, second, third] {
            assert_eq!(unwrap(&private, &data.name, &wrapped).unwrap().key, data.key);
        }
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let (private, data) = (PrivateKey::draw(), DataKey::draw());
        let wrapped = wrap(&private.public(), &data);
        for sender in 0..=REMEMBERED_MAX {
            let mut forged = wrapped.clone();
            forged[..8].copy_from_slice(&sender.to_le_bytes());
            assert!(unwrap(&private, &data.name, &forged).is_err());
        }
        assert!(private.senders.0.lock().unwrap().len() <= REMEMBERED_MAX);
        assert!(unwrap(&private, &data.name, &wrapped).is_ok());
    }
}

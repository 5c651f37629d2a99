//! Rotation: every data key wrapped for the newest pair, one after the other, while everything runs.
//!
//! The new entry is written before the old one is destroyed, and a data key that somebody destroys in between stays
//! destroyed. Whatever is left undone by a crash, the next pass does.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _};
use redress_bus::{KvError, ReadError, Stored};
use redress_contract::subject::name;

use crate::data_keys::{Found, entry, parse_entry};
use crate::keyring::{PrivateKey, PublicKey};
use crate::seal::DataKey;
use crate::seal::wrap::{unwrap, wrap};
use crate::{OpenError, Vault};

/// How many data keys are worked on at once.
const AT_ONCE: usize = 64;

/// What one pass over the bucket found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pass {
    /// Wrapped for the newest pair before.
    pub newest: u64,
    /// Wrapped for it now.
    pub rewrapped: u64,
    /// Wrapped for a pair whose private half is not here, or broken.
    pub left: u64,
}

/// A pass that was broken off; the next one goes on.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The bucket cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The bucket cannot be written.
    #[error(transparent)]
    Write(#[from] KvError),
    /// A data key cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// The pairs of a rotation.
struct Pairs {
    vault: Vec<PrivateKey>,
    status: Vec<PublicKey>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Became {
    Newest,
    Rewrapped,
    Left,
    /// No data key: a mark.
    Other,
}

impl Vault {
    /// Wraps every data key for the newest pairs and destroys what was wrapped for older ones.
    ///
    /// # Errors
    /// [`RotateError`]; doing it again goes on.
    pub async fn rewrap(&self) -> Result<Pass, RotateError> {
        let vault = self.seals.opens.as_ref().map(|ring| ring.keys().to_vec()).unwrap_or_default();
        let status =
            self.seals.makes_for_status.as_ref().map(|ring| ring.keys().to_vec()).unwrap_or_default();
        let pairs = Pairs { vault, status };
        let entries = self.data_keys().scan().await?;
        let mut done = entries
            .map(|stored| async {
                let stored = stored?;
                self.rewrap_one(&pairs, &stored).await
            })
            .buffer_unordered(AT_ONCE);
        let mut pass = Pass::default();
        while let Some(became) = done.try_next().await? {
            match became {
                Became::Newest => pass.newest += 1,
                Became::Rewrapped => pass.rewrapped += 1,
                Became::Left => pass.left += 1,
                Became::Other => {}
            }
        }
        Ok(pass)
    }

    /// How many data keys are wrapped for which pair.
    ///
    /// # Errors
    /// [`ReadError`] when the bucket cannot be read.
    pub async fn wrapped_for(&self) -> Result<BTreeMap<String, u64>, ReadError> {
        let stream = format!("KV_{}", name::KEYS);
        let mut scan = self.bus.scan(&stream, ">", 1).await?;
        let mut counts = BTreeMap::new();
        while let Some(stored) = scan.try_next().await? {
            if let Some((_, pair)) = self.data_keys().key_of(&stored).and_then(parse_entry) {
                *counts.entry(pair.to_owned()).or_default() += 1;
            }
        }
        Ok(counts)
    }

    async fn rewrap_one(&self, pairs: &Pairs, stored: &Stored) -> Result<Became, RotateError> {
        let bucket = self.data_keys();
        let Some((name, pair)) = bucket.key_of(stored).and_then(parse_entry) else {
            return Ok(Became::Other);
        };
        let newest = pairs.vault.last().map(PrivateKey::public);
        let is = |public: Option<&PublicKey>| public.is_some_and(|public| public.id.as_str() == pair);
        if is(newest.as_ref()) || is(pairs.status.last()) {
            return Ok(Became::Newest);
        }
        let old = pairs.vault.iter().find(|private| private.id.as_str() == pair);
        let (data, target) = match (old, newest) {
            (Some(old), Some(newest)) => match unwrap(old, &name, &stored.body) {
                Ok(data) => (data, newest),
                Err(_) => return Ok(Became::Left),
            },
            _ if pairs.status.iter().any(|public| public.id.as_str() == pair) => {
                match (self.data_key(&name, "a data key").await?, pairs.status.last()) {
                    (Found::Key(data), Some(newest)) => (data, newest.clone()),
                    _ => return Ok(Became::Left),
                }
            }
            _ => return Ok(Became::Left),
        };
        self.replace(stored, &data, &target).await?;
        Ok(Became::Rewrapped)
    }

    async fn replace(&self, old: &Stored, data: &DataKey, target: &PublicKey) -> Result<(), RotateError> {
        let bucket = self.data_keys();
        bucket.create(&entry(&data.name, target), wrap(target, data).into()).await?;
        if self.is_destroyed(&data.name).await? {
            self.remove_key(&data.name).await?;
        } else {
            // Gone already when another rotation was quicker: the new entry stands, whoever wrote it.
            bucket.erase(old.seq).await?;
        }
        Ok(())
    }
}

//! Personal data, sealed at rest, opened at one door, erasable.
//!
//! In: contacts, free text, communications. Out: the same, to whoever holds the door's key. Nobody else reads or
//! writes INTAKE, CONTENT, OUTBOX or the bucket `blobs`.
//!
//! Reading order: [`contact`] (contacts and their raw bytes), [`files`] (what is uploaded with them), [`content`] (notes, reasons), [`outbox`]
//! (communications); then how they are sealed: `seal` (pure), [`keyring`] (sealing keys and their files), [`seals`] (what
//! this process can do), [`data_keys`] (the bucket of wrapped keys), `message` (sealing and opening a message), [`rotate`]
//! (wrapping data keys anew), [`erase`], [`sweep`]; and [`secret`] (the installation's own secrets).

pub mod contact;
pub mod content;
pub mod data_keys;
pub mod erase;
pub mod files;
pub mod keyring;
pub mod outbox;
pub mod rotate;
pub mod seals;
pub mod secret;
pub mod sweep;

mod message;
mod seal;

use std::sync::Arc;
use std::time::Duration;

use redress_bus::{Bus, Failure, KvError, PublishError, ReadError};
use redress_identity::Keys;
use redress_runtime::recent::Recent;

pub use contact::OpenFileError;
pub use files::{FileError, Files, StoredFile};
pub use keyring::{KeyFileError, KeyId, PrivateKey, PublicKey, Ring};
use seal::DataKey;
pub use seal::KeyName;
pub use seals::Seals;

/// The door. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Vault {
    bus: Bus,
    keys: Arc<Keys>,
    seals: Seals,
    drawn: Arc<Recent<KeyName, DataKey>>,
}

/// How many data keys of this process's own communications are remembered, and for how long.
const DRAWN_MAX: usize = 4096;
const DRAWN_LIVES: Duration = Duration::from_mins(1);

/// Personal content that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The broker did not take it in time; putting it again is safe.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The broker did not take its data key; putting it again is safe.
    #[error(transparent)]
    Key(#[from] KvError),
    /// This process cannot seal.
    #[error("seal it: this process holds no public sealing key ([keys] public_file)")]
    NoPublicKey,
    /// Somebody wrote a data key under a name that was drawn at random; putting it again draws another.
    #[error("seal it: the name of its data key was taken")]
    KeyTaken,
    /// It is larger than a message may be, even with its large parts in blobs.
    #[error("store {what}: {size} bytes are more than the {limit} a message may have")]
    TooLarge {
        /// What.
        what: String,
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// It took so long that the sweep may have taken its first files; putting all of it again is safe.
    #[error("store it: its files were begun too long ago")]
    TooLate,
    /// What lies there already could not be read to compare.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Personal content that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The broker did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The broker did not answer for its data key.
    #[error(transparent)]
    Key(#[from] KvError),
    /// The key is not here: our settings are at fault, not what is sealed.
    #[error("open {what}: {problem}")]
    Locked {
        /// What.
        what: String,
        /// Which key, and which are here.
        problem: String,
    },
    /// It is there but is not what it should be.
    #[error("open {what}: {problem}")]
    Broken {
        /// What.
        what: String,
        /// What is wrong, without personal data.
        problem: String,
    },
}

impl OpenError {
    /// How handling a message fails that meets this: only what is broken in itself becomes a dead letter.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Read(_) | Self::Key(_) => Failure::retry(self),
            Self::Locked { .. } => Failure::blocked(self),
            Self::Broken { .. } => Failure::reject(self),
        }
    }
}

impl Vault {
    /// The door over this broker connection, with the installation's identity keys and the sealing keys at hand.
    pub fn new(bus: Bus, keys: Arc<Keys>, seals: Seals) -> Self {
        Self { bus, keys, seals, drawn: Arc::new(Recent::new(DRAWN_MAX, DRAWN_LIVES)) }
    }

    /// The same door for a channel: it puts things in and opens nothing.
    #[must_use]
    pub fn for_channels(&self) -> Self {
        Self { seals: self.seals.only_making(), ..self.clone() }
    }

    /// The same door for the status page: it opens what goes to the complainant, puts nothing in, and shares no key with
    /// this one. None without the status page's private key.
    pub fn for_status_page(&self) -> Option<Self> {
        let seals = self.seals.only_status()?;
        Some(Self::new(self.bus.clone(), Arc::clone(&self.keys), seals))
    }

    /// The broker connection.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The installation's identity keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }
}

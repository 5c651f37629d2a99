//! Personal data, sealed at rest, opened at one door, erasable.
//!
//! In: contacts, free text, communications. Out: the same, to whoever holds the door's key. Nobody else reads or
//! writes INTAKE, CONTENT, OUTBOX or the bucket `blobs`.
//!
//! Reading order: [`contact`] (contacts and their raw bytes), [`content`] (notes, reasons), [`outbox`]
//! (communications).

pub mod contact;
pub mod content;
pub mod outbox;

use std::sync::Arc;

use redress_bus::{Bus, PublishError, ReadError};
use redress_identity::Keys;

/// The door. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Vault {
    bus: Bus,
    keys: Arc<Keys>,
}

/// Personal content that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The broker did not take it in time; putting it again is safe.
    #[error(transparent)]
    Publish(#[from] PublishError),
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
    /// It is there but is not what it should be.
    #[error("open {what}: {problem}")]
    Broken {
        /// What.
        what: String,
        /// What is wrong, without personal data.
        problem: String,
    },
}

impl Vault {
    /// The door over this broker connection, with the installation's keys.
    pub fn new(bus: Bus, keys: Arc<Keys>) -> Self {
        Self { bus, keys }
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

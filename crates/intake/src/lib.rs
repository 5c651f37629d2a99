//! The one door through which every contact enters.
//!
//! In: a normalised contact and its raw bytes. Out: proof that it is on record, once. Only this crate publishes to
//! INTAKE. Also here: [`references`], since the public form promises one before it publishes.

pub mod references;

use bytes::Bytes;
use redress_contract::{Contact, ContactId};
use redress_runtime::Clock;
use redress_vault::{PutError, Vault};

/// The door. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    vault: Vault,
    clock: Clock,
}

/// Proof that a contact is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The contact.
    pub contact_id: ContactId,
    /// True when it was on record before.
    pub already_recorded: bool,
}

/// A contact that is not on record (or nobody could say so in time): the channel must not say yes.
#[derive(Debug, thiserror::Error)]
#[error("record contact {contact_id}")]
pub struct IntakeError {
    /// The contact.
    pub contact_id: ContactId,
    /// Why.
    pub source: PutError,
}

impl Intake {
    /// The door over this vault.
    pub fn new(vault: Vault, clock: Clock) -> Self {
        Self { vault, clock }
    }

    /// The vault behind it.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Records a contact: returns only when the broker has it. `contact.recorded_at` is set here. Recording the same
    /// contact again is harmless. `files`: see [`Vault::put_contact`].
    ///
    /// # Errors
    /// [`IntakeError`]: say no (or nothing) to the outside and come again.
    pub async fn record(
        &self,
        contact: Contact,
        raw: Bytes,
        files: Vec<(usize, Bytes)>,
    ) -> Result<Receipt, IntakeError> {
        let _ = (contact, raw, files);
        todo!()
    }
}

//! The one door through which every contact enters.
//!
//! In: a normalised contact and its raw bytes. Out: proof that it is on record, once. Only this crate publishes to
//! INTAKE. Also here: [`references`], since the public form promises one before it publishes, [`health`] (how an account that is read fares), and [`language`], which every
//! channel tells in the same way.

pub mod health;
pub mod language;
pub mod references;

use bytes::Bytes;
use redress_bus::{Headers, ReadError};
use redress_contract::subject::{self, name};
use redress_contract::{Channel, Commit, Contact, ContactId};
use redress_runtime::{Clock, fault};
use redress_vault::Vault;
use tracing::debug;

pub use redress_vault::{FileError, Files, PutError, StoredFile};

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
    /// contact again is harmless.
    ///
    /// # Errors
    /// [`IntakeError`]: say no (or nothing) to the outside and come again.
    pub async fn record(&self, contact: Contact, raw: Bytes) -> Result<Receipt, IntakeError> {
        self.record_with(contact, raw, Headers::new()).await
    }

    /// As [`record`](Self::record), with headers of the channel's own (a digest to compare a repeat with).
    ///
    /// # Errors
    /// [`IntakeError`] as above.
    pub async fn record_with(
        &self,
        contact: Contact,
        raw: Bytes,
        headers: Headers,
    ) -> Result<Receipt, IntakeError> {
        self.record_with_files(contact, raw, self.begin_files(), headers).await
    }

    /// Begins to take in the files of one contact, while they come. To give up, drop it: what was stored is swept.
    pub fn begin_files(&self) -> Files {
        self.vault.begin_files(self.clock.now())
    }

    /// As [`record_with`](Self::record_with), with files that were put already: `contact.attachments` names the blob
    /// that each of them got. Where the contact is on record already it stays as it is, and these files are left to
    /// the sweep.
    ///
    /// # Errors
    /// [`IntakeError`] as above; the files are to be put again, too.
    pub async fn record_with_files(
        &self,
        mut contact: Contact,
        raw: Bytes,
        files: Files,
        mut headers: Headers,
    ) -> Result<Receipt, IntakeError> {
        let contact_id = contact.id.clone();
        let channel = contact.channel.token();
        contact.recorded_at = self.clock.now();
        headers.push(("traceparent".to_owned(), traceparent(&contact_id)));
        // A contact is large, and so is all that waits with it.
        match Box::pin(self.vault.put_contact_with(contact, raw, files, headers)).await {
            Ok(published) => {
                fault::point("intake::recorded");
                let outcome = if published.new { "recorded" } else { "already_recorded" };
                metrics::counter!("redress_intake_contacts_total", "channel" => channel, "outcome" => outcome)
                    .increment(1);
                debug!(contact.id = %contact_id, channel, "Contact {contact_id} is on record");
                Ok(Receipt { contact_id, already_recorded: !published.new })
            }
            Err(source) => {
                metrics::counter!("redress_intake_failures_total", "channel" => channel).increment(1);
                Err(IntakeError { contact_id, source })
            }
        }
    }

    /// The headers a contact was recorded with, read without opening it (a channel cannot). None when no replica
    /// that answered has it yet.
    ///
    /// # Errors
    /// [`ReadError`] when the broker does not answer.
    pub async fn recorded_headers(
        &self,
        channel: Channel,
        contact: &ContactId,
    ) -> Result<Option<Headers>, ReadError> {
        let stored = self.vault.bus().last(name::INTAKE, &subject::intake(channel, contact)).await?;
        Ok(stored.map(|message| message.headers))
    }
}

/// The W3C trace context of everything a contact sets off, derived from its id so that a repeat continues the same trace.
pub fn traceparent(contact: &ContactId) -> String {
    let digest = Commit::hash(contact.as_str().as_bytes());
    format!("00-{}-{}-01", &digest[..32], &digest[32..48])
}

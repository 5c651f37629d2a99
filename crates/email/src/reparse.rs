//! Mails that could not be read, read again after a fix: each becomes a contact that names the first.
//!
//! The first contact stays as it is, with its clock; router links the second to the same complaint. The second's id is made
//! from the mail and from what was read of it, so the same reading is recorded once, and a better one later beside it.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use redress_bus::ReadError;
use redress_contract::subject::name;
use redress_contract::{Contact, ContactId, ParseStatus};
use redress_intake::{Intake, IntakeError};
use redress_vault::{OpenError, Vault};

use crate::config::Config;
use crate::normalize::{Envelope, again};

/// What became of a contact that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is read now, as this contact.
    Recorded(ContactId),
    /// It was read so before, as this contact.
    Known(ContactId),
    /// It still cannot be read.
    Failed,
    /// Its raw bytes were erased.
    Erased,
}

/// A contact that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reread {
    /// The contact.
    pub first: ContactId,
    /// What became of it.
    pub outcome: Outcome,
}

/// Reading again ended early; what was recorded until then stays.
#[derive(Debug, thiserror::Error)]
pub enum ReparseError {
    /// The contacts on record could not be read through.
    #[error("read the contacts on record")]
    Read(#[from] ReadError),
    /// A contact or its raw bytes could not be opened.
    #[error("open a contact")]
    Open(#[from] OpenError),
    /// The second contact is not on record.
    #[error(transparent)]
    Record(#[from] IntakeError),
}

/// Reads mails again: those named, or where none is named, all whose contact says that it could not be read. `vault` opens
/// what is on record, `intake` takes what is read.
///
/// # Errors
/// [`ReparseError`]; doing it again is safe.
pub async fn reparse(
    vault: &Vault,
    intake: &Intake,
    config: &Config,
    only: &BTreeSet<ContactId>,
) -> Result<Vec<Reread>, ReparseError> {
    let mut looked_at = Vec::new();
    let mut stored = vault.bus().scan(name::INTAKE, "intake.email.*", 1).await?;
    while let Some(message) = stored.next().await {
        let message = message?;
        let opened = vault.open_contact(&message.subject, &message.headers, &message.body).await?;
        let Some(first) = opened.filter(|contact| is_asked(contact, only)) else { continue };
        let outcome = match vault.raw(&first).await? {
            Some(raw) => reread(&first, raw, intake, config).await?,
            None => Outcome::Erased,
        };
        looked_at.push(Reread { first: first.id, outcome });
    }
    Ok(looked_at)
}

/// What was read again is not read a third time: its first is.
fn is_asked(contact: &Contact, only: &BTreeSet<ContactId>) -> bool {
    let named = if only.is_empty() {
        contact.parse_status == ParseStatus::Failed
    } else {
        only.contains(&contact.id)
    };
    named && contact.reparses.is_none()
}

async fn reread(
    first: &Contact,
    raw: bytes::Bytes,
    intake: &Intake,
    config: &Config,
) -> Result<Outcome, IntakeError> {
    let envelope = Envelope {
        account: &first.account,
        received_at: first.received_at,
        own_addresses: &config.own_addresses,
        keys: intake.vault().keys(),
        trust: &config.trust(&first.account),
        // What was checked when it came is known better than it could be found out now.
        verified: first.sender_verdict.as_ref(),
        limits: &config.limits,
        whole: None,
        sent: false,
    };
    let second = again(&raw, &envelope, first);
    if second.parse_status == ParseStatus::Failed {
        return Ok(Outcome::Failed);
    }
    let receipt = intake.record(second, raw).await?;
    let id = receipt.contact_id;
    Ok(if receipt.already_recorded { Outcome::Known(id) } else { Outcome::Recorded(id) })
}

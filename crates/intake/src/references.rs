//! References: claimed once each in the bucket `references`, first for a contact, then for its complaint.

use bytes::Bytes;
use redress_bus::{Created, Kv, KvError};
use redress_contract::subject::name;
use redress_contract::{ComplaintId, ContactId, Reference};
use redress_vault::Vault;
use serde::{Deserialize, Serialize};

/// Candidates tried before giving up; with 32⁷ references two contacts meet at most a few times.
const CANDIDATES_MAX: u32 = 32;

/// What a reference stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The contact it was promised to.
    pub contact_id: ContactId,
    /// The complaint, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint_id: Option<ComplaintId>,
}

/// Claims the first free reference of a contact; a repeat finds its own. `complaint` is written along when known.
///
/// # Errors
/// [`KvError`] when the broker does not answer.
pub async fn claim(
    vault: &Vault,
    contact: &ContactId,
    complaint: Option<&ComplaintId>,
) -> Result<Reference, KvError> {
    let claim = Claim { contact_id: contact.clone(), complaint_id: complaint.cloned() };
    let bucket = bucket(vault);
    for n in 0..CANDIDATES_MAX {
        let reference = vault.keys().reference(contact, n);
        match bucket.create(reference.as_str(), encode(&claim)).await? {
            Created::New => return Ok(reference),
            Created::Exists(value) if read(&value).is_some_and(|there| there.contact_id == *contact) => {
                return Ok(reference);
            }
            Created::Exists(_) => {}
        }
    }
    Err(KvError::Failed {
        act: "claim in",
        bucket: name::REFERENCES.to_owned(),
        key: contact.to_string(),
        problem: format!("none of {CANDIDATES_MAX} references is free"),
    })
}

/// What a reference stands for; none when nobody claimed it.
///
/// # Errors
/// [`KvError`] when the broker does not answer.
pub async fn look_up(vault: &Vault, reference: &Reference) -> Result<Option<Claim>, KvError> {
    let found = bucket(vault).get(reference.as_str()).await?;
    Ok(found.and_then(|(value, _)| read(&value)))
}

/// As [`look_up`], never behind: for a reference that was claimed a moment ago.
///
/// # Errors
/// [`KvError`] when the broker does not answer.
pub async fn look_up_at_leader(vault: &Vault, reference: &Reference) -> Result<Option<Claim>, KvError> {
    let found = bucket(vault).get_at_leader(reference.as_str()).await?;
    Ok(found.and_then(|(value, _)| read(&value)))
}

/// Writes the complaint of a claimed reference; harmless when it stands already.
///
/// # Errors
/// [`KvError`] when the broker does not answer, or somebody else writes it at the same moment.
pub async fn settle(vault: &Vault, reference: &Reference, complaint: &ComplaintId) -> Result<(), KvError> {
    let bucket = bucket(vault);
    // A replica that is behind would say that nobody claimed it.
    let Some((value, revision)) = bucket.get_at_leader(reference.as_str()).await? else { return Ok(()) };
    match read(&value) {
        Some(claim) if claim.complaint_id.as_ref() != Some(complaint) => {
            let settled = Claim { complaint_id: Some(complaint.clone()), ..claim };
            bucket.update(reference.as_str(), encode(&settled), revision).await?;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn bucket(vault: &Vault) -> Kv {
    vault.bus().kv(name::REFERENCES)
}

fn encode(claim: &Claim) -> Bytes {
    serde_json::to_vec(claim).expect("two ids always become JSON").into()
}

fn read(value: &[u8]) -> Option<Claim> {
    serde_json::from_slice(value).ok()
}

//! References: claimed once each in the bucket `references`, first for a contact, then for its complaint.

use redress_bus::KvError;
use redress_contract::{ComplaintId, ContactId, Reference};
use redress_vault::Vault;

/// What a reference stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The contact it was promised to.
    pub contact_id: ContactId,
    /// The complaint, once it is known.
    pub complaint_id: Option<ComplaintId>,
}

/// Claims the first free reference of a contact; a repeat finds its own. `complaint` is written along when known.
pub async fn claim(
    vault: &Vault,
    contact: &ContactId,
    complaint: Option<&ComplaintId>,
) -> Result<Reference, KvError> {
    let _ = (vault, contact, complaint);
    todo!()
}

/// What a reference stands for; none when nobody claimed it.
pub async fn look_up(vault: &Vault, reference: &Reference) -> Result<Option<Claim>, KvError> {
    let _ = (vault, reference);
    todo!()
}

/// Writes the complaint of a claimed reference; harmless when it stands already.
pub async fn settle(vault: &Vault, reference: &Reference, complaint: &ComplaintId) -> Result<(), KvError> {
    let _ = (vault, reference, complaint);
    todo!()
}

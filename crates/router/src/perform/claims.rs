//! The bucket `correlation`: the root of a thread, which is claimed, and the other keys, which are plain writes.

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _, try_join_all};
use redress_bus::{Created, Kv};
use redress_contract::subject::name;
use redress_contract::{ComplaintId, ContactId};
use redress_intake::references;
use serde::{Deserialize, Serialize};

use super::{Case, RouteError, Router};
use crate::plan::{Claimed, Origin, machine_of};

/// Value of a `thread.` key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claim {
    pub(super) complaint: ComplaintId,
    pub(super) contact: ContactId,
    /// Digest of the text, when the contact claimed the root by its own id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) text: String,
}

/// Reads a claim.
pub(super) fn read(key: &str, value: &[u8]) -> Result<Claim, RouteError> {
    serde_json::from_slice(value).map_err(|_| RouteError::BrokenClaim { key: key.to_owned() })
}

/// The key by which a party's contacts are found.
pub(super) fn party_key(party: &str, contact: &ContactId) -> String {
    format!("party.{party}.{contact}")
}

impl Router {
    pub(super) fn correlation(&self) -> Kv {
        self.ledger.vault().bus().kv(name::CORRELATION)
    }

    /// Claims the root of the thread for a complaint; answers who had claimed it before.
    pub(super) async fn claim_root(
        &self,
        case: &Case,
        complaint: &ComplaintId,
    ) -> Result<Option<Claimed>, RouteError> {
        match &case.clues.root {
            Some(root) => self.claim(case, &root.key, complaint).await,
            None => Ok(None),
        }
    }

    /// Claims the root for this very text.
    pub(super) async fn claim_text_root(
        &self,
        case: &Case,
        complaint: &ComplaintId,
    ) -> Result<Option<Claimed>, RouteError> {
        match &case.clues.root {
            Some(root) => self.claim(case, &root.text_key, complaint).await,
            None => Ok(None),
        }
    }

    async fn claim(
        &self,
        case: &Case,
        key: &str,
        complaint: &ComplaintId,
    ) -> Result<Option<Claimed>, RouteError> {
        match self.correlation().create(key, claim_of(case, complaint)).await? {
            Created::New => Ok(None),
            Created::Exists(value) => {
                let claim = read(key, &value)?;
                let found = self.found(&case.clues, &claim.complaint).await?;
                Ok(Some(Claimed { contact: claim.contact, text: claim.text, found }))
            }
        }
    }

    /// Writes what later contacts are found by, all at once; what stands already is left.
    pub(super) async fn keep_keys(&self, case: &Case, complaint: &ComplaintId) -> Result<(), RouteError> {
        let bucket = self.correlation();
        let clues = &case.clues;
        let mut writes: Vec<BoxFuture<'_, Result<(), RouteError>>> = Vec::new();
        if !clues.party.is_empty() && machine_of(&case.contact).is_unspecified() {
            let keys = clues.orders.iter().map(|order| format!("{order}.{}", case.contact.id));
            for key in keys.chain([party_key(&clues.party, &case.contact.id)]) {
                let bucket = &bucket;
                let value = Bytes::from(complaint.to_string());
                writes.push(async move { Ok(bucket.put(&key, value).await.map(|_| ())?) }.boxed());
            }
        }
        // A thread that was entered by a token or a part has no claimed root yet.
        let unclaimed_root =
            clues.root.as_ref().filter(|_| !clues.tokens.is_empty() || clues.belongs_with.is_some());
        for key in clues.own_key.iter().chain(unclaimed_root.map(|root| &root.key)) {
            let bucket = &bucket;
            writes.push(
                async move { Ok(bucket.create(key, claim_of(case, complaint)).await.map(|_| ())?) }.boxed(),
            );
        }
        if let Some(promised) = &case.contact.reference {
            let vault = self.ledger.vault();
            writes.push(async move { Ok(references::settle(vault, promised, complaint).await?) }.boxed());
        }
        try_join_all(writes).await?;
        Ok(())
    }
}

fn claim_of(case: &Case, complaint: &ComplaintId) -> Bytes {
    let by_own_id = case.clues.root.as_ref().is_some_and(|root| root.origin == Origin::OwnMessage);
    let claim = Claim {
        complaint: complaint.clone(),
        contact: case.contact.id.clone(),
        text: if by_own_id { case.clues.text.clone() } else { String::new() },
    };
    Bytes::from(serde_json::to_vec(&claim).expect("a claim is plain data and always becomes JSON"))
}

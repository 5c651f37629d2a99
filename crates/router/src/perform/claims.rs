//! The bucket `correlation`: the root of a thread, which is claimed, and the other keys, which are plain writes.

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _, try_join_all};
use redress_bus::{Created, Kv};
use redress_contract::ComplaintId;
use redress_contract::subject::name;
use redress_intake::references;

use super::{Case, RouteError, Router};
use crate::plan::{Claim, Claimed, Kept, kept};

/// Reads a claim.
pub(super) fn read(key: &str, value: &[u8]) -> Result<Claim, RouteError> {
    Claim::read(value).ok_or_else(|| RouteError::BrokenClaim { key: key.to_owned() })
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
        match self.correlation().create(key, Claim::of(&case.clues, complaint).bytes()).await? {
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
        let bucket = &self.correlation();
        let claim = Claim::of(&case.clues, complaint).bytes();
        let mut writes: Vec<BoxFuture<'_, Result<(), RouteError>>> = Vec::new();
        for kept in kept(&case.contact, &case.clues) {
            let (named, claim) = (Bytes::from(complaint.to_string()), claim.clone());
            writes.push(match kept {
                Kept::Put(key) => async move { Ok(bucket.put(&key, named).await.map(|_| ())?) }.boxed(),
                Kept::Claim(key) => async move { Ok(bucket.create(&key, claim).await.map(|_| ())?) }.boxed(),
            });
        }
        if let Some(promised) = &case.contact.reference {
            let vault = self.ledger.vault();
            writes.push(async move { Ok(references::settle(vault, promised, complaint).await?) }.boxed());
        }
        try_join_all(writes).await?;
        Ok(())
    }
}

//! A lease by which one replica of several does something. It saves work; nothing may depend on there being only one.
//!
//! Clocks of replicas need not agree: the holder writes the key again and again, and who sees the same revision for
//! a whole lease takes it over, by compare and set.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use bytes::Bytes;
use redress_contract::subject::name::LEASES;
use tokio::time::Instant;

use crate::{Bus, Created, Kv, KvError};

/// One replica's view of a lease.
pub struct Lease {
    kv: Kv,
    key: String,
    owner: String,
    length: Duration,
    seen: Option<Seen>,
}

/// Whose lease was seen, at which revision, since when.
struct Seen {
    owner: Bytes,
    revision: u64,
    since: Instant,
}

impl Lease {
    /// The lease of this name; whoever falls silent for `length` loses it.
    pub fn new(bus: &Bus, key: &str, length: Duration) -> Self {
        // Randomly seeded by the standard library; only has to differ between replicas.
        let owner = format!("{:016x}", RandomState::new().build_hasher().finish());
        Self { kv: bus.kv(LEASES), key: key.to_owned(), owner, length, seen: None }
    }

    /// How often to ask: three times before it would be lost.
    pub fn beat(&self) -> Duration {
        self.length / 3
    }

    /// Takes or renews the lease; false while another replica holds it.
    ///
    /// # Errors
    /// [`KvError`] when the broker does not answer.
    pub async fn hold(&mut self) -> Result<bool, KvError> {
        let Some((owner, revision)) = self.kv.get(&self.key).await? else {
            return self.create().await;
        };
        let fresh = match &self.seen {
            Some(seen) if seen.owner == owner && seen.revision == revision => {
                seen.since.elapsed() < self.length
            }
            _ => true,
        };
        if owner != self.owner && !owner.is_empty() && fresh {
            self.see(owner, revision);
            return Ok(false);
        }
        self.write(self.owner.clone(), revision).await
    }

    /// Lets another replica take it at once.
    pub async fn release(&mut self) {
        if let Ok(Some((owner, revision))) = self.kv.get(&self.key).await
            && owner == self.owner
        {
            // Whoever wrote in between has it; if this write is lost, the lease runs out by itself.
            let _ = self.write(String::new(), revision).await;
        }
    }

    async fn create(&mut self) -> Result<bool, KvError> {
        match self.kv.create(&self.key, Bytes::from(self.owner.clone())).await? {
            Created::New => Ok(true),
            Created::Exists(owner) => Ok(owner == self.owner),
        }
    }

    async fn write(&mut self, owner: String, revision: u64) -> Result<bool, KvError> {
        match self.kv.update(&self.key, Bytes::from(owner), revision).await {
            Ok(_) => Ok(true),
            Err(KvError::Conflict { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    fn see(&mut self, owner: Bytes, revision: u64) {
        let known = matches!(&self.seen, Some(seen) if seen.owner == owner && seen.revision == revision);
        if !known {
            self.seen = Some(Seen { owner, revision, since: Instant::now() });
        }
    }
}

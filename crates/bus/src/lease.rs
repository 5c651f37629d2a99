//! A lease by which one replica of several does something. It saves work; nothing may depend on there being only one.
//!
//! Clocks of replicas need not agree: the holder writes the key again and again, and who sees the same revision for
//! a whole lease takes it over, by compare and set. Whoever finds that the holder was a process of this machine that has
//! ended does not wait for that.

mod owner;

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
    held: bool,
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
        let (kv, owner) = (bus.kv(LEASES), owner::draw());
        Self { kv, key: key.to_owned(), owner, length, seen: None, held: false }
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
        self.held = self.try_hold().await?;
        Ok(self.held)
    }

    async fn try_hold(&mut self) -> Result<bool, KvError> {
        let Some((owner, revision)) = self.kv.get(&self.key).await? else {
            return self.create().await;
        };
        let fresh = match &self.seen {
            Some(seen) if seen.owner == owner && seen.revision == revision => {
                seen.since.elapsed() < self.length
            }
            _ => true,
        };
        if owner != self.owner && !owner.is_empty() && fresh && !owner::has_ended(&owner) {
            self.see(owner, revision);
            return Ok(false);
        }
        self.write(self.owner.clone(), revision).await
    }

    /// Lets another replica take it at once.
    pub async fn release(&mut self) {
        self.held = false;
        let_go(&self.kv, &self.key, &self.owner).await;
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

/// Whoever wrote in between has it; if this write is lost, the lease runs out by itself.
async fn let_go(kv: &Kv, key: &str, owner: &str) {
    if let Ok(Some((holder, revision))) = kv.get(key).await
        && holder == owner
    {
        let _ = kv.update(key, Bytes::new(), revision).await;
    }
}

impl Drop for Lease {
    /// Whoever is cut off where it stands lets another take it at once, too, if there is still time for that.
    fn drop(&mut self) {
        if !self.held {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (kv, key, owner) = (self.kv.clone(), self.key.clone(), self.owner.clone());
            runtime.spawn(async move { let_go(&kv, &key, &owner).await });
        }
    }
}

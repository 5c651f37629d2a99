//! Telephone calls: what comes to one complaint is found by the call, in whatever order it arrives.
//!
//! Each entry is noted below its call before anything else is looked at, and whoever opens a complaint for the call looks
//! for entries only after its root was claimed: of two that arrive at once, at least one sees the other. A call without words
//! waits (bucket `limits`), and is decided by all that is known of it then.

use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use redress_bus::Delivery;
use redress_bus::failure::chain;
use redress_contract::contact::Call;
use redress_contract::subject::name;
use redress_contract::{Cause, Contact, ContactId};
use redress_runtime::Shutdown;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Case, RouteError, Router};
use crate::plan::{self, Noted, calls};

/// How often it is looked which calls have waited long enough.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Entries of one call that are brought together; no call has as many legs.
const ENTRIES_MAX: usize = 500;

/// The decision about a call that waits.
#[derive(Serialize, Deserialize)]
struct Waits {
    #[serde(flatten)]
    noted: Noted,
    until: Timestamp,
}

impl Router {
    /// Brings an entry about a call to the call's complaint, lets it open one, or lets it wait.
    pub(super) async fn route_call(&self, case: Case, delivery: &Delivery) -> Result<(), RouteError> {
        let Some(call) = calls::call(&case.contact).cloned() else { return Ok(()) };
        self.note(&call, &case.contact).await?;
        if self.is_claimed(&case).await? {
            return self.settle(case, Some(delivery)).await;
        }
        if calls::has_words(&case.contact) || self.config.call_wait.is_zero() {
            return Box::pin(self.decide_call(&call, &case.contact)).await;
        }
        let until = self.clock.now() + self.config.call_wait;
        let waits = Waits { noted: Noted { channel: case.contact.channel }, until };
        let waits = serde_json::to_vec(&waits).expect("plain data always becomes JSON");
        self.waiting().put(&calls::waiting_key(&case.contact.id), Bytes::from(waits)).await?;
        metrics::counter!("redress_router_calls_total", "outcome" => "waits").increment(1);
        Ok(())
    }

    /// Decides by all that is known of a call, and brings everything about it to its complaint, when it has one.
    async fn decide_call(&self, call: &Call, about: &Contact) -> Result<(), RouteError> {
        let entries = self.entries(call, about).await?;
        let claimed = match self.case_of(about.clone()) {
            case if self.is_claimed(&case).await? => Some(about.clone()),
            _ => {
                let rules = self.ledger.rules();
                calls::opener(&entries, |facts| rules.route(facts).opens).cloned()
            }
        };
        let Some(first) = claimed else {
            metrics::counter!("redress_router_calls_total", "outcome" => "left").increment(1);
            return Ok(());
        };
        let first_id = first.id.clone();
        let mut case = self.case_of(first);
        case.call = Some(calls::log(&entries));
        self.settle(case, None).await?;
        // Again: what came while the root was claimed saw no claim, and is noted by now.
        for entry in self.entries(call, about).await? {
            if entry.id != first_id {
                self.settle(self.case_of(entry), None).await?;
            }
        }
        metrics::counter!("redress_router_calls_total", "outcome" => "routed").increment(1);
        Ok(())
    }

    /// Looks which calls have waited long enough, until asked to stop.
    pub(crate) async fn attend_calls(&self, shutdown: Shutdown) {
        while !shutdown.is_asked() {
            let began = Instant::now();
            if let Err(error) = self.decide_waiting().await {
                warn!("Calls wait longer than they should: {}", chain(&error));
            }
            // A long list must not keep the broker looking.
            let pause = LOOK_EVERY.max(began.elapsed() * 4);
            let by_clock = self.clock.sleep(SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX));
            tokio::select! {
                () = by_clock => {}
                () = tokio::time::sleep(pause) => {}
                () = shutdown.asked() => {}
            }
        }
    }

    async fn decide_waiting(&self) -> Result<(), RouteError> {
        let stream = redress_bus::layout::bucket_stream(name::LIMITS);
        let mut stored = self.ledger.vault().bus().scan(&stream, "$KV.limits.call.*", 1).await?;
        let bucket = self.waiting();
        let (mut waiting, now) = (0_u32, self.clock.now());
        while let Some(message) = stored.try_next().await? {
            let contact =
                bucket.key_of(&message).and_then(|key| ContactId::new(key.strip_prefix("call.")?).ok());
            let Ok(waits) = serde_json::from_slice::<Waits>(&message.body) else { continue };
            let Some(contact) = contact else { continue };
            if waits.until > now {
                waiting += 1;
                continue;
            }
            // One that cannot be decided must not keep the others waiting: it is tried again at the next look.
            if let Err(error) = self.decide_one(&waits, &contact).await {
                warn!(contact.id = %contact, "Failed to decide about a call that waited: {}", chain(&error));
                metrics::counter!("redress_router_calls_total", "outcome" => "failed").increment(1);
                waiting += 1;
                continue;
            }
            bucket.delete(&calls::waiting_key(&contact)).await?;
        }
        metrics::gauge!("redress_router_calls_waiting").set(f64::from(waiting));
        Ok(())
    }

    async fn decide_one(&self, waits: &Waits, contact: &ContactId) -> Result<(), RouteError> {
        let found = self.ledger.vault().contact(waits.noted.channel, contact).await;
        // Erased since: nothing is left to decide about.
        let Some(contact) = found.map_err(RouteError::Open)? else { return Ok(()) };
        let Some(call) = calls::call(&contact).cloned() else { return Ok(()) };
        Box::pin(self.decide_call(&call, &contact)).await?;
        info!(contact.id = %contact.id, "Decided about a call that waited");
        Ok(())
    }

    async fn note(&self, call: &Call, contact: &Contact) -> Result<(), RouteError> {
        let key = format!("{}.{}", calls::entries_key(call, self.ledger.vault().keys()), contact.id);
        self.correlation().put(&key, Noted { channel: contact.channel }.bytes()).await?;
        Ok(())
    }

    /// Every entry about a call that is noted, this one among them.
    async fn entries(&self, call: &Call, about: &Contact) -> Result<Vec<Contact>, RouteError> {
        let key = calls::entries_key(call, self.ledger.vault().keys());
        // More than the broker answers at once is no call any more.
        let noted = self.correlation().few_entries(&key).await?.unwrap_or_default();
        let mut entries = vec![about.clone()];
        for (key, value) in noted.iter().take(ENTRIES_MAX) {
            let id = key.rsplit('.').next().and_then(|id| ContactId::new(id).ok());
            let (Some(id), Some(noted)) = (id, Noted::read(value)) else { continue };
            if id == about.id {
                continue;
            }
            let found = self.ledger.vault().contact(noted.channel, &id).await;
            entries.extend(found.map_err(RouteError::Open)?);
        }
        Ok(entries)
    }

    /// True when the call has a complaint, or somebody is opening it.
    async fn is_claimed(&self, case: &Case) -> Result<bool, RouteError> {
        let Some(root) = &case.clues.root else { return Ok(false) };
        Ok(self.correlation().get_at_leader(&root.key).await?.is_some())
    }

    pub(super) fn case_of(&self, contact: Contact) -> Case {
        let clues = plan::clues(&contact, self.ledger.vault().keys(), &self.config);
        let traceparent = redress_intake::traceparent(&contact.id);
        let cause = Cause { causation_id: contact.id.to_string(), traceparent };
        Case { contact, clues, cause, call: None }
    }

    fn waiting(&self) -> redress_bus::Kv {
        self.ledger.vault().bus().kv(name::LIMITS)
    }
}

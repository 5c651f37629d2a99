//! Once a day: what was to be erased is gone, what nothing names is swept, what policy says is forgotten.
//!
//! In: the log, and what lies in the vault. Out: erasures that were broken off are finished; data keys and blobs that no
//! message names are swept; personal data of complaints that were closed long enough ago is erased. It is a service of
//! its own because it alone may delete messages. Any number of replicas may run: a lease saves them work, and all of it
//! is repeatable.
//!
//! Reading order: [`config`], [`run`].

pub mod config;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redress_bus::{KvError, Lease, ReadError};
use redress_contract::Actor;
use redress_contract::subject::name;
use redress_domain::command::Erasing;
use redress_domain::{Complaint, Status};
use redress_ledger::erase::ErasureError;
use redress_ledger::{Ledger, LoadError};
use redress_runtime::{Clock, Health, Shutdown};
use redress_vault::erase::EraseError;
use redress_vault::sweep::{SweepError, Swept};
use tracing::{info, warn};

pub use config::{Config, Settings};

/// How often it is done.
const EVERY: SignedDuration = SignedDuration::from_hours(24);

/// How often it is looked whether it is time.
const LOOK_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// A replica that is silent for so long lets another one do it.
const LEASE: Duration = Duration::from_mins(10);

/// Name of the service, of its lease, and of its key in the bucket `cursors`: when it was last done.
const ERASE: &str = "erase";

/// What it needs of its surroundings.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The log, with the door to what is to be erased.
    pub ledger: Ledger,
    /// The time.
    pub clock: Clock,
    /// Where to report health.
    pub health: Health,
}

/// A day's work that was broken off; in an hour it goes on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A bucket did not answer.
    #[error(transparent)]
    Keys(#[from] KvError),
    /// The broker did not say what time it is.
    #[error(transparent)]
    Time(#[from] ReadError),
    /// The sweep.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// What was begun before.
    #[error("finish erasing")]
    Erase(#[from] EraseError),
    /// What was requested, or is old enough.
    #[error("erase what was requested or is old enough")]
    Erasure(#[from] ErasureError),
    /// The log cannot be read.
    #[error("look for what was requested or closed")]
    Load(#[from] LoadError),
}

/// What a day's work came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Erasures that were broken off, finished now.
    pub resumed: usize,
    /// What nothing named.
    pub swept: Swept,
    /// Complaints that were closed long enough ago.
    pub forgotten: u64,
}

/// Does it whenever it is time, until asked to stop. Work may be cut off anywhere.
pub async fn run(config: Config, deps: Deps, shutdown: Shutdown) {
    let part = deps.health.part(ERASE);
    let mut lease = Lease::new(deps.ledger.vault().bus(), ERASE, LEASE);
    part.ready();
    while !shutdown.is_asked() {
        match shutdown.or(Box::pin(when_due(&config, &deps, &mut lease))).await {
            Some(Ok(())) => part.ready(),
            Some(Err(problem)) => {
                let problem = redress_bus::failure::chain(&problem);
                warn!("Erasing and sweeping failed, trying again in an hour: {problem}");
                part.degraded(problem);
            }
            None => return,
        }
        shutdown.or(deps.clock.sleep(LOOK_EVERY)).await;
    }
}

async fn when_due(config: &Config, deps: &Deps, lease: &mut Lease) -> Result<(), Error> {
    let cursors = deps.ledger.vault().bus().kv(name::CURSORS);
    let now = deps.clock.now();
    let last = cursors.get(ERASE).await?;
    let last = last.and_then(|(at, _)| std::str::from_utf8(&at).ok()?.parse::<Timestamp>().ok());
    if last.is_some_and(|last| now.duration_since(last) < EVERY) || !lease.hold().await? {
        return Ok(());
    }
    let Done { resumed, swept, forgotten } = pass(config, &deps.ledger, now).await?;
    metrics::counter!("redress_erase_swept_total", "what" => "keys").increment(swept.keys as u64);
    metrics::counter!("redress_erase_swept_total", "what" => "blobs").increment(swept.blobs as u64);
    metrics::counter!("redress_erase_forgotten_total").increment(forgotten);
    info!(
        "Finished {resumed} erasures, swept {} data keys and {} blobs that nothing names, erased {forgotten} complaints \
         closed long ago",
        swept.keys, swept.blobs
    );
    cursors.put(ERASE, now.to_string().into()).await?;
    Ok(())
}

/// A day's work.
///
/// # Errors
/// [`Error`]; doing it again goes on.
pub async fn pass(config: &Config, ledger: &Ledger, now: Timestamp) -> Result<Done, Error> {
    let resumed = ledger.vault().resume_erasing().await?;
    // The broker's clock gave everything its time. Were ours ahead, what is on its way right now would look forgotten.
    let by_the_broker = ledger.vault().bus().time_at_leader(&format!("KV_{}", name::KEYS)).await?;
    let swept = ledger.vault().sweep(now.min(by_the_broker)).await?;
    let mut done = Done { resumed, swept, forgotten: 0 };
    for complaint in ledger.complaints().await? {
        done.resumed += finish(ledger, &complaint).await?;
        if config.closed_after.is_some_and(|after| is_over(&complaint, after, now)) {
            let plan = ledger.plan_complaint(&complaint.id, "retention").await?;
            if !plan.is_empty() {
                ledger.erase(&plan, &Actor::service(ERASE)).await?;
                done.forgotten += 1;
            }
        }
    }
    Ok(done)
}

/// Finishes what the log says was requested of a complaint and not completed: whoever asked may have died right after
/// it was noted. Answers how many erasures that were.
async fn finish(ledger: &Ledger, complaint: &Complaint) -> Result<usize, ErasureError> {
    for Erasing { reason, party } in &complaint.erasing {
        let plan = if party.is_empty() {
            ledger.plan_complaint(&complaint.id, reason).await?
        } else {
            ledger.plan_party(party).await?
        };
        ledger.erase(&plan, &Actor::service(ERASE)).await?;
    }
    Ok(complaint.erasing.len())
}

/// True when it was closed long enough ago, and not erased since.
fn is_over(complaint: &Complaint, after: SignedDuration, now: Timestamp) -> bool {
    let Status::Closed { at, .. } = complaint.status else { return false };
    now.duration_since(at) >= after && complaint.erased_at.is_none_or(|erased| erased < at)
}

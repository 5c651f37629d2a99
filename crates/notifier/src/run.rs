//! The service: two durable consumers, and a look each minute at what waits.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use redress_bus::consume::{ConsumeError, Surroundings};
use redress_bus::{Consumer, Delivery, Failure, KvError};
use redress_contract::contact::Address;
use redress_contract::subject::name;
use redress_contract::{AddressKind, Recipient, TeamId};
use redress_identity::Keys;
use redress_identity::address::normal;
use redress_ledger::Ledger;
use redress_runtime::{Health, Part, Shutdown};

use crate::breaker::Breaker;
use crate::config::Config;
use crate::limits::Limits;
use crate::restored::Restored;
use crate::transport::{Transport, TransportError};
use crate::under_way::UnderWay;

/// What the service needs.
#[derive(Debug, Clone)]
pub struct Deps {
    /// The log, and through it vault, keys and clock.
    pub ledger: Ledger,
    /// Where to report health.
    pub health: Health,
}

/// Why the service cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The way out.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A consumer.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
    /// What a restore left in doubt.
    #[error("look whether the broker was restored")]
    Restored(#[from] KvError),
}

/// How long one delivery may take at most: longer than a message may wait for the breaker and the mail server.
const HANDLER_TIMEOUT: Duration = Duration::from_mins(5);

/// How often what waits is looked at.
const WAITING_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Younger than this, what came with a first delivery is taken to be how things stand; older, it is loaded again.
pub(crate) const FRESH: SignedDuration = SignedDuration::from_mins(1);

/// Runs the service until asked to stop; what is in flight is finished.
///
/// # Errors
/// [`Error`] when it cannot start.
pub async fn run(config: Config, deps: Deps, shutdown: Shutdown) -> Result<(), Error> {
    let restored = Restored::read(deps.ledger.vault().bus()).await?;
    let notifier = Arc::new(Notifier::new(config, &deps, restored)?);
    let own = shutdown.child();
    let bus = deps.ledger.vault().bus();
    let surroundings = |part: &str| Surroundings {
        clock: deps.ledger.clock().clone(),
        part: deps.health.part(part),
        shutdown: own.clone(),
    };
    let commits = Box::pin(bus.consume(
        notifier.consumer("notifier", name::COMPLAINTS, "complaint.*"),
        surroundings("notifier"),
        handler(&notifier, |notifier, delivery| async move { notifier.on_commit(delivery).await }),
    ));
    let outbox = Box::pin(bus.consume(
        notifier.consumer("notifier-outbox", name::OUTBOX, "outbox.email.*"),
        surroundings("notifier.outbox"),
        handler(&notifier, |notifier, delivery| async move { notifier.on_outbox(delivery).await }),
    ));
    // When one consumer cannot be had, the other is asked to stop too, and finishes what it has.
    let stop_all = |ended: Result<(), ConsumeError>| {
        own.ask();
        ended
    };
    let (planned, delivered, ()) = tokio::join!(
        async { stop_all(commits.await) },
        async { stop_all(outbox.await) },
        Box::pin(watch_waiting(&notifier, &own)),
    );
    planned?;
    delivered?;
    Ok(())
}

fn handler<H, F>(
    notifier: &Arc<Notifier>,
    handle: H,
) -> impl Fn(Delivery) -> F + Clone + Send + Sync + 'static
where
    H: Fn(Arc<Notifier>, Delivery) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let notifier = Arc::clone(notifier);
    move |delivery| handle(Arc::clone(&notifier), delivery)
}

async fn watch_waiting(notifier: &Notifier, shutdown: &Shutdown) {
    let clock = notifier.ledger.clock();
    loop {
        if let Err(problem) = notifier.send_waiting().await {
            let problem = crate::perform::reason(&problem);
            tracing::warn!("Looking at what waits failed, trying again in a minute: {problem}");
        }
        if shutdown.or(clock.sleep(WAITING_EVERY)).await.is_none() {
            return;
        }
    }
}

/// The service's parts, shared by all its handlers.
pub(crate) struct Notifier {
    pub(crate) config: Config,
    pub(crate) ledger: Ledger,
    pub(crate) limits: Limits,
    pub(crate) transport: Transport,
    pub(crate) breaker: Breaker,
    /// For handing a message on: [`FRESH`], or less: well before the broker gives what one replica does not answer for
    /// to another.
    pub(crate) fresh: SignedDuration,
    pub(crate) under_way: UnderWay,
    /// What may have been sent by notes that were lost.
    pub(crate) restored: Restored,
    /// How the way out is.
    pub(crate) part: Part,
    /// Our own addresses in normal form.
    own_addresses: HashSet<String>,
    /// Roles of teams that were found to have no address: said once each.
    unreachable: Mutex<HashSet<(Option<TeamId>, Recipient)>>,
}

impl Notifier {
    fn new(config: Config, deps: &Deps, restored: Restored) -> Result<Self, Error> {
        let part = deps.health.part("notifier.transport");
        let transport = Transport::new(&config.transport, config.parallel)?;
        part.ready();
        let ack_wait = deps.ledger.vault().bus().config().ack_wait;
        Ok(Self {
            transport,
            part,
            limits: Limits::new(deps.ledger.vault().bus().kv(name::LIMITS)),
            breaker: Breaker::new(config.breaker_per_minute),
            fresh: fresh(ack_wait),
            under_way: UnderWay::default(),
            restored,
            own_addresses: config.own_addresses().map(|own| normal(&email(own), None)).collect(),
            unreachable: Mutex::default(),
            ledger: deps.ledger.clone(),
            config,
        })
    }

    pub(crate) fn keys(&self) -> &Keys {
        self.ledger.vault().keys()
    }

    /// True for an address that leads back to us.
    pub(crate) fn is_own(&self, address: &Address) -> bool {
        self.own_addresses.contains(&normal(address, None)) || self.keys().token_in(&address.value).is_some()
    }

    /// True the first time it is asked about a role of a team.
    pub(crate) fn is_news(&self, team: Option<&TeamId>, role: Recipient) -> bool {
        let mut said = self.unreachable.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        said.insert((team.cloned(), role))
    }

    fn consumer(&self, name: &str, stream: &str, filter: &str) -> Consumer {
        Consumer {
            service: "notifier".to_owned(),
            name: name.to_owned(),
            stream: stream.to_owned(),
            filters: vec![filter.to_owned()],
            parallel: self.config.parallel,
            handler_timeout: HANDLER_TIMEOUT,
        }
    }
}

fn fresh(ack_wait: Duration) -> SignedDuration {
    SignedDuration::try_from(ack_wait / 2).map_or(FRESH, |half| half.min(FRESH))
}

/// An email address as the contract holds it.
pub(crate) fn email(value: &str) -> Address {
    Address { kind: AddressKind::Email, value: value.to_owned(), display_name: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_ends_before_another_replica_may_have_it() {
        assert_eq!(fresh(Duration::from_secs(30)), SignedDuration::from_secs(15));
        assert_eq!(fresh(Duration::from_mins(10)), FRESH);
        assert_eq!(fresh(Duration::MAX), FRESH);
    }
}

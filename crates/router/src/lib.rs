//! Each contact finds its complaint, its category and its team.
//!
//! In: contacts from INTAKE, in any order and any number of times. Out: one commit for each, on the one complaint it
//! belongs to, and the correlation keys by which its successors find the same complaint. Replicas agree without
//! talking to one another: the broker lets exactly one of them claim the root of a thread, and exactly one open a
//! complaint.
//!
//! Reading order: [`config`], [`plan`] (pure: what a contact says and where it therefore belongs), [`perform`] (the
//! agreement of replicas, step by step).

pub mod config;
pub mod perform;
pub mod plan;

use redress_bus::consume::{ConsumeError, Surroundings};
use redress_bus::{Consumer, Delivery};
use redress_contract::subject::name;
use redress_ledger::Ledger;
use redress_runtime::{Clock, Health, Shutdown};

pub use config::{Config, Settings};
pub use perform::Router;

/// What the router needs of its surroundings.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The log, with the door to contacts and the rules.
    pub ledger: Ledger,
    /// The time.
    pub clock: Clock,
    /// Where to report health.
    pub health: Health,
}

/// A router that cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its consumer cannot be had.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
}

/// Name of the service and of its durable consumer, which replicas share.
const ROUTER: &str = "router";

/// Routes contacts until asked to stop; what is in flight is finished.
///
/// # Errors
/// [`Error`] when the consumer cannot be made or differs from what it should be.
pub async fn run(config: Config, deps: Deps, shutdown: Shutdown) -> Result<(), Error> {
    let part = deps.health.part(ROUTER);
    let asked = shutdown.clone();
    let surroundings = Surroundings { clock: deps.clock.clone(), part, shutdown };
    let consumer = Consumer {
        service: ROUTER.to_owned(),
        name: ROUTER.to_owned(),
        stream: name::INTAKE.to_owned(),
        filters: Vec::new(),
        parallel: config.parallel,
        handler_timeout: config.handler_timeout,
    };
    let bus = deps.ledger.vault().bus().clone();
    let router = Router::new(config, deps);
    let routing = router.clone();
    let handler = move |delivery: Delivery| {
        let router = routing.clone();
        async move { router.handle(&delivery).await }
    };
    let consuming = Box::pin(bus.consume(consumer, surroundings, handler));
    tokio::select! {
        ended = consuming => Ok(ended?),
        () = async { router.attend_calls(asked).await; std::future::pending().await } => Ok(()),
    }
}

//! Deadlines kept, and escalation when they pass.
//!
//! In: commits from COMPLAINTS, and fired timers. Out: broker schedules on TIMERS, and `Fire` commands to the ledger.
//! Two duties, kept apart: at every commit the timers it touched are set or cancelled from the state; when a timer
//! fires, only a commit is made. Deadlines follow from the log, schedules are their alarm clock: a leased replica
//! sweeps for what the broker missed.
//!
//! Reading order: [`config`], [`plan`] (pure: commit and state → timers), `perform` (timers → broker), `due` (what a
//! fired timer does), `acknowledged` (what a followed link does), `skew` (is the clock to be believed), [`agenda`] (pure: due times in memory), `sweep`.

pub mod agenda;
pub mod config;
pub mod plan;

mod acknowledged;
mod due;
mod perform;
mod skew;
mod sweep;

use std::sync::Arc;

use redress_bus::consume::{ConsumeError, Surroundings};
use redress_bus::{Consumer, Delivery, Failure};
use redress_contract::subject::name::{COMPLAINTS, TIMERS};
use redress_ledger::Ledger;
use redress_runtime::{Health, Shutdown};

pub use agenda::Agenda;
pub use config::{Config, Settings};

use perform::Timers;

/// What the service needs from its surroundings.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The log, with its rules and its clock.
    pub ledger: Ledger,
    /// Where to report health.
    pub health: Health,
}

/// Why the service cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A consumer cannot be had.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
}

/// Keeps deadlines until asked to stop.
///
/// # Errors
/// [`Error`] when a consumer cannot be made.
pub async fn run(config: Config, deps: Deps, shutdown: Shutdown) -> Result<(), Error> {
    let service = Service { config: Arc::new(config), deps, shutdown: shutdown.child() };
    let (set, fire) = (Box::pin(service.set_timers()), Box::pin(service.fire_timers()));
    let acknowledged = Box::pin(service.take_acknowledgements());
    let (set, fire, acknowledged, ()) = tokio::join!(set, fire, acknowledged, service.sweep());
    set?;
    fire?;
    acknowledged?;
    Ok(())
}

struct Service {
    config: Arc<Config>,
    deps: Deps,
    shutdown: Shutdown,
}

impl Service {
    /// At every commit: sets and cancels what it touched.
    async fn set_timers(&self) -> Result<(), ConsumeError> {
        let timers = Timers::new(self.deps.ledger.clone(), &self.config);
        let handler = move |delivery: Delivery| {
            let timers = timers.clone();
            async move { timers.follow(&delivery).await.map_err(Failure::retry) }
        };
        self.consume("sla", COMPLAINTS, "complaint.*", handler).await
    }

    /// When a timer fires: commits what is due.
    async fn fire_timers(&self) -> Result<(), ConsumeError> {
        let ledger = self.deps.ledger.clone();
        let handler = move |delivery: Delivery| {
            let ledger = ledger.clone();
            async move { due::handle(&ledger, &delivery).await }
        };
        self.consume("sla-due", TIMERS, "timer.due.>", handler).await
    }

    /// When somebody followed the link in a mail about an escalation: commits that they look after it.
    async fn take_acknowledgements(&self) -> Result<(), ConsumeError> {
        let ledger = self.deps.ledger.clone();
        let handler = move |delivery: Delivery| {
            let ledger = ledger.clone();
            async move { acknowledged::handle(&ledger, &delivery).await }
        };
        self.consume("sla-acknowledged", TIMERS, "timer.acknowledged.>", handler).await
    }

    async fn consume<H, F>(
        &self,
        name: &str,
        stream: &str,
        filter: &str,
        handler: H,
    ) -> Result<(), ConsumeError>
    where
        H: Fn(Delivery) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let consumer = Consumer {
            service: "sla".to_owned(),
            name: name.to_owned(),
            stream: stream.to_owned(),
            filters: vec![filter.to_owned()],
            parallel: self.config.parallel,
            handler_timeout: self.config.handler_timeout,
        };
        let surroundings = Surroundings {
            clock: self.deps.ledger.clock().clone(),
            part: self.deps.health.part(name),
            shutdown: self.shutdown.clone(),
        };
        let ended = self.deps.ledger.vault().bus().consume(consumer, surroundings, handler).await;
        // Whichever part ends first (by an error, or because everybody was asked), the others end with it.
        self.shutdown.ask();
        ended
    }

    async fn sweep(&self) {
        let part = self.deps.health.part("sla-sweep");
        let timers = Timers::new(self.deps.ledger.clone(), &self.config);
        sweep::run(&self.config, timers, &part, &self.shutdown).await;
    }
}

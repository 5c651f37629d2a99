//! Complaints that people make on social platforms: what they say to us in public or directly is heard, and answered in the
//! same place.
//!
//! In: posts that name us, direct messages, feeds; answers in OUTBOX. Out: a contact on record for each post, edit or
//! deletion, and only then the note of how far an account is read; answers on the thread they belong to, never more publicly
//! than the customer wrote. Reading a post again is harmless: its contact's id is made from the platform's own id. Answering
//! again is, too: the platform knows the answer by its key.
//!
//! Reading order: [`post`] (what a platform says), [`platform`] (pure: payloads → posts), [`normalize`] (pure: a post →
//! a contact), [`config`], `trouble` and `api` (what goes wrong, what may be asked), `connector` (the contract, and each
//! platform's), `state` (how far an account is read), `record`, `media`, `source` (reading), `deliver` (answering),
//! [`mod@reconcile`] (is everything on record?).

mod api;
pub mod config;
mod connector;
mod deliver;
mod html;
mod json;
mod media;
pub mod normalize;
pub mod platform;
pub mod post;
pub mod reconcile;
mod record;
mod source;
mod state;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use redress_bus::consume::{ConsumeError, Surroundings};
use redress_bus::{Consumer, Lease};
use redress_contract::subject::name;
use redress_intake::Intake;
use redress_intake::health::tell::Teller;
use redress_ledger::Ledger;
use redress_runtime::{Clock, Health, Shutdown};
use redress_vault::Vault;
use tokio::task::{JoinError, JoinSet};

pub use config::{Config, Settings};
pub use reconcile::reconcile;
pub use trouble::Trouble;

use config::{Account, Source};
use connector::Connector;
use deliver::Deliverer;
use media::Fetcher;
use post::Platform;
use record::Recorder;
use source::{Parts, Reader};

/// How long one answer may take: several requests of half a minute each.
const HANDLER_TIMEOUT: Duration = Duration::from_mins(5);
/// Answers that are posted at once.
const ANSWERS_AT_ONCE: usize = 4;

/// What the service needs.
#[derive(Debug, Clone)]
pub struct Deps {
    /// The door for contacts.
    pub intake: Intake,
    /// The log, for what became of answers.
    pub ledger: Ledger,
    /// The time.
    pub clock: Clock,
    /// Where each account reports as `social.<account>`.
    pub health: Health,
    /// Nothing goes out to complainants, or all of it elsewhere: answers are kept back.
    pub held: bool,
}

/// Why the service ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An account cannot be set up.
    #[error("set up account {account}")]
    Account {
        /// As the settings name it.
        account: String,
        /// Why.
        source: Trouble,
    },
    /// Answers cannot be taken from the broker.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
    /// Reading an account ended by a bug.
    #[error("read an account")]
    Reading(#[from] JoinError),
}

/// Reads all accounts and posts what is to be answered, until asked to stop; what is in flight then is finished.
///
/// # Errors
/// [`Error`] when it cannot start, or by a bug: an account that cannot be read is tried again and shows in its health.
pub async fn run(config: Config, deps: Deps, shutdown: Shutdown) -> Result<(), Error> {
    let own = shutdown.child();
    let mut connectors = BTreeMap::new();
    let mut readers = JoinSet::new();
    for (name, account) in &config.accounts {
        let connector = Arc::new(connector_of(name, account, &config, &deps)?);
        connectors.insert(name.clone(), Arc::clone(&connector));
        let lease = Lease::new(deps.intake.vault().bus(), &format!("social.{name}"), config.lease);
        readers.spawn(reader(name, account, connector, (&config, &deps)).run(lease, own.clone()));
    }
    let deliverer = Arc::new(Deliverer {
        ledger: deps.ledger.clone(),
        connectors,
        held: deps.held,
        give_up_after: config.give_up_after,
    });
    let answers = Box::pin(deps.ledger.vault().bus().consume(
        consumer(),
        Surroundings {
            clock: deps.clock.clone(),
            part: deps.health.part("social.outbox"),
            shutdown: own.clone(),
        },
        move |delivery| {
            let deliverer = Arc::clone(&deliverer);
            async move { deliverer.handle(delivery).await }
        },
    ));
    let read = async {
        let mut ended = Ok(());
        while let Some(reader) = readers.join_next().await {
            if let Err(error) | Ok(Err(error)) = reader {
                own.ask();
                ended = Err(Error::Reading(error));
            }
        }
        ended
    };
    let answer = async {
        let ended = answers.await;
        own.ask();
        ended.map_err(Error::Consume)
    };
    let (read, answered) = tokio::join!(read, answer);
    read.and(answered)
}

/// Whether an account can be signed in to: who we are there, by the platform's ids and handles; nobody where it is only read.
///
/// # Errors
/// [`Trouble`] as the platform tells it.
pub async fn sign_in(
    name: &str,
    config: &Config,
    vault: &Vault,
    clock: Clock,
) -> Result<Vec<String>, Trouble> {
    let Some(account) = config.accounts.get(name) else { return Ok(Vec::new()) };
    let connector = Connector::new(name, account, clock, vault, config.answer_bytes_max)?;
    Ok(connector.own().await?.0)
}

/// The platform of an account.
pub fn platform_of(account: &Account) -> Platform {
    match account.source {
        Source::Mastodon(_) => Platform::Mastodon,
        Source::Bluesky(_) => Platform::Bluesky,
        Source::Feed(_) => Platform::Feed,
    }
}

fn connector_of(name: &str, account: &Account, config: &Config, deps: &Deps) -> Result<Connector, Error> {
    let vault = deps.intake.vault();
    Connector::new(name, account, deps.clock.clone(), vault, config.answer_bytes_max)
        .map_err(|source| Error::Account { account: name.to_owned(), source })
}

fn reader(
    name: &str,
    account: &Account,
    connector: Arc<Connector>,
    (config, deps): (&Config, &Deps),
) -> Reader {
    let fetcher = Fetcher::new(&account.media_hosts, config.media_bytes_max);
    let platform = platform_of(account);
    let vault = deps.intake.vault();
    let part = deps.health.part(&format!("social.{name}"));
    let told_to = (part, deps.clock.clone(), vault.bus());
    Reader::new(Parts {
        recorder: Recorder::new(name, platform, deps.intake.clone(), deps.clock.clone(), fetcher),
        teller: Teller::new(("social", name), &connector.places(), config.stalled_after, told_to),
        account: account.clone(),
        connector,
        clock: deps.clock.clone(),
        vault: vault.clone(),
        in_flight_max: config.in_flight_max,
        stalled_after: config.stalled_after,
    })
}

fn consumer() -> Consumer {
    Consumer {
        service: "social".to_owned(),
        name: "social-outbox".to_owned(),
        stream: name::OUTBOX.to_owned(),
        filters: vec!["outbox.social.*".to_owned()],
        parallel: ANSWERS_AT_ONCE,
        handler_timeout: HANDLER_TIMEOUT,
    }
}

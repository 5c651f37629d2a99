//! Complaints that arrive by email: IMAP and Maildir sources, and the normaliser for what they bring.
//!
//! In: mailboxes. Out: one contact on record for each mail, whatever it holds; only then is the mail flagged, moved
//! or counted as read. Fetching a mail again is harmless: its contact's id is made from its bytes.
//!
//! Reading order: [`normalize`] (pure: raw mail → contact), [`config`], `source` (Maildir, IMAP), [`health`]
//! (how each account fares), [`mod@reconcile`] (is everything on record?), [`reparse`] (what could not be read, read again
//! after a fix).

pub mod config;
pub mod health;
pub mod normalize;
pub mod reconcile;
pub mod reparse;

mod source;

use std::sync::Arc;

use redress_bus::Lease;
use redress_contract::Contact;
use redress_identity::Keys;
use redress_intake::Intake;
use redress_runtime::{Clock, Health, Shutdown};
use redress_vault::Vault;
use tokio::task::JoinSet;
use tracing::info;

pub use config::{Config, Settings};
pub use reconcile::reconcile;
pub use source::imap::Folder;

use health::tell::Teller;
use source::Recorder;
use source::account::Reader;
use source::imap::login::Login;
use source::tries::Tries;

/// What the service needs.
#[derive(Debug, Clone)]
pub struct Deps {
    /// The door for contacts.
    pub intake: Intake,
    /// The time.
    pub clock: Clock,
    /// Where each account reports as `email.<account>`.
    pub health: Health,
}

/// Why the service ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading an account ended by a bug.
    #[error("read a mailbox")]
    Account(#[from] tokio::task::JoinError),
}

/// Reads all accounts until asked to stop; what is in flight then is finished.
///
/// # Errors
/// [`Error`] only by a bug: a mailbox that cannot be read is tried again and shows in the health of its account.
pub async fn run(config: Config, deps: Deps, shutdown: Shutdown) -> Result<(), Error> {
    let mut accounts = JoinSet::new();
    let bus = deps.intake.vault().bus();
    let tries = Arc::new(Tries::new(bus, deps.clock.clone()));
    for (name, account) in &config.accounts {
        let told_by = (deps.health.part(&format!("email.{name}")), deps.clock.clone(), bus);
        let reader = Reader {
            account: account.clone(),
            recorder: Recorder::new(name, &config, deps.intake.clone(), Arc::clone(&tries)),
            teller: Arc::new(Teller::new(name, &account.folders(), config.stalled_after, told_by)),
            clock: deps.clock.clone(),
            lease: Lease::new(bus, &format!("email.{name}"), config.lease),
            stalled_after: config.stalled_after,
        };
        accounts.spawn(reader.run(shutdown.clone()));
    }
    let mut ended = Ok(());
    while let Some(account) = accounts.join_next().await {
        if let Err(error) = account.and_then(|read| read) {
            shutdown.ask();
            ended = Err(error.into());
        }
    }
    if let Err(error) = tries.end().await {
        let reason = redress_bus::failure::chain(&error);
        info!("What was being read stays noted, and is read one by one at the next start: {reason}");
    }
    ended
}

/// Signs in to an IMAP account and opens its folders, as the service would; answers what is in each. Without a vault, no
/// token is taken from the broker or kept there.
///
/// # Errors
/// [`LookError`] says what helps.
pub async fn look_into(
    name: &str,
    place: &config::Imap,
    vault: Option<&Vault>,
    clock: &Clock,
) -> Result<Vec<Folder>, LookError> {
    let looked = source::imap::look(&Login::new(name, place, vault, clock), place).await;
    looked.map_err(|error| LookError { kind: error.kind(), reason: redress_bus::failure::chain(&error) })
}

/// A mailbox that could not be looked into.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct LookError {
    /// What helps.
    pub kind: health::Kind,
    reason: String,
}

/// Reads one raw mail as the service would, for looking at: the account is given, the time it came is `received_at`.
pub fn read_file(
    raw: &[u8],
    account: &str,
    received_at: jiff::Timestamp,
    config: &Config,
    keys: &Keys,
) -> Contact {
    let envelope = normalize::Envelope {
        account,
        received_at,
        own_addresses: &config.own_addresses,
        keys,
        limits: &config.limits,
    };
    normalize::normalize(raw, &envelope)
}

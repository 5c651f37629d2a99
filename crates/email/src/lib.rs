//! Complaints that arrive by email: IMAP and Maildir sources, and the normaliser for what they bring.
//!
//! In: mailboxes. Out: one contact on record for each mail, whatever it holds; only then is the mail flagged, moved
//! or counted as read. Fetching a mail again is harmless: its contact's id is made from its bytes.
//!
//! Reading order: [`normalize`] (pure: raw mail → contact), [`config`], `source` (Maildir, IMAP),
//! [`reparse`] (what could not be read, read again after a fix).

pub mod config;
pub mod normalize;
pub mod reparse;

mod source;

use std::sync::Arc;

use redress_contract::Contact;
use redress_identity::Keys;
use redress_intake::Intake;
use redress_runtime::{Clock, Health, Shutdown};
use tokio::task::JoinSet;
use tracing::info;

pub use config::{Config, Settings};

use config::Place;
use source::tries::Tries;
use source::{Recorder, imap, maildir};

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
    let tries = Arc::new(Tries::new(deps.intake.vault().bus(), deps.clock.clone()));
    for (name, account) in &config.accounts {
        let recorder = Recorder::new(name, &config, deps.intake.clone(), Arc::clone(&tries));
        let part = deps.health.part(&format!("email.{name}"));
        let clock = deps.clock.clone();
        let (start, poll) = (account.start, account.poll);
        match &account.place {
            Place::Maildir(path) => {
                let source = maildir::Source::new(path, (start, poll), recorder, part, clock);
                accounts.spawn(source.run(shutdown.clone()));
            }
            Place::Imap(place) => {
                let source = imap::Source::new((**place).clone(), (start, poll), recorder, part, clock);
                accounts.spawn(source.run(shutdown.clone()));
            }
        }
    }
    let mut ended = Ok(());
    while let Some(account) = accounts.join_next().await {
        if let Err(error) = account {
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

//! Complaints that arrive by email: mailboxes by IMAP and Maildir, posts of mail providers, and the normaliser for
//! what they bring.
//!
//! In: mailboxes and posts. Out: one contact on record for each mail, whatever it holds; only then is the mail flagged, moved
//! or counted as read, and a post answered. Fetching a mail again is harmless: its contact's id is made from its bytes.
//!
//! Reading order: [`normalize`] (pure: raw mail → contact), [`config`], [`hooks`] (pure: a provider's post →
//! raw mail), `source` (Maildir, IMAP, posts), `redress_intake::health`
//! (how each account fares), [`mod@reconcile`] (is everything on record?), [`reparse`] (what could not be read, read again
//! after a fix).

pub mod config;
pub mod hooks;
pub mod normalize;
pub mod reconcile;
pub mod reparse;

mod source;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
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

use config::Place;
use redress_intake::health::tell::Teller;
use source::Recorder;
use source::account::Reader;
use source::hooks::{Hook, Hooks};
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

/// Reads all accounts until asked to stop; what is in flight then is finished. Posts are taken by [`Service`] only, whose
/// routes have to be served.
///
/// # Errors
/// [`Error`] only by a bug: a mailbox that cannot be read is tried again and shows in the health of its account.
pub async fn run(config: Config, deps: Deps, shutdown: Shutdown) -> Result<(), Error> {
    Service::new(config, deps).run(shutdown).await
}

/// The service, not running yet.
pub struct Service {
    config: Config,
    deps: Deps,
    tries: Arc<Tries>,
    hooks: Hooks,
}

impl Service {
    /// Reads what the settings name.
    pub fn new(config: Config, deps: Deps) -> Self {
        let tries = Arc::new(Tries::new(deps.intake.vault().bus(), deps.clock.clone()));
        let mut service = Self { config, deps, tries, hooks: Hooks::new() };
        service.hooks = service.hooks();
        service
    }

    /// The addresses at which providers post, for the public listener; none when no account is a webhook.
    pub fn routes(&self) -> Option<Router> {
        (!self.hooks.is_empty()).then(|| source::hooks::routes(self.hooks.clone()))
    }

    /// Reads all accounts, and attends to what is posted, until asked to stop; what is in flight then is finished.
    ///
    /// # Errors
    /// [`Error`] only by a bug: a mailbox that cannot be read is tried again and shows in the health of its account.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), Error> {
        let mut accounts = JoinSet::new();
        for reader in self.readers() {
            accounts.spawn(reader.run(shutdown.clone()));
        }
        for hook in self.hooks.into_values() {
            let attended = hook.attend(shutdown.clone());
            accounts.spawn(async {
                attended.await;
                Ok(())
            });
        }
        let mut ended = Ok(());
        while let Some(account) = accounts.join_next().await {
            if let Err(error) = account.and_then(|read| read) {
                shutdown.ask();
                ended = Err(error.into());
            }
        }
        if let Err(error) = self.tries.end().await {
            let reason = redress_bus::failure::chain(&error);
            info!("What was being read stays noted, and is read one by one at the next start: {reason}");
        }
        ended
    }

    fn readers(&self) -> Vec<Reader> {
        let mailboxes = self.config.accounts.iter().filter(|(_, it)| !matches!(it.place, Place::Webhook(_)));
        let reader = |(name, account): (&String, &config::Account)| Reader {
            account: account.clone(),
            recorder: self.recorder(name),
            teller: Arc::new(self.teller(name, &account.folders(), self.config.stalled_after)),
            clock: self.deps.clock.clone(),
            lease: Lease::new(self.deps.intake.vault().bus(), &format!("email.{name}"), self.config.lease),
            stalled_after: self.config.stalled_after,
        };
        mailboxes.map(reader).collect()
    }

    fn hooks(&self) -> Hooks {
        let hook = |(name, account): (&String, &config::Account)| {
            let Place::Webhook(webhook) = &account.place else { return None };
            // Nobody posts for hours where few complain: silence is not news.
            let teller = self.teller(name, &account.folders(), Duration::MAX);
            let parts = (self.recorder(name), teller, self.deps.clock.clone());
            Some((name.clone(), Arc::new(Hook::new(webhook, &self.config, parts))))
        };
        self.config.accounts.iter().filter_map(hook).collect()
    }

    fn recorder(&self, name: &str) -> Recorder {
        Recorder::new(name, &self.config, self.deps.intake.clone(), Arc::clone(&self.tries))
    }

    fn teller(&self, name: &str, folders: &[String], stalled_after: Duration) -> Teller {
        let part = self.deps.health.part(&format!("email.{name}"));
        Teller::new(
            ("email", name),
            folders,
            stalled_after,
            (part, self.deps.clock.clone(), self.deps.intake.vault().bus()),
        )
    }
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
    pub kind: redress_intake::health::Kind,
    reason: String,
}

/// Reads one raw mail as the service would, for looking at: the account is given, the time it came is `received_at`.
///
/// # Errors
/// When the file cannot be read.
pub fn read_file(
    path: &Path,
    account: &str,
    received_at: jiff::Timestamp,
    config: &Config,
    keys: &Keys,
) -> std::io::Result<Contact> {
    let mail = source::gather::file(path, config.keep())?;
    let envelope = normalize::Envelope {
        account,
        received_at,
        own_addresses: &config.own_addresses,
        keys,
        trust: &config.trust(account),
        verified: None,
        limits: &config.limits,
        whole: mail.whole.as_ref(),
        sent: false,
    };
    Ok(normalize::normalize(&mail.raw, &envelope))
}

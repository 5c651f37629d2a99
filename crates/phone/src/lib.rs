//! Complaints that arrive by telephone: files that telephone systems write, what they post, and the words there are of each
//! call.
//!
//! In: folders of call logs and transcripts, posts of telephone systems. Out: a contact on record for each row, post or file,
//! whatever it holds; only then is a file read on or moved, and a post answered. Reading a row again is harmless: its
//! contact's id is made from the call it names and from its bytes. What belongs to one call names it; `router` brings it
//! together.
//!
//! Reading order: [`entry`] (what a row, a post or a file says), [`map`] and [`time`] (named values → entry), [`formats`]
//! and [`hooks`] (pure: files and posts → named values), [`normalize`] (pure: entry → contact), [`config`], [`rows`] (pure:
//! where a row ends), `source` (folders, posts), [`mod@reconcile`] (is everything on record?).

pub mod config;
pub mod entry;
pub mod formats;
pub mod hooks;
pub mod map;
pub mod normalize;
pub mod reconcile;
pub mod rows;
pub mod time;

mod source;

use std::sync::Arc;

use axum::Router;
use redress_intake::Intake;
use redress_runtime::{Clock, Health, Shutdown};
use tokio::task::JoinSet;

pub use config::{Config, Settings};
pub use reconcile::{read_file, reconcile};

use config::{Account, Place};
use source::Recorder;
use source::folder::Source;
use source::hooks::{Hook, Hooks};

/// What the service needs.
#[derive(Debug, Clone)]
pub struct Deps {
    /// The door for contacts.
    pub intake: Intake,
    /// The time.
    pub clock: Clock,
    /// Where each account reports as `phone.<account>`.
    pub health: Health,
}

/// Why the service ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading an account ended by a bug.
    #[error("read a telephone system")]
    Account(#[from] tokio::task::JoinError),
}

/// The service, not running yet.
pub struct Service {
    config: Config,
    deps: Deps,
    hooks: Hooks,
}

impl Service {
    /// Reads what the settings name.
    pub fn new(config: Config, deps: Deps) -> Self {
        let mut service = Self { config, deps, hooks: Hooks::new() };
        let hook = |(name, account): (&String, &Account)| match &account.place {
            Place::Webhook(webhook, reading) => {
                let (webhook, reading) = ((**webhook).clone(), (**reading).clone());
                let recorder = service.recorder(name, account);
                Some((name.clone(), Arc::new(Hook::new(webhook, reading, recorder, &service.config))))
            }
            Place::Folder(_) => None,
        };
        let hooks = service.config.accounts.iter().filter_map(hook).collect();
        service.hooks = hooks;
        service
    }

    /// The addresses that are posted to, for the public listener; none when no account is a webhook.
    pub fn routes(&self) -> Option<Router> {
        (!self.hooks.is_empty()).then(|| source::hooks::routes(self.hooks.clone()))
    }

    /// Reads all folders, and attends to what is posted, until asked to stop; what is in flight then is finished.
    ///
    /// # Errors
    /// [`Error`] only by a bug: a folder that cannot be read is tried again and shows in the health of its account.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), Error> {
        let mut accounts = JoinSet::new();
        for (name, account) in &self.config.accounts {
            if let Place::Folder(folder) = &account.place {
                let recorder = self.recorder(name, account);
                accounts.spawn(Source::new((**folder).clone(), recorder, &self.config).run(shutdown.clone()));
            }
        }
        for hook in self.hooks.into_values() {
            accounts.spawn(hook.attend(shutdown.clone()));
        }
        // Without any account it waits to be asked, too.
        let asked = shutdown.clone();
        accounts.spawn(async move { asked.asked().await });
        let mut ended = Ok(());
        while let Some(account) = accounts.join_next().await {
            if let Err(error) = account {
                shutdown.ask();
                ended = Err(error.into());
            }
        }
        ended
    }

    fn recorder(&self, name: &str, account: &Account) -> Recorder {
        let part = self.deps.health.part(&format!("phone.{name}"));
        Recorder::new(name, account, self.deps.intake.clone(), self.deps.clock.clone(), part)
    }
}

//! A broker, the door over it, and a service that can be stopped politely or not.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt as _;
use redress_bus::Bus;
use redress_contract::subject::{self, name};
use redress_contract::{Channel, Contact, ContactId};
use redress_email::config::AccountSettings;
use redress_email::{Config, Deps, Service, Settings};
use redress_identity::Keys;
use redress_intake::Intake;
use redress_runtime::health::State;
use redress_runtime::listener::{Limits, Listener};
use redress_runtime::{Clock, Health, Shutdown};
use redress_testkit::{Broker, eventually};
use redress_vault::{PrivateKey, Seals, Vault};
use tokio::task::JoinHandle;

/// A broker and what stands on it.
pub(crate) struct World {
    pub(crate) broker: Broker,
    pub(crate) bus: Bus,
    pub(crate) vault: Vault,
    pub(crate) keys: Arc<Keys>,
}

/// A running service.
pub(crate) struct Running {
    task: JoinHandle<Result<(), redress_email::Error>>,
    shutdown: Shutdown,
    health: Health,
}

impl World {
    pub(crate) async fn start() -> Self {
        let broker = Broker::start().await;
        broker.bus("prepare").await;
        // A broker that is away is noticed soon.
        let settings = redress_bus::config::Settings {
            ack_timeout_seconds: 1,
            publish_patience_seconds: 2,
            ..broker.settings()
        };
        let bus = broker.bus_with(&settings, "email").await;
        let keys = keys();
        let vault = Vault::new(bus.clone(), Arc::clone(&keys), Seals::with(&PrivateKey::of([7; 32])));
        Self { broker, bus, vault, keys }
    }

    /// Runs the service over one account named `help`.
    pub(crate) fn run(&self, account: AccountSettings) -> Running {
        self.run_with(&config(account))
    }

    /// Runs the service as these settings say.
    pub(crate) fn run_with(&self, config: &Config) -> Running {
        let (service, health) = self.service(config);
        let shutdown = Shutdown::new();
        let task = tokio::spawn(service.run(shutdown.clone()));
        Running { task, shutdown, health }
    }

    /// Runs the service as these settings say, and serves the addresses it is posted to; answers where.
    pub(crate) async fn serve(&self, config: &Config) -> (Running, String) {
        let (service, health) = self.service(config);
        let (shutdown, routes) = (Shutdown::new(), service.routes().expect("an account is a webhook"));
        let listener = Listener::bind("127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
        let url = format!("http://{}", listener.address());
        tokio::spawn(listener.serve(routes, Limits::default(), shutdown.clone()));
        let task = tokio::spawn(service.run(shutdown.clone()));
        (Running { task, shutdown, health }, url)
    }

    fn service(&self, config: &Config) -> (Service, Health) {
        let (clock, health) = (Clock::system(), Health::new());
        let deps = Deps {
            intake: Intake::new(self.vault.for_channels(), clock.clone()),
            clock,
            health: health.clone(),
        };
        (Service::new(config.clone(), deps), health)
    }

    /// All contacts on record.
    pub(crate) async fn contacts(&self) -> Vec<Contact> {
        let mut stored = self.bus.scan(name::INTAKE, "intake.>", 1).await.expect("the stream is there");
        let mut contacts = Vec::new();
        while let Some(message) = stored.next().await {
            let message = message.expect("the broker is there");
            let opened = self.vault.open_contact(&message.subject, &message.headers, &message.body).await;
            contacts.extend(opened.expect("it opens"));
        }
        contacts
    }

    /// Waits until so many contacts are on record.
    pub(crate) async fn until_recorded(&self, count: u64) {
        eventually("contacts are recorded", || async {
            (self.bus.last_seq(name::INTAKE).await.unwrap_or(0) >= count).then_some(())
        })
        .await;
    }

    /// The contacts on record are exactly those of these mails.
    pub(crate) async fn assert_exactly(&self, mails: &[Vec<u8>]) {
        let expected: BTreeSet<String> = mails.iter().map(|raw| self.id(raw).to_string()).collect();
        let recorded = self.contacts().await;
        let ids: BTreeSet<String> = recorded.iter().map(|contact| contact.id.to_string()).collect();
        assert_eq!(recorded.len(), ids.len(), "a contact is on record twice");
        assert_eq!(ids, expected);
    }

    pub(crate) async fn contact(&self, raw: &[u8]) -> Option<Contact> {
        self.vault.contact(Channel::Email, &self.id(raw)).await.expect("the broker is there")
    }

    fn id(&self, raw: &[u8]) -> ContactId {
        let digest = redress_contract::Commit::hash(raw);
        let id = self.keys.mail_contact_id("help", &digest);
        assert!(subject::intake(Channel::Email, &id).starts_with("intake.email."));
        id
    }
}

impl Running {
    /// Waits until the account's health is as asked.
    pub(crate) async fn until_health(&self, what: &str, wanted: impl Fn(&State) -> bool) {
        eventually(what, || async {
            self.health.report().get("email.help").is_some_and(&wanted).then_some(())
        })
        .await;
    }

    /// How the account says it fares now.
    pub(crate) fn health(&self) -> State {
        self.health.report().get("email.help").cloned().unwrap_or_default()
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(self) {
        self.shutdown.ask();
        self.task.await.expect("no panic").expect("it stops without error");
    }

    /// Kills it where it stands.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Settings with one account named `help`, whose lease is short.
pub(crate) fn config(account: AccountSettings) -> Config {
    let accounts = [("help".to_owned(), account)].into();
    let settings = Settings { accounts, lease_seconds: 3, ..Settings::default() };
    Config::check(&settings).expect("the test's settings are right")
}

/// The keys of all tests here.
pub(crate) fn keys() -> Arc<Keys> {
    Arc::new(Keys::from_master(&[7; 32]))
}

/// The n-th of many mails that differ.
pub(crate) fn mail(n: usize) -> Vec<u8> {
    format!(
        "From: ann{n}@example.com\r\nTo: help@example.org\r\nSubject: complaint {n}\r\n\
         Message-ID: <{n}@example.com>\r\n\r\nThe words of mail {n}.\r\n"
    )
    .into_bytes()
}

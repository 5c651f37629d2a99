//! A broker, the door over it, and a service that can be stopped politely or not.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use redress_bus::Bus;
use redress_contract::subject::name;
use redress_contract::{Contact, ContactId, ParseStatus};
use redress_identity::Keys;
use redress_intake::Intake;
use redress_phone::config::AccountSettings;
use redress_phone::{Config, Deps, Service, Settings};
use redress_runtime::listener::{Limits, Listener};
use redress_runtime::{Clock, Health, Shutdown};
use redress_testkit::{Broker, eventually};
use redress_vault::{PrivateKey, Seals, Vault};
use tokio::task::JoinHandle;

/// A broker and what stands on it.
pub(crate) struct World {
    _broker: Broker,
    pub(crate) bus: Bus,
    pub(crate) vault: Vault,
}

/// A running service.
pub(crate) struct Running {
    task: JoinHandle<Result<(), redress_phone::Error>>,
    shutdown: Shutdown,
    pub(crate) url: String,
}

impl World {
    pub(crate) async fn start() -> Self {
        let broker = Broker::start().await;
        broker.bus("prepare").await;
        let bus = broker.bus("phone").await;
        let keys = Arc::new(Keys::from_master(&[7; 32]));
        let vault = Vault::new(bus.clone(), keys, Seals::with(&PrivateKey::of([7; 32])));
        Self { _broker: broker, bus, vault }
    }

    /// Runs the service over these accounts, and serves the addresses it is posted to.
    pub(crate) async fn run(&self, config: &Config) -> Running {
        let (clock, shutdown) = (Clock::system(), Shutdown::new());
        let intake = Intake::new(self.vault.for_channels(), clock.clone());
        let service = Service::new(config.clone(), Deps { intake, clock, health: Health::new() });
        let mut url = String::new();
        if let Some(routes) = service.routes() {
            let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
            url = format!("http://{}", listener.address());
            tokio::spawn(listener.serve(routes, Limits::default(), shutdown.clone()));
        }
        Running { task: tokio::spawn(service.run(shutdown.clone())), shutdown, url }
    }

    /// All contacts on record.
    pub(crate) async fn contacts(&self) -> Vec<Contact> {
        let mut stored = self.bus.scan(name::INTAKE, "intake.>", 1).await.unwrap();
        let mut contacts = Vec::new();
        while let Some(message) = stored.next().await {
            let message = message.unwrap();
            let opened = self.vault.open_contact(&message.subject, &message.headers, &message.body).await;
            contacts.extend(opened.unwrap());
        }
        contacts
    }

    /// Waits until so many contacts are on record; answers them by id.
    pub(crate) async fn once_recorded(&self, count: usize) -> BTreeMap<ContactId, Contact> {
        eventually("contacts are recorded", || async {
            (self.bus.last_seq(name::INTAKE).await.unwrap_or(0) >= count as u64).then_some(())
        })
        .await;
        let contacts = self.contacts().await;
        assert_eq!(contacts.len(), count);
        contacts.into_iter().map(|contact| (contact.id.clone(), contact)).collect()
    }

    /// What could not be read, of all that is on record.
    pub(crate) async fn problems(&self) -> Vec<String> {
        let failed = |contact: &Contact| contact.parse_status == ParseStatus::Failed;
        self.contacts().await.into_iter().filter(failed).map(|contact| contact.parse_problem).collect()
    }
}

impl Running {
    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(self) {
        self.shutdown.ask();
        self.task.await.unwrap().unwrap();
    }

    /// Kills it where it stands.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Settings with one account named `pbx`.
pub(crate) fn config(account: AccountSettings) -> Config {
    let accounts = [("pbx".to_owned(), account)].into();
    let settings = Settings { accounts, lease_seconds: 1, rescan_seconds: 1, ..Settings::default() };
    Config::check(&settings, "https://example.org").unwrap()
}

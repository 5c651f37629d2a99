//! A real broker with everything the router needs, and contacts to put into it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use jiff::Timestamp;
use redress_bus::{Bus, Delivery};
use redress_contract::contact::{Address, Thread};
use redress_contract::subject::{self, name};
use redress_contract::{AddressKind, Channel, ComplaintId, Contact, Event};
use redress_domain::{Complaint, Rules, RulesSettings};
use redress_identity::Keys;
use redress_ledger::Ledger;
use redress_router::{Config, Deps, Router, Settings};
use redress_runtime::{Clock, Health, Shutdown};
use redress_testkit::Broker;
use redress_vault::{PrivateKey, Seals, Vault};

pub(crate) struct Stage {
    _broker: Broker,
    pub(crate) bus: Bus,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Clock,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::with_rules(&RulesSettings::default()).await
    }

    pub(crate) async fn with_rules(rules: &RulesSettings) -> Self {
        let broker = Broker::start().await;
        let bus = broker.bus("router").await;
        let clock = Clock::manual(now());
        let vault = Vault::new(bus.clone(), Arc::new(keys()), Seals::with(&PrivateKey::of([7; 32])));
        let rules = Arc::new(Rules::compile(rules).unwrap());
        let ledger = Ledger::new(vault, rules, clock.clone());
        Self { _broker: broker, bus, ledger, clock }
    }

    pub(crate) fn deps(&self) -> Deps {
        Deps { ledger: self.ledger.clone(), clock: self.clock.clone(), health: Health::new() }
    }

    pub(crate) fn router(&self) -> Router {
        Router::new(config(), self.deps())
    }

    /// A router with other sealing keys at hand.
    pub(crate) fn router_with(&self, seals: Seals) -> Router {
        let vault = Vault::new(self.bus.clone(), Arc::new(keys()), seals);
        let rules = Arc::new(Rules::compile(&RulesSettings::default()).unwrap());
        Router::new(config(), Deps { ledger: Ledger::new(vault, rules, self.clock.clone()), ..self.deps() })
    }

    /// Starts the service; `ask` the answer to stop it.
    pub(crate) fn run(&self) -> (Shutdown, tokio::task::JoinHandle<()>) {
        let shutdown = Shutdown::new();
        let running = redress_router::run(config(), self.deps(), shutdown.clone());
        (shutdown, tokio::spawn(async move { running.await.unwrap() }))
    }

    /// Records a contact, as a channel does.
    pub(crate) async fn put(&self, contact: &Contact) {
        let vault = self.ledger.vault();
        assert!(vault.put_contact(contact.clone(), Bytes::new(), Vec::new()).await.unwrap().new);
    }

    /// The delivery of a recorded contact.
    pub(crate) async fn delivery(&self, contact: &Contact, attempt: u64) -> Delivery {
        let subject = subject::intake(contact.channel, &contact.id);
        let stored = self.bus.last(name::INTAKE, &subject).await.unwrap().unwrap();
        Delivery {
            subject: stored.subject,
            headers: stored.headers,
            body: stored.body,
            stream_seq: stored.seq,
            attempt,
            stored_at: stored.stored_at,
        }
    }

    /// Records a contact and routes it once; answers the complaint that holds it.
    pub(crate) async fn route(&self, contact: &Contact) -> Complaint {
        self.put(contact).await;
        self.route_again(contact, 1).await
    }

    pub(crate) async fn route_again(&self, contact: &Contact, attempt: u64) -> Complaint {
        let delivery = self.delivery(contact, attempt).await;
        self.router().handle(&delivery).await.unwrap();
        self.holder(contact).await
    }

    /// The one complaint that holds a contact.
    pub(crate) async fn holder(&self, contact: &Contact) -> Complaint {
        let all = self.ledger.complaints().await.unwrap();
        let mut holders: Vec<_> = all.into_iter().filter(|c| c.contact(&contact.id).is_some()).collect();
        assert_eq!(holders.len(), 1, "a contact belongs to exactly one complaint");
        holders.remove(0)
    }

    /// How often each contact was linked, over all complaints.
    pub(crate) async fn links(&self) -> BTreeMap<String, usize> {
        let mut links = BTreeMap::new();
        for complaint in self.ledger.complaints().await.unwrap() {
            for contact in &complaint.contacts {
                *links.entry(contact.id.to_string()).or_default() += 1;
            }
        }
        links
    }

    pub(crate) async fn events(&self, complaint: &ComplaintId) -> Vec<Event> {
        let history = self.ledger.history(complaint).await.unwrap();
        history.into_iter().flat_map(|entry| entry.commit.events).map(|event| event.event).collect()
    }

    /// Everything in COMPLAINTS and the correlation bucket, to see that nothing changed.
    pub(crate) async fn picture(&self) -> (u64, Vec<(String, Bytes)>) {
        let mut keys = self.bus.kv(name::CORRELATION).entries("").await.unwrap();
        keys.sort();
        (self.bus.last_seq(name::COMPLAINTS).await.unwrap(), keys)
    }

    /// How many contacts the service has not dealt with yet.
    pub(crate) async fn all_routed(&self, contacts: usize) -> Option<()> {
        let mut entries = self.ledger.entries(1).await.ok()?;
        let mut linked = 0;
        while let Some(entry) = entries.next().await {
            let events = entry.ok()?.commit.events;
            linked += events.iter().filter(|event| matches!(event.event, Event::ContactLinked(_))).count();
        }
        (linked >= contacts).then_some(())
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

pub(crate) fn keys() -> Keys {
    Keys::from_master(&[5; 32])
}

pub(crate) fn config() -> Config {
    Config::check(&Settings::default()).unwrap()
}

pub(crate) fn address(value: &str) -> Address {
    Address { kind: AddressKind::Email, value: value.to_owned(), display_name: String::new() }
}

/// A mail from Ann to the mailbox `help`.
pub(crate) fn mail(message_id: &str, references: &[&str]) -> Contact {
    mail_to("help", "ann@example.org", message_id, references)
}

pub(crate) fn mail_to(account: &str, from: &str, message_id: &str, references: &[&str]) -> Contact {
    Contact {
        id: keys().mail_contact_id(account, &format!("{from} {message_id}")),
        channel: Channel::Email,
        account: account.to_owned(),
        received_at: now(),
        recorded_at: now(),
        sender: Some(address(from)),
        recipients: vec![address(&format!("{account}@example.com"))],
        subject: "Broken kettle".to_owned(),
        text: format!("It leaks, says {message_id}."),
        thread: Some(Thread {
            message_id: message_id.to_owned(),
            references: references.iter().map(|&id| id.to_owned()).collect(),
            ..Thread::default()
        }),
        ..Contact::default()
    }
}

/// A web form that was filled in by Ann.
pub(crate) fn form(key: &str) -> Contact {
    Contact {
        id: keys().submission_contact_id("form", key),
        channel: Channel::Web,
        account: "form".to_owned(),
        received_at: now(),
        recorded_at: now(),
        sender: Some(address("ann@example.org")),
        text: format!("The form {key}."),
        ..Contact::default()
    }
}

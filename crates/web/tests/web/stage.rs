//! A web service on a real broker, and a browser's hands.

use std::sync::Arc;

use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use redress_bus::Bus;
use redress_contract::Contact;
use redress_contract::subject::name;
use redress_domain::Rules;
use redress_identity::Keys;
use redress_intake::Intake;
use redress_ledger::Ledger;
use redress_runtime::client::Proxies;
use redress_runtime::listener::{Limits, Listener};
use redress_runtime::{Clock, Health, Shutdown};
use redress_testkit::Broker;
use redress_vault::{PrivateKey, Ring, Seals, Vault};
use redress_web::{Config, Deps, Settings};
use reqwest::{Client, Response, header};

pub(crate) const TOLD: &str = "The lamp broke on the first evening.";

pub(crate) struct Stage {
    pub(crate) broker: Broker,
    pub(crate) bus: Bus,
    pub(crate) vault: Vault,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Clock,
    pub(crate) health: Health,
    pub(crate) url: String,
    pub(crate) client: Client,
    status: Option<Vault>,
    shutdown: Shutdown,
}

/// The hidden fields of a form that was shown.
#[derive(Debug, Clone)]
pub(crate) struct Hidden {
    pub(crate) key: String,
    pub(crate) stamp: String,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::start_with(&Settings::default()).await
    }

    pub(crate) async fn start_with(settings: &Settings) -> Self {
        Self::start_as(settings, Vault::for_status_page).await
    }

    pub(crate) async fn start_without_status_key() -> Self {
        Self::start_as(&Settings::default(), |_| None).await
    }

    async fn start_as(settings: &Settings, status: impl Fn(&Vault) -> Option<Vault>) -> Self {
        let broker = Broker::start().await;
        let bus = broker.bus("web").await;
        let (pair, page) = (PrivateKey::of([7; 32]), PrivateKey::of([8; 32]));
        let seals = Seals::with(&pair).making_for_status(Ring::of(vec![page.public()]));
        let seals = seals.opening_for_status(Ring::of(vec![page]));
        let vault = Vault::new(bus.clone(), Arc::new(Keys::from_master(&[7; 32])), seals);
        let clock = Clock::manual("2026-03-02T09:30:00Z".parse::<Timestamp>().unwrap());
        let (health, shutdown) = (Health::new(), Shutdown::new());
        let rules = Arc::new(Rules::compile(&redress_domain::RulesSettings::default()).unwrap());
        let ledger = Ledger::new(vault.clone(), rules, clock.clone());
        let client = redress_runtime::http::client().unwrap();
        let url = String::new();
        let status = status(&vault);
        let mut stage = Self { broker, bus, vault, ledger, clock, health, url, client, status, shutdown };
        let routes = redress_web::routes(Config::check(settings).unwrap(), stage.deps());
        stage.url = stage.serve(routes).await;
        stage
    }

    /// What the service needs.
    pub(crate) fn deps(&self) -> Deps {
        Deps {
            intake: Intake::new(self.vault.clone(), self.clock.clone()),
            ledger: self.ledger.clone(),
            status: self.status.clone(),
            mailboxes: vec!["help@example.org".to_owned()],
            proxies: Proxies::default(),
            clock: self.clock.clone(),
            health: self.health.clone(),
        }
    }

    /// Serves these routes on a listener of their own; answers where.
    pub(crate) async fn serve(&self, routes: axum::Router) -> String {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let url = format!("http://{}", listener.address());
        tokio::spawn(listener.serve(routes, Limits::default(), self.shutdown.clone()));
        url
    }

    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Opens the form and reads it for a minute.
    pub(crate) async fn open(&self) -> Hidden {
        let page = self.client.get(self.path("/")).send().await.unwrap();
        assert_eq!(page.status(), 200);
        self.clock.advance(SignedDuration::from_secs(60));
        Hidden::of(&page.text().await.unwrap())
    }

    /// Sends the form.
    pub(crate) async fn send(&self, hidden: &Hidden, fields: &[(&str, &str)]) -> Response {
        self.send_to("/", hidden, fields).await
    }

    /// Sends the form that lies at this path.
    pub(crate) async fn send_to(&self, path: &str, hidden: &Hidden, fields: &[(&str, &str)]) -> Response {
        let mut form =
            vec![("submission_key", hidden.key.as_str()), ("form_stamp", &hidden.stamp), ("website", "")];
        form.extend(fields);
        self.client.post(self.path(path)).form(&form).send().await.unwrap()
    }

    /// Posts JSON to the API.
    pub(crate) async fn post(&self, key: Option<&str>, body: impl Into<String>) -> Response {
        let mut request = self.client.post(self.path("/v1/complaints"));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        request.header(header::CONTENT_TYPE, "application/json").body(body.into()).send().await.unwrap()
    }

    /// Every contact on record.
    pub(crate) async fn contacts(&self) -> Vec<Contact> {
        let stored: Vec<_> =
            self.bus.scan(name::INTAKE, "intake.>", 1).await.unwrap().try_collect().await.unwrap();
        let mut contacts = Vec::new();
        for message in &stored {
            let opened = self.vault.open_contact(&message.subject, &message.headers, &message.body).await;
            contacts.extend(opened.unwrap());
        }
        contacts
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.shutdown.ask();
    }
}

impl Hidden {
    pub(crate) fn of(page: &str) -> Self {
        Self { key: hidden_value(page, "submission_key"), stamp: hidden_value(page, "form_stamp") }
    }
}

pub(crate) fn hidden_value(page: &str, name: &str) -> String {
    let marker = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&marker).unwrap_or_else(|| panic!("no field {name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

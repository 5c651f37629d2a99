//! The whole house in one process, for stories: a broker, a mail server, a Maildir, a hand-moved clock, and every
//! service as the program runs it, with settings as they are written in a file.
//!
//! The clock stands far in the future, so that no broker schedule fires by the broker's own clock: moving the clock
//! makes the sweep fire what is due. That schedules themselves work is proved by the tests of `redress-sla`.
//!
//! Reading order: [`settings`], [`running`] (services), [`incoming`] (mails and forms), [`acting`] (what handlers do),
//! [`outgoing`] (what was sent), [`settle`] (waiting until nothing is left, and [`Stage::finish`]), [`leaks`] (personal
//! data where none may be).

pub mod acting;
pub mod incoming;
pub mod leaks;
pub mod outgoing;
pub mod running;
pub mod settings;
pub mod settle;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use async_nats::jetstream;
use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use redress::cli::Service;
use redress::data::{make_keys, read_keys};
use redress::house::House;
use redress::sealing::Need;
use redress::settings::Config;
use redress_bus::Bus;
use redress_bus::users::{BACKUP, OPERATOR, PROVISION, seed};
use redress_contract::subject::name;
use redress_contract::{CloudEvent, ComplaintId, Contact, ContactId, Event};
use redress_domain::Complaint;
use redress_intake::Intake;
use redress_ledger::Ledger;
use redress_runtime::{Clock, Health};
use redress_testkit::broker::Options;
use redress_testkit::{Broker, SmtpSink, eventually};
use redress_vault::Vault;
use tempfile::TempDir;

use outgoing::Outgoing;
use running::Replica;

/// When stories begin: a Monday morning far ahead, in office hours.
pub const MORNING: &str = "2035-03-05T09:00:00Z";

/// Everything, running. Each story ends with [`Stage::finish`].
#[derive(Debug)]
pub struct Stage {
    /// The time, moved by hand.
    pub clock: Clock,
    /// The house as commands see it: log, vault, intake.
    pub house: House,
    config: Config,
    _broker: Broker,
    jetstream: jetstream::Context,
    folder: TempDir,
    client: reqwest::Client,
    outgoing: Outgoing,
    replicas: Vec<Replica>,
    /// Address of the public listener, while `web` runs.
    public: Option<String>,
    /// Address of the listener for clerks, while `web` runs.
    staff: Option<String>,
    /// Address of the listener for health and metrics.
    health: String,
    /// What must not show where no personal data may be.
    secrets: Mutex<BTreeSet<String>>,
    dropped: AtomicUsize,
    finished: bool,
}

/// A stage to be set.
#[derive(Debug, Clone)]
pub struct Builder {
    more: Vec<String>,
    services: Vec<Service>,
}

impl Stage {
    /// Everything runs once, with the settings of [`settings`].
    pub async fn set() -> Self {
        Self::with("").set().await
    }

    /// With more settings, as TOML.
    pub fn with(settings: &str) -> Builder {
        Builder { more: vec![settings.to_owned()], services: redress::services::ALL.to_vec() }
    }

    /// The folder in which everything of the stage lies: `{folder}` in its settings.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Moves the clock.
    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// Moves the clock to a time; nothing happens when it shows a later one.
    pub fn advance_to(&self, at: Timestamp) {
        self.clock.advance(at.duration_since(self.clock.now()).max(SignedDuration::ZERO));
    }

    /// The complaint that holds a contact, as soon as one does; there is never another.
    pub async fn holder(&self, contact: &ContactId) -> Complaint {
        let held = async || {
            let all = self.house.ledger.complaints().await.expect("the log can be read");
            let mut holders = all.into_iter().filter(|complaint| complaint.contact(contact).is_some());
            let first = holders.next();
            assert!(holders.next().is_none(), "contact {contact} is held by two complaints");
            first
        };
        eventually("a complaint holds the contact", held).await
    }

    /// A contact of a complaint, with everything the person wrote.
    pub async fn contact(&self, complaint: &Complaint, id: &ContactId) -> Contact {
        let linked = complaint.contact(id).expect("the complaint holds the contact");
        let opened = self.house.vault.contact(linked.channel, id).await.expect("contacts can be opened");
        opened.expect("the contact is on record")
    }

    /// A complaint as it is now.
    pub async fn complaint(&self, id: &ComplaintId) -> Complaint {
        let loaded = self.house.ledger.load_at_leader(id).await.expect("the log can be read");
        loaded.expect("there is such a complaint").complaint
    }

    /// A complaint as soon as it is as it should be.
    pub async fn once(&self, id: &ComplaintId, what: &str, is_so: impl Fn(&Complaint) -> bool) -> Complaint {
        eventually(what, async || Some(self.complaint(id).await).filter(|complaint| is_so(complaint))).await
    }

    /// The events of a complaint, in order.
    pub async fn events(&self, id: &ComplaintId) -> Vec<Event> {
        let history = self.house.ledger.history(id).await.expect("the log can be read");
        history.into_iter().flat_map(|entry| entry.commit.events).map(|recorded| recorded.event).collect()
    }

    /// Their names, in order.
    pub async fn event_names(&self, id: &ComplaintId) -> Vec<String> {
        self.events(id).await.iter().map(|event| event.name().to_owned()).collect()
    }

    /// Everything that was published, in order.
    pub async fn feed(&self) -> Vec<CloudEvent> {
        let scan = self.house.bus().scan(name::EVENTS, ">", 1).await.expect("the feed can be read");
        let stored: Vec<_> = scan.try_collect().await.expect("the feed can be read");
        let read = |stored: &redress_bus::Stored| serde_json::from_slice(&stored.body);
        stored.iter().map(|stored| read(stored).expect("the feed holds events")).collect()
    }

    /// A text that must not show where no personal data may be.
    pub fn keep_secret(&self, text: &str) {
        let mut secrets = self.secrets.lock().expect("nobody panics while holding it");
        secrets.insert(text.to_owned());
    }

    /// What health and metrics say.
    pub async fn asked(&self, path: &str) -> String {
        let answer = self.client.get(format!("{}{path}", self.health)).send().await;
        answer.expect("the health listener answers").text().await.expect("it answers with text")
    }

    /// A connection and everything over it, as one process has it.
    async fn open(config: &Config, clock: &Clock, name: &str, need: Need) -> House {
        let keys = read_keys(&config.key_file).expect("the stage's key can be read");
        let bus = Bus::connect(&config.bus, name).await.expect("the broker is there");
        let seals = config.sealing.read(need).expect("the stage's sealing keys can be read");
        let vault = Vault::new(bus, Arc::new(keys), seals);
        let ledger = Ledger::new(vault.clone(), Arc::new(config.rules.clone()), clock.clone());
        let intake = Intake::new(vault.for_channels(), clock.clone());
        House { vault, ledger, intake, clock: clock.clone(), health: Health::new() }
    }
}

impl Builder {
    /// More settings, as TOML; they take the place of what stood there.
    #[must_use]
    pub fn and(mut self, settings: &str) -> Self {
        self.more.push(settings.to_owned());
        self
    }

    /// A service does not run yet.
    #[must_use]
    pub fn without(mut self, service: Service) -> Self {
        self.services.retain(|other| *other != service);
        self
    }

    /// One more replica of a service.
    #[must_use]
    pub fn twice(mut self, service: Service) -> Self {
        self.services.push(service);
        self
    }

    /// Sets the stage and starts the services.
    pub async fn set(self) -> Stage {
        // Much lies on the stack while everything is connected; stories need not carry it.
        Box::pin(self.set_up()).await
    }

    async fn set_up(self) -> Stage {
        leaks::capture_logs();
        let sink = SmtpSink::start().await;
        let folder = tempfile::Builder::new().prefix("redress-stage-").tempdir().expect("a temporary folder");
        // As in production: each service is a user of its own, with exactly its rights.
        let users = folder.path().join("users");
        let broker = Broker::start_as(Options { users: Some(users.clone()), ..Options::default() }).await;
        let config = settings::config(folder.path(), &broker.url(), sink.address(), &self.more);
        make_keys(&config.key_file).expect("the stage's key can be written");
        config.sealing.make().expect("the stage's sealing keys can be written");
        incoming::make_maildirs(&config);
        let clock = Clock::manual(MORNING.parse().expect("it is a time"));
        let provision = Bus::connect(&config.bus, PROVISION).await.expect("the broker is there");
        provision.prepare().await.expect("streams and buckets are prepared");
        let house = Stage::open(&config, &clock, OPERATOR, Need::BOTH).await;
        house.pin_policies().await.expect("policies are pinned");
        let seed = seed::read(&users, BACKUP).expect("the seed was made");
        let login = async_nats::ConnectOptions::with_nkey(seed.expose().to_owned());
        let login = login.custom_inbox_prefix(format!("_INBOX_{BACKUP}"));
        let client = login.connect(broker.url()).await.expect("the broker is there");
        let health = running::serve_health(&config, &house).await;
        let mut stage = Stage {
            clock,
            house,
            config,
            _broker: broker,
            jetstream: jetstream::new(client),
            folder,
            client: redress_runtime::http::client().expect("an HTTP client can be made"),
            outgoing: Outgoing::of(sink),
            replicas: Vec::new(),
            public: None,
            staff: None,
            health,
            secrets: Mutex::default(),
            dropped: AtomicUsize::new(0),
            finished: false,
        };
        for service in self.services {
            stage.start(service).await;
        }
        stage
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let ended = self.finished || std::thread::panicking();
        assert!(ended, "a story ends with stage.finish().await, which looks whether anything is left");
    }
}

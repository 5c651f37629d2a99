//! A broker, a ledger, a clock moved by hand, an SMTP sink, and the service, started, stopped and killed at will.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mail_parser::{Message, MessageParser};
use redress_contract::contact::{Address, Thread};
use redress_contract::subject::{dead, name};
use redress_contract::{
    Actor, AddressKind, Cause, Channel, CommitEvent, ComplaintId, Contact, ContactId, Disposition,
    MachineKind, PartyStanding, Severity, TeamId,
};
use redress_domain::{
    Assignment, Classification, Command, Complaint, DeliveryStatus, Link, Register, Rules, RulesSettings,
};
use redress_identity::Keys;
use redress_ledger::Ledger;
use redress_notifier::{Config, Deps, Settings, run};
use redress_runtime::{Clock, Health, Shutdown};
use redress_testkit::smtp::{Mail, SmtpSink};
use redress_testkit::{Broker, eventually};
use redress_vault::{PrivateKey, Seals, Vault};
use tokio::task::JoinHandle;

pub(crate) struct Stage {
    /// Kept alive for as long as the stage.
    _broker: Broker,
    pub(crate) ledger: Ledger,
    pub(crate) sink: SmtpSink,
}

/// A running service.
pub(crate) struct Replica {
    shutdown: Shutdown,
    task: JoinHandle<()>,
    pub(crate) health: Health,
}

impl Replica {
    pub(crate) async fn stop(self) {
        self.shutdown.ask();
        self.task.await.unwrap();
    }

    /// As a crash does: nothing is finished, nothing is noted.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

impl Stage {
    /// Monday morning, ten o'clock.
    pub(crate) async fn set() -> Self {
        let broker = Broker::start().await;
        let vault = Vault::new(
            broker.bus("test").await,
            Arc::new(Keys::from_master(&[7; 32])),
            Seals::with(&PrivateKey::of([7; 32])),
        );
        let rules = Rules::compile(&RulesSettings::default()).unwrap();
        let clock = Clock::manual("2026-03-02T10:00:00Z".parse().unwrap());
        let ledger = Ledger::new(vault, Arc::new(rules), clock);
        Self { _broker: broker, ledger, sink: SmtpSink::start().await }
    }

    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings {
            transport: "smtp".to_owned(),
            from_address: "help@example.org".to_owned(),
            parallel: 4,
            ..Settings::default()
        };
        "127.0.0.1".clone_into(&mut settings.smtp.host);
        settings.smtp.port = self.sink.address().port();
        "none".clone_into(&mut settings.smtp.tls);
        settings.smtp.send_seconds = 5;
        settings
    }

    pub(crate) fn start(&self) -> Replica {
        self.start_with(&self.settings())
    }

    pub(crate) fn start_with(&self, settings: &Settings) -> Replica {
        let (shutdown, health) = (Shutdown::new(), Health::new());
        let config = Config::check(settings).unwrap();
        let deps = Deps { ledger: self.ledger.clone(), health: health.clone() };
        let running = run(config, deps, shutdown.clone());
        let task = tokio::spawn(async move { running.await.unwrap() });
        Replica { shutdown, task, health }
    }

    /// A contact from an address, recorded and registered as a complaint of its own, now.
    pub(crate) async fn register(&self, name: &str, from: &str) -> ComplaintId {
        self.register_received(name, from, self.now()).await
    }

    pub(crate) async fn register_received(
        &self,
        name: &str,
        from: &str,
        received_at: Timestamp,
    ) -> ComplaintId {
        let contact = self.contact(name, from, received_at);
        self.register_contact(contact, MachineKind::Unspecified).await
    }

    pub(crate) fn contact(&self, name: &str, from: &str, received_at: Timestamp) -> Contact {
        let sender = Address {
            kind: AddressKind::Email,
            value: from.to_owned(),
            display_name: "Evil\r\nBcc: victim@example.net".to_owned(),
        };
        let thread = Thread { message_id: format!("{name}@mail.example.com"), ..Thread::default() };
        Contact {
            id: ContactId::new(name).unwrap(),
            channel: Channel::Email,
            account: "help".to_owned(),
            received_at,
            recorded_at: self.now(),
            sender: (!from.is_empty()).then_some(sender),
            subject: "MARKER".to_owned(),
            text: "MARKER".to_owned(),
            thread: Some(thread),
            ..Contact::default()
        }
    }

    pub(crate) async fn register_contact(&self, contact: Contact, machine: MachineKind) -> ComplaintId {
        let vault = self.ledger.vault();
        let complaint_id = vault.keys().complaint_id(&contact.id);
        let register = Register {
            complaint_id: complaint_id.clone(),
            reference: vault.keys().reference(&contact.id, 0),
            link: link(&contact, machine),
            recorded_at: contact.recorded_at,
            language: String::new(),
            classification: Classification {
                jurisdiction: String::new(),
                needs: Vec::new(),
                evidence: Vec::new(),
                disposition: Disposition::Complaint,
                category: "general".to_owned(),
                product: String::new(),
                severity: Severity::S3,
                rule: "default".to_owned(),
            },
            assignment: Assignment {
                team: TeamId::new("complaints").unwrap(),
                handler: None,
                rule: "default".to_owned(),
            },
        };
        vault.put_contact(contact, b"raw".as_slice().into(), Vec::new()).await.unwrap();
        self.execute(&complaint_id, &Command::Register(register)).await;
        complaint_id
    }

    pub(crate) async fn execute(&self, complaint: &ComplaintId, command: &Command) {
        let actor = Actor::handler("h1");
        self.ledger.execute(complaint, command, actor, Cause::default()).await.unwrap();
    }

    pub(crate) async fn complaint(&self, id: &ComplaintId) -> Complaint {
        self.ledger.load(id).await.unwrap().unwrap().complaint
    }

    /// The fates of the complaint's communications, in order: `acknowledgement complainant Accepted`.
    pub(crate) async fn fates(&self, id: &ComplaintId) -> Vec<String> {
        let complaint = self.complaint(id).await;
        let fates = complaint.communications.iter();
        fates.map(|sent| format!("{} {} {:?}", sent.purpose, sent.recipient, sent.status)).collect()
    }

    /// Returns once the fates are these.
    pub(crate) async fn eventually_fates(&self, id: &ComplaintId, fates: &[&str]) {
        eventually(&format!("fates {fates:?}"), || async { (self.fates(id).await == fates).then_some(()) })
            .await;
    }

    pub(crate) async fn eventually_acknowledged(&self, id: &ComplaintId) {
        eventually("acknowledged", || async {
            let complaint = self.complaint(id).await;
            complaint.communications.iter().any(|sent| sent.status == DeliveryStatus::Accepted).then_some(())
        })
        .await;
    }

    /// Names of all events from the second commit on.
    pub(crate) async fn later_events(&self, id: &ComplaintId) -> Vec<String> {
        let history = self.ledger.history(id).await.unwrap();
        let events = history.iter().skip(1).flat_map(|entry| &entry.commit.events);
        events.map(|recorded: &CommitEvent| recorded.event.name().to_owned()).collect()
    }

    /// Delivers a message of a stream to one of the service's consumers once more.
    pub(crate) async fn deliver_again(&self, consumer: &str, stream_seq: u64) {
        let subject = dead("notifier", &format!("replay.{consumer}.{stream_seq}"));
        self.ledger.vault().bus().publish(&subject, Vec::new(), bytes::Bytes::new()).await.unwrap();
    }

    /// Returns once everything was handled that a consumer has to handle: what is marked comes after it.
    pub(crate) async fn settled(&self, mark: &str) {
        let sent = self.sink.count();
        let id = self.register(mark, &format!("{mark}@mark.example.com")).await;
        self.eventually_acknowledged(&id).await;
        assert!(self.sink.count() > sent);
    }

    pub(crate) async fn dead_letters(&self) -> usize {
        self.ledger.vault().bus().dead_letters().await.unwrap().len()
    }

    pub(crate) async fn outbox(&self) -> u64 {
        self.ledger.vault().bus().last_seq(name::OUTBOX).await.unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ledger.clock().now()
    }

    pub(crate) fn advance_minutes(&self, minutes: i64) {
        self.ledger.clock().advance(SignedDuration::from_mins(minutes));
    }
}

pub(crate) fn link(contact: &Contact, machine: MachineKind) -> Link {
    Link {
        contact_id: contact.id.clone(),
        channel: contact.channel,
        account: contact.account.clone(),
        received_at: contact.received_at,
        standing: PartyStanding::Party,
        party: "0a".to_owned(),
        machine,
        confidence_percent: 100,
        reasons: vec!["opened".to_owned()],
        possible_duplicate_of: None,
    }
}

pub(crate) fn parse(mail: &Mail) -> Message<'_> {
    MessageParser::new().parse(&mail.bytes[..]).unwrap()
}

/// Recipients and subject, one line for each mail, sorted.
pub(crate) fn list(mails: &[Mail]) -> Vec<String> {
    let mut lines: Vec<String> = mails
        .iter()
        .map(|mail| format!("{}: {}", mail.recipients.join(","), parse(mail).subject().unwrap_or_default()))
        .collect();
    lines.sort();
    lines
}

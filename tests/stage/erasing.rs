//! A person is erased: what a thief of the broker's files, of a backup taken before and of the private key in force reads
//! before and after, and whether reading the source again brings it back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use redress_bus::Bus;
use redress_contract::contact::Address;
use redress_contract::subject::{self, name};
use redress_contract::{
    Actor, AddressKind, Cause, Communication, CommunicationPurpose, ComplaintId, Contact, Content, Event,
    EventId, HandlerId, Medium, Recipient,
};
use redress_domain::command::Fate;
use redress_domain::{Command, CommunicationFact, Rules, RulesSettings};
use redress_intake::Intake;
use redress_ledger::Ledger;
use redress_runtime::{Clock, Health, Shutdown};
use redress_testkit::eventually;
use redress_vault::{PrivateKey, Ring, Seals, Vault};

use crate::house;
use crate::scanner::{Opened, scan};

const MARK: &str = "zqannsecretvw";
const OTHER: &str = "zqbobsecretvw";
const MAILS: usize = 6;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Items there are of each of the two people: contacts, texts, communications, a blob.
    pub items: usize,
    /// What the thief opens of the person before it is erased, with the key: the control.
    pub before: usize,
    /// And without the key, of anybody.
    pub without_key: usize,
    /// What the thief opens of the person afterwards, after the source was read again.
    pub after: usize,
    /// And of the other person.
    pub others_after: usize,
    /// Contacts of the person that are there again after the source was read again.
    pub came_back: usize,
    /// Complaints whose log says that they were erased.
    pub noted: usize,
}

impl Figures {
    /// What they must be.
    pub fn right() -> Self {
        let items = 3 * MAILS + 1;
        Self {
            items,
            before: items,
            without_key: 0,
            after: 0,
            others_after: items,
            came_back: 0,
            noted: MAILS,
        }
    }
}

/// Two people complain, one is erased, the keys are rotated, the source is read again. `files` are the broker's.
///
/// # Panics
/// When the broker does not answer.
pub async fn figures(bus: Bus, files: Vec<PathBuf>) -> Figures {
    let world = World::of(bus, files);
    let ledger = world.ledger(Seals::with(&world.old));
    let contacts = world.fill(&ledger).await;
    world.back_up();
    let before = world.stolen(&[&world.old]).holding(MARK).len();
    let without_key = world.stolen(&[&world.new]).0.len();
    let party = world.erase(&ledger).await;
    let rings = Seals::default().opening(Ring::of(vec![world.old.clone(), world.new.clone()]));
    world.ledger(rings).vault().rewrap().await.expect("the keys are rotated");
    let present = world.ledger(Seals::with(&world.new));
    let came_back = world.read_again(&present, &contacts).await;
    let stolen = world.stolen(&[&world.new]);
    Figures {
        items: 3 * MAILS + 1,
        before,
        without_key,
        after: stolen.holding(MARK).len(),
        others_after: stolen.holding(OTHER).len(),
        came_back,
        noted: noted(&present, &party, &contacts).await,
    }
}

/// Everything over one connection, and where the broker's files lie.
struct World {
    bus: Bus,
    files: Vec<PathBuf>,
    backup: tempfile::TempDir,
    old: PrivateKey,
    new: PrivateKey,
}

impl World {
    fn of(bus: Bus, files: Vec<PathBuf>) -> Self {
        let backup = tempfile::tempdir().expect("a temporary folder");
        Self { bus, files, backup, old: PrivateKey::draw(), new: PrivateKey::draw() }
    }

    fn ledger(&self, seals: Seals) -> Ledger {
        let rules = Rules::compile(&RulesSettings::default()).expect("the house rules compile");
        let vault = Vault::new(self.bus.clone(), Arc::new(house::keys()), seals);
        Ledger::new(vault, Arc::new(rules), Clock::system())
    }

    /// What a thief with the broker's files of now and of the backup reads with these keys.
    fn stolen(&self, private: &[&PrivateKey]) -> Opened {
        let mut folders: Vec<&Path> = self.files.iter().map(PathBuf::as_path).collect();
        folders.push(self.backup.path());
        let lines: Vec<_> = private.iter().map(|private| private.line()).collect();
        let lines: Vec<&str> = lines.iter().map(|line| line.as_str()).collect();
        scan(&folders, &lines).expect("the files can be read")
    }

    fn back_up(&self) {
        for (n, folder) in self.files.iter().enumerate() {
            copy(folder, &self.backup.path().join(n.to_string()));
        }
    }

    /// Contacts of both people, routed; a note and a communication about each complaint.
    async fn fill(&self, ledger: &Ledger) -> Vec<Contact> {
        let intake = Intake::new(ledger.vault().for_channels(), Clock::system());
        let mut contacts = Vec::new();
        for n in 0..MAILS {
            for (person, mark) in [("ann", MARK), ("bob", OTHER)] {
                let large = if n == 0 { "x".repeat(600_000) } else { String::new() };
                let raw = format!(
                    "From: {person}@example.com\r\nTo: help@example.org\r\nSubject: {mark} {n}\r\n\
                     Message-ID: <{person}{n}@example.com>\r\n\r\nIt broke, says {mark}.\r\n{large}{mark}\r\n"
                );
                let contact =
                    house::normalised(&house::keys(), "help", raw.as_bytes(), Clock::system().now());
                intake.record(contact.clone(), raw.into()).await.expect("it is recorded");
                contacts.push(contact);
            }
        }
        let count = contacts.len();
        run_router(ledger, count).await;
        for contact in &contacts {
            let mark = if contact.text.contains(MARK) { MARK } else { OTHER };
            write_about(ledger, &house::keys().complaint_id(&contact.id), mark).await;
        }
        contacts
    }

    /// The keyed hash of who was erased.
    async fn erase(&self, ledger: &Ledger) -> String {
        let value = "ann@example.com".to_owned();
        let ann = Address { kind: AddressKind::Email, value, ..Address::default() };
        let party = house::keys().party(&ann, None);
        let plan = ledger.plan_party(&party).await.expect("it can be planned");
        assert_eq!(plan.complaints.len(), MAILS);
        assert_eq!(plan.at_the_source.len(), MAILS, "the mails in the mailbox are told");
        ledger.erase(&plan, &Actor::service("erase")).await.expect("it is erased");
        let left = ledger.plan_party(&party).await.expect("it can be planned");
        assert!(left.is_empty(), "nothing is left to erase");
        party
    }

    /// The mailbox is read again, from the beginning; answers how many of what was erased are there again.
    async fn read_again(&self, present: &Ledger, contacts: &[Contact]) -> usize {
        let intake = Intake::new(present.vault().for_channels(), Clock::system());
        let mut came_back = 0;
        for contact in contacts {
            let again = intake.record(contact.clone(), Bytes::from(contact.text.clone())).await;
            let known = again.expect("the broker answers").already_recorded;
            let subject = subject::intake(contact.channel, &contact.id);
            let stored = self.bus.last_at_leader(name::INTAKE, &subject).await.expect("the broker answers");
            let opened = present.vault().contact(contact.channel, &contact.id).await;
            let there = opened.expect("it opens or was erased").is_some();
            let erased = contact.text.contains(MARK);
            assert!(erased || (known && there), "the others stay as they are");
            let closed = stored.is_some_and(|stored| stored.body.is_empty());
            came_back += usize::from(erased && (there || !known || !closed));
        }
        came_back
    }
}

async fn run_router(ledger: &Ledger, count: usize) {
    let config =
        redress_router::Config::check(&redress_router::Settings::default()).expect("the defaults are fine");
    let deps = redress_router::Deps { ledger: ledger.clone(), clock: Clock::system(), health: Health::new() };
    let shutdown = Shutdown::new();
    let running = tokio::spawn(redress_router::run(config, deps, shutdown.clone()));
    eventually("all are routed", || async { (ledger.complaints().await.ok()?.len() == count).then_some(()) })
        .await;
    shutdown.ask();
    running.await.expect("the router does not panic").expect("the router ends well");
}

/// What handlers and the notifier write, with the person's words in it.
async fn write_about(ledger: &Ledger, complaint: &ComplaintId, mark: &str) {
    let keys = house::keys();
    let id = keys.content_id(complaint, &["note"]);
    let author = HandlerId::new("ina").expect("an id");
    let content = Content {
        id: id.clone(),
        complaint_id: complaint.clone(),
        author: author.clone(),
        text: format!("called, {mark}"),
        ..Content::default()
    };
    ledger.vault().put_content(&content).await.expect("it is stored");
    let note = Command::AddNote { content_id: id, author };
    ledger.execute(complaint, &note, Actor::handler("ina"), Cause::default()).await.expect("it is noted");
    let id = keys.communication_id(&EventId::of(complaint, 1), "acknowledgement", Recipient::Complainant);
    let to = Address { kind: AddressKind::Email, value: format!("{mark}@example.com"), ..Address::default() };
    let communication = Communication {
        id: id.clone(),
        complaint_id: complaint.clone(),
        recipient: Recipient::Complainant,
        medium: Medium::Email,
        to,
        ..Communication::default()
    };
    ledger.vault().put_communication(&communication, Vec::new()).await.expect("it is stored");
    let fact = CommunicationFact {
        communication_id: id,
        purpose: CommunicationPurpose::Acknowledgement,
        recipient: Recipient::Complainant,
        medium: Medium::Email,
        contact_id: None,
        fate: Fate::Accepted { at: Clock::system().now(), provides: Vec::new() },
    };
    let command = Command::NoteCommunication(fact);
    ledger
        .execute(complaint, &command, Actor::service("notifier"), Cause::default())
        .await
        .expect("it is noted");
}

/// Complaints whose log says that all three things were erased; what happened before stays on record.
async fn noted(ledger: &Ledger, party: &str, contacts: &[Contact]) -> usize {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for contact in contacts {
        let id = house::keys().complaint_id(&contact.id);
        for entry in ledger.history(&id).await.expect("the log can be read") {
            for event in entry.commit.events {
                *names.entry(event.event.name().to_owned()).or_default() += 1;
                if let Event::ErasureCompleted(done) = event.event {
                    assert_eq!((done.contacts, done.contents, done.communications), (1, 1, 1));
                    assert_eq!(done.party, party);
                }
            }
        }
    }
    assert_eq!(names["Registered"], 2 * MAILS);
    assert_eq!(names["ErasureRequested"], names["ErasureCompleted"]);
    names["ErasureCompleted"]
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder for the backup");
    for entry in std::fs::read_dir(from).expect("the broker's folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            // A file that the broker replaces at this moment is in the next one.
            let _ = std::fs::copy(entry.path(), target);
        }
    }
}

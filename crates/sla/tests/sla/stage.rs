//! A broker, a ledger with second-long deadlines, and the service, started and stopped at will.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use redress_bus::Stored;
use redress_contract::subject::name::TIMERS;
use redress_contract::{
    Actor, Cause, Channel, ClockId, CommitEvent, ComplaintId, ContactId, Disposition, Event, MachineKind,
    MilestoneId, PartyStanding, Recipient, Reference, Severity, TeamId, TimerDue, subject,
};
use redress_domain::settings::{MilestoneSettings, PolicySettings, RungSettings};
use redress_domain::{Assignment, Classification, Command, Link, Register, Rules, RulesSettings};
use redress_identity::Keys;
use redress_ledger::Ledger;
use redress_ledger::history::Entry;
use redress_runtime::{Clock, Health, Shutdown};
use redress_sla::{Config, Deps, Settings};
use redress_testkit::{Broker, eventually};
use redress_vault::{PrivateKey, Seals, Vault};
use tokio::task::JoinHandle;

pub(crate) struct Stage {
    pub(crate) broker: Broker,
    pub(crate) ledger: Ledger,
}

pub(crate) struct Replica {
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

impl Replica {
    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(self) {
        self.shutdown.ask();
        self.task.await.unwrap();
    }

    /// As a crash does: nothing is finished, nothing is released.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// A milestone `acknowledge`, due after `span`, with rungs at 50 %, at the deadline and one second later.
pub(crate) fn acknowledge_within(span: &str) -> RulesSettings {
    let milestone = MilestoneSettings {
        id: "acknowledge".to_owned(),
        span: [("elapsed".to_owned(), span.to_owned())].into(),
        ..MilestoneSettings::default()
    };
    let policy = PolicySettings {
        id: "quick".to_owned(),
        ladder: "quick".to_owned(),
        milestones: vec![milestone],
        ..PolicySettings::default()
    };
    let rung =
        |at: &str, role: Recipient| RungSettings { at: at.to_owned(), tell: vec![role.token().to_owned()] };
    let ladder = vec![
        rung("50%", Recipient::Owner),
        rung("due", Recipient::ComplaintsManager),
        rung("+1s", Recipient::HeadOfUnit),
    ];
    RulesSettings {
        policies: vec![policy],
        ladders: [("quick".to_owned(), ladder)].into(),
        ..RulesSettings::default()
    }
}

impl Stage {
    pub(crate) async fn set(rules: &RulesSettings, clock: Clock) -> Self {
        let broker = Broker::start().await;
        let vault = Vault::new(
            broker.bus("sla-test").await,
            Arc::new(Keys::from_master(&[7; 32])),
            Seals::with(&PrivateKey::of([7; 32])),
        );
        let rules = Arc::new(Rules::compile(rules).expect("the test's rules compile"));
        Self { broker, ledger: Ledger::new(vault, rules, clock) }
    }

    /// Starts the service; a sweep that is set to an hour leaves everything to the broker's schedules.
    pub(crate) fn start(&self, settings: &Settings) -> Replica {
        let config = Config::check(settings).unwrap();
        let deps = Deps { ledger: self.ledger.clone(), health: Health::new() };
        let shutdown = Shutdown::new();
        let asked = shutdown.clone();
        let task = tokio::spawn(async move { redress_sla::run(config, deps, asked).await.unwrap() });
        Replica { shutdown, task }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ledger.clock().now()
    }

    pub(crate) async fn execute(&self, complaint: &str, command: &Command) -> Vec<CommitEvent> {
        let done =
            self.ledger.execute(&id(complaint), command, Actor::service("test"), Cause::default()).await;
        done.unwrap().events
    }

    /// Opens a complaint received now.
    pub(crate) async fn register(&self, complaint: &str) {
        let command = register(complaint, self.now());
        assert!(!self.execute(complaint, &command).await.is_empty());
    }

    pub(crate) async fn history(&self, complaint: &str) -> Vec<Entry> {
        self.ledger.history(&id(complaint)).await.unwrap()
    }

    /// What the service wrote: `WarningReached 1`, `Escalated 2 overtaken`.
    pub(crate) async fn fired(&self, complaint: &str) -> Vec<String> {
        let history = self.history(complaint).await;
        history.iter().flat_map(|entry| &entry.commit.events).filter_map(|event| word(&event.event)).collect()
    }

    pub(crate) async fn eventually_fired(&self, complaint: &str, expected: &[&str]) {
        let what = format!("{complaint}: {expected:?}");
        eventually(&what, || async { (self.fired(complaint).await.len() >= expected.len()).then_some(()) })
            .await;
        assert_eq!(self.fired(complaint).await, expected);
    }

    /// The timer the broker holds for the milestone `acknowledge`.
    pub(crate) async fn timer(&self, complaint: &str) -> Option<Stored> {
        self.last_timer(&timer_set(complaint)).await
    }

    pub(crate) async fn last_timer(&self, subject: &str) -> Option<Stored> {
        self.ledger.vault().bus().last(TIMERS, subject).await.unwrap()
    }

    pub(crate) async fn eventually_timer(&self, complaint: &str) -> TimerDue {
        let stored = eventually("the timer is set", || self.timer(complaint)).await;
        serde_json::from_slice(&stored.body).unwrap()
    }

    /// A message without a schedule on a timer's subject makes the broker forget it.
    pub(crate) async fn take_away_timer(&self, complaint: &str) {
        let bus = self.ledger.vault().bus();
        bus.publish(&timer_set(complaint), Vec::new(), "{}".into()).await.unwrap();
    }

    pub(crate) async fn reaches(&self, at: Timestamp) {
        self.ledger.clock().reaches(at).await;
    }
}

pub(crate) fn never_sweeping() -> Settings {
    Settings { sweep_seconds: 3600, ..Settings::default() }
}

pub(crate) fn timer_set(complaint: &str) -> String {
    subject::timer_set(&id(complaint), &clock(), &milestone())
}

pub(crate) fn timer_due(complaint: &str) -> String {
    subject::timer_due(&id(complaint), &clock(), &milestone())
}

pub(crate) fn timer_cancelled(complaint: &str) -> String {
    subject::timer_cancelled(&id(complaint), &clock(), &milestone())
}

pub(crate) fn clock() -> ClockId {
    ClockId::new("quick").unwrap()
}

pub(crate) fn milestone() -> MilestoneId {
    MilestoneId::new("acknowledge").unwrap()
}

pub(crate) fn id(text: &str) -> ComplaintId {
    ComplaintId::new(text).unwrap()
}

pub(crate) fn seconds(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

fn word(event: &Event) -> Option<String> {
    let (name, rung, overtaken) = match event {
        Event::WarningReached(e) => (event.name(), e.rung, e.overtaken),
        Event::Escalated(e) => (event.name(), e.rung, e.overtaken),
        Event::MilestoneBreached(_) => return Some(event.name().to_owned()),
        _ => return None,
    };
    Some(format!("{name} {rung}{}", if overtaken { " overtaken" } else { "" }))
}

fn register(complaint: &str, received_at: Timestamp) -> Command {
    Command::Register(Register {
        complaint_id: id(complaint),
        reference: Reference::new("RD-0000-0000").unwrap(),
        link: Link {
            contact_id: ContactId::new(format!("k{complaint}")).unwrap(),
            channel: Channel::Email,
            account: "help".to_owned(),
            received_at,
            standing: PartyStanding::Party,
            party: "0a".to_owned(),
            machine: MachineKind::Unspecified,
            confidence_percent: 100,
            reasons: vec!["opened".to_owned()],
            possible_duplicate_of: None,
        },
        recorded_at: received_at,
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
    })
}

//! The log on a real broker: commands become commits, once, in a chain that cannot be cut unseen.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::sync::Arc;

use jiff::Timestamp;
use redress_contract::{
    Actor, Cause, Channel, Commit, ComplaintId, ContactId, ContentId, Disposition, HandlerId, MachineKind,
    PartyStanding, Reference, Severity, TeamId,
};
use redress_domain::{
    Assignment, Classification, Command, Link, Refusal, Register, Rules, RulesSettings, replay,
};
use redress_identity::Keys;
use redress_ledger::verify::{Checkpoint, Fault, Verifier};
use redress_ledger::{ExecuteError, Ledger};
use redress_runtime::Clock;
use redress_testkit::Broker;
use redress_vault::{PrivateKey, Seals, Vault};

async fn ledger(broker: &Broker) -> Ledger {
    let vault = Vault::new(
        broker.bus("test").await,
        Arc::new(Keys::from_master(&[7; 32])),
        Seals::with(&PrivateKey::of([7; 32])),
    );
    let rules = Rules::compile(&RulesSettings::default()).expect("the house rules compile");
    Ledger::new(vault, Arc::new(rules), Clock::manual(at("2026-03-02T10:00:00Z")))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn id(text: &str) -> ComplaintId {
    ComplaintId::new(text).unwrap()
}

fn link(contact: &str) -> Link {
    Link {
        contact_id: ContactId::new(contact).unwrap(),
        channel: Channel::Email,
        account: "help".to_owned(),
        received_at: at("2026-03-02T09:59:00Z"),
        standing: PartyStanding::Party,
        party: "0a".to_owned(),
        machine: MachineKind::Unspecified,
        confidence_percent: 100,
        reasons: vec!["opened".to_owned()],
        possible_duplicate_of: None,
    }
}

fn register(complaint: &str, contact: &str) -> Command {
    Command::Register(Register {
        complaint_id: id(complaint),
        reference: Reference::new("RD-0000-0000").unwrap(),
        link: link(contact),
        recorded_at: at("2026-03-02T10:00:00Z"),
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

fn note(n: u32) -> Command {
    Command::AddNote {
        content_id: ContentId::new(format!("n{n}")).unwrap(),
        author: HandlerId::new("h1").unwrap(),
    }
}

async fn execute(ledger: &Ledger, complaint: &str, command: &Command) -> Result<usize, ExecuteError> {
    let done = ledger.execute(&id(complaint), command, Actor::service("test"), Cause::default()).await?;
    Ok(done.events.len())
}

#[tokio::test]
async fn registering_is_one_commit_and_a_redelivery_writes_nothing() {
    let broker = Broker::start().await;
    let ledger = ledger(&broker).await;
    let command = register("c", "k");
    assert!(execute(&ledger, "c", &command).await.unwrap() >= 6);
    ledger.clock().advance(jiff::SignedDuration::from_secs(1));
    assert_eq!(execute(&ledger, "c", &command).await.unwrap(), 0);
    let history = ledger.history(&id("c")).await.unwrap();
    assert_eq!(history.len(), 1);
    let loaded = ledger.load(&id("c")).await.unwrap().unwrap();
    assert_eq!(Some(loaded.complaint), replay(&history[0].commit.events), "the cache is what the events say");
}

#[tokio::test]
async fn racing_commands_are_all_decided_once_on_what_is_there() {
    let broker = Broker::start().await;
    let ledger = ledger(&broker).await;
    execute(&ledger, "c", &register("c", "k")).await.unwrap();
    let racers = (0..6).map(|n| {
        let ledger = ledger.clone();
        tokio::spawn(async move { execute(&ledger, "c", &note(n)).await.unwrap() })
    });
    let written: usize = futures::future::join_all(racers).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(written, 6);
    let report = ledger.verify(None).await.unwrap();
    assert_eq!((report.commits, report.faults), (7, Vec::new()));
}

#[tokio::test]
async fn refusals_are_answers_and_an_unknown_complaint_is_one() {
    let broker = Broker::start().await;
    let ledger = ledger(&broker).await;
    let refused = execute(&ledger, "nobody", &note(1)).await;
    assert!(matches!(refused, Err(ExecuteError::Refused(Refusal::NoSuchComplaint))), "{refused:?}");
    execute(&ledger, "c", &register("c", "k")).await.unwrap();
    let refused = execute(&ledger, "c", &register("c", "other")).await;
    assert!(matches!(refused, Err(ExecuteError::Refused(Refusal::AlreadyRegistered))), "{refused:?}");
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_recognised_as_our_own() {
    let mut broker = Broker::start().await;
    let ledger = ledger(&broker).await;
    execute(&ledger, "c", &register("c", "k")).await.unwrap();
    let running = tokio::spawn({
        let ledger = ledger.clone();
        async move {
            for n in 0..200 {
                execute(&ledger, "c", &note(n)).await.unwrap();
            }
        }
    });
    for kill in 1..=3 {
        redress_testkit::eventually("some were written", || async {
            let loaded = ledger.load(&id("c")).await.ok()??;
            (loaded.number > kill * 40).then_some(())
        })
        .await;
        broker.restart().await;
    }
    running.await.unwrap();
    let loaded = ledger.load_at_leader(&id("c")).await.unwrap().unwrap();
    let registered = ledger.history(&id("c")).await.unwrap()[0].commit.events.len();
    assert_eq!(loaded.complaint.seq as usize, registered + 200, "each note once");
    assert!(ledger.verify(None).await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn any_tampering_with_an_exported_chain_is_found() {
    let broker = Broker::start().await;
    let ledger = ledger(&broker).await;
    execute(&ledger, "c", &register("c", "k")).await.unwrap();
    for n in 0..5 {
        execute(&ledger, "c", &note(n)).await.unwrap();
    }
    let history = ledger.history(&id("c")).await.unwrap();
    let heads = ledger.verify(None).await.unwrap().heads;
    let checkpoint = Checkpoint { taken_at: at("2026-03-02T11:00:00Z"), heads };
    let faults = |entries: &[redress_ledger::history::Entry]| -> Vec<Fault> {
        let mut verifier = Verifier::new(Some(&checkpoint));
        for entry in entries {
            verifier.check(entry);
        }
        verifier.finish().faults
    };
    assert!(faults(&history).is_empty());
    for n in 0..history.len() {
        let mut removed = history.clone();
        removed.remove(n);
        assert!(!faults(&removed).is_empty(), "commit {n} removed");
        let mut edited = history.clone();
        let text = String::from_utf8(edited[n].bytes.to_vec())
            .unwrap()
            .replace("\"h1\"", "\"h2\"")
            .replace("help", "hulp");
        edited[n].commit = serde_json::from_str::<Commit>(&text).unwrap();
        edited[n].bytes = text.into();
        assert!(!faults(&edited).is_empty(), "commit {n} edited");
        if n > 0 {
            let mut swapped = history.clone();
            swapped.swap(n - 1, n);
            assert!(!faults(&swapped).is_empty(), "commits {} and {n} swapped", n - 1);
        }
    }
}

//! The broker's schedules alone: set, fired, cancelled, stale.

use jiff::{SignedDuration, Timestamp};
use redress_contract::{CommunicationId, CommunicationPurpose, ContactId, Medium, Recipient, TimerDue};
use redress_domain::Command;
use redress_domain::command::{CommunicationFact, Fate};
use redress_runtime::Clock;
use redress_testkit::eventually;

use crate::stage::{
    Stage, acknowledge_within, clock, id, milestone, never_sweeping, seconds, timer_cancelled, timer_due,
};

/// The broker fires within 0.3 s; the rest is for a busy machine.
const LATE_MAX: SignedDuration = SignedDuration::from_millis(1500);

#[tokio::test]
async fn a_deadline_warns_breaches_and_escalates_once_each_on_time() {
    let stage = Stage::set(&acknowledge_within("PT3S"), Clock::system()).await;
    let sla = stage.start(&never_sweeping());
    stage.register("c").await;
    let registered = stage.now();
    let ladder = ["WarningReached 1", "MilestoneBreached", "Escalated 2", "Escalated 3"];
    stage.eventually_fired("c", &ladder).await;

    let complaint = stage.ledger.load(&id("c")).await.unwrap().unwrap().complaint;
    let owed = complaint.clock(&clock()).unwrap().milestone(&milestone()).unwrap().clone();
    assert!(owed.breached && owed.due_at <= registered + seconds(3));
    let written: Vec<Timestamp> =
        stage.history("c").await.iter().skip(1).map(|entry| entry.commit.recorded_at).collect();
    assert_eq!(written.len(), owed.rungs.len());
    for (rung, written) in owed.rungs.iter().zip(written) {
        let late = written.duration_since(rung.at);
        assert!(!late.is_negative() && late < LATE_MAX, "rung of {} written at {written}", rung.at);
    }
    assert!(stage.timer("c").await.is_none(), "no timer is left behind");
    sla.stop().await;
}

#[tokio::test]
async fn what_is_met_in_time_never_fires() {
    let stage = Stage::set(&acknowledge_within("PT3S"), Clock::system()).await;
    let sla = stage.start(&never_sweeping());
    stage.register("met").await;
    let timer = stage.eventually_timer("met").await;
    assert_eq!((timer.complaint_id.clone(), timer.generation), (id("met"), 1));
    stage.execute("met", &acknowledged(stage.now())).await;
    eventually("the timer is cancelled", || async {
        let gone = stage.timer("met").await.is_none();
        (gone && stage.last_timer(&timer_cancelled("met")).await.is_some()).then_some(())
    })
    .await;

    // Registered later, so when its ladder is through, that of the other would be too.
    stage.register("unmet").await;
    stage
        .eventually_fired("unmet", &["WarningReached 1", "MilestoneBreached", "Escalated 2", "Escalated 3"])
        .await;
    assert!(stage.last_timer(&timer_due("met")).await.is_none(), "the broker fired a cancelled timer");
    assert_eq!(stage.fired("met").await, Vec::<String>::new());
    sla.stop().await;
}

#[tokio::test]
async fn a_stale_timer_changes_nothing() {
    let stage = Stage::set(&acknowledge_within("PT3S"), Clock::system()).await;
    let sla = stage.start(&never_sweeping());
    stage.register("c").await;
    let timer = stage.eventually_timer("c").await;
    let long_ago = stage.now() - seconds(60);
    let outdated = TimerDue { generation: 9, due_at: long_ago, ..timer.clone() };
    let early = TimerDue { due_at: long_ago, ..timer };
    for hint in [&outdated, &early, &early] {
        let body = serde_json::to_vec(hint).unwrap();
        stage.ledger.vault().bus().publish(&timer_due("c"), Vec::new(), body.into()).await.unwrap();
    }
    stage
        .eventually_fired("c", &["WarningReached 1", "MilestoneBreached", "Escalated 2", "Escalated 3"])
        .await;
    let commits = stage.history("c").await.len();
    assert_eq!(commits, 4, "each rung is one commit, the hints wrote none");
    sla.stop().await;
}

#[tokio::test]
async fn a_timer_for_nobody_becomes_a_dead_letter() {
    let stage = Stage::set(&acknowledge_within("PT3S"), Clock::system()).await;
    let sla = stage.start(&never_sweeping());
    let timer = TimerDue {
        complaint_id: id("nobody"),
        clock: clock(),
        milestone: milestone(),
        generation: 1,
        due_at: stage.now(),
    };
    let bus = stage.ledger.vault().bus();
    bus.publish(&timer_due("nobody"), Vec::new(), serde_json::to_vec(&timer).unwrap().into()).await.unwrap();
    let letters = eventually("it is a dead letter", || async {
        let letters = bus.dead_letters().await.unwrap();
        (!letters.is_empty()).then_some(letters)
    })
    .await;
    let letter = letters[0].letter.as_ref().unwrap();
    assert_eq!((letter.service.as_str(), letter.attempts), ("sla", 1));
    assert!(letter.reason.contains("no such complaint"), "{}", letter.reason);
    sla.stop().await;
}

fn acknowledged(at: Timestamp) -> Command {
    Command::NoteCommunication(CommunicationFact {
        communication_id: CommunicationId::new("m1").unwrap(),
        purpose: CommunicationPurpose::Acknowledgement,
        recipient: Recipient::Complainant,
        medium: Medium::Email,
        contact_id: Some(ContactId::new("kmet").unwrap()),
        fate: Fate::Accepted { at, provides: vec!["reference".to_owned()] },
    })
}

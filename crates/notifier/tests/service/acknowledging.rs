//! A complaint is acknowledged, once, and a decision communicated.

use redress_contract::{Content, ContentId, Event, HandlerId, Outcome};
use redress_domain::Command;

use crate::stage::{Stage, list, parse};

#[tokio::test]
async fn an_acknowledgement_goes_out_once_and_meets_its_milestone() {
    let stage = Stage::set().await;
    let replica = stage.start();
    let id = stage.register("c1", "jane@example.com").await;
    let mails = stage.sink.wait_for(1).await;
    stage.eventually_fates(&id, &["acknowledgement complainant Accepted"]).await;

    let complaint = stage.complaint(&id).await;
    assert_eq!(mails[0].recipients, ["jane@example.com"]);
    let keys = stage.ledger.vault().keys();
    assert!(
        keys.token_in(&mails[0].envelope_from).is_some(),
        "a report of non-delivery names the communication"
    );
    let mail = parse(&mails[0]);
    assert!(mail.subject().unwrap().contains(complaint.reference.as_str()));
    assert_eq!(mail.in_reply_to().as_text(), Some("c1@mail.example.com"));
    assert!(!String::from_utf8_lossy(&mails[0].bytes).contains("MARKER"));
    assert!(!String::from_utf8_lossy(&mails[0].bytes).contains("victim"));

    // One commit holds that it was taken and that the milestone is met.
    let history = stage.ledger.history(&id).await.unwrap();
    assert_eq!(history.len(), 2);
    let events: Vec<&Event> = history[1].commit.events.iter().map(|recorded| &recorded.event).collect();
    let [Event::CommunicationAccepted(accepted), Event::MilestoneMet(met)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(met.milestone.as_str(), "acknowledge");
    assert!(accepted.provides.iter().any(|stated| stated == "reference"));
    assert!(accepted.provides.iter().any(|stated| stated == "deadline"));
    replica.stop().await;
    assert_eq!(stage.dead_letters().await, 0);
}

#[tokio::test]
async fn a_second_delivery_of_commit_or_message_sends_nothing() {
    let stage = Stage::set().await;
    let replica = stage.start();
    let id = stage.register("c1", "jane@example.com").await;
    stage.eventually_acknowledged(&id).await;
    let registered = stage.ledger.history(&id).await.unwrap()[0].stream_seq;
    let sent = stage.outbox().await;
    for _ in 0..3 {
        stage.deliver_again("notifier", registered).await;
        stage.deliver_again("notifier-outbox", sent).await;
    }
    replica.stop().await;

    // A service that begins with nothing in memory, and long after.
    stage.advance_minutes(600);
    let replica = stage.start();
    stage.deliver_again("notifier", registered).await;
    stage.deliver_again("notifier-outbox", sent).await;
    stage.settled("mark").await;
    replica.stop().await;
    assert_eq!(list(&stage.sink.mails()).iter().filter(|line| line.contains("jane@")).count(), 1);
    assert_eq!(stage.ledger.history(&id).await.unwrap().len(), 2);
    assert_eq!(stage.dead_letters().await, 0);
}

#[tokio::test]
async fn a_decision_is_communicated_with_its_reasons() {
    let stage = Stage::set().await;
    let replica = stage.start();
    let id = stage.register("c1", "jane@example.com").await;
    stage.eventually_acknowledged(&id).await;
    let handler = HandlerId::new("h1").unwrap();
    let reasons = Content {
        id: ContentId::new("why").unwrap(),
        complaint_id: id.clone(),
        author: handler.clone(),
        recorded_at: stage.now(),
        text: "The parcel stood in the rain.".to_owned(),
    };
    stage.ledger.vault().put_content(&reasons).await.unwrap();
    stage.execute(&id, &Command::Accept { handler: handler.clone() }).await;
    let decide = Command::Decide {
        outcome: Outcome::Upheld,
        reasons_content_id: reasons.id.clone(),
        remedy: "refund".to_owned(),
        handler,
    };
    stage.execute(&id, &decide).await;
    let fates = ["acknowledgement complainant Accepted", "final_response complainant Accepted"];
    stage.eventually_fates(&id, &fates).await;
    let mails = stage.sink.wait_for(2).await;
    let text = parse(&mails[1]).body_text(0).unwrap().into_owned();
    assert!(text.contains("The parcel stood in the rain.") && text.contains("refund"), "{text}");
    replica.stop().await;
}

#[tokio::test]
async fn a_hundred_complaints_share_a_few_connections() {
    let stage = Stage::set().await;
    let mut settings = stage.settings();
    settings.breaker_per_minute = 10_000;
    let replica = stage.start_with(&settings);
    let mut complaints = Vec::new();
    for n in 0..100 {
        complaints.push(stage.register(&format!("c{n}"), &format!("p{n}@example.com")).await);
    }
    for id in &complaints {
        stage.eventually_acknowledged(id).await;
    }
    replica.stop().await;
    let mails = stage.sink.mails();
    assert_eq!(mails.len(), 100);
    assert!(stage.sink.connections() <= 4, "{} connections", stage.sink.connections());
}

//! The mail server is away, or says no.

use redress_contract::{CommunicationPurpose, Event};
use redress_domain::DeliveryStatus;
use redress_testkit::smtp::Stage as At;
use redress_tests::stage::Stage;

use crate::letters::Letter;

fn queued(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::CommunicationQueued(_))).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_was_away_gets_the_mail_once() {
    let mut stage = Stage::set().await;
    stage.smtp_leaves().await;
    let contact = stage.mail(&Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n").bytes());
    let complaint = stage.holder(&contact).await;
    stage
        .once(&complaint.id, "the acknowledgement is queued", |it| {
            it.communications.first().is_some_and(|sent| sent.status == DeliveryStatus::Queued)
        })
        .await;
    stage.smtp_returns().await;
    stage.sent_to("kim@example.com").await;
    stage.settle().await;
    let events = stage.events(&complaint.id).await;
    assert_eq!(queued(&events), 1);
    let complaint = stage.complaint(&complaint.id).await;
    assert_eq!(complaint.communications.len(), 1);
    assert_eq!(complaint.communications[0].status, DeliveryStatus::Accepted);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn come_again_later_is_heeded() {
    let stage = Stage::set().await;
    stage.smtp().reply(At::Recipient, 2, "451 4.7.1 <kim@example.com> greylisted, come again");
    let contact = stage.mail(&Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n").bytes());
    let complaint = stage.holder(&contact).await;
    stage.sent_to("kim@example.com").await;
    stage.settle().await;
    let events = stage.events(&complaint.id).await;
    assert_eq!(queued(&events), 1);
    assert!(matches!(events.last(), Some(Event::MilestoneMet(_))), "{events:?}");
    stage.keep_secret("kim@example.com");
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_says_never_is_told_to_staff() {
    let stage = Stage::set().await;
    stage.smtp().reply(At::Recipient, 1, "550 5.1.1 <kim@example.com> no such user here");
    let contact = stage.mail(&Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n").bytes());
    let complaint = stage.holder(&contact).await;
    for role in ["owner@staff.example.net", "lead@staff.example.net"] {
        let told = stage.sent_to(role).await;
        assert!(told.text().contains(complaint.reference.as_str()), "{}", told.text());
    }
    stage.settle().await;
    let events = stage.events(&complaint.id).await;
    let failed: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::CommunicationFailed(e) => Some((e.purpose, e.reason.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(failed, [(CommunicationPurpose::Acknowledgement, "550 5.1.1")]);
    assert!(!events.iter().any(|event| matches!(event, Event::MilestoneMet(_))), "{events:?}");
    stage.keep_secret("kim@example.com");
    stage.finish().await;
}

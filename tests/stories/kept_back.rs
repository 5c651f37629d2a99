//! Old mail is found: nobody wants 40,000 acknowledgements of an old mailbox.

use jiff::SignedDuration;
use redress_contract::{Event, SuppressReason};
use redress_domain::{Command, DeliveryStatus};
use redress_tests::stage::Stage;

use crate::letters::Letter;
use crate::policies::WEEKS;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledgement_of_old_mail_waits_until_a_person_releases_it() {
    // No rung may be due yet, so that this story is about one thing only.
    let stage = Stage::with(WEEKS).set().await;
    let old = stage.clock.now() - SignedDuration::from_hours(73);
    let letter = Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n");
    let contact = stage.mail_to("help", &letter.bytes(), old);
    let young = stage.clock.now() - SignedDuration::from_hours(71);
    stage.mail_to("help", &Letter::from("lee@example.com", "No bread", "None.\r\n").bytes(), young);
    stage.sent_to("lee@example.com").await;
    let complaint = stage.holder(&contact).await;
    assert_eq!(complaint.received_at, old);
    stage.settle().await;
    let kept = stage.complaint(&complaint.id).await.communications;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].status, DeliveryStatus::Suppressed(SuppressReason::ReceivedLongAgo));

    stage.act(&complaint.id, &Command::Release).await;
    let sent = stage.sent_to("kim@example.com").await;
    assert!(sent.text().contains(complaint.reference.as_str()), "{}", sent.text());
    stage.settle().await;
    let events = stage.events(&complaint.id).await;
    assert!(
        events.iter().any(
            |event| matches!(event, Event::MilestoneMet(met) if met.milestone.as_str() == "acknowledge")
        )
    );
    let sent = stage.complaint(&complaint.id).await.communications;
    assert_eq!((sent.len(), &sent[0].status), (1, &DeliveryStatus::Accepted));
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_overdue_on_arrival_is_told_of_at_the_highest_rung() {
    let stage = Stage::set().await;
    // It came on Friday noon and is found on Monday at nine: it was to be acknowledged on Friday, by four o'clock.
    let friday = stage.clock.now() - SignedDuration::from_hours(69);
    let letter = Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n");
    stage.smtp().reply(redress_testkit::smtp::Stage::Recipient, 1, "550 5.1.1 no such user");
    let contact = stage.mail_to("help", &letter.bytes(), friday);
    let complaint = stage.holder(&contact).await;
    stage.sent_to("owner@staff.example.net").await;
    stage.sent_to("lead@staff.example.net").await;
    // The sweep comes by each minute.
    stage.advance(SignedDuration::from_secs(61));
    let told = stage.sent_to("manager@staff.example.net").await;
    assert!(told.text().contains(complaint.reference.as_str()), "{}", told.text());
    stage.settle().await;
    stage.finish().await;
}

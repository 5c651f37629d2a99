//! Once a day a service with the rights to do so, and no others, forgets: what was closed long enough ago, by policy; and what
//! somebody began to erase and did not finish.

use jiff::SignedDuration;
use redress_contract::{CloseReason, Event, Outcome};
use redress_domain::Command;
use redress_domain::command::Erasing;
use redress_tests::stage::Stage;

use crate::letters::Letter;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_closed_long_enough_ago_is_forgotten_and_what_is_open_stays() {
    let stage = Stage::with("[erase]\nclosed_after_days = 1\n").set().await;
    let mut ids = Vec::new();
    for sender in ["kim@example.com", "lee@example.com"] {
        let letter = Letter::from(sender, "The kettle leaks", "It leaks.\r\n");
        let contact = stage.mail(&letter.bytes());
        ids.push((stage.holder(&contact).await.id, contact));
        stage.sent_to(sender).await;
    }
    let [(closed, closed_by), (open, opened_by)] = ids.as_slice() else { panic!("there are two") };
    stage.accept(closed).await;
    stage.decide(closed, Outcome::Upheld, "You get your money back.").await;
    stage.sent_to("kim@example.com").await;
    stage.once(closed, "the final response is met", |it| it.pending().is_empty()).await;
    stage.act(closed, &Command::Close { reason: CloseReason::Decided }).await;
    stage.advance(SignedDuration::from_hours(20));
    stage.settle().await;
    assert!(stage.complaint(closed).await.erased_at.is_none());

    stage.advance(SignedDuration::from_hours(5));
    let forgotten = stage.once(closed, "it is forgotten", |it| it.erased_at.is_some()).await;
    let channel = forgotten.contacts[0].channel;
    let vault = &stage.house.vault;
    assert!(vault.contact(channel, closed_by).await.expect("the broker answers").is_none());
    assert!(vault.contact(channel, opened_by).await.expect("it opens").is_some());
    let done = stage.events(closed).await.into_iter().find_map(|event| match event {
        Event::ErasureCompleted(done) => Some((done.reason, done.contacts, done.contents)),
        _ => None,
    });
    assert_eq!(done, Some(("retention".to_owned(), 1, 1)));
    assert!(stage.complaint(open).await.erased_at.is_none());
    stage.advance(SignedDuration::from_hours(25));
    stage.settle().await;
    let names = stage.event_names(closed).await;
    assert_eq!(names.iter().filter(|name| *name == "ErasureCompleted").count(), 1, "{names:?}");
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_requested_by_somebody_who_then_died_is_erased_within_a_day() {
    let stage = Stage::with("").set().await;
    let mut contacts = Vec::new();
    for sender in ["kim@example.com", "lee@example.com"] {
        let contact = stage.mail(&Letter::from(sender, "The kettle leaks", "It leaks.\r\n").bytes());
        stage.sent_to(sender).await;
        contacts.push((stage.holder(&contact).await, contact));
    }
    let [(by_kim, from_kim), (by_lee, from_lee)] = contacts.as_slice() else { panic!("there are two") };
    let party = by_kim.contacts[0].party.clone();
    // The first thing an erasure does; its other things were never done.
    stage.act(&by_kim.id, &Command::RequestErasure(Erasing { reason: "party".to_owned(), party })).await;
    stage
        .act(
            &by_lee.id,
            &Command::RequestErasure(Erasing { reason: "complaint".to_owned(), party: String::new() }),
        )
        .await;

    stage.advance(SignedDuration::from_hours(25));
    for (complaint, contact) in [(by_kim, from_kim), (by_lee, from_lee)] {
        stage.once(&complaint.id, "it is erased", |it| it.erasing.is_empty()).await;
        let left = stage.house.vault.contact(complaint.channel, contact).await.expect("the broker answers");
        assert!(left.is_none());
    }
    stage.finish().await;
}

//! A complaint is decided, answered, closed, and thanked for.

use redress_contract::{CloseReason, Event, Outcome};
use redress_domain::{Command, Status};
use redress_tests::stage::Stage;

use crate::letters::Letter;

const REASONS: &str = "The seal was faulty when we sold it. You get your money back.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_reaches_the_complainant_and_a_thank_you_does_not_reopen() {
    let stage = Stage::set().await;
    let letter = Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n");
    let contact = stage.mail(&letter.bytes());
    let id = stage.holder(&contact).await.id;
    stage.sent_to("kim@example.com").await;
    stage.accept(&id).await;
    stage.note(&id, "Called the shop.").await;
    stage.decide(&id, Outcome::Upheld, REASONS).await;

    let response = stage.sent_to("kim@example.com").await;
    assert!(response.text().contains("The seal was faulty when we sold it."), "{}", response.text());
    assert!(response.html().contains("You get your money back."), "{}", response.html());
    assert!(response.text().contains("ombudsman"), "{}", response.text());
    assert_eq!(response.header("In-Reply-To"), format!("<{}>", letter.message_id()));
    stage.once(&id, "the final response is met", |it| it.pending().is_empty()).await;
    let events = stage.events(&id).await;
    let met = events.iter().filter_map(|event| match event {
        Event::MilestoneMet(met) => Some(met.milestone.as_str()),
        _ => None,
    });
    assert_eq!(met.collect::<Vec<_>>(), ["acknowledge", "final_response"]);

    let closed = stage.act(&id, &Command::Close { reason: CloseReason::Decided }).await;
    assert!(closed.iter().any(|event| matches!(event, Event::ClockStopped(_))), "{closed:?}");
    assert_eq!(stage.complaint(&id).await.running_clocks().count(), 0);

    stage.advance(jiff::SignedDuration::from_hours(24));
    let thanks = Letter::from("kim@example.com", "Re: your complaint", "Thank you!\r\n").answering(&response);
    let thanks = stage.mail(&thanks.bytes());
    assert_eq!(stage.holder(&thanks).await.id, id);
    stage.settle().await;
    let complaint = stage.complaint(&id).await;
    assert!(matches!(complaint.status, Status::Closed { .. }), "{:?}", complaint.status);
    let owed: Vec<_> =
        complaint.pending().iter().map(|(_, it)| (it.id.to_string(), it.due_at.to_string())).collect();
    assert_eq!(owed, [("review_reply".to_owned(), "2035-03-09T00:00:00Z".to_owned())]);
    // Somebody reads it and leaves it closed.
    stage.act(&id, &Command::Close { reason: CloseReason::Decided }).await;
    assert_eq!(stage.complaint(&id).await.pending().len(), 0);
    stage.keep_secret("The seal was faulty");
    stage.keep_secret("Called the shop.");
    stage.finish().await;
}

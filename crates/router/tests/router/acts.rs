//! Acts on the status page: what a party did becomes a command, and nobody else's word does.

use redress_contract::{Act, Channel, CloseReason, Contact, Event, PartyStanding};
use redress_domain::Status;

use crate::stage::{Stage, form, mail};

/// What `web` records when somebody takes their complaint back, or asks for a review.
fn act(key: &str, first: &Contact, act: Act) -> Contact {
    Contact {
        sender: None,
        sender_authenticated: true,
        part_of: Some(first.id.clone()),
        act,
        text: String::new(),
        ..form(key)
    }
}

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(Event::name).collect()
}

#[tokio::test]
async fn a_withdrawal_closes_in_the_commit_that_links_it_however_often_it_comes() {
    let stage = Stage::start().await;
    let first = form("1");
    let opened = stage.route(&first).await;
    let withdrawal = act("2", &first, Act::Withdraw);
    let closed = stage.route(&withdrawal).await;
    assert!(matches!(closed.status, Status::Closed { reason: CloseReason::Withdrawn, .. }));
    assert_eq!(closed.contact(&withdrawal.id).unwrap().standing, PartyStanding::Party);
    let history = stage.ledger.history(&opened.id).await.unwrap();
    let last: Vec<Event> = history.last().unwrap().commit.events.iter().map(|it| it.event.clone()).collect();
    assert_eq!(names(&last)[..2], ["ContactLinked", "Closed"]);

    let picture = stage.picture().await;
    stage.route_again(&withdrawal, 2).await;
    stage.route_again(&withdrawal, 1).await;
    assert_eq!(stage.picture().await, picture);
}

#[tokio::test]
async fn a_review_opens_a_closed_complaint_again_and_two_replicas_do_it_once() {
    let stage = Stage::start().await;
    let first = form("1");
    stage.route(&first).await;
    stage.route(&act("2", &first, Act::Withdraw)).await;
    let review = Contact { text: "I changed my mind.".to_owned(), ..act("3", &first, Act::RequestReview) };
    stage.put(&review).await;
    let (one, two) = (stage.router(), stage.router());
    let (a, b) = (stage.delivery(&review, 1).await, stage.delivery(&review, 1).await);
    let (a, b) = tokio::join!(one.handle(&a), two.handle(&b));
    a.unwrap();
    b.unwrap();
    let complaint = stage.holder(&review).await;
    assert_eq!(complaint.status, Status::InAssessment);
    let events = stage.events(&complaint.id).await;
    for name in ["ReviewRequested", "Reopened"] {
        assert_eq!(events.iter().filter(|event| event.name() == name).count(), 1, "{name}");
    }
}

#[tokio::test]
async fn an_act_that_comes_before_its_complaint_waits_for_it() {
    let stage = Stage::start().await;
    let first = form("1");
    let withdrawal = act("2", &first, Act::Withdraw);
    stage.put(&withdrawal).await;
    let early = stage.delivery(&withdrawal, 1).await;
    assert!(stage.router().handle(&early).await.is_err());
    assert!(stage.ledger.complaints().await.unwrap().is_empty());
    stage.route(&first).await;
    let closed = stage.route_again(&withdrawal, 2).await;
    assert!(!closed.is_open());
}

#[tokio::test]
async fn an_act_in_any_other_contact_is_a_link() {
    let stage = Stage::start().await;
    let first = form("1");
    let complaint = stage.route(&first).await;
    let by_mail = Contact { channel: Channel::Email, ..act("2", &first, Act::Withdraw) };
    let unvouched = Contact { sender_authenticated: false, ..act("3", &first, Act::Withdraw) };
    let named = Contact { sender: form("4").sender, ..act("4", &first, Act::Withdraw) };
    let of_nothing = Contact { part_of: None, ..act("5", &first, Act::Withdraw) };
    for contact in [by_mail, unvouched, named] {
        assert_eq!(stage.route(&contact).await.id, complaint.id);
    }
    assert_ne!(stage.route(&of_nothing).await.id, complaint.id);
    let mail = Contact { act: Act::Withdraw, ..mail("a@x", &[]) };
    assert!(stage.route(&mail).await.is_open());
    let events = stage.events(&complaint.id).await;
    assert!(!names(&events).contains(&"Closed"), "{events:?}");
}

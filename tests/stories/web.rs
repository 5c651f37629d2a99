//! Somebody fills in the form, and goes on by mail.

use redress::cli::Service;
use redress_contract::{Channel, CloseReason, Event, Outcome, PartyStanding};
use redress_domain::{Command, Complaint};
use redress_tests::stage::Stage;

use crate::letters::Letter;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_by_mail_to_our_acknowledgement_belongs_to_the_complaint_by_form() {
    let stage = Stage::set().await;
    let fields = [("what_happened", "The lamp broke."), ("name", "Kim Doe"), ("email", "kim@example.com")];
    let page = stage.form(&fields).await;
    let acknowledgement = stage.sent_to("kim@example.com").await;

    let letter = Letter::from("Kim Doe <kim@example.com>", "Re: your complaint", "And the bulb, too.\r\n");
    let contact = stage.mail(&letter.answering(&acknowledgement).bytes());
    let complaint = stage.holder(&contact).await;
    assert_eq!(complaint.channel, Channel::Web);
    assert!(
        page.contains(complaint.reference.as_str())
            && acknowledgement.text().contains(complaint.reference.as_str())
    );
    stage.settle().await;

    let complaint = stage.complaint(&complaint.id).await;
    assert_eq!(complaint.contacts.len(), 2);
    assert_eq!(complaint.communications.len(), 1, "no second acknowledgement");
    let events = stage.events(&complaint.id).await;
    let Some(Event::ContactLinked(link)) = events.last() else { panic!("{events:?}") };
    assert_eq!((link.confidence_percent, link.standing), (100, PartyStanding::Party));
    assert_eq!(link.reasons, ["token"]);
    assert_eq!(stage.house.ledger.complaints().await.unwrap().len(), 1);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_with_our_token_is_kept_but_is_no_party() {
    let stage = Stage::set().await;
    let body = serde_json::json!({ "whatHappened": "The lamp broke.", "email": "kim@example.com" });
    let opened = stage.complain("story-0000-0000-0001", &body).await;
    let complaint = stage.holder(&opened).await;
    let acknowledgement = stage.sent_to("kim@example.com").await;
    // The same key again is the same complaint.
    assert_eq!(stage.complain("story-0000-0000-0001", &body).await, opened);

    let letter = Letter::from("someone@elsewhere.example", "Fwd: your complaint", "I help Kim.\r\n");
    let contact = stage.mail(&letter.answering(&acknowledgement).bytes());
    assert_eq!(stage.holder(&contact).await.id, complaint.id);
    let events = stage.events(&complaint.id).await;
    let linked = events.iter().find_map(|event| match event {
        Event::ContactLinked(link) if link.contact_id == contact => Some(link.standing),
        _ => None,
    });
    assert_eq!(linked, Some(PartyStanding::UnverifiedParty));
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_page_tells_what_happened_and_takes_what_is_added() {
    let stage = Stage::set().await;
    let thanks = stage.form(&[("what_happened", "The lamp broke."), ("email", "kim@example.com")]).await;
    stage.sent_to("kim@example.com").await;
    stage.settle().await;
    let status = stage.status(&thanks).await;
    for words in
        ["Somebody will take it on.", "We confirmed that it has arrived.", "We tell you what we have decided"]
    {
        assert!(status.contains(words), "{words}: {status}");
    }
    let complaint = stage.house.ledger.complaints().await.unwrap().remove(0);

    stage.add(&status, "Now the switch is broken, too.").await;
    stage.accept(&complaint.id).await;
    stage.settle().await;
    let added = stage.complaint(&complaint.id).await.contacts.pop().unwrap();
    assert_eq!(added.standing, PartyStanding::Party);
    let status = stage.status(&thanks).await;
    assert!(status.contains("We received more from you.") && status.contains("has taken on your complaint"));

    // What is decided shows once it was told, and what is written after that is owed an answer.
    stage.decide(&complaint.id, Outcome::NotUpheld, "Lamps break.").await;
    stage.sent_to("kim@example.com").await;
    stage.settle().await;
    stage.act(&complaint.id, &Command::Close { reason: CloseReason::Decided }).await;
    let status = stage.status(&thanks).await;
    assert!(
        status.contains("we have told you what we decided") && status.contains("Lamps break."),
        "{status}"
    );
    stage.add(&status, "I do not agree.").await;
    stage.settle().await;
    let status = stage.status(&thanks).await;
    assert!(status.contains("We answer what you wrote after it was closed"), "{status}");
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_added_and_is_not_routed_yet_is_erased_with_its_party() {
    let mut stage = Stage::set().await;
    let thanks = stage.form(&[("what_happened", "The lamp broke."), ("email", "kim@example.com")]).await;
    stage.sent_to("kim@example.com").await;
    stage.settle().await;
    let status = stage.status(&thanks).await;
    let complaint = stage.house.ledger.complaints().await.unwrap().remove(0);
    let party = &complaint.contacts[0].party;
    assert_eq!(stage.house.ledger.plan_party(party).await.unwrap().unlogged, 0);

    stage.stop(Service::Router).await;
    stage.add(&status, "My neighbour saw it, too.").await;
    assert_eq!(stage.house.ledger.plan_party(party).await.unwrap().unlogged, 1);
    assert_eq!(stage.house.ledger.plan_party("somebody else").await.unwrap().unlogged, 0);
    stage.start(Service::Router).await;
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_back_is_closed_and_what_is_to_be_reviewed_opened_again() {
    let stage = Stage::set().await;
    let thanks = stage.form(&[("what_happened", "The lamp broke."), ("email", "kim@example.com")]).await;
    stage.sent_to("kim@example.com").await;
    stage.settle().await;
    let complaint = stage.house.ledger.complaints().await.unwrap().remove(0).id;

    let page = stage.act_on_page(&stage.status(&thanks).await, "withdraw", "It works again.").await;
    assert!(page.contains("We have received that you take your complaint back"), "{page}");
    let closed = stage.once(&complaint, "the complaint is closed", |complaint| !complaint.is_open()).await;
    assert_eq!(closed.running_clocks().count(), 0);
    stage.settle().await;
    let status = stage.status(&thanks).await;
    assert!(status.contains("because you took it back"), "{status}");

    let page = stage.act_on_page(&status, "review", "It broke again.").await;
    assert!(page.contains("We have received that you ask for a review"), "{page}");
    let open = stage.once(&complaint, "the complaint is open again", Complaint::is_open).await;
    assert!(open.pending().iter().any(|(_, owed)| owed.id.as_str() == "final_response"));
    stage.settle().await;
    let status = stage.status(&thanks).await;
    assert!(status.contains("as you asked") && status.contains("You asked for a review."), "{status}");
    let names = stage.event_names(&complaint).await;
    for name in ["Closed", "ReviewRequested", "Reopened"] {
        assert_eq!(names.iter().filter(|event| *event == name).count(), 1, "{name}: {names:?}");
        assert!(stage.feed().await.iter().any(|event| event.r#type.ends_with(&format!(".{name}"))), "{name}");
    }
    stage.finish().await;
}

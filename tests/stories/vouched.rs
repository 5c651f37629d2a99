//! The mail server says whether a mail is from whom it says, and what may come of it.

use jiff::SignedDuration;
use redress_contract::{Contact, ContactId, Event, PartyStanding, Verdict};
use redress_domain::Complaint;
use redress_tests::stage::Stage;

use crate::letters::Letter;

const TRUSTING: &str =
    "[email.accounts.help]\nauthserv_id = \"mx.example.org\"\nform_relays = [\"form@shop.example\"]";

/// With what the mail server says of it.
fn said(letter: Letter, results: &str) -> Letter {
    letter.header("Authentication-Results", &format!("mx.example.org; {results}"))
}

async fn contact(stage: &Stage, id: &ContactId) -> (Complaint, Contact) {
    let complaint = stage.holder(id).await;
    let contact = stage.contact(&complaint, id).await;
    (complaint, contact)
}

fn standing(complaint: &Complaint, contact: &ContactId) -> PartyStanding {
    complaint.contact(contact).expect("the complaint holds it").standing
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_the_mail_server_vouches_for_is_answered_more_often() {
    let stage = Stage::with(TRUSTING).set().await;
    for n in 0..4 {
        let letter = Letter::from("kim@example.com", &format!("Kettle {n}"), "It leaks.\r\n");
        let id = stage.mail(&said(letter, "dmarc=pass header.from=example.com").bytes());
        let (_, contact) = contact(&stage, &id).await;
        assert!(contact.sender_authenticated);
        stage.sent_to("kim@example.com").await;
    }
    for n in 0..3 {
        let id = stage.mail(&Letter::from("lee@example.com", &format!("Lamp {n}"), "It broke.\r\n").bytes());
        let (_, contact) = contact(&stage, &id).await;
        assert!(!contact.sender_authenticated && contact.sender_verdict.is_none());
        stage.settle().await;
    }
    stage.sent_to("lee@example.com").await;
    stage.sent_to("lee@example.com").await;
    stage.settle().await;
    // The third waits until the hour is over.
    stage.advance(SignedDuration::from_mins(62));
    stage.sent_to("lee@example.com").await;
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_not_from_whom_it_says_is_kept_and_is_no_partys() {
    let stage = Stage::with(TRUSTING).set().await;
    let first = stage.mail(&Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n").bytes());
    let (complaint, _) = contact(&stage, &first).await;
    let acknowledgement = stage.sent_to("kim@example.com").await;
    for (results, verdict, expected) in [
        ("dmarc=pass header.from=example.com", Verdict::Pass, PartyStanding::Party),
        (
            "dmarc=none header.from=example.com; dkim=pass header.d=example.com",
            Verdict::Pass,
            PartyStanding::Party,
        ),
        ("spf=none smtp.mailfrom=example.net", Verdict::None, PartyStanding::Party),
        ("dmarc=fail header.from=example.com", Verdict::Fail, PartyStanding::UnverifiedParty),
    ] {
        let letter = Letter::from("kim@example.com", &format!("Re: {results}"), "One more thing.\r\n");
        let id = stage.mail(&said(letter.answering(&acknowledgement), results).bytes());
        let (holder, contact) = contact(&stage, &id).await;
        assert_eq!(holder.id, complaint.id, "{results}");
        assert_eq!(contact.sender_verdict.map(|known| known.verdict), Some(verdict), "{results}");
        assert_eq!(standing(&holder, &id), expected, "{results}");
    }
    // A forged field below that of the server changes nothing.
    let letter =
        Letter::from("kim@example.com", "Re: forged", "And another.\r\n").answering(&acknowledgement);
    let letter =
        said(said(letter, "dmarc=fail header.from=example.com"), "dmarc=pass header.from=example.com");
    let id = stage.mail(&letter.bytes());
    let (holder, _) = contact(&stage, &id).await;
    assert_eq!(standing(&holder, &id), PartyStanding::UnverifiedParty);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_above_an_address_nobody_vouches_for_is_only_a_hint() {
    let stage = Stage::with(TRUSTING).set().await;
    let first = stage.mail(&Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n").bytes());
    let (complaint, _) = contact(&stage, &first).await;
    stage.sent_to("kim@example.com").await;
    let letter = |words: &str| {
        Letter::from("kim@example.com", &format!("{} {words}", complaint.reference), "See above.\r\n")
    };
    let vouched = stage.mail(&said(letter("again"), "dmarc=pass header.from=example.com").bytes());
    assert_eq!(stage.holder(&vouched).await.id, complaint.id);
    let claimed = stage.mail(&letter("once more").bytes());
    let own = stage.holder(&claimed).await;
    assert_ne!(own.id, complaint.id);
    let events = stage.events(&own.id).await;
    let suspected = events.iter().find_map(|event| match event {
        Event::ContactLinked(link) => link.possible_duplicate_of.clone(),
        _ => None,
    });
    assert_eq!(suspected, Some(complaint.id));
    stage.sent_to("kim@example.com").await;
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wrote_through_a_web_form_is_answered_and_not_vouched_for() {
    let stage = Stage::with(TRUSTING).set().await;
    let letter = Letter::from("Shop <form@shop.example>", "Contact form", "The lamp broke.\r\n")
        .header("Reply-To", "Kim Doe <kim@example.com>")
        .header("Auto-Submitted", "auto-generated");
    let id = stage.mail(&said(letter, "dmarc=pass header.from=shop.example").bytes());
    let (_, contact) = contact(&stage, &id).await;
    assert_eq!(contact.sender.map(|sender| sender.value), Some("kim@example.com".to_owned()));
    assert!(!contact.sender_authenticated && contact.machine.is_none());
    stage.sent_to("kim@example.com").await;
    stage.finish().await;
}

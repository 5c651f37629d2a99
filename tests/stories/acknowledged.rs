//! A mail comes in.

use jiff::SignedDuration;
use redress_contract::{Disposition, Event};
use redress_domain::DeliveryStatus;
use redress_tests::stage::Stage;
use redress_tests::stage::settings::{BOUNCES, HELP};

use crate::letters::Letter;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_is_on_record_and_acknowledged_on_its_own_thread() {
    let stage = Stage::set().await;
    let letter = Letter::from("Kim Doe <kim@example.com>", "The kettle leaks", "It leaks since Sunday.\r\n")
        .header("References", "<earlier@mail.example.com>");
    let contact = stage.mail(&letter.bytes());

    let complaint = stage.holder(&contact).await;
    let sent = stage.sent_to("kim@example.com").await;
    let keys = stage.house.vault.keys();
    assert_eq!(sent.header("In-Reply-To"), format!("<{}>", letter.message_id()));
    assert_eq!(sent.header("References"), format!("<earlier@mail.example.com> <{}>", letter.message_id()));
    assert_eq!(sent.header("Reply-To"), keys.reply_address(HELP, &complaint.id));
    assert_eq!(sent.header("Auto-Submitted"), "auto-replied");
    assert_eq!(sent.header("X-Auto-Response-Suppress"), "All");
    assert!(sent.header("From").contains(&format!("<{HELP}>")), "{}", sent.header("From"));
    let delivery = stage.once(&complaint.id, "acknowledged", |it| !it.communications.is_empty()).await;
    let communication = &delivery.communications[0].id;
    assert_eq!(sent.envelope_from, keys.bounce_address(BOUNCES, communication));
    assert_eq!(
        sent.header("Message-ID"),
        format!("<{}>", keys.message_id(communication, &complaint.id, "example.org"))
    );
    for text in [sent.text(), sent.html()] {
        assert!(text.contains(complaint.reference.as_str()), "{text}");
        // Not yet known whether the address is the sender's own.
        assert!(!text.contains("Sunday") && !text.contains("kettle"), "{text}");
    }

    assert_eq!(
        stage.event_names(&complaint.id).await,
        [
            "Registered",
            "ContactLinked",
            "Classified",
            "Assigned",
            "ClockStarted",
            "MilestoneSet",
            "MilestoneSet",
            "CommunicationAccepted",
            "MilestoneMet"
        ]
    );
    let events = stage.events(&complaint.id).await;
    assert!(matches!(&events[2], Event::Classified(e) if e.disposition == Disposition::Complaint));
    let Event::MilestoneMet(met) = &events[8] else { panic!("{:?}", events[8]) };
    assert_eq!((met.milestone.as_str(), met.late), ("acknowledge", false));
    assert_eq!(met.communication_id.as_ref(), Some(communication));
    stage.settle().await;
    let feed: Vec<u32> = stage.feed().await.iter().map(|event| event.seq).collect();
    assert_eq!(feed, (1..=9).collect::<Vec<_>>());
    stage.keep_secret("kim@example.com");
    stage.keep_secret("The kettle leaks");
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_mail_again_or_in_another_mailbox_is_the_same_complaint() {
    let more = "[email.accounts.sales]\nkind = \"maildir\"\naddress = \"sales@example.org\"\npath = \"{folder}/sales\"\npoll_seconds = 0.05";
    let stage = Stage::with(more).set().await;
    let raw = Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n").bytes();
    let first = stage.mail(&raw);
    let complaint = stage.holder(&first).await;
    stage.sent_to("kim@example.com").await;
    assert_eq!(stage.mail(&raw), first);
    let second = stage.mail_to("sales", &raw, stage.clock.now());
    assert_ne!(second, first);
    assert_eq!(stage.holder(&second).await.id, complaint.id);
    stage.settle().await;
    assert_eq!(stage.complaint(&complaint.id).await.contacts.len(), 2);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_much_for_one_address_is_gathered_into_one_mail() {
    let stage = Stage::set().await;
    let mut complaints = Vec::new();
    for n in 0..5 {
        let letter =
            Letter::from("kim@example.com", &format!("Matter {n}"), &format!("It broke, case {n}.\r\n"));
        let contact = stage.mail(&letter.bytes());
        complaints.push(stage.holder(&contact).await.id);
        stage.settle().await;
    }
    // Two an hour to an address that nobody vouches for.
    stage.sent_to("kim@example.com").await;
    stage.sent_to("kim@example.com").await;
    assert_eq!(stage.waiting_mails(), Vec::<String>::new());

    stage.advance(SignedDuration::from_mins(62));
    let gathered = stage.sent_to("kim@example.com").await;
    stage.settle().await;
    for (n, id) in complaints.iter().enumerate() {
        let complaint = stage.complaint(id).await;
        assert_eq!(gathered.text().contains(complaint.reference.as_str()), n >= 2, "{}", gathered.text());
        assert_eq!(complaint.communications.len(), 1);
        assert_eq!(complaint.communications[0].status, DeliveryStatus::Accepted);
        assert!(complaint.pending().iter().all(|(_, milestone)| milestone.id.as_str() != "acknowledge"));
    }
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_acknowledgement_of_a_mail_leads_to_the_status_page() {
    let stage = Stage::with("[web]\npublic_url = \"https://complaints.example.org\"").set().await;
    let letter = Letter::from("Kim Doe <kim@example.com>", "My lamp", "The lamp broke.\r\n");
    let contact = stage.mail(&letter.bytes());
    let acknowledgement = stage.sent_to("kim@example.com").await.text();
    let complaint = stage.holder(&contact).await;
    stage.settle().await;
    let link = acknowledgement
        .lines()
        .find_map(|line| line.strip_prefix("https://complaints.example.org/en/status#"));
    let (reference, code) = link.and_then(|proof| proof.trim().split_once('.')).expect(&acknowledgement);
    assert_eq!(reference, complaint.reference.as_str());

    let status = stage.status_of(reference, code).await;
    assert!(
        status.contains("We confirmed that it has arrived.") && status.contains("Somebody will take it on.")
    );
    assert!(status.contains("thank you for writing to us"), "what was written is shown: {status}");
    stage.act_on_page(&status, "withdraw", "It works again.").await;
    let closed = stage.once(&complaint.id, "the complaint is closed", |complaint| !complaint.is_open()).await;
    assert_eq!(closed.contacts.len(), 2);
    stage.finish().await;
}

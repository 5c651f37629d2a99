//! Our acknowledgement does not arrive.

use redress_contract::{Event, PartyStanding};
use redress_domain::DeliveryStatus;
use redress_tests::stage::Stage;

use crate::letters::{Letter, bounce};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bounce_of_our_acknowledgement_is_owed_again_and_staff_are_told() {
    let stage = Stage::set().await;
    let contact = stage.mail(&Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n").bytes());
    let complaint = stage.holder(&contact).await;
    let acknowledgement = stage.sent_to("kim@example.com").await;
    stage.settle().await;

    let report = stage.mail(&bounce(&acknowledgement, "5.1.1", "User unknown"));
    assert_eq!(stage.holder(&report).await.id, complaint.id);
    for role in ["owner@staff.example.net", "lead@staff.example.net"] {
        let told = stage.sent_to(role).await;
        assert_eq!(told.header("Auto-Submitted"), "auto-generated");
        assert!(told.text().contains(complaint.reference.as_str()), "{}", told.text());
    }
    stage.settle().await;
    let events = stage.events(&complaint.id).await;
    let bounced: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::CommunicationBounced(e) => Some((e.status.as_str(), e.permanent, e.contact_id.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(bounced, [("5.1.1", true, report.clone())]);
    let reopened = events.iter().find_map(|event| match event {
        Event::MilestoneReopened(e) => Some((e.milestone.as_str(), e.reason.as_str(), e.generation)),
        _ => None,
    });
    assert_eq!(reopened, Some(("acknowledge", "bounced", 2)));

    let complaint = stage.complaint(&complaint.id).await;
    assert_eq!(complaint.communications[0].status, DeliveryStatus::Bounced);
    assert_eq!(complaint.contact(&report).unwrap().standing, PartyStanding::Machine);
    // Due one business day after it came back, and watched again.
    let pending = complaint.pending();
    let (_, owed) = pending.iter().find(|(_, milestone)| milestone.id.as_str() == "acknowledge").unwrap();
    assert_eq!(owed.due_at.to_string(), "2035-03-07T00:00:00Z");
    // Another report of the same failure is kept, and nobody is told again.
    stage.advance(jiff::SignedDuration::from_mins(1));
    let again = String::from_utf8(bounce(&acknowledgement, "5.1.1", "User unknown")).unwrap();
    let again = stage.mail(format!("Received: from mx.example.com\r\n{again}").as_bytes());
    assert_eq!(stage.holder(&again).await.id, complaint.id);
    stage.finish().await;
}

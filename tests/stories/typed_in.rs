//! A clerk types in what came by letter: its clock runs from the day on which it came.

use jiff::SignedDuration;
use redress_contract::{Channel, Event, SuppressReason};
use redress_domain::DeliveryStatus;
use redress_tests::stage::Stage;
use redress_web::staff::hash;

use crate::policies::WEEKS;

const PASSWORD: &str = "correct horse battery";
const CLERK: (&str, &str) = ("ina", PASSWORD);

fn settings() -> String {
    let hash = hash(PASSWORD).expect("the password can be hashed");
    format!("[staff]\nlisten = \"127.0.0.1:0\"\n[staff.accounts.ina]\npassword_hash = \"{hash}\"\n{WEEKS}")
}

/// What is stated of a letter that came five days ago.
const LATE: [(&str, &str); 4] = [
    ("staff_channel", "letter"),
    ("staff_received_at", "2035-02-28T08:00"),
    ("staff_backdating_reason", "lay in the wrong tray"),
    ("what_happened", "The lamp broke on the first evening."),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_lay_for_days_has_its_clock_from_the_day_it_came_and_is_acknowledged() {
    let stage = Stage::with(&settings()).set().await;
    let page = stage.type_in(CLERK, &[LATE.as_slice(), &[("email", "kim@example.com")]].concat()).await;
    let acknowledgement = stage.sent_to("kim@example.com").await;
    stage.settle().await;
    let complaint = stage.house.ledger.complaints().await.unwrap().remove(0);
    assert!(page.contains(complaint.reference.as_str()));
    assert!(acknowledgement.text().contains(complaint.reference.as_str()));
    assert_eq!((complaint.channel, complaint.account.as_str()), (Channel::Letter, "post-room"));
    assert_eq!(complaint.received_at, "2035-02-28T08:00:00Z".parse().unwrap());
    assert_eq!(complaint.recorded_at.duration_since(complaint.received_at), SignedDuration::from_hours(121));
    let milestone = &complaint.clocks[0].milestones[0];
    // The end of the twentieth working day after Wednesday, 28 February; after Monday, 5 March, it would be 2 April.
    assert_eq!(milestone.due_at, "2035-03-29T00:00:00Z".parse().unwrap());
    let contact = stage.contact(&complaint, &complaint.contact_id).await;
    let by = contact.recorded_by.unwrap();
    assert_eq!((by.actor.as_str(), by.backdating_reason.as_str()), ("clerk:ina", "lay in the wrong tray"));
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_can_only_be_written_to_on_paper_is_a_party_and_staff_see_that_no_mail_went_out() {
    let stage = Stage::with(&settings()).set().await;
    let address = [("name", "Kim Doe"), ("staff_postal_address", "1 High Street\nLeeds")];
    stage.type_in(CLERK, &[LATE.as_slice(), &address].concat()).await;
    stage.settle().await;
    let complaint = stage.house.ledger.complaints().await.unwrap().remove(0);
    assert!(!complaint.contacts[0].party.is_empty());
    let [kept] = complaint.communications.as_slice() else { panic!("{:?}", complaint.communications) };
    assert_eq!(kept.status, DeliveryStatus::Suppressed(SuppressReason::NoAddress));
    let events = stage.events(&complaint.id).await;
    assert!(events.iter().any(|event| matches!(event, Event::CommunicationSuppressed(_))));
    stage.finish().await;
}

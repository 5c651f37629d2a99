//! The door and the references on a real broker.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use redress_contract::contact::Attachment;
use redress_contract::{Channel, ComplaintId, Contact, ContactId};
use redress_identity::Keys;
use redress_intake::{Intake, references};
use redress_runtime::Clock;
use redress_testkit::Broker;
use redress_vault::{PrivateKey, PutError, Seals, Vault};

async fn vault(broker: &Broker) -> Vault {
    Vault::new(
        broker.bus("test").await,
        Arc::new(Keys::from_master(&[7; 32])),
        Seals::with(&PrivateKey::of([7; 32])),
    )
}

#[tokio::test]
async fn a_contact_is_recorded_once_with_the_time_it_was_written_down() {
    let broker = Broker::start().await;
    let now: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
    let intake = Intake::new(vault(&broker).await, Clock::manual(now));
    let id = ContactId::new("a").unwrap();
    let contact = Contact { id: id.clone(), channel: Channel::Web, ..Contact::default() };
    let first = intake.record(contact.clone(), Bytes::new()).await.unwrap();
    intake.clock().advance(jiff::SignedDuration::from_hours(1));
    let second = intake.record(contact, Bytes::new()).await.unwrap();
    assert!(!first.already_recorded && second.already_recorded);
    let found = intake.vault().contact(Channel::Web, &id).await.unwrap().unwrap();
    assert_eq!(found.recorded_at, now, "the first record stands");
}

#[tokio::test]
async fn a_reference_is_claimed_once_and_a_taken_one_is_passed_over() {
    let broker = Broker::start().await;
    let vault = vault(&broker).await;
    let (a, b) = (ContactId::new("a").unwrap(), ContactId::new("b").unwrap());
    let first = references::claim(&vault, &a, None).await.unwrap();
    assert_eq!(references::claim(&vault, &a, None).await.unwrap(), first, "a repeat finds its own");

    // Somebody else holds b's first candidate.
    let taken = vault.keys().reference(&b, 0);
    let claim = references::Claim { contact_id: a.clone(), complaint_id: None };
    let value = serde_json::to_vec(&claim).unwrap();
    vault.bus().kv("references").put(taken.as_str(), value.into()).await.unwrap();
    let second = references::claim(&vault, &b, None).await.unwrap();
    assert_eq!(second, vault.keys().reference(&b, 1));

    let complaint = ComplaintId::new("c").unwrap();
    references::settle(&vault, &first, &complaint).await.unwrap();
    references::settle(&vault, &first, &complaint).await.unwrap();
    let found = references::look_up(&vault, &first).await.unwrap().unwrap();
    assert_eq!((found.contact_id, found.complaint_id), (a, Some(complaint)));
}

#[tokio::test]
async fn files_are_recorded_with_the_contact_that_names_them_and_not_with_its_repeat() {
    let broker = Broker::start().await;
    let intake = Intake::new(vault(&broker).await, Clock::manual(Timestamp::UNIX_EPOCH));
    let id = ContactId::new("a").unwrap();
    for (sent, already_recorded) in [("first", false), ("second", true)] {
        let mut files = intake.begin_files();
        let stored = files.put(sent.as_bytes()).await.unwrap();
        let attachments = vec![Attachment { blob: Some(stored.blob), ..Attachment::default() }];
        let contact = Contact { id: id.clone(), channel: Channel::Web, attachments, ..Contact::default() };
        let receipt = intake.record_with_files(contact, Bytes::new(), files, Vec::new()).await.unwrap();
        assert_eq!(receipt.already_recorded, already_recorded);
    }
    let found = intake.vault().contact(Channel::Web, &id).await.unwrap().unwrap();
    assert_eq!(intake.vault().file(&found.attachments[0]).await.unwrap().unwrap(), "first");
}

#[tokio::test]
async fn files_that_were_begun_half_a_day_ago_are_not_recorded() {
    let broker = Broker::start().await;
    let intake = Intake::new(vault(&broker).await, Clock::manual(Timestamp::UNIX_EPOCH));
    let mut files = intake.begin_files();
    files.put(b"slow".as_slice()).await.unwrap();
    intake.clock().advance(jiff::SignedDuration::from_hours(13));
    let contact = Contact { id: ContactId::new("a").unwrap(), channel: Channel::Web, ..Contact::default() };
    let refused = intake.record_with_files(contact, Bytes::new(), files, Vec::new()).await.unwrap_err();
    assert!(matches!(refused.source, PutError::TooLate), "{refused:?}");
}

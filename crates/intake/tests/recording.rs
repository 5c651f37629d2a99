//! The door and the references on a real broker.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use redress_contract::{Channel, ComplaintId, Contact, ContactId};
use redress_identity::Keys;
use redress_intake::{Intake, references};
use redress_runtime::Clock;
use redress_testkit::Broker;
use redress_vault::{PrivateKey, Seals, Vault};

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
    let first = intake.record(contact.clone(), Bytes::new(), Vec::new()).await.unwrap();
    intake.clock().advance(jiff::SignedDuration::from_hours(1));
    let second = intake.record(contact, Bytes::new(), Vec::new()).await.unwrap();
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

//! Erasing and sweeping on a real broker: what goes, what must stay, and what a channel that was taken over cannot do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use jiff::SignedDuration;
use redress_bus::Bus;
use redress_contract::subject::name;
use redress_contract::{Channel, Contact, ContactId, FileName};
use redress_identity::Keys;
use redress_testkit::Broker;
use redress_vault::data_keys::KEY_HEADER;
use redress_vault::erase::{Holds, Place};
use redress_vault::{OpenError, PrivateKey, Seals, Vault};

fn door(bus: &Bus) -> Vault {
    Vault::new(bus.clone(), Arc::new(Keys::from_master(&[7; 32])), Seals::with(&PrivateKey::of([7; 32])))
}

fn id(id: &str) -> ContactId {
    ContactId::new(id).unwrap()
}

fn contact(name: &str) -> Contact {
    Contact { id: id(name), channel: Channel::Web, text: "kettle".to_owned(), ..Contact::default() }
}

async fn put(vault: &Vault, name: &str, raw: Bytes) {
    assert!(vault.put_contact(contact(name), raw, Vec::new()).await.unwrap().new);
}

async fn opens(vault: &Vault, name: &str) -> bool {
    vault.contact(Channel::Web, &id(name)).await.unwrap().is_some()
}

async fn key_of(bus: &Bus, name: &str) -> String {
    let stored = bus.last(name::INTAKE, &format!("intake.web.{name}")).await.unwrap().unwrap();
    stored.header(KEY_HEADER).unwrap().to_owned()
}

async fn count(bus: &Bus, stream: &str) -> usize {
    bus.scan(stream, ">", 1).await.unwrap().try_collect::<Vec<_>>().await.unwrap().len()
}

#[tokio::test]
async fn what_is_erased_is_gone_with_its_key_and_its_blob_and_its_place_is_closed() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let vault = door(&bus);
    put(&vault, "a", Bytes::from("x".repeat(700_000))).await;
    put(&vault, "b", Bytes::from("x".repeat(700_000))).await;
    let (key, blobs) = (key_of(&bus, "a").await, count(&bus, "OBJ_blobs").await);
    let place = Place::of_contact(Channel::Web, &id("a"));
    vault.erase(&place).await.unwrap();
    vault.erase(&place).await.unwrap();
    assert_eq!(vault.holds(&place).await.unwrap(), Holds::Tombstone);
    assert!(!opens(&vault, "a").await);
    assert_eq!(count(&bus, "OBJ_blobs").await, blobs / 2);
    assert!(bus.kv(name::KEYS).entries(&key).await.unwrap().is_empty());
    assert!(!vault.put_contact(contact("a"), Bytes::new(), Vec::new()).await.unwrap().new);
    assert!(!opens(&vault, "a").await, "reading the source again brings nothing back");
    assert!(opens(&vault, "b").await);
}

#[tokio::test]
async fn an_erasure_that_was_broken_off_anywhere_is_finished() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let vault = door(&bus);
    for (name, deleted) in [("noted", false), ("deleted", true)] {
        put(&vault, name, Bytes::from("x".repeat(700_000))).await;
        let (key, subject) = (key_of(&bus, name).await, format!("intake.web.{name}"));
        let note = format!("erasing.{subject}");
        bus.kv(name::CURSORS).put(&note, key.clone().into()).await.unwrap();
        if deleted {
            let stored = bus.last(name::INTAKE, &subject).await.unwrap().unwrap();
            bus.erase(name::INTAKE, stored.seq).await.unwrap();
        }
        assert_eq!(vault.resume_erasing().await.unwrap(), 1, "{name}");
        assert_eq!(vault.resume_erasing().await.unwrap(), 0, "{name}");
        assert!(!opens(&vault, name).await);
        assert_eq!(count(&bus, "OBJ_blobs").await, 0);
        assert!(bus.kv(name::KEYS).entries(&key).await.unwrap().is_empty());
    }
}

/// A channel that was taken over writes what it likes on its own subjects.
#[tokio::test]
async fn a_message_that_names_anothers_key_or_blob_neither_reads_nor_destroys_it() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let vault = door(&bus);
    put(&vault, "victim", Bytes::from("x".repeat(700_000))).await;
    let headers = vec![(KEY_HEADER.to_owned(), key_of(&bus, "victim").await)];
    bus.publish_once("intake.web.forged", headers, Bytes::from_static(b"RDS1 nothing that opens"))
        .await
        .unwrap();
    vault.erase(&Place::of_contact(Channel::Web, &id("forged"))).await.unwrap();
    assert!(opens(&vault, "victim").await, "its key was not the forged message's");

    let victim = vault.contact(Channel::Web, &id("victim")).await.unwrap().unwrap();
    let blob = victim.raw.unwrap().blob;
    let mut thief = contact("thief");
    thief.attachments.push(redress_contract::contact::Attachment {
        file_name: FileName::new("a"),
        blob,
        ..Default::default()
    });
    vault.put_contact(thief, Bytes::new(), Vec::new()).await.unwrap();
    let refused = vault.contact(Channel::Web, &id("thief")).await;
    assert!(matches!(refused, Err(OpenError::Broken { .. })), "{refused:?}");
}

#[tokio::test]
async fn the_sweep_takes_what_no_message_names_after_a_day_and_nothing_else() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let vault = door(&bus);
    put(&vault, "kept", Bytes::from("x".repeat(700_000))).await;
    put(&vault, "lost", Bytes::from("x".repeat(700_000))).await;
    put(&vault, "erased", Bytes::new()).await;
    vault.erase(&Place::of_contact(Channel::Web, &id("erased"))).await.unwrap();
    // An attempt that came to nothing: its key and its blob are there, its message is not.
    let stored = bus.last(name::INTAKE, "intake.web.lost").await.unwrap().unwrap();
    bus.erase(name::INTAKE, stored.seq).await.unwrap();
    let now = bus.time_at_leader("KV_keys").await.unwrap();
    let nothing = vault.sweep(now).await.unwrap();
    assert_eq!((nothing.keys, nothing.blobs), (0, 0), "a message may be on its way");
    let swept = vault.sweep(now + SignedDuration::from_hours(25)).await.unwrap();
    assert_eq!((swept.keys, swept.blobs), (1, 1));
    assert_eq!(count(&bus, "KV_keys").await, 1, "the mark of the destroyed key went too");
    let kept = vault.contact(Channel::Web, &id("kept")).await.unwrap().unwrap();
    assert_eq!(vault.raw(&kept).await.unwrap().unwrap().len(), 700_000);
    let nothing = vault.sweep(now + SignedDuration::from_hours(25)).await.unwrap();
    assert_eq!((nothing.keys, nothing.blobs), (0, 0));
}

//! A mail that could not be read is read again: a second contact that names the first, once.

use std::collections::BTreeSet;

use bytes::Bytes;
use redress_contract::ParseStatus;
use redress_email::normalize::limits::Limits;
use redress_email::normalize::trust::Trust;
use redress_email::normalize::{Envelope, unread};
use redress_email::reparse::{Outcome, reparse};
use redress_email::{Config, Settings};
use redress_intake::Intake;
use redress_runtime::Clock;

use crate::world::{World, mail};

#[tokio::test]
async fn what_could_not_be_read_is_read_again_once() {
    let world = World::start().await;
    let intake = Intake::new(world.vault.for_channels(), Clock::system());
    let envelope = Envelope {
        account: "help",
        received_at: "2026-03-02T08:16:00Z".parse().unwrap(),
        own_addresses: &[],
        trust: &Trust::default(),
        verified: None,
        keys: &world.keys,
        limits: &Limits::default(),
        whole: None,
        sent: false,
    };
    let fixed = mail(1);
    let hopeless = b"\x00\x01 no mail at all".to_vec();
    for raw in [&fixed, &hopeless] {
        let contact = unread(raw, &envelope, "the reader gave up");
        intake.record(contact, Bytes::from(raw.clone())).await.unwrap();
    }
    let first = world.contact(&fixed).await.unwrap();
    let config = Config::check(&Settings::default()).unwrap();

    let looked_at = reparse(&world.vault, &intake, &config, &BTreeSet::new()).await.unwrap();
    assert_eq!(looked_at.len(), 2);
    assert_eq!(looked_at[0].first, first.id);
    let Outcome::Recorded(second) = &looked_at[0].outcome else { panic!("{looked_at:?}") };
    assert_eq!(looked_at[1].outcome, Outcome::Failed);
    let contacts = world.contacts().await;
    let second = contacts.iter().find(|contact| contact.id == *second).unwrap();
    assert_eq!(second.reparses.as_ref(), Some(&first.id));
    assert_eq!(second.parse_status, ParseStatus::Parsed);
    assert_eq!(second.received_at, first.received_at);
    assert_eq!(second.text, "The words of mail 1.");
    assert_eq!(world.contact(&fixed).await.unwrap(), first, "the first stays as it is");

    let looked_at = reparse(&world.vault, &intake, &config, &BTreeSet::new()).await.unwrap();
    assert_eq!(looked_at[0].outcome, Outcome::Known(second.id.clone()));
    assert_eq!(world.contacts().await.len(), 3);
}

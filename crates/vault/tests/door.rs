//! The door on a real broker: what goes in comes out, large things move to blobs, nothing is stored twice.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::sync::Arc;

use bytes::Bytes;
use redress_contract::contact::Raw;
use redress_contract::subject::name;
use redress_contract::{Channel, Contact, ContactId, ParseStatus};
use redress_identity::Keys;
use redress_testkit::Broker;
use redress_vault::data_keys::KEY_HEADER;
use redress_vault::{OpenError, PrivateKey, Seals, Vault};

async fn vault(broker: &Broker) -> Vault {
    Vault::new(
        broker.bus("test").await,
        Arc::new(Keys::from_master(&[7; 32])),
        Seals::with(&PrivateKey::of([7; 32])),
    )
}

fn contact(id: &str) -> Contact {
    Contact {
        id: ContactId::new(id).unwrap(),
        channel: Channel::Email,
        account: "help".to_owned(),
        text: "the kettle is broken".to_owned(),
        parse_status: ParseStatus::Parsed,
        raw: Some(Raw { media_type: "message/rfc822".to_owned(), sha256: "00".repeat(32), ..Raw::default() }),
        ..Contact::default()
    }
}

#[tokio::test]
async fn a_small_contact_keeps_its_raw_bytes_inside_and_is_stored_once() {
    let broker = Broker::start().await;
    let vault = vault(&broker).await;
    let raw = Bytes::from_static(b"Subject: x\r\n\r\nthe kettle is broken");
    let first = vault.put_contact(contact("a"), raw.clone(), Vec::new()).await.unwrap();
    let second = vault.put_contact(contact("a"), raw.clone(), Vec::new()).await.unwrap();
    assert!(first.new && !second.new);
    let found = vault.contact(Channel::Email, &ContactId::new("a").unwrap()).await.unwrap().unwrap();
    assert_eq!(found.text, "the kettle is broken");
    assert_eq!(vault.raw(&found).await.unwrap().unwrap(), raw);
    assert!(found.raw.unwrap().blob.is_none());
}

#[tokio::test]
async fn sixty_megabytes_go_to_a_blob_and_come_back_and_a_repeat_writes_no_second_blob() {
    let broker = Broker::start().await;
    let vault = vault(&broker).await;
    let raw = Bytes::from(vec![b'x'; 60 * 1024 * 1024]);
    assert!(vault.put_contact(contact("big"), raw.clone(), Vec::new()).await.unwrap().new);
    let blobs = vault.bus().last_seq("OBJ_blobs").await.unwrap();
    assert!(!vault.put_contact(contact("big"), raw.clone(), Vec::new()).await.unwrap().new);
    assert_eq!(vault.bus().last_seq("OBJ_blobs").await.unwrap(), blobs);
    let found = vault.contact(Channel::Email, &ContactId::new("big").unwrap()).await.unwrap().unwrap();
    assert_eq!(found.raw.as_ref().unwrap().size_bytes, 60 * 1024 * 1024);
    assert_eq!(vault.raw(&found).await.unwrap().unwrap(), raw);
}

#[tokio::test]
async fn text_that_does_not_fit_is_cut_and_says_so() {
    let broker = Broker::start().await;
    let vault = vault(&broker).await;
    let long = Contact { text: "ä".repeat(400_000), ..contact("long") };
    let raw = Bytes::from(long.text.clone());
    vault.put_contact(long, raw.clone(), Vec::new()).await.unwrap();
    let found = vault.contact(Channel::Email, &ContactId::new("long").unwrap()).await.unwrap().unwrap();
    assert_eq!(found.parse_status, ParseStatus::Partial);
    assert!(found.parse_problem.contains("cut") && found.text.starts_with('ä'));
    assert_eq!(vault.raw(&found).await.unwrap().unwrap(), raw);
}

#[tokio::test]
async fn a_body_that_is_another_contact_is_refused_without_its_words() {
    let broker = Broker::start().await;
    let vault = vault(&broker).await;
    vault.put_contact(contact("a"), Bytes::new(), Vec::new()).await.unwrap();
    let stored = vault.bus().last(name::INTAKE, "intake.email.a").await.unwrap().unwrap();
    let moved = vault.open_contact("intake.email.b", &stored.headers, &stored.body).await.unwrap_err();
    assert!(matches!(moved, OpenError::Broken { .. }), "{moved}");
    for (headers, body) in [
        (Vec::new(), serde_json::to_vec(&contact("a")).unwrap()),
        (stored.headers.clone(), b"{\"text\":\"kettle".to_vec()),
        (vec![(KEY_HEADER.to_owned(), "../secret".to_owned())], stored.body.to_vec()),
    ] {
        let problem = vault.open_contact("intake.email.a", &headers, &body).await.unwrap_err();
        assert!(matches!(problem, OpenError::Broken { .. }), "{problem}");
        assert!(!problem.to_string().contains("kettle"), "{problem}");
    }
}

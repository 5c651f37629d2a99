//! The seal on a real broker: who can open what, and what is there to be read without a key.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use redress_bus::Bus;
use redress_contract::subject::name;
use redress_contract::{
    Channel, Communication, CommunicationId, ComplaintId, Contact, ContactId, Content, ContentId, Medium,
    Recipient,
};
use redress_identity::Keys;
use redress_testkit::Broker;
use redress_vault::{KeyName, OpenError, PrivateKey, PutError, Ring, Seals, Vault};

const WORD: &str = "kettle";

fn door(bus: &Bus, seals: Seals) -> Vault {
    Vault::new(bus.clone(), Arc::new(Keys::from_master(&[7; 32])), seals)
}

fn contact(id: &str) -> Contact {
    Contact {
        id: ContactId::new(id).unwrap(),
        channel: Channel::Web,
        text: WORD.to_owned(),
        ..Contact::default()
    }
}

async fn put(vault: &Vault, id: &str, raw: Bytes) {
    assert!(vault.put_contact(contact(id), raw, Vec::new()).await.unwrap().new);
}

async fn opened(vault: &Vault, id: &str) -> Result<Option<Contact>, OpenError> {
    vault.contact(Channel::Web, &ContactId::new(id).unwrap()).await
}

fn communication(id: &str, recipient: Recipient) -> Communication {
    Communication {
        id: CommunicationId::new(id).unwrap(),
        recipient,
        medium: Medium::Email,
        message: Bytes::from_static(WORD.as_bytes()),
        ..Communication::default()
    }
}

#[tokio::test]
async fn a_channel_opens_nothing_that_it_wrote_and_no_word_of_it_is_stored() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let pair = PrivateKey::draw();
    let web = door(&bus, Seals::default().making(Ring::of(vec![pair.public()])));
    let handler = door(&bus, Seals::with(&pair));
    let large = Bytes::from(WORD.repeat(100_000));
    for n in 0..20 {
        put(&web, &format!("small{n}"), Bytes::from_static(WORD.as_bytes())).await;
    }
    put(&web, "large", large.clone()).await;
    let mut ids: Vec<String> = (0..20).map(|n| format!("small{n}")).collect();
    ids.push("large".to_owned());
    for id in &ids {
        assert!(matches!(opened(&web, id).await, Err(OpenError::Locked { .. })), "{id}");
        let contact = opened(&handler, id).await.unwrap().unwrap();
        assert_eq!(contact.text, WORD);
        let raw = web.raw(&contact).await;
        assert!(contact.raw.as_ref().unwrap().blob.is_none() || matches!(raw, Err(OpenError::Locked { .. })));
    }
    let contact = opened(&handler, "large").await.unwrap().unwrap();
    assert_eq!(handler.raw(&contact).await.unwrap().unwrap(), large);
    assert!(matches!(opened(&handler.for_channels(), "large").await, Err(OpenError::Locked { .. })));
    for stream in [name::INTAKE, "KV_keys", "OBJ_blobs"] {
        let stored: Vec<_> = bus.scan(stream, ">", 1).await.unwrap().try_collect().await.unwrap();
        assert!(!stored.is_empty(), "{stream}");
        for message in stored {
            let plain = message.body.windows(WORD.len()).any(|part| part == WORD.as_bytes());
            assert!(!plain, "{stream} {}", message.subject);
        }
    }
}

#[tokio::test]
async fn a_wrong_or_missing_key_is_our_fault_and_not_the_messages() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let (pair, stranger) = (PrivateKey::draw(), PrivateKey::draw());
    put(&door(&bus, Seals::with(&pair)), "a", Bytes::new()).await;
    let problem = opened(&door(&bus, Seals::with(&stranger)), "a").await.unwrap_err();
    let (ours, theirs) = (stranger.id.as_str(), pair.id.as_str());
    let text = problem.to_string();
    assert!(text.contains(ours) && text.contains(theirs), "both pairs are named: {text}");
    assert!(matches!(problem.into_failure(), redress_bus::Failure::Blocked { .. }));
    let both = Ring::of(vec![pair.clone(), stranger]);
    assert!(opened(&door(&bus, Seals::default().opening(both)), "a").await.unwrap().is_some());

    let keys = bus.kv(name::KEYS);
    for entry in keys.scan().await.unwrap().try_collect::<Vec<_>>().await.unwrap() {
        assert!(keys.erase(entry.seq).await.unwrap());
    }
    let problem = opened(&door(&bus, Seals::with(&pair)), "a").await.unwrap_err();
    assert!(matches!(problem, OpenError::Locked { .. }), "while the message is there: {problem}");
    let stored = bus.last(name::INTAKE, "intake.web.a").await.unwrap().unwrap();
    assert!(bus.erase(name::INTAKE, stored.seq).await.unwrap());
    let late =
        door(&bus, Seals::with(&pair)).open_contact(&stored.subject, &stored.headers, &stored.body).await;
    assert!(late.unwrap().is_none(), "read before and opened after it was erased");
}

#[tokio::test]
async fn nobody_can_write_over_a_data_key() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let vault = door(&bus, Seals::with(&PrivateKey::draw()));
    put(&vault, "a", Bytes::new()).await;
    let keys = bus.kv(name::KEYS);
    let entry = keys.scan().await.unwrap().try_collect::<Vec<_>>().await.unwrap().remove(0);
    let key = keys.key_of(&entry).unwrap();
    assert!(keys.put(key, Bytes::from_static(b"mine")).await.is_err());
    assert!(keys.delete(key).await.is_err());
    assert!(opened(&vault, "a").await.unwrap().is_some());
}

#[tokio::test]
async fn the_status_page_opens_what_goes_to_the_complainant_and_nothing_else() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let (pair, status) = (PrivateKey::draw(), PrivateKey::draw());
    let ring = Ring::of(vec![status.public()]);
    let notifier = door(&bus, Seals::with(&pair).making_for_status(ring));
    let seals = Seals::default().making(Ring::of(vec![pair.public()]));
    let web = door(&bus, seals.opening_for_status(Ring::of(vec![status])));
    let page = web.for_status_page().unwrap();
    assert!(notifier.for_status_page().is_none() && web.for_channels().for_status_page().is_none());
    put(&notifier, "a", Bytes::new()).await;
    put(&web, "own", Bytes::new()).await;
    for (id, recipient) in [("out", Recipient::Complainant), ("in", Recipient::Owner)] {
        notifier.put_communication(&communication(id, recipient), Vec::new()).await.unwrap();
    }
    let complaint_id = ComplaintId::new("c").unwrap();
    let note = Content {
        id: ContentId::new("n").unwrap(),
        complaint_id: complaint_id.clone(),
        ..Content::default()
    };
    notifier.put_content(&note).await.unwrap();
    let read = async |vault: &Vault, id: &str| {
        vault.communication(Medium::Email, &CommunicationId::new(id).unwrap()).await
    };
    let sent =
        async |vault: &Vault, id: &str| vault.sent(Medium::Email, &CommunicationId::new(id).unwrap()).await;
    assert_eq!(sent(&page, "out").await.unwrap().unwrap().message, WORD.as_bytes());
    assert_eq!(read(&page, "out").await.unwrap().unwrap().message, WORD.as_bytes());
    assert!(matches!(read(&page, "in").await, Err(OpenError::Locked { .. })));
    assert!(matches!(sent(&page, "in").await, Err(OpenError::Locked { .. })));
    for door in [&page, &web] {
        assert!(matches!(opened(door, "a").await, Err(OpenError::Locked { .. })));
        assert!(matches!(opened(door, "own").await, Err(OpenError::Locked { .. })));
        assert!(matches!(door.content(&complaint_id, &note.id).await, Err(OpenError::Locked { .. })));
    }
    assert!(matches!(read(&web, "out").await, Err(OpenError::Locked { .. })), "but through its own door");
    let refused = page.put_contact(contact("b"), Bytes::new(), Vec::new()).await;
    assert!(matches!(refused, Err(PutError::NoPublicKey)), "and it puts nothing in");
    assert!(
        read(&notifier, "in").await.unwrap().is_some() && read(&notifier, "out").await.unwrap().is_some()
    );
}

#[tokio::test]
async fn without_a_public_key_nothing_is_stored() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let vault = door(&bus, Seals::default());
    let refused = vault.put_contact(contact("a"), Bytes::new(), Vec::new()).await;
    assert!(matches!(refused, Err(PutError::NoPublicKey)));
    assert_eq!(bus.last_seq(name::INTAKE).await.unwrap(), 0);
}

#[tokio::test]
async fn a_rotation_wraps_every_key_anew_and_the_old_private_key_opens_nothing_any_more() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let (old, new, status_old, status_new) =
        (PrivateKey::draw(), PrivateKey::draw(), PrivateKey::draw(), PrivateKey::draw());
    let before = door(&bus, Seals::with(&old).making_for_status(Ring::of(vec![status_old.public()])));
    for n in 0..100 {
        put(&before, &format!("c{n}"), Bytes::new()).await;
    }
    before.put_communication(&communication("out", Recipient::Complainant), Vec::new()).await.unwrap();
    let rotating = door(
        &bus,
        Seals::default()
            .opening(Ring::of(vec![old.clone(), new.clone()]))
            .making_for_status(Ring::of(vec![status_old.public(), status_new.public()])),
    );
    let entries: Vec<_> = bus.kv(name::KEYS).scan().await.unwrap().try_collect().await.unwrap();
    let pass = rotating.rewrap().await.unwrap();
    assert_eq!((pass.rewrapped, pass.newest, pass.left), (102, 0, 0));
    let pass = rotating.rewrap().await.unwrap();
    assert_eq!((pass.rewrapped, pass.newest, pass.left), (0, 102, 0));
    let counts = rotating.wrapped_for().await.unwrap();
    assert_eq!(counts, [(new.id.to_string(), 101), (status_new.id.to_string(), 1)].into());
    let after = door(&bus, Seals::with(&new));
    assert_eq!(opened(&after, "c7").await.unwrap().unwrap().text, WORD);
    assert!(matches!(opened(&before, "c7").await, Err(OpenError::Locked { .. })));
    let page = door(&bus, Seals::with(&status_new));
    let out = page.communication(Medium::Email, &CommunicationId::new("out").unwrap()).await;
    assert!(out.unwrap().is_some());
    for entry in entries {
        assert!(bus.at("KV_keys", entry.seq).await.unwrap().is_none(), "old entries are gone");
    }
}

#[tokio::test]
async fn rotations_at_once_lose_nothing_and_bring_nothing_back() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let (old, new) = (PrivateKey::draw(), PrivateKey::draw());
    let writer = door(&bus, Seals::with(&old));
    for n in 0..150 {
        put(&writer, &format!("c{n}"), Bytes::new()).await;
    }
    let mut names = Vec::new();
    let stored: Vec<_> = bus.scan(name::INTAKE, ">", 1).await.unwrap().try_collect().await.unwrap();
    for message in stored.iter().step_by(3) {
        names.push(KeyName::parse(message.header(redress_vault::data_keys::KEY_HEADER).unwrap()).unwrap());
    }
    let rotating = door(&bus, Seals::default().opening(Ring::of(vec![old, new.clone()])));
    let destroy = async {
        for name in &names {
            rotating.destroy_key(name).await.unwrap();
        }
    };
    let (one, two, ()) = tokio::join!(rotating.rewrap(), rotating.rewrap(), destroy);
    one.unwrap();
    two.unwrap();
    let after = door(&bus, Seals::with(&new));
    for n in 0..150 {
        let found = opened(&after, &format!("c{n}")).await;
        assert_eq!(found.is_err(), n % 3 == 0, "c{n}: {found:?}");
    }
}

#[tokio::test]
async fn what_was_erased_is_not_there_for_the_status_page() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let (pair, status) = (PrivateKey::draw(), PrivateKey::draw());
    let notifier = door(&bus, Seals::with(&pair).making_for_status(Ring::of(vec![status.public()])));
    let page = door(&bus, Seals::default().opening_for_status(Ring::of(vec![status])));
    let page = page.for_status_page().unwrap();
    let out = communication("out", Recipient::Complainant);
    notifier.put_communication(&out, Vec::new()).await.unwrap();
    assert!(page.sent(Medium::Email, &out.id).await.unwrap().is_some());
    let stored = bus.last(name::OUTBOX, "outbox.email.out").await.unwrap().unwrap();
    let key = KeyName::parse(stored.header(redress_vault::data_keys::KEY_HEADER).unwrap()).unwrap();
    // Between its key and the message itself, too.
    notifier.destroy_key(&key).await.unwrap();
    assert!(page.sent(Medium::Email, &out.id).await.unwrap().is_none());
    assert!(bus.erase(name::OUTBOX, stored.seq).await.unwrap());
    assert!(page.sent(Medium::Email, &out.id).await.unwrap().is_none());
}

//! Files that are uploaded, on a real broker: sealed while they come, named by one contact only, never half there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use redress_bus::Bus;
use redress_bus::config::Settings;
use redress_contract::contact::Attachment;
use redress_contract::subject::name;
use redress_contract::{Channel, Contact, ContactId, ScanState};
use redress_identity::Keys;
use redress_testkit::proxy::Way;
use redress_testkit::{Broker, Proxy};
use redress_vault::erase::Place;
use redress_vault::sweep::Swept;
use redress_vault::{
    FileError, Files, OpenError, OpenFileError, PrivateKey, PutError, Seals, StoredFile, Vault,
};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

const MIB: usize = 1024 * 1024;

fn door(bus: &Bus) -> Vault {
    Vault::new(bus.clone(), Arc::new(Keys::from_master(&[7; 32])), Seals::with(&PrivateKey::of([7; 32])))
}

fn begun_at() -> Timestamp {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

fn contact(id: &str, files: &[&StoredFile]) -> Contact {
    let attachments = files.iter().map(|file| Attachment {
        size_bytes: file.size_bytes,
        sha256: file.sha256.clone(),
        blob: Some(file.blob.clone()),
        ..Attachment::default()
    });
    Contact {
        id: ContactId::new(id).unwrap(),
        channel: Channel::Web,
        recorded_at: begun_at(),
        attachments: attachments.collect(),
        ..Contact::default()
    }
}

fn bytes(size: usize) -> Bytes {
    (0..=250).cycle().take(size).collect::<Vec<_>>().into()
}

/// What a client sends, bit by bit, waiting for whoever reads it; it may go away before the end.
fn upload(size: usize) -> DuplexStream {
    let (mut client, server) = tokio::io::duplex(10_000);
    tokio::spawn(async move { client.write_all(&bytes(size)).await });
    server
}

async fn opened(vault: &Vault, id: &str) -> Result<Option<Contact>, OpenError> {
    vault.contact(Channel::Web, &ContactId::new(id).unwrap()).await
}

async fn file(vault: &Vault, contact: &Contact, index: usize) -> Bytes {
    vault.file(&contact.attachments[index]).await.unwrap().unwrap()
}

async fn record(vault: &Vault, files: Files, contact: Contact) -> bool {
    vault.put_contact_with(contact, Bytes::from_static(b"raw"), files, Vec::new()).await.unwrap().new
}

#[tokio::test]
async fn thirty_mebibytes_that_come_bit_by_bit_arrive_whole_and_only_their_contact_can_name_them() {
    let broker = Broker::start().await;
    let vault = door(&broker.bus("test").await);
    let mut files = vault.begin_files(begun_at());
    let large = files.put(upload(30 * MIB)).await.unwrap();
    let empty = files.put(upload(0)).await.unwrap();
    let whole = bytes(30 * MIB);
    assert_eq!((large.size_bytes as usize, empty.size_bytes), (whole.len(), 0));
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(&whole));
    assert_eq!(large.sha256, digest);
    // The raw bytes lie in a blob as well: one key for all of it.
    let raw = Bytes::from(vec![b'x'; MIB]);
    let put = vault.put_contact_with(contact("a", &[&large, &empty]), raw.clone(), files, Vec::new()).await;
    assert!(put.unwrap().new);
    let found = opened(&vault, "a").await.unwrap().unwrap();
    assert!(file(&vault, &found, 0).await == whole && file(&vault, &found, 1).await.is_empty());
    assert!(vault.raw(&found).await.unwrap().unwrap() == raw);

    let mut own = vault.begin_files(begun_at());
    let mine = own.put(upload(10)).await.unwrap();
    assert!(record(&vault, own, contact("thief", &[&mine, &large])).await);
    let refused = opened(&vault, "thief").await;
    assert!(matches!(refused, Err(OpenError::Broken { .. })), "{refused:?}");
}

#[tokio::test]
async fn an_upload_that_breaks_leaves_no_contact_and_what_came_of_it_is_swept() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let vault = door(&bus);
    let mut files = vault.begin_files(begun_at());
    let half = upload(MIB).chain(Breaking);
    let FileError::Read(problem) = files.put(half).await.unwrap_err() else { panic!("it was the reader") };
    assert_eq!(problem.kind(), io::ErrorKind::ConnectionReset, "as the reader said it");
    drop(files);
    assert_eq!(bus.last_seq(name::INTAKE).await.unwrap(), 0);
    let now = bus.time_at_leader("KV_keys").await.unwrap();
    let swept = vault.sweep(now + SignedDuration::from_hours(25)).await.unwrap();
    assert_eq!(swept, Swept { keys: 1, blobs: 1 });
    let left: Vec<_> = bus.scan("OBJ_blobs", ">", 1).await.unwrap().try_collect().await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test]
async fn an_infected_file_is_kept_and_handed_to_nobody() {
    let broker = Broker::start().await;
    let vault = door(&broker.bus("test").await);
    let mut files = vault.begin_files(begun_at());
    let (bad, good) = (files.put(upload(5)).await.unwrap(), files.put(upload(7)).await.unwrap());
    let mut contact = contact("a", &[&bad, &good]);
    contact.attachments[0].scan = ScanState::Infected;
    contact.attachments[0].scan_finding = "Test.Signature".to_owned();
    assert!(record(&vault, files, contact).await);
    let found = opened(&vault, "a").await.unwrap().unwrap();
    let refused = vault.file(&found.attachments[0]).await.unwrap_err();
    assert!(
        matches!(&refused, OpenFileError::Infected { finding } if finding == "Test.Signature"),
        "{refused:?}"
    );
    assert_eq!(file(&vault, &found, 1).await, bytes(7));
    assert_eq!(vault.bus().blobs().list().await.unwrap().len(), 2, "it is evidence");
}

#[tokio::test]
async fn a_file_that_broke_spoils_none_of_the_others() {
    let broker = Broker::start().await;
    let vault = door(&broker.bus("test").await);
    let mut files = vault.begin_files(begun_at());
    let first = files.put(upload(700_000)).await.unwrap();
    files.put(upload(700_000).chain(Breaking)).await.unwrap_err();
    let second = files.put(upload(5)).await.unwrap();
    assert!(record(&vault, files, contact("a", &[&first, &second])).await);
    let found = opened(&vault, "a").await.unwrap().unwrap();
    assert_eq!(file(&vault, &found, 0).await, bytes(700_000));
    assert_eq!(file(&vault, &found, 1).await, bytes(5));
    vault.erase(&Place::of_contact(Channel::Web, &found.id)).await.unwrap();
    let left = vault.bus().blobs().list().await.unwrap();
    assert!(left.len() == 1 && left[0].name.is_none(), "but what broke, for the sweep: {left:?}");
}

#[tokio::test]
async fn a_repeat_leaves_the_first_contact_and_its_files_and_its_own_are_swept() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let vault = door(&bus);
    for (size, new) in [(800_000, true), (900_000, false)] {
        let mut files = vault.begin_files(begun_at());
        let stored = files.put(upload(size)).await.unwrap();
        assert_eq!(record(&vault, files, contact("a", &[&stored])).await, new);
    }
    let now = bus.time_at_leader("KV_keys").await.unwrap();
    let swept = vault.sweep(now + SignedDuration::from_hours(25)).await.unwrap();
    assert_eq!(swept, Swept { keys: 1, blobs: 1 });
    let found = opened(&vault, "a").await.unwrap().unwrap();
    assert_eq!(file(&vault, &found, 0).await, bytes(800_000));
}

#[tokio::test]
async fn files_on_their_way_are_not_swept_and_those_that_took_too_long_are_refused() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let vault = door(&bus);
    let (mut slow, mut slower) = (vault.begin_files(begun_at()), vault.begin_files(begun_at()));
    let first = slow.put(upload(800_000)).await.unwrap();
    let lost = slower.put(upload(800_000)).await.unwrap();
    let now = bus.time_at_leader("KV_keys").await.unwrap();
    let swept = vault.sweep(now + SignedDuration::from_hours(23)).await.unwrap();
    assert_eq!(swept, Swept::default(), "older than any that is accepted, and still there");
    let second = slow.put(upload(800_000)).await.unwrap();
    let at = |hours| begun_at() + SignedDuration::from_hours(hours);
    let in_time = Contact { recorded_at: at(12), ..contact("slow", &[&first, &second]) };
    assert!(record(&vault, slow, in_time).await);
    let late = Contact { recorded_at: at(13), ..contact("slower", &[&lost]) };
    let refused = vault.put_contact_with(late, Bytes::new(), slower, Vec::new()).await;
    assert!(matches!(refused, Err(PutError::TooLate)), "{refused:?}");
    assert!(opened(&vault, "slower").await.unwrap().is_none());

    let swept = vault.sweep(now + SignedDuration::from_hours(25)).await.unwrap();
    assert_eq!(swept, Swept { keys: 1, blobs: 1 });
    let found = opened(&vault, "slow").await.unwrap().unwrap();
    for index in [0, 1] {
        assert_eq!(file(&vault, &found, index).await, bytes(800_000));
    }
}

#[tokio::test]
async fn answers_that_are_lost_do_not_show_in_what_is_stored() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let proxy = Proxy::before(broker.url().trim_start_matches("nats://").parse().unwrap()).await;
    proxy.cut_at(Way::ToClient, 2000);
    let settings = Settings { servers: vec![format!("nats://{}", proxy.address())], ..broker.settings() };
    let web = door(&broker.bus_with(&settings, "test").await).for_channels();
    let mut files = web.begin_files(begun_at());
    let stored = files.put(upload(20 * MIB)).await.unwrap();
    assert!(record(&web, files, contact("a", &[&stored])).await);
    assert!(proxy.connections() > 2, "{} connections", proxy.connections());
    let chunks: Vec<_> = bus.scan("OBJ_blobs", "$O.blobs.C.>", 1).await.unwrap().try_collect().await.unwrap();
    // Each chunk of 64 KiB has a seal of 16 bytes.
    assert_eq!(chunks.len(), 41);
    let found = opened(&door(&bus), "a").await.unwrap().unwrap();
    assert!(file(&door(&bus), &found, 0).await == bytes(20 * MIB));
}

/// What a client sends that went away.
struct Breaking;

impl AsyncRead for Breaking {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }
}

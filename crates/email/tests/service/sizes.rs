//! Mails of any size: whole where they may be kept whole, else their head, told by all their bytes, and never moved away.

use redress_contract::ParseStatus;
use redress_email::config::{AccountSettings, AfterAck, Kind, LimitSettings, Start};
use redress_email::reconcile::{Standing, Summary, reconcile};
use redress_email::{Config, Settings};
use redress_runtime::Clock;
use redress_testkit::dovecot::Dovecot;
use redress_testkit::eventually;

use crate::imap::{account, search};
use crate::world::{World, mail};

const MEBIBYTE: usize = 1024 * 1024;

/// A mail with words, a small file, and a file that makes it so large.
fn large(n: usize, mebibytes: usize) -> Vec<u8> {
    let part = |kind: &str, body: &str| format!("--b\r\nContent-Type: {kind}\r\n\r\n{body}\r\n");
    let file = |name: &str, body: &str| part(&format!("application/octet-stream; name={name}"), body);
    let mut raw = format!(
        "From: ann{n}@example.com\r\nTo: help@example.org\r\nSubject: large {n}\r\nMessage-ID: <large{n}@example.com>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{}{}",
        part("text/plain", "The kettle, and a film of it."),
        file("bill.txt", "49 euro"),
    );
    let filler = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n";
    raw.push_str(&file("film.bin", &filler.repeat((mebibytes * MEBIBYTE).saturating_sub(raw.len()) / 64)));
    raw.push_str("--b--\r\n");
    raw.into_bytes()
}

fn config(account: AccountSettings, keep_mebibytes_max: u32) -> Config {
    let limits = LimitSettings { mail_mebibytes_max: 1, keep_mebibytes_max, ..LimitSettings::default() };
    let accounts = [("help".to_owned(), account)].into();
    Config::check(&Settings { accounts, lease_seconds: 3, limits, ..Settings::default() }).unwrap()
}

async fn assert_cut(world: &World, raw: &[u8]) {
    let contact = world.contact(raw).await.expect("it is told by all its bytes");
    let kept = contact.raw.clone().unwrap();
    assert_eq!(
        (kept.size_bytes as usize, kept.cut_from_bytes),
        (MEBIBYTE, Some(raw.len().try_into().unwrap()))
    );
    assert_eq!(world.vault.raw(&contact).await.unwrap().unwrap(), raw[..MEBIBYTE]);
    assert_eq!(contact.text, "The kettle, and a film of it.");
    assert_eq!(contact.parse_status, ParseStatus::Partial);
    assert!(
        contact.parse_problem.starts_with(&format!("{} bytes are too many", raw.len())),
        "{}",
        contact.parse_problem
    );
    let files: Vec<&str> = contact.attachments.iter().map(|file| file.file_name.as_str()).collect();
    assert_eq!(files, ["bill.txt"], "a file that is not whole is not listed as if it were");
}

async fn compare(world: &World, config: &Config) -> (Vec<Standing>, Summary) {
    let mut told = Vec::new();
    let tell = |row: &redress_email::reconcile::Row| {
        told.push(row.standing.clone());
        Ok(())
    };
    let (vault, clock) = (world.vault.for_channels(), Clock::system());
    let summary = reconcile(config, "help", (&vault, &clock), tell).await.unwrap();
    (told, summary)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_too_large_is_taken_without_its_end_and_stays_in_the_mailbox() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    let mails = [mail(1), large(2, 3), large(3, 7), large(4, 2), mail(5)];
    for raw in &mails {
        dovecot.deliver(raw);
    }
    let (after_ack, move_to) = (AfterAck::Move, "Recorded".to_owned());
    let moving = AccountSettings { after_ack, move_to, ..account(&dovecot) };
    let running = world.run_with(&config(moving.clone(), 4));
    eventually("what may be moved is moved", || async { (search(&dovecot, "ALL") == 1).then_some(()) }).await;
    // The same once more, now that it may be kept whole: the same mail, so the same contact.
    running.stop().await;
    dovecot.deliver(&mails[2]);
    let running = world.run_with(&config(moving.clone(), 64));
    eventually("the second copy is moved", || async { (search(&dovecot, "ALL") == 1).then_some(()) }).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
    assert_cut(&world, &mails[2]).await;
    for whole in [&mails[1], &mails[3]] {
        let contact = world.contact(whole).await.unwrap();
        assert_eq!(world.vault.raw(&contact).await.unwrap().unwrap(), whole[..], "in pieces it came whole");
        assert_eq!(contact.raw.unwrap().cut_from_bytes, None);
    }
    let (told, summary) = compare(&world, &config(moving, 4)).await;
    assert_eq!(summary, Summary { recorded: 6, ..Summary::default() }, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_maildir_that_is_too_large_is_taken_without_its_end() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    for name in ["new", "cur", "tmp"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let raw = large(1, 5);
    std::fs::write(folder.path().join("new/1.host"), &raw).unwrap();
    let account = AccountSettings {
        kind: Some(Kind::Maildir),
        address: "help@example.org".to_owned(),
        path: Some(folder.path().to_owned()),
        poll_seconds: Some(0.05),
        start: Start::All,
        ..AccountSettings::default()
    };
    let config = config(account, 4);
    let running = world.run_with(&config);
    world.until_recorded(1).await;
    running.stop().await;
    assert_cut(&world, &raw).await;
    assert_eq!(std::fs::read(folder.path().join("cur/1.host:2,")).unwrap(), raw, "the mail itself stays");
    assert_eq!(compare(&world, &config).await.1, Summary { recorded: 1, ..Summary::default() });
}

//! Maildir: taken from `new`, moved to `cur` once recorded, whatever breaks in between.

use std::path::{Path, PathBuf};
use std::process::Command;

use redress_contract::ParseStatus;
use redress_email::config::{AccountSettings, Kind};
use redress_runtime::health::State;
use redress_testkit::{eventually, eventually_within};
use tempfile::TempDir;

use crate::world::{World, mail};

struct Maildir {
    folder: TempDir,
}

impl Maildir {
    fn new() -> Self {
        let maildir = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["tmp", "new", "cur"] {
            std::fs::create_dir(maildir.path(name)).unwrap();
        }
        maildir
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn deliver(&self, name: &str, raw: &[u8]) {
        std::fs::write(self.path("tmp").join(name), raw).unwrap();
        std::fs::rename(self.path("tmp").join(name), self.path("new").join(name)).unwrap();
    }

    fn deliver_many(&self, count: usize) -> Vec<Vec<u8>> {
        let mails: Vec<Vec<u8>> = (0..count).map(mail).collect();
        for (n, raw) in mails.iter().enumerate() {
            self.deliver(&format!("{n:05}.host"), raw);
        }
        mails
    }

    fn names(&self, place: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(place)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn account(&self) -> AccountSettings {
        AccountSettings {
            kind: Some(Kind::Maildir),
            address: "help@example.org".to_owned(),
            path: Some(self.folder.path().to_owned()),
            poll_seconds: Some(0.05),
            ..AccountSettings::default()
        }
    }

    async fn until_new_is_empty(&self) {
        eventually("new is empty", || async { self.names("new").is_empty().then_some(()) }).await;
    }
}

fn set_modified(path: &Path, when: &str) {
    assert!(Command::new("touch").args(["-d", when]).arg(path).status().unwrap().success());
}

#[tokio::test]
async fn what_lies_in_new_is_recorded_and_then_moved() {
    let (world, maildir) = (World::start().await, Maildir::new());
    maildir.deliver("1.host", &mail(1));
    set_modified(&maildir.path("new/1.host"), "2026-03-02T08:16:00Z");
    std::fs::write(maildir.path("tmp/2.host"), mail(2)).unwrap();
    let running = world.run(maildir.account());
    maildir.until_new_is_empty().await;
    running.until_health("it is ready", |state| *state == State::Ready).await;
    running.stop().await;
    assert_eq!(maildir.names("cur"), ["1.host:2,"], "nobody has read it, so it has no flag");
    assert_eq!(maildir.names("tmp"), ["2.host"], "what is being written is left alone");
    world.assert_exactly(&[mail(1)]).await;
    let contact = world.contact(&mail(1)).await.unwrap();
    assert_eq!(contact.received_at.to_string(), "2026-03-02T08:16:00Z");
    assert_eq!(contact.text, "The words of mail 1.");
    assert_eq!(world.vault.raw(&contact).await.unwrap().unwrap(), mail(1));
}

#[tokio::test]
async fn a_mail_that_was_recorded_but_not_moved_is_one_contact() {
    let (world, maildir) = (World::start().await, Maildir::new());
    std::fs::remove_dir(maildir.path("cur")).unwrap();
    std::fs::write(maildir.path("cur"), "in the way").unwrap();
    maildir.deliver("1.host", &mail(1));
    let running = world.run(maildir.account());
    world.until_recorded(1).await;
    running.until_health("it is told", |state| matches!(state, State::Failing(_))).await;
    running.kill().await;
    assert_eq!(maildir.names("new"), ["1.host"]);
    std::fs::remove_file(maildir.path("cur")).unwrap();
    let running = world.run(maildir.account());
    maildir.until_new_is_empty().await;
    running.stop().await;
    world.assert_exactly(&[mail(1)]).await;
}

#[tokio::test]
async fn killed_in_the_middle_it_records_each_mail_once() {
    let (world, maildir) = (World::start().await, Maildir::new());
    let mails = maildir.deliver_many(300);
    for stop_at in [20, 120, 200] {
        let running = world.run(maildir.account());
        world.until_recorded(stop_at).await;
        running.kill().await;
    }
    let running = world.run(maildir.account());
    maildir.until_new_is_empty().await;
    running.stop().await;
    world.assert_exactly(&mails).await;
    assert_eq!(maildir.names("cur").len(), 300);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_and_holds_up_nothing() {
    let (world, maildir) = (World::start().await, Maildir::new());
    std::fs::create_dir(maildir.path("new/0000.folder")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", maildir.path("new/0001.link")).unwrap();
    assert!(Command::new("mkfifo").arg(maildir.path("new/0002.pipe")).status().unwrap().success());
    let mails = maildir.deliver_many(50);
    let running = world.run(maildir.account());
    world.until_recorded(50).await;
    running
        .until_health("it is told", |state| matches!(state, State::Degraded(why) if why.contains('3')))
        .await;
    running.stop().await;
    assert_eq!(maildir.names("new"), ["0000.folder", "0001.link", "0002.pipe"]);
    world.assert_exactly(&mails).await;
}

#[tokio::test]
async fn while_the_broker_is_away_nothing_is_moved() {
    let (mut world, maildir) = (World::start().await, Maildir::new());
    let running = world.run(maildir.account());
    running.until_health("it is ready", |state| *state == State::Ready).await;
    world.broker.kill();
    let mails = maildir.deliver_many(40);
    running.until_health("it is told", |state| matches!(state, State::Failing(_))).await;
    assert_eq!(maildir.names("new").len(), 40);
    assert!(maildir.names("cur").is_empty());
    world.broker.restart().await;
    eventually_within(std::time::Duration::from_secs(90), "new is empty", || async {
        maildir.names("new").is_empty().then_some(())
    })
    .await;
    running.until_health("it is ready again", |state| *state == State::Ready).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
}

#[tokio::test]
async fn what_others_moved_to_cur_is_taken_but_not_what_lay_there_before() {
    let maildir = Maildir::new();
    std::fs::write(maildir.path("cur/old.host:2,S"), mail(1)).unwrap();
    let world = World::start().await;
    let running = world.run(maildir.account());
    running.until_health("it is ready", |state| *state == State::Ready).await;
    running.stop().await;
    maildir.deliver("2.host", &mail(2));
    std::fs::rename(maildir.path("new/2.host"), maildir.path("cur/2.host:2,S")).unwrap();
    let running = world.run(maildir.account());
    world.until_recorded(1).await;
    running.until_health("it is ready", |state| *state == State::Ready).await;
    running.stop().await;
    world.assert_exactly(&[mail(2)]).await;
    assert_eq!(maildir.names("cur"), ["2.host:2,S", "old.host:2,S"]);
}

#[tokio::test]
async fn from_all_on_what_lay_in_cur_is_taken_too() {
    let (world, maildir) = (World::start().await, Maildir::new());
    std::fs::write(maildir.path("cur/old.host:2,S"), mail(1)).unwrap();
    let running =
        world.run(AccountSettings { start: redress_email::config::Start::All, ..maildir.account() });
    world.until_recorded(1).await;
    running.stop().await;
    world.assert_exactly(&[mail(1)]).await;
}

#[tokio::test]
async fn names_that_are_taken_in_cur_wipe_out_no_mail() {
    let (world, maildir) = (World::start().await, Maildir::new());
    let running = world.run(maildir.account());
    running.until_health("it is ready", |state| *state == State::Ready).await;
    for n in 1..=3 {
        maildir.deliver("same.host", &mail(n));
        maildir.until_new_is_empty().await;
    }
    running.stop().await;
    assert_eq!(maildir.names("cur").len(), 3);
    world.assert_exactly(&[mail(1), mail(2), mail(3)]).await;
}

#[tokio::test]
async fn a_mail_of_sixty_megabytes_is_kept_whole() {
    let (world, maildir) = (World::start().await, Maildir::new());
    let mut large =
        b"From: ann@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nthe words\r\n\
        --b\r\nContent-Type: application/zip; name=large.zip\r\n\r\n"
            .to_vec();
    large.resize(60 << 20, b'x');
    maildir.deliver("1.host", &large);
    maildir.deliver("2.host", &mail(2));
    let running = world.run(maildir.account());
    eventually_within(std::time::Duration::from_mins(3), "both are recorded", || async {
        maildir.names("new").is_empty().then_some(())
    })
    .await;
    running.stop().await;
    let contact = world.contact(&large).await.unwrap();
    assert_eq!((contact.parse_status, contact.text.as_str()), (ParseStatus::Partial, "the words"));
    assert_eq!(contact.raw.as_ref().unwrap().size_bytes, 60 << 20);
    assert!(world.vault.raw(&contact).await.unwrap().unwrap() == large, "the raw bytes are kept");
}

#[tokio::test]
async fn a_maildir_that_is_not_there_is_told_and_not_made() {
    let (world, maildir) = (World::start().await, Maildir::new());
    let missing = maildir.path("missing");
    let running = world.run(AccountSettings { path: Some(missing.clone()), ..maildir.account() });
    running.until_health("it is told", |state| matches!(state, State::Failing(_))).await;
    running.stop().await;
    assert!(!missing.exists());
}

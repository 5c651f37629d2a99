//! IMAP on a real Dovecot: each mail once, never marked as read, flagged only once recorded.

use redress_email::config::{AccountSettings, AfterAck, Kind, Start, Tls};
use redress_runtime::health::State;
use redress_testkit::dovecot::{Dovecot, PASSWORD};
use redress_testkit::eventually;

use crate::world::{World, mail};

pub(crate) fn account(dovecot: &Dovecot) -> AccountSettings {
    AccountSettings {
        kind: Some(Kind::Imap),
        address: "help@example.org".to_owned(),
        start: Start::All,
        poll_seconds: Some(0.1),
        host: "localhost".to_owned(),
        port: dovecot.imaps_port(),
        ca_file: Some(dovecot.ca_file()),
        user: "help".to_owned(),
        password: redress_runtime::Secret::new(PASSWORD),
        ..AccountSettings::default()
    }
}

pub(crate) fn deliver(dovecot: &Dovecot, numbers: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    let mails: Vec<Vec<u8>> = numbers.map(mail).collect();
    for raw in &mails {
        dovecot.deliver(raw);
    }
    mails
}

/// Puts mails into the inbox as a person moving them there would: they keep the date they came.
pub(crate) fn deliver_long_ago(dovecot: &Dovecot, numbers: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    let mails: Vec<Vec<u8>> = numbers.map(mail).collect();
    for raw in &mails {
        let text = String::from_utf8_lossy(raw);
        dovecot.say(&format!("APPEND INBOX \"01-Mar-2020 08:00:00 +0000\" {{{}+}}\r\n{text}", raw.len()));
    }
    mails
}

pub(crate) fn search(dovecot: &Dovecot, what: &str) -> usize {
    let said = dovecot.say(&format!("SEARCH {what}"));
    let line = said.lines().find(|line| line.starts_with("* SEARCH")).unwrap_or_default();
    line.split_whitespace().skip(2).count()
}

pub(crate) async fn until_flagged(dovecot: &Dovecot, count: usize) {
    eventually("mails are flagged", || async {
        (search(dovecot, "KEYWORD $Redress") == count).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_it_records_each_mail_once_and_marks_none_as_read() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    let mails = deliver(&dovecot, 0..200);
    dovecot.say("STORE 1:10 +FLAGS (\\Seen)");
    for stop_at in [15, 60, 130] {
        let running = world.run(account(&dovecot));
        world.until_recorded(stop_at).await;
        running.kill().await;
    }
    let running = world.run(account(&dovecot));
    until_flagged(&dovecot, 200).await;
    running.until_health("it is ready", |state| *state == State::Ready).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
    assert_eq!(search(&dovecot, "SEEN"), 10, "only what somebody opened is marked as read");
    let contact = world.contact(&mails[0]).await.unwrap();
    assert_eq!(world.vault.raw(&contact).await.unwrap().unwrap(), mails[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbering_mails_anew_records_none_again_and_loses_none() {
    let Some(mut dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    let mut mails = deliver(&dovecot, 0..30);
    let running = world.run(account(&dovecot));
    until_flagged(&dovecot, 30).await;
    running.stop().await;
    dovecot.renew_uid_validity();
    mails.extend(deliver(&dovecot, 30..40));
    let running = world.run(account(&dovecot));
    world.until_recorded(40).await;
    until_flagged(&dovecot, 40).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbering_mails_anew_brings_in_none_from_before_the_start() {
    let Some(mut dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    deliver_long_ago(&dovecot, 0..5);
    let now = AccountSettings { start: Start::Now, ..account(&dovecot) };
    let running = world.run(now);
    running.until_health("it is ready", |state| *state == State::Ready).await;
    let mut mails = deliver(&dovecot, 5..8);
    until_flagged(&dovecot, 3).await;
    running.stop().await;
    dovecot.renew_uid_validity();
    let running = world.run(AccountSettings { start: Start::Now, ..account(&dovecot) });
    running.until_health("it is ready", |state| *state == State::Ready).await;
    mails.extend(deliver(&dovecot, 8..10));
    until_flagged(&dovecot, 5).await;
    // What somebody moves here afterwards is wanted, however old.
    mails.extend(deliver_long_ago(&dovecot, 10..12));
    until_flagged(&dovecot, 7).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_now_on_only_what_comes_is_taken() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    deliver(&dovecot, 0..5);
    let now = AccountSettings { start: Start::Now, after_ack: AfterAck::Leave, ..account(&dovecot) };
    let running = world.run(now.clone());
    running.until_health("it is ready", |state| *state == State::Ready).await;
    let mut mails = deliver(&dovecot, 5..8);
    world.until_recorded(3).await;
    running.stop().await;
    mails.extend(deliver(&dovecot, 8..12));
    let running = world.run(now);
    world.until_recorded(7).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
    assert_eq!(search(&dovecot, "KEYWORD $Redress"), 0);
    assert_eq!(search(&dovecot, "SEEN"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_is_found_again() {
    let Some(mut dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    let mut mails = deliver(&dovecot, 0..10);
    let running = world.run(account(&dovecot));
    world.until_recorded(10).await;
    dovecot.stop();
    running.until_health("it is told", |state| matches!(state, State::Failing(_))).await;
    dovecot.restart();
    mails.extend(deliver(&dovecot, 10..20));
    world.until_recorded(20).await;
    until_flagged(&dovecot, 20).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_broker_is_away_nothing_is_flagged() {
    let Some(dovecot) = Dovecot::start() else { return };
    let mut world = World::start().await;
    let running = world.run(account(&dovecot));
    running.until_health("it is ready", |state| *state == State::Ready).await;
    world.broker.kill();
    let mails = deliver(&dovecot, 0..20);
    running.until_health("it is told", |state| matches!(state, State::Failing(_))).await;
    assert_eq!(search(&dovecot, "KEYWORD $Redress"), 0);
    world.broker.restart().await;
    until_flagged(&dovecot, 20).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_mails_move_to_a_folder_that_is_made() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    let mails = deliver(&dovecot, 0..12);
    let moving =
        AccountSettings { after_ack: AfterAck::Move, move_to: "Recorded".to_owned(), ..account(&dovecot) };
    let running = world.run(moving);
    eventually("the inbox is empty", || async { (search(&dovecot, "ALL") == 0).then_some(()) }).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
    let said = dovecot.say("STATUS Recorded (MESSAGES UNSEEN)");
    assert!(said.contains("MESSAGES 12") && said.contains("UNSEEN 12"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn starttls_and_plain_reach_it_and_a_stranger_s_certificate_does_not() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    let mut mails = Vec::new();
    for (n, tls) in [(0, Tls::Starttls), (1, Tls::None)] {
        mails.extend(deliver(&dovecot, n..n + 1));
        let running = world.run(AccountSettings { tls, port: dovecot.imap_port(), ..account(&dovecot) });
        world.until_recorded(n as u64 + 1).await;
        running.stop().await;
    }
    let stranger = world.run(AccountSettings { ca_file: None, ..account(&dovecot) });
    stranger
        .until_health(
            "it is told",
            |state| matches!(state, State::Failing(why) if why.contains("certificate")),
        )
        .await;
    stranger.stop().await;
    world.assert_exactly(&mails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_without_showing_it() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    let running = world.run(AccountSettings {
        password: redress_runtime::Secret::new("wrong-password"),
        ..account(&dovecot)
    });
    let told = |state: &State| matches!(state, State::Failing(why) if why.contains("sign in") && !why.contains("wrong"));
    running.until_health("it is told", told).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_mails_and_large_ones_hold_up_nothing() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    let mut mails = deliver(&dovecot, 0..20);
    dovecot.say("STORE 3:7 +FLAGS (\\Deleted)");
    dovecot.say("EXPUNGE");
    mails.drain(2..7);
    let mut large = mail(99);
    large.resize(9 << 20, b'x');
    dovecot.deliver(&large);
    mails.push(large);
    mails.extend(deliver(&dovecot, 20..25));
    let running = world.run(account(&dovecot));
    until_flagged(&dovecot, mails.len()).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
}

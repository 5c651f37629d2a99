//! Proof that everything in a mailbox is on record, or which mail is not.

use redress_email::config::{AccountSettings, AfterAck, Kind, Start};
use redress_email::reconcile::{Row, Standing, Summary, reconcile};
use redress_runtime::Clock;
use redress_testkit::dovecot::Dovecot;

use crate::imap::{account, deliver, until_flagged};
use crate::world::{World, config, mail};

async fn compare(world: &World, account: AccountSettings) -> (Vec<Row>, Summary) {
    let mut rows = Vec::new();
    let tell = |row: &Row| {
        rows.push(row.clone());
        Ok(())
    };
    let (vault, clock) = (world.vault.for_channels(), Clock::system());
    let summary = reconcile(&config(account), "help", (&vault, &clock), tell).await.unwrap();
    (rows, summary)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_uid_has_its_contact_or_is_a_gap() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    deliver(&dovecot, 0..3);
    let now = AccountSettings { start: Start::Now, ..account(&dovecot) };
    let running = world.run(now.clone());
    running.until_health("it is ready", |state| *state == redress_runtime::health::State::Ready).await;
    let mails = deliver(&dovecot, 3..8);
    until_flagged(&dovecot, 5).await;
    running.stop().await;
    let (rows, summary) = compare(&world, now.clone()).await;
    assert_eq!(summary, Summary { recorded: 5, before: 3, gaps: 0, gone: 0 });
    let contact = world.contact(&mails[0]).await.unwrap();
    let row = rows.iter().find(|row| row.mail == "4").unwrap();
    assert_eq!((row.folder.as_str(), &row.standing), ("INBOX", &Standing::Recorded(contact.id)));
    deliver(&dovecot, 8..9);
    let (rows, summary) = compare(&world, now).await;
    assert_eq!(summary.gaps, 1);
    assert_eq!(rows.last().unwrap().standing, Standing::Gap("not looked at yet"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_moved_is_compared_where_it_lies_now() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    deliver(&dovecot, 0..4);
    let (after_ack, move_to) = (AfterAck::Move, "Recorded".to_owned());
    let moving = AccountSettings { after_ack, move_to, ..account(&dovecot) };
    let running = world.run(moving.clone());
    redress_testkit::eventually("the inbox is empty", || async {
        (crate::imap::search(&dovecot, "ALL") == 0).then_some(())
    })
    .await;
    running.stop().await;
    let (rows, summary) = compare(&world, moving).await;
    assert_eq!(summary, Summary { recorded: 4, ..Summary::default() });
    assert!(rows.iter().all(|row| row.folder == "Recorded"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_file_of_a_maildir_has_its_contact_or_is_a_gap() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    for name in ["new", "cur", "tmp"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let put = |n: usize| std::fs::write(folder.path().join(format!("new/{n}.host")), mail(n)).unwrap();
    (0..4).for_each(put);
    let account = AccountSettings {
        kind: Some(Kind::Maildir),
        address: "help@example.org".to_owned(),
        path: Some(folder.path().to_owned()),
        poll_seconds: Some(0.05),
        ..AccountSettings::default()
    };
    let running = world.run(account.clone());
    world.until_recorded(4).await;
    running.stop().await;
    assert_eq!(compare(&world, account.clone()).await.1, Summary { recorded: 4, ..Summary::default() });
    put(9);
    assert_eq!(compare(&world, account).await.1, Summary { recorded: 4, gaps: 1, ..Summary::default() });
}

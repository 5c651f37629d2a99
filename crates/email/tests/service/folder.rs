//! How a folder is followed: told of new mail by the server, several folders at once, what comes late, what vanishes.

use redress_email::config::{AccountSettings, AfterAck, Start};
use redress_runtime::health::State;
use redress_testkit::dovecot::Dovecot;
use redress_testkit::eventually;

use crate::imap::{account, deliver, deliver_long_ago, search, until_flagged};
use crate::world::{World, mail};

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_when_mail_comes() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    // Without IDLE this would take an hour.
    let running = world.run(AccountSettings { poll_seconds: Some(3600.0), ..account(&dovecot) });
    running.until_health("it is ready", |state| *state == State::Ready).await;
    let mut mails = Vec::new();
    for n in 0..5 {
        mails.extend(deliver(&dovecot, n..n + 1));
        world.until_recorded(n as u64 + 1).await;
    }
    until_flagged(&dovecot, 5).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_idle_it_is_looked_at_now_and_then() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    let running = world.run(AccountSettings { idle: false, ..account(&dovecot) });
    running.until_health("it is ready", |state| *state == State::Ready).await;
    let mails = deliver(&dovecot, 0..3);
    until_flagged(&dovecot, 3).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_folders_are_read_and_one_that_is_missing_holds_up_none() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    dovecot.say("CREATE Shop");
    let more_folders = vec!["Shop".to_owned(), "Missing".to_owned()];
    let running = world.run(AccountSettings { more_folders, ..account(&dovecot) });
    let mut mails = deliver(&dovecot, 0..3);
    for n in 3..6 {
        dovecot.deliver_to("Shop", &mail(n));
        mails.push(mail(n));
    }
    world.until_recorded(6).await;
    let told = |state: &State| matches!(state, State::Failing(why) if why.contains("open the folder"));
    running.until_health("the missing one is told of", told).await;
    dovecot.say("CREATE Missing");
    running.until_health("it is ready", |state| *state == State::Ready).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_sent_mails_those_about_a_complaint_are_recorded_and_all_stay_as_they_are() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    dovecot.say("CREATE Sent");
    let reference = world.keys.reference(&world.keys.mail_contact_id("help", "the complaint"), 0);
    let about = format!(
        "From: help@example.org\r\nTo: ada@example.net\r\nMessage-ID: <1@example.org>\r\nSubject: Your kettle\r\n\r\n\
         A new one is on its way ({reference}).\r\n"
    );
    let private =
        "From: help@example.org\r\nTo: bo@example.net\r\nMessage-ID: <2@example.org>\r\n\r\nLunch?\r\n";
    let sent_folder = "Sent".to_owned();
    let running = world.run(AccountSettings { sent_folder, after_ack: AfterAck::Flag, ..account(&dovecot) });
    for raw in [private, &about] {
        dovecot.deliver_to("Sent", raw.as_bytes());
    }
    let mails = deliver(&dovecot, 0..1);
    until_flagged(&dovecot, 1).await;
    world.until_recorded(2).await;
    running.stop().await;
    world.assert_exactly(&[mails[0].clone(), about.clone().into_bytes()]).await;
    assert!(world.contact(about.as_bytes()).await.unwrap().sent_by_hand);
    let said = dovecot.say("STATUS Sent (MESSAGES UNSEEN)");
    assert!(said.contains("MESSAGES 2") && said.contains("UNSEEN 2"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_client_that_reads_and_moves_and_expunges_takes_nothing_away_that_was_seen() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    dovecot.say("CREATE Done");
    let mails = deliver(&dovecot, 0..300);
    let more_folders = vec!["Done".to_owned()];
    let running = world.run(AccountSettings { more_folders, ..account(&dovecot) });
    // Meanwhile somebody reads every third mail, and files away every tenth.
    for n in 0..10 {
        let of_ten =
            |every: usize| (1..=30).filter(move |k| k % every == 0).map(move |k| (n * 27 + k).to_string());
        let read: Vec<String> = of_ten(3).collect();
        let moved: Vec<String> = of_ten(10).collect();
        dovecot.say(&format!("UID STORE {} +FLAGS (\\Seen)", read.join(",")));
        dovecot.say(&format!("UID MOVE {} Done", moved.join(",")));
    }
    world.until_recorded(300).await;
    running.until_health("it is ready", |state| *state == State::Ready).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_from_before_stays_out_when_the_folder_is_listed_again() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    deliver_long_ago(&dovecot, 0..5);
    deliver(&dovecot, 5..10);
    let now = AccountSettings { start: Start::Now, ..account(&dovecot) };
    for n in [10, 12, 14] {
        let running = world.run(now.clone());
        running.until_health("it is ready", |state| *state == State::Ready).await;
        deliver(&dovecot, n..n + 2);
        let wanted = n - 8;
        eventually("what came is recorded", || async {
            (search(&dovecot, "KEYWORD $Redress") == wanted).then_some(())
        })
        .await;
        running.stop().await;
    }
    let wanted: Vec<Vec<u8>> = (10..16).map(mail).collect();
    world.assert_exactly(&wanted).await;
}

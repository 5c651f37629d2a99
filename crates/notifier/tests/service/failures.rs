//! A mail server that says no, says nothing, or is not there; and a service that dies half-way.

use redress_domain::DeliveryStatus;
use redress_runtime::health::State;
use redress_testkit::eventually;
use redress_testkit::smtp::{Act, Options, Rule, SmtpSink, Stage as Place};

use crate::stage::{Stage, list};

fn always(stage: Place, act: Act) -> Rule {
    Rule { stage, recipient: None, times: Some(1), act }
}

#[tokio::test]
async fn not_now_is_noted_once_and_tried_again() {
    let stage = Stage::set().await;
    stage.sink.reply(Place::Recipient, 1, "451 4.7.1 <jane@example.com> is greylisted");
    stage.sink.reply(Place::EndOfData, 1, "452 4.3.1 disk is full");
    let replica = stage.start();
    let id = stage.register("c1", "jane@example.com").await;
    stage.eventually_fates(&id, &["acknowledgement complainant Accepted"]).await;
    let events = stage.later_events(&id).await;
    assert_eq!(events, ["CommunicationQueued", "CommunicationAccepted", "MilestoneMet"]);
    let history = stage.ledger.history(&id).await.unwrap();
    let queued = history[1].commit.events[0].event.data()["reason"].clone();
    assert_eq!(queued, "451 4.7.1", "what the server says may name people");
    replica.stop().await;
    assert_eq!(stage.sink.mails().len(), 1);
}

#[tokio::test]
async fn never_is_noted_and_staff_are_told() {
    let stage = Stage::set().await;
    let gone = Some("gone@".to_owned());
    let reply = Act::Reply("550 5.1.1 <gone@example.com> unknown".to_owned());
    stage.sink.script(Rule { stage: Place::Recipient, recipient: gone, times: None, act: reply });
    let mut settings = stage.settings();
    settings.roles.insert("team_lead".to_owned(), "lead@example.org".to_owned());
    let replica = stage.start_with(&settings);
    let id = stage.register("c1", "gone@example.com").await;
    // Owner and team lead share an address here and are told once.
    let fates = ["acknowledgement complainant Failed", "delivery_problem owner Accepted"];
    stage.eventually_fates(&id, &fates).await;
    let mails = stage.sink.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].recipients, ["lead@example.org"]);
    let text = String::from_utf8_lossy(&mails[0].bytes).into_owned();
    assert!(text.contains("550 5.1.1") && !text.contains("gone@"), "{text}");

    // Nor does a second delivery tell them again by the role that was not written to.
    let failed = stage.ledger.history(&id).await.unwrap()[1].stream_seq;
    stage.advance_minutes(10);
    stage.deliver_again("notifier", failed).await;
    stage.settled("mark").await;
    replica.stop().await;
    let to_lead = list(&stage.sink.mails()).iter().filter(|line| line.starts_with("lead@")).count();
    assert_eq!(to_lead, 1);
    assert_eq!(stage.dead_letters().await, 0);
}

#[tokio::test]
async fn a_connection_that_drops_anywhere_loses_nothing() {
    for place in [Place::Connect, Place::Hello, Place::MailFrom, Place::Recipient, Place::Data, Place::Body] {
        let stage = Stage::set().await;
        stage.sink.script(always(place, Act::Drop));
        let replica = stage.start();
        let id = stage.register("c1", "jane@example.com").await;
        stage.eventually_fates(&id, &["acknowledgement complainant Accepted"]).await;
        replica.stop().await;
        assert_eq!(stage.sink.mails().len(), 1, "{place:?}");
    }
}

#[tokio::test]
async fn a_yes_that_nobody_heard_sends_the_same_bytes_again() {
    let stage = Stage::set().await;
    stage.sink.script(always(Place::EndOfData, Act::KeepAndDrop));
    let replica = stage.start();
    let id = stage.register("c1", "jane@example.com").await;
    stage.eventually_fates(&id, &["acknowledgement complainant Accepted"]).await;
    replica.stop().await;
    let mails = stage.sink.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].bytes, mails[1].bytes);
    assert_eq!(mails[0].envelope_from, mails[1].envelope_from);
}

#[tokio::test]
async fn a_crash_before_the_outcome_is_noted_sends_the_same_bytes_once_more() {
    let stage = Stage::set().await;
    stage.sink.script(always(Place::EndOfData, Act::KeepAndStall));
    let mut settings = stage.settings();
    settings.smtp.send_seconds = 300;
    let replica = stage.start_with(&settings);
    let id = stage.register("c1", "jane@example.com").await;
    stage.sink.wait_for(1).await;
    replica.kill().await;
    assert!(stage.fates(&id).await.is_empty(), "nothing was noted");

    let replica = stage.start();
    stage.eventually_fates(&id, &["acknowledgement complainant Accepted"]).await;
    replica.stop().await;
    let mails = stage.sink.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].bytes, mails[1].bytes, "the receiver knows it by its Message-ID");
}

#[tokio::test]
async fn a_server_that_says_nothing_does_not_hold_up_the_others() {
    let stage = Stage::set().await;
    let act = Act::Stall;
    let slow = Some("slow@".to_owned());
    stage.sink.script(Rule { stage: Place::Data, recipient: slow, times: Some(1), act });
    let replica = stage.start();
    let slow = stage.register("c1", "slow@example.com").await;
    let quick = stage.register("c2", "quick@example.com").await;
    stage.eventually_fates(&quick, &["acknowledgement complainant Accepted"]).await;
    stage.eventually_fates(&slow, &["acknowledgement complainant Accepted"]).await;
    assert_eq!(stage.later_events(&slow).await[0], "CommunicationQueued");
    replica.stop().await;
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for() {
    let mut stage = Stage::set().await;
    let address = stage.sink.address();
    let settings = stage.settings();
    // Another sink takes its place, so that nobody listens at the first one's address.
    stage.sink = SmtpSink::start().await;
    let replica = stage.start_with(&settings);
    let id = stage.register("c1", "jane@example.com").await;
    stage.eventually_fates(&id, &["acknowledgement complainant Queued"]).await;
    eventually("health says so", || async {
        let report = replica.health.report();
        matches!(report.get("notifier.transport"), Some(State::Failing(_))).then_some(())
    })
    .await;

    stage.sink = SmtpSink::start_at(address, Options::default()).await;
    stage.eventually_fates(&id, &["acknowledgement complainant Accepted"]).await;
    assert_eq!(replica.health.report().get("notifier.transport"), Some(&State::Ready));
    replica.stop().await;
}

#[tokio::test]
async fn after_a_long_outage_of_ours_the_first_not_now_is_not_the_last() {
    let stage = Stage::set().await;
    stage.sink.reply(Place::Recipient, 1, "451 4.7.1 greylisted");
    let id = stage.register("c1", "jane@example.com").await;
    stage.advance_minutes(60 * 60);
    let replica = stage.start();
    stage.eventually_fates(&id, &["acknowledgement complainant Accepted"]).await;
    assert_eq!(stage.later_events(&id).await[0], "CommunicationQueued");
    replica.stop().await;
}

#[tokio::test]
async fn what_nobody_takes_for_two_days_has_failed() {
    let stage = Stage::set().await;
    let reply = Act::Reply("451 4.3.0 later".to_owned());
    stage.sink.script(Rule { stage: Place::Recipient, recipient: None, times: None, act: reply });
    let replica = stage.start();
    let id = stage.register("c1", "jane@example.com").await;
    stage.eventually_fates(&id, &["acknowledgement complainant Queued"]).await;
    stage.advance_minutes(47 * 60 + 1);
    eventually("given up", || async {
        let complaint = stage.complaint(&id).await;
        (complaint.communications[0].status == DeliveryStatus::Failed).then_some(())
    })
    .await;
    replica.stop().await;
    assert!(list(&stage.sink.mails()).is_empty());
}

//! What does not go out, not yet, or not to whom it is for.

use jiff::SignedDuration;
use redress_contract::subject::name;
use redress_contract::{ComplaintId, Contact, Disposition, MachineKind, Medium, Severity};
use redress_domain::{Classification, Command, DeliveryStatus};
use redress_testkit::eventually;
use redress_testkit::smtp::{Act, Rule, Stage as Place};

use crate::stage::{Stage, link, list, parse};

#[tokio::test]
async fn machines_ourselves_and_nobody_are_never_answered() {
    let stage = Stage::set().await;
    let replica = stage.start();
    let robot = stage.contact("c1", "robot@example.com", stage.now());
    let robot = stage.register_contact(robot, MachineKind::AutoReply).await;
    let ourselves = stage.register("c2", "HELP+x@example.org").await;
    let nobody = stage.register("c3", "").await;
    for (id, reason) in [(&robot, "Machine"), (&ourselves, "OwnAddress"), (&nobody, "NoAddress")] {
        stage.eventually_fates(id, &[&format!("acknowledgement complainant Suppressed({reason})")]).await;
    }
    replica.stop().await;
    assert!(stage.sink.mails().is_empty());
    assert_eq!(stage.outbox().await, 0);
}

#[tokio::test]
async fn one_address_is_not_flooded_and_nothing_is_dropped() {
    let stage = Stage::set().await;
    let replica = stage.start();
    let mut complaints = Vec::new();
    for n in 0..5 {
        complaints.push(stage.register(&format!("c{n}"), "victim@example.com").await);
    }
    // Nobody vouches for the address: two an hour.
    for id in &complaints {
        eventually("each has a fate", || async { (stage.fates(id).await.len() == 1).then_some(()) }).await;
    }
    stage.settled("mark").await;
    let to_victim = || list(&stage.sink.mails()).iter().filter(|line| line.starts_with("victim")).count();
    assert_eq!(to_victim(), 2);

    stage.advance_minutes(61);
    for id in &complaints {
        stage.eventually_fates(id, &["acknowledgement complainant Accepted"]).await;
    }
    assert_eq!(to_victim(), 3, "the other three were gathered into one");
    let mails = stage.sink.mails();
    let last = parse(mails.last().unwrap()).body_text(0).unwrap().into_owned();
    let mut named = 0;
    for id in &complaints {
        named += usize::from(last.contains(stage.complaint(id).await.reference.as_str()));
    }
    assert_eq!(named, 3);
    for id in &complaints {
        let milestone = stage.complaint(id).await.clocks[0].milestones[0].clone();
        assert!(milestone.met_at.is_some(), "what is gathered meets its milestone too");
    }

    stage.advance_minutes(61);
    stage.settled("mark2").await;
    assert_eq!(to_victim(), 3, "nothing is left to send");
    replica.stop().await;
    assert_eq!(stage.dead_letters().await, 0);
}

#[tokio::test]
async fn one_that_cannot_be_sent_does_not_hold_up_the_others_that_wait() {
    let stage = Stage::set().await;
    let at = stage.now();
    let broken = format!(
        r#"{{"id":"m","complaint":"nowhere","event":"nowhere.1","party":"0","released":false,"since":"{at}","not_before":"{at}"}}"#
    );
    stage.ledger.vault().bus().kv(name::LIMITS).create("waiting.0.m", broken.into()).await.unwrap();
    let replica = stage.start();
    let complaints = three_of_one_address(&stage).await;
    stage.advance_minutes(61);
    for id in &complaints {
        stage.eventually_fates(id, &["acknowledgement complainant Accepted"]).await;
    }
    replica.stop().await;
}

#[tokio::test]
async fn what_waits_when_hold_mode_begins_is_kept_back() {
    let stage = Stage::set().await;
    let replica = stage.start();
    let complaints = three_of_one_address(&stage).await;
    let waits = queued(&stage, &complaints).await.remove(0);
    replica.stop().await;
    let mut settings = stage.settings();
    settings.outbound.mode = "hold".to_owned();
    let replica = stage.start_with(&settings);
    let limits = stage.ledger.vault().bus().kv(name::LIMITS);
    eventually("nothing waits", || async {
        stage.advance_minutes(61);
        limits.entries("waiting").await.unwrap().is_empty().then_some(())
    })
    .await;
    assert_eq!(stage.fates(&waits).await, ["acknowledgement complainant Suppressed(HoldMode)"]);
    replica.stop().await;
    assert_eq!(stage.sink.count(), 2);
}

#[tokio::test]
async fn what_was_gathered_is_owed_again_when_the_one_message_comes_back() {
    let stage = Stage::set().await;
    let replica = stage.start();
    let mut complaints = three_of_one_address(&stage).await;
    complaints.push(stage.register("c3", "victim@example.com").await);
    eventually("two wait", || async { (queued(&stage, &complaints).await.len() == 2).then_some(()) }).await;
    let waiting = queued(&stage, &complaints).await;
    stage.advance_minutes(61);
    for id in &waiting {
        stage.eventually_fates(id, &["acknowledgement complainant Accepted"]).await;
    }
    let vault = stage.ledger.vault();
    let mut lead = 0;
    for (n, id) in waiting.iter().enumerate() {
        let sent = &stage.complaint(id).await.communications[0].id;
        if vault.communication(Medium::Email, sent).await.unwrap().is_some() {
            lead = n;
        }
    }
    let bounce = Command::NoteBounce {
        link: link(&stage.contact("b1", "", stage.now()), MachineKind::Bounce),
        communication_id: stage.complaint(&waiting[lead]).await.communications[0].id.clone(),
        status: "5.1.1".to_owned(),
        permanent: true,
    };
    stage.execute(&waiting[lead], &bounce).await;
    let other = &waiting[1 - lead];
    eventually("the other is owed again", || async {
        let other = stage.complaint(other).await;
        let failed = other.communications[0].status == DeliveryStatus::Failed;
        (failed && other.clocks[0].milestones[0].met_at.is_none()).then_some(())
    })
    .await;
    replica.stop().await;
    assert_eq!(stage.dead_letters().await, 0);
}

/// Three complaints from one address for which nobody vouches: two are acknowledged, one waits.
async fn three_of_one_address(stage: &Stage) -> Vec<ComplaintId> {
    let mut complaints = Vec::new();
    for n in 0..3 {
        complaints.push(stage.register(&format!("c{n}"), "victim@example.com").await);
    }
    for id in &complaints {
        eventually("each has a fate", || async { (stage.fates(id).await.len() == 1).then_some(()) }).await;
    }
    complaints
}

async fn queued(stage: &Stage, complaints: &[ComplaintId]) -> Vec<ComplaintId> {
    let mut queued = Vec::new();
    for id in complaints {
        if stage.fates(id).await == ["acknowledgement complainant Queued"] {
            queued.push(id.clone());
        }
    }
    queued
}

#[tokio::test]
async fn the_channels_word_widens_the_limit() {
    let stage = Stage::set().await;
    let replica = stage.start();
    for n in 0..4 {
        let contact = stage.contact(&format!("c{n}"), "jane@example.com", stage.now());
        let contact = Contact { sender_authenticated: true, ..contact };
        stage.register_contact(contact, MachineKind::Unspecified).await;
    }
    assert_eq!(stage.sink.wait_for(4).await.len(), 4);
    replica.stop().await;
}

#[tokio::test]
async fn what_was_received_long_ago_waits_for_a_person() {
    let stage = Stage::set().await;
    let replica = stage.start();
    let long_ago = stage.now() - SignedDuration::from_hours(100);
    let id = stage.register_received("c1", "jane@example.com", long_ago).await;
    stage.eventually_fates(&id, &["acknowledgement complainant Suppressed(ReceivedLongAgo)"]).await;
    stage.execute(&id, &Command::Release).await;
    stage.eventually_fates(&id, &["acknowledgement complainant Accepted"]).await;
    replica.stop().await;
    assert_eq!(list(&stage.sink.mails()).len(), 1);
}

#[tokio::test]
async fn after_a_restore_what_may_have_been_sent_waits_for_a_person() {
    let stage = Stage::set().await;
    // Before the broker was lost: one is rendered and cannot be sent, one was not even planned.
    let busy = Act::Reply("451 4.7.1 later".to_owned());
    stage.sink.script(Rule { stage: Place::Recipient, recipient: None, times: None, act: busy });
    let replica = stage.start();
    let rendered = stage.register("c1", "rendered@example.com").await;
    stage.eventually_fates(&rendered, &["acknowledgement complainant Queued"]).await;
    replica.kill().await;
    let planned = stage.register("c2", "planned@example.com").await;
    stage.sink.behave();
    stage.advance_minutes(10);
    redress_notifier::restored::note(stage.ledger.vault().bus(), stage.now()).await.unwrap();
    stage.advance_minutes(10);

    let replica = stage.start();
    let again =
        stage.register_received("c3", "again@example.com", stage.now() - SignedDuration::from_mins(11));
    let (again, later) = (again.await, stage.register("c4", "later@example.com").await);
    stage.eventually_fates(&later, &["acknowledgement complainant Accepted"]).await;
    for id in [&rendered, &planned, &again] {
        stage.eventually_fates(id, &["acknowledgement complainant Suppressed(PerhapsSent)"]).await;
    }
    assert_eq!(list(&stage.sink.mails()).len(), 1);
    for id in [&rendered, &planned, &again] {
        stage.execute(id, &Command::Release).await;
        stage.eventually_fates(id, &["acknowledgement complainant Accepted"]).await;
    }
    replica.stop().await;
    assert_eq!(list(&stage.sink.mails()).len(), 4);
    assert_eq!(stage.dead_letters().await, 0);
}

#[tokio::test]
async fn in_hold_mode_nothing_goes_to_complainants() {
    let stage = Stage::set().await;
    let mut settings = stage.settings();
    settings.outbound.mode = "hold".to_owned();
    let replica = stage.start_with(&settings);
    let id = stage.register("c1", "jane@example.com").await;
    stage.eventually_fates(&id, &["acknowledgement complainant Suppressed(HoldMode)"]).await;
    replica.stop().await;
    assert!(stage.sink.mails().is_empty());
}

#[tokio::test]
async fn what_was_kept_back_goes_out_when_released_by_a_clock_that_is_behind() {
    let stage = Stage::set().await;
    let busy = Act::Reply("451 4.7.1 later".to_owned());
    stage.sink.script(Rule { stage: Place::Recipient, recipient: None, times: None, act: busy });
    let replica = stage.start();
    let id = stage.register("c1", "jane@example.com").await;
    stage.eventually_fates(&id, &["acknowledgement complainant Queued"]).await;
    replica.kill().await;
    stage.sink.behave();
    stage.advance_minutes(10);
    redress_notifier::restored::note(stage.ledger.vault().bus(), stage.now()).await.unwrap();
    let replica = stage.start();
    stage.eventually_fates(&id, &["acknowledgement complainant Suppressed(PerhapsSent)"]).await;
    // It was rendered ten minutes ago, and is released eleven.
    stage.advance_minutes(-11);
    stage.execute(&id, &Command::Release).await;
    stage.eventually_fates(&id, &["acknowledgement complainant Accepted"]).await;
    replica.stop().await;
    assert_eq!(list(&stage.sink.mails()).len(), 1);
}

#[tokio::test]
async fn in_redirect_mode_everything_goes_to_one_address() {
    let stage = Stage::set().await;
    let mut settings = stage.settings();
    settings.outbound.mode = "redirect".to_owned();
    settings.outbound.redirect_to = "pilot@example.org".to_owned();
    let replica = stage.start_with(&settings);
    let id = stage.register("c1", "jane@example.com").await;
    stage.eventually_acknowledged(&id).await;
    replica.stop().await;
    let mails = stage.sink.mails();
    assert_eq!(mails[0].recipients, ["pilot@example.org"]);
    let to = parse(&mails[0]).to().unwrap().first().unwrap().address().unwrap().to_owned();
    assert_eq!(to, "jane@example.com", "the mail shows to whom it would have gone");
}

#[tokio::test]
async fn what_is_no_longer_true_when_its_turn_comes_does_not_go_out() {
    let stage = Stage::set().await;
    let later = Act::Reply("451 4.7.1 later".to_owned());
    stage.sink.script(Rule { stage: Place::Recipient, recipient: None, times: None, act: later });
    let replica = stage.start();
    let id = stage.register("c1", "jane@example.com").await;
    stage.eventually_fates(&id, &["acknowledgement complainant Queued"]).await;
    let spam = Classification {
        jurisdiction: String::new(),
        needs: Vec::new(),
        evidence: Vec::new(),
        disposition: Disposition::Spam,
        category: "general".to_owned(),
        product: String::new(),
        severity: Severity::S4,
        rule: String::new(),
    };
    stage.execute(&id, &Command::Classify(spam)).await;
    stage.eventually_fates(&id, &["acknowledgement complainant Suppressed(Superseded)"]).await;
    stage.sink.behave();
    replica.stop().await;
    assert!(stage.sink.mails().is_empty());
}

#[tokio::test]
async fn the_breaker_slows_and_drops_nothing() {
    let stage = Stage::set().await;
    let mut settings = stage.settings();
    settings.breaker_per_minute = 3;
    let replica = stage.start_with(&settings);
    let mut complaints = Vec::new();
    for n in 0..5 {
        complaints.push(stage.register(&format!("c{n}"), &format!("p{n}@example.com")).await);
    }
    stage.sink.wait_for(3).await;
    eventually("all are rendered", || async { (stage.outbox().await == 5).then_some(()) }).await;
    assert_eq!(stage.sink.count(), 3);
    stage.advance_minutes(1);
    for id in &complaints {
        stage.eventually_fates(id, &["acknowledgement complainant Accepted"]).await;
    }
    replica.stop().await;
    assert_eq!(stage.sink.mails().len(), 5);
}

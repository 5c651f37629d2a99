//! Deadlines are told to named roles.

use redress_contract::{ClockId, MilestoneId};
use redress_domain::Command;

use crate::stage::{Stage, list, parse};

#[tokio::test]
async fn after_an_outage_one_mail_tells_the_highest_rung() {
    let stage = Stage::set().await;
    let mut settings = stage.settings();
    for (role, address) in
        [("owner", "o@example.org"), ("executive", "e@example.org"), ("supervisor", "s@example.org")]
    {
        settings.roles.insert(role.to_owned(), address.to_owned());
    }
    let id = stage.register("c1", "jane@example.com").await;
    stage.advance_minutes(30 * 24 * 60);
    let fire = Command::Fire {
        clock: ClockId::new("house").unwrap(),
        milestone: MilestoneId::new("acknowledge").unwrap(),
        generation: 1,
    };
    stage.execute(&id, &fire).await;
    let reference = stage.complaint(&id).await.reference;

    let replica = stage.start_with(&settings);
    let fates = ["acknowledgement complainant Accepted", "escalation executive Accepted"];
    eventually_sorted(&stage, &id, &fates).await;
    replica.stop().await;
    let mails = stage.sink.mails();
    let to_staff: Vec<_> = mails.iter().filter(|mail| mail.recipients[0].ends_with("@example.org")).collect();
    assert_eq!(to_staff.len(), 1, "{:?}", list(&mails));
    assert_eq!(to_staff[0].recipients, ["e@example.org"]);
    let text = parse(to_staff[0]).body_text(0).unwrap().into_owned();
    assert!(text.contains(&format!("redress show {reference}")), "{text}");
    assert!(!text.contains("MARKER") && !text.contains("jane@"), "{text}");
}

async fn eventually_sorted(stage: &Stage, id: &redress_contract::ComplaintId, fates: &[&str]) {
    redress_testkit::eventually(&format!("fates {fates:?}"), || async {
        let mut found = stage.fates(id).await;
        found.sort();
        (found == fates).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_role_that_nobody_fills_is_noted() {
    let stage = Stage::set().await;
    let id = stage.register("c1", "jane@example.com").await;
    stage.advance_minutes(30 * 24 * 60);
    let fire = Command::Fire {
        clock: ClockId::new("house").unwrap(),
        milestone: MilestoneId::new("final_response").unwrap(),
        generation: 1,
    };
    stage.execute(&id, &fire).await;
    let replica = stage.start();
    redress_testkit::eventually("noted", || async {
        let fates = stage.fates(&id).await;
        fates.iter().any(|fate| fate.ends_with("Suppressed(NoAddress)")).then_some(())
    })
    .await;
    replica.stop().await;
}

/// A deadline of a complaint passes late in the evening.
async fn overdue(stage: &Stage, name: &str, milestone: &str) -> redress_contract::ComplaintId {
    let id = stage.register(name, "jane@example.com").await;
    let owed = stage.complaint(&id).await;
    let due_at = owed.pending().iter().find(|(_, owed)| owed.id.as_str() == milestone).unwrap().1.due_at;
    let minutes = due_at.duration_since(stage.now()).as_mins() + 1;
    stage.advance_minutes(minutes);
    let fire = Command::Fire {
        clock: ClockId::new("house").unwrap(),
        milestone: MilestoneId::new(milestone).unwrap(),
        generation: 1,
    };
    stage.execute(&id, &fire).await;
    id
}

/// Settings under which staff are left alone in the minutes around now.
fn quiet(stage: &Stage, from: &str, to: &str) -> redress_notifier::Settings {
    let mut settings = stage.settings();
    for role in ["owner", "complaints_manager"] {
        settings.roles.insert(role.to_owned(), format!("{role}@example.org"));
    }
    (settings.quiet_hours.begin, settings.quiet_hours.end) = (from.to_owned(), to.to_owned());
    settings
}

#[tokio::test]
async fn in_quiet_hours_staff_are_told_when_they_are_over() {
    let stage = Stage::set().await;
    let id = overdue(&stage, "c1", "final_response").await;
    let now = stage.now().to_zoned(jiff::tz::TimeZone::UTC).time();
    let to = now.wrapping_add(jiff::SignedDuration::from_hours(2));
    let settings = quiet(&stage, &now.strftime("%H:00").to_string(), &to.strftime("%H:%M").to_string());
    let replica = stage.start_with(&settings);
    let waits = ["acknowledgement complainant Accepted", "escalation complaints_manager Queued"];
    eventually_sorted(&stage, &id, &waits).await;
    replica.kill().await;

    // What is kept outlives the process; the commit comes again and changes nothing.
    let replica = stage.start_with(&settings);
    stage.deliver_again("notifier", 2).await;
    stage.settled("c2").await;
    assert!(stage.sink.mails().iter().all(|mail| !mail.recipients[0].ends_with("@example.org")));
    stage.advance_minutes(121);
    let told = ["acknowledgement complainant Accepted", "escalation complaints_manager Accepted"];
    eventually_sorted(&stage, &id, &told).await;
    stage.advance_minutes(2);
    stage.settled("c3").await;
    let mails = stage.sink.mails();
    let to_staff = mails.iter().filter(|mail| mail.recipients[0] == "complaints_manager@example.org").count();
    assert_eq!(to_staff, 1, "{:?}", list(&mails));
    replica.stop().await;
}

#[tokio::test]
async fn what_was_done_in_quiet_hours_is_not_told_when_they_are_over() {
    let stage = Stage::set().await;
    let id = overdue(&stage, "c1", "final_response").await;
    let now = stage.now().to_zoned(jiff::tz::TimeZone::UTC).time();
    let to = now.wrapping_add(jiff::SignedDuration::from_hours(2));
    let settings = quiet(&stage, &now.strftime("%H:00").to_string(), &to.strftime("%H:%M").to_string());
    let replica = stage.start_with(&settings);
    let waits = ["acknowledgement complainant Accepted", "escalation complaints_manager Queued"];
    eventually_sorted(&stage, &id, &waits).await;
    stage.execute(&id, &Command::Close { reason: redress_contract::CloseReason::Duplicate }).await;
    stage.advance_minutes(121);
    let dropped =
        ["acknowledgement complainant Accepted", "escalation complaints_manager Suppressed(Superseded)"];
    eventually_sorted(&stage, &id, &dropped).await;
    replica.stop().await;
}

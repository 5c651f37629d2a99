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

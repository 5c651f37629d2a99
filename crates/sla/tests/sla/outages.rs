//! The service, or the broker, away while deadlines pass.

use redress_contract::Event;
use redress_runtime::Clock;
use redress_testkit::eventually;

use crate::stage::{Stage, acknowledge_within, never_sweeping, seconds, timer_due};

const OVERTAKEN: [&str; 4] =
    ["WarningReached 1 overtaken", "MilestoneBreached", "Escalated 2 overtaken", "Escalated 3"];

#[tokio::test]
async fn what_fell_due_while_the_service_was_down_fires_once_and_tells_the_highest_only() {
    let stage = Stage::set(&acknowledge_within("PT4S"), Clock::system()).await;
    let sla = stage.start(&never_sweeping());
    stage.register("c").await;
    let timer = stage.eventually_timer("c").await;
    sla.stop().await;
    // The last rung is three seconds after the first; one more makes the lateness show.
    stage.reaches(timer.due_at + seconds(4)).await;
    let due = timer_due("c");
    eventually("the broker fires by itself", || stage.last_timer(&due)).await;
    assert_eq!(stage.fired("c").await, Vec::<String>::new());

    let sla = stage.start(&never_sweeping());
    stage.eventually_fired("c", &OVERTAKEN).await;
    let history = stage.history("c").await;
    let late: Vec<u32> =
        history.iter().flat_map(|e| &e.commit.events).filter_map(|e| late_by(&e.event)).collect();
    assert!(late[0] >= 4 && late.iter().all(|late| *late >= 1), "late by {late:?}");
    assert_eq!(history.len(), 2, "one commit for everything that was missed");
    sla.stop().await;
}

#[tokio::test]
async fn schedules_survive_a_killed_broker() {
    let mut stage = Stage::set(&acknowledge_within("PT4S"), Clock::system()).await;
    let sla = stage.start(&never_sweeping());
    stage.register("c").await;
    stage.eventually_timer("c").await;
    stage.broker.restart().await;
    stage
        .eventually_fired("c", &["WarningReached 1", "MilestoneBreached", "Escalated 2", "Escalated 3"])
        .await;
    sla.stop().await;
}

fn late_by(event: &Event) -> Option<u32> {
    match event {
        Event::WarningReached(e) => Some(e.late_by_s),
        Event::MilestoneBreached(e) => Some(e.late_by_s),
        Event::Escalated(e) => Some(e.late_by_s),
        _ => None,
    }
}

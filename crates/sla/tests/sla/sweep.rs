//! The sweep: what the broker missed, what a moved clock makes due, and who sweeps.

use jiff::{SignedDuration, Timestamp};
use redress_contract::TimerDue;
use redress_domain::RulesSettings;
use redress_runtime::Clock;
use redress_sla::Settings;
use redress_testkit::eventually;

use crate::stage::{Stage, acknowledge_within, never_sweeping, seconds};

fn each_second() -> Settings {
    Settings { sweep_seconds: 1, lease_seconds: 1, ..Settings::default() }
}

#[tokio::test]
async fn a_timer_taken_away_behind_its_back_fires_all_the_same() {
    let stage = Stage::set(&acknowledge_within("PT2S"), Clock::system()).await;
    // Sets the timer, and is gone before it fires.
    let sla = stage.start(&never_sweeping());
    stage.register("c").await;
    stage.eventually_timer("c").await;
    sla.stop().await;
    stage.take_away_timer("c").await;

    let sla = stage.start(&each_second());
    stage
        .eventually_fired("c", &["WarningReached 1", "MilestoneBreached", "Escalated 2", "Escalated 3"])
        .await;
    sla.stop().await;
}

#[tokio::test]
async fn a_missing_timer_is_set_again() {
    // A clock that stands a minute ahead: what was just committed counts as settled.
    let ahead = Clock::manual(Clock::system().now() + seconds(60));
    let stage = Stage::set(&acknowledge_within("PT72H"), ahead.clone()).await;
    let sla = stage.start(&each_second());
    stage.register("c").await;
    let timer = stage.eventually_timer("c").await;
    stage.take_away_timer("c").await;
    eventually("the timer is taken away", || async { (!is_set(&stage, &timer).await).then_some(()) }).await;
    ahead.advance(SignedDuration::from_hours(1));
    eventually("the timer is set again", || async { is_set(&stage, &timer).await.then_some(()) }).await;
    assert_eq!(stage.fired("c").await, Vec::<String>::new());
    sla.stop().await;
}

#[tokio::test]
async fn moving_the_clock_by_days_records_the_ladder() {
    // A Monday at nine, with the deadlines of the house: four hours of work, twenty working days.
    let clock = Clock::manual("2026-03-02T09:00:00Z".parse().unwrap());
    let stage = Stage::set(&RulesSettings::default(), clock.clone()).await;
    let sla = stage.start(&Settings::default());
    stage.register("c").await;
    let acknowledge =
        ["WarningReached 1", "WarningReached 2", "WarningReached 3", "MilestoneBreached", "Escalated 4"];
    for (until, rungs) in [("11:00", 1), ("12:00", 2), ("12:36", 3), ("13:00", 5)] {
        move_to(&clock, &format!("2026-03-02T{until}:00Z"));
        stage.eventually_fired("c", &acknowledge[..rungs]).await;
    }
    move_to(&clock, "2026-06-01T00:00:00Z");
    let rest = [
        "Escalated 5 overtaken",
        "Escalated 6",
        "WarningReached 1 overtaken",
        "WarningReached 2 overtaken",
        "WarningReached 3 overtaken",
        "MilestoneBreached",
        "Escalated 4 overtaken",
        "Escalated 5 overtaken",
        "Escalated 6",
    ];
    let mut all: Vec<&str> = acknowledge.iter().chain(&rest).copied().collect();
    eventually("the whole ladder", || async { (stage.fired("c").await.len() == all.len()).then_some(()) })
        .await;
    let mut fired = stage.fired("c").await;
    // The two milestones are fired side by side.
    fired.sort();
    all.sort_unstable();
    assert_eq!(fired, all);
    sla.stop().await;
}

#[tokio::test]
async fn another_replica_sweeps_when_the_first_stops_or_dies() {
    let clock = Clock::manual("2026-03-02T09:00:00Z".parse().unwrap());
    let stage = Stage::set(&RulesSettings::default(), clock.clone()).await;
    let (first, second, third) =
        (stage.start(&each_second()), stage.start(&each_second()), stage.start(&each_second()));
    stage.register("c").await;
    move_to(&clock, "2026-03-02T11:00:00Z");
    stage.eventually_fired("c", &["WarningReached 1"]).await;
    first.stop().await;
    move_to(&clock, "2026-03-02T12:00:00Z");
    stage.eventually_fired("c", &["WarningReached 1", "WarningReached 2"]).await;
    second.kill().await;
    move_to(&clock, "2026-03-02T12:36:00Z");
    stage.eventually_fired("c", &["WarningReached 1", "WarningReached 2", "WarningReached 3"]).await;
    third.stop().await;
}

fn move_to(clock: &Clock, at: &str) {
    let at: Timestamp = at.parse().unwrap();
    clock.advance(at.duration_since(clock.now()));
}

async fn is_set(stage: &Stage, timer: &TimerDue) -> bool {
    let stored = stage.timer(timer.complaint_id.as_str()).await;
    stored.is_some_and(|stored| {
        serde_json::from_slice::<TimerDue>(&stored.body).is_ok_and(|held| held == *timer)
    })
}

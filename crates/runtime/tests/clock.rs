//! A clock moved by hand moves everybody who holds it.

use jiff::{SignedDuration, Timestamp};
use redress_runtime::Clock;

fn start() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn clones_move_together_and_wake_who_waits() {
    let clock = Clock::manual(start());
    let waiting = tokio::spawn({
        let clock = clock.clone();
        async move {
            clock.sleep(SignedDuration::from_hours(2)).await;
            clock.now()
        }
    });
    tokio::task::yield_now().await;
    clock.advance(SignedDuration::from_hours(1));
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    clock.advance(SignedDuration::from_hours(1));
    assert_eq!(waiting.await.unwrap(), start() + SignedDuration::from_hours(2));
}

#[tokio::test]
async fn a_moment_that_has_passed_is_reached_at_once() {
    for clock in [Clock::manual(start()), Clock::system()] {
        clock.reaches(start() - SignedDuration::from_hours(1)).await;
    }
}

#[test]
fn the_hosts_clock_moves_by_itself_only_and_shows_whole_microseconds() {
    let clock = Clock::system();
    let before = clock.now();
    clock.advance(SignedDuration::from_hours(24));
    assert!(clock.now().duration_since(before) < SignedDuration::from_hours(1));
    assert_eq!(before.as_nanosecond() % 1000, 0);
}

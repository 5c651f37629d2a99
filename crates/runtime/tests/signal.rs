//! The first signal asks, the second insists.

use redress_runtime::Shutdown;
use redress_runtime::signal::Signals;
use rustix::process::{Signal, getpid, kill_process};

#[tokio::test]
async fn the_first_signal_asks_to_stop_and_the_second_insists() {
    let shutdown = Shutdown::new();
    let insisted = tokio::spawn(Signals::listen().unwrap().insist(shutdown.clone()));
    kill_process(getpid(), Signal::TERM).unwrap();
    shutdown.asked().await;
    assert!(!insisted.is_finished());
    kill_process(getpid(), Signal::INT).unwrap();
    insisted.await.unwrap();
}

#[tokio::test]
async fn a_part_stops_with_the_whole_and_can_be_stopped_alone() {
    let whole = Shutdown::new();
    let (one, other) = (whole.child(), whole.child());
    one.ask();
    assert!(one.is_asked() && !whole.is_asked() && !other.is_asked());
    assert_eq!(other.or(async { 7 }).await, Some(7));
    whole.ask();
    assert_eq!(other.or(std::future::pending::<()>()).await, None);
}

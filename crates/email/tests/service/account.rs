//! Who reads an account, and what is told of it.

use std::time::{Duration, Instant};

use redress_email::config::AccountSettings;
use redress_intake::health::State as Told;
use redress_intake::health::tell::last_told;
use redress_runtime::health::State;
use redress_testkit::dovecot::Dovecot;
use redress_testkit::eventually;

use crate::imap::{account, deliver, until_flagged};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_reads_and_another_takes_over_when_it_dies() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    let one = world.run(account(&dovecot));
    one.until_health("it is ready", |state| *state == State::Ready).await;
    eventually("one reads", || async { (dovecot.sessions() == 1).then_some(()) }).await;
    let other = world.run(account(&dovecot));
    other.until_health("it stands by", |state| *state == State::Ready).await;
    let mut mails = deliver(&dovecot, 0..20);
    world.until_recorded(20).await;
    assert_eq!(dovecot.sessions(), 1, "only one replica is connected");
    let killed = Instant::now();
    one.kill().await;
    mails.extend(deliver(&dovecot, 20..40));
    world.until_recorded(40).await;
    assert!(killed.elapsed() < Duration::from_secs(30), "it took {:?}", killed.elapsed());
    until_flagged(&dovecot, 40).await;
    other.stop().await;
    world.assert_exactly(&mails).await;
}

async fn until_told(world: &World, state: Told) -> redress_intake::health::tell::Told {
    let event = eventually("it is told", || async {
        let told = last_told(&world.bus, "email").await.unwrap_or_default();
        told.into_iter().find(|event| event.data.account == "help" && event.data.state == state)
    });
    event.await.data
}

#[tokio::test(flavor = "multi_thread")]
async fn how_an_account_fares_is_told_where_others_find_it() {
    let Some(mut dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    let running = world.run(account(&dovecot));
    until_told(&world, Told::Healthy).await;
    dovecot.stop();
    let told = until_told(&world, Told::Degraded).await;
    assert!(!told.reason.is_empty());
    dovecot.restart();
    until_told(&world, Told::Healthy).await;
    running.stop().await;
    let wrong = redress_runtime::Secret::new("wrong-password");
    let running = world.run(AccountSettings { password: wrong, ..account(&dovecot) });
    let told = until_told(&world, Told::AuthFailed).await;
    assert!(told.reason.contains("sign in") && !told.reason.contains("wrong"), "{}", told.reason);
    running.stop().await;
}

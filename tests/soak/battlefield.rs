//! Services and a broker, of which a random one is killed now and then and started again.

use std::collections::BTreeMap;
use std::time::Duration;

use redress_testkit::Broker;
use redress_tests::mails::Dice;

use crate::processes::Service;
use crate::quiet;

const BROKER: &str = "nats-server";

/// Who was killed how often.
#[derive(Debug, Default)]
pub(crate) struct Kills(BTreeMap<&'static str, usize>);

impl Kills {
    fn note(&mut self, victim: &'static str) {
        *self.0.entry(victim).or_default() += 1;
    }

    fn of(&self, victim: &str) -> usize {
        self.0.get(victim).copied().unwrap_or_default()
    }

    pub(crate) fn broker(&self) -> usize {
        self.of(BROKER)
    }

    pub(crate) fn services(&self) -> usize {
        self.0.values().sum::<usize>() - self.broker()
    }

    /// Mails that may have gone out twice: those in flight at a kill of the notifier or the broker.
    pub(crate) fn resent_max(&self) -> usize {
        (self.of("notifier") + self.broker()) * quiet::IN_FLIGHT
    }
}

impl std::fmt::Display for Kills {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told: Vec<String> = self.0.iter().map(|(victim, times)| format!("{victim} {times}")).collect();
        f.write_str(&told.join(", "))
    }
}

/// What the killing goes on over.
#[derive(Debug)]
pub(crate) struct Battlefield {
    pub(crate) services: Vec<Service>,
    pub(crate) kills: Kills,
    broker: Broker,
    dice: Dice,
    /// Drawn without replacement, so that each of them is killed as often as the others.
    victims: Vec<usize>,
}

impl Battlefield {
    pub(crate) fn new(broker: Broker, services: Vec<Service>, seed: u64) -> Self {
        Self { services, kills: Kills::default(), broker, dice: Dice::new(seed), victims: Vec::new() }
    }

    /// Waits a little and kills a service; the broker beside it now and then.
    pub(crate) async fn strike(&mut self) -> anyhow::Result<()> {
        tokio::time::sleep(Duration::from_millis(100 + self.dice.below(700) as u64)).await;
        if self.kill_next().await? {
            return Ok(());
        }
        let beside = self.dice.below(self.services.len());
        self.kill_service(beside)
    }

    /// Waits less than `at_most` and kills one of them, a service or the broker.
    pub(crate) async fn strike_one(&mut self, at_most: Duration) -> anyhow::Result<()> {
        let wait = self.dice.below(usize::try_from(at_most.as_micros())?);
        tokio::time::sleep(Duration::from_micros(wait as u64)).await;
        self.kill_next().await.map(drop)
    }

    /// Kills whose turn it is; true when it was a service.
    async fn kill_next(&mut self) -> anyhow::Result<bool> {
        if self.victims.is_empty() {
            self.victims = (0..=self.services.len()).collect();
            self.dice.shuffle(&mut self.victims);
        }
        let victim = self.victims.pop().unwrap_or_default();
        if victim < self.services.len() {
            return self.kill_service(victim).map(|()| true);
        }
        self.broker.restart().await;
        self.kills.note(BROKER);
        Ok(false)
    }

    fn kill_service(&mut self, victim: usize) -> anyhow::Result<()> {
        let service = &mut self.services[victim];
        self.kills.note(service.name);
        service.kill()
    }
}

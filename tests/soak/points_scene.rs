//! What must happen so that a process comes to a fail point.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use async_nats::jetstream::{self, consumer::PullConsumer};
use redress_contract::subject::name;
use redress_testkit::dovecot::Dovecot;
use redress_testkit::smtp::{Act, Rule, Stage};
use redress_testkit::{Broker, SmtpSink};
use redress_tests::points::Scene;
use redress_tests::records::Records;

use crate::load::{Load, unflagged};
use crate::processes::{Place, Service};
use crate::workload::Mail;

/// Everything around the services.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) sink: SmtpSink,
    pub(crate) dovecot: Dovecot,
    pub(crate) load: Load,
    pub(crate) records: Records,
    jetstream: jetstream::Context,
    made: AtomicUsize,
}

/// Makes the router panic over poison.
pub(crate) const POISON: &str = "router::opened=return(panic at POISON);";

/// Complaints of one person that are more than may be answered within the hour.
const CROWD: usize = 4;

impl World {
    /// By this clock, who complained too often may be answered.
    pub(crate) const AHEAD: (&'static str, &'static str) = ("REDRESS_CLOCK_AHEAD_SECONDS", "7500");

    pub(crate) async fn new(
        broker: &Broker,
        sink: SmtpSink,
        dovecot: Dovecot,
        place: Place,
        (load, records): (Load, Records),
    ) -> anyhow::Result<Self> {
        let client = async_nats::connect(broker.url()).await?;
        let jetstream = jetstream::new(client);
        Ok(Self { place, sink, dovecot, load, records, jetstream, made: AtomicUsize::new(0) })
    }

    /// What is armed beside the point itself.
    pub(crate) fn also(scene: Scene) -> &'static str {
        match scene {
            Scene::Poison | Scene::PoisonReplayed => POISON,
            _ => "",
        }
    }

    /// While the process still runs as before.
    pub(crate) async fn prepare(&self, scene: Scene) -> anyhow::Result<()> {
        if scene != Scene::CrowdAnswered {
            return Ok(());
        }
        let limits = self.records.bus().kv(name::LIMITS);
        let waiting = limits.entries("waiting").await?.len();
        self.load.crowd(self.made.fetch_add(1, Ordering::Relaxed), CROWD).await;
        let until = Instant::now() + Duration::from_mins(3);
        while limits.entries("waiting").await?.len() < waiting + 2 {
            ensure!(Instant::now() < until, "nobody was made to wait");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// While the process is down.
    pub(crate) async fn before(&self, scene: Scene) -> anyhow::Result<()> {
        match scene {
            Scene::CursorGone => {
                let stream = self.jetstream.get_stream("KV_cursors").await?;
                stream.purge().filter("$KV.cursors.email.>").await?;
            }
            Scene::TimersGone => self.purge_timers().await?,
            Scene::DeadlinesPassed => {
                // Some deadlines pass in these seconds, and nobody is told.
                for _ in 0..5 {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    self.purge_timers().await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// While the process runs.
    pub(crate) async fn after(&self, scene: Scene, service: &mut Service) -> anyhow::Result<()> {
        match scene {
            Scene::Poison => self.poison(),
            Scene::PoisonReplayed | Scene::Replay => self.replay_one().await?,
            Scene::Greylisted => {
                let act = Act::Reply("451 4.7.1 come again".to_owned());
                self.sink.script(Rule { stage: Stage::Recipient, recipient: None, times: Some(1), act });
            }
            Scene::Crowd => {
                self.load.crowd(self.made.fetch_add(1, Ordering::Relaxed), CROWD).await;
            }
            Scene::Stop => {
                // It has something to keep once it has published something.
                let published = self.records.bus().last_seq(name::EVENTS).await?;
                while self.records.bus().last_seq(name::EVENTS).await? == published {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                service.running().ask_to_stop()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn poison(&self) {
        let n = self.made.fetch_add(1, Ordering::Relaxed);
        let from = format!("poison{n}@example.com");
        let raw = format!(
            "From: {from}\r\nTo: help@example.org\r\nSubject: POISON {n}\r\nMessage-ID: <poison{n}@mail.example.com>\r\n\
             Date: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\nThis one cannot be handled.\r\n"
        );
        let mail = Mail { raw: raw.into_bytes(), thread: from.clone(), address: Some(from) };
        self.load.mail(&self.dovecot, &mail);
    }

    /// Has the process, in which poison is armed, give up a contact, when nobody has a dead letter left to replay.
    pub(crate) async fn bury_one(&self) -> anyhow::Result<()> {
        self.poison();
        let until = Instant::now() + Duration::from_mins(2);
        while self.has_no_letter().await? {
            ensure!(Instant::now() < until, "no contact was given up");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// True when there is nothing to replay.
    pub(crate) async fn has_no_letter(&self) -> anyhow::Result<bool> {
        Ok(self.records.bus().dead_letters().await?.is_empty())
    }

    async fn replay_one(&self) -> anyhow::Result<()> {
        let letters = self.records.bus().dead_letters().await?;
        let letter = letters.first().context("there is a dead letter")?;
        Ok(self.records.bus().replay_dead_letter(letter.number).await?)
    }

    /// Has every dead letter handled again.
    pub(crate) async fn replay_all(&self) -> anyhow::Result<()> {
        for letter in self.records.bus().dead_letters().await? {
            self.records.bus().replay_dead_letter(letter.number).await?;
        }
        Ok(())
    }

    async fn purge_timers(&self) -> anyhow::Result<()> {
        self.jetstream.get_stream(name::TIMERS).await?.purge().await?;
        Ok(())
    }

    /// Waits until nothing that a process took is still in its hands.
    pub(crate) async fn caught_up(&self, service: &str, patience: Duration) -> anyhow::Result<()> {
        let consumers: &[(&str, &str)] = match service {
            "router" => &[(name::INTAKE, "router")],
            "sla" => &[(name::COMPLAINTS, "sla"), (name::TIMERS, "sla-due")],
            "notifier" => &[(name::COMPLAINTS, "notifier"), (name::OUTBOX, "notifier-outbox")],
            _ => &[],
        };
        let until = Instant::now() + patience;
        // What the mail service was reading when it died is read alone, and counts as done of it if it dies again.
        while service == "email" && Instant::now() < until && !unflagged(&self.dovecot).is_empty() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        for (stream, consumer) in consumers {
            let stream = self.jetstream.get_stream(*stream).await?;
            let Ok(mut consumer) = stream.get_consumer(consumer).await.map(|it: PullConsumer| it) else {
                continue;
            };
            while consumer.info().await?.num_ack_pending > 0 && Instant::now() < until {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    /// Messages that wait for the router and the notifier.
    pub(crate) async fn backlog(&self) -> u64 {
        let mut waiting = 0;
        for (stream, consumer) in
            [(name::INTAKE, "router"), (name::COMPLAINTS, "notifier"), (name::OUTBOX, "notifier-outbox")]
        {
            let Ok(stream) = self.jetstream.get_stream(stream).await else { continue };
            let Ok(info) = stream.consumer_info(consumer).await else { continue };
            waiting += info.num_pending + info.num_ack_pending as u64;
        }
        waiting
    }

    /// Notes which mails of the Maildir were taken: those that were moved.
    pub(crate) fn look_at_maildir(&self) -> anyhow::Result<()> {
        let left: Vec<String> = std::fs::read_dir(self.maildir().join("new"))?
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        for (contact, promise) in self.load.promises.all() {
            let here = promise.thread.starts_with("desk");
            if here && !left.contains(&contact.to_string()) {
                self.load.promises.told_yes(&contact, None);
            }
        }
        Ok(())
    }

    pub(crate) fn maildir(&self) -> std::path::PathBuf {
        self.place.path().join("desk")
    }
}

/// Shared by all who lead services.
pub(crate) type Shared = Arc<World>;

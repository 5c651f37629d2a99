//! A backup is taken while everything runs, the broker and its disk are lost, the backup is put back into a new one.
//!
//! What was accepted before the backup is there; what came later and still lies in its mailbox, or is sent again by
//! its client, comes in as the same contact; nobody hears twice, and nobody is left without an answer unnoticed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use redress_contract::{CommunicationPurpose, Event, SuppressReason};
use redress_runtime::Clock;
use redress_testkit::dovecot::{Dovecot, PASSWORD};
use redress_testkit::{Broker, SmtpSink, Sync, eventually_within};
use redress_tests::house;
use redress_tests::mails;
use redress_tests::program::{Running, ask};
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results, say};
use serde_json::{Value, json};

use crate::Form;

const SERVICES: [&str; 5] = ["email", "router", "notifier", "sla", "feed"];
const QUIET: Duration = Duration::from_mins(5);

/// Everything around the broker.
struct World {
    folder: tempfile::TempDir,
    config: PathBuf,
    dovecot: Dovecot,
    sink: SmtpSink,
    http: reqwest::Client,
    /// Mails by sender, in the order they are delivered.
    mails: Vec<mails::Made>,
    delivered: usize,
    /// Idempotency key → what the client was told.
    forms: BTreeMap<String, Value>,
}

/// The services, and where the form is.
struct House {
    running: Vec<Running>,
    form: String,
}

/// What was on record at a moment.
struct Known {
    contacts: BTreeSet<String>,
    /// How many mails had been delivered.
    delivered: usize,
}

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let Some(dovecot) = Dovecot::start() else {
        say("core.restore is skipped: Dovecot is not here");
        return Ok(());
    };
    let mut world = World::new(form, dovecot).await?;
    let broker = Broker::start_with(Sync::Always).await;
    world.settle_on(&broker)?;
    ask(&world.config, &["provision"])?;
    let mut house = world.start()?;
    let records = world.records(&broker).await?;

    world.load(0.4, &house).await?;
    let before = world.recorded(&records).await?;
    // The load goes on while the backup is taken, and for a while afterwards.
    let backup = world.folder.path().join("backup");
    let (config, folder) = (world.config.clone(), backup.clone());
    let taking =
        tokio::task::spawn_blocking(move || ask(&config, &["backup", &folder.display().to_string()]));
    world.load(0.6, &house).await?;
    let taken: Value = serde_json::from_str(&taking.await??)?;
    let sent_before = world.sink.count();
    world.load(0.8, &house).await?;
    let lost = world.recorded(&records).await?;
    let sent_since = world.sink.count() - sent_before;
    say(&format!(
        "{} contacts before the backup, {} when the broker was lost; {sent_since} mails went out in between",
        before.contacts.len(),
        lost.contacts.len()
    ));
    results.count("core.restore_sent_since", sent_since, "mails", Bar::AtLeast(1.0));
    // Its store goes with it.
    drop((records, broker));
    let stopped_at = Clock::system().now();
    for running in &mut house.running {
        running.kill();
    }

    let broker = Broker::start_with(Sync::Always).await;
    world.settle_on(&broker)?;
    // Mail servers date mails to the second: what comes from here on has a later date for sure.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    world.deliver(1.0);
    let restored = world.restore(&backup, stopped_at).await?;
    let faults = restored["faults"].as_array().context("restore tells faults")?.len();
    results.count("core.restore_chain_faults", faults, "faults", Bar::Exactly(0.0));
    let mut house = world.start()?;
    let records = world.records(&broker).await?;
    world.send_forms_again(&house).await?;
    world.quiet(&records).await?;
    world.check(&records, (&before, &lost, stopped_at), results).await?;
    say(&format!("the backup was begun at {}", taken["began_at"]));
    for running in &mut house.running {
        ensure!(running.is_running(), "a service ended by itself");
        running.stop()?;
    }
    Ok(())
}

impl World {
    async fn new(form: &Form, dovecot: Dovecot) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("redress-soak-").tempdir()?;
        let mut mails = mails::make(form.seed, form.pick(150, 1000));
        // One whose bytes do not fit into a message.
        let large = format!("{}\r\n", "Lorem ipsum dolor sit amet. ".repeat(2)).repeat(12_000);
        mails[0].raw.extend_from_slice(large.as_bytes());
        Ok(Self {
            config: folder.path().join("redress.toml"),
            folder,
            dovecot,
            sink: SmtpSink::start().await,
            http: redress_runtime::http::client()?,
            mails,
            delivered: 0,
            forms: BTreeMap::new(),
        })
    }

    /// Writes settings that name this broker.
    fn settle_on(&self, broker: &Broker) -> anyhow::Result<()> {
        let data = self.folder.path().join("data");
        house::write_keys(&data)?;
        let mailbox = format!(
            "[email.accounts.help]\nkind = \"imap\"\naddress = \"help@example.org\"\nhost = \"127.0.0.1\"\n\
             port = {}\ntls = \"none\"\nuser = \"help\"\npassword = {}\nstart = \"all\"\npoll_seconds = 0.5\n\
             after_ack = \"flag\"\n[web]\nmin_fill_seconds = 0\n",
            self.dovecot.imap_port(),
            toml::Value::from(PASSWORD),
        );
        let text = house::settings(self.folder.path(), &broker.url(), self.sink.address(), &mailbox);
        Ok(std::fs::write(&self.config, text)?)
    }

    /// Every service in a process of its own; the last one has the form.
    fn start(&self) -> anyhow::Result<House> {
        let log = |service: &str| self.folder.path().join(format!("{service}.log"));
        let start = |service: &&str| Running::start(&self.config, &log(service), &["run", service]);
        let mut running: Vec<Running> = SERVICES.iter().map(start).collect::<anyhow::Result<_>>()?;
        let web = Running::start(&self.config, &log("web"), &["run", "web"])?;
        let form = format!("{}/v1/complaints", web.address("public")?);
        running.push(web);
        Ok(House { running, form })
    }

    async fn records(&self, broker: &Broker) -> anyhow::Result<Records> {
        Records::open(&broker.url(), &self.folder.path().join("data/identity.key")).await
    }

    /// Delivers mails up to this share of all.
    fn deliver(&mut self, share: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a few thousand"
        )]
        #[expect(clippy::cast_precision_loss, reason = "a share of a few thousand")]
        let until = (self.mails.len() as f64 * share) as usize;
        for mail in &self.mails[self.delivered..until] {
            self.dovecot.deliver(&mail.raw);
        }
        self.delivered = until;
    }

    /// Mails up to this share of all, and a form for each twenty of them.
    async fn load(&mut self, share: f64, house: &House) -> anyhow::Result<()> {
        let from = self.delivered;
        self.deliver(share);
        for n in (from..self.delivered).step_by(20) {
            let (key, told) = self.fill_in(house, n).await?;
            self.forms.insert(key, told);
        }
        Ok(())
    }

    async fn fill_in(&self, house: &House, n: usize) -> anyhow::Result<(String, Value)> {
        let key = format!("00000000-0000-4000-8000-{n:012}");
        let form = json!({ "whatHappened": format!("The lamp of order {n} is broken."),
            "email": format!("form{n}@example.com") });
        let asked = self.http.post(&house.form).header("idempotency-key", &key);
        let answer = asked.header("content-type", "application/json").body(form.to_string()).send().await?;
        ensure!(answer.status() == 202, "the form answers {}", answer.status());
        Ok((key, answer.json().await?))
    }

    /// What is on record, once everything is that was told yes or lies in the mailbox.
    async fn recorded(&self, records: &Records) -> anyhow::Result<Known> {
        let expected = self.delivered + self.forms.len();
        eventually_within(QUIET, "everything is on record", || async {
            (records.contacts().await.ok()?.len() >= expected).then_some(())
        })
        .await;
        Ok(Known { contacts: records.contacts().await?, delivered: self.delivered })
    }

    async fn restore(&self, backup: &Path, stopped_at: Timestamp) -> anyhow::Result<Value> {
        let (config, backup) = (self.config.clone(), backup.display().to_string());
        let told = tokio::task::spawn_blocking(move || {
            ask(&config, &["restore", &backup, "--stopped-at", &stopped_at.to_string()])
        });
        Ok(serde_json::from_str(&told.await??)?)
    }

    /// Clients that were told yes, and send again because they are not sure: each hears the same.
    async fn send_forms_again(&self, house: &House) -> anyhow::Result<()> {
        for (key, told) in &self.forms {
            let n =
                key.rsplit('-').next().and_then(|n| n.parse().ok()).context("a key ends in its number")?;
            let (_, again) = self.fill_in(house, n).await?;
            for same in ["reference", "contactId", "receiptCode"] {
                ensure!(again[same] == told[same], "a form that is sent again hears another {same}");
            }
        }
        Ok(())
    }

    async fn quiet(&self, records: &Records) -> anyhow::Result<()> {
        let expected = self.mails.len() + self.forms.len();
        eventually_within(QUIET, "everything is back and answered or kept back", || async {
            let events = records.events().await.ok()?;
            let linked =
                events.values().flatten().filter(|event| matches!(event, Event::ContactLinked(_))).count();
            let decided = events.values().filter(|events| answer(events) != Answer::None).count();
            let published: usize = records.feed().await.ok()?.values().map(Vec::len).sum();
            let written: usize = events.values().map(Vec::len).sum();
            if linked >= expected && decided == events.len() && published >= written {
                return Some(());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            None
        })
        .await;
        Ok(())
    }

    async fn check(
        &self,
        records: &Records,
        (before, lost, stopped_at): (&Known, &Known, Timestamp),
        results: &mut Results,
    ) -> anyhow::Result<()> {
        let (contacts, events) = (records.contacts().await?, records.events().await?);
        let missing = |known: &Known| known.contacts.difference(&contacts).count();
        results.count("core.restore_lost", missing(before), "contacts", Bar::Exactly(0.0));
        results.count("core.restore_not_the_same", missing(lost), "contacts", Bar::Exactly(0.0));
        let expected = self.mails.len() + self.forms.len();
        let doubled = contacts.len().saturating_sub(expected);
        results.count("core.restore_doubled", doubled, "contacts", Bar::Exactly(0.0));
        let dead = records.bus().dead_letters().await?.len();
        results.count("core.restore_dead_letters", dead, "letters", Bar::Exactly(0.0));
        let wrong = feed_faults(&events, &records.feed().await?);
        results.count("core.restore_feed_faults", wrong, "complaints", Bar::Exactly(0.0));
        let faults = records.ledger.verify(None).await?.faults.len();
        results.count("core.restore_faults_after", faults, "faults", Bar::Exactly(0.0));
        let twice = self.heard_twice(lost);
        results.count("core.restore_twice", twice.len(), "customers", Bar::Exactly(0.0));
        let kept = events.values().filter(|events| answer(events) == Answer::KeptBack);
        // Whoever complained when the broker was gone was surely not answered before.
        let late = kept.clone().filter(|events| received(events).is_some_and(|at| at >= stopped_at)).count();
        results.count("core.restore_kept_back", kept.count(), "complaints", Bar::None);
        results.count("core.restore_late_kept_back", late, "complaints", Bar::Exactly(0.0));
        Ok(())
    }
}

impl World {
    /// Customers who were answered more often than they wrote: once, and once more when they wrote or sent again after
    /// the broker was gone.
    fn heard_twice(&self, lost: &Known) -> Vec<String> {
        let mut answers: BTreeMap<String, usize> = BTreeMap::new();
        for customer in self.sink.mails().into_iter().flat_map(|mail| mail.recipients) {
            *answers.entry(customer).or_default() += 1;
        }
        let wrote = |customer: &str, mails: &[mails::Made]| {
            usize::from(customer.starts_with("form") || mails.iter().any(|mail| mail.from == customer))
        };
        let (before, after) = self.mails.split_at(lost.delivered);
        let too_many =
            |(customer, times): &(String, usize)| *times > wrote(customer, before) + wrote(customer, after);
        answers.into_iter().filter(too_many).map(|(customer, _)| customer).collect()
    }
}

/// How a complaint stands with its complainant.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    None,
    Sent,
    KeptBack,
}

fn answer(events: &[Event]) -> Answer {
    let told = |event: &Event| matches!(event, Event::CommunicationAccepted(e) if e.purpose == CommunicationPurpose::Acknowledgement);
    if events.iter().any(told) {
        return Answer::Sent;
    }
    let kept = |event: &Event| matches!(event, Event::CommunicationSuppressed(e) if e.reason == SuppressReason::PerhapsSent);
    if events.iter().any(kept) { Answer::KeptBack } else { Answer::None }
}

fn received(events: &[Event]) -> Option<Timestamp> {
    events.iter().find_map(|event| match event {
        Event::Registered(registered) => Some(registered.received_at),
        _ => None,
    })
}

/// Complaints whose events are not each once and in order in the feed.
fn feed_faults(log: &BTreeMap<String, Vec<Event>>, feed: &BTreeMap<String, Vec<(u32, String)>>) -> usize {
    let good = |id: &String, events: &Vec<Event>| {
        let expected: Vec<(u32, String)> =
            (1..).zip(events).map(|(seq, event)| (seq, event.type_name())).collect();
        feed.get(id) == Some(&expected)
    };
    let missing = log.iter().filter(|(id, events)| !good(id, events)).count();
    missing + feed.keys().filter(|id| !log.contains_key(*id)).count()
}

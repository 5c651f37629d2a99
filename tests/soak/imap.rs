//! A mailbox on a real Dovecot: told of mail at once, a backlog while another program reads and moves mails, mails numbered
//! anew, the server killed in the middle, tokens that run out, two replicas of which one is killed or frozen. After each,
//! every mail is on record once and `redress reconcile` finds no gap.

mod measure;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use redress_contract::Commit;
use redress_identity::Keys;
use redress_testkit::dovecot::{Dovecot, PASSWORD};
use redress_testkit::token_server::CLIENT;
use redress_testkit::{Broker, SmtpSink, Sync, TokenServer};
use redress_tests::mails::make;
use redress_tests::program::{self, cpu_seconds};
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results, say};

use crate::Form;
use crate::processes::{KEY, Place, Service, mailbox};
use measure::{Peaks, peak_kibibytes};

/// How long a scene may take before it is given up.
const PATIENCE: Duration = Duration::from_mins(3);
/// Folder into which the other program files mails; it is read as well.
const FILED: &str = "Filed";

/// The mailbox, who reads it, and what was put into it.
struct Scene<'a> {
    dovecot: Dovecot,
    tokens: TokenServer,
    place: Place,
    records: Records,
    email: Service,
    sent: BTreeSet<String>,
    made: u64,
    seed: u64,
    results: &'a mut Results,
}

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let tokens = TokenServer::start().await;
    let Some(dovecot) = Dovecot::start_with_tokens(&tokens.introspection_url()) else {
        say("email.imap is skipped: Dovecot is not here");
        return Ok(());
    };
    dovecot.say(&format!("CREATE {FILED}"));
    let broker = Broker::start_with(Sync::Always).await;
    let sink = SmtpSink::start().await;
    let account = format!("{}more_folders = [\"{FILED}\"]\n[email]\nlease_seconds = 12\n", mailbox(&dovecot));
    let place = Place::make(&broker, &sink, &account, "")?;
    // Without IDLE nobody would look for an hour.
    place.change("poll_seconds = 1", "poll_seconds = 3600")?;
    place.provision()?;
    let records = Records::open(&broker.url(), &place.key()).await?;
    let email = place.start("email")?;
    let (sent, made, seed) = (BTreeSet::new(), 0, form.seed);
    let mut scene = Scene { dovecot, tokens, place, records, email, sent, made, seed, results };
    scene.told_at_once(form.pick(8, 20)).await.context("mail by mail")?;
    scene.backlog(form.pick(500, 10_000)).await.context("backlog")?;
    scene.large(form.pick(2, 12), form.pick(false, true)).await.context("large mails")?;
    scene.numbered_anew(form.pick(1, 5)).await.context("UIDVALIDITY change")?;
    scene.server_killed(form.pick(2, 20)).await.context("server killed")?;
    scene.replicas().await.context("two replicas")?;
    scene.tokens_run_out(form.pick(2, 20)).await.context("tokens run out")?;
    scene.email.stop()
}

impl Scene<'_> {
    /// A mail is on record soon after it came, since the server says so.
    async fn told_at_once(&mut self, times: usize) -> anyhow::Result<()> {
        self.send(1);
        self.until_recorded().await?;
        let mut slowest = Duration::ZERO;
        for _ in 0..times {
            let begun = Instant::now();
            self.send(1);
            self.until_recorded().await?;
            slowest = slowest.max(begun.elapsed());
        }
        self.results.tell("email.idle_slowest", slowest.as_secs_f64(), "s", Bar::AtMost(2.0));
        self.check("idle").await
    }

    /// Many mails are there at once, and another program reads and files some of them meanwhile.
    async fn backlog(&mut self, count: usize) -> anyhow::Result<()> {
        self.email.stop()?;
        self.send(count);
        self.email.start_again(&[])?;
        let health = self.email.running().address("health")?;
        let (begun, pid) = (Instant::now(), self.email.running().pid());
        for _ in 0..30 {
            let said = self.dovecot.say("UID SEARCH UNSEEN");
            let line = said.lines().find(|line| line.starts_with("* SEARCH")).unwrap_or_default();
            let uids: Vec<&str> = line.split_whitespace().skip(2).collect();
            let pick =
                |every: usize| uids.iter().step_by(every).take(20).copied().collect::<Vec<_>>().join(",");
            if uids.len() < 40 {
                break;
            }
            self.dovecot.say(&format!("UID STORE {} +FLAGS (\\Seen)", pick(7)));
            self.dovecot.say(&format!("UID MOVE {} {FILED}", pick(11)));
            if self.is_recorded().await? {
                break;
            }
        }
        self.until_recorded().await?;
        let seconds = begun.elapsed().as_secs_f64();
        let mails = f64::from(u32::try_from(count)?);
        self.results.tell("email.backlog_mails", mails, "mails", Bar::None);
        self.results.tell("email.backlog_rate", mails / seconds, "mails/s", Bar::None);
        self.results.tell("email.backlog_cpu", cpu_seconds(pid) * 1000.0 / mails, "ms/mail", Bar::None);
        Peaks::of(&health).await?.tell("email.backlog", self.results);
        self.results.tell("email.backlog_memory_peak", peak_kibibytes(pid) / 1024.0, "MiB", Bar::None);
        self.check("backlog").await
    }

    /// Mails of 25 MB among small ones: what is held in memory stays below its limit.
    async fn large(&mut self, count: usize, optimised: bool) -> anyhow::Result<()> {
        self.email.stop()?;
        for n in 0..count {
            self.send(20);
            let mut raw = format!("From: large{n}@example.com\r\nSubject: large\r\n\r\n").into_bytes();
            raw.extend(format!("large {n}\r\n").bytes().cycle().take(25_000_000));
            self.deliver(&raw);
        }
        self.email.start_again(&[])?;
        let health = self.email.running().address("health")?;
        let pid = self.email.running().pid();
        self.until_recorded().await?;
        Peaks::of(&health).await?.tell("email.large", self.results);
        // What is promised is promised of the optimised program.
        let bar = if optimised { Bar::AtMost(150.0) } else { Bar::None };
        self.results.tell("email.large_memory_peak", peak_kibibytes(pid) / 1024.0, "MiB", bar);
        self.check("large").await
    }

    async fn numbered_anew(&mut self, times: usize) -> anyhow::Result<()> {
        for _ in 0..times {
            self.dovecot.renew_uid_validity();
            self.send(20);
            self.until_recorded().await?;
        }
        self.results.count("email.renumbered", times, "times", Bar::at_least(times));
        self.check("renumbered").await
    }

    /// The server dies while mails are fetched.
    async fn server_killed(&mut self, times: usize) -> anyhow::Result<()> {
        for _ in 0..times {
            let before = self.records.contacts().await?.len();
            self.send(150);
            let begun = Instant::now();
            while self.records.contacts().await?.len() == before && begun.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            self.dovecot.restart();
        }
        self.until_recorded().await?;
        self.results.count("email.server_killed", times, "times", Bar::at_least(times));
        self.check("server_killed").await
    }

    /// One replica reads, the other takes over: when the first is killed, and when it freezes.
    async fn replicas(&mut self) -> anyhow::Result<()> {
        let mut other = self.place.start("email")?;
        other.running().address("health")?;
        self.send(50);
        self.email.running().kill();
        let begun = Instant::now();
        self.send(50);
        self.until_recorded().await?;
        let takeover = begun.elapsed().as_secs_f64();
        self.results.tell("email.takeover_killed", takeover, "s", Bar::AtMost(30.0));
        self.email.start_again(&[])?;
        self.email.running().address("health")?;
        let frozen = other.running().pid();
        measure::signal(frozen, rustix::process::Signal::STOP)?;
        let begun = Instant::now();
        self.send(50);
        let recorded = self.until_recorded().await;
        measure::signal(frozen, rustix::process::Signal::CONT)?;
        recorded?;
        let takeover = begun.elapsed().as_secs_f64();
        self.results.tell("email.takeover_frozen", takeover, "s", Bar::AtMost(30.0));
        other.stop()?;
        self.check("replicas").await
    }

    /// Tokens live for seconds, and sessions end with them.
    async fn tokens_run_out(&mut self, times: usize) -> anyhow::Result<()> {
        self.email.stop()?;
        let oauth = format!(
            "[email.accounts.help.oauth]\ntoken_url = \"{}\"\nclient_id = \"{}\"\nclient_secret = \"{}\"\n",
            self.tokens.token_url(),
            CLIENT.0,
            CLIENT.1
        );
        let password = format!("password = {}\n", toml::Value::from(PASSWORD));
        self.place.change(&password, "idle = false\n")?;
        self.place.change("poll_seconds = 3600", "poll_seconds = 0.2")?;
        self.place.change("[email]\n", &format!("{oauth}[email]\n"))?;
        self.tokens.live_for(Duration::from_secs(4));
        self.email.start_again(&[])?;
        for _ in 0..times {
            self.send(30);
            self.until_recorded().await?;
            self.tokens.revoke_all();
            self.dovecot.end_sessions();
        }
        self.send(30);
        self.until_recorded().await?;
        self.results.count("email.tokens_given", self.tokens.given(), "tokens", Bar::at_least(times));
        self.check("tokens").await
    }

    fn send(&mut self, count: usize) {
        for mail in make(self.seed * 1_000_000 + self.made, count) {
            self.deliver(&mail.raw);
        }
        self.made += count as u64;
    }

    fn deliver(&mut self, raw: &[u8]) {
        let id = Keys::from_master(&KEY).mail_contact_id("help", &Commit::hash(raw));
        self.sent.insert(id.to_string());
        self.dovecot.deliver(raw);
    }

    async fn is_recorded(&self) -> anyhow::Result<bool> {
        let last = self.records.bus().last_seq(redress_contract::subject::name::INTAKE).await?;
        // Asked for in full only when it may be so.
        Ok(last >= self.sent.len() as u64 && self.records.contacts().await?.is_superset(&self.sent))
    }

    async fn until_recorded(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !self.is_recorded().await? {
            ensure!(begun.elapsed() < PATIENCE, "not every mail is on record in time");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Contacts are exactly the mails, and every mail of the mailbox has one.
    async fn check(&mut self, scene: &str) -> anyhow::Result<()> {
        let recorded = self.records.contacts().await?;
        let lost = self.sent.difference(&recorded).count();
        let strange = recorded.difference(&self.sent).count();
        self.results.count(&format!("email.{scene}_lost"), lost, "mails", Bar::exactly(0));
        self.results.count(&format!("email.{scene}_strange"), strange, "contacts", Bar::exactly(0));
        let said =
            program::ask(&self.place.config(), &["reconcile", "help", "--gaps"]).context("reconcile")?;
        let summary: serde_json::Value =
            serde_json::from_str(said.lines().last().context("it says something")?)?;
        let gaps = usize::try_from(summary["gaps"].as_u64().context("it counts gaps")?)?;
        self.results.count(&format!("email.{scene}_gaps"), gaps, "mails", Bar::exactly(0));
        let on_record = summary["recorded"].as_u64().context("it counts what is on record")?;
        ensure!(
            on_record == self.sent.len() as u64,
            "{on_record} of {} mails lie in the mailbox",
            self.sent.len()
        );
        Ok(())
    }
}

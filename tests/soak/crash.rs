//! Services and broker are killed at random while mails come in through Dovecot.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use redress_contract::Event;
use redress_testkit::dovecot::Dovecot;
use redress_testkit::smtp::{Act, Rule, Stage};
use redress_testkit::{Broker, SmtpSink, Sync, eventually_within};
use redress_tests::house;
use redress_tests::mails::Dice;
use redress_tests::program::Running;
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results, say};

use crate::check::{self, Promised};
use crate::workload::workload;
use crate::{Form, check::Kills};

const SERVICES: [&str; 5] = ["email", "router", "notifier", "sla", "feed"];
const YES_AFTER: Duration = Duration::from_millis(20);
const QUIET: Duration = Duration::from_mins(10);

/// The house as processes of its own, each of which can be killed.
struct Processes {
    config: PathBuf,
    folder: PathBuf,
    running: Vec<Running>,
}

impl Processes {
    fn start(config: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut house = Self { config: config.to_owned(), folder: folder.to_owned(), running: Vec::new() };
        for service in SERVICES {
            house.running.push(house.spawn(service)?);
        }
        Ok(house)
    }

    fn spawn(&self, service: &str) -> anyhow::Result<Running> {
        Running::start(&self.config, &self.folder.join(format!("{service}.log")), &["run", service])
    }

    fn kill(&mut self, n: usize) -> anyhow::Result<()> {
        self.running[n].kill();
        self.running[n] = self.spawn(SERVICES[n])?;
        Ok(())
    }
}

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let work = workload(form)?;
    let Some(dovecot) = Dovecot::start() else {
        say("core.crash is skipped: Dovecot is not here");
        return Ok(());
    };
    let mut broker = Broker::start_with(Sync::Always).await;
    let sink = SmtpSink::start().await;
    // A mail server takes its time before it says yes, which is the window for sending twice.
    sink.script(Rule { stage: Stage::EndOfData, recipient: None, times: None, act: Act::Delay(YES_AFTER) });
    let folder = tempfile::Builder::new().prefix("redress-soak-").tempdir()?;
    let config = settings(folder.path(), &broker, &sink, &dovecot)?;
    let mut house = Processes::start(&config, folder.path())?;
    let key = folder.path().join("data/identity.key");
    let records = Records::open(&broker.url(), &key).await?;

    let mut dice = Dice::new(form.seed);
    let mut kills = Kills::default();
    // Drawn without replacement, so that each of them is killed as often as the others.
    let mut victims: Vec<usize> = Vec::new();
    let rounds = form.kills.max(1);
    for round in 0..rounds {
        let share = work.mails.len() * round / rounds..work.mails.len() * (round + 1) / rounds;
        for mail in &work.mails[share] {
            dovecot.deliver(mail);
        }
        tokio::time::sleep(Duration::from_millis(200 + dice.below(800) as u64)).await;
        if victims.is_empty() {
            victims = (0..=SERVICES.len()).collect();
            dice.shuffle(&mut victims);
        }
        let victim = victims.pop().unwrap_or_default();
        if victim == SERVICES.len() {
            broker.restart().await;
            kills.note("nats-server");
        } else {
            house.kill(victim)?;
            kills.note(SERVICES[victim]);
        }
    }
    say(&format!("{} mails delivered, {} kills: {kills}", work.mails.len(), kills.all()));
    results.count("core.crash_kills", kills.all(), "kills", Bar::AtLeast(count(form.kills)));

    let promised = Promised { contacts: work.mails.len(), complaints: work.complaints };
    quiet(&records, &promised).await.context("wait for quiet")?;
    let panics = panics(folder.path())?;
    results.count("core.crash_panics", panics, "panics", Bar::Exactly(0.0));
    check::check(&records, &promised, &sink, &kills, results).await?;
    for running in &mut house.running {
        ensure!(running.is_running(), "a service ended by itself");
        running.stop()?;
    }
    Ok(())
}

fn settings(folder: &Path, broker: &Broker, sink: &SmtpSink, dovecot: &Dovecot) -> anyhow::Result<PathBuf> {
    let data = folder.join("data");
    std::fs::create_dir_all(&data)?;
    std::fs::write(data.join("identity.key"), format!("{}\n", "42".repeat(32)))?;
    let mailbox = format!(
        "[email.accounts.help]\nkind = \"imap\"\naddress = \"help@example.org\"\nhost = \"127.0.0.1\"\nport = {}\n\
         tls = \"none\"\nuser = \"help\"\npassword = {}\nstart = \"all\"\npoll_seconds = 1\nafter_ack = \"flag\"\n",
        dovecot.imap_port(),
        toml::Value::from(redress_testkit::dovecot::PASSWORD),
    );
    let file = folder.join("redress.toml");
    std::fs::write(&file, house::settings(folder, &broker.url(), sink.address(), &mailbox))?;
    Ok(file)
}

/// Waits until everything promised is done: contacts recorded and linked, acknowledgements accepted, feed caught up.
async fn quiet(records: &Records, promised: &Promised) -> anyhow::Result<()> {
    eventually_within(QUIET, "the house is quiet", || async {
        let events = records.events().await.ok()?;
        let all = || events.values().flatten();
        let linked = all().filter(|event| matches!(event, Event::ContactLinked(_))).count();
        let told = all().filter(|event| check::is_acknowledged(event)).count();
        let published: usize = records.feed().await.ok()?.values().map(Vec::len).sum();
        let written: usize = events.values().map(Vec::len).sum();
        if linked >= promised.contacts && told >= promised.complaints && published >= written {
            return Some(());
        }
        // Reading everything is work; the house needs the machine more.
        tokio::time::sleep(Duration::from_secs(1)).await;
        None
    })
    .await;
    Ok(())
}

fn panics(folder: &Path) -> anyhow::Result<usize> {
    let mut found = 0;
    for service in SERVICES {
        found += std::fs::read_to_string(folder.join(format!("{service}.log")))?.matches("panicked").count();
    }
    Ok(found)
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}

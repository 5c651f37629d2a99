//! Lateness of `sla`: many open complaints with ten milestones each, some of which reach a rung at known times; then the
//! same while its process is killed twice and the broker restarts.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use async_nats::jetstream::consumer::pull;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use redress_bus::Bus;
use redress_contract::subject::name;
use redress_contract::{
    Actor, Cause, Channel, Commit, ComplaintId, Disposition, Event, MachineKind, PartyStanding, Severity,
    TimerDue,
};
use redress_domain::{Assignment, Classification, Command, Link, Register, Rules, RulesSettings};
use redress_identity::Keys;
use redress_ledger::Ledger;
use redress_runtime::Clock;
use redress_testkit::{Broker, SmtpSink, eventually_within};
use redress_tests::house;
use redress_tests::program::Running;
use redress_tests::results::{Bar, Results, say};
use redress_vault::Vault;

use crate::load;

const USUAL: usize = 100_000;
/// What the milestone that matters reaches first: half of an hour.
const WARNED_AFTER: SignedDuration = SignedDuration::from_mins(30);
const AT_ONCE: usize = 128;
/// How long the due times of the first group are spread.
const SPREAD_S: i64 = 15;

const RULES: &str = r#"
[rules.calendars.office]
zone = "Europe/Vienna"
hours = { mon = ["09:00-17:00"], tue = ["09:00-17:00"], wed = ["09:00-17:00"], thu = ["09:00-17:00"], fri = ["09:00-17:00"] }
[[rules.ladders.default]]
at = "50%"
tell = ["owner"]
[[rules.ladders.default]]
at = "due"
tell = ["complaints_manager"]
[[rules.policies]]
id = "ten"
"#;

/// `sla` or `sla:<complaints>`: how many.
pub(crate) fn wanted(part: &str) -> Option<usize> {
    match part.strip_prefix("sla") {
        Some("") => Some(USUAL),
        Some(rest) => rest.strip_prefix(':')?.parse().ok(),
        None => None,
    }
}

pub(crate) async fn run(complaints: usize, results: &mut Results) -> anyhow::Result<()> {
    for (prefix, is_disturbed) in [("sla", false), ("sla.disturbed", true)] {
        let mut memory = 0;
        let (few, half) = (complaints / 10, complaints / 2);
        let spread = seen((complaints - few, few), SPREAD_S, is_disturbed, &mut memory).await?;
        if !is_disturbed {
            let p99 = load::percentile(spread.late_s.clone(), 0.99);
            results.tell(&format!("{prefix}.late_p99"), p99, "s", Bar::AtMost(1.0));
            // How much of it passes before the broker fires a schedule; nothing of ours can be faster.
            let p99 = load::percentile(spread.fired_s.clone(), 0.99);
            results.tell(&format!("{prefix}.fired_p99"), p99, "s", Bar::None);
        }
        spread.tell(&format!("{prefix}.spread"), results);
        let second = seen((complaints - half, half), 1, is_disturbed, &mut memory).await?;
        let last = second.late_s.iter().copied().fold(0.0, f64::max);
        results.tell(&format!("{prefix}.same_second_all_within"), last, "s", Bar::AtMost(60.0));
        second.tell(&format!("{prefix}.same_second"), results);
        results.count(&format!("{prefix}.memory"), memory, "MiB", Bar::at_most(200));
    }
    Ok(())
}

/// So many open complaints, and as many more of which a rung each is reached within so many seconds, on a broker of their own.
async fn seen(
    (open, due): (usize, usize),
    spread_s: i64,
    is_disturbed: bool,
    memory: &mut usize,
) -> anyhow::Result<Seen> {
    let mut scene = Scene::make(open + due).await?;
    scene.fill(open).await?;
    let seen = scene.burst(due, spread_s, is_disturbed).await?;
    *memory = scene.mebibytes().max(*memory);
    Ok(seen)
}

/// A broker, `sla` as a process, and a writer.
struct Scene {
    broker: Broker,
    bus: Bus,
    ledger: Ledger,
    keys: Keys,
    sla: Running,
    config: PathBuf,
    folder: tempfile::TempDir,
    made: usize,
    /// Complaints settled a second, as measured last.
    pace: f64,
}

/// What was seen of one burst.
#[derive(Default)]
struct Seen {
    /// Seconds between the time of a rung and its event on the log.
    late_s: Vec<f64>,
    /// Seconds between the time of a rung and its schedule's message.
    fired_s: Vec<f64>,
    early: usize,
    twice: usize,
    lost: usize,
}

impl Seen {
    fn tell(&self, prefix: &str, results: &mut Results) {
        results.count(&format!("{prefix}_early"), self.early, "rungs", Bar::exactly(0));
        results.count(&format!("{prefix}_twice"), self.twice, "rungs", Bar::exactly(0));
        results.count(&format!("{prefix}_lost"), self.lost, "rungs", Bar::exactly(0));
    }
}

fn rules_text() -> String {
    let mut text = RULES.to_owned();
    for number in 1..=10 {
        let span = if number == 1 { "PT1H".to_owned() } else { format!("P{}D", 200 + number) };
        let _ = write!(
            text,
            "[[rules.policies.milestones]]\nid = \"m{number}\"\nspan = {{ elapsed = \"{span}\" }}\nmet_by = [\"decided\"]\n"
        );
    }
    text
}

fn rules() -> anyhow::Result<Rules> {
    #[derive(serde::Deserialize)]
    struct File {
        rules: RulesSettings,
    }
    let file: File = toml::from_str(&rules_text())?;
    Rules::compile(&file.rules).map_err(|problems| anyhow!("{problems:?}"))
}

impl Scene {
    async fn make(complaints: usize) -> anyhow::Result<Self> {
        let broker = Broker::start().await;
        let room = u32::try_from(2048 + complaints / 8)?;
        let bus = load::bus_with_room(&broker, "load", room).await?;
        let folder = tempfile::Builder::new().prefix("redress-bench-").tempdir()?;
        let sink = SmtpSink::start().await;
        let config = load::settings(folder.path(), &broker, &sink, &rules_text())?;
        let text = std::fs::read_to_string(&config)?;
        let text = text.replace("store_mebibytes_max = 2048", &format!("store_mebibytes_max = {room}"));
        std::fs::write(&config, text)?;
        let vault = Vault::new(bus.clone(), Arc::new(house::keys()), house::seals());
        let ledger = Ledger::new(vault, Arc::new(rules()?), Clock::system());
        let sla = Running::start(&config, &folder.path().join("sla.log"), &["run", "sla"])?;
        Ok(Self { broker, bus, ledger, keys: house::keys(), sla, config, folder, made: 0, pace: 200.0 })
    }

    /// Complaints of which nothing is due for long; and how fast they are written and their timers set.
    async fn fill(&mut self, count: usize) -> anyhow::Result<()> {
        let started = Instant::now();
        let received_at = now();
        self.write(count, |_| received_at).await?;
        self.settled().await?;
        self.pace = load::rate(count, started.elapsed());
        say(&format!("  {count} complaints written and all their timers set: {:.0}/s", self.pace));
        Ok(())
    }

    /// Writes complaints of which one milestone each reaches its first rung within so many seconds, and waits for all.
    async fn burst(&mut self, count: usize, spread_s: i64, is_disturbed: bool) -> anyhow::Result<Seen> {
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a bench")]
        let ahead = (load::float(count) / self.pace * 1.4) as i64 + 20;
        let first = Timestamp::from_second(now().as_second() + ahead)?;
        let seq = self.bus.last_seq(name::COMPLAINTS).await? + 1;
        let share = i64::try_from(count)?;
        let due = move |n: usize| {
            let offset = i64::try_from(n).unwrap_or(0) * spread_s * 1000 / share;
            if spread_s == 1 { first } else { first + SignedDuration::from_millis(offset) }
        };
        let owed = self.write(count, |n| due(n) - WARNED_AFTER).await?;
        self.settled().await?;
        let margin = first.duration_since(now()).as_secs();
        say(&format!(
            "  {count} complaints more, of which a rung each is reached from {first} on; {margin} s ahead"
        ));
        if margin <= 0 {
            anyhow::bail!("the machine was too slow to write them before they are due");
        }
        if is_disturbed {
            self.disturb(first).await?;
        }
        let mut seen = self.watch(seq, &owed).await?;
        seen.fired_s = self.fired(&owed).await?;
        Ok(seen)
    }

    /// How late the broker fired the schedules of these complaints.
    async fn fired(&self, owed: &HashMap<ComplaintId, Timestamp>) -> anyhow::Result<Vec<f64>> {
        let mut late = Vec::new();
        let mut timers = self.bus.scan(name::TIMERS, "timer.due.>", 1).await?;
        while let Some(stored) = timers.try_next().await? {
            let timer: TimerDue = serde_json::from_slice(&stored.body)?;
            if owed.contains_key(&timer.complaint_id) {
                late.push(stored.stored_at.duration_since(timer.due_at).as_secs_f64());
            }
        }
        Ok(late)
    }

    /// `sla` is killed twice and the broker once, in the seconds after the first rung.
    async fn disturb(&mut self, first: Timestamp) -> anyhow::Result<()> {
        until(first + SignedDuration::from_secs(1)).await;
        self.sla.kill();
        self.start_sla()?;
        until(first + SignedDuration::from_secs(4)).await;
        self.broker.kill();
        self.broker.restart().await;
        until(first + SignedDuration::from_secs(8)).await;
        self.sla.kill();
        self.start_sla()
    }

    fn start_sla(&mut self) -> anyhow::Result<()> {
        self.sla = Running::start(&self.config, &self.folder.path().join("sla.log"), &["run", "sla"])?;
        Ok(())
    }

    /// Writes complaints; answers when the first rung of each is reached.
    async fn write(
        &mut self,
        count: usize,
        received: impl Fn(usize) -> Timestamp,
    ) -> anyhow::Result<HashMap<ComplaintId, Timestamp>> {
        let wishes: Vec<Register> =
            (0..count).map(|n| self.wish(self.made + n, received(n))).collect::<Result<_, _>>()?;
        self.made += count;
        let owed =
            wishes.iter().map(|wish| (wish.complaint_id.clone(), wish.link.received_at + WARNED_AFTER));
        let owed = owed.collect();
        let ledger = &self.ledger;
        futures::stream::iter(wishes)
            .map(|wish| async move {
                let (id, actor) = (wish.complaint_id.clone(), Actor::default());
                ledger.execute(&id, &Command::Register(wish), actor, Cause::default()).await.map(drop)
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await
            .context("write complaints")?;
        Ok(owed)
    }

    fn wish(&self, number: usize, received_at: Timestamp) -> anyhow::Result<Register> {
        let contact_id = self.keys.mail_contact_id("bench", &number.to_string());
        Ok(Register {
            complaint_id: self.keys.complaint_id(&contact_id),
            reference: format!("RD-{:04X}-{:04X}", number >> 16, number & 0xffff)
                .parse()
                .context("reference")?,
            link: Link {
                contact_id,
                channel: Channel::Email,
                account: "help".to_owned(),
                received_at,
                standing: PartyStanding::Party,
                party: "00".to_owned(),
                machine: MachineKind::Unspecified,
                confidence_percent: 100,
                reasons: Vec::new(),
                possible_duplicate_of: None,
            },
            recorded_at: now(),
            language: "en".to_owned(),
            classification: Classification {
                jurisdiction: String::new(),
                needs: Vec::new(),
                evidence: Vec::new(),
                disposition: Disposition::Complaint,
                category: "general".to_owned(),
                product: String::new(),
                severity: Severity::S3,
                rule: "default".to_owned(),
            },
            assignment: Assignment {
                team: "complaints".parse().context("team")?,
                handler: None,
                rule: String::new(),
            },
        })
    }

    /// Waits until `sla` has handled every commit.
    async fn settled(&self) -> anyhow::Result<()> {
        let jetstream = async_nats::jetstream::new(async_nats::connect(self.broker.url()).await?);
        let jetstream = &jetstream;
        eventually_within(Duration::from_mins(20), "sla has set all timers", || async {
            let info =
                jetstream.get_consumer_from_stream::<pull::Config, _, _>("sla", name::COMPLAINTS).await;
            let info = info.ok()?.info().await.ok()?.clone();
            (info.num_pending == 0 && info.num_ack_pending == 0).then_some(())
        })
        .await;
        Ok(())
    }

    /// Reads the log until every rung that is owed is there, or a minute and a half passed since the last.
    async fn watch(&self, seq: u64, owed: &HashMap<ComplaintId, Timestamp>) -> anyhow::Result<Seen> {
        let (mut seen, mut found) = (Seen::default(), HashSet::new());
        let mut log = self.bus.follow(name::COMPLAINTS, "complaint.*", seq).await?;
        let patience = Duration::from_secs(90);
        while found.len() < owed.len() {
            let Ok(Some(stored)) = tokio::time::timeout(patience, log.next()).await else { break };
            // A broker that restarts breaks the reading off; it goes on where it was.
            let Ok(stored) = stored else {
                tokio::time::sleep(Duration::from_millis(200)).await;
                log = self.bus.follow(name::COMPLAINTS, "complaint.*", seq).await?;
                found.clear();
                seen = Seen::default();
                continue;
            };
            let commit: Commit = serde_json::from_slice(&stored.body)?;
            let Some(due) = owed.get(&commit.complaint_id) else { continue };
            for recorded in &commit.events {
                let Event::WarningReached(_) = &recorded.event else { continue };
                let late = stored.stored_at.duration_since(*due).as_secs_f64();
                seen.early += usize::from(late < 0.0);
                seen.twice += usize::from(!found.insert(commit.complaint_id.clone()));
                seen.late_s.push(late);
            }
        }
        seen.lost = owed.len() - found.len();
        Ok(seen)
    }

    fn mebibytes(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.sla.pid())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<usize>().ok()).unwrap_or(usize::MAX) / 1024
    }
}

fn now() -> Timestamp {
    Clock::system().now()
}

async fn until(at: Timestamp) {
    let left = at.duration_since(now());
    tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
}

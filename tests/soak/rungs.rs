//! Two replicas keep the deadlines. Random ones of them are killed, schedules vanish from the broker, the clock of their
//! machine jumps an hour ahead and an hour back: each rung is recorded, once, not early, and little more than a sweep late.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::jetstream;
use jiff::Timestamp;
use redress_contract::event::Rung;
use redress_contract::subject::{self, name::COMPLAINTS, name::TIMERS};
use redress_contract::{ComplaintId, Event};
use redress_testkit::{Broker, SmtpSink, Sync, eventually_within};
use redress_tests::house;
use redress_tests::mails::Dice;
use redress_tests::program::{Running, ask};
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results, say};

use crate::Form;
use crate::dial::Dial;

/// What a rung may be late: a sweep, and the time another replica takes to notice that the one who swept is gone.
const LATE_MAX: f64 = 70.0;
/// Milestones of each complaint; each has a rung after half its span, and one at its end.
const MILESTONES: usize = 6;
/// The span of the first, and how much longer each of the others is.
const SPAN_S: usize = 40;
const STEP_S: usize = 20;
/// How long a jump of the clock lasts.
const JUMPED: Duration = Duration::from_secs(12);
/// Of the schedules, one in so many vanishes over the whole run.
const VANISH_EACH: usize = 20;

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("redress-soak-").tempdir()?;
    let Some(dial) = Dial::make(folder.path().join("dial"))? else {
        say("SKIPPED: core.rungs: there is no libfaketime here (apt-get install libfaketime)");
        return Ok(());
    };
    let broker = Broker::start_with(Sync::Default).await;
    let sink = SmtpSink::start().await;
    let mut scene = Scene::make(folder, &broker, &sink, dial, form.seed).await?;
    let complaints = form.pick(120, 2_000);
    scene.complain(complaints).await?;
    let kills = form.kills.unwrap_or_else(|| form.pick(20, 100));
    scene.disturb(kills).await?;

    let rungs = complaints * MILESTONES * 2;
    eventually_within(Duration::from_mins(4), "the last rung of each milestone is recorded", async || {
        (scene.seen().await.ok()?.open == 0).then_some(())
    })
    .await;
    let seen = scene.seen().await?;
    #[expect(clippy::cast_precision_loss, reason = "hundreds of seconds")]
    let late = seen.late_max_ms as f64 / 1000.0;
    results.count("core.rungs_kills", kills, "kills", Bar::at_least(20));
    results.count(
        "core.rungs_vanished",
        scene.vanished.len(),
        "schedules",
        Bar::at_least(rungs / VANISH_EACH),
    );
    results.count("core.rungs_owed", seen.owed, "rungs", Bar::exactly(rungs));
    results.count("core.rungs_lost", seen.lost, "rungs", Bar::exactly(0));
    results.count("core.rungs_repeated", seen.repeated, "rungs", Bar::exactly(0));
    results.count("core.rungs_early", seen.early, "rungs", Bar::exactly(0));
    results.tell("core.rungs_late_max", late, "s", Bar::AtMost(LATE_MAX));
    for mut replica in scene.replicas {
        replica.stop()?;
    }
    Ok(())
}

/// The two replicas and the log.
struct Scene {
    config: PathBuf,
    dial: Dial,
    replicas: Vec<Running>,
    records: Records,
    timers: jetstream::stream::Stream,
    vanished: BTreeSet<String>,
    dice: Dice,
    folder: tempfile::TempDir,
    _router: Running,
}

/// What the log says of the rungs.
#[derive(Default)]
struct Seen {
    owed: usize,
    open: usize,
    lost: usize,
    repeated: usize,
    early: usize,
    late_max_ms: i64,
}

impl Scene {
    async fn make(
        folder: tempfile::TempDir,
        broker: &Broker,
        sink: &SmtpSink,
        dial: Dial,
        seed: u64,
    ) -> anyhow::Result<Self> {
        house::write_keys(&folder.path().join("data"))?;
        let config = folder.path().join("redress.toml");
        std::fs::write(&config, house::settings(folder.path(), &broker.url(), sink.address(), &rules()))?;
        ask(&config, &["provision"])?;
        let records = Records::open(&broker.url(), &folder.path().join("data/identity.key")).await?;
        let jetstream = jetstream::new(async_nats::connect(broker.url()).await?);
        let timers = jetstream.get_stream(TIMERS).await?;
        let router = Running::start(&config, &folder.path().join("router.log"), &["run", "router"])?;
        let mut scene = Self {
            config,
            dial,
            replicas: Vec::new(),
            records,
            timers,
            vanished: BTreeSet::new(),
            dice: Dice::new(seed),
            folder,
            _router: router,
        };
        scene.replicas = vec![scene.replica(0)?, scene.replica(1)?];
        Ok(scene)
    }

    fn replica(&self, number: usize) -> anyhow::Result<Running> {
        let log = self.folder.path().join(format!("sla-{number}.log"));
        Running::start_with(&self.config, &log, &["run", "sla"], &self.dial.variables())
    }

    /// Kills, vanishing schedules and, at a third and at two thirds, a jump of the clock.
    async fn disturb(&mut self, kills: usize) -> anyhow::Result<()> {
        for round in 0..kills {
            let pause = 2_000 + self.dice.below(3_000) as u64;
            tokio::time::sleep(Duration::from_millis(pause)).await;
            self.lose_schedules(round + 1, kills).await?;
            let victim = self.dice.below(self.replicas.len());
            self.replicas[victim].kill();
            self.replicas[victim] = self.replica(victim)?;
            let jump = match round {
                _ if round == kills / 3 => "+1h",
                _ if round == kills * 2 / 3 => "-1h",
                _ => continue,
            };
            self.dial.set(jump)?;
            tokio::time::sleep(JUMPED).await;
            self.dial.set("+0")?;
        }
        Ok(())
    }

    /// So many of the schedules the broker holds that the share that is to vanish is reached in the last round.
    async fn lose_schedules(&mut self, round: usize, rounds: usize) -> anyhow::Result<()> {
        let owed = self.seen().await?.owed;
        // The last rounds may find few left.
        let by_now = (owed / VANISH_EACH + 1) * round * 4 / (rounds * 3);
        let mut held: Vec<String> = {
            let mut scan = self.records.bus().scan(TIMERS, "timer.set.>", 1).await?;
            let mut held = Vec::new();
            while let Some(stored) = futures::StreamExt::next(&mut scan).await {
                held.push(stored?.subject);
            }
            held
        };
        self.dice.shuffle(&mut held);
        for subject in held.into_iter().take(by_now.saturating_sub(self.vanished.len())) {
            self.timers.purge().filter(&subject).await?;
            self.vanished.insert(subject);
        }
        Ok(())
    }

    async fn complain(&self, count: usize) -> anyhow::Result<()> {
        let vault = self.records.ledger.vault();
        let intake = redress_intake::Intake::new(vault.clone(), self.records.ledger.clock().clone());
        for n in 0..count {
            let mail = format!(
                "From: person-{n}@example.com\r\nTo: help@example.org\r\nSubject: matter {n}\r\n\
                 Message-ID: <{n}@mail.example.com>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\n\
                 The delivery never came.\r\n"
            );
            let now = self.records.ledger.clock().now();
            let contact = house::normalised(vault.keys(), "help", mail.as_bytes(), now);
            intake.record(contact, mail.into()).await?;
        }
        eventually_within(Duration::from_mins(1), "every complaint is registered", async || {
            (self.records.events().await.ok()?.len() >= count).then_some(())
        })
        .await;
        Ok(())
    }

    async fn seen(&self) -> anyhow::Result<Seen> {
        let mut seen = Seen::default();
        for complaint in self.records.ledger.complaints().await? {
            self.look_at(&complaint.id, &mut seen).await?;
        }
        Ok(seen)
    }

    /// Rungs in the order of the log, each with the time at which the broker stored it.
    async fn look_at(&self, id: &ComplaintId, seen: &mut Seen) -> anyhow::Result<()> {
        let stored = self.records.bus().all_on(COMPLAINTS, &subject::complaint(id)).await?;
        let history = self.records.ledger.history(id).await?;
        let mut owed: BTreeMap<String, (Vec<Rung>, usize)> = BTreeMap::new();
        for (entry, stored) in history.iter().zip(stored) {
            for recorded in &entry.commit.events {
                let (milestone, number) = match &recorded.event {
                    Event::MilestoneSet(set) => {
                        owed.insert(set.milestone.to_string(), (set.rungs.clone(), 0));
                        continue;
                    }
                    Event::WarningReached(it) => (&it.milestone, it.rung),
                    Event::Escalated(it) => (&it.milestone, it.rung),
                    _ => continue,
                };
                let Some((rungs, reached)) = owed.get_mut(&milestone.to_string()) else { continue };
                seen.reached(rungs, reached, number as usize, stored.stored_at);
            }
        }
        for (rungs, reached) in owed.values() {
            seen.owed += rungs.len();
            seen.open += usize::from(*reached < rungs.len());
            seen.lost += rungs.len() - reached;
        }
        Ok(())
    }
}

impl Seen {
    /// After an outage the highest rung that is due stands for those below it, which are no later than it.
    fn reached(&mut self, rungs: &[Rung], reached: &mut usize, number: usize, at: Timestamp) {
        if number <= *reached {
            self.repeated += 1;
            return;
        }
        for rung in rungs.iter().take(number).skip(*reached) {
            let late_ms = at.as_millisecond() - rung.at.as_millisecond();
            self.early += usize::from(late_ms < 0);
            self.late_max_ms = self.late_max_ms.max(late_ms);
        }
        *reached = number;
    }
}

fn rules() -> String {
    let mut text = String::from(
        r#"
[rules.calendars.always]
zone = "UTC"
hours = { mon = ["00:00-24:00"], tue = ["00:00-24:00"], wed = ["00:00-24:00"], thu = ["00:00-24:00"], fri = ["00:00-24:00"], sat = ["00:00-24:00"], sun = ["00:00-24:00"] }
[[rules.ladders.default]]
at = "50%"
tell = ["owner"]
[[rules.ladders.default]]
at = "due"
tell = ["complaints_manager"]
[[rules.policies]]
id = "six"
calendar = "always"
"#,
    );
    for number in 0..MILESTONES {
        let span = SPAN_S + number * STEP_S;
        let _ = write!(
            text,
            "[[rules.policies.milestones]]\nid = \"m{number}\"\nspan = {{ elapsed = \"PT{span}S\" }}\nmet_by = [\"decided\"]\n"
        );
    }
    text
}

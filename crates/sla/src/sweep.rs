//! The sweep: deadlines follow from the log, so what the broker's schedules missed is found and repaired.
//!
//! One leased replica keeps the due times of all complaints in memory. Each minute it fires what is overdue and sets
//! what is due soon and missing; at start and hourly it checks everything. It goes by our clock, so moving a manual
//! clock fires what is then due. What it does twice, or beside the broker, changes nothing.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use redress_bus::{Lease, ReadError, Stored};
use redress_contract::subject::name::{COMPLAINTS, TIMERS};
use redress_contract::{TimerDue, subject};
use redress_ledger::{ExecuteError, Executed, Ledger};
use redress_runtime::{Clock, Part, Shutdown, fault};
use tracing::{info, warn};

use crate::agenda::Agenda;
use crate::perform::{Error, Known, Timers};
use crate::plan::{self, Slot, Step};
use crate::{Config, due, skew};

/// How long a commit may wait for its timers before they are missed.
const SETTLING: SignedDuration = SignedDuration::from_secs(10);
/// How late the broker may be before firing in its place is a repair.
const BROKER_LATE: SignedDuration = SignedDuration::from_secs(5);
/// How many complaints are read before they are noted (bounds the memory of the first read).
const CHUNK: usize = 1024;
/// How many timers that are due soon are looked for in one sweep, the soonest first, and how long each look pauses: the
/// broker is to fire what is due now. What is not looked for is fired when it is overdue.
const SOON_MAX: usize = 5_000;
const SOON_PAUSE: Duration = Duration::from_millis(1);
/// How many repairs run at once.
const PARALLEL: usize = 16;
/// Pause after a sweep that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Sweeps whenever this replica holds the lease, until asked to stop.
pub(crate) async fn run(config: &Config, timers: Timers, part: &Part, shutdown: &Shutdown) {
    let mut lease = Lease::new(timers.ledger().vault().bus(), "sla-sweep", config.lease);
    while !shutdown.is_asked() {
        match shutdown.or(lease.hold()).await {
            Some(Ok(true)) => {
                fault::point("sla::leased");
                info!("This replica sweeps for missed deadlines");
                let sweep = Sweep::new(config, &timers, part);
                while_held(&mut lease, sweep, part, shutdown).await;
            }
            Some(Ok(false)) => part.ready(),
            Some(Err(error)) => degraded(part, &error),
            None => break,
        }
        shutdown.or(tokio::time::sleep(lease.beat())).await;
    }
    lease.release().await;
}

/// Sweeps until the lease is lost or somebody asks to stop. Work may be cut off anywhere: it is repeatable.
async fn while_held(lease: &mut Lease, sweep: Sweep<'_>, part: &Part, shutdown: &Shutdown) {
    let mut sweeping = Box::pin(sweep.forever());
    loop {
        tokio::select! {
            () = &mut sweeping => return,
            () = shutdown.asked() => return,
            () = tokio::time::sleep(lease.beat()) => match lease.hold().await {
                Ok(true) => {}
                Ok(false) => {
                    info!("Another replica sweeps for missed deadlines now");
                    return;
                }
                // Sweeping on without a lease is harmless.
                Err(error) => degraded(part, &error),
            },
        }
    }
}

fn degraded(part: &Part, error: &(dyn std::error::Error + 'static)) {
    let reason = redress_bus::failure::chain(error);
    warn!("Failed to {reason}");
    part.degraded(format!("failed to {reason}"));
}

struct Sweep<'a> {
    config: &'a Config,
    timers: &'a Timers,
    part: &'a Part,
    clock: Clock,
    agenda: Agenda,
    next_seq: u64,
    /// When everything is checked again.
    all_at: Timestamp,
}

impl<'a> Sweep<'a> {
    fn new(config: &'a Config, timers: &'a Timers, part: &'a Part) -> Self {
        let clock = timers.ledger().clock().clone();
        let all_at = clock.now();
        Self { config, timers, part, clock, agenda: Agenda::default(), next_seq: 1, all_at }
    }

    async fn forever(mut self) {
        loop {
            match self.once().await {
                Ok(now) => {
                    self.part.ready();
                    self.clock.reaches(later(now, self.config.sweep_every)).await;
                }
                Err(error) => {
                    degraded(self.part, &error);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// One sweep; answers by what time it went.
    async fn once(&mut self) -> Result<Timestamp, Error> {
        self.catch_up().await?;
        let ledger = skew::believed(self.timers.ledger()).await?;
        let now = ledger.clock().now();
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!("redress_sla_timers_owed").set(self.agenda.len() as f64);
        self.fire_overdue(&ledger, now).await;
        if now >= self.all_at {
            self.set_missing(self.all_missing(now).await?).await?;
            self.all_at = later(now, self.config.sweep_all_every);
        } else {
            self.set_missing(self.soon_missing(now).await?).await?;
        }
        Ok(now)
    }

    /// Reads what was committed since the last time. Of each complaint only the newest commit counts.
    async fn catch_up(&mut self) -> Result<(), Error> {
        let bus = self.timers.ledger().vault().bus();
        if bus.last_seq(COMPLAINTS).await? < self.next_seq {
            return Ok(());
        }
        let mut commits = bus.scan(COMPLAINTS, ">", self.next_seq).await?;
        let mut newest: HashMap<String, Stored> = HashMap::new();
        let mut read_to = self.next_seq;
        while let Some(stored) = commits.next().await {
            let stored = stored?;
            read_to = stored.seq + 1;
            newest.insert(stored.subject.clone(), stored);
            if newest.len() >= CHUNK {
                self.note(std::mem::take(&mut newest)).await?;
                self.next_seq = read_to;
            }
        }
        self.note(newest).await?;
        self.next_seq = read_to;
        Ok(())
    }

    async fn note(&mut self, newest: HashMap<String, Stored>) -> Result<(), Error> {
        let ledger = self.timers.ledger();
        for stored in newest.into_values() {
            let complaint = match ledger.open(stored.seq, &stored.body)? {
                (_, Some(complaint)) => complaint,
                (commit, None) => self.timers.newest(&commit.complaint_id).await?.complaint,
            };
            self.agenda.note(&complaint, stored.stored_at);
        }
        Ok(())
    }

    /// One that fails does not hold up the others; it is still overdue at the next sweep.
    async fn fire_overdue(&mut self, ledger: &Ledger, now: Timestamp) {
        let overdue = self.agenda.overdue(now);
        let mut fired = futures::stream::iter(overdue)
            .map(|timer| async move { (due::fire(ledger, &timer, String::new()).await, timer) })
            .buffer_unordered(PARALLEL);
        while let Some((result, timer)) = fired.next().await {
            match result {
                Ok(executed) => {
                    fault::point("sla::swept");
                    report_fired(&executed, &timer, now);
                    self.agenda.note(&executed.complaint, now);
                }
                Err(error) => report_failed(&error, &timer),
            }
        }
    }

    /// Of the timers due soon, those the broker does not hold.
    async fn soon_missing(&self, now: Timestamp) -> Result<Vec<TimerDue>, ReadError> {
        let until = later(now, self.config.sweep_ahead);
        let bus = self.timers.ledger().vault().bus();
        let mut missing = Vec::new();
        for timer in self.agenda.upcoming(now, until, earlier(now, SETTLING)).take(SOON_MAX) {
            tokio::time::sleep(SOON_PAUSE).await;
            let subject = subject::timer_set(&timer.complaint_id, &timer.clock, &timer.milestone);
            let held = bus.last(TIMERS, &subject).await?;
            if !held.is_some_and(|stored| same(&stored, &timer)) {
                missing.push(timer);
            }
        }
        Ok(missing)
    }

    /// Of all timers, those the broker does not hold.
    async fn all_missing(&self, now: Timestamp) -> Result<Vec<TimerDue>, ReadError> {
        let bus = self.timers.ledger().vault().bus();
        // All of them: for each page of some of them the broker would look at every subject of the stream.
        let mut stored = bus.scan(TIMERS, ">", 1).await?;
        // The last one on each subject. A million of them are held as hashes: should two share one, the sweep still fires
        // what the broker does not.
        let hasher = RandomState::new();
        let mut held: HashMap<u64, u64> = HashMap::new();
        while let Some(stored) = stored.next().await {
            let stored = stored?;
            if stored.subject.starts_with("timer.set.")
                && let Ok(timer) = serde_json::from_slice::<TimerDue>(&stored.body)
            {
                held.insert(hasher.hash_one(stored.subject), hasher.hash_one(timer));
            }
        }
        let is_missing = |timer: &TimerDue| {
            let subject = subject::timer_set(&timer.complaint_id, &timer.clock, &timer.milestone);
            held.get(&hasher.hash_one(subject)) != Some(&hasher.hash_one(timer))
        };
        Ok(self.agenda.upcoming(now, Timestamp::MAX, earlier(now, SETTLING)).filter(is_missing).collect())
    }

    async fn set_missing(&self, missing: Vec<TimerDue>) -> Result<(), Error> {
        let mut done = futures::stream::iter(missing)
            .map(|timer| self.set_if_still_asked(timer))
            .buffer_unordered(PARALLEL);
        while let Some(result) = done.next().await {
            result?;
        }
        Ok(())
    }

    /// What moved on since it was read has been seen to by whoever moved it.
    async fn set_if_still_asked(&self, timer: TimerDue) -> Result<(), Error> {
        let known: Known = self.timers.newest(&timer.complaint_id).await?;
        let slots = [Slot { clock: timer.clock.clone(), milestone: timer.milestone.clone() }];
        if plan::steps(&known.complaint, &slots) != [Step::Set(timer.clone())] {
            return Ok(());
        }
        self.timers.settle(known, &slots).await?;
        fault::point("sla::repaired");
        metrics::counter!("redress_sla_repaired_total", "kind" => "set").increment(1);
        warn!(complaint.id = %timer.complaint_id, "Set the missing timer of {}", timer.milestone);
        Ok(())
    }
}

fn report_fired(executed: &Executed, timer: &TimerDue, now: Timestamp) {
    let late = now.duration_since(timer.due_at);
    if executed.events.is_empty() || late < BROKER_LATE {
        return;
    }
    metrics::counter!("redress_sla_repaired_total", "kind" => "fired").increment(1);
    warn!(
        complaint.id = %timer.complaint_id,
        "Fired the timer of {} in the broker's place, {} s late", timer.milestone, late.as_secs()
    );
}

fn report_failed(error: &ExecuteError, timer: &TimerDue) {
    let reason = redress_bus::failure::chain(error);
    warn!(complaint.id = %timer.complaint_id, "Failed to fire the timer of {}: {reason}", timer.milestone);
}

fn same(stored: &Stored, timer: &TimerDue) -> bool {
    serde_json::from_slice::<TimerDue>(&stored.body).is_ok_and(|held| held == *timer)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

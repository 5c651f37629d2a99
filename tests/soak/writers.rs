//! Writers that publish once per subject until they are stopped, and what each was told: the small ledger behind the
//! faults of the broker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures::StreamExt as _;
use redress_bus::{Bus, PublishError, Published};
use redress_contract::subject::name;
use redress_tests::results::{Bar, Results};
use tokio::task::JoinSet;

/// Writers on each connection.
const WRITERS: u64 = 8;
/// How long a writer may hear nothing.
const PATIENCE: Duration = Duration::from_mins(2);

/// Publishing under way.
pub(crate) struct Load {
    shared: Arc<Shared>,
    writers: JoinSet<()>,
}

struct Shared {
    next: AtomicU64,
    is_over: AtomicBool,
    told: Mutex<Told>,
    /// One for each connection: the patience of a service is measured on its own.
    meters: Vec<Mutex<Meter>>,
}

/// What the writers were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The broker said that it has them.
    pub(crate) acknowledged: BTreeSet<u64>,
    /// Nobody said anything in time: they may be there or not.
    pub(crate) unknown: BTreeSet<u64>,
    /// Why the last of them was not acknowledged.
    problem: String,
}

struct Meter {
    last: Instant,
    longest: Duration,
}

/// What lies in the stream, compared with what was told.
#[derive(Debug)]
pub(crate) struct Compared {
    /// Acknowledged, and not there.
    pub(crate) lost: usize,
    /// There more than once.
    pub(crate) duplicated: usize,
}

impl Load {
    /// Starts writers on each connection, each as quick as the broker answers.
    pub(crate) fn start(buses: &[Bus]) -> Self {
        Self::start_paced(buses, Duration::ZERO)
    }

    /// As [`start`](Self::start), each writer resting after each yes: what a node that was killed must catch up on grows no
    /// quicker than it can.
    pub(crate) fn start_paced(buses: &[Bus], rest: Duration) -> Self {
        let meter = |_: &Bus| Mutex::new(Meter { last: Instant::now(), longest: Duration::ZERO });
        let shared = Arc::new(Shared {
            next: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            told: Mutex::default(),
            meters: buses.iter().map(meter).collect(),
        });
        let mut writers = JoinSet::new();
        for (connection, bus) in buses.iter().enumerate() {
            for _ in 0..WRITERS {
                writers.spawn(write(bus.clone(), connection, rest, shared.clone()));
            }
        }
        Self { shared, writers }
    }

    /// How many were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.shared.told.lock().expect("no writer panics").acknowledged.len()
    }

    /// The longest time that a connection heard no yes since this was asked last.
    pub(crate) fn longest_gap(&self) -> Duration {
        let take = |meter: &Mutex<Meter>| {
            let mut meter = meter.lock().expect("no writer panics");
            let longest = meter.longest.max(meter.last.elapsed());
            meter.longest = Duration::ZERO;
            longest
        };
        self.shared.meters.iter().map(take).max().unwrap_or_default()
    }

    /// Waits until every connection has heard a yes again.
    ///
    /// # Errors
    /// Names the connections that heard none within two minutes.
    pub(crate) async fn goes_on(&self) -> anyhow::Result<()> {
        let from = Instant::now();
        let silent = || {
            let heard = |meter: &Mutex<Meter>| meter.lock().expect("no writer panics").last > from;
            let meters = self.shared.meters.iter().enumerate();
            meters.filter(|(_, meter)| !heard(meter)).map(|(connection, _)| connection).collect::<Vec<_>>()
        };
        while !silent().is_empty() {
            ensure!(
                from.elapsed() < PATIENCE,
                "writers {:?} heard no yes within {PATIENCE:?}; what was said last: {}",
                silent(),
                self.shared.told.lock().expect("no writer panics").problem
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Stops the writers, each after the message it has under way.
    pub(crate) async fn stop(mut self) -> Told {
        self.shared.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.writers.join_next().await {
            ended.expect("no writer panics");
        }
        std::mem::take(&mut *self.shared.told.lock().expect("no writer panics"))
    }
}

async fn write(bus: Bus, connection: usize, rest: Duration, shared: Arc<Shared>) {
    while !shared.is_over.load(Ordering::Relaxed) {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let body = format!("{number} {}", "complaint ".repeat(20));
        let published =
            bus.publish_once(&format!("intake.email.load-{number}"), Vec::new(), body.into()).await;
        shared.note(connection, number, published);
        tokio::time::sleep(rest).await;
    }
}

impl Shared {
    fn note(&self, connection: usize, number: u64, published: Result<Published, PublishError>) {
        let mut told = self.told.lock().expect("no writer panics");
        if let Err(problem) = published {
            told.unknown.insert(number);
            told.problem = problem.to_string();
        } else {
            told.acknowledged.insert(number);
            let mut meter = self.meters[connection].lock().expect("no writer panics");
            meter.longest = meter.longest.max(meter.last.elapsed());
            meter.last = Instant::now();
        }
    }
}

/// Reads the stream and compares.
pub(crate) async fn compare(bus: &Bus, told: &Told) -> anyhow::Result<Compared> {
    let mut stored: BTreeMap<u64, usize> = BTreeMap::new();
    let mut scan = bus.scan(name::INTAKE, "intake.email.*", 1).await?;
    while let Some(message) = scan.next().await {
        let message = message?;
        let text = String::from_utf8_lossy(&message.body);
        let number = text.split(' ').next().and_then(|number| number.parse().ok());
        *stored.entry(number.unwrap_or(u64::MAX)).or_default() += 1;
    }
    let lost = told.acknowledged.iter().filter(|number| !stored.contains_key(number)).count();
    let duplicated = stored.values().filter(|&&times| times > 1).count();
    Ok(Compared { lost, duplicated })
}

/// The figures that every fault of the broker is judged by.
pub(crate) fn tell(area: &str, told: &Told, compared: &Compared, results: &mut Results) {
    let name = |what: &str| format!("core.{area}_{what}");
    results.count(&name("acknowledged"), told.acknowledged.len(), "publishes", Bar::None);
    results.count(&name("unknown"), told.unknown.len(), "publishes", Bar::None);
    results.count(&name("lost"), compared.lost, "publishes", Bar::Exactly(0.0));
    results.count(&name("duplicated"), compared.duplicated, "publishes", Bar::Exactly(0.0));
}

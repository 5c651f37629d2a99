//! Ends a process in which something keeps its thread and never yields: a time-out cannot end that, since it is asked
//! about only when the thread is free. Whoever runs the process starts it again, and what was being done is counted
//! as begun without an outcome.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use tracing::error;

/// How often is looked. Ticks are counted, not time: a process that was stopped as a whole has missed nothing.
const TICK: Duration = Duration::from_secs(1);

/// How long beyond its time something may take: a busy machine is no reason to end the process.
const GRACE_TICKS: u64 = 10;

static TICKS: AtomicU64 = AtomicU64::new(0);
static NEXT: AtomicU64 = AtomicU64::new(0);
static WATCHED: Mutex<BTreeMap<u64, Watched>> = Mutex::new(BTreeMap::new());
static STARTED: Once = Once::new();

struct Watched {
    what: &'static str,
    until: u64,
}

/// Something that is watched until this is dropped.
#[derive(Debug)]
#[must_use = "it is watched until this is dropped"]
pub struct Watch(u64);

/// Watches something that is to be over within a time; ten seconds later the process ends.
pub fn watch(what: &'static str, within: Duration) -> Watch {
    STARTED.call_once(|| {
        // Without a thread of its own nothing is watched, and everything else goes on.
        if let Err(problem) = std::thread::Builder::new().name("watchdog".to_owned()).spawn(look) {
            error!("Nobody watches for what never yields: {problem}");
        }
    });
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let until = TICKS.load(Ordering::Relaxed).saturating_add(within.as_secs() + GRACE_TICKS);
    watched().insert(number, Watched { what, until });
    Watch(number)
}

impl Drop for Watch {
    fn drop(&mut self) {
        watched().remove(&self.0);
    }
}

fn watched() -> MutexGuard<'static, BTreeMap<u64, Watched>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn look() {
    loop {
        std::thread::sleep(TICK);
        let now = TICKS.fetch_add(1, Ordering::Relaxed) + 1;
        let late = watched().values().find(|it| it.until < now).map(|it| it.what);
        if let Some(what) = late {
            error!("{what} keeps its thread and never yields; the process ends, to be started again");
            std::process::abort();
        }
    }
}

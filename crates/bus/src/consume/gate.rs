//! When everything fails (a dependency is down), one message at a time probes instead of all being cycled.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

/// Failures in a row before the gate closes.
const CLOSES_AFTER: u32 = 16;

/// Open while things work; lets one through at a time while they do not.
#[derive(Debug)]
pub(super) struct Gate {
    failures: AtomicU32,
    probe: Mutex<()>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { failures: AtomicU32::new(0), probe: Mutex::new(()) }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= CLOSES_AFTER
    }

    /// Waits while the gate is closed and another message probes; a probe pauses first.
    pub(super) async fn pass(&self) -> Option<MutexGuard<'_, ()>> {
        if !self.is_closed() {
            return None;
        }
        let guard = self.probe.lock().await;
        if !self.is_closed() {
            return None;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some(guard)
    }

    pub(super) fn worked(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }
}

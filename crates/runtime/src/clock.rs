//! The one source of the current time. Handed in everywhere, so that tests move it by hand.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// Tells the time. Cheap to clone; clones of a manual clock move together.
#[derive(Clone, Debug)]
pub struct Clock {
    manual: Option<Arc<watch::Sender<Timestamp>>>,
}

impl Clock {
    /// The host's clock.
    pub fn system() -> Self {
        Self { manual: None }
    }

    /// A clock that stands at `start` until it is moved.
    pub fn manual(start: Timestamp) -> Self {
        Self { manual: Some(Arc::new(watch::Sender::new(start))) }
    }

    /// The current time, in whole microseconds (finer parts do not survive every store).
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the host's clock")]
    pub fn now(&self) -> Timestamp {
        let Some(sender) = &self.manual else {
            let now = Timestamp::now();
            #[cfg(feature = "failpoints")]
            let now = now.saturating_add(crate::fault::clock_ahead()).unwrap_or(now);
            return Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        };
        *sender.borrow()
    }

    /// True for a clock that is moved by hand.
    pub fn is_manual(&self) -> bool {
        self.manual.is_some()
    }

    /// Moves a manual clock forward; does nothing to the host's.
    pub fn advance(&self, by: SignedDuration) {
        if let Some(sender) = &self.manual {
            sender.send_modify(|now| *now = now.saturating_add(by).unwrap_or(*now));
        }
    }

    /// Returns once the clock shows `at` or later. On the host's clock this sleeps (at most a minute at a time, so
    /// that a changed host clock is noticed); on a manual one it waits to be moved.
    pub async fn reaches(&self, at: Timestamp) {
        if let Some(sender) = &self.manual {
            let mut moved = sender.subscribe();
            // The sender lives as long as `self`, so waiting can only end by the condition.
            let _ = moved.wait_for(|now| *now >= at).await;
            return;
        }
        loop {
            let left = at.duration_since(self.now());
            let Ok(left) = std::time::Duration::try_from(left) else { return };
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(std::time::Duration::from_mins(1))).await;
        }
    }

    /// Returns after `duration` by this clock.
    pub async fn sleep(&self, duration: SignedDuration) {
        let at = self.now().saturating_add(duration).unwrap_or(Timestamp::MAX);
        self.reaches(at).await;
    }
}

//! The breaker: no more than so many messages in any minute. It slows what goes out and drops nothing.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// Counts what goes out.
#[derive(Debug)]
pub(crate) struct Breaker {
    most: usize,
    lately: Mutex<VecDeque<Timestamp>>,
}

impl Breaker {
    /// At most so many in any minute (at least one).
    pub(crate) fn new(most: usize) -> Self {
        Self { most: most.max(1), lately: Mutex::default() }
    }

    /// Takes the next place in the line: when the message may go.
    pub(crate) fn place(&self, now: Timestamp) -> Timestamp {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let free = if lately.len() < self.most {
            now
        } else {
            let oldest = lately.pop_front().expect("there are as many as allowed, which is at least one");
            now.max(oldest.saturating_add(WINDOW).unwrap_or(now))
        };
        lately.push_back(free);
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_more_than_allowed_in_a_minute_and_none_is_lost() {
        let breaker = Breaker::new(3);
        let start = Timestamp::UNIX_EPOCH;
        let places: Vec<i64> = (0..8).map(|_| breaker.place(start).as_second()).collect();
        assert_eq!(places, [0, 0, 0, 60, 60, 60, 120, 120]);
        let later = start + SignedDuration::from_hours(1);
        assert_eq!(breaker.place(later), later);
    }
}

//! The breaker: no more than so many messages in any minute. It slows what goes out and drops nothing.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// Longer than this nobody waits in line: a delivery may take only so long, and comes again.
const LONGEST_WAIT: SignedDuration = WINDOW;

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
    ///
    /// # Errors
    /// How long until the next place, when that is too long to wait; none is taken then.
    pub(crate) fn place(&self, now: Timestamp) -> Result<Timestamp, Duration> {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let free = if lately.len() < self.most {
            now
        } else {
            let oldest = lately.front().expect("there are as many as allowed, which is at least one");
            let free = now.max(oldest.saturating_add(WINDOW).unwrap_or(now));
            let wait = free.duration_since(now);
            if wait > LONGEST_WAIT {
                return Err(wait.unsigned_abs());
            }
            lately.pop_front();
            free
        };
        lately.push_back(free);
        Ok(free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_more_than_allowed_in_a_minute_and_no_place_is_lost() {
        let breaker = Breaker::new(3);
        let start = Timestamp::UNIX_EPOCH;
        let next = start + WINDOW;
        let places: Vec<_> = (0..8).map(|_| breaker.place(start)).collect();
        let too_long = Err(Duration::from_mins(2));
        assert_eq!(places[..6], [Ok(start), Ok(start), Ok(start), Ok(next), Ok(next), Ok(next)]);
        assert_eq!(places[6..], [too_long, too_long]);
        assert_eq!(breaker.place(next), Ok(next + WINDOW), "who was sent away took no place");
        let later = start + SignedDuration::from_hours(1);
        assert_eq!(breaker.place(later), Ok(later));
    }
}

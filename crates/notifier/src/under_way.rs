//! What this process is sending right now, what it has sent and not noted yet, and what it sent and noted lately: none
//! of it is sent again by a delivery that comes a second time.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use redress_contract::CommunicationId;

/// How many messages that are over and done are remembered.
const DONE_MAX: usize = 4096;

/// Memory of what is under way. It is lost with the process: then, and only then, a message may go twice.
#[derive(Debug, Default)]
pub struct UnderWay {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    sending: HashSet<CommunicationId>,
    taken: HashMap<CommunicationId, Timestamp>,
    done: HashSet<CommunicationId>,
    done_in_order: VecDeque<CommunicationId>,
}

/// The right to send one message; ends when dropped.
#[derive(Debug)]
pub struct Sending<'a> {
    under_way: &'a UnderWay,
    id: CommunicationId,
}

impl UnderWay {
    /// The right to send a message, unless somebody has it.
    pub fn begin(&self, id: &CommunicationId) -> Option<Sending<'_>> {
        self.lock().sending.insert(id.clone()).then(|| Sending { under_way: self, id: id.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sending<'_> {
    /// When the next hop took the message, if it did and that is not noted yet.
    pub fn taken_at(&self) -> Option<Timestamp> {
        self.under_way.lock().taken.get(&self.id).copied()
    }

    /// The next hop took it.
    pub fn taken(&self, at: Timestamp) {
        self.under_way.lock().taken.insert(self.id.clone(), at);
    }

    /// That is noted: over and done.
    pub fn noted(&self) {
        let mut inner = self.under_way.lock();
        inner.taken.remove(&self.id);
        if inner.done.insert(self.id.clone()) {
            inner.done_in_order.push_back(self.id.clone());
        }
        if inner.done_in_order.len() > DONE_MAX
            && let Some(oldest) = inner.done_in_order.pop_front()
        {
            inner.done.remove(&oldest);
        }
    }

    /// True when it is over and done, as far as is remembered.
    pub fn is_done(&self) -> bool {
        self.under_way.lock().done.contains(&self.id)
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.under_way.lock().sending.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_what_was_taken_is_remembered() {
        let under_way = UnderWay::default();
        let id = CommunicationId::new("m1").unwrap();
        let first = under_way.begin(&id).unwrap();
        assert!(under_way.begin(&id).is_none());
        first.taken(Timestamp::UNIX_EPOCH);
        drop(first);
        let second = under_way.begin(&id).unwrap();
        assert_eq!(second.taken_at(), Some(Timestamp::UNIX_EPOCH));
        second.noted();
        assert_eq!((second.taken_at(), second.is_done()), (None, true));
    }
}

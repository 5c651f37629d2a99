//! The model of the broker and of the mail server: what is stored, who was first, which copy of it is read.
//!
//! Only what the services rely on: one order per stream, appends that expect a last sequence, keys that are created
//! once, and a reader that may be behind. Nothing here decides anything about a complaint.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use jiff::Timestamp;
use redress_contract::{
    Commit, CommitText, CommunicationId, ComplaintId, Contact, ContactId, EventId, Reference, TimerDue,
};
use redress_domain::Complaint;
use redress_feed::Position;
use redress_feed::derive::messages;
use redress_ledger::{Loaded, Prepared};

use crate::dice::Dice;
use crate::story::Story;

/// What may go wrong in a run, in percent of the occasions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trouble {
    /// A delivery comes again although it was done.
    pub(crate) repeats: u32,
    /// A handler ends between two effects.
    pub(crate) cuts: u32,
    /// An effect is refused, or done and its answer lost.
    pub(crate) faults: u32,
    /// A read is answered with the past.
    pub(crate) lag: u32,
    /// A schedule is lost by the broker.
    pub(crate) lost_timers: u32,
    /// How far the clocks of machines are apart, in milliseconds.
    pub(crate) skew_ms: i64,
}

/// One commit in the log.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(crate) stored_at: Timestamp,
    pub(crate) bytes: Bytes,
    pub(crate) commit: Commit,
    /// The same, as the feed reads it.
    pub(crate) text: CommitText,
    /// The complaint after it.
    pub(crate) loaded: Loaded,
    places: OnceCell<Vec<Position>>,
}

impl Logged {
    /// Where its events go in EVENTS, as the feed derives them; told once, since that takes long.
    pub(crate) fn places(&self) -> &[Position] {
        self.places.get_or_init(|| {
            let all = messages(self.loaded.stream_seq, &self.text, "/redress");
            all.into_iter().map(|(place, _)| place).collect()
        })
    }
}

/// A message in OUTBOX.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) message: redress_contract::Communication,
    /// Messages about other complaints that this one gathers.
    pub(crate) with: Vec<(ComplaintId, CommunicationId)>,
}

/// A message that waits for its turn.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) id: CommunicationId,
    pub(crate) complaint: ComplaintId,
    pub(crate) event: EventId,
    pub(crate) party: String,
    pub(crate) released: bool,
    pub(crate) since: Timestamp,
    pub(crate) not_before: Timestamp,
}

/// One message that counts against the limits of an address.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    pub(crate) id: CommunicationId,
    pub(crate) at: Timestamp,
    pub(crate) authenticated: bool,
}

/// Everything that outlives a service.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) now: Timestamp,
    pub(crate) trouble: Trouble,
    /// Off once the end is to be quiet.
    pub(crate) troubled: bool,
    pub(crate) story: Story,
    pub(crate) intake: Vec<Rc<Contact>>,
    pub(crate) log: Vec<Rc<Logged>>,
    /// Places in `log`, by complaint.
    pub(crate) chains: BTreeMap<ComplaintId, Vec<usize>>,
    pub(crate) correlation: BTreeMap<String, Bytes>,
    pub(crate) references: BTreeMap<Reference, (ContactId, Option<ComplaintId>)>,
    pub(crate) timers: BTreeMap<String, TimerDue>,
    pub(crate) outbox: BTreeMap<CommunicationId, Rc<Mail>>,
    /// What lies in OUTBOX, in its order.
    pub(crate) posted: Vec<CommunicationId>,
    /// What the mail server took.
    pub(crate) sent: Vec<CommunicationId>,
    pub(crate) counted: BTreeMap<String, Vec<Counted>>,
    pub(crate) waiting: BTreeMap<String, Waiting>,
    pub(crate) events: Vec<(Position, EventId)>,
    /// What must not have happened.
    pub(crate) wrong: Vec<String>,
}

/// Somebody else was first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Conflict;

impl World {
    pub(crate) fn new(dice: Dice, now: Timestamp, trouble: Trouble, story: Story) -> Self {
        Self {
            dice,
            now,
            trouble,
            troubled: true,
            story,
            intake: Vec::new(),
            log: Vec::new(),
            chains: BTreeMap::new(),
            correlation: BTreeMap::new(),
            references: BTreeMap::new(),
            timers: BTreeMap::new(),
            outbox: BTreeMap::new(),
            posted: Vec::new(),
            sent: Vec::new(),
            counted: BTreeMap::new(),
            waiting: BTreeMap::new(),
            events: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// True on a bad occasion.
    pub(crate) fn trouble(&mut self, kind: impl Fn(&Trouble) -> u32) -> bool {
        let percent = kind(&self.trouble);
        self.troubled && percent > 0 && self.dice.chance(percent)
    }

    pub(crate) fn wrong(&mut self, what: impl Into<String>) {
        self.wrong.push(what.into());
    }

    /// A complaint as the leader of its stream knows it.
    pub(crate) fn newest(&self, complaint: &ComplaintId) -> Option<Loaded> {
        let last = *self.chains.get(complaint)?.last()?;
        Some(self.log[last].loaded.clone())
    }

    /// A complaint as any replica knows it: perhaps not yet.
    pub(crate) fn anyone(&mut self, complaint: &ComplaintId) -> Option<Loaded> {
        let behind = usize::from(self.trouble(|trouble| trouble.lag));
        let chain = self.chains.get(complaint)?;
        let last = chain.len().checked_sub(1 + behind)?;
        Some(self.log[chain[last]].loaded.clone())
    }

    pub(crate) fn complaints(&self) -> impl Iterator<Item = &Complaint> {
        self.chains.values().filter_map(|chain| Some(&self.log[*chain.last()?].loaded.complaint))
    }

    /// The last commit of every complaint.
    pub(crate) fn newest_commits(&self) -> Vec<Rc<Logged>> {
        self.chains.values().filter_map(|chain| Some(Rc::clone(&self.log[*chain.last()?]))).collect()
    }

    /// Appends a commit to a complaint whose last sequence is expected; answers its sequence. What its cache holds is
    /// compared with its events at the end.
    pub(crate) fn append(
        &mut self,
        complaint: &ComplaintId,
        expected: u64,
        prepared: &Prepared,
    ) -> Result<u64, Conflict> {
        let chain = self.chains.entry(complaint.clone()).or_default();
        let last = chain.last().map_or(0, |place| *place as u64 + 1);
        if last != expected {
            return Err(Conflict);
        }
        chain.push(self.log.len());
        let stream_seq = self.log.len() as u64 + 1;
        let bytes = prepared.bytes.clone();
        let commit: Commit = serde_json::from_slice(&bytes).expect("a commit is read as it was written");
        let text = serde_json::from_slice(&bytes).expect("a commit is read as it was written");
        let loaded = Loaded {
            complaint: prepared.complaint.clone(),
            stream_seq,
            number: commit.number,
            sha256: Commit::hash(&bytes),
        };
        let places = OnceCell::new();
        self.log.push(Rc::new(Logged { stored_at: self.now, bytes, commit, text, loaded, places }));
        Ok(stream_seq)
    }

    /// Creates a key; answers what stands there when somebody was first.
    pub(crate) fn create(&mut self, key: &str, value: Bytes) -> Option<Bytes> {
        let there = self.correlation.get(key).cloned();
        if there.is_none() {
            self.correlation.insert(key.to_owned(), value);
        }
        there
    }

    /// Reads a key from any replica: what was written just now may be missing.
    pub(crate) fn key(&mut self, key: &str) -> Option<Bytes> {
        if self.trouble(|trouble| trouble.lag) { None } else { self.correlation.get(key).cloned() }
    }

    /// Puts a message into OUTBOX, once; false when one with its id lay there already.
    pub(crate) fn put(&mut self, mail: Mail) -> bool {
        let new = !self.outbox.contains_key(&mail.message.id);
        if new {
            self.posted.push(mail.message.id.clone());
            self.outbox.insert(mail.message.id.clone(), Rc::new(mail));
        }
        new
    }

    /// The place of the last published event.
    pub(crate) fn published(&self) -> (u64, Position) {
        (self.events.len() as u64, self.events.last().map(|(position, _)| *position).unwrap_or_default())
    }

    /// Appends an event to EVENTS where the end is expected.
    pub(crate) fn publish(&mut self, expected: u64, event: (Position, EventId)) -> Result<u64, Conflict> {
        if self.events.len() as u64 != expected {
            return Err(Conflict);
        }
        self.events.push(event);
        Ok(self.events.len() as u64)
    }
}

//! Which mails are being read just now, noted before it is begun: what a process died of (an abort, an overflowing
//! stack, no memory left) leaves no other trace, and would be fetched again and again.
//!
//! Mails that are read side by side are noted together, in one write. What a process that died had noted is read one
//! at a time by the next one, each noted as being alone; a mail that was alone [`ALONE_MAX`] times when the process
//! died is not read any more, but recorded as it came. A note costs one write a batch and is never deleted for each
//! mail: what is done is not met again, so what the note says of it does not matter.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redress_bus::{Bus, Kv, KvError};
use redress_contract::ContactId;
use redress_contract::subject::name;
use redress_runtime::{Clock, fault};
use serde::{Deserialize, Serialize};
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tracing::warn;

/// While others are being read too, a note waits so long for more of them. Reading a mailbox that is full costs one write
/// for many mails then, and a mail that comes by itself waits for nothing.
const GATHERED_FOR: Duration = Duration::from_millis(3);

/// So often a mail may be alone when the process dies. Once may be chance: somebody pulled the plug.
const ALONE_MAX: u32 = 2;

/// Mails remembered from processes that died, and for how long.
const SUSPECTS_MAX: usize = 5000;
const SUSPECTED_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What this process reads, and what others before it were reading when they died. One for all mailboxes of a process,
/// since it is the process that dies.
pub(crate) struct Tries {
    kv: Kv,
    key: String,
    clock: Clock,
    read_before: OnceCell<()>,
    /// Held for reading by mails that are read side by side, for writing by one that is alone.
    company: RwLock<()>,
    noted: Mutex<Noted>,
    /// One write at a time.
    written: tokio::sync::Mutex<Written>,
}

/// What became of the last write.
#[derive(Default)]
struct Written {
    /// The version of [`Noted`] that the broker has.
    version: u64,
    /// The version that it did not take.
    failed: Option<(u64, KvError)>,
}

/// Begun and not known to have come through.
type Begun = BTreeMap<ContactId, Try>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Try {
    /// How often it was begun alone.
    alone: u32,
    /// Since when it is noted.
    since: Timestamp,
}

#[derive(Default)]
struct Noted {
    /// What the note says.
    begun: Begun,
    /// Those of it that a process before this one left.
    suspects: Begun,
    version: u64,
}

/// What to do with a mail.
pub(crate) enum Turn<'t> {
    /// Read it, and say so when it came through.
    Read(Reading<'t>),
    /// Record it as it came: whoever read it died.
    Leave,
}

/// A mail being read. Dropped before it came through, it stays noted.
pub(crate) struct Reading<'t> {
    tries: &'t Tries,
    id: ContactId,
    place: Place<'t>,
}

enum Place<'t> {
    Company(#[expect(dead_code, reason = "held while reading")] RwLockReadGuard<'t, ()>),
    Alone(#[expect(dead_code, reason = "held while reading")] RwLockWriteGuard<'t, ()>),
}

impl Tries {
    pub(crate) fn new(bus: &Bus, clock: Clock) -> Self {
        // Randomly seeded by the standard library; only has to differ between processes.
        let process = format!("{:016x}", RandomState::new().build_hasher().finish());
        Self {
            kv: bus.kv(name::ATTEMPTS),
            key: format!("{PREFIX}.{process}"),
            clock,
            read_before: OnceCell::new(),
            company: RwLock::new(()),
            noted: Mutex::default(),
            written: tokio::sync::Mutex::default(),
        }
    }

    /// Knows what processes before this one died of. Called before each look, so that a broker that is away is found
    /// out once and not for each mail.
    pub(crate) async fn ready(&self) -> Result<(), KvError> {
        self.read_before.get_or_try_init(|| self.take_over()).await?;
        Ok(())
    }

    /// Waits for a mail's turn and notes that it is being read. Nothing may be read before this came back.
    pub(crate) async fn begin(&self, id: &ContactId) -> Result<Turn<'_>, KvError> {
        self.ready().await?;
        let suspected = self.lock().suspects.get(id).map(|suspect| suspect.alone);
        let (place, alone) = match suspected {
            Some(alone) if alone >= ALONE_MAX => {
                warn!(contact.id = %id, "Contact {id} is recorded unread: the program died {alone} times reading it");
                return Ok(Turn::Leave);
            }
            Some(alone) => (Place::Alone(self.company.write().await), alone + 1),
            None => (Place::Company(self.company.read().await), 0),
        };
        let version = self.lock().begin(id, alone, self.clock.now());
        self.write(version).await?;
        fault::point("email::tried");
        Ok(Turn::Read(Reading { tries: self, id: id.clone(), place }))
    }

    /// Takes back the note: nothing is being read any more. What was suspected and not met stays noted.
    pub(crate) async fn end(&self) -> Result<(), KvError> {
        if !self.read_before.initialized() {
            return Ok(());
        }
        let (left, version) = {
            let noted = self.lock();
            (noted.begun.len(), noted.version)
        };
        if left == 0 { self.kv.delete(&self.key).await } else { self.write(version).await }
    }

    /// Reads what processes before this one noted. It is ours to remember then, so their notes can go.
    async fn take_over(&self) -> Result<(), KvError> {
        let notes = self.kv.entries(PREFIX).await?;
        let since = self.clock.now() - SUSPECTED_FOR;
        let mut suspects = Begun::new();
        for (_, note) in &notes {
            // A note of another version of the program says nothing to this one.
            let begun: Begun = serde_json::from_slice(note).unwrap_or_default();
            for (id, tried) in begun.into_iter().filter(|(_, tried)| tried.since >= since).take(SUSPECTS_MAX)
            {
                let known = suspects.entry(id).or_insert(tried);
                known.alone = known.alone.max(tried.alone);
            }
        }
        while suspects.len() > SUSPECTS_MAX {
            suspects.pop_last();
        }
        if !suspects.is_empty() {
            warn!(
                channel = "email",
                "{} mails were being read when a process ended: each is read alone",
                suspects.len()
            );
        }
        let version = self.lock().take_over(suspects);
        self.write(version).await?;
        fault::point("email::taken_over");
        for (key, _) in notes.iter().filter(|(key, _)| *key != self.key) {
            self.kv.delete(key).await?;
        }
        Ok(())
    }

    /// Comes back when the broker has this version of the note, or a later one. Whoever waits meanwhile shares a write,
    /// and its failure: when the broker is away, each need not find out by itself.
    async fn write(&self, version: u64) -> Result<(), KvError> {
        let mut written = self.written.lock().await;
        if written.version >= version {
            return Ok(());
        }
        if let Some((_, error)) = written.failed.as_ref().filter(|(failed, _)| *failed >= version) {
            return Err(error.clone());
        }
        if self.lock().is_busy() {
            tokio::time::sleep(GATHERED_FOR).await;
        }
        let (note, version) = {
            let noted = self.lock();
            (serde_json::to_vec(&noted.begun).expect("ids and numbers always become JSON"), noted.version)
        };
        match self.kv.put(&self.key, note.into()).await {
            Ok(_) => {
                *written = Written { version, failed: None };
                Ok(())
            }
            Err(error) => {
                written.failed = Some((version, error.clone()));
                Err(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        // Nothing panics while holding it; and a map of ids has no half-way state to protect.
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keys of notes begin with this and end with the process.
const PREFIX: &str = "email-reading";

impl Noted {
    /// True while more mails are under way than one.
    fn is_busy(&self) -> bool {
        self.begun.len() > self.suspects.len() + 1
    }

    fn begin(&mut self, id: &ContactId, alone: u32, now: Timestamp) -> u64 {
        let since = self.begun.get(id).map_or(now, |known| known.since);
        self.begun.insert(id.clone(), Try { alone, since });
        self.version += 1;
        self.version
    }

    fn come_through(&mut self, id: &ContactId) -> u64 {
        self.begun.remove(id);
        self.suspects.remove(id);
        self.version += 1;
        self.version
    }

    fn take_over(&mut self, suspects: Begun) -> u64 {
        self.begun.extend(suspects.iter().map(|(id, tried)| (id.clone(), *tried)));
        self.suspects = suspects;
        self.version += 1;
        self.version
    }
}

impl Reading<'_> {
    /// It was read, well or badly, and nobody died. A mail that was alone says so at once: it must not be blamed for
    /// what happens after.
    pub(crate) async fn came_through(self) -> Result<(), KvError> {
        let version = self.tries.lock().come_through(&self.id);
        match self.place {
            Place::Company(_) => Ok(()),
            Place::Alone(_) => self.tries.write(version).await,
        }
    }
}

//! Maildir: what lies in `new` is taken, and moved to `cur` once the broker has it. Files still being written lie in
//! `tmp` and are never looked at.
//!
//! Another program may move a mail to `cur` before it was taken. So `cur` is looked through as well: what came there
//! since the first start (by the file system's own clock) and was not moved by us is taken too.

mod everything;
mod folder;

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use redress_bus::KvError;
use redress_contract::subject::name;
use redress_runtime::{Clock, Shutdown, fault};
use redress_vault::Vault;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tracing::{info, warn};

use super::{FAILURES_MAX, RecordError, Recorded, Recorder, pause};
use crate::config::Start;
use folder::{Folder, Found};
use redress_intake::health::tell::Teller;
use redress_intake::health::{Kind, Look, next_wait};

pub(crate) use everything::everything;

/// How often `cur` is looked through.
const CUR_EVERY: Duration = Duration::from_secs(30);

/// Under which name a Maildir is told of; its folder of sent mail has one of its own.
pub(crate) const FOLDER: &str = "";

/// How far back `cur` is looked through again after a restart.
const MARGIN_SECONDS: i64 = 60;

/// One Maildir being read.
pub(crate) struct Source {
    folder: Folder,
    name: String,
    recorder: Recorder,
    teller: Arc<Teller>,
    clock: Clock,
    start: Start,
    poll: Duration,
    /// Names in `cur` that need no further look.
    known: HashSet<OsString>,
    cursor: Option<Cursor>,
    cur_looked_at: Option<Instant>,
    /// What was left in `cur` when it was last looked through.
    cur_left: Vec<String>,
    told: Vec<String>,
}

/// What is remembered between runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    /// What came to `cur` before is none of ours, or on record.
    since: Timestamp,
    /// When the folder was first looked at, if only what came from then on is wanted.
    #[serde(default)]
    first: Option<Timestamp>,
}

/// Why a look at the folder ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookError {
    #[error("read the Maildir")]
    Folder(#[from] std::io::Error),
    #[error("remember how far it was read")]
    Cursor(#[from] KvError),
    #[error("record a mail")]
    Record(#[source] Box<RecordError>),
}

/// What a look at the folder found.
#[derive(Debug, Default)]
struct Tally {
    new: usize,
    again: usize,
    /// Entries that cannot be taken, each with the reason.
    left: Vec<String>,
}

impl Tally {
    fn count(&mut self, recorded: Recorded) {
        match recorded {
            Recorded::New => self.new += 1,
            Recorded::Again => self.again += 1,
            Recorded::PassedOver => {}
        }
    }
}

impl Source {
    pub(crate) fn new(
        (path, name): (&Path, &str),
        (start, poll): (Start, Duration),
        recorder: Recorder,
        teller: Arc<Teller>,
        clock: Clock,
    ) -> Self {
        Self {
            folder: Folder::at(path),
            name: name.to_owned(),
            recorder,
            teller,
            clock,
            start,
            poll,
            known: HashSet::new(),
            cursor: None,
            cur_looked_at: None,
            cur_left: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Looks again and again until asked to stop; what is in flight then is finished.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let mut wait = Duration::ZERO;
        while !shutdown.is_asked() {
            match self.look(&shutdown).await {
                Ok(tally) => {
                    wait = Duration::ZERO;
                    self.tell(tally);
                }
                Err(error) => {
                    wait = next_wait(Kind::Transient, wait, None);
                    let reason = redress_bus::failure::chain(&error);
                    warn!(
                        account = self.recorder.account(),
                        "Reading the Maildir failed, trying again: {reason}"
                    );
                    self.teller.looked(&self.name, Look::Failed { kind: Kind::Transient, reason });
                }
            }
            pause(&self.clock, wait.max(self.poll), &shutdown).await;
        }
    }

    async fn look(&mut self, shutdown: &Shutdown) -> Result<Tally, LookError> {
        self.folder.prepare().await?;
        self.recorder.ready().await.map_err(|error| LookError::Record(Box::new(error)))?;
        let cursor = self.cursor().await?;
        let mut tally = Tally::default();
        let found = self.folder.new_mails().await?;
        let taken = self.take_all(found, &mut tally, shutdown).await?;
        self.known.extend(taken.into_iter().map(|found| found.base));
        if self.cur_looked_at.is_none_or(|at| at.elapsed() >= CUR_EVERY) {
            self.look_into_cur(cursor, &mut tally, shutdown).await?;
            self.cur_looked_at = Some(Instant::now());
        } else {
            tally.left.extend(self.cur_left.iter().cloned());
        }
        Ok(tally)
    }

    /// Takes what others moved to `cur`.
    async fn look_into_cur(
        &mut self,
        cursor: Cursor,
        tally: &mut Tally,
        shutdown: &Shutdown,
    ) -> Result<(), LookError> {
        let begun = self.folder.now().await?;
        let listing = self.folder.cur_mails(&self.known, cursor.since).await?;
        let left_before = tally.left.len();
        let (wanted, whole) = (listing.fresh.len(), listing.whole);
        let taken = self.take_all(listing.fresh, tally, shutdown).await?;
        let all = whole && taken.len() == wanted;
        self.cur_left = tally.left.get(left_before..).unwrap_or_default().to_vec();
        self.known = listing.old;
        self.known.extend(taken.into_iter().map(|found| found.base));
        let since = begun - jiff::SignedDuration::from_secs(MARGIN_SECONDS);
        if all && since.duration_since(cursor.since) > jiff::SignedDuration::from_secs(MARGIN_SECONDS) {
            self.save(Cursor { since, ..cursor }).await?;
        }
        Ok(())
    }

    /// Takes mails, many at a time; answers those that are on record. A mail that cannot be read is left and told
    /// of; a broker that is away ends the look.
    async fn take_all(
        &self,
        found: Vec<Found>,
        tally: &mut Tally,
        shutdown: &Shutdown,
    ) -> Result<Vec<Found>, LookError> {
        let mut taken = Vec::new();
        let mut failures = 0_usize;
        let mut failed = None;
        let halt = Shutdown::child(shutdown);
        let outcomes = futures::stream::iter(found)
            .take_until(halt.asked())
            .map(|found| async {
                let outcome = self.take(&found).await;
                (found, outcome)
            })
            .buffer_unordered(self.recorder.mails_max());
        let mut outcomes = std::pin::pin!(outcomes);
        while let Some((found, outcome)) = outcomes.next().await {
            match outcome {
                Ok(Some(recorded)) => {
                    tally.count(recorded);
                    taken.push(found);
                    failures = 0;
                }
                Ok(None) => {}
                Err(TakeError::Unreadable(reason)) => tally.left.push(reason),
                Err(TakeError::Record(error)) => {
                    failures += 1;
                    if failures >= FAILURES_MAX {
                        halt.ask();
                    }
                    tally.left.push(format!("{}: not recorded", found.place));
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if failures >= FAILURES_MAX => Err(LookError::Record(error)),
            _ => Ok(taken),
        }
    }

    /// Takes one mail; none when it is gone (somebody else moved it).
    async fn take(&self, found: &Found) -> Result<Option<Recorded>, TakeError> {
        let unreadable =
            |error: std::io::Error| TakeError::Unreadable(format!("{}: {}", found.place, error.kind()));
        let Some(file) = self.folder.stat(found).await.map_err(unreadable)? else { return Ok(None) };
        if !file.is_plain {
            return Err(TakeError::Unreadable(format!("{}: not a plain file", found.place)));
        }
        let permit = self.recorder.permit([file.size].into_iter()).await;
        let mail = match found.read(self.recorder.keep()).await {
            Ok(mail) => mail,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let recorded = self
            .recorder
            .record(mail, file.modified)
            .await
            .map_err(|error| TakeError::Record(Box::new(error)))?;
        drop(permit);
        fault::point("email::taken");
        if found.is_new() {
            // When it cannot be moved it is taken again later, which is harmless; but somebody should look.
            self.folder.move_to_cur(found).await.map_err(unreadable)?;
            fault::point("email::moved");
        }
        Ok(Some(recorded))
    }

    fn tell(&mut self, tally: Tally) {
        if tally.new + tally.again > 0 {
            let account = self.recorder.account();
            info!(
                channel = "email",
                account,
                new = tally.new,
                again = tally.again,
                "Recorded {} mails",
                tally.new
            );
        }
        let problem = tally.left.first().map(|first| {
            format!("{} entries of the Maildir cannot be taken, such as {first}", tally.left.len())
        });
        let (taken, problem) = (tally.new + tally.again, problem.unwrap_or_default());
        self.teller.looked(&self.name, Look::Done { taken, gaps: 0, problem });
        if tally.left != self.told {
            for reason in &tally.left {
                warn!(
                    channel = "email",
                    account = self.recorder.account(),
                    "An entry of the Maildir is left: {reason}"
                );
            }
            self.told = tally.left;
        }
    }

    async fn cursor(&mut self) -> Result<Cursor, LookError> {
        if let Some(cursor) = self.cursor {
            return Ok(cursor);
        }
        let stored = self.bucket().get(&self.key()).await?;
        let read = stored.and_then(|(value, _)| serde_json::from_slice::<Cursor>(&value).ok());
        if let Some(cursor) = read {
            self.cursor = Some(cursor);
            return Ok(cursor);
        }
        let since = match self.start {
            Start::Now => self.folder.now().await?,
            Start::All => Timestamp::UNIX_EPOCH,
        };
        let cursor = Cursor { since, first: (self.start == Start::Now).then_some(since) };
        self.save(cursor).await?;
        Ok(cursor)
    }

    async fn save(&mut self, cursor: Cursor) -> Result<(), KvError> {
        let value = serde_json::to_vec(&cursor).expect("a time always becomes JSON");
        self.bucket().put(&self.key(), value.into()).await?;
        self.cursor = Some(cursor);
        Ok(())
    }

    fn bucket(&self) -> redress_bus::Kv {
        self.recorder.intake().vault().bus().kv(name::CURSORS)
    }

    fn key(&self) -> String {
        key_of(self.recorder.intake().vault(), self.recorder.account(), &self.folder)
    }
}

/// Under which key the cursor of a Maildir is kept.
fn key_of(vault: &Vault, account: &str, folder: &Folder) -> String {
    let folder = vault.keys().name("maildir", &[&folder.root().to_string_lossy()]);
    format!("email.{account}.{folder}")
}

/// Why a mail was not taken.
enum TakeError {
    /// This one cannot be read; others can.
    Unreadable(String),
    /// The broker did not take it; it will not take others either.
    Record(Box<RecordError>),
}

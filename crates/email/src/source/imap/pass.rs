//! One look at the folder: windows of UIDs, their sizes, their bytes; record, flag, remember.

use std::collections::BTreeSet;

use async_imap::imap_proto::RequestId;
use bytes::Bytes;
use jiff::Timestamp;
use redress_bus::Kv;
use redress_contract::subject::name;
use redress_intake::IntakeError;
use redress_runtime::Shutdown;
use tokio::task::{JoinError, JoinSet};

use super::session::{Fetched, Opened, Session, set};
use super::{Cursor, ImapError, Source, Stored};
use crate::config::{Done, Start};
use crate::source::{FAILURES_MAX, Recorded, Recorder};

/// UIDs looked at in one window, at first; sparse folders are looked through in larger ones.
const WINDOW: u32 = 500;
const WINDOW_MAX: u32 = 1_000_000;
/// Mails fetched with one command.
const FETCH_MAILS_MAX: usize = 50;
/// A mail at which the connection broke this often is only tried now and then.
const SUSPECT_AT: u32 = 2;
const SUSPECT_EVERY: u64 = 20;

/// What a look at the folder found.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) new: usize,
    pub(super) again: usize,
    /// What went wrong without holding anything up.
    pub(super) problem: Option<String>,
}

/// Sizes and dates of mails that are there.
struct Known {
    uid: u32,
    size: u64,
    received_at: Option<Timestamp>,
}

type Tasks = JoinSet<(u32, Result<Recorded, IntakeError>)>;

/// What became of the mails of one window.
#[derive(Default)]
struct Outcome {
    recorded: BTreeSet<u32>,
    tally: Tally,
    not_recorded: Option<IntakeError>,
    failures_in_a_row: usize,
}

impl Outcome {
    fn note(&mut self, ended: Result<(u32, Result<Recorded, IntakeError>), JoinError>) {
        match ended {
            Ok((uid, Ok(recorded))) => {
                self.recorded.insert(uid);
                self.failures_in_a_row = 0;
                match recorded {
                    Recorded::New => self.tally.new += 1,
                    Recorded::Again => self.tally.again += 1,
                }
            }
            Ok((_, Err(error))) => {
                self.failures_in_a_row += 1;
                self.not_recorded = Some(error);
            }
            // A panic is a bug; the mail stays a gap, which is told of.
            Err(_) => {}
        }
    }
}

impl Source {
    /// Looks at the folder once, from where the last look ended.
    pub(super) async fn look(&mut self, shutdown: &Shutdown) -> Result<Tally, ImapError> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session::open(&self.place).await?,
        };
        let read_only = self.place.done == Done::Leave;
        let opened = session.select(&self.place.folder, read_only).await?;
        self.passes += 1;
        let mut tally = Tally::default();
        self.find_cursor(&mut session, &opened).await?;
        if opened.exists > 0 {
            self.fill_gaps(&mut session, &mut tally, shutdown).await?;
            self.walk(&mut session, &opened, &mut tally, shutdown).await?;
        } else {
            self.forget_all(&opened).await?;
        }
        self.flag_left_over(&mut session, &mut tally).await;
        self.careful = false;
        self.session = Some(session);
        Ok(tally)
    }

    fn bucket(&self) -> Kv {
        self.recorder.intake().vault().bus().kv(name::CURSORS)
    }

    fn key(&self) -> String {
        let keys = self.recorder.intake().vault().keys();
        let folder = keys.name("imap", &[&self.place.host, &self.place.user, &self.place.folder]);
        format!("email.{}.{folder}", self.recorder.account())
    }

    /// Finds out where to begin: where the last look ended, or as the settings say at first contact, or from the
    /// beginning when the server numbers its mails anew (what was recorded then is recognised by its bytes).
    async fn find_cursor(&mut self, session: &mut Session, opened: &Opened) -> Result<(), ImapError> {
        if self.cursor.as_ref().is_some_and(|stored| stored.cursor.validity == opened.validity) {
            return Ok(());
        }
        let (kv, key) = (self.bucket(), self.key());
        let stored = match Stored::load(&kv, &key).await? {
            Some(stored) if stored.cursor.validity == opened.validity => stored,
            Some(mut stored) => {
                stored.cursor = Cursor::from_the_beginning(opened.validity);
                stored.save().await?;
                stored
            }
            None => {
                let mut cursor = Cursor::from_the_beginning(opened.validity);
                if self.start == Start::Now {
                    cursor.next = match opened.next {
                        Some(next) => next,
                        None => after_last(session, opened).await?,
                    };
                }
                let mut stored = Stored::fresh(&kv, &key, cursor);
                stored.save().await?;
                stored
            }
        };
        self.cursor = Some(stored);
        Ok(())
    }

    fn stored(&mut self) -> Result<&mut Stored, ImapError> {
        self.cursor.as_mut().ok_or(ImapError::Unusable("nobody knows where to begin"))
    }

    async fn forget_all(&mut self, opened: &Opened) -> Result<(), ImapError> {
        let stored = self.stored()?;
        let next = opened.next.unwrap_or(stored.cursor.next).max(stored.cursor.next);
        if stored.cursor.gaps.is_empty() && stored.cursor.unflagged.is_empty() && stored.cursor.next == next {
            return Ok(());
        }
        stored.cursor = Cursor { next, ..Cursor::from_the_beginning(stored.cursor.validity) };
        Ok(stored.save().await?)
    }

    /// Tries again what could not be taken before.
    async fn fill_gaps(
        &mut self,
        session: &mut Session,
        tally: &mut Tally,
        shutdown: &Shutdown,
    ) -> Result<(), ImapError> {
        let gaps: Vec<u32> = self.stored()?.cursor.gaps.iter().copied().collect();
        for chunk in gaps.chunks(WINDOW as usize) {
            if shutdown.is_asked() {
                return Ok(());
            }
            let uids: BTreeSet<u32> = chunk.iter().copied().collect();
            let (known, unclear) = known_one_by_one(session, &uids).await?;
            let (outcome, lost) = self.take(session, &known).await;
            let there: BTreeSet<u32> = known.iter().map(|mail| mail.uid).chain(unclear).collect();
            // What the server no longer has was deleted by somebody.
            let is_gap = |uid: &u32| !uids.contains(uid) || (there.contains(uid) && !outcome.recorded.contains(uid));
            self.stored()?.cursor.gaps.retain(is_gap);
            self.finish(session, outcome, tally, lost).await?;
        }
        Ok(())
    }

    /// Goes through the UIDs that were not looked at yet.
    async fn walk(
        &mut self,
        session: &mut Session,
        opened: &Opened,
        tally: &mut Tally,
        shutdown: &Shutdown,
    ) -> Result<(), ImapError> {
        let end = match opened.next {
            Some(next) => next,
            None => after_last(session, opened).await?,
        };
        let mut window = WINDOW;
        while self.stored()?.cursor.next < end && !shutdown.is_asked() {
            let first = self.stored()?.cursor.next;
            let last = first.saturating_add(window - 1).min(end - 1);
            let known = match known(session, &format!("{first}:{last}")).await {
                Ok(known) => known,
                Err(ImapError::Refused { answer: "NO", .. }) if first < last => {
                    window = ((last - first) / 2).max(1);
                    continue;
                }
                Err(ImapError::Refused { answer: "NO", .. }) => {
                    // The server cannot even tell this one's size.
                    self.stored()?.cursor.gaps.insert(first);
                    Vec::new()
                }
                Err(other) => return Err(other),
            };
            window = next_window(window, known.len());
            self.take_window(session, &known, last, tally, shutdown).await?;
        }
        Ok(())
    }

    /// Takes the mails of a window, remembering in steps how far it came.
    async fn take_window(
        &mut self,
        session: &mut Session,
        known: &[Known],
        last: u32,
        tally: &mut Tally,
        shutdown: &Shutdown,
    ) -> Result<(), ImapError> {
        let mut rest = known;
        loop {
            let (step, later) = rest.split_at(rest.len().min(WINDOW as usize));
            rest = later;
            let (outcome, lost) = self.take(session, step).await;
            let stored = self.stored()?;
            stored.cursor.next = later.first().map_or(last + 1, |mail| mail.uid);
            let left = step.iter().map(|mail| mail.uid).filter(|uid| !outcome.recorded.contains(uid));
            stored.cursor.gaps.extend(left);
            self.finish(session, outcome, tally, lost).await?;
            if later.is_empty() || shutdown.is_asked() {
                return Ok(());
            }
        }
    }

    /// Fetches and records mails; answers what is on record, and the error that ended it early.
    async fn take(&mut self, session: &mut Session, known: &[Known]) -> (Outcome, Option<ImapError>) {
        let mut tasks = Tasks::new();
        let mut outcome = Outcome::default();
        let mut lost = None;
        for group in self.groups(known) {
            if let Err(error) = self.fetch_group(session, group, &mut tasks).await {
                lost = Some(error);
                break;
            }
            while let Some(ended) = tasks.try_join_next() {
                outcome.note(ended);
            }
            if outcome.failures_in_a_row >= FAILURES_MAX {
                break;
            }
        }
        while let Some(ended) = tasks.join_next().await {
            outcome.note(ended);
        }
        (outcome, lost)
    }

    /// Fetches a group; when the server says NO, its mails are asked for one by one, since NO to all may mean one.
    async fn fetch_group(
        &mut self,
        session: &mut Session,
        group: &[Known],
        tasks: &mut Tasks,
    ) -> Result<(), ImapError> {
        let mut wanted: BTreeSet<u32> =
            group.iter().filter(|mail| !self.is_left_alone(mail)).map(|mail| mail.uid).collect();
        match self.fetch(session, group, &mut wanted, tasks).await {
            Err(ImapError::Refused { answer: "NO", .. }) => {}
            other => return other,
        }
        for uid in wanted {
            match self.fetch(session, group, &mut BTreeSet::from([uid]), tasks).await {
                Ok(()) | Err(ImapError::Refused { answer: "NO", .. }) => {}
                other => return other,
            }
        }
        Ok(())
    }

    /// Splits mails into groups that are fetched with one command: few, and small together.
    fn groups<'k>(&self, known: &'k [Known]) -> Vec<&'k [Known]> {
        let mails_max = if self.careful { 1 } else { FETCH_MAILS_MAX };
        let bytes_max = (self.recorder.bytes_max() / 2) as u64;
        let mut groups = Vec::new();
        let (mut from, mut bytes) = (0, 0_u64);
        for (index, mail) in known.iter().enumerate() {
            if index > from && (index - from >= mails_max || bytes + mail.size > bytes_max) {
                groups.extend(known.get(from..index));
                (from, bytes) = (index, 0);
            }
            bytes += mail.size;
        }
        groups.extend(known.get(from..).filter(|rest| !rest.is_empty()));
        groups
    }

    fn is_left_alone(&self, mail: &Known) -> bool {
        let suspected = self.suspects.get(&mail.uid).is_some_and(|times| *times >= SUSPECT_AT);
        self.recorder.is_too_large(mail.size) || (suspected && !self.passes.is_multiple_of(SUSPECT_EVERY))
    }

    /// Fetches the wanted mails of a group and has them recorded; what came is wanted no longer.
    async fn fetch(
        &mut self,
        session: &mut Session,
        group: &[Known],
        wanted: &mut BTreeSet<u32>,
        tasks: &mut Tasks,
    ) -> Result<(), ImapError> {
        if wanted.is_empty() {
            return Ok(());
        }
        self.asked_alone = wanted.first().copied().filter(|_| wanted.len() == 1);
        self.careful = true;
        let request = session.fetch(&set(wanted), "UID BODY.PEEK[]").await?;
        while let Some((uid, raw)) = next_body(session, &request).await? {
            let Some(mail) = group.iter().find(|mail| mail.uid == uid) else { continue };
            if !wanted.remove(&uid) {
                continue;
            }
            let received_at = mail.received_at.unwrap_or_else(|| self.clock.now());
            let recorder: Recorder = self.recorder.clone();
            let permit = recorder.permit(raw.len() as u64).await;
            tasks.spawn(async move {
                let recorded = recorder.record(raw, received_at).await;
                drop(permit);
                (uid, recorded)
            });
        }
        // Only a connection that broke leaves these set: then mails are fetched one by one, to find the one to blame.
        self.careful = false;
        self.asked_alone = None;
        Ok(())
    }

    /// Flags what is on record and remembers how far the folder was read, in this order: a crash between the two
    /// fetches mails again, which is harmless.
    async fn finish(
        &mut self,
        session: &mut Session,
        outcome: Outcome,
        tally: &mut Tally,
        lost: Option<ImapError>,
    ) -> Result<(), ImapError> {
        tally.new += outcome.tally.new;
        tally.again += outcome.tally.again;
        let wants_flag = self.place.done != Done::Leave;
        let stored = self.stored()?;
        if wants_flag {
            stored.cursor.unflagged.extend(outcome.recorded);
        }
        if lost.is_none() {
            self.flag_left_over(session, tally).await;
        }
        self.stored()?.save().await?;
        match (lost, outcome.not_recorded) {
            (Some(error), _) => Err(error),
            (None, Some(error)) if outcome.failures_in_a_row >= FAILURES_MAX => {
                Err(ImapError::Record(Box::new(error)))
            }
            (None, _) => Ok(()),
        }
    }

    /// Flags or moves what is on record. A failure holds nothing up: it is told of and tried again.
    async fn flag_left_over(&mut self, session: &mut Session, tally: &mut Tally) {
        let Some(stored) = self.cursor.as_mut() else { return };
        while !stored.cursor.unflagged.is_empty() {
            let some: BTreeSet<u32> = stored.cursor.unflagged.iter().copied().take(WINDOW as usize).collect();
            let done = match &self.place.done {
                Done::Leave => Ok(()),
                Done::Flag(keyword) => session.flag(&some, keyword).await,
                Done::Move(folder) => session.move_to(&some, folder).await,
            };
            if let Err(error) = done {
                tally.problem = Some(redress_bus::failure::chain(&error));
                return;
            }
            stored.cursor.unflagged.retain(|uid| !some.contains(uid));
        }
    }
}

/// Sizes and dates of the mails that are there.
async fn known(session: &mut Session, uids: &str) -> Result<Vec<Known>, ImapError> {
    let request = session.fetch(uids, "UID RFC822.SIZE INTERNALDATE").await?;
    let mut known = Vec::new();
    while let Some(mail) = session.next(&request).await? {
        if let Some(size) = mail.size {
            known.push(Known { uid: mail.uid, size: u64::from(size), received_at: mail.received_at });
        }
    }
    known.sort_by_key(|mail| mail.uid);
    known.dedup_by_key(|mail| mail.uid);
    Ok(known)
}

/// The next mail of a fetch that has its bytes; flag changes told in between are passed over.
async fn next_body(session: &mut Session, request: &RequestId) -> Result<Option<(u32, Bytes)>, ImapError> {
    while let Some(fetched) = session.next(request).await? {
        if let Fetched { uid, raw: Some(raw), .. } = fetched {
            return Ok(Some((uid, raw)));
        }
    }
    Ok(None)
}

/// As [`known`], but when the server says NO to all it is asked for each; also answers those that it refuses.
async fn known_one_by_one(session: &mut Session, uids: &BTreeSet<u32>) -> Result<(Vec<Known>, Vec<u32>), ImapError> {
    match known(session, &set(uids)).await {
        Err(ImapError::Refused { answer: "NO", .. }) => {}
        other => return other.map(|known| (known, Vec::new())),
    }
    let (mut there, mut refused) = (Vec::new(), Vec::new());
    for uid in uids {
        match known(session, &uid.to_string()).await {
            Err(ImapError::Refused { answer: "NO", .. }) => refused.push(*uid),
            other => there.extend(other?),
        }
    }
    Ok((there, refused))
}

/// Sparse folders are looked through in larger windows, so that gaps in the numbering cost little.
fn next_window(window: u32, found: usize) -> u32 {
    match found {
        few if few < WINDOW as usize / 4 => window.saturating_mul(4).min(WINDOW_MAX),
        many if many > WINDOW as usize => (window / 4).max(WINDOW),
        _ => window,
    }
}

/// One more than the highest UID, for servers that give no UIDNEXT.
async fn after_last(session: &mut Session, opened: &Opened) -> Result<u32, ImapError> {
    if opened.exists == 0 {
        return Ok(1);
    }
    let last = known(session, "*").await?;
    Ok(last.last().map_or(1, |mail| mail.uid.saturating_add(1)))
}

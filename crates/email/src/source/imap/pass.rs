//! One look at the folder: windows of UIDs, their mails taken, flagged, and how far it came remembered.

use std::collections::BTreeSet;

use redress_bus::Kv;
use redress_contract::subject::name;
use redress_runtime::{Shutdown, fault};

use super::fetch::{Known, Outcome, Tally, known, known_one_by_one};
use super::session::{Opened, Session};
use super::{Cursor, ImapError, Source, Stored};
use crate::config::{Done, Start};
use crate::source::FAILURES_MAX;

/// UIDs looked at in one window, at first; sparse folders are looked through in larger ones.
const WINDOW: u32 = 500;
const WINDOW_MAX: u32 = 1_000_000;

/// A stretch of UIDs and the mails in it.
struct Window {
    known: Vec<Known>,
    last: u32,
}

impl Source {
    /// Looks at the folder once, from where the last look ended.
    pub(super) async fn look(&mut self, shutdown: &Shutdown) -> Result<Tally, ImapError> {
        self.recorder.ready().await.map_err(|error| ImapError::Record(Box::new(error)))?;
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
    /// beginning when the server numbers its mails anew (what was recorded then is recognised by its bytes, what was
    /// there before the first contact by its date).
    async fn find_cursor(&mut self, session: &mut Session, opened: &Opened) -> Result<(), ImapError> {
        if self.cursor.as_ref().is_some_and(|stored| stored.cursor.validity == opened.validity) {
            return Ok(());
        }
        let (kv, key) = (self.bucket(), self.key());
        let stored = match Stored::load(&kv, &key).await? {
            Some(stored) if stored.cursor.validity == opened.validity => stored,
            Some(mut stored) => {
                let next = next_uid(session, opened).await?;
                stored.cursor = stored.cursor.numbered_anew(opened.validity, next);
                stored.save().await?;
                stored
            }
            None => {
                let mut cursor = Cursor::from_the_beginning(opened.validity);
                if self.start == Start::Now {
                    cursor.next = next_uid(session, opened).await?;
                    cursor.since = Some(self.clock.now());
                }
                let mut stored = Stored::fresh(&kv, &key, cursor);
                stored.save().await?;
                fault::point("email::begun");
                stored
            }
        };
        self.cursor = Some(stored);
        Ok(())
    }

    fn stored(&mut self) -> Result<&mut Stored, ImapError> {
        self.cursor.as_mut().ok_or(ImapError::Unusable("nobody knows where to begin"))
    }

    /// Leaves out what was there before the first contact and only got a new UID.
    fn leave_out_old(&mut self, known: &mut Vec<Known>) -> Result<(), ImapError> {
        let cursor = &self.stored()?.cursor;
        known.retain(|mail| !cursor.is_from_before(mail.uid, mail.received_at));
        Ok(())
    }

    async fn forget_all(&mut self, opened: &Opened) -> Result<(), ImapError> {
        let stored = self.stored()?;
        let next = opened.next.unwrap_or(stored.cursor.next).max(stored.cursor.next);
        if stored.cursor.gaps.is_empty() && stored.cursor.unflagged.is_empty() && stored.cursor.next == next {
            return Ok(());
        }
        stored.cursor.next = next;
        stored.cursor.gaps.clear();
        stored.cursor.unflagged.clear();
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
            let (mut known, unclear) = known_one_by_one(session, &uids).await?;
            self.leave_out_old(&mut known)?;
            let (outcome, lost) = self.take(session, &known).await;
            let there: BTreeSet<u32> = known.iter().map(|mail| mail.uid).chain(unclear).collect();
            // What the server no longer has was deleted by somebody.
            let is_gap =
                |uid: &u32| !uids.contains(uid) || (there.contains(uid) && !outcome.recorded.contains(uid));
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
        let end = next_uid(session, opened).await?;
        let mut window = WINDOW;
        while self.stored()?.cursor.next < end && !shutdown.is_asked() {
            let first = self.stored()?.cursor.next;
            let last = first.saturating_add(window - 1).min(end - 1);
            let mut known = match known(session, &format!("{first}:{last}")).await {
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
            self.leave_out_old(&mut known)?;
            self.take_window(session, &Window { known, last }, tally, shutdown).await?;
        }
        Ok(())
    }

    /// Takes the mails of a window, remembering in steps how far it came.
    async fn take_window(
        &mut self,
        session: &mut Session,
        window: &Window,
        tally: &mut Tally,
        shutdown: &Shutdown,
    ) -> Result<(), ImapError> {
        let mut rest = window.known.as_slice();
        loop {
            let (step, later) = rest.split_at(rest.len().min(WINDOW as usize));
            rest = later;
            let (outcome, lost) = self.take(session, step).await;
            let stored = self.stored()?;
            stored.cursor.next = later.first().map_or(window.last + 1, |mail| mail.uid);
            let left = step.iter().map(|mail| mail.uid).filter(|uid| !outcome.recorded.contains(uid));
            stored.cursor.gaps.extend(left);
            self.finish(session, outcome, tally, lost).await?;
            if later.is_empty() || shutdown.is_asked() {
                return Ok(());
            }
        }
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
        fault::point("email::recorded");
        if lost.is_none() {
            self.flag_left_over(session, tally).await;
        }
        fault::point("email::flagged");
        self.stored()?.save().await?;
        fault::point("email::noted");
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

/// Sparse folders are looked through in larger windows, so that gaps in the numbering cost little.
fn next_window(window: u32, found: usize) -> u32 {
    match found {
        few if few < WINDOW as usize / 4 => window.saturating_mul(4).min(WINDOW_MAX),
        many if many > WINDOW as usize => (window / 4).max(WINDOW),
        _ => window,
    }
}

/// The UID of the next mail to come: UIDNEXT, or one more than the highest UID where the server gives none.
async fn next_uid(session: &mut Session, opened: &Opened) -> Result<u32, ImapError> {
    if let Some(next) = opened.next {
        return Ok(next);
    }
    if opened.exists == 0 {
        return Ok(1);
    }
    let last = known(session, "*").await?;
    Ok(last.last().map_or(1, |mail| mail.uid.saturating_add(1)))
}

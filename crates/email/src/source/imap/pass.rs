//! One look at the folder: windows of UIDs, their mails taken, flagged, and how far it came remembered.

use std::collections::BTreeSet;
use std::time::Duration;

use redress_contract::subject::name;
use redress_runtime::{Shutdown, fault};
use redress_vault::Vault;
use tokio::time::Instant;
use tracing::warn;

use super::cursor::Why;
use super::fetch::{Known, Outcome, Tally, known, known_one_by_one};
use super::session::{Opened, Session};
use super::uids::UidSet;
use super::{Cursor, ImapError, Source, Stored};
use crate::config::{Done, Imap, Start};
use crate::source::FAILURES_MAX;

/// UIDs looked at in one window, at first; sparse folders are looked through in larger ones.
const WINDOW: u32 = 500;
const WINDOW_MAX: u32 = 1_000_000;

/// How often the whole folder is listed, to find what came late.
const LIST_EVERY: Duration = Duration::from_mins(10);

/// A stretch of UIDs and the mails in it.
struct Window {
    known: Vec<Known>,
    last: u32,
}

impl Source {
    /// Looks at the folder once, from where the last look ended.
    pub(super) async fn look(&mut self, shutdown: &Shutdown) -> Result<Tally, ImapError> {
        self.recorder.ready().await.map_err(|error| ImapError::Record(Box::new(error)))?;
        let mut session = self.signed_in().await?;
        let read_only = self.place.done == Done::Leave;
        let opened = session.select(&self.folder, read_only).await?;
        self.passes += 1;
        let mut tally = Tally::default();
        self.find_cursor(&mut session, &opened).await?;
        if opened.exists > 0 {
            self.find_late(&mut session).await?;
            self.fill_gaps(&mut session, &mut tally, shutdown).await?;
            self.walk(&mut session, &opened, &mut tally, shutdown).await?;
        } else {
            self.forget_all(&opened, &mut tally).await?;
        }
        self.flag_left_over(&mut session, &mut tally).await?;
        self.careful = false;
        self.session = Some(session);
        Ok(tally)
    }

    /// The session at hand, or a new one when it signed in with what will not do much longer.
    async fn signed_in(&mut self) -> Result<Session, ImapError> {
        if let Some(session) = self.session.take() {
            let credential = self.login.credential().await?;
            self.teller.login_expires(self.login.expiring().await);
            if session.signed_in_with(&credential) {
                return Ok(session);
            }
            session.close().await;
        }
        self.listed_at = None;
        let session = self.login.open().await?;
        self.teller.login_expires(self.login.expiring().await);
        Ok(session)
    }

    /// Finds out where to begin: where the last look ended, or as the settings say at first contact, or from the
    /// beginning when the server numbers its mails anew (what was recorded then is recognised by its bytes, what was
    /// there before the first contact by its date).
    async fn find_cursor(&mut self, session: &mut Session, opened: &Opened) -> Result<(), ImapError> {
        if self.cursor.as_ref().is_some_and(|stored| stored.cursor.validity == opened.validity) {
            return Ok(());
        }
        let vault = self.recorder.intake().vault();
        let kv = vault.bus().kv(name::CURSORS);
        let key = key_of(vault, (self.recorder.account(), &self.place), &self.folder);
        let stored = match Stored::load(&kv, &key).await? {
            Some(stored) if stored.cursor.validity == opened.validity => stored,
            Some(mut stored) => {
                let next = next_uid(session, opened).await?;
                stored.cursor = stored.cursor.numbered_anew(opened.validity, next);
                stored.save().await?;
                stored
            }
            None => {
                let cursor = match self.start {
                    Start::All => Cursor::from_the_beginning(opened.validity),
                    Start::Now => {
                        let next = next_uid(session, opened).await?;
                        Cursor::from_now_on(opened.validity, next, self.clock.now())
                    }
                };
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

    /// Lists the folder now and then: what shows up among UIDs that were looked at is fetched like a gap.
    async fn find_late(&mut self, session: &mut Session) -> Result<(), ImapError> {
        if self.listed_at.is_some_and(|at| at.elapsed() < LIST_EVERY) {
            return Ok(());
        }
        let next = self.stored()?.cursor.next;
        let present = session.present_below(next).await?;
        let now = self.clock.now();
        let cursor = &mut self.stored()?.cursor;
        for uid in cursor.late(&present) {
            cursor.leave(uid, Why::Late, now);
        }
        self.listed_at = Some(Instant::now());
        Ok(())
    }

    /// Takes out what was there before the first contact and only got a new UID: it needs no look.
    fn leave_out_old(&mut self, known: &mut Vec<Known>) -> Result<(), ImapError> {
        let cursor = &mut self.stored()?.cursor;
        let (old, wanted): (Vec<Known>, Vec<Known>) =
            known.drain(..).partition(|mail| cursor.is_from_before(mail.uid, mail.received_at));
        cursor.settle(old.into_iter().map(|mail| mail.uid));
        *known = wanted;
        Ok(())
    }

    /// The folder is empty: no gap is left in it.
    async fn forget_all(&mut self, opened: &Opened, tally: &mut Tally) -> Result<(), ImapError> {
        let cursor = &mut self.stored()?.cursor;
        let next = opened.next.unwrap_or(cursor.next).max(cursor.next);
        if cursor.gaps.is_empty() && cursor.unflagged.is_empty() && cursor.next == next {
            return Ok(());
        }
        cursor.next = next;
        cursor.unflagged.clear();
        let gaps: Vec<u32> = cursor.gaps.iter().copied().collect();
        self.let_go(&gaps, tally)?;
        Ok(self.stored()?.save().await?)
    }

    /// These were there, and were taken out of the folder by somebody before they could be recorded.
    fn let_go(&mut self, uids: &[u32], tally: &mut Tally) -> Result<(), ImapError> {
        if uids.is_empty() {
            return Ok(());
        }
        let cursor = &mut self.stored()?.cursor;
        for uid in uids {
            cursor.let_go(*uid);
        }
        tally.gone += uids.len();
        let (account, count) = (self.recorder.account().to_owned(), uids.len());
        warn!(
            channel = "email",
            account, "Somebody took {count} mails out of the folder before they could be recorded"
        );
        metrics::counter!("redress_email_gone_total", "account" => account).increment(count as u64);
        Ok(())
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
            let there: BTreeSet<u32> = known.iter().map(|mail| mail.uid).chain(unclear).collect();
            let gone: Vec<u32> = uids.difference(&there).copied().collect();
            self.let_go(&gone, tally)?;
            self.leave_out_old(&mut known)?;
            let (outcome, lost) = self.take(session, &known).await;
            self.finish(session, (&known, outcome), tally, lost).await?;
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
                Err(error) if error.ends_the_look() => return Err(error),
                Err(_) if first < last => {
                    window = ((last - first) / 2).max(1);
                    continue;
                }
                Err(_) => {
                    // The server cannot even tell this one's size.
                    let now = self.clock.now();
                    self.stored()?.cursor.leave(first, Why::NotFetched, now);
                    Vec::new()
                }
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
            self.stored()?.cursor.next = later.first().map_or(window.last + 1, |mail| mail.uid);
            self.finish(session, (step, outcome), tally, lost).await?;
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
        (step, outcome): (&[Known], Outcome),
        tally: &mut Tally,
        lost: Option<ImapError>,
    ) -> Result<(), ImapError> {
        tally.new += outcome.tally.new;
        tally.again += outcome.tally.again;
        let (wants_flag, now) = (self.place.done != Done::Leave, self.clock.now());
        let moves = matches!(self.place.done, Done::Move(_));
        let cursor = &mut self.stored()?.cursor;
        for mail in step.iter().filter(|mail| !outcome.recorded.contains(&mail.uid)) {
            let why = outcome.left.get(&mail.uid).copied().unwrap_or(Why::NotRecorded);
            cursor.leave(mail.uid, why, now);
        }
        cursor.settle(outcome.recorded.iter().copied());
        if wants_flag {
            // What is not on record whole must stay where a person finds it.
            let stays = |uid: &u32| moves && outcome.cut.contains(uid);
            cursor.unflagged.extend(outcome.recorded.iter().filter(|uid| !stays(uid)));
        }
        if !outcome.recorded.is_empty() {
            self.teller.goes_on(&self.folder);
        }
        fault::point("email::recorded");
        let lost = match lost {
            Some(lost) => Some(lost),
            None => self.flag_left_over(session, tally).await.err(),
        };
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

    /// Flags or moves what is on record. A server that will not holds nothing up: that is told of and tried again.
    async fn flag_left_over(&mut self, session: &mut Session, tally: &mut Tally) -> Result<(), ImapError> {
        let Some(stored) = self.cursor.as_mut() else { return Ok(()) };
        while !stored.cursor.unflagged.is_empty() {
            let some: UidSet = stored.cursor.unflagged.iter().copied().take(WINDOW as usize).collect();
            let done = match &self.place.done {
                Done::Leave => Ok(()),
                Done::Flag(keyword) => session.flag(&some, keyword).await,
                Done::Move(folder) => session.move_to(&some, folder).await,
            };
            match done {
                Ok(()) => stored.cursor.unflagged.retain(|uid| !some.contains(*uid)),
                Err(error) if error.leaves_the_connection() => {
                    tally.problem = Some(redress_bus::failure::chain(&error));
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Under which key the cursor of a folder is kept.
pub(super) fn key_of(vault: &Vault, (account, place): (&str, &Imap), folder: &str) -> String {
    let folder = vault.keys().name("imap", &[&place.host, &place.user, folder]);
    format!("email.{account}.{folder}")
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
pub(super) async fn next_uid(session: &mut Session, opened: &Opened) -> Result<u32, ImapError> {
    if let Some(next) = opened.next {
        return Ok(next);
    }
    if opened.exists == 0 {
        return Ok(1);
    }
    let last = known(session, "*").await?;
    Ok(last.last().map_or(1, |mail| mail.uid.saturating_add(1)))
}

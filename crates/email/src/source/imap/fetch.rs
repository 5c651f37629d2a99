//! Fetching mails and having them recorded, many at a time. What was not recorded in the end is the caller's to
//! remember; a server that says NO to many is asked for each, since one mail must not hold up the others.

use std::collections::BTreeSet;

use async_imap::imap_proto::RequestId;
use bytes::Bytes;
use jiff::Timestamp;
use redress_runtime::fault;
use tokio::task::{JoinError, JoinSet};

use super::session::{Fetched, Session, set};
use super::{ImapError, Source};
use crate::source::{FAILURES_MAX, RecordError, Recorded};

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
pub(super) struct Known {
    pub(super) uid: u32,
    pub(super) size: u64,
    pub(super) received_at: Option<Timestamp>,
}

type Tasks = JoinSet<(u32, Result<Recorded, RecordError>)>;

/// What became of the mails of one window.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) recorded: BTreeSet<u32>,
    pub(super) tally: Tally,
    pub(super) not_recorded: Option<RecordError>,
    pub(super) failures_in_a_row: usize,
}

impl Outcome {
    fn note(&mut self, ended: Result<(u32, Result<Recorded, RecordError>), JoinError>) {
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
    /// Fetches and records mails; answers what is on record, and the error that ended it early.
    pub(super) async fn take(
        &mut self,
        session: &mut Session,
        known: &[Known],
    ) -> (Outcome, Option<ImapError>) {
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
            let recorder = self.recorder.clone();
            let permit = recorder.permit(raw.len() as u64).await;
            tasks.spawn(async move {
                fault::point("email::fetched");
                let ended = recorder.record(raw, received_at).await;
                drop(permit);
                (uid, ended)
            });
        }
        // Only a connection that broke leaves these set: then mails are fetched one by one, to find the one to blame.
        self.careful = false;
        self.asked_alone = None;
        Ok(())
    }
}

/// Sizes and dates of the mails that are there.
pub(super) async fn known(session: &mut Session, uids: &str) -> Result<Vec<Known>, ImapError> {
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

/// As [`known`], but when the server says NO to all it is asked for each; also answers those that it refuses.
pub(super) async fn known_one_by_one(
    session: &mut Session,
    uids: &BTreeSet<u32>,
) -> Result<(Vec<Known>, Vec<u32>), ImapError> {
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

/// The next mail of a fetch that has its bytes; flag changes told in between are passed over.
async fn next_body(session: &mut Session, request: &RequestId) -> Result<Option<(u32, Bytes)>, ImapError> {
    while let Some(fetched) = session.next(request).await? {
        if let Fetched { uid, raw: Some(raw), .. } = fetched {
            return Ok(Some((uid, raw)));
        }
    }
    Ok(None)
}

//! How far a folder was read: in the bucket `cursors`, by UIDVALIDITY and the set of UIDs that need no further look.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use redress_bus::{Kv, KvError};
use serde::{Deserialize, Serialize};

use super::uids::UidSet;

/// What was looked at, what of it is on record, and what is not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Cursor {
    /// UIDs mean something only under this.
    pub(super) validity: u32,
    /// The first UID that was not looked at.
    pub(super) next: u32,
    /// UIDs that need no further look: on record, or from before the first look. A mail that shows up below `next` and
    /// is not among them came late (servers that copy from one another do this), and is a gap.
    pub(super) seen: UidSet,
    /// UIDs that are there and not on record yet.
    pub(super) gaps: BTreeSet<u32>,
    /// Of some gaps, why and since when.
    pub(super) notes: BTreeMap<u32, Note>,
    /// UIDs that were taken out of the folder by somebody before they could be recorded.
    pub(super) gone: UidSet,
    /// UIDs below were there before the first look and not wanted.
    pub(super) first: u32,
    /// UIDs that are on record, but not flagged or moved yet.
    pub(super) unflagged: BTreeSet<u32>,
    /// When the folder was first looked at, if only what came from then on is wanted.
    pub(super) since: Option<Timestamp>,
    /// UIDs below were given when the server numbered its mails anew: only their dates tell what is wanted. A mail
    /// with a later UID is wanted whatever its date, since somebody may have moved it here.
    pub(super) renumbered: u32,
}

/// Why a mail is not on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) why: Why,
    pub(super) since: Timestamp,
}

/// Why a mail is not on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Why {
    /// It came below UIDs that were there before it; it is fetched next.
    Late,
    /// An earlier release left it for its size; it is fetched next.
    TooLarge,
    /// The server does not hand it out.
    NotFetched,
    /// The connection broke more than once when it was asked for.
    Suspect,
    /// The broker did not take it.
    NotRecorded,
}

/// Gaps that are kept with their reason.
const NOTES_MAX: usize = 1000;

/// Mails that wait for their flag at most; beyond, flags are left out rather than the cursor growing without end.
const UNFLAGGED_MAX: usize = 5000;

/// Clocks of servers and time zones of dates differ; so much older than `since` is surely from before.
const SINCE_MARGIN: SignedDuration = SignedDuration::from_hours(24);

/// A cursor and where it is kept.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) cursor: Cursor,
    revision: u64,
    kv: Kv,
    key: String,
}

impl Cursor {
    /// Everything from the first UID on, under a new validity.
    pub(super) fn from_the_beginning(validity: u32) -> Self {
        Self { validity, next: 1, ..Self::default() }
    }

    /// What comes from now on, which has UIDs from `next` on.
    pub(super) fn from_now_on(validity: u32, next: u32, now: Timestamp) -> Self {
        let seen = UidSet::run(1, next.saturating_sub(1));
        Self { validity, next, seen, first: next, since: Some(now), ..Self::default() }
    }

    /// A cursor of an earlier release knew only how far it came.
    fn completed(mut self) -> Self {
        if self.seen.is_empty() {
            let mut first = 1;
            for gap in &self.gaps {
                self.seen.insert_run(first, gap.saturating_sub(1));
                first = gap.saturating_add(1);
            }
            self.seen.insert_run(first, self.next.saturating_sub(1));
        }
        self
    }

    /// These are on record, or not wanted.
    pub(super) fn settle(&mut self, uids: impl IntoIterator<Item = u32>) {
        for uid in uids {
            self.seen.insert(uid);
            self.gaps.remove(&uid);
            self.notes.remove(&uid);
        }
    }

    /// This one is there and not on record.
    pub(super) fn leave(&mut self, uid: u32, why: Why, now: Timestamp) {
        self.gaps.insert(uid);
        let since = self.notes.get(&uid).map_or(now, |note| note.since);
        if self.notes.len() < NOTES_MAX || self.notes.contains_key(&uid) {
            self.notes.insert(uid, Note { why, since });
        }
    }

    /// Somebody took this gap out of the folder. Should it lie there again, it is late.
    pub(super) fn let_go(&mut self, uid: u32) {
        self.gaps.remove(&uid);
        self.notes.remove(&uid);
        self.gone.insert(uid);
    }

    /// Those of the mails that are there which nobody looked at, though later ones were.
    pub(super) fn late(&self, present: &BTreeSet<u32>) -> Vec<u32> {
        let unknown = |uid: &u32| *uid < self.next && !self.seen.contains(*uid) && !self.gaps.contains(uid);
        present.iter().copied().filter(unknown).collect()
    }

    /// Everything under a new validity, in which UIDs below `next` are given to mails that are there already.
    pub(super) fn numbered_anew(&self, validity: u32, next: u32) -> Self {
        Self { since: self.since, renumbered: next, ..Self::from_the_beginning(validity) }
    }

    /// True for a mail that was there before the first look and only got a new UID.
    pub(super) fn is_from_before(&self, uid: u32, received_at: Option<Timestamp>) -> bool {
        let (Some(since), Some(received_at)) = (self.since, received_at) else { return false };
        uid < self.renumbered && since.duration_since(received_at) > SINCE_MARGIN
    }

    /// What two readers of the same folder have done between them.
    fn merged(mut self, other: &Self) -> Self {
        if self.validity != other.validity {
            return self;
        }
        self.seen.join(&other.seen);
        self.gone.join(&other.gone);
        self.gaps.extend(&other.gaps);
        self.notes.extend(other.notes.clone());
        self.unflagged.extend(&other.unflagged);
        let seen = &self.seen;
        self.gaps.retain(|uid| !seen.contains(*uid));
        self.notes.retain(|uid, _| !seen.contains(*uid));
        self.next = self.next.max(other.next);
        self
    }
}

impl Stored {
    /// The cursor kept under this key; none at first contact.
    pub(super) async fn load(kv: &Kv, key: &str) -> Result<Option<Self>, KvError> {
        let stored = kv.get(key).await?;
        Ok(stored.and_then(|(value, revision)| {
            let cursor: Cursor = serde_json::from_slice(&value).ok()?;
            Some(Self { cursor: cursor.completed(), revision, kv: kv.clone(), key: key.to_owned() })
        }))
    }

    /// A cursor that is not kept yet.
    pub(super) fn fresh(kv: &Kv, key: &str, cursor: Cursor) -> Self {
        Self { cursor, revision: 0, kv: kv.clone(), key: key.to_owned() }
    }

    /// Keeps the cursor. When another reader of the folder kept his, both are joined.
    pub(super) async fn save(&mut self) -> Result<(), KvError> {
        while self.cursor.unflagged.len() > UNFLAGGED_MAX {
            self.cursor.unflagged.pop_first();
        }
        for _ in 0..10 {
            let value = serde_json::to_vec(&self.cursor).expect("numbers always become JSON");
            match self.kv.update(&self.key, value.into(), self.revision).await {
                Ok(revision) => {
                    self.revision = revision;
                    return Ok(());
                }
                Err(KvError::Conflict { .. }) => {}
                Err(other) => return Err(other),
            }
            let Some((value, revision)) = self.kv.get(&self.key).await? else {
                self.revision = 0;
                continue;
            };
            self.revision = revision;
            if let Ok(other) = serde_json::from_slice::<Cursor>(&value) {
                self.cursor = std::mem::take(&mut self.cursor).merged(&other.completed());
            }
        }
        Err(KvError::Conflict { bucket: "cursors".to_owned(), key: self.key.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(next: u32, gaps: &[u32]) -> Cursor {
        let gaps: BTreeSet<u32> = gaps.iter().copied().collect();
        let seen = (1..next).filter(|uid| !gaps.contains(uid)).collect();
        Cursor { validity: 1, next, seen, gaps, ..Cursor::default() }
    }

    #[test]
    fn two_readers_join_what_they_did() {
        let ours = cursor(10, &[3, 5]);
        let theirs = cursor(20, &[5, 12]);
        assert_eq!(ours.clone().merged(&theirs), cursor(20, &[5, 12]));
        assert_eq!(theirs.merged(&ours), cursor(20, &[5, 12]));
        // A gap beyond what the other looked at stays one.
        assert_eq!(cursor(4, &[]).merged(&cursor(9, &[7])), cursor(9, &[7]));
    }

    #[test]
    fn a_mail_that_shows_up_below_others_is_late() {
        let mut read = cursor(1, &[]);
        (read.next, read.seen) = (10, [1, 2, 3, 8, 9].into_iter().collect());
        assert_eq!(read.late(&BTreeSet::from([1, 3, 5, 9, 12])), [5], "4 to 7 were not there before");
        read.leave(5, Why::Late, Timestamp::UNIX_EPOCH);
        assert!(read.late(&BTreeSet::from([5])).is_empty());
        read.settle([5]);
        assert!(read.gaps.is_empty() && read.notes.is_empty() && read.seen.contains(5));
        assert!(Cursor::from_now_on(1, 10, Timestamp::UNIX_EPOCH).late(&BTreeSet::from([1, 9])).is_empty());
    }

    #[test]
    fn what_vanished_is_no_gap_and_not_forgotten() {
        let mut read = cursor(10, &[4]);
        read.leave(4, Why::NotFetched, Timestamp::UNIX_EPOCH);
        read.let_go(4);
        assert_eq!((read.gaps.len(), read.notes.len(), read.gone.to_string().as_str()), (0, 0, "4"));
    }

    #[test]
    fn another_validity_is_another_folder() {
        let renewed = Cursor { validity: 2, ..cursor(1, &[]) };
        assert_eq!(renewed.clone().merged(&cursor(50, &[])), renewed);
    }

    #[test]
    fn numbered_anew_what_was_there_before_the_first_look_stays_out() {
        let since: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
        let date = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let first = Cursor { since: Some(since), ..cursor(50, &[3]) };
        assert!(!first.is_from_before(60, date("2020-01-01T00:00:00Z")), "moved here by somebody");
        let anew = first.numbered_anew(2, 40);
        assert_eq!((anew.validity, anew.next, anew.gaps.len()), (2, 1, 0));
        assert!(anew.is_from_before(39, date("2026-03-09T11:59:59Z")));
        assert!(!anew.is_from_before(39, date("2026-03-09T12:00:00Z")), "within the margin");
        assert!(!anew.is_from_before(39, None));
        assert!(!anew.is_from_before(40, date("2020-01-01T00:00:00Z")), "came after the numbering");
        let all = cursor(50, &[]).numbered_anew(2, 40);
        assert!(!all.is_from_before(1, date("2020-01-01T00:00:00Z")), "everything is wanted");
    }

    #[test]
    fn a_cursor_of_before_is_read() {
        let read: Cursor =
            serde_json::from_str(r#"{"validity":1,"next":9,"gaps":[7],"unflagged":[]}"#).unwrap();
        let read = read.completed();
        assert_eq!((read.next, read.gaps, read.seen.to_string().as_str()), (9, BTreeSet::from([7]), "1:6,8"));
    }
}

//! How far a folder was read: in the bucket `cursors`, by UIDs.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use redress_bus::{Kv, KvError};
use serde::{Deserialize, Serialize};

/// Mails below `next` are done, but for the gaps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Cursor {
    /// UIDs mean something only under this.
    pub(super) validity: u32,
    /// The first UID that was not looked at.
    pub(super) next: u32,
    /// UIDs below that are not on record yet.
    pub(super) gaps: BTreeSet<u32>,
    /// UIDs that are on record, but not flagged or moved yet.
    pub(super) unflagged: BTreeSet<u32>,
    /// When the folder was first looked at, if only what came from then on is wanted.
    pub(super) since: Option<Timestamp>,
    /// UIDs below were given when the server numbered its mails anew: only their dates tell what is wanted. A mail
    /// with a later UID is wanted whatever its date, since somebody may have moved it here.
    pub(super) renumbered: u32,
}

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

    /// Everything under a new validity, in which UIDs below `next` are given to mails that are there already.
    pub(super) fn numbered_anew(&self, validity: u32, next: u32) -> Self {
        Self { since: self.since, renumbered: next, ..Self::from_the_beginning(validity) }
    }

    /// True for a mail that was there before the first look and only got a new UID.
    pub(super) fn is_from_before(&self, uid: u32, received_at: Option<Timestamp>) -> bool {
        let (Some(since), Some(received_at)) = (self.since, received_at) else { return false };
        uid < self.renumbered && since.duration_since(received_at) > SINCE_MARGIN
    }

    fn has_done(&self, uid: u32) -> bool {
        uid < self.next && !self.gaps.contains(&uid)
    }

    /// What two readers of the same folder have done between them.
    fn merged(self, other: &Self) -> Self {
        if self.validity != other.validity {
            return self;
        }
        let gaps = self
            .gaps
            .union(&other.gaps)
            .copied()
            .filter(|uid| !self.has_done(*uid) && !other.has_done(*uid))
            .collect();
        Self { next: self.next.max(other.next), gaps, ..self }
    }
}

impl Stored {
    /// The cursor kept under this key; none at first contact.
    pub(super) async fn load(kv: &Kv, key: &str) -> Result<Option<Self>, KvError> {
        let stored = kv.get(key).await?;
        Ok(stored.and_then(|(value, revision)| {
            let cursor = serde_json::from_slice(&value).ok()?;
            Some(Self { cursor, revision, kv: kv.clone(), key: key.to_owned() })
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
                self.cursor = std::mem::take(&mut self.cursor).merged(&other);
            }
        }
        Err(KvError::Conflict { bucket: "cursors".to_owned(), key: self.key.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(next: u32, gaps: &[u32]) -> Cursor {
        Cursor { validity: 1, next, gaps: gaps.iter().copied().collect(), ..Cursor::default() }
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
        assert_eq!(read, cursor(9, &[7]));
    }
}

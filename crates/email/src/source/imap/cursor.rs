//! How far a folder was read: in the bucket `cursors`, by UIDs.

use std::collections::BTreeSet;

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
}

/// Mails that wait for their flag at most; beyond, flags are left out rather than the cursor growing without end.
const UNFLAGGED_MAX: usize = 5000;

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
        Cursor { validity: 1, next, gaps: gaps.iter().copied().collect(), unflagged: BTreeSet::new() }
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
}

//! How far an account was read: kept sealed in the broker after what it covers is on record, so that whoever reads on begins
//! there. It names posts, and by them people.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use redress_bus::{Kv, KvError};
use redress_contract::subject::name::CURSORS;
use redress_vault::Vault;
use serde::{Deserialize, Serialize};

/// Posts that are remembered: enough to know those of the last pages, and to look for edits.
const RECENT_MAX: usize = 500;
/// Gaps are told for so long.
const GAPS_TOLD_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far one place of an account (its notifications, a search, a feed) was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Mark {
    /// An id or a time: the platform's own word for the newest that is on record.
    pub(crate) newest: String,
    /// What a conditional request says (RFC 9110 §13.1): the entity tag, the date of the last change.
    pub(crate) etag: String,
    pub(crate) modified: String,
}

/// A post that is on record, to notice when it is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recent {
    pub(crate) id: String,
    pub(crate) revision: String,
    /// The platform's id of its author.
    pub(crate) author: String,
    /// The first post of its thread.
    pub(crate) thread: String,
    pub(crate) is_direct: bool,
    pub(crate) recorded_at: Timestamp,
    pub(crate) looked_at: Timestamp,
}

/// A stretch of time of which posts may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gap {
    pub(crate) place: String,
    pub(crate) after: String,
    pub(crate) before: String,
    pub(crate) found_at: Timestamp,
}

/// Everything that is kept of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) marks: BTreeMap<String, Mark>,
    pub(crate) recent: VecDeque<Recent>,
    pub(crate) gaps: Vec<Gap>,
    /// When it was read first.
    pub(crate) began_at: Option<Timestamp>,
}

impl State {
    /// A post that is remembered.
    pub(crate) fn recent(&self, id: &str) -> Option<&Recent> {
        self.recent.iter().rev().find(|known| known.id == id)
    }

    /// Remembers a post, or its new version.
    pub(crate) fn remember(&mut self, post: Recent) {
        if let Some(known) = self.recent.iter_mut().find(|known| known.id == post.id) {
            known.revision = post.revision;
            return;
        }
        self.recent.push_back(post);
        if self.recent.len() > RECENT_MAX {
            self.recent.pop_front();
        }
    }

    /// The posts whose turn it is to be looked at again: the `most` that wait longest, of those recorded after `since`.
    pub(crate) fn next_to_look_at(&mut self, since: Timestamp, now: Timestamp, most: usize) -> Vec<Recent> {
        let mut due: Vec<&mut Recent> =
            self.recent.iter_mut().filter(|post| post.recorded_at >= since).collect();
        due.sort_by_key(|post| post.looked_at);
        let due = due.into_iter().take(most).map(|post| {
            post.looked_at = now;
            post.clone()
        });
        due.collect()
    }

    /// Gaps of the last days.
    pub(crate) fn gaps(&self, now: Timestamp) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(move |gap| now.duration_since(gap.found_at) <= GAPS_TOLD_FOR)
    }
}

/// Where the state of one account lies.
pub(crate) struct Kept {
    kv: Kv,
    key: String,
    vault: Vault,
    revision: u64,
}

impl Kept {
    pub(crate) fn new(account: &str, what: &str, vault: &Vault) -> Self {
        let key = format!("social.{account}.{what}");
        Self { kv: vault.bus().kv(CURSORS), key, vault: vault.clone(), revision: 0 }
    }

    /// What is kept; none at first, or when it was sealed under other keys.
    pub(crate) async fn load<T: for<'d> Deserialize<'d>>(&mut self) -> Result<Option<T>, KvError> {
        let Some((sealed, revision)) = self.kv.get(&self.key).await? else {
            self.revision = 0;
            return Ok(None);
        };
        self.revision = revision;
        let plain = self.vault.open_secret(&self.key, &sealed);
        Ok(plain.and_then(|plain| serde_json::from_slice(&plain).ok()))
    }

    /// Keeps it, unless somebody else did meanwhile.
    ///
    /// # Errors
    /// [`KvError::Conflict`] when somebody did.
    pub(crate) async fn save<T: Serialize>(&mut self, value: &T) -> Result<(), KvError> {
        let plain = serde_json::to_vec(value).expect("words and times always become JSON");
        let sealed = self.vault.seal_secret(&self.key, &plain);
        self.revision = self.kv.update(&self.key, sealed.into(), self.revision).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(id: usize) -> Recent {
        let at = Timestamp::from_second(1_769_940_000 + i64::try_from(id).unwrap()).unwrap();
        Recent {
            id: id.to_string(),
            revision: String::new(),
            author: String::new(),
            thread: String::new(),
            is_direct: false,
            recorded_at: at,
            looked_at: at,
        }
    }

    #[test]
    fn the_oldest_posts_are_forgotten_and_each_is_looked_at_in_turn() {
        let mut state = State::default();
        (0..RECENT_MAX + 3).for_each(|id| state.remember(post(id)));
        assert_eq!(
            (state.recent.len(), state.recent("2"), state.recent("3").is_some()),
            (RECENT_MAX, None, true)
        );
        let now = Timestamp::from_second(1_769_990_000).unwrap();
        let first: Vec<_> =
            state.next_to_look_at(Timestamp::UNIX_EPOCH, now, 2).into_iter().map(|post| post.id).collect();
        let next: Vec<_> =
            state.next_to_look_at(Timestamp::UNIX_EPOCH, now, 2).into_iter().map(|post| post.id).collect();
        assert_eq!(
            (first, next),
            (vec!["3".to_owned(), "4".to_owned()], vec!["5".to_owned(), "6".to_owned()])
        );
    }
}

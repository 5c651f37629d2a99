//! A set of UIDs, kept as runs: what is on record of a folder is mostly one run, however many mails it holds. Written as
//! IMAP writes sets: `1:3,7`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Runs kept at most; beyond, the oldest holes are closed rather than the set growing without end.
const RUNS_MAX: usize = 5000;

/// A set of UIDs: first of a run → its last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct UidSet(BTreeMap<u32, u32>);

/// A text that is no set.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no set of UIDs")]
pub(super) struct NotASet;

impl UidSet {
    /// The UIDs from `first` to `last`; none when `last` lies before.
    pub(super) fn run(first: u32, last: u32) -> Self {
        let mut set = Self::default();
        set.insert_run(first, last);
        set
    }

    pub(super) fn contains(&self, uid: u32) -> bool {
        self.0.range(..=uid).next_back().is_some_and(|(_, last)| *last >= uid)
    }

    pub(super) fn insert(&mut self, uid: u32) {
        self.insert_run(uid, uid);
    }

    /// Adds a run, joining those that it touches.
    pub(super) fn insert_run(&mut self, mut first: u32, mut last: u32) {
        if first > last {
            return;
        }
        while let Some((&begin, &end)) = self.0.range(..=last.saturating_add(1)).next_back() {
            if end.saturating_add(1) < first {
                break;
            }
            first = first.min(begin);
            last = last.max(end);
            self.0.remove(&begin);
        }
        self.0.insert(first, last);
        while self.0.len() > RUNS_MAX {
            self.close_first_hole();
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (first, last) in &other.0 {
            self.insert_run(*first, *last);
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.0.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn close_first_hole(&mut self) {
        let Some((first, _)) = self.0.pop_first() else { return };
        let Some((_, last)) = self.0.pop_first() else { return };
        self.0.insert(first, last);
    }
}

impl FromIterator<u32> for UidSet {
    fn from_iter<I: IntoIterator<Item = u32>>(uids: I) -> Self {
        let mut set = Self::default();
        uids.into_iter().for_each(|uid| set.insert(uid));
        set
    }
}

impl fmt::Display for UidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            if first == last { write!(f, "{comma}{first}")? } else { write!(f, "{comma}{first}:{last}")? }
        }
        Ok(())
    }
}

impl FromStr for UidSet {
    type Err = NotASet;

    fn from_str(text: &str) -> Result<Self, NotASet> {
        let mut set = Self::default();
        for run in text.split(',').filter(|run| !run.is_empty()) {
            let (first, last) = run.split_once(':').unwrap_or((run, run));
            let (first, last) = (first.parse().map_err(|_| NotASet)?, last.parse().map_err(|_| NotASet)?);
            set.insert_run(first, last);
        }
        Ok(set)
    }
}

impl From<UidSet> for String {
    fn from(set: UidSet) -> Self {
        set.to_string()
    }
}

impl TryFrom<String> for UidSet {
    type Error = NotASet;

    fn try_from(text: String) -> Result<Self, NotASet> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sets_join_runs() {
        let check = |uids: &[u32], expected: &str| {
            assert_eq!(uids.iter().copied().collect::<UidSet>().to_string(), expected);
        };
        check(&[1, 2, 3, 7, 9, 10], "1:3,7,9:10");
        check(&[3, 1, 2], "1:3");
        check(&[u32::MAX, u32::MAX - 1, 0], "0,4294967294:4294967295");
        check(&[], "");
        assert_eq!(UidSet::run(5, 4), UidSet::default());
        assert_eq!("1:x".parse::<UidSet>(), Err(NotASet));
    }

    #[test]
    fn a_set_with_too_many_holes_loses_the_oldest() {
        let set: UidSet = (0..6000).map(|n| n * 2).collect();
        assert_eq!(set.0.len(), RUNS_MAX);
        assert!(set.contains(1) && !set.contains(11_997) && set.contains(11_998));
    }

    proptest! {
        #[test]
        fn it_holds_what_was_put_in(uids in proptest::collection::vec(0_u32..60, 0..40), runs in proptest::collection::vec((0_u32..60, 0_u32..9), 0..9)) {
            let mut set: UidSet = uids.iter().copied().collect();
            let mut plain: BTreeSet<u32> = uids.into_iter().collect();
            for (first, length) in runs {
                set.insert_run(first, first + length);
                plain.extend(first..=first + length);
            }
            for uid in 0..80 {
                prop_assert_eq!(set.contains(uid), plain.contains(&uid));
            }
            prop_assert_eq!(set.len(), plain.len() as u64);
            prop_assert_eq!(set.to_string().parse::<UidSet>().unwrap(), set);
        }
    }
}

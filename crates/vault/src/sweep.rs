//! The sweep: data keys and blobs that no message names. Attempts that came to nothing leave them behind: a repeat that
//! found its contact on record, a crash between blob and message, an upload that was broken off.

use std::collections::HashSet;
use std::time::Duration;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use redress_bus::ReadError;
use redress_bus::blobs::Listed;
use redress_contract::subject::name;

use crate::Vault;
use crate::data_keys::parse_entry;
use crate::message::key_named;
use crate::seal::KeyName;

/// Nothing younger is swept: the message that names it may be on its way.
pub const MIN_AGE: Duration = Duration::from_hours(24);

/// What takes longer than this from its first file to its message is refused, well before its files are old enough to be
/// swept.
pub const UNDER_WAY_MAX: Duration = Duration::from_hours(12);

/// So many unnamed keys are never suspicious, however few there are in all.
const ALWAYS_FINE: usize = 1000;

/// What a sweep took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Data keys.
    pub keys: usize,
    /// Blobs, and chunks of blobs that were never finished.
    pub blobs: usize,
}

/// A sweep that was broken off; the next one goes on.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The broker did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// So many keys are named by no message that messages are more likely missing than keys too many.
    #[error(
        "sweep data keys: no message names {unnamed} of {all}; if INTAKE, CONTENT or OUTBOX was cut or is being \
         restored, their keys must stay"
    )]
    TooMany {
        /// Keys that no message names.
        unnamed: usize,
        /// Keys of that age.
        all: usize,
    },
}

impl Vault {
    /// Takes away what no message names and is older than [`MIN_AGE`] at this time.
    ///
    /// # Errors
    /// [`SweepError`]; nothing that a message names is ever touched.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, SweepError> {
        // First what may go, then what is named: whatever is stored meanwhile is too young to be among the first.
        let Old { mut keys, others } = self.entries_older_than(now).await?;
        let mut blobs = self.bus.blobs().list().await?;
        blobs.retain(|blob| is_old(blob.stored_at, now));
        let all = keys.len();
        let mut named = HashSet::new();
        for stream in [name::INTAKE, name::CONTENT, name::OUTBOX] {
            let mut scan = self.bus.scan(stream, ">", 1).await?;
            while let Some(stored) = scan.try_next().await? {
                named.extend(key_named(&stored.headers));
            }
        }
        keys.retain(|key| !named.contains(key));
        if keys.len() > ALWAYS_FINE && keys.len() * 2 > all {
            return Err(SweepError::TooMany { unnamed: keys.len(), all });
        }
        let mut swept = Swept::default();
        for blob in blobs.iter().filter(|blob| !is_named(blob, &named)) {
            self.bus.blobs().erase_listed(blob).await?;
            swept.blobs += 1;
        }
        for key in &keys {
            swept.keys += usize::from(self.remove_key(key).await?);
        }
        for seq in others {
            self.data_keys().erase(seq).await?;
        }
        Ok(swept)
    }

    async fn entries_older_than(&self, now: Timestamp) -> Result<Old, ReadError> {
        let bucket = self.data_keys();
        let mut scan = self.bus.scan(&format!("KV_{}", name::KEYS), ">", 1).await?;
        let mut old = Old::default();
        while let Some(stored) = scan.try_next().await? {
            if !is_old(stored.stored_at, now) {
                continue;
            }
            match bucket.key_of(&stored).and_then(parse_entry) {
                Some((name, _)) => drop(old.keys.insert(name)),
                None => old.others.push(stored.seq),
            }
        }
        Ok(old)
    }
}

/// What the bucket of keys holds that is old enough to be swept.
#[derive(Default)]
struct Old {
    keys: HashSet<KeyName>,
    /// Marks of data keys that were destroyed, and what is no data key.
    others: Vec<u64>,
}

fn is_old(stored_at: Timestamp, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(stored_at)).is_ok_and(|age| age > MIN_AGE)
}

fn is_named(blob: &Listed, named: &HashSet<KeyName>) -> bool {
    let key =
        blob.name.as_deref().and_then(|name| name.split_once('/')).and_then(|(key, _)| KeyName::parse(key));
    key.is_some_and(|key| named.contains(&key))
}

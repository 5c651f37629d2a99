//! The bucket `keys`: data keys, wrapped. Entry `<name>.<id of the pair>` holds the data key of that name, wrapped for that
//! pair. An entry is written once, before the message that needs it; the stream lets nobody write over it, since a lost
//! data key is a lost contact. Destroying all entries of a name erases what it seals.

use bytes::Bytes;
use redress_bus::{Created, Kv, KvError, ReadError, Stored};
use redress_contract::subject::name;

use crate::keyring::PublicKey;
use crate::seal::wrap::{unwrap, wrap};
use crate::seal::{DataKey, KeyName};
use crate::{OpenError, PutError, Vault};

/// Header of a sealed message: the name of its data key.
pub const KEY_HEADER: &str = "redress-key";

/// What the key of a mark begins with: this data key was destroyed, and whoever is wrapping it anew must not bring it
/// back. Three words, since whoever may add data keys (two words) must not be able to mark them. Swept after a day.
const DESTROYED: &str = "destroyed.key";

/// Who may open what is being sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whoever handles complaints.
    Vault,
    /// And the complainant, on the status page.
    VaultAndComplainant,
}

/// A data key, as far as it can be had.
pub(crate) enum Found {
    Key(DataKey),
    /// No pair has it: destroyed, or never there.
    Nowhere,
}

pub(crate) fn entry(name: &KeyName, public: &PublicKey) -> String {
    format!("{name}.{}", public.id)
}

/// The parts of an entry's key: name and pair. Whoever may add entries may add nonsense.
pub(crate) fn parse_entry(key: &str) -> Option<(KeyName, &str)> {
    let (name, pair) = key.split_once('.')?;
    let is_pair = pair.len() == 16 && pair.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_pair.then_some((KeyName::parse(name)?, pair))
}

impl Vault {
    pub(crate) fn data_keys(&self) -> Kv {
        self.bus.kv(name::KEYS)
    }

    /// A fresh data key, on record for those who may open what it seals.
    pub(crate) async fn draw_key(&self, readers: Readers) -> Result<DataKey, PutError> {
        let makes = self.seals.makes.as_ref().ok_or(PutError::NoPublicKey)?;
        let data = DataKey::draw();
        self.keep_wrapped(&makes.newest(), &data).await?;
        if let Some(status) = self.seals.makes_for_status.as_ref()
            && readers == Readers::VaultAndComplainant
        {
            self.keep_wrapped(&status.newest(), &data).await?;
        }
        redress_runtime::fault::point("vault::key_put");
        Ok(data)
    }

    async fn keep_wrapped(&self, public: &PublicKey, data: &DataKey) -> Result<(), PutError> {
        let wrapped = Bytes::from(wrap(public, data));
        match self.data_keys().create(&entry(&data.name, public), wrapped.clone()).await? {
            Created::New => Ok(()),
            // An earlier try of this very write, whose acknowledgement was lost.
            Created::Exists(there) if there == wrapped => Ok(()),
            Created::Exists(_) => Err(PutError::KeyTaken),
        }
    }

    /// The data key of this name.
    pub(crate) async fn data_key(&self, name: &KeyName, what: &str) -> Result<Found, OpenError> {
        let Some(opens) = self.seals.opens.as_ref() else {
            let problem = "this process holds no private sealing key ([keys] private_file)".to_owned();
            return Err(OpenError::Locked { what: what.to_owned(), problem });
        };
        if let Some(drawn) = self.drawn.get(name) {
            return Ok(Found::Key(drawn));
        }
        let bucket = self.data_keys();
        let held = opens.keys();
        for private in held.iter().rev() {
            let key = format!("{name}.{}", private.id);
            let stored = bucket.get(&key).await?;
            if let Some((wrapped, _)) = stored {
                let broken = |_| OpenError::Broken {
                    what: what.to_owned(),
                    problem: format!("its data key is not what was wrapped for {}", private.id),
                };
                return unwrap(private, name, &wrapped).map(Found::Key).map_err(broken);
            }
        }
        self.not_at_hand(name, what).await
    }

    /// None of our pairs has it, as far as the replica knows that was asked.
    async fn not_at_hand(&self, name: &KeyName, what: &str) -> Result<Found, OpenError> {
        let held = self.seals.opens.as_ref().map(|ring| ring.keys()).unwrap_or_default();
        for private in held.iter().rev() {
            let key = format!("{name}.{}", private.id);
            if let Some((wrapped, _)) = self.data_keys().get_at_leader(&key).await?
                && let Ok(data) = unwrap(private, name, &wrapped)
            {
                return Ok(Found::Key(data));
            }
        }
        let others = self.wrapped_entries(name).await?;
        if others.is_empty() {
            return Ok(Found::Nowhere);
        }
        let bucket = self.data_keys();
        let pairs: Vec<&str> =
            others.iter().filter_map(|entry| Some(parse_entry(bucket.key_of(entry)?)?.1)).collect();
        let here: Vec<&str> = held.iter().map(|private| private.id.as_str()).collect();
        let problem = format!(
            "it is sealed for {}, but the private sealing keys here are {}",
            pairs.join(", "),
            here.join(", ")
        );
        Err(OpenError::Locked { what: what.to_owned(), problem })
    }

    /// Every entry of a data key, as the leader knows it.
    async fn wrapped_entries(&self, name: &KeyName) -> Result<Vec<Stored>, ReadError> {
        let bucket = self.data_keys();
        let mut entries = bucket.stored_at_leader(name.as_str()).await?;
        entries.retain(|entry| bucket.key_of(entry).and_then(parse_entry).is_some());
        Ok(entries)
    }

    /// Notes that a data key is destroyed. This comes before its entries are listed, and a rotation adds one before it looks for
    /// the mark: so that entry is either listed here or taken back there.
    pub(crate) async fn mark_destroyed(&self, name: &KeyName) -> Result<(), KvError> {
        let mark = Bytes::from_static(b"1");
        self.data_keys().create(&format!("{DESTROYED}.{name}"), mark).await.map(drop)
    }

    /// True when somebody destroyed this data key lately.
    pub(crate) async fn is_destroyed(&self, name: &KeyName) -> Result<bool, KvError> {
        Ok(self.data_keys().get_at_leader(&format!("{DESTROYED}.{name}")).await?.is_some())
    }

    /// Removes every entry of a data key; false when there was none.
    pub(crate) async fn remove_key(&self, name: &KeyName) -> Result<bool, ReadError> {
        let mut removed = false;
        loop {
            let entries = self.wrapped_entries(name).await?;
            if entries.is_empty() {
                return Ok(removed);
            }
            for entry in entries {
                removed |= self.data_keys().erase(entry.seq).await?;
            }
        }
    }
}

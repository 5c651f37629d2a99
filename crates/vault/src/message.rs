//! Sealing the body of a message, and opening it.

use bytes::Bytes;
use redress_bus::{Headers, Stored};

use crate::data_keys::{Found, KEY_HEADER, Readers};
use crate::seal::{DataKey, KeyName};
use crate::{OpenError, PutError, Vault};

/// What the seal adds to a body, in bytes.
pub(crate) const SEAL_BYTES: usize = 4 + 24 + 16;

/// What one attempt to store something seals with: nothing, when measuring.
#[derive(Debug)]
pub(crate) struct Attempt(Option<DataKey>);

/// What is where a message is looked for.
pub(crate) enum Opened {
    /// Its plain body.
    Plain(Vec<u8>),
    /// A tombstone, or nothing any more.
    Erased,
}

impl Attempt {
    pub(crate) fn key(&self) -> Option<&DataKey> {
        self.0.as_ref()
    }

    /// The body as it is stored; the header names the data key.
    pub(crate) fn seal(&self, subject: &str, plain: Vec<u8>, headers: &mut Headers) -> Bytes {
        match &self.0 {
            Some(key) => {
                headers.push((KEY_HEADER.to_owned(), key.name.to_string()));
                key.seal(subject, plain).into()
            }
            None => plain.into(),
        }
    }
}

impl Vault {
    /// Begins an attempt: its data key is on record when this returns.
    pub(crate) async fn attempt(&self, readers: Readers) -> Result<Attempt, PutError> {
        if self.seals.unsealed {
            return Ok(Attempt(None));
        }
        self.draw_key(readers).await.map(Some).map(Attempt)
    }

    /// Opens the body of a message of this stream.
    pub(crate) async fn unseal(
        &self,
        stream: &str,
        subject: &str,
        headers: &Headers,
        body: &[u8],
    ) -> Result<Opened, OpenError> {
        if body.is_empty() {
            return Ok(Opened::Erased);
        }
        if self.seals.unsealed {
            return Ok(Opened::Plain(body.to_vec()));
        }
        let name = key_named(headers).ok_or_else(|| broken(subject, "it names no data key"))?;
        match self.data_key(&name, subject).await? {
            Found::Key(key) => opened(&key, subject, body).map(Opened::Plain),
            Found::Nowhere => self.without_key(stream, subject, &name).await,
        }
    }

    /// The same for who may not ask whether the message still lies there: without its data key it counts as erased.
    pub(crate) async fn unseal_if_there(&self, stored: &Stored) -> Result<Option<Vec<u8>>, OpenError> {
        let Stored { subject, headers, body, .. } = stored;
        if body.is_empty() {
            return Ok(None);
        }
        if self.seals.unsealed {
            return Ok(Some(body.to_vec()));
        }
        let name = key_named(headers).ok_or_else(|| broken(subject, "it names no data key"))?;
        match self.data_key(&name, subject).await? {
            Found::Key(key) => opened(&key, subject, body).map(Some),
            Found::Nowhere => Ok(None),
        }
    }

    /// The data key is gone. When the message is too, it was erased between being read and being opened.
    async fn without_key(&self, stream: &str, subject: &str, name: &KeyName) -> Result<Opened, OpenError> {
        let there = self.bus.last_at_leader(stream, subject).await?;
        let same = there
            .filter(|stored| !stored.body.is_empty() && key_named(&stored.headers).as_ref() == Some(name));
        match same {
            None => Ok(Opened::Erased),
            Some(_) => Err(OpenError::Locked {
                what: subject.to_owned(),
                problem: format!("the bucket keys does not hold its data key {name}"),
            }),
        }
    }
}

fn opened(key: &DataKey, subject: &str, body: &[u8]) -> Result<Vec<u8>, OpenError> {
    key.open(subject, body).map_err(|_| broken(subject, "it is not what was sealed here"))
}

fn broken(subject: &str, problem: &str) -> OpenError {
    OpenError::Broken { what: subject.to_owned(), problem: problem.to_owned() }
}

/// The data key that a message names.
pub(crate) fn key_named(headers: &Headers) -> Option<KeyName> {
    let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(KEY_HEADER))?;
    KeyName::parse(&found.1)
}

//! Reading: the last message of a literal subject, one message by sequence, or a stream from a position on.

use bytes::Bytes;
use jiff::Timestamp;

use crate::{Bus, Headers};

/// A stored message.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its sequence in the stream.
    pub seq: u64,
    /// Its subject.
    pub subject: String,
    /// Its headers.
    pub headers: Headers,
    /// Its body.
    pub body: Bytes,
    /// When the broker stored it.
    pub stored_at: Timestamp,
}

/// A read that failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("read {what}: {problem}")]
pub struct ReadError {
    pub(crate) what: String,
    pub(crate) problem: String,
}

impl Stored {
    /// A header by its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Bus {
    /// The last message on a literal subject, from any replica (on three replicas perhaps one behind).
    pub async fn last(&self, stream: &str, subject: &str) -> Result<Option<Stored>, ReadError> {
        let _ = (stream, subject);
        todo!()
    }

    /// The last message on a literal subject, from the stream's leader: never behind.
    pub async fn last_at_leader(&self, stream: &str, subject: &str) -> Result<Option<Stored>, ReadError> {
        let _ = (stream, subject);
        todo!()
    }

    /// The message with this sequence.
    pub async fn at(&self, stream: &str, seq: u64) -> Result<Option<Stored>, ReadError> {
        let _ = (stream, seq);
        todo!()
    }

    /// The last sequence of a stream (0: nothing was ever stored).
    pub async fn last_seq(&self, stream: &str) -> Result<u64, ReadError> {
        let _ = stream;
        todo!()
    }

    /// Reads a stream in order from a sequence on (1: the beginning), subjects matching `filter`, up to the last
    /// message stored when it was called. Handy for tools; not for loading one complaint through a wildcard.
    pub async fn scan(
        &self,
        stream: &str,
        filter: &str,
        from_seq: u64,
    ) -> Result<futures::stream::BoxStream<'static, Result<Stored, ReadError>>, ReadError> {
        let _ = (stream, filter, from_seq);
        todo!()
    }

    /// As [`scan`](Self::scan), but goes on with what is stored later, until it is dropped.
    pub async fn follow(
        &self,
        stream: &str,
        filter: &str,
        from_seq: u64,
    ) -> Result<futures::stream::BoxStream<'static, Result<Stored, ReadError>>, ReadError> {
        let _ = (stream, filter, from_seq);
        todo!()
    }
}

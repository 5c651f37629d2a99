//! Durable consumers: each message is handled until its outcome is noted.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use redress_runtime::{Clock, Part, Shutdown};

use crate::{Bus, Failure, Headers};

/// What a service reads.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// The service, for dead letters and logs.
    pub service: String,
    /// Name of the durable consumer; replicas share it.
    pub name: String,
    /// The stream.
    pub stream: String,
    /// Subjects (`complaint.*`); none for all of the stream.
    pub filters: Vec<String>,
    /// How many messages are worked on at once.
    pub parallel: usize,
    /// How long one may take at most.
    pub handler_timeout: Duration,
}

/// One delivery of a message.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its subject.
    pub subject: String,
    /// Its headers.
    pub headers: Headers,
    /// Its body.
    pub body: Bytes,
    /// Its sequence in the stream.
    pub stream_seq: u64,
    /// 1 for the first delivery.
    pub attempt: u64,
    /// When the broker stored it.
    pub stored_at: Timestamp,
}

impl Delivery {
    /// A header by its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A consumer that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("consume {stream} as {name}: {problem}")]
pub struct ConsumeError {
    pub(crate) stream: String,
    pub(crate) name: String,
    pub(crate) problem: String,
}

/// What consuming needs from its surroundings.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The time.
    pub clock: Clock,
    /// Where to report health.
    pub part: Part,
    /// When to stop: no more is fetched, what is in flight is finished.
    pub shutdown: Shutdown,
}

impl Bus {
    /// Handles messages with bounded parallelism until asked to stop. Ok is acknowledged; `retry` comes again with
    /// growing delay until the settings' time is over, then goes to DEAD; `reject` goes to DEAD; a delivery that
    /// ends without a noted outcome (crash, hang) counts as poison, and the fifth goes to DEAD before the handler runs.
    ///
    /// # Errors
    /// [`ConsumeError`] when the consumer cannot be made or differs from what it should be.
    pub async fn consume<H, F>(&self, consumer: Consumer, surroundings: Surroundings, handler: H) -> Result<(), ConsumeError>
    where
        H: Fn(Delivery) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let _ = (consumer, surroundings, handler);
        todo!()
    }
}

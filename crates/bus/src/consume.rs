//! Durable consumers: each message is handled until its outcome is noted.
//!
//! What a delivery can come to: done (acknowledged), again later (negative acknowledgement, always with a delay, its
//! count noted in the bucket `attempts`), never (a dead letter), or no outcome at all: the process died or hung. A
//! process that dies takes innocent neighbours with it, so a delivery whose predecessor came to no outcome is handled
//! by itself, its beginning noted first: what is begun four times without an outcome is poison, and the fifth time it
//! goes to DEAD. While a handler works, the broker hears of progress; when everything fails at once, one message at a
//! time probes until something works again.

mod attempts;
mod gate;
mod task;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer};
use async_nats::jetstream::stream::{ConsumerError, ConsumerErrorKind};
use bytes::Bytes;
use futures::StreamExt as _;
use jiff::Timestamp;
use redress_contract::subject::name;
use redress_runtime::{Clock, Part, Shutdown};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::failure::chain;
use crate::read::find_header;
use crate::{Bus, Failure, Headers};
use gate::Gate;
use task::Task;

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

/// One delivery of a message. `Debug` shows which, never what it says.
#[derive(Clone)]
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
        find_header(&self.headers, name)
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("subject", &self.subject)
            .field("stream_seq", &self.stream_seq)
            .field("attempt", &self.attempt)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A consumer that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("consume {stream} as {name}: {problem}")]
pub struct ConsumeError {
    stream: String,
    name: String,
    problem: String,
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
    /// growing delay until the settings' time is over, then goes to DEAD; `reject` goes to DEAD; what was begun four
    /// times without coming to an outcome (crash, hang) goes to DEAD before the handler runs a fifth time.
    ///
    /// # Errors
    /// [`ConsumeError`] when the consumer is not there or differs from what it should be.
    pub async fn consume<H, F>(
        &self,
        consumer: Consumer,
        surroundings: Surroundings,
        handler: H,
    ) -> Result<(), ConsumeError>
    where
        H: Fn(Delivery) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let own = Box::pin(self.durable(&consumer)).await?;
        let replays = Box::pin(self.durable(&consumer.replays())).await?;
        let task = Arc::new(Task {
            bus: self.clone(),
            permits: tokio::sync::Semaphore::new(consumer.parallel.max(1)),
            suspects: tokio::sync::Mutex::new(()),
            gate: Gate::new(),
            clock: surroundings.clock.clone(),
            part: surroundings.part.clone(),
            ack_wait: own.cached_info().config.ack_wait.max(Duration::from_millis(300)),
            consumer,
        });
        surroundings.part.ready();
        info!(consumer = task.consumer.name, "Reading {} as {}", task.consumer.stream, task.consumer.name);
        tokio::join!(
            pump(own, task.clone(), surroundings.shutdown.clone(), handler.clone(), Source::Stream),
            pump(replays, task, surroundings.shutdown, handler, Source::Replays),
        );
        Ok(())
    }

    /// The durable consumer, which `redress provision` made; the one that is there must be the one that is meant.
    async fn durable(&self, consumer: &Consumer) -> Result<PullConsumer, ConsumeError> {
        let failed = |problem: String| ConsumeError {
            stream: consumer.stream.clone(),
            name: consumer.name.clone(),
            problem,
        };
        let found = self.find_durable(consumer).await.map_err(failed)?;
        let there = &found.cached_info().config;
        let mut filters = there.filter_subjects.clone();
        if !there.filter_subject.is_empty() {
            filters.push(there.filter_subject.clone());
        }
        filters.sort();
        let mut expected = consumer.filters.clone();
        expected.sort();
        if filters != expected {
            return Err(failed(format!("it filters {filters:?} but must filter {expected:?}")));
        }
        if there.ack_policy != AckPolicy::Explicit || there.max_deliver != -1 {
            return Err(failed("it must ack explicitly and deliver without limit".to_owned()));
        }
        // Signs of life would come too late, and what is in hand would be given to others.
        if there.ack_wait < self.config.ack_wait {
            let (waits, means) = (there.ack_wait, self.config.ack_wait);
            return Err(failed(format!(
                "it waits {waits:?} for an acknowledgement and bus.ack_wait_seconds means {means:?}: {PROVISION}"
            )));
        }
        Ok(found)
    }

    /// Asks until there is an answer: a cluster that elects a leader gives none for a while.
    async fn find_durable(&self, consumer: &Consumer) -> Result<PullConsumer, String> {
        let until = Instant::now() + self.config.publish_patience;
        loop {
            let found = self.js.get_consumer_from_stream(&consumer.name, &consumer.stream).await;
            match found {
                Ok(found) => return Ok(found),
                Err(error) if is_missing(&error) => return Err(format!("it is not there: {PROVISION}")),
                Err(error) if Instant::now() >= until => return Err(chain(&error)),
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }
}

/// What mends a stream or consumer that is missing.
pub(crate) const PROVISION: &str = "run `redress provision`";

/// True when the broker knows no such consumer (or no such stream).
pub(crate) fn is_missing(error: &ConsumerError) -> bool {
    use async_nats::jetstream::ErrorCode;
    let missing = [ErrorCode::CONSUMER_NOT_FOUND, ErrorCode::STREAM_NOT_FOUND];
    matches!(error.kind(), ConsumerErrorKind::JetStream(e) if missing.contains(&e.error_code()))
}

/// Whence a pump takes its messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The stream itself.
    Stream,
    /// Requests to handle a dead letter again; they name the message by its sequence.
    Replays,
}

/// The consumer by which dead letters of another are replayed.
pub(crate) fn replay_name(consumer: &str) -> String {
    format!("{consumer}-replay")
}

impl Consumer {
    pub(crate) fn replays(&self) -> Self {
        Self {
            name: replay_name(&self.name),
            stream: name::DEAD.to_owned(),
            filters: vec![crate::dead::replay_subject(&self.service, &self.name, "*")],
            ..self.clone()
        }
    }
}

async fn pump<H, F>(pull: PullConsumer, task: Arc<Task>, shutdown: Shutdown, handler: H, source: Source)
where
    H: Fn(Delivery) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let mut running = JoinSet::new();
    // Waiting messages are in tasks too, so that the broker hears of progress on them; this bounds them.
    let most = task.consumer.parallel.max(1) * 2;
    while !shutdown.is_asked() {
        let batch = pull.stream().max_messages_per_batch(task.consumer.parallel.max(1)).messages().await;
        let mut messages = match batch {
            Ok(messages) => messages,
            Err(problem) => {
                warn!(consumer = task.consumer.name, "Fetching failed, trying again: {}", chain(&problem));
                shutdown.or(tokio::time::sleep(Duration::from_secs(1))).await;
                continue;
            }
        };
        while let Some(Some(message)) = shutdown.or(messages.next()).await {
            let message = match message {
                Ok(message) => message,
                Err(problem) => {
                    debug!(
                        consumer = task.consumer.name,
                        "Fetching failed, trying again: {}",
                        chain(&problem)
                    );
                    break;
                }
            };
            while running.len() >= most {
                running.join_next().await;
            }
            while running.try_join_next().is_some() {}
            let (task, handler) = (task.clone(), handler.clone());
            running.spawn(async move { task.work(message, source, handler).await });
        }
        // Between streams the error may persist (a broker that is away): do not spin.
        if !shutdown.is_asked() {
            shutdown.or(tokio::time::sleep(Duration::from_millis(200))).await;
        }
    }
    while running.join_next().await.is_some() {}
}

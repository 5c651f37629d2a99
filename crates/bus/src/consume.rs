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

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use bytes::Bytes;
use futures::StreamExt as _;
use jiff::Timestamp;
use redress_contract::subject::name;
use redress_runtime::{Clock, Part, Shutdown};
use tokio::task::JoinSet;
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
    /// [`ConsumeError`] when the consumer cannot be made or differs from what it should be.
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
        let own = self.durable(&consumer).await?;
        let replays = self.durable(&replay_consumer(&consumer)).await?;
        let task = Arc::new(Task {
            bus: self.clone(),
            permits: tokio::sync::Semaphore::new(consumer.parallel.max(1)),
            suspects: tokio::sync::Mutex::new(()),
            gate: Gate::new(),
            clock: surroundings.clock.clone(),
            part: surroundings.part.clone(),
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

    /// Makes the durable consumer, or checks that the one that is there is the same.
    async fn durable(&self, consumer: &Consumer) -> Result<PullConsumer, ConsumeError> {
        let failed = |problem: String| ConsumeError {
            stream: consumer.stream.clone(),
            name: consumer.name.clone(),
            problem,
        };
        let wanted = self.durable_config(consumer);
        let stream = self.js.get_stream_no_info(&consumer.stream).await.map_err(|e| failed(chain(&e)))?;
        let found: Result<PullConsumer, _> =
            stream.get_or_create_consumer(&consumer.name, wanted.clone()).await;
        let found = found.map_err(|e| failed(e.to_string()))?;
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
        if there.ack_wait == wanted.ack_wait && there.max_ack_pending == wanted.max_ack_pending {
            return Ok(found);
        }
        // These two follow the settings of whoever starts last; nothing promised depends on them.
        debug!(consumer = consumer.name, "Updating the consumer's waiting limits");
        stream.update_consumer(wanted).await.map_err(|e| failed(chain(&e)))
    }

    fn durable_config(&self, consumer: &Consumer) -> pull::Config {
        let (one, many) = match consumer.filters.as_slice() {
            [] => (String::new(), Vec::new()),
            [one] => (one.clone(), Vec::new()),
            many => (String::new(), many.to_vec()),
        };
        pull::Config {
            durable_name: Some(consumer.name.clone()),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.config.ack_wait,
            max_deliver: -1,
            max_ack_pending: 10_000,
            filter_subject: one,
            filter_subjects: many,
            ..pull::Config::default()
        }
    }
}

/// Whence a pump takes its messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The stream itself.
    Stream,
    /// Requests to handle a dead letter again; they name the message by its sequence.
    Replays,
}

fn replay_consumer(consumer: &Consumer) -> Consumer {
    Consumer {
        name: format!("{}-replay", consumer.name),
        stream: name::DEAD.to_owned(),
        filters: vec![crate::dead::replay_subject(&consumer.service, &consumer.name, "*")],
        ..consumer.clone()
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

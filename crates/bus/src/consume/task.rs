//! One delivery from the broker's hand to its noted outcome.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};
use futures::FutureExt as _;
use redress_contract::DeadLetter;
use redress_runtime::{Clock, Part, fault, watchdog};
use tokio::sync::{Mutex, MutexGuard, Semaphore};
use tracing::{debug, error, warn};

use super::attempts::Attempts;
use super::gate::Gate;
use super::{Consumer, Delivery, Source};
use crate::failure::chain;
use crate::read::{headers, timestamp};
use crate::{Bus, Failure};

/// Times a message is begun without coming to an outcome before it is poison.
const POISON_AFTER: u64 = 4;

/// How long a suspect waits for its turn before it is given back.
const SUSPECT_PATIENCE: Duration = Duration::from_secs(2);

/// Delays between tries; the last one from then on. A dependency that was away is back for everybody after so long at most.
const DELAYS: [Duration; 7] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
];

/// Longest delay while the settings are at fault: once they are mended, nobody waits for an hour.
const BLOCKED_DELAY_MAX: Duration = Duration::from_secs(15);

/// Longest delay while everything fails: no message is at fault, the gate lets few enough through, and once the dependency
/// is back nobody waits for an hour.
const GATED_DELAY_MAX: Duration = Duration::from_secs(30);

/// What all deliveries of one consumer share.
pub(super) struct Task {
    pub(super) bus: Bus,
    pub(super) permits: Semaphore,
    pub(super) suspects: Mutex<()>,
    pub(super) gate: Gate,
    pub(super) clock: Clock,
    pub(super) part: Part,
    /// How long the broker waits for a sign of life.
    pub(super) ack_wait: Duration,
    pub(super) consumer: Consumer,
}

enum Outcome {
    Done,
    Again(String, Option<Duration>),
    /// Our settings are at fault.
    Blocked(String),
    Never(String),
    /// The handler panicked or hung.
    None(String),
}

impl Task {
    pub(super) async fn work<H, F>(&self, message: Message, source: Source, handler: H)
    where
        H: Fn(Delivery) -> F,
        F: Future<Output = Result<(), Failure>>,
    {
        let work = self.work_quietly(&message, source, handler);
        tokio::pin!(work);
        let beat = self.ack_wait / 3;
        loop {
            tokio::select! {
                biased;
                () = &mut work => return,
                () = tokio::time::sleep(beat) => {
                    let _ = message.ack_with(AckKind::Progress).await;
                }
            }
        }
    }

    async fn work_quietly<H, F>(&self, message: &Message, source: Source, handler: H)
    where
        H: Fn(Delivery) -> F,
        F: Future<Output = Result<(), Failure>>,
    {
        let delivery = match self.delivery(message, source).await {
            Ok(Some(delivery)) => delivery,
            Ok(None) => return self.acknowledge(message).await,
            Err(problem) => {
                warn!(consumer = self.consumer.name, "Reading a message to replay failed: {problem}");
                return self.give_back(message, DELAYS[2]).await;
            }
        };
        let attempts = match self.attempts(&delivery).await {
            Ok(attempts) => attempts,
            Err(problem) => {
                warn!(consumer = self.consumer.name, "Reading the count of tries failed: {problem}");
                return self.give_back(message, DELAYS[1]).await;
            }
        };
        if attempts.begun >= POISON_AFTER {
            let reason =
                format!("handling it was begun {} times without an outcome (crash or hang)", attempts.begun);
            return self.bury(message, &delivery, reason).await;
        }
        // A delivery whose predecessor came to no outcome is suspect. Its neighbours in flight are as suspect when the
        // process died, and innocent: so suspects are handled one at a time, each noted before it is begun.
        let suspect = delivery.attempt > 1 && delivery.attempt - 1 > attempts.noted;
        let _alone = match self.alone(suspect).await {
            Ok(alone) => alone,
            Err(_busy) => return self.give_back(message, DELAYS[1]).await,
        };
        let Ok(_permit) = self.permits.acquire().await else { return };
        let _probe = self.gate.pass().await;
        let attempts = Attempts { begun: attempts.begun + 1, ..attempts };
        if suspect && let Err(problem) = self.note(&delivery, attempts).await {
            warn!(consumer = self.consumer.name, "Noting the beginning of a try failed: {problem}");
            return self.give_back(message, DELAYS[1]).await;
        }
        if suspect {
            fault::point("bus::begun");
        }
        let outcome = self.run(delivery.clone(), handler).await;
        self.settle(message, &delivery, attempts, outcome).await;
    }

    /// A suspect's turn. When another one takes long (it may hang), waiting ends: others must not wait for it too.
    async fn alone(&self, suspect: bool) -> Result<Option<MutexGuard<'_, ()>>, tokio::time::error::Elapsed> {
        if !suspect {
            return Ok(None);
        }
        tokio::time::timeout(SUSPECT_PATIENCE, self.suspects.lock()).await.map(Some)
    }

    async fn note(&self, delivery: &Delivery, attempts: Attempts) -> Result<(), crate::KvError> {
        self.bus.note_attempts(&self.consumer.name, delivery.stream_seq, attempts).await
    }

    async fn delivery(
        &self,
        message: &Message,
        source: Source,
    ) -> Result<Option<Delivery>, crate::ReadError> {
        let info = message.info().map_err(|e| crate::ReadError::new(&self.consumer.stream, e))?;
        let attempt = u64::try_from(info.delivered).unwrap_or(1);
        if source == Source::Stream {
            return Ok(Some(Delivery {
                subject: message.subject.to_string(),
                headers: headers(message.headers.as_ref()),
                body: message.payload.clone(),
                stream_seq: info.stream_sequence,
                attempt,
                stored_at: timestamp(info.published),
            }));
        }
        let seq = message.subject.rsplit('.').next().and_then(|seq| seq.parse().ok()).unwrap_or(0);
        let original = self.bus.at(&self.consumer.stream, seq).await?;
        Ok(original.map(|stored| Delivery {
            subject: stored.subject,
            headers: stored.headers,
            body: stored.body,
            stream_seq: stored.seq,
            attempt,
            stored_at: stored.stored_at,
        }))
    }

    async fn attempts(&self, delivery: &Delivery) -> Result<Attempts, crate::KvError> {
        if delivery.attempt <= 1 {
            return Ok(Attempts::default());
        }
        self.bus.attempts(&self.consumer.name, delivery.stream_seq).await
    }

    async fn run<H, F>(&self, delivery: Delivery, handler: H) -> Outcome
    where
        H: Fn(Delivery) -> F,
        F: Future<Output = Result<(), Failure>>,
    {
        let _watched = watchdog::watch("handling a message", self.consumer.handler_timeout);
        let guarded = AssertUnwindSafe(async { handler(delivery).await }).catch_unwind();
        match tokio::time::timeout(self.consumer.handler_timeout, guarded).await {
            Ok(Ok(Ok(()))) => Outcome::Done,
            Ok(Ok(Err(Failure::Retry { reason, after }))) => Outcome::Again(reason, after),
            Ok(Ok(Err(Failure::Blocked { reason }))) => Outcome::Blocked(reason),
            Ok(Ok(Err(Failure::Reject { reason }))) => Outcome::Never(reason),
            Ok(Err(_)) => Outcome::None("the handler panicked".to_owned()),
            Err(_) => Outcome::None(format!("the handler hung for {:?}", self.consumer.handler_timeout)),
        }
    }

    async fn settle(&self, message: &Message, delivery: &Delivery, attempts: Attempts, outcome: Outcome) {
        let labels = [("consumer", self.consumer.name.clone())];
        match outcome {
            Outcome::Done => {
                fault::point("bus::handled");
                self.gate.worked();
                metrics::counter!("redress_bus_handled_total", &labels).increment(1);
                if delivery.attempt > 1 {
                    self.forget(delivery).await;
                }
                if replayed(message) {
                    if let Err(problem) = self.bus.settle_letter(&self.consumer, delivery.stream_seq).await {
                        warn!(consumer = self.consumer.name, "Settling a dead letter failed: {problem}");
                    }
                    fault::point("bus::letter_settled");
                }
                self.acknowledge(message).await;
                fault::point("bus::acknowledged");
                self.part.ready();
            }
            Outcome::Again(reason, after) => {
                self.gate.failed();
                metrics::counter!("redress_bus_retried_total", &labels).increment(1);
                self.again(message, delivery, attempts, (reason, after)).await;
            }
            Outcome::Blocked(reason) => {
                self.gate.failed();
                metrics::counter!("redress_bus_blocked_total", &labels).increment(1);
                self.part.failing(reason.clone());
                self.blocked(message, delivery, attempts, reason).await;
            }
            Outcome::Never(reason) => self.bury(message, delivery, reason).await,
            Outcome::None(reason) => {
                self.gate.failed();
                metrics::counter!("redress_bus_unnoted_total", &labels).increment(1);
                error!(
                    consumer = self.consumer.name,
                    stream_seq = delivery.stream_seq,
                    attempt = delivery.attempt,
                    "Handling message {} failed without an outcome: {reason}",
                    delivery.stream_seq
                );
                if let Err(problem) = self.note(delivery, attempts).await {
                    debug!(
                        consumer = self.consumer.name,
                        "Noting a try without an outcome failed: {problem}"
                    );
                }
                self.give_back(message, DELAYS[1]).await;
            }
        }
    }

    async fn again(
        &self,
        message: &Message,
        delivery: &Delivery,
        attempts: Attempts,
        (reason, after): (String, Option<Duration>),
    ) {
        let now = self.clock.now();
        let first_at = attempts.first_at.unwrap_or(now);
        let tried_for = Duration::try_from(now.duration_since(first_at)).unwrap_or_default();
        if tried_for > self.bus.config.retry_for {
            let reason = format!("tried for {} hours: {reason}", tried_for.as_secs() / 3600);
            return self.bury(message, delivery, reason).await;
        }
        let noted = attempts.noted + 1;
        let delay = after.unwrap_or_else(|| delay_after(attempts.noted, self.gate.is_closed()));
        warn!(
            consumer = self.consumer.name,
            stream_seq = delivery.stream_seq,
            attempt = delivery.attempt,
            "Message {} will be tried again in {delay:?}: {reason}",
            delivery.stream_seq
        );
        let noting = Attempts { noted, first_at: Some(first_at), begun: 0 };
        if let Err(problem) = self.note(delivery, noting).await {
            debug!(consumer = self.consumer.name, "Noting a try failed: {problem}");
        }
        fault::point("bus::noted");
        self.give_back(message, delay).await;
    }

    /// Given back until a person mended the settings: the time a message may be tried does not run.
    async fn blocked(&self, message: &Message, delivery: &Delivery, attempts: Attempts, reason: String) {
        let delay = delay_after(attempts.noted, false).min(BLOCKED_DELAY_MAX);
        error!(
            consumer = self.consumer.name,
            stream_seq = delivery.stream_seq,
            attempt = delivery.attempt,
            "Message {} waits {delay:?} until the settings are mended: {reason}",
            delivery.stream_seq
        );
        let noting = Attempts { noted: attempts.noted + 1, first_at: None, begun: 0 };
        if let Err(problem) = self.note(delivery, noting).await {
            debug!(consumer = self.consumer.name, "Noting a try failed: {problem}");
        }
        self.give_back(message, delay).await;
    }

    async fn bury(&self, message: &Message, delivery: &Delivery, reason: String) {
        metrics::counter!("redress_dead_letters_total", "service" => self.consumer.service.clone())
            .increment(1);
        error!(
            consumer = self.consumer.name,
            stream_seq = delivery.stream_seq,
            attempt = delivery.attempt,
            "Message {} is a dead letter now: {reason}",
            delivery.stream_seq
        );
        let letter = DeadLetter {
            service: self.consumer.service.clone(),
            consumer: self.consumer.name.clone(),
            stream: self.consumer.stream.clone(),
            stream_seq: delivery.stream_seq.to_string(),
            subject: delivery.subject.clone(),
            reason,
            attempts: u32::try_from(delivery.attempt).unwrap_or(u32::MAX),
            at: self.clock.now(),
            payload: bytes::Bytes::new(),
        };
        match self.bus.bury(&letter, replayed(message)).await {
            Ok(()) => {
                fault::point("bus::buried");
                self.acknowledge(message).await;
                self.forget(delivery).await;
            }
            Err(problem) => {
                error!(consumer = self.consumer.name, "Keeping a dead letter failed: {}", chain(&problem));
                self.give_back(message, DELAYS[2]).await;
            }
        }
    }

    async fn acknowledge(&self, message: &Message) {
        // A lost acknowledgement means a second delivery, which changes nothing.
        if let Err(problem) = message.ack().await {
            debug!(consumer = self.consumer.name, "Acknowledging failed: {problem}");
        }
    }

    async fn give_back(&self, message: &Message, delay: Duration) {
        if let Err(problem) = message.ack_with(AckKind::Nak(Some(delay))).await {
            debug!(consumer = self.consumer.name, "Giving a message back failed: {problem}");
        }
    }

    async fn forget(&self, delivery: &Delivery) {
        if let Err(problem) = self.bus.forget_attempts(&self.consumer.name, delivery.stream_seq).await {
            debug!(consumer = self.consumer.name, "Forgetting the count of tries failed: {problem}");
        }
    }
}

fn delay_after(noted: u64, everything_fails: bool) -> Duration {
    let delay = DELAYS[usize::try_from(noted).unwrap_or(usize::MAX).min(DELAYS.len() - 1)];
    if everything_fails { delay.min(GATED_DELAY_MAX) } else { delay }
}

/// True when a dead letter is handled again.
fn replayed(message: &Message) -> bool {
    message.headers.as_ref().is_some_and(|headers| headers.get(crate::dead::LETTER).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_an_outage_costs_nobody_more_than_half_a_minute_after_it() {
        let mut before = Duration::ZERO;
        for noted in 0..20 {
            let delay = delay_after(noted, false);
            assert!(delay >= before && delay <= Duration::from_mins(15), "{delay:?}");
            assert_eq!(delay_after(noted, true), delay.min(GATED_DELAY_MAX));
            before = delay;
        }
        assert_eq!(delay_after(u64::MAX, false), Duration::from_mins(15));
    }
}

//! Publishing: once per subject, or next in line.
//!
//! A time-out, a missing leader or a lost connection is not a failure: the same message with the same expectation is
//! sent again until the patience of the settings is over. A conflict is the broker's word that something lies there.
//!
//! What is under way when a leader changes or a connection breaks is lost without a word, so the first waits are short
//! (`growing_wait`): sending again is safe, and the broker refuses a copy before it writes anything.

use std::time::Duration;

use async_nats::client::RequestErrorKind;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use bytes::Bytes;
use serde::Deserialize;
use tokio::time::Instant;

use crate::Bus;

/// Headers of a message, lower-case names.
pub type Headers = Vec<(String, String)>;

/// What became of a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Its sequence in the stream; 0 when the subject held a message already.
    pub seq: u64,
    /// False when the subject held a message already.
    pub new: bool,
}

/// The broker did not take a message in the time given.
#[derive(Debug, Clone, thiserror::Error)]
#[error("publish on {subject}: {problem}")]
pub struct PublishError {
    pub(crate) subject: String,
    pub(crate) problem: String,
}

/// An append that was not made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// Somebody else appended first (or this very message was appended by an earlier try: read and compare).
    #[error("append to {0}: somebody else was first")]
    Conflict(String),
    /// The broker did not answer in the time given.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// The broker's answer to one try.
pub(crate) enum Answer {
    /// Stored, with this sequence.
    Stored(u64),
    /// The expectation does not hold; with the sequence that is the last, where the broker names it.
    Conflict(Option<u64>),
    /// Nobody answered, or nobody leads: try again.
    Away(String),
    /// Trying again cannot help.
    Refused(String),
}

impl Bus {
    /// Publishes on a subject that must be empty; retries through elections. When the subject holds a message
    /// already, answers `new: false`: whether that one is ours is the caller's to compare.
    ///
    /// # Errors
    /// [`PublishError`] when the broker did not take it within the patience of the settings. The message may still
    /// have been stored; publishing again is safe.
    pub async fn publish_once(
        &self,
        subject: &str,
        headers: Headers,
        body: Bytes,
    ) -> Result<Published, PublishError> {
        match self.append(subject, 0, headers, body).await {
            Ok(seq) => Ok(Published { seq, new: true }),
            Err(AppendError::Conflict(_)) => Ok(Published { seq: 0, new: false }),
            Err(AppendError::Publish(error)) => Err(error),
        }
    }

    /// Publishes without any expectation (replaces on subjects that keep one message); retries through elections.
    ///
    /// # Errors
    /// [`PublishError`] as above.
    pub async fn publish(&self, subject: &str, headers: Headers, body: Bytes) -> Result<u64, PublishError> {
        match self.patiently(subject, &header_map(&headers), &body).await? {
            Answer::Stored(seq) => Ok(seq),
            Answer::Conflict(_) => Err(PublishError {
                subject: subject.to_owned(),
                problem: "the broker reports a conflict although none was asked about".to_owned(),
            }),
            Answer::Away(problem) | Answer::Refused(problem) => {
                Err(PublishError { subject: subject.to_owned(), problem })
            }
        }
    }

    /// Appends to a subject whose last message must have the stream sequence `expected` (0: none).
    ///
    /// # Errors
    /// [`AppendError::Conflict`] when it has not.
    pub async fn append(
        &self,
        subject: &str,
        expected: u64,
        headers: Headers,
        body: Bytes,
    ) -> Result<u64, AppendError> {
        let mut map = header_map(&headers);
        map.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
        match self.patiently(subject, &map, &body).await? {
            Answer::Stored(seq) => Ok(seq),
            Answer::Conflict(_) => Err(AppendError::Conflict(subject.to_owned())),
            Answer::Away(problem) | Answer::Refused(problem) => {
                Err(PublishError { subject: subject.to_owned(), problem }.into())
            }
        }
    }

    /// Appends to a subject that nobody else writes to, the first message (`expected` 0) or the one behind `expected`.
    /// What lies behind that can only be an earlier try of this message, whose answer got lost; the broker's refusal
    /// of the second try says where it lies. So whoever may only write needs no right to read to go on.
    ///
    /// # Errors
    /// [`PublishError`], also when what was acknowledged before is gone.
    pub(crate) async fn append_alone(
        &self,
        subject: &str,
        expected: u64,
        body: Bytes,
    ) -> Result<u64, PublishError> {
        let mut map = async_nats::HeaderMap::new();
        map.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
        let problem = match self.patiently(subject, &map, &body).await? {
            Answer::Stored(seq) => return Ok(seq),
            Answer::Conflict(Some(seq)) if seq > expected => return Ok(seq),
            Answer::Conflict(_) => "what was acknowledged before is not there".to_owned(),
            Answer::Away(problem) | Answer::Refused(problem) => problem,
        };
        Err(PublishError { subject: subject.to_owned(), problem })
    }

    /// Tries until the broker stores, conflicts or refuses, or patience is over.
    pub(crate) async fn patiently(
        &self,
        subject: &str,
        headers: &async_nats::HeaderMap,
        body: &Bytes,
    ) -> Result<Answer, PublishError> {
        let until = Instant::now() + self.config.publish_patience;
        let mut pause = Duration::from_millis(20);
        for tries in 0.. {
            let wait = growing_wait(tries, self.config.ack_timeout);
            match self.try_once(subject, headers.clone(), body.clone(), wait).await {
                Answer::Away(problem) => {
                    if Instant::now() + pause >= until {
                        return Err(PublishError { subject: subject.to_owned(), problem });
                    }
                    metrics::counter!("redress_bus_publish_retries_total").increment(1);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_millis(500));
                }
                answer => return Ok(answer),
            }
        }
        unreachable!("patience ends before the count of tries does")
    }

    async fn try_once(
        &self,
        subject: &str,
        headers: async_nats::HeaderMap,
        body: Bytes,
        wait: Duration,
    ) -> Answer {
        let request = async_nats::Request::new().headers(headers).payload(body).timeout(Some(wait));
        match self.client.send_request(subject.to_owned(), request).await {
            Ok(message) if message.status.is_some_and(|s| s.as_u16() == 503) => {
                Answer::Away("no stream leader answers".to_owned())
            }
            Ok(message) => read_answer(&message.payload),
            Err(error) => match error.kind() {
                RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                    Answer::Refused(error.to_string())
                }
                RequestErrorKind::NoResponders => Answer::Away("no stream leader answers".to_owned()),
                RequestErrorKind::TimedOut | RequestErrorKind::Other => Answer::Away(error.to_string()),
            },
        }
    }
}

/// How long a try waits for its answer: a third of a second at first, twice as long each time, at most what is set.
pub(crate) fn growing_wait(tries: u32, most: Duration) -> Duration {
    const FIRST: Duration = Duration::from_millis(300);
    FIRST.saturating_mul(2_u32.saturating_pow(tries)).min(most)
}

#[derive(Deserialize)]
struct Ack {
    #[serde(default)]
    seq: u64,
    error: Option<AckProblem>,
}

#[derive(Deserialize)]
struct AckProblem {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

/// Takes the broker's acknowledgement apart (codes: nats-server `errors.json`).
pub(crate) fn read_answer(payload: &[u8]) -> Answer {
    const WRONG_LAST_SEQUENCE: u64 = 10071;
    const WRONG_LAST_SEQUENCE_CONSTANT: u64 = 10164;
    const STORE_FAILED: u64 = 10077;
    const ACCOUNT_FULL: u64 = 10002;
    const SERVER_FULL: u64 = 10023;
    const STORAGE_FULL: u64 = 10047;
    let ack: Ack = match serde_json::from_slice(payload) {
        Ok(ack) => ack,
        Err(problem) => return Answer::Away(format!("the broker's answer cannot be read: {problem}")),
    };
    let Some(problem) = ack.error else { return Answer::Stored(ack.seq) };
    match problem.err_code {
        WRONG_LAST_SEQUENCE => Answer::Conflict(last_named(&problem.description)),
        // Another message on this subject (perhaps an earlier try of this one) is under way between the replicas, and
        // is lost if the leader dies now: no proof that anything is stored.
        WRONG_LAST_SEQUENCE_CONSTANT => Answer::Away(problem.description),
        // The stream's own guard (one message per subject) speaks through the general store error.
        STORE_FAILED if problem.description.contains("per subject") => Answer::Conflict(None),
        // Room is made by people: waiting here would only keep from the caller what it can say at once.
        STORE_FAILED if problem.description.contains("maximum") => Answer::Refused(problem.description),
        ACCOUNT_FULL | SERVER_FULL | STORAGE_FULL => Answer::Refused(problem.description),
        _ if problem.code == 503 => Answer::Away(problem.description),
        _ => Answer::Refused(problem.description),
    }
}

/// `wrong last sequence: 7`
fn last_named(description: &str) -> Option<u64> {
    description.rsplit_once(": ")?.1.parse().ok()
}

pub(crate) fn header_map(headers: &Headers) -> async_nats::HeaderMap {
    let mut map = async_nats::HeaderMap::new();
    for (name, value) in headers {
        map.insert(name.as_str(), value.as_str());
    }
    map
}

#[cfg(test)]
mod tests {
    use super::{Answer, read_answer};

    fn answer(code: u16, err_code: u64, description: &str) -> Answer {
        let error = serde_json::json!({ "code": code, "err_code": err_code, "description": description });
        read_answer(serde_json::json!({ "stream": "INTAKE", "error": error }).to_string().as_bytes())
    }

    #[test]
    fn only_what_the_broker_has_stored_is_a_conflict() {
        let wrong = "wrong last sequence";
        assert!(matches!(answer(400, 10071, "wrong last sequence: 7"), Answer::Conflict(Some(7))));
        assert!(matches!(answer(400, 10071, wrong), Answer::Conflict(None)));
        let guarded = answer(503, 10077, "maximum messages per subject exceeded");
        assert!(matches!(guarded, Answer::Conflict(None)));
        assert!(matches!(answer(400, 10164, wrong), Answer::Away(_)), "under way is not stored");
        assert!(matches!(answer(503, 10008, "JetStream system temporarily unavailable"), Answer::Away(_)));
        assert!(matches!(answer(400, 10189, "message schedule invalid"), Answer::Refused(_)));
    }

    #[test]
    fn a_store_that_is_full_says_no_at_once() {
        assert!(matches!(answer(503, 10077, "maximum bytes exceeded"), Answer::Refused(_)));
        assert!(matches!(answer(503, 10023, "insufficient resources"), Answer::Refused(_)));
        assert!(matches!(answer(500, 10047, "insufficient storage resources available"), Answer::Refused(_)));
    }
}

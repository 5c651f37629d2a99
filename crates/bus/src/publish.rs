//! Publishing: once per subject, or next in line.
//!
//! A time-out, a missing leader or a lost connection is not a failure: the same message with the same expectation is
//! sent again until the patience of the settings is over. A conflict is the broker's word that something lies there.

use std::time::Duration;

use async_nats::client::RequestErrorKind;
use bytes::Bytes;
use serde::Deserialize;
use tokio::time::Instant;

use crate::Bus;

/// Headers of a message, lower-case names.
pub type Headers = Vec<(String, String)>;

const EXPECT_ON_SUBJECT: &str = "Nats-Expected-Last-Subject-Sequence";

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
    /// The expectation does not hold.
    Conflict,
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
            Answer::Conflict => Err(PublishError {
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
        map.insert(EXPECT_ON_SUBJECT, expected.to_string());
        match self.patiently(subject, &map, &body).await? {
            Answer::Stored(seq) => Ok(seq),
            Answer::Conflict => Err(AppendError::Conflict(subject.to_owned())),
            Answer::Away(problem) | Answer::Refused(problem) => {
                Err(PublishError { subject: subject.to_owned(), problem }.into())
            }
        }
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
        loop {
            match self.try_once(subject, headers.clone(), body.clone()).await {
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
    }

    async fn try_once(&self, subject: &str, headers: async_nats::HeaderMap, body: Bytes) -> Answer {
        let request =
            async_nats::Request::new().headers(headers).payload(body).timeout(Some(self.config.ack_timeout));
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
    let ack: Ack = match serde_json::from_slice(payload) {
        Ok(ack) => ack,
        Err(problem) => return Answer::Away(format!("the broker's answer cannot be read: {problem}")),
    };
    let Some(problem) = ack.error else { return Answer::Stored(ack.seq) };
    match problem.err_code {
        WRONG_LAST_SEQUENCE | WRONG_LAST_SEQUENCE_CONSTANT => Answer::Conflict,
        // The stream's own guard (one message per subject) speaks through the general store error.
        STORE_FAILED if problem.description.contains("per subject") => Answer::Conflict,
        _ if problem.code == 503 => Answer::Away(problem.description),
        _ => Answer::Refused(problem.description),
    }
}

pub(crate) fn header_map(headers: &Headers) -> async_nats::HeaderMap {
    let mut map = async_nats::HeaderMap::new();
    for (name, value) in headers {
        map.insert(name.as_str(), value.as_str());
    }
    map
}

//! Reading: the last message of a literal subject, one message by sequence, or a stream from a position on.

use std::time::Duration;

use async_nats::client::RequestErrorKind;
use async_nats::jetstream::consumer::{DeliverPolicy, ReplayPolicy, pull};
use base64::Engine as _;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::Instant;

use crate::{Bus, Headers};

/// A stored message. `Debug` shows where it lies, never what it says.
#[derive(Clone)]
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

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.body.len();
        f.debug_struct("Stored")
            .field("seq", &self.seq)
            .field("subject", &self.subject)
            .field("bytes", &size)
            .finish_non_exhaustive()
    }
}

/// A read that failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("read {what}: {problem}")]
pub struct ReadError {
    pub(crate) what: String,
    pub(crate) problem: String,
}

impl ReadError {
    pub(crate) fn new(what: impl Into<String>, problem: impl std::fmt::Display) -> Self {
        Self { what: what.into(), problem: problem.to_string() }
    }
}

impl Stored {
    /// A header by its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }
}

pub(crate) fn find_header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

impl Bus {
    /// The last message on a literal subject, from any replica (on three replicas perhaps one behind).
    ///
    /// # Errors
    /// [`ReadError`] when no replica answers within the patience of the settings.
    pub async fn last(&self, stream: &str, subject: &str) -> Result<Option<Stored>, ReadError> {
        let what = format!("{stream} {subject}");
        self.direct(&what, format!("$JS.API.DIRECT.GET.{stream}.{subject}"), Bytes::new()).await
    }

    /// The message with this sequence.
    ///
    /// # Errors
    /// [`ReadError`] when no replica answers within the patience of the settings.
    pub async fn at(&self, stream: &str, seq: u64) -> Result<Option<Stored>, ReadError> {
        let body = format!("{{\"seq\":{seq}}}");
        self.direct(&format!("{stream} {seq}"), format!("$JS.API.DIRECT.GET.{stream}"), body.into()).await
    }

    /// The last message on a literal subject, from the stream's leader: never behind.
    ///
    /// # Errors
    /// [`ReadError`] when no leader answers within the patience of the settings.
    pub async fn last_at_leader(&self, stream: &str, subject: &str) -> Result<Option<Stored>, ReadError> {
        if self.config.replicas == 1 {
            // The only copy is the leader's, and a direct read of it costs half as much.
            return self.last(stream, subject).await;
        }
        let body = serde_json::json!({ "last_by_subj": subject }).to_string();
        let what = format!("{stream} {subject}");
        let answer = self.ask(&what, format!("$JS.API.STREAM.MSG.GET.{stream}"), body.into()).await?;
        read_leader_answer(&what, &answer.payload)
    }

    /// The first message that matches `filter` at a sequence or after it, from the stream's leader.
    async fn next_at_leader(
        &self,
        stream: &str,
        filter: &str,
        seq: u64,
    ) -> Result<Option<Stored>, ReadError> {
        let body = serde_json::json!({ "seq": seq.max(1), "next_by_subj": filter }).to_string();
        let answer = self.ask(stream, format!("$JS.API.STREAM.MSG.GET.{stream}"), body.into()).await?;
        read_leader_answer(stream, &answer.payload)
    }

    /// The last sequence of a stream (0: nothing was ever stored).
    ///
    /// # Errors
    /// [`ReadError`] when no leader answers within the patience of the settings.
    pub async fn last_seq(&self, stream: &str) -> Result<u64, ReadError> {
        #[derive(Deserialize)]
        struct Info {
            state: State,
        }
        #[derive(Deserialize)]
        struct State {
            last_seq: u64,
        }
        let answer = self.ask(stream, format!("$JS.API.STREAM.INFO.{stream}"), Bytes::new()).await?;
        let info: Info = serde_json::from_slice(&answer.payload).map_err(|e| ReadError::new(stream, e))?;
        Ok(info.state.last_seq)
    }

    /// All messages on a literal subject, first to last, without a consumer.
    ///
    /// # Errors
    /// [`ReadError`] when no replica answers within the patience of the settings.
    pub async fn all_on(&self, stream: &str, subject: &str) -> Result<Vec<Stored>, ReadError> {
        const BATCH: usize = 500;
        let mut all: Vec<Stored> = Vec::new();
        loop {
            let from = all.last().map_or(1, |last| last.seq + 1);
            let question = serde_json::json!({ "seq": from, "next_by_subj": subject, "batch": BATCH });
            let part = self.batch(stream, question.to_string().into()).await?.unwrap_or_default();
            let full = part.len() == BATCH;
            all.extend(part);
            if !full {
                return Ok(all);
            }
        }
    }

    /// The last message of each subject that matches `filter`, without a consumer; none when there are more subjects
    /// than the broker answers at once (1024).
    ///
    /// # Errors
    /// [`ReadError`] when no replica answers within the patience of the settings.
    pub async fn last_of_each(&self, stream: &str, filter: &str) -> Result<Option<Vec<Stored>>, ReadError> {
        let question = serde_json::json!({ "multi_last": [filter] });
        self.batch(stream, question.to_string().into()).await
    }

    /// Reads a stream in order from a sequence on (1: the beginning), subjects matching `filter`, up to the last
    /// message stored when it was called. Handy for tools; not for loading one complaint through a wildcard.
    ///
    /// # Errors
    /// [`ReadError`] when the stream cannot be read.
    pub async fn scan(
        &self,
        stream: &str,
        filter: &str,
        from_seq: u64,
    ) -> Result<BoxStream<'static, Result<Stored, ReadError>>, ReadError> {
        let (consumer, pending) = self.ordered(stream, filter, from_seq).await?;
        if pending == 0 {
            return Ok(futures::stream::empty().boxed());
        }
        let scan = Scan {
            bus: self.clone(),
            stream: stream.to_owned(),
            filter: filter.to_owned(),
            messages: self.messages(stream, consumer).await?,
            left: pending,
            from_seq,
            last_seq: self.last_seq(stream).await?,
        };
        Ok(futures::stream::unfold(scan, Scan::next).boxed())
    }

    /// As [`scan`](Self::scan), but goes on with what is stored later, until it is dropped.
    ///
    /// # Errors
    /// [`ReadError`] when the stream cannot be read.
    pub async fn follow(
        &self,
        stream: &str,
        filter: &str,
        from_seq: u64,
    ) -> Result<BoxStream<'static, Result<Stored, ReadError>>, ReadError> {
        let (consumer, _) = self.ordered(stream, filter, from_seq).await?;
        self.messages(stream, consumer).await
    }

    async fn ordered(
        &self,
        stream: &str,
        filter: &str,
        from_seq: u64,
    ) -> Result<(async_nats::jetstream::consumer::Consumer<pull::OrderedConfig>, u64), ReadError> {
        let config = pull::OrderedConfig {
            filter_subject: filter.to_owned(),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from_seq.max(1) },
            replay_policy: ReplayPolicy::Instant,
            ..pull::OrderedConfig::default()
        };
        let consumer = self
            .js
            .create_consumer_on_stream(config, stream)
            .await
            .map_err(|e| ReadError::new(stream, crate::failure::chain(&e)))?;
        let pending = consumer.cached_info().num_pending;
        Ok((consumer, pending))
    }

    async fn messages(
        &self,
        stream: &str,
        consumer: async_nats::jetstream::consumer::Consumer<pull::OrderedConfig>,
    ) -> Result<BoxStream<'static, Result<Stored, ReadError>>, ReadError> {
        let name = stream.to_owned();
        let messages = consumer.messages().await.map_err(|e| ReadError::new(stream, e))?;
        Ok(messages
            .map(move |message| {
                let message = message.map_err(|e| ReadError::new(name.as_str(), e))?;
                let info = message.info().map_err(|e| ReadError::new(name.as_str(), e))?;
                let (seq, stored_at) = (info.stream_sequence, timestamp(info.published));
                let (message, _) = message.split();
                Ok(Stored {
                    seq,
                    stored_at,
                    subject: message.subject.to_string(),
                    headers: headers(message.headers.as_ref()),
                    body: message.payload,
                })
            })
            .boxed())
    }

    async fn direct(&self, what: &str, subject: String, body: Bytes) -> Result<Option<Stored>, ReadError> {
        let message = self.ask(what, subject, body).await?;
        match Part::of(what, message)? {
            Part::Stored(stored) => Ok(Some(*stored)),
            Part::Nothing | Part::End => Ok(None),
            Part::TooMany => Err(ReadError::new(what, "more than one message answers")),
        }
    }

    /// Asks for several messages at once (ADR-31); none when there are too many. Asks again when the answer breaks off.
    async fn batch(&self, stream: &str, question: Bytes) -> Result<Option<Vec<Stored>>, ReadError> {
        let until = Instant::now() + self.config.publish_patience;
        loop {
            match self.batch_once(stream, question.clone()).await {
                Ok(found) => return Ok(found),
                Err(problem) if Instant::now() >= until => return Err(problem),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    async fn batch_once(&self, stream: &str, question: Bytes) -> Result<Option<Vec<Stored>>, ReadError> {
        let failed = |problem: String| ReadError::new(stream, problem);
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.map_err(|e| failed(e.to_string()))?;
        let subject = format!("$JS.API.DIRECT.GET.{stream}");
        let asked = self.client.publish_with_reply(subject, inbox, question).await;
        asked.map_err(|e| failed(e.to_string()))?;
        let mut found = Vec::new();
        loop {
            let answer = tokio::time::timeout(self.config.ack_timeout, answers.next()).await;
            let answer = answer.map_err(|_| failed("the answer broke off".to_owned()))?;
            let answer = answer.ok_or_else(|| failed("the connection was closed".to_owned()))?;
            match Part::of(stream, answer)? {
                Part::Stored(stored) => found.push(*stored),
                Part::End | Part::Nothing => return Ok(Some(found)),
                Part::TooMany => return Ok(None),
            }
        }
    }

    /// Asks the broker something that is safe to ask again, until it answers or patience is over.
    pub(crate) async fn ask(
        &self,
        what: &str,
        subject: String,
        body: Bytes,
    ) -> Result<async_nats::Message, ReadError> {
        let until = Instant::now() + self.config.publish_patience;
        let mut pause = Duration::from_millis(20);
        loop {
            let request = async_nats::Request::new()
                .payload(body.clone())
                .timeout(Some(self.config.ack_timeout.min(Duration::from_secs(3))));
            match self.client.send_request(subject.clone(), request).await {
                Ok(message) => return Ok(message),
                Err(error) if error.kind() == RequestErrorKind::InvalidSubject => {
                    return Err(ReadError::new(what, error));
                }
                Err(error) if Instant::now() + pause >= until => return Err(ReadError::new(what, error)),
                Err(_) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_millis(500));
                }
            }
        }
    }
}

/// One answer to a direct read (ADR-31).
enum Part {
    Stored(Box<Stored>),
    Nothing,
    TooMany,
    End,
}

impl Part {
    fn of(what: &str, message: async_nats::Message) -> Result<Self, ReadError> {
        match message.status.map(|status| status.as_u16()) {
            None | Some(200) => {}
            Some(204) => return Ok(Self::End),
            Some(404) => return Ok(Self::Nothing),
            Some(413) => return Ok(Self::TooMany),
            Some(other) => {
                let text = message.description.clone().unwrap_or_default();
                return Err(ReadError::new(what, format!("status {other} {text}")));
            }
        }
        let headers = headers(message.headers.as_ref());
        let own = |name: &str| {
            find_header(&headers, name)
                .ok_or_else(|| ReadError::new(what, format!("the answer has no {name}")))
        };
        let seq = own("Nats-Sequence")?.parse().map_err(|e| ReadError::new(what, e))?;
        let stored_at = own("Nats-Time-Stamp")?.parse().map_err(|e| ReadError::new(what, e))?;
        let subject = own("Nats-Subject")?.to_owned();
        Ok(Self::Stored(Box::new(Stored { seq, subject, headers, body: message.payload, stored_at })))
    }
}

/// A scan under way.
struct Scan {
    bus: Bus,
    stream: String,
    filter: String,
    messages: BoxStream<'static, Result<Stored, ReadError>>,
    /// How many were pending at the start and have not come yet; an upper bound, since messages may vanish meanwhile.
    left: u64,
    /// Where the next one lies at the earliest, and the last sequence there was at the start.
    from_seq: u64,
    last_seq: u64,
}

impl Scan {
    async fn next(mut self) -> Option<(Result<Stored, ReadError>, Self)> {
        while self.left > 0 {
            match tokio::time::timeout(self.bus.config.ack_timeout, self.messages.next()).await {
                Ok(None) => return None,
                Ok(Some(Ok(stored))) => {
                    self.left = if stored.seq < self.last_seq { self.left - 1 } else { 0 };
                    self.from_seq = stored.seq + 1;
                    return Some((Ok(stored), self));
                }
                Ok(Some(Err(problem))) => return Some(self.broken(problem)),
                // What was pending may have been deleted, expired or replaced meanwhile: the leader knows.
                Err(_silence) => {
                    match self.bus.next_at_leader(&self.stream, &self.filter, self.from_seq).await {
                        Ok(Some(next)) if next.seq <= self.last_seq => {}
                        Ok(_) => return None,
                        Err(problem) => return Some(self.broken(problem)),
                    }
                }
            }
        }
        None
    }

    fn broken(mut self, problem: ReadError) -> (Result<Stored, ReadError>, Self) {
        self.left = 0;
        (Err(problem), self)
    }
}

#[derive(Deserialize)]
struct LeaderAnswer {
    message: Option<LeaderMessage>,
    error: Option<LeaderProblem>,
}

#[derive(Deserialize)]
struct LeaderMessage {
    subject: String,
    seq: u64,
    #[serde(default)]
    hdrs: String,
    #[serde(default)]
    data: String,
    time: Timestamp,
}

#[derive(Deserialize)]
struct LeaderProblem {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    description: String,
}

fn read_leader_answer(what: &str, payload: &[u8]) -> Result<Option<Stored>, ReadError> {
    let answer: LeaderAnswer = serde_json::from_slice(payload).map_err(|e| ReadError::new(what, e))?;
    if let Some(problem) = answer.error {
        return if problem.code == 404 { Ok(None) } else { Err(ReadError::new(what, problem.description)) };
    }
    let Some(message) = answer.message else { return Ok(None) };
    let decode = |text: &str| {
        base64::engine::general_purpose::STANDARD.decode(text).map_err(|e| ReadError::new(what, e))
    };
    let raw_headers = String::from_utf8_lossy(&decode(&message.hdrs)?).into_owned();
    let headers = raw_headers
        .split("\r\n")
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let body = Bytes::from(decode(&message.data)?);
    Ok(Some(Stored { seq: message.seq, subject: message.subject, headers, body, stored_at: message.time }))
}

pub(crate) fn headers(map: Option<&async_nats::HeaderMap>) -> Headers {
    map.map(|map| {
        map.iter()
            .flat_map(|(name, values)| values.iter().map(|v| (name.to_string(), v.as_str().to_owned())))
            .collect()
    })
    .unwrap_or_default()
}

pub(crate) fn timestamp(time: async_nats::datetime::DateTime) -> Timestamp {
    Timestamp::from_nanosecond(time.unix_timestamp_nanos()).unwrap_or(Timestamp::UNIX_EPOCH)
}

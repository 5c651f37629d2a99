//! Reading: the last message of a literal subject, one message by sequence, or all messages of a subject.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::client::RequestErrorKind;
use base64::Engine as _;
use bytes::Bytes;
use futures::StreamExt as _;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::Instant;

use crate::publish::growing_wait;
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
    /// A read of this thing that failed while its bytes came in.
    pub fn of(what: &str, problem: std::io::Error) -> Self {
        Self::new(what, problem)
    }

    pub(crate) fn new(what: impl Into<String>, problem: impl std::fmt::Display) -> Self {
        Self { what: what.into(), problem: problem.to_string() }
    }
}

/// Most bytes that come at once.
pub(crate) const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

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
        if subject.contains(['*', '>']) {
            let body = serde_json::json!({ "last_by_subj": subject }).to_string();
            return self.direct(&what, self.api(&format!("DIRECT.GET.{stream}")), body.into()).await;
        }
        self.direct(&what, self.api(&format!("DIRECT.GET.{stream}.{subject}")), Bytes::new()).await
    }

    /// The message with this sequence.
    ///
    /// # Errors
    /// [`ReadError`] when no replica answers within the patience of the settings.
    pub async fn at(&self, stream: &str, seq: u64) -> Result<Option<Stored>, ReadError> {
        let body = format!("{{\"seq\":{seq}}}");
        self.direct(&format!("{stream} {seq}"), self.api(&format!("DIRECT.GET.{stream}")), body.into()).await
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
        let answer = self.ask(&what, self.api(&format!("STREAM.MSG.GET.{stream}")), body.into()).await?;
        read_leader_answer(&what, &answer.payload)
    }

    /// The first message that matches `filter` at a sequence or after it, from the stream's leader.
    ///
    /// # Errors
    /// [`ReadError`] when no leader answers within the patience of the settings.
    pub async fn next_at_leader(
        &self,
        stream: &str,
        filter: &str,
        seq: u64,
    ) -> Result<Option<Stored>, ReadError> {
        let body = serde_json::json!({ "seq": seq.max(1), "next_by_subj": filter }).to_string();
        if self.config.replicas == 1 {
            return self.direct(stream, self.api(&format!("DIRECT.GET.{stream}")), body.into()).await;
        }
        let answer = self.ask(stream, self.api(&format!("STREAM.MSG.GET.{stream}")), body.into()).await?;
        read_leader_answer(stream, &answer.payload)
    }

    /// All messages that match `filter`, first to last, one by one from the stream's leader: for a few.
    pub(crate) async fn all_at_leader(&self, stream: &str, filter: &str) -> Result<Vec<Stored>, ReadError> {
        let mut found: Vec<Stored> = Vec::new();
        loop {
            let from = found.last().map_or(1, |last| last.seq + 1);
            match self.next_at_leader(stream, filter, from).await? {
                Some(stored) => found.push(stored),
                None => return Ok(found),
            }
        }
    }

    /// Every subject of a stream that matches `filter`, as its leader knows them.
    pub(crate) async fn subjects(&self, stream: &str, filter: &str) -> Result<Vec<String>, ReadError> {
        #[derive(Deserialize)]
        struct Info {
            state: State,
        }
        #[derive(Deserialize)]
        struct State {
            #[serde(default)]
            subjects: Option<BTreeMap<String, u64>>,
        }
        let mut all = Vec::new();
        loop {
            let question = serde_json::json!({ "subjects_filter": filter, "offset": all.len() }).to_string();
            let subject = self.api(&format!("STREAM.INFO.{stream}"));
            let answer = self.ask(stream, subject, question.into()).await?;
            let info: Info =
                serde_json::from_slice(&answer.payload).map_err(|e| ReadError::new(stream, e))?;
            let page = info.state.subjects.unwrap_or_default();
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page.into_keys());
        }
    }

    /// The last sequence of a stream (0: nothing was ever stored).
    ///
    /// # Errors
    /// [`ReadError`] when no leader answers within the patience of the settings.
    pub async fn last_seq(&self, stream: &str) -> Result<u64, ReadError> {
        Ok(self.info(stream).await?.state.last_seq)
    }

    async fn info(&self, stream: &str) -> Result<Info, ReadError> {
        let answer = self.ask(stream, self.api(&format!("STREAM.INFO.{stream}")), Bytes::new()).await?;
        serde_json::from_slice(&answer.payload).map_err(|e| ReadError::new(stream, e))
    }

    /// What time it is for the leader of a stream, whose clock gives each message its time.
    ///
    /// # Errors
    /// [`ReadError`] when no leader answers within the patience of the settings.
    pub async fn time_at_leader(&self, stream: &str) -> Result<Timestamp, ReadError> {
        Ok(self.info(stream).await?.ts)
    }

    /// The sequence up to which a durable consumer has acknowledged everything; 0 when there is no such consumer.
    ///
    /// # Errors
    /// [`ReadError`] when no leader answers within the patience of the settings.
    pub async fn handled_up_to(&self, stream: &str, consumer: &str) -> Result<u64, ReadError> {
        #[derive(Deserialize)]
        struct Info {
            ack_floor: Option<Floor>,
            error: Option<LeaderProblem>,
        }
        #[derive(Deserialize)]
        struct Floor {
            stream_seq: u64,
        }
        let what = format!("{stream} {consumer}");
        let subject = self.api(&format!("CONSUMER.INFO.{stream}.{consumer}"));
        let answer = self.ask(&what, subject, Bytes::new()).await?;
        let info: Info = serde_json::from_slice(&answer.payload).map_err(|e| ReadError::new(&what, e))?;
        match info.error {
            Some(problem) if problem.code == 404 => Ok(0),
            Some(problem) => Err(ReadError::new(what, problem.description)),
            None => Ok(info.ack_floor.map_or(0, |floor| floor.stream_seq)),
        }
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
            let question = serde_json::json!({
                "seq": from, "next_by_subj": subject, "batch": BATCH, "max_bytes": PAGE_BYTES_MAX,
            });
            let page = self.batch(stream, question.to_string().into()).await?;
            let Some(page) = page else { return Ok(all) };
            all.extend(page.messages);
            if !page.more {
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
        Ok(self.batch(stream, question.to_string().into()).await?.map(|page| page.messages))
    }

    async fn direct(&self, what: &str, subject: String, body: Bytes) -> Result<Option<Stored>, ReadError> {
        let message = self.ask(what, subject, body).await?;
        match Part::of(what, message)? {
            Part::Stored(stored) => Ok(Some(*stored)),
            Part::Nothing | Part::End { .. } => Ok(None),
            Part::TooMany => Err(ReadError::new(what, "more than one message answers")),
        }
    }

    /// Asks for several messages at once (ADR-31); none when there are too many. Asks again when the answer breaks off.
    pub(crate) async fn batch(&self, stream: &str, question: Bytes) -> Result<Option<Page>, ReadError> {
        let until = Instant::now() + self.config.publish_patience;
        loop {
            match self.batch_once(stream, question.clone()).await {
                Ok(found) => return Ok(found),
                Err(problem) if Instant::now() >= until => return Err(problem),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    async fn batch_once(&self, stream: &str, question: Bytes) -> Result<Option<Page>, ReadError> {
        let failed = |problem: String| ReadError::new(stream, problem);
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.map_err(|e| failed(e.to_string()))?;
        let subject = self.api(&format!("DIRECT.GET.{stream}"));
        let asked = self.client.publish_with_reply(subject, inbox, question).await;
        asked.map_err(|e| failed(e.to_string()))?;
        let mut found = Vec::new();
        loop {
            let answer = tokio::time::timeout(self.config.ack_timeout, answers.next()).await;
            let answer = answer.map_err(|_| failed("the answer broke off".to_owned()))?;
            let answer = answer.ok_or_else(|| failed("the connection was closed".to_owned()))?;
            match Part::of(stream, answer)? {
                Part::Stored(stored) => found.push(*stored),
                Part::End { more } => return Ok(Some(Page { messages: found, more })),
                Part::Nothing => return Ok(Some(Page { messages: found, more: false })),
                Part::TooMany => return Ok(None),
            }
        }
    }

    /// Takes a message off the disk, overwriting its bytes; false when it is gone already.
    ///
    /// # Errors
    /// [`ReadError`] when the stream's leader does not answer or refuses.
    pub async fn erase(&self, stream: &str, seq: u64) -> Result<bool, ReadError> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            success: bool,
            error: Option<LeaderProblem>,
        }
        let what = format!("{stream} {seq}");
        let body = Bytes::from(serde_json::json!({ "seq": seq }).to_string());
        let subject = self.api(&format!("STREAM.MSG.DELETE.{stream}"));
        let answer = self.ask(&what, subject, body.clone()).await?;
        let answer: Answer = serde_json::from_slice(&answer.payload).map_err(|e| ReadError::new(&what, e))?;
        if answer.success {
            return Ok(true);
        }
        let there = self.ask(&what, self.api(&format!("STREAM.MSG.GET.{stream}")), body).await?;
        if read_leader_answer(&what, &there.payload)?.is_none() {
            return Ok(false);
        }
        let problem = answer.error.map(|problem| problem.description).unwrap_or_default();
        Err(ReadError::new(&what, format!("the broker does not delete it: {problem}")))
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
        for tries in 0.. {
            let wait = growing_wait(tries, self.config.ack_timeout.min(Duration::from_secs(3)));
            let request = async_nats::Request::new().payload(body.clone()).timeout(Some(wait));
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
        unreachable!("patience ends before the count of tries does")
    }
}

/// Messages that came at once.
pub(crate) struct Page {
    pub(crate) messages: Vec<Stored>,
    /// The replica that answered has more behind them.
    pub(crate) more: bool,
}

/// What the leader of a stream says about it.
#[derive(Deserialize)]
struct Info {
    state: State,
    /// When it said so.
    ts: Timestamp,
}

#[derive(Deserialize)]
struct State {
    last_seq: u64,
}

/// One answer to a direct read (ADR-31).
enum Part {
    Stored(Box<Stored>),
    Nothing,
    TooMany,
    End { more: bool },
}

impl Part {
    fn of(what: &str, message: async_nats::Message) -> Result<Self, ReadError> {
        match message.status.map(|status| status.as_u16()) {
            None | Some(200) => {}
            Some(204) => return Ok(Self::End { more: pending(&message) > 0 }),
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

fn pending(message: &async_nats::Message) -> u64 {
    let header = message.headers.as_ref().and_then(|headers| headers.get("Nats-Num-Pending"));
    header.and_then(|value| value.as_str().parse().ok()).unwrap_or_default()
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

//! Copies of whole streams, exact to the byte: sequences, times, headers and holes are part of what is kept.
//!
//! The broker hands a stream out as its own archive, in chunks that we acknowledge, and takes it back the same way.
//! Publishing everything anew would be simpler and wrong: dead letters, the feed and noted tries name messages by their
//! sequence, and ages count from when a message was stored. Where consumers stood is read and set apart from the
//! archive, so that it can be older than the copy: what lies between is handled again, which changes nothing.

use std::time::Duration;

use async_nats::Subscriber;
use bytes::Bytes;
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Bus, ReadError, layout};

/// How long the broker may be silent while it reads or writes its files.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long it may take to check or to open a stream; a large one is read whole.
const OPEN_PATIENCE: Duration = Duration::from_hours(1);
/// Pieces in which an archive is given back; less than the broker's limit for a message.
pub const CHUNK_BYTES: usize = 512 * 1024;

/// What the broker says of a stream it hands out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Its configuration, as the broker words it.
    pub config: Value,
    /// Its state when the copy was begun, as the broker words it.
    pub state: Value,
}

/// A stream being handed out.
pub struct Archive {
    head: Head,
    stream: String,
    bus: Bus,
    chunks: Subscriber,
}

/// A durable consumer and how far everything before was acknowledged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Its name.
    pub name: String,
    /// Its configuration, as the broker words it.
    pub config: Value,
    /// The last sequence up to which nothing is open.
    pub acknowledged_seq: u64,
}

/// A stream that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct There {
    /// Its name.
    pub name: String,
    /// How many messages it holds.
    pub messages: u64,
    /// How many bytes they are.
    pub bytes: u64,
    /// Its last sequence (0: nothing was ever stored).
    pub last_seq: u64,
}

/// A copy that was not made or not put back.
#[derive(Debug, thiserror::Error)]
#[error("{act} {stream}: {problem}")]
pub struct SnapshotError {
    act: &'static str,
    stream: String,
    problem: String,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Archive({})", self.stream)
    }
}

impl Head {
    /// How many bytes the stream holds; its archive is compressed and mostly smaller.
    pub fn bytes(&self) -> u64 {
        self.state["bytes"].as_u64().unwrap_or_default()
    }

    /// How many messages it holds.
    pub fn messages(&self) -> u64 {
        self.state["messages"].as_u64().unwrap_or_default()
    }

    /// Its last sequence.
    pub fn last_seq(&self) -> u64 {
        self.state["last_seq"].as_u64().unwrap_or_default()
    }
}

impl Bus {
    /// The streams of this layout by name, buckets and blobs among them.
    pub fn stream_names(&self) -> Vec<String> {
        layout::streams_by_name()
    }

    /// Every stream the broker holds for us.
    ///
    /// # Errors
    /// [`ReadError`] when the broker does not answer.
    pub async fn streams_there(&self) -> Result<Vec<There>, ReadError> {
        let mut there: Vec<There> = Vec::new();
        loop {
            let answer = self.page("all streams", &self.api("STREAM.LIST"), there.len(), "streams").await?;
            for stream in &answer.entries {
                let count = |key: &str| stream["state"][key].as_u64().unwrap_or_default();
                let name = stream["config"]["name"].as_str().unwrap_or_default().to_owned();
                let (messages, bytes, last_seq) = (count("messages"), count("bytes"), count("last_seq"));
                there.push(There { name, messages, bytes, last_seq });
            }
            if answer.entries.is_empty() || there.len() >= answer.total {
                return Ok(there);
            }
        }
    }

    /// The durable consumers of a stream and where they stand.
    ///
    /// # Errors
    /// [`ReadError`] when the broker does not answer.
    pub async fn positions(&self, stream: &str) -> Result<Vec<Position>, ReadError> {
        let (mut positions, mut seen) = (Vec::new(), 0);
        let subject = self.api(&format!("CONSUMER.LIST.{stream}"));
        loop {
            let answer = self.page(stream, &subject, seen, "consumers").await?;
            seen += answer.entries.len();
            positions.extend(answer.entries.iter().filter_map(position));
            if answer.entries.is_empty() || seen >= answer.total {
                return Ok(positions);
            }
        }
    }

    async fn page(&self, what: &str, subject: &str, offset: usize, key: &str) -> Result<Page, ReadError> {
        let question = json!({ "offset": offset }).to_string();
        let answer = self.ask(what, subject.to_owned(), question.into()).await?;
        let mut answer: Value =
            serde_json::from_slice(&answer.payload).map_err(|e| ReadError::new(what, e))?;
        if let Some(problem) = problem_in(&answer) {
            return Err(ReadError::new(what, problem));
        }
        let total = answer["total"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
        let entries = match answer[key].take() {
            Value::Array(entries) => entries,
            _ => Vec::new(),
        };
        Ok(Page { entries, total })
    }

    /// Has a stream handed out; the broker checks every message on the way.
    ///
    /// # Errors
    /// [`SnapshotError`] when the broker does not, or finds a message that is damaged.
    pub async fn archive(&self, stream: &str) -> Result<Archive, SnapshotError> {
        let failed = |problem: String| SnapshotError { act: "copy", stream: stream.to_owned(), problem };
        let inbox = self.client.new_inbox();
        let chunks = self.client.subscribe(inbox.clone()).await.map_err(|e| failed(e.to_string()))?;
        let question = json!({ "deliver_subject": inbox, "no_consumers": true, "jsck": true });
        let subject = self.api(&format!("STREAM.SNAPSHOT.{stream}"));
        // It reads all of the stream before it answers.
        let answer =
            self.demand(subject, question.to_string().into(), OPEN_PATIENCE).await.map_err(failed)?;
        let head: Head = serde_json::from_slice(&answer).map_err(|e| failed(e.to_string()))?;
        Ok(Archive { head, stream: stream.to_owned(), bus: self.clone(), chunks })
    }

    /// Begins to give a stream back under this configuration; answers where its chunks go.
    ///
    /// # Errors
    /// [`SnapshotError`] when the broker does not want it, as when it holds a stream of that name.
    pub async fn begin_to_give_back(&self, stream: &str, head: &Head) -> Result<GivingBack, SnapshotError> {
        let failed = |problem: String| SnapshotError { act: "restore", stream: stream.to_owned(), problem };
        let question = json!({ "config": layout::as_settings_say(&self.config, stream, &head.config), "state": head.state });
        let subject = self.api(&format!("STREAM.RESTORE.{stream}"));
        let answer = self.demand(subject, question.to_string().into(), PATIENCE).await.map_err(failed)?;
        let answer: Value = serde_json::from_slice(&answer).map_err(|e| failed(e.to_string()))?;
        let to = answer["deliver_subject"].as_str().map(str::to_owned);
        let to = to.ok_or_else(|| failed("the broker does not say where to".to_owned()))?;
        Ok(GivingBack { stream: stream.to_owned(), to, bus: self.clone() })
    }

    /// Removes a whole stream. Only for one that never held anything, or that this very process has put back.
    ///
    /// # Errors
    /// [`SnapshotError`] when the broker does not.
    pub async fn remove_stream(&self, stream: &str) -> Result<(), SnapshotError> {
        let failed = |problem: String| SnapshotError { act: "remove", stream: stream.to_owned(), problem };
        let subject = self.api(&format!("STREAM.DELETE.{stream}"));
        self.demand(subject, Bytes::new(), PATIENCE).await.map_err(failed)?;
        Ok(())
    }

    /// Makes a durable consumer again and has it go on behind what it had acknowledged.
    ///
    /// # Errors
    /// [`SnapshotError`] when the broker does not.
    pub async fn put_at(&self, stream: &str, position: &Position) -> Result<(), SnapshotError> {
        let failed = |problem: String| SnapshotError {
            act: "restore",
            stream: format!("consumer {} of {stream}", position.name),
            problem,
        };
        let create = self.api(&format!("CONSUMER.CREATE.{stream}.{}", position.name));
        let question =
            json!({ "stream_name": stream, "config": consumer(&position.config), "action": "create" });
        self.repeatably(create, question.to_string().into()).await.map_err(failed)?;
        if position.acknowledged_seq == 0 {
            return Ok(());
        }
        let reset = self.api(&format!("CONSUMER.RESET.{stream}.{}", position.name));
        let question = json!({ "seq": position.acknowledged_seq + 1 });
        self.repeatably(reset, question.to_string().into()).await.map_err(failed)
    }

    /// Asks for something that may be asked for again: a question that meets no leader yet is lost without a word.
    async fn repeatably(&self, subject: String, body: Bytes) -> Result<(), String> {
        let answer = self.ask(&subject, subject.clone(), body).await.map_err(|e| e.to_string())?;
        if answer.payload.is_empty() {
            return Ok(());
        }
        let read: Value = serde_json::from_slice(&answer.payload).map_err(|e| e.to_string())?;
        problem_in(&read).map_or(Ok(()), Err)
    }

    /// Asks once, without asking again: what is asked here is not repeatable.
    async fn demand(&self, subject: String, body: Bytes, patience: Duration) -> Result<Bytes, String> {
        let request = async_nats::Request::new().payload(body).timeout(Some(patience));
        let answer = self.client.send_request(subject, request).await.map_err(|e| e.to_string())?;
        if answer.payload.is_empty() {
            return Ok(answer.payload);
        }
        let read: Value = serde_json::from_slice(&answer.payload).map_err(|e| e.to_string())?;
        problem_in(&read).map_or(Ok(answer.payload), Err)
    }
}

struct Page {
    entries: Vec<Value>,
    total: usize,
}

impl Archive {
    /// What it is a copy of.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The next chunk; none after the last one.
    ///
    /// # Errors
    /// [`SnapshotError`] when the broker breaks off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, SnapshotError> {
        let failed = |problem: String| SnapshotError { act: "copy", stream: self.stream.clone(), problem };
        let chunk = tokio::time::timeout(PATIENCE, self.chunks.next()).await;
        let chunk = chunk.map_err(|_| failed("the broker fell silent".to_owned()))?;
        let chunk = chunk.ok_or_else(|| failed("the connection was closed".to_owned()))?;
        if let Some(status) = chunk.status.filter(|status| status.as_u16() >= 400) {
            let why = chunk.description.clone().unwrap_or_default();
            return Err(failed(format!("status {status} {why}")));
        }
        if chunk.payload.is_empty() {
            return Ok(None);
        }
        if let Some(reply) = chunk.reply {
            let acknowledged = self.bus.client.publish(reply, Bytes::new()).await;
            acknowledged.map_err(|e| failed(e.to_string()))?;
        }
        Ok(Some(chunk.payload))
    }
}

/// A stream being given back.
#[derive(Debug)]
pub struct GivingBack {
    stream: String,
    to: String,
    bus: Bus,
}

impl GivingBack {
    /// One chunk, in order; at most [`CHUNK_BYTES`].
    ///
    /// # Errors
    /// [`SnapshotError`] when the broker does not take it.
    pub async fn chunk(&self, chunk: Bytes) -> Result<(), SnapshotError> {
        self.send(chunk, PATIENCE).await.map(drop)
    }

    /// That was all: the broker opens the stream. Answers its last sequence.
    ///
    /// # Errors
    /// [`SnapshotError`] when the archive is not whole.
    pub async fn finish(self) -> Result<u64, SnapshotError> {
        let answer = self.send(Bytes::new(), OPEN_PATIENCE).await?;
        let info: Value = serde_json::from_slice(&answer).map_err(|e| self.failed(e.to_string()))?;
        let last_seq = info["state"]["last_seq"].as_u64();
        last_seq.ok_or_else(|| self.failed("the broker does not say what it restored".to_owned()))
    }

    async fn send(&self, chunk: Bytes, patience: Duration) -> Result<Bytes, SnapshotError> {
        self.bus.demand(self.to.clone(), chunk, patience).await.map_err(|problem| self.failed(problem))
    }

    fn failed(&self, problem: String) -> SnapshotError {
        SnapshotError { act: "restore", stream: self.stream.clone(), problem }
    }
}

fn position(info: &Value) -> Option<Position> {
    let config = &info["config"];
    // Others belong to a reader that is there right now.
    let name = config["durable_name"].as_str().filter(|name| !name.is_empty())?.to_owned();
    let acknowledged_seq = info["ack_floor"]["stream_seq"].as_u64().unwrap_or_default();
    Some(Position { name, config: config.clone(), acknowledged_seq })
}

/// A consumer's configuration as it may be asked for: the server's own notes are left out, and the number of copies
/// follows the stream.
fn consumer(config: &Value) -> Value {
    let mut config = config.clone();
    if let Some(fields) = config.as_object_mut() {
        fields.remove("num_replicas");
        if let Some(Value::Object(notes)) = fields.get_mut("metadata") {
            notes.retain(|key, _| !key.starts_with("_nats."));
        }
    }
    config
}

fn problem_in(answer: &Value) -> Option<String> {
    let problem = answer.get("error").filter(|problem| !problem.is_null())?;
    Some(problem["description"].as_str().unwrap_or("the broker refuses without a reason").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_is_asked_for_without_the_servers_notes() {
        let there = json!({ "durable_name": "router", "num_replicas": 1,
            "metadata": { "_nats.level": "1", "ours": "stays" } });
        assert_eq!(consumer(&there), json!({ "durable_name": "router", "metadata": { "ours": "stays" } }));
    }

    #[test]
    fn a_reader_of_the_moment_has_no_position() {
        assert_eq!(position(&json!({ "config": { "name": "x1" }, "ack_floor": { "stream_seq": 3 } })), None);
    }
}

//! A commit: what one command wrote to a complaint: its events, the state after them, the hash of the commit before.
//!
//! Body of a COMPLAINTS message (proto `redress.complaint.v1.Commit`). The bytes of each commit are hashed as
//! they lie in the stream, so an exported complaint is a chain that a stranger can verify.

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::event::{Event, EventData};
use crate::id::{ComplaintId, EventId};
use crate::words::ActorRole;

/// The version of the commit's own layout.
pub const COMMIT_VERSION: u32 = 1;

/// One command's events.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Commit {
    /// [`COMMIT_VERSION`] of its writer.
    pub version: u32,
    /// The case.
    pub complaint_id: ComplaintId,
    /// Its number in the complaint, from 1.
    pub number: u32,
    /// SHA-256 (hex) of the bytes of the commit before; empty in the first.
    pub previous_sha256: String,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// What caused it.
    pub cause: Cause,
    /// What happened, in order; at least one.
    pub events: Vec<CommitEvent>,
    /// The state after the last event: a cache, never a promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<StateCache>,
}

/// One event with its number in the complaint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CommitEvent {
    /// From 1, without gaps, over all commits of the complaint.
    pub seq: u32,
    /// When it happened (for an effect found late, before `recordedAt`).
    #[serde(rename = "occurredAt")]
    pub occurred_at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// A commit as whoever passes its events on needs it: what is inside them stays the text it came as, also what this
/// version does not know.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CommitText {
    /// The case.
    pub complaint_id: ComplaintId,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// What caused it.
    pub cause: Cause,
    /// What happened, in order; at least one.
    pub events: Vec<EventText>,
}

/// An event of a commit on the wire. Its data stays text until the type is known: every service reads every commit,
/// and taking a flattened field apart twice was a tenth of all its work.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventText {
    /// From 1, without gaps, over all commits of the complaint.
    pub seq: u32,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The full type: `redress.complaint.v1.Registered`.
    pub r#type: String,
    /// The data as JSON.
    #[serde(default)]
    pub data: EventData,
}

impl<'de> Deserialize<'de> for CommitEvent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = EventText::deserialize(from)?;
        let event = Event::from_text(&text.r#type, text.data.get())
            .map_err(|e| D::Error::custom(format!("{}: {e}", text.r#type)))?;
        Ok(Self { seq: text.seq, occurred_at: text.occurred_at, event })
    }
}

impl From<&Commit> for CommitText {
    fn from(commit: &Commit) -> Self {
        let text = |event: &CommitEvent| EventText {
            seq: event.seq,
            occurred_at: event.occurred_at,
            r#type: event.event.type_name(),
            data: EventData::from(&event.event),
        };
        Self {
            complaint_id: commit.complaint_id.clone(),
            recorded_at: commit.recorded_at,
            actor: commit.actor.clone(),
            cause: commit.cause.clone(),
            events: commit.events.iter().map(text).collect(),
        }
    }
}

impl EventText {
    /// The last word of the type: `Registered`.
    pub fn name(&self) -> &str {
        self.r#type.rsplit('.').next().unwrap_or(&self.r#type)
    }
}

/// Who did it: an opaque id and a role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Actor {
    /// A service's name, an opaque id of a member of staff, or `complainant`.
    pub id: String,
    /// In which role.
    pub role: ActorRole,
}

/// What caused a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cause {
    /// The contact, event, communication or timer that caused it.
    pub causation_id: String,
    /// W3C trace context of the delivery that caused it; empty when there was none.
    pub traceparent: String,
}

/// The complaint's state as `redress-domain` of some version wrote it. Other versions replay the events instead.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StateCache {
    /// Version of the state's layout.
    pub version: u32,
    /// The state, opaque to everybody but the domain.
    pub body: Option<Box<RawValue>>,
}

impl Commit {
    /// The number of its last event.
    pub fn last_seq(&self) -> u32 {
        self.events.last().map_or(0, |event| event.seq)
    }

    /// The id of one of its events.
    pub fn event_id(&self, event: &CommitEvent) -> EventId {
        EventId::of(&self.complaint_id, event.seq)
    }

    /// SHA-256 (hex) of a commit's bytes, what the next commit holds in `previousSha256`.
    pub fn hash(bytes: &[u8]) -> String {
        Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
            use std::fmt::Write as _;
            write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
            hex
        })
    }
}

impl Actor {
    /// A service of the system.
    pub fn service(name: &str) -> Self {
        Self { id: name.to_owned(), role: ActorRole::System }
    }

    /// A member of staff, by opaque id.
    pub fn handler(id: &str) -> Self {
        Self { id: id.to_owned(), role: ActorRole::Handler }
    }
}

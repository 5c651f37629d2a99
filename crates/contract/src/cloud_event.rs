//! The envelope of a published event: CloudEvents 1.0 in structured JSON mode.
//!
//! Body of an EVENTS message, sent with `Content-Type: application/cloudevents+json`. Attribute names follow the
//! CloudEvents naming rule (lower-case letters and digits); `seq` counts per complaint.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::commit::{CommitText, EventText};
use crate::event::{Event, EventData};
use crate::id::{ComplaintId, EventId};
use crate::words::ActorRole;

/// Value of the `Content-Type` header of a structured `CloudEvent`.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// One event as other systems see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent {
    /// Always `1.0`.
    pub specversion: String,
    /// `<complaint>.<seq>`, unique within `source`.
    pub id: EventId,
    /// The installation: a URI-reference such as `/redress`.
    pub source: String,
    /// The proto full name of the data.
    pub r#type: String,
    /// The complaint.
    pub subject: ComplaintId,
    /// When it happened.
    pub time: Timestamp,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// Number of the event in its complaint, from 1, without gaps.
    pub seq: u32,
    /// What caused it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub causationid: String,
    /// The complaint: all events with the same value tell one story.
    pub correlationid: String,
    /// Opaque id of who caused it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub actor: String,
    /// In which role.
    #[serde(default)]
    pub actorrole: ActorRole,
    /// When it was written down.
    pub recordedtime: Timestamp,
    /// W3C trace context.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub traceparent: String,
    /// The event in proto3 JSON.
    pub data: EventData,
}

impl CloudEvent {
    /// The published form of one event of a commit. `source` names the installation.
    pub fn of(commit: &CommitText, event: &EventText, source: &str) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id: EventId::of(&commit.complaint_id, event.seq),
            source: source.to_owned(),
            r#type: event.r#type.clone(),
            subject: commit.complaint_id.clone(),
            time: event.occurred_at,
            datacontenttype: "application/json".to_owned(),
            seq: event.seq,
            causationid: commit.cause.causation_id.clone(),
            correlationid: commit.complaint_id.to_string(),
            actor: commit.actor.id.clone(),
            actorrole: commit.actor.role,
            recordedtime: commit.recorded_at,
            traceparent: commit.cause.traceparent.clone(),
            data: event.data.clone(),
        }
    }

    /// The event inside.
    ///
    /// # Errors
    /// When the type is known and the data does not fit it.
    pub fn event(&self) -> Result<Event, serde_json::Error> {
        Event::from_text(&self.r#type, self.data.get())
    }
}

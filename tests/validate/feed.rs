//! The rules of the feed beyond CloudEvents: data and envelope as `proto/` says, numbers without gaps, ids once.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, ReflectMessage as _};
use serde_json::{Map, Value};

use crate::cloud_event;

const PACKAGE: &str = "redress.complaint.v1";

/// Where a complaint's numbers may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    /// At 1: the feed goes back to the beginning.
    One,
    /// Anywhere: older events have expired.
    Any,
}

/// What was seen so far.
pub(crate) struct Feed {
    pool: DescriptorPool,
    first: First,
    last_seq: HashMap<String, u64>,
    ids: HashSet<String>,
}

impl Feed {
    /// Nothing seen yet.
    pub(crate) fn new(first: First) -> Self {
        Self { pool: pool(), first, last_seq: HashMap::new(), ids: HashSet::new() }
    }

    /// How many complaints were named.
    pub(crate) fn complaints(&self) -> usize {
        self.last_seq.len()
    }

    /// Judges the next line.
    pub(crate) fn take(&mut self, line: &str) -> Result<(), String> {
        let event: Value = serde_json::from_str(line).map_err(|e| format!("no JSON: {e}"))?;
        let event = event.as_object().ok_or("no JSON object")?;
        cloud_event::check(event)?;
        self.message(&format!("{PACKAGE}.CloudEvent"), line)?;
        envelope_rule(event)?;
        self.data_rule(event)?;
        self.order_rule(event)
    }

    /// Data is the event that `type` names, without fields that it does not have.
    fn data_rule(&self, event: &Map<String, Value>) -> Result<(), String> {
        let kind = text(event, "type")?;
        let data = event.get("data").filter(|data| data.is_object()).ok_or("data is no object")?;
        let message = self.message(kind, &data.to_string())?;
        let file = message.descriptor().parent_file();
        if file.name() != "redress/complaint/v1/events.proto" {
            return Err(format!("{kind} is a message, but no event"));
        }
        if kind.ends_with(".Registered") && data.get("complaintId") != event.get("subject") {
            return Err("data.complaintId is not the subject".to_owned());
        }
        Ok(())
    }

    fn message(&self, name: &str, json: &str) -> Result<DynamicMessage, String> {
        let message = self.pool.get_message_by_name(name).ok_or_else(|| format!("proto/ has no {name}"))?;
        let strict = DeserializeOptions::new().deny_unknown_fields(true);
        let mut reader = serde_json::Deserializer::from_str(json);
        DynamicMessage::deserialize_with_options(message, &mut reader, &strict)
            .map_err(|e| format!("{name}: {e}"))
    }

    /// Each complaint counts without gaps, in order; no id comes twice.
    fn order_rule(&mut self, event: &Map<String, Value>) -> Result<(), String> {
        let (id, complaint) = (text(event, "id")?, text(event, "subject")?);
        let seq = event.get("seq").and_then(Value::as_u64).ok_or("attribute seq is missing or no number")?;
        if id != format!("{complaint}.{seq}") {
            return Err(format!("id {id} is not {complaint}.{seq}"));
        }
        if !self.ids.insert(id.to_owned()) {
            return Err(format!("id {id} comes a second time"));
        }
        let expected = match self.last_seq.get(complaint) {
            Some(last) => last + 1,
            None if self.first == First::Any => seq.max(1),
            None => 1,
        };
        if seq != expected {
            return Err(format!("complaint {complaint} goes on with {seq}, not {expected}"));
        }
        self.last_seq.insert(complaint.to_owned(), seq);
        Ok(())
    }
}

/// What the envelope holds beyond what CloudEvents ask for.
fn envelope_rule(event: &Map<String, Value>) -> Result<(), String> {
    if text(event, "correlationid")? != text(event, "subject")? {
        return Err("correlationid is not the subject".to_owned());
    }
    if text(event, "datacontenttype")? != "application/json" {
        return Err("datacontenttype is not application/json".to_owned());
    }
    for name in ["time", "recordedtime"] {
        let time = text(event, name)?;
        if !cloud_event::is_timestamp(time) || !time.ends_with('Z') {
            return Err(format!("{name} {time} is no time in UTC"));
        }
    }
    if !text(event, "actorrole")?.starts_with("ACTOR_ROLE_") {
        return Err("actorrole is no word of ActorRole".to_owned());
    }
    Ok(())
}

fn text<'a>(event: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    event.get(name).and_then(Value::as_str).ok_or_else(|| format!("attribute {name} is missing or no string"))
}

fn pool() -> DescriptorPool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto");
    let mut compiler = protox::Compiler::new([root]).expect("the folder proto/ is beside this package");
    compiler
        .include_imports(true)
        .open_files(["redress/complaint/v1/events.proto", "redress/complaint/v1/cloud_event.proto"])
        .expect("the files in proto/ compile: redress-contract tests them");
    compiler.descriptor_pool()
}

/// A valid event number `seq` of a complaint.
#[cfg(test)]
pub(crate) fn sample(complaint: &str, seq: u32) -> String {
    serde_json::json!({
        "specversion": "1.0", "id": format!("{complaint}.{seq}"), "source": "/redress",
        "type": "redress.complaint.v1.Closed", "subject": complaint, "time": "2026-01-02T03:04:05Z",
        "datacontenttype": "application/json", "seq": seq, "causationid": "x", "correlationid": complaint,
        "actor": "router", "actorrole": "ACTOR_ROLE_SYSTEM", "recordedtime": "2026-01-02T03:04:05.5Z",
        "data": { "reason": "CLOSE_REASON_DECIDED" },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Why the feed refuses a line that differs from the sample in these attributes; empty when it takes it.
    #[track_caller]
    fn check(changes: &Value, expected: &str) {
        let mut event: Value = serde_json::from_str(&sample("a", 1)).unwrap();
        for (name, value) in changes.as_object().unwrap() {
            event[name] = value.clone();
        }
        let reason = Feed::new(First::One).take(&event.to_string()).err().unwrap_or_default();
        assert!(reason.contains(expected) && reason.is_empty() == expected.is_empty(), "{event}: {reason}");
    }

    #[test]
    fn an_event_as_published_is_taken() {
        check(&json!({}), "");
        check(&json!({ "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }), "");
    }

    #[test]
    fn data_is_what_the_type_says() {
        check(&json!({ "data": {} }), "");
        check(
            &json!({ "data": { "reason": "CLOSE_REASON_DECIDED", "by": "x" } }),
            "redress.complaint.v1.Closed",
        );
        check(&json!({ "data": { "reason": "CLOSE_REASON_BORED" } }), "redress.complaint.v1.Closed");
        check(&json!({ "data": { "reason": ["x"] } }), "redress.complaint.v1.Closed");
        check(&json!({ "data": "x" }), "data is no object");
        check(&json!({ "type": "redress.complaint.v1.Mediated" }), "proto/ has no");
        check(&json!({ "type": "redress.complaint.v1.Rung", "data": {} }), "no event");
        check(
            &json!({ "type": "redress.complaint.v1.Registered", "data": { "complaintId": "b" } }),
            "complaintId",
        );
    }

    #[test]
    fn the_envelope_is_ours() {
        check(&json!({ "unheardof": "x" }), "unheardof");
        check(&json!({ "correlationid": "b" }), "correlationid");
        check(&json!({ "time": "2026-01-02T03:04:05+01:00" }), "time");
        check(&json!({ "actorrole": "ACTOR_ROLE_GHOST" }), "CloudEvent");
        check(&json!({ "actorrole": 3 }), "actorrole");
        check(&json!({ "seq": 2 }), "id a.1 is not a.2");
        check(&json!({ "id": "b.1" }), "id b.1 is not a.1");
        check(&json!({ "seq": 0, "id": "a.0" }), "not 1");
        check(&json!({ "seq": "1" }), "attribute seq");
    }

    #[test]
    fn each_complaint_counts_without_gaps() {
        let run = |first, lines: &[(&str, u32)]| {
            let mut feed = Feed::new(first);
            lines.iter().try_for_each(|(complaint, seq)| feed.take(&sample(complaint, *seq)))
        };
        assert_eq!(run(First::One, &[("a", 1), ("b", 1), ("a", 2), ("b", 2)]), Ok(()));
        assert!(run(First::One, &[("a", 1), ("a", 3)]).unwrap_err().contains("goes on with 3, not 2"));
        assert!(run(First::One, &[("a", 1), ("a", 2), ("a", 1)]).unwrap_err().contains("a second time"));
        assert!(run(First::One, &[("a", 2)]).unwrap_err().contains("not 1"));
        assert_eq!(run(First::Any, &[("a", 5), ("a", 6)]), Ok(()));
        assert!(run(First::Any, &[("a", 5), ("a", 7)]).unwrap_err().contains("not 6"));
    }
}

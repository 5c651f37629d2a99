//! What any released version wrote is read forever, and what a newer version writes does no harm.
//!
//! `golden/<version>/` holds one sample of each message, every field set. A file there is never changed; a new field or
//! event gets a sample under the version that brings it.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use redress_contract::words::{Channel, Recipient};
use redress_contract::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[path = "support/proto.rs"]
#[expect(dead_code, reason = "what is not needed here is needed in agrees_with_proto.rs")]
mod proto;

/// Reads and writes one golden file with the type it is of; gives the proto name too.
fn rewrite(path: &Path, text: &str) -> (String, Value) {
    fn through<T: Serialize + DeserializeOwned>(name: &str, text: &str) -> (String, Value) {
        let read: T = serde_json::from_str(text).unwrap_or_else(|e| panic!("{name} is no longer read: {e}"));
        (name.to_owned(), serde_json::to_value(read).unwrap())
    }
    let stem = path.file_stem().unwrap().to_str().unwrap();
    if path.parent().unwrap().ends_with("event") {
        let name = format!("{}.{stem}", event::PACKAGE);
        let event = Event::from_parts(&name, serde_json::from_str(text).unwrap())
            .unwrap_or_else(|e| panic!("{name} is no longer read: {e}"));
        assert!(!matches!(event, Event::Unknown { .. }), "{name} is no longer known");
        return (name, event.data());
    }
    match stem {
        "contact" => through::<Contact>("redress.intake.v1.Contact", text),
        "dead_letter" => through::<DeadLetter>("redress.intake.v1.DeadLetter", text),
        "commit" => through::<Commit>("redress.complaint.v1.Commit", text),
        "cloud_event" => through::<CloudEvent>("redress.complaint.v1.CloudEvent", text),
        "communication" => through::<Communication>("redress.complaint.v1.Communication", text),
        "answer" => through::<communication::Answer>("redress.complaint.v1.Answer", text),
        "content" => through::<Content>("redress.complaint.v1.Content", text),
        "timer_due" => through::<TimerDue>("redress.complaint.v1.TimerDue", text),
        other => panic!("nobody reads golden file {other}"),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn golden() -> Vec<PathBuf> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"))
}

#[test]
fn every_sample_is_read_and_keeps_what_it_says() {
    for path in golden() {
        let text = std::fs::read_to_string(&path).unwrap();
        let (name, rewritten) = rewrite(&path, &text);
        assert_holds(&rewritten, &serde_json::from_str(&text).unwrap(), &name);
        proto::read(&name, &text).unwrap();
    }
}

/// What this version writes holds everything the sample holds; it may hold more.
#[track_caller]
fn assert_holds(written: &Value, sample: &Value, at: &str) {
    match (written, sample) {
        (Value::Object(written), Value::Object(sample)) => {
            for (name, value) in sample {
                let found = written.get(name).unwrap_or_else(|| panic!("{at}.{name} is lost"));
                assert_holds(found, value, &format!("{at}.{name}"));
            }
        }
        (Value::Array(written), Value::Array(sample)) => {
            assert_eq!(written.len(), sample.len(), "{at}");
            for (index, (written, sample)) in written.iter().zip(sample).enumerate() {
                assert_holds(written, sample, &format!("{at}[{index}]"));
            }
        }
        _ => assert_eq!(written, sample, "{at}"),
    }
}

/// Every field of every message is set in some sample: a sample without it would prove nothing about it.
#[test]
fn every_field_has_a_sample() {
    let mut seen = BTreeSet::new();
    for path in golden() {
        let text = std::fs::read_to_string(&path).unwrap();
        let (name, _) = rewrite(&path, &text);
        note(&proto::read(&name, &text).unwrap(), &mut seen);
    }
    for message in proto::messages() {
        for field in message.fields() {
            assert!(seen.contains(field.full_name()), "no golden sample sets {}", field.full_name());
        }
    }
}

fn note(message: &prost_reflect::DynamicMessage, seen: &mut BTreeSet<String>) {
    for (field, value) in message.fields() {
        seen.insert(field.full_name().to_owned());
        let items = value.as_list().map_or_else(|| vec![value.clone()], <[_]>::to_vec);
        for inner in items.iter().filter_map(prost_reflect::Value::as_message) {
            note(inner, seen);
        }
    }
}

#[test]
fn fields_of_tomorrow_are_ignored() {
    let contact: Contact = serde_json::from_value(json!({
        "id": "c1", "channel": "CHANNEL_EMAIL", "mood": "angry", "sender": { "value": "jo@example.com", "since": 2031 },
    }))
    .unwrap();
    assert_eq!(contact.id.as_str(), "c1");
    assert_eq!(contact.sender.unwrap().value, "jo@example.com");

    let commit: Commit = serde_json::from_value(json!({
        "complaintId": "c1", "number": 1, "signature": "x",
        "events": [{ "seq": 1, "occurredAt": "2031-01-01T00:00:00Z", "weight": 3,
            "type": "redress.complaint.v1.Closed", "data": { "reason": "CLOSE_REASON_DECIDED", "by": "robot" } }],
    }))
    .unwrap();
    let closed = event::Closed { reason: CloseReason::Decided };
    assert_eq!(commit.events[0].event, Event::from(closed));
}

#[test]
fn words_of_tomorrow_are_read_as_unspecified() {
    let contact: Contact = serde_json::from_value(json!({ "channel": "CHANNEL_TELEPATHY" })).unwrap();
    assert_eq!(contact.channel, Channel::Unspecified);

    let data = json!({ "recipients": ["RECIPIENT_OWNER", "RECIPIENT_OMBUDSMAN"] });
    let event = Event::from_parts("redress.complaint.v1.Escalated", data).unwrap();
    let Event::Escalated(escalated) = event else { panic!("{event:?}") };
    assert_eq!(escalated.recipients, [Recipient::Owner, Recipient::Unspecified]);
}

#[test]
fn events_of_tomorrow_are_kept_and_written_unchanged() {
    let tomorrow = json!({ "seq": 4, "occurredAt": "2031-01-01T00:00:00.25Z", "type": "redress.complaint.v1.Mediated",
        "data": { "by": ["a", 1, null, { "deep": 1.5 }], "b": true } });
    let later_package = json!({ "seq": 5, "occurredAt": "2031-01-01T00:00:00Z", "type": "redress.complaint.v2.Closed",
        "data": { "reason": { "text": "x" } } });
    for event in [tomorrow, later_package] {
        let read: CommitEvent = serde_json::from_value(event.clone()).unwrap();
        assert!(matches!(read.event, Event::Unknown { .. }));
        assert_eq!(read.event.type_name(), event["type"].as_str().unwrap());
        assert_eq!(serde_json::to_value(&read).unwrap(), event);
    }
}

#[test]
fn a_known_event_that_does_not_fit_is_an_error_that_names_it() {
    let event = json!({ "seq": 1, "occurredAt": "2026-01-01T00:00:00Z", "type": "redress.complaint.v1.Accepted",
        "data": { "handler": 7 } });
    let error = serde_json::from_value::<CommitEvent>(event).unwrap_err().to_string();
    assert!(error.starts_with("redress.complaint.v1.Accepted: "), "{error}");
}

#[test]
fn an_id_that_is_none_is_refused() {
    for id in ["a.b", "a b", ">", "*", "é", &"x".repeat(65)] {
        assert!(serde_json::from_value::<ComplaintId>(json!(id)).is_err(), "{id}");
    }
    assert!(serde_json::from_value::<ComplaintId>(json!("")).unwrap().is_empty(), "an absent field");
}

//! `proto/asyncapi.yaml` tells subscribers what `proto/` and the code say, and nothing else.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::path::Path;

use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};
use redress_contract::{Event, cloud_event, event, subject};
use serde_json::{Map, Value, json};

#[path = "support/proto.rs"]
#[expect(dead_code, reason = "what is not needed here is needed in agrees_with_proto.rs")]
mod proto;

fn document() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/asyncapi.yaml");
    serde_yaml_ng::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn names() -> BTreeSet<&'static str> {
    Event::NAMES.iter().copied().collect()
}

#[test]
fn it_is_asyncapi_3() {
    let document = document();
    assert_eq!(document["asyncapi"], "3.0.0");
    assert_eq!(document["defaultContentType"], cloud_event::CONTENT_TYPE);
    for required in ["info", "channels", "operations", "components"] {
        assert!(document[required].is_object(), "{required}");
    }
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
}

#[test]
fn the_channel_is_the_stream_of_all_events() {
    let document = document();
    let channel = &document["channels"]["events"];
    let subject = subject::event("{type}", &"complaint".parse().unwrap()).replace("complaint", "{complaint}");
    assert_eq!(channel["address"], subject);
    let types = channel["parameters"]["type"]["enum"].as_array().unwrap();
    assert_eq!(types.iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>(), Event::NAMES);
    assert_eq!(keys(&channel["messages"]).into_iter().collect::<BTreeSet<_>>(), names());
    for name in Event::NAMES {
        assert_eq!(channel["messages"][name]["$ref"], format!("#/components/messages/{name}"));
    }
    assert!(document["info"]["description"].as_str().unwrap().contains(subject::name::EVENTS));
}

#[test]
fn the_messages_are_the_events() {
    let document = document();
    let messages = &document["components"]["messages"];
    assert_eq!(keys(messages).into_iter().collect::<BTreeSet<_>>(), names());
    for name in Event::NAMES {
        let full_name = format!("{}.{name}", event::PACKAGE);
        let message = &messages[name];
        assert_eq!(message["name"], full_name);
        assert_eq!(message["contentType"], cloud_event::CONTENT_TYPE);
        let expected = json!([
            { "$ref": "#/components/schemas/CloudEvent" },
            { "type": "object", "properties": {
                "type": { "const": full_name },
                "data": { "$ref": format!("#/components/schemas/{name}") },
            } },
        ]);
        assert_eq!(message["payload"]["allOf"], expected, "{name}");
    }
}

/// The schemas of all events, and of all they are made of, are the proto messages and enums.
#[test]
fn the_schemas_are_the_published_files() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let envelope = proto::message("redress.complaint.v1.CloudEvent");
    let mut expected = Map::new();
    expected.insert("Headers".to_owned(), without_words(&schemas["Headers"]));
    for message in proto::events().into_iter().chain([envelope]) {
        describe(&message, &mut expected);
    }
    let found: Map<_, _> =
        schemas.iter().map(|(name, schema)| (name.clone(), without_words(schema))).collect();
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected.keys().collect::<BTreeSet<_>>());
    for (name, schema) in expected {
        assert_eq!(found[&name], schema, "{name}");
    }
}

/// The envelope asks for what is always there, and for nothing else.
#[test]
fn the_envelope_asks_for_what_is_always_there() {
    let commit = redress_contract::Commit {
        events: vec![redress_contract::CommitEvent {
            seq: 1,
            occurred_at: jiff::Timestamp::UNIX_EPOCH,
            event: event::Closed::default().into(),
        }],
        ..Default::default()
    };
    let commit = redress_contract::CommitText::from(&commit);
    let least = cloud_event::CloudEvent::of(&commit, &commit.events[0], "/redress");
    let least = serde_json::to_value(least).unwrap();
    let document = document();
    let required = document["components"]["schemas"]["CloudEvent"]["required"].as_array().unwrap();
    let required: BTreeSet<_> = required.iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(keys(&least).into_iter().collect::<BTreeSet<_>>(), required);
}

/// A schema without what is said to people, and without what only the envelope asks for.
fn without_words(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let told = ["description", "const", "required"];
            let kept =
                fields.iter().filter(|(name, value)| !told.contains(&name.as_str()) || value.is_object());
            kept.map(|(name, value)| (name.clone(), without_words(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(without_words).collect(),
        other => other.clone(),
    }
}

/// Adds the schema of a message and of all it is made of.
fn describe(message: &MessageDescriptor, schemas: &mut Map<String, Value>) {
    let mut properties = Map::new();
    for field in message.fields() {
        match field.kind() {
            Kind::Message(part) if part.full_name().starts_with("redress.") => describe(&part, schemas),
            Kind::Enum(words) => {
                let values: Vec<_> = words.values().map(|value| Value::from(value.name())).collect();
                schemas.insert(words.name().to_owned(), json!({ "type": "string", "enum": values }));
            }
            _ => {}
        }
        properties.insert(field.json_name().to_owned(), schema_of(&field));
    }
    schemas.insert(message.name().to_owned(), json!({ "type": "object", "properties": properties }));
}

fn schema_of(field: &FieldDescriptor) -> Value {
    let one = match field.kind() {
        Kind::String => json!({ "type": "string" }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Uint32 => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        Kind::Enum(words) => json!({ "$ref": format!("#/components/schemas/{}", words.name()) }),
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => json!({ "type": "string", "format": "date-time" }),
            "google.protobuf.Value" => json!({ "type": "object" }),
            _ => json!({ "$ref": format!("#/components/schemas/{}", message.name()) }),
        },
        other => panic!("{} is a {other:?}, which no event holds so far", field.full_name()),
    };
    match (field.cardinality(), one.get("$ref")) {
        (Cardinality::Repeated, _) => json!({ "type": "array", "items": one }),
        // Beside `$ref` nothing else is read, so a described reference is wrapped.
        (_, Some(_)) => json!({ "allOf": [one] }),
        (_, None) => one,
    }
}

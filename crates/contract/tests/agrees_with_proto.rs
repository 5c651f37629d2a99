//! The words in Rust and the published ones in `proto/` are the same: fields, types, values, events and JSON.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::prelude::*;
use prost_reflect::{Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use redress_contract::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

#[path = "support/make.rs"]
mod make;
#[path = "support/proto.rs"]
mod proto;

use make::any;

/// Reads JSON as some type and writes it again.
type Rewrite = fn(&str) -> Result<Value, String>;

/// Every message that crosses the wire on its own, and every part of one: what Rust reads and writes it with.
fn rewriters() -> Vec<(String, Rewrite)> {
    fn rewrite<T: Serialize + DeserializeOwned>(json: &str) -> Result<Value, String> {
        let read: T = serde_json::from_str(json).map_err(|e| e.to_string())?;
        serde_json::to_value(read).map_err(|e| e.to_string())
    }
    macro_rules! all {
        ($package:literal: $($type:ty as $name:literal,)*) => {
            vec![$((format!("{}.{}", $package, $name), rewrite::<$type> as Rewrite),)*]
        };
    }
    let mut all = all!["redress.intake.v1":
        Contact as "Contact", contact::Address as "Address", contact::Attachment as "Attachment",
        contact::Raw as "Raw", contact::Thread as "Thread", contact::Machine as "Machine",
        contact::DeliveryReport as "DeliveryReport", contact::Field as "Field", contact::TextSpan as "TextSpan",
        contact::RecordedBy as "RecordedBy", contact::Call as "Call", contact::Post as "Post", contact::SenderVerdict as "SenderVerdict", DeadLetter as "DeadLetter",
    ];
    all.extend(all!["redress.complaint.v1":
        Commit as "Commit", CommitEvent as "CommitEvent", Actor as "Actor", Cause as "Cause",
        StateCache as "StateCache", CloudEvent as "CloudEvent", Communication as "Communication", communication::Answer as "Answer", communication::PostRef as "PostRef",
        Content as "Content", TimerDue as "TimerDue", event::Rung as "Rung", event::Evidence as "Evidence",
    ]);
    all
}

/// The data of an event, read and written by Rust.
fn rewrite_event(name: &str, json: &str) -> Result<Value, String> {
    let data = serde_json::from_str(json).map_err(|e| e.to_string())?;
    let event = Event::from_parts(name, data).map_err(|e| e.to_string())?;
    assert!(!matches!(event, Event::Unknown { .. }), "{name} is unknown to Rust");
    Ok(event.data())
}

#[test]
fn every_event_is_known_on_both_sides() {
    let ours: BTreeSet<_> = Event::NAMES.iter().map(|name| format!("{}.{name}", event::PACKAGE)).collect();
    let published: BTreeSet<_> = proto::events().iter().map(|event| event.full_name().to_owned()).collect();
    assert_eq!(ours, published);
}

#[test]
fn every_message_is_known_on_both_sides() {
    let events = proto::events().into_iter().map(|event| event.full_name().to_owned());
    let ours: BTreeSet<_> = rewriters().into_iter().map(|(name, _)| name).chain(events).collect();
    let published: BTreeSet<_> = proto::messages().iter().map(|m| m.full_name().to_owned()).collect();
    assert_eq!(ours, published);
}

/// A message with every field set, as `proto/` describes it, comes out of Rust with the same fields and values.
#[test]
fn every_field_is_known_on_both_sides() {
    let check = |name: &str, rewritten: Result<Value, String>, full: &Value| {
        let rewritten = rewritten.unwrap_or_else(|e| panic!("Rust cannot read {name} {full}: {e}"));
        assert_eq!(&rewritten, full, "{name}");
    };
    for (name, rewrite) in rewriters() {
        let full = full(&proto::message(&name));
        check(&name, rewrite(&full.to_string()), &full);
    }
    for event in proto::events() {
        let full = full(&event);
        check(event.full_name(), rewrite_event(event.full_name(), &full.to_string()), &full);
    }
}

/// A message with no field set is read by Rust, and its default is what `proto/` says it is.
#[test]
fn every_default_is_the_same_on_both_sides() {
    // These always hold something: an event has a number, a time and a type, its envelope even more.
    let never_empty = ["CommitEvent", "CloudEvent"];
    let rewritten = rewriters()
        .into_iter()
        .filter(|(name, _)| !never_empty.iter().any(|end| name.ends_with(end)))
        .map(|(name, rewrite)| (rewrite("{}").unwrap(), name));
    let events = proto::events().into_iter().map(|event| event.full_name().to_owned());
    let events = events.map(|name| (rewrite_event(&name, "{}").unwrap(), name));
    for (written, name) in rewritten.chain(events) {
        let canonical = proto::write(&proto::read(&name, &written.to_string()).unwrap(), true);
        // A message-typed field is there or not; Rust always writes those it does not hold in an `Option`.
        let canonical: Map<String, Value> = serde_json::from_str(&canonical).unwrap();
        for (field, value) in canonical {
            let empty = value == "1970-01-01T00:00:00Z" || value == json!({}) || value.is_null();
            assert!(empty, "the default of {name}.{field} is {value}");
        }
    }
}

macro_rules! each_word {
    ($($package:literal: $($name:ident)*;)*) => {
        /// Name in `proto/`, what Rust writes for its values (zero value first), how Rust reads one.
        fn words() -> Vec<(String, Vec<String>, fn(&str) -> String)> {
            fn text<T: Serialize>(value: T) -> String {
                serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
            }
            vec![$($((
                format!("{}.{}", $package, stringify!($name)),
                std::iter::once($name::Unspecified).chain($name::ALL.iter().copied()).map(text).collect(),
                |word| text(serde_json::from_value::<$name>(Value::from(word)).unwrap()),
            ),)*)*]
        }
    };
}

each_word! {
    "redress.intake.v1": Channel ParseStatus AddressKind MachineKind TextRole Verdict VerdictMethod Act ScanState CallState
        CallDirection PostChange PostKind Visibility;
    "redress.complaint.v1": Disposition Severity Class Stage Hold Outcome CloseReason StopReason CommunicationPurpose
        Medium Recipient SuppressReason PartyStanding ActorRole;
}

#[test]
fn every_word_is_known_on_both_sides() {
    let ours: BTreeSet<_> = words().into_iter().map(|(name, ..)| name).collect();
    let published: BTreeSet<_> = proto::enums().iter().map(|words| words.full_name().to_owned()).collect();
    assert_eq!(ours, published);

    for (name, written, read) in words() {
        let descriptor: EnumDescriptor = proto::POOL.get_enum_by_name(&name).unwrap();
        let published: Vec<_> = descriptor.values().map(|value| value.name().to_owned()).collect();
        assert_eq!(written, published, "{name}: the same words in the same order");
        let numbers: Vec<_> = descriptor.values().map(|value| value.number()).collect();
        assert_eq!(numbers, (0..).take(numbers.len()).collect::<Vec<_>>(), "{name} is numbered without gaps");
        for word in published {
            assert_eq!(read(&word), word, "Rust reads a word of {name} that only proto/ has as unspecified");
        }
        assert_eq!(read("A_WORD_OF_TOMORROW"), written[0], "{name}: a newer word is read as unspecified");
    }
}

#[test]
fn no_number_needs_64_bits() {
    let too_wide = [Kind::Int64, Kind::Uint64, Kind::Sint64, Kind::Fixed64, Kind::Sfixed64];
    for field in proto::messages().iter().flat_map(MessageDescriptor::fields) {
        assert!(!too_wide.contains(&field.kind()), "{}", field.full_name());
    }
}

/// One line per field and word: whatever changes here changes the wire. Lines may be added, never changed or removed.
#[test]
fn the_wire() {
    let mut messages = proto::messages();
    messages.sort_by_key(|message| message.full_name().to_owned());
    let mut enums = proto::enums();
    enums.sort_by_key(|words| words.full_name().to_owned());
    let fields = messages.iter().flat_map(|message| {
        let mut fields: Vec<_> = message.fields().collect();
        fields.sort_by_key(FieldDescriptor::number);
        fields
    });
    let fields = fields.map(|field| format!("{} {} {}", field.full_name(), field.number(), type_of(&field)));
    let values = enums.iter().flat_map(EnumDescriptor::values);
    let values = values.map(|value| format!("{} {}", value.full_name(), value.number()));
    let lines: Vec<_> = fields.chain(values).collect();
    insta::assert_snapshot!("wire", lines.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn contacts_make_the_trip(contact in any::<Contact>()) {
        trip("redress.intake.v1.Contact", &contact)?;
    }

    #[test]
    fn dead_letters_make_the_trip(letter in any::<DeadLetter>()) {
        trip("redress.intake.v1.DeadLetter", &letter)?;
    }

    #[test]
    fn communications_make_the_trip(communication in any::<Communication>()) {
        trip("redress.complaint.v1.Communication", &communication)?;
    }

    #[test]
    fn contents_make_the_trip(content in any::<Content>()) {
        trip("redress.complaint.v1.Content", &content)?;
    }

    #[test]
    fn timers_make_the_trip(timer in any::<TimerDue>()) {
        trip("redress.complaint.v1.TimerDue", &timer)?;
    }

    #[test]
    fn events_make_the_trip(events in Just(()).prop_perturb(|(), mut rng| make::one_of_each(&mut rng))) {
        prop_assert_eq!(events.iter().map(Event::name).collect::<Vec<_>>(), Event::NAMES);
        for event in events {
            let name = event.type_name();
            let data = event.data().to_string();
            for json in proto::there_and_back(&name, &data).map_err(TestCaseError::fail)? {
                let back = Event::from_parts(&name, serde_json::from_str(&json).unwrap()).ok();
                prop_assert_eq!(back.as_ref(), Some(&event), "{}", json);
            }
        }
    }

    #[test]
    fn commits_make_the_trip(commit in any::<Commit>()) {
        let written = serde_json::to_value(&commit).unwrap();
        for json in proto::there_and_back("redress.complaint.v1.Commit", &written.to_string())
            .map_err(TestCaseError::fail)?
        {
            let back: Commit = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(serde_json::to_value(&back).unwrap(), written.clone(), "{}", json);
        }
    }

    #[test]
    fn published_events_make_the_trip(commit in any::<Commit>()) {
        let text = CommitText::from(&commit);
        for (event, sent) in text.events.iter().zip(&commit.events) {
            let published = CloudEvent::of(&text, event, "/redress");
            trip("redress.complaint.v1.CloudEvent", &published)?;
            prop_assert_eq!(&published.event().unwrap(), &sent.event);
        }
    }
}

/// Rust → JSON → proto → bytes → proto → JSON → Rust.
fn trip<T>(name: &str, sent: &T) -> Result<(), TestCaseError>
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let written = serde_json::to_string(sent).unwrap();
    for json in proto::there_and_back(name, &written).map_err(TestCaseError::fail)? {
        let back: T = serde_json::from_str(&json).map_err(|e| TestCaseError::fail(format!("{e}: {json}")))?;
        prop_assert!(back == *sent, "{} became {}", written, json);
    }
    Ok(())
}

/// JSON of a message in which every field holds something other than its default.
fn full(message: &MessageDescriptor) -> Value {
    let fields = message.fields().map(|field| {
        let one = sample(&field);
        let value = if field.cardinality() == Cardinality::Repeated { json!([one]) } else { one };
        (field.json_name().to_owned(), value)
    });
    Value::Object(fields.collect())
}

fn sample(field: &FieldDescriptor) -> Value {
    match field.kind() {
        // An event inside an envelope: one that this version does not know takes any data.
        Kind::String if field.name() == "type" => json!("redress.complaint.v1.YetToCome"),
        Kind::String => json!(field.name()),
        Kind::Uint32 => json!(field.number()),
        Kind::Bool => json!(true),
        Kind::Bytes => json!("AQID"),
        Kind::Enum(words) => json!(words.values().nth(1).unwrap().name()),
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => json!("2026-01-02T03:04:05.678Z"),
            "google.protobuf.Value" => json!({ "some": "thing" }),
            _ => full(&message),
        },
        other => panic!("{} is a {other:?}, which no message holds so far", field.full_name()),
    }
}

fn type_of(field: &FieldDescriptor) -> String {
    let kind = match field.kind() {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(words) => words.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    };
    let optional = field.field_descriptor_proto().proto3_optional();
    match field.cardinality() {
        Cardinality::Repeated => format!("repeated {kind}"),
        _ if optional => format!("optional {kind}"),
        _ => kind,
    }
}

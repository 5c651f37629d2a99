//! The published files, compiled, and the trip from JSON through them and back.

use std::path::Path;
use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, EnumDescriptor, MessageDescriptor, SerializeOptions,
};
use serde_json::Value;

/// Every file under `proto/`, compiled without `protoc`.
pub(crate) static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let files = files(&root);
    assert!(files.len() > 8, "found only {files:?} in {}", root.display());
    let mut compiler = protox::Compiler::new([&root]).unwrap();
    compiler.include_imports(true).open_files(&files).unwrap();
    compiler.descriptor_pool()
});

/// All `.proto` files under a folder, sorted.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Our own messages, nested ones included.
pub(crate) fn messages() -> Vec<MessageDescriptor> {
    POOL.all_messages().filter(|message| message.full_name().starts_with("redress.")).collect()
}

/// Our own enums.
pub(crate) fn enums() -> Vec<EnumDescriptor> {
    POOL.all_enums().filter(|words| words.full_name().starts_with("redress.")).collect()
}

/// A message by its full name.
pub(crate) fn message(name: &str) -> MessageDescriptor {
    POOL.get_message_by_name(name).unwrap_or_else(|| panic!("no message {name} in proto/"))
}

/// The events: what `events.proto` holds.
pub(crate) fn events() -> Vec<MessageDescriptor> {
    let file = POOL.get_file_by_name("redress/complaint/v1/events.proto").unwrap();
    file.messages().collect()
}

/// Reads JSON as a message, refusing fields it does not have.
pub(crate) fn read(name: &str, json: &str) -> Result<DynamicMessage, String> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let strict = DeserializeOptions::new().deny_unknown_fields(true);
    let read = DynamicMessage::deserialize_with_options(message(name), &mut reader, &strict)
        .map_err(|e| format!("{name} does not take {json}: {e}"))?;
    reader.end().map_err(|e| e.to_string())?;
    Ok(read)
}

/// Writes a message as other languages do, `canonical` leaving out what has its default.
pub(crate) fn write(message: &DynamicMessage, canonical: bool) -> String {
    let mut bytes = Vec::new();
    let options = SerializeOptions::new().skip_default_fields(canonical);
    message.serialize_with_options(&mut serde_json::Serializer::new(&mut bytes), &options).unwrap();
    whole_numbers(serde_json::from_slice(&bytes).unwrap()).to_string()
}

/// JSON → proto → bytes → proto → JSON, written in both ways.
pub(crate) fn there_and_back(name: &str, json: &str) -> Result<[String; 2], String> {
    let read = read(name, json)?;
    let bytes = read.encode_to_vec();
    let decoded = DynamicMessage::decode(message(name), bytes.as_slice()).map_err(|e| e.to_string())?;
    Ok([write(&decoded, true), write(&decoded, false)])
}

/// `5.0` as `5`, which is how other languages write the numbers of a `google.protobuf.Value`.
fn whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                Value::from(float as i64)
            }
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(whole_numbers).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, whole_numbers(value))).collect()
        }
        other => other,
    }
}

//! JSON: values by where they lie (RFC 6901).

use serde_json::Value;

use crate::entry::{Entry, Fault};
use crate::map::{self, Reading};

/// A JSON document of which values are asked by name.
pub struct Json(Value);

impl Json {
    /// Reads a document. Of a key that is there twice, as old FreeSWITCH writes it, the last counts.
    ///
    /// # Errors
    /// Where it breaks off, without its words.
    pub fn parse(text: &[u8]) -> Result<Self, Fault> {
        serde_json::from_slice(text).map(Self).map_err(|wrong| {
            Fault(format!("is no JSON from line {}, column {}", wrong.line(), wrong.column()))
        })
    }

    /// What lies at a place (`/a/0/b`), or behind a name at the top: text, a number, a truth, or a list of them.
    pub fn get(&self, name: &str) -> Option<String> {
        let found = if name.starts_with('/') { self.0.pointer(name) } else { self.0.get(name) };
        plain(found?)
    }

    /// The document.
    pub fn value(&self) -> &Value {
        &self.0
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Array(values) => Some(values.iter().filter_map(plain).collect::<Vec<_>>().join(", ")),
        Value::Null | Value::Object(_) => None,
    }
}

pub(super) fn read(reading: &Reading, text: &[u8]) -> Result<Entry, Fault> {
    entry(reading, &Json::parse(text)?)
}

pub(super) fn entry(reading: &Reading, json: &Json) -> Result<Entry, Fault> {
    if !json.0.is_object() {
        return Err(Fault::new("is no JSON object"));
    }
    map::read(reading, &|name| json.get(name))
}

//! What is wrong with one value, in words: from the error of a deserializer to a sentence with a way out.

use config::{ConfigError, Value, ValueKind};
use serde::de::DeserializeOwned;

use super::merge::{Place, cause, find};

/// Longest quotation of a wrong value.
const QUOTE_CHARS_MAX: usize = 80;
/// Keys named when none is near.
const KEYS_NAMED_MAX: usize = 20;

/// One mistake.
pub(super) enum Words {
    /// Nobody knows this key.
    Unknown { key: String, known: Vec<String> },
    /// A key that must be there is not.
    Missing(String),
    /// A value that may not stand there, and what may.
    Wrong { found: String, expected: String },
    /// Whatever else a type finds wrong, in its own words.
    Other(String),
}

impl Words {
    /// The sentence behind the key; `parent` is the table in which the key stands.
    pub(super) fn sentence(&self, parent: &[String]) -> String {
        match self {
            Self::Missing(_) => "must be given".to_owned(),
            Self::Wrong { found, expected } => format!("is {}, expected {}", plain(found), plain(expected)),
            Self::Other(sentence) => sentence.clone(),
            Self::Unknown { known, .. } if known.is_empty() => {
                "is no setting: none may stand here".to_owned()
            }
            Self::Unknown { key, known } => {
                let near = nearest(key, known).map(|near| [parent, &[near.to_owned()]].concat().join("."));
                near.map_or_else(|| listed(known), |near| format!("is no setting; did you mean `{near}`?"))
            }
        }
    }

    /// The key that is missing below the place of the error.
    pub(super) fn missing(&self) -> Option<&str> {
        match self {
            Self::Missing(key) => Some(key),
            Self::Unknown { .. } | Self::Wrong { .. } | Self::Other(_) => None,
        }
    }

    /// True when a list was asked for and text found.
    pub(super) fn wants_list(&self) -> bool {
        matches!(self, Self::Wrong { expected, .. } if expected == "a sequence")
    }
}

fn listed(known: &[String]) -> String {
    let named: Vec<_> = known.iter().take(KEYS_NAMED_MAX).map(String::as_str).collect();
    let more = if known.len() > named.len() { ", …" } else { "" };
    format!("is no setting; known here: {}{more}", named.join(", "))
}

/// The words for an error.
pub(super) fn of(error: &ConfigError) -> Words {
    match cause(error) {
        ConfigError::NotFound(path) => Words::Missing(path.rsplit('.').next().unwrap_or(path).to_owned()),
        ConfigError::Type { unexpected, expected, .. } => {
            Words::Wrong { found: unexpected.to_string(), expected: (*expected).to_owned() }
        }
        ConfigError::Message(message) => of_message(message),
        other => Words::Other(clip(&other.to_string())),
    }
}

fn of_message(message: &str) -> Words {
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let mut quoted = rest.split('`');
        let key = quoted.next().unwrap_or_default().to_owned();
        // What is left alternates: words between names, names.
        let known = quoted.skip(1).step_by(2).map(str::to_owned).collect();
        return Words::Unknown { key, known };
    }
    let wrong = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    match wrong.and_then(|rest| rest.rsplit_once(", expected ")) {
        Some((found, expected)) => Words::Wrong { found: found.to_owned(), expected: expected.to_owned() },
        None => Words::Other(clip(message)),
    }
}

/// `config` says of a word outside an enumeration only that it is outside. Another deserializer, handed nothing but
/// that word at its place, names the words that may stand there.
pub(super) fn options<T: DeserializeOwned>(
    tree: &Value,
    place: &Place,
    error: &ConfigError,
) -> Option<Words> {
    let ConfigError::Message(message) = cause(error) else { return None };
    if !message.starts_with("enum ") {
        return None;
    }
    let alone = place.keys.iter().rfold(json(find(tree, &place.keys)?), |value, key| {
        serde_json::Value::Object([(key.clone(), value)].into_iter().collect())
    });
    let again = serde_json::from_value::<T>(alone).err()?.to_string();
    let (found, expected) = again.strip_prefix("unknown variant `")?.split_once("`, expected ")?;
    Some(Words::Wrong { found: format!("\"{found}\""), expected: expected.to_owned() })
}

fn json(value: &Value) -> serde_json::Value {
    match &value.kind {
        ValueKind::Nil => serde_json::Value::Null,
        ValueKind::Boolean(it) => (*it).into(),
        ValueKind::I64(it) => (*it).into(),
        ValueKind::U64(it) => (*it).into(),
        ValueKind::Float(it) => (*it).into(),
        ValueKind::I128(it) => it.to_string().into(),
        ValueKind::U128(it) => it.to_string().into(),
        ValueKind::String(it) => it.as_str().into(),
        ValueKind::Array(items) => items.iter().map(json).collect(),
        ValueKind::Table(table) => table.iter().map(|(key, value)| (key.clone(), json(value))).collect(),
    }
}

/// The known key that a slip of the finger may have meant.
fn nearest<'known>(key: &str, known: &'known [String]) -> Option<&'known str> {
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(key, candidate), candidate.as_str()))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The words of deserializers in the words of people who write settings.
fn plain(words: &str) -> String {
    let quoted = |words: &str| Some(words.strip_suffix('`')?.split_once(" `")?.1.to_owned());
    match words {
        "sequence" | "a sequence" => "a list".to_owned(),
        "map" | "a map" => "a table".to_owned(),
        "a boolean" => "true or false".to_owned(),
        _ if words.contains("integer `")
            || words.starts_with("boolean `")
            || words.starts_with("floating point `") =>
        {
            quoted(words).unwrap_or_else(|| clip(words))
        }
        _ => clip(words.strip_prefix("string ").unwrap_or(words)),
    }
}

fn clip(text: &str) -> String {
    let mut clipped: String =
        text.chars().take(QUOTE_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > QUOTE_CHARS_MAX {
        clipped.push('…');
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_key_and_a_stranger_finds_none() {
        let known = ["host", "port", "poll_seconds"].map(str::to_owned);
        assert_eq!(nearest("hsot", &known), Some("host"));
        assert_eq!(nearest("pol_second", &known), Some("poll_seconds"));
        assert_eq!(nearest("banana", &known), None);
    }
}

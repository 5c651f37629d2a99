//! The rules of CloudEvents 1.0 for an event in structured JSON mode, whoever published it: names, types and required
//! attributes (CloudEvents §3, JSON event format §2 and §3).

use serde_json::{Map, Value};

/// Checks one event.
pub(crate) fn check(event: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in event {
        if matches!(name.as_str(), "data" | "data_base64") {
            continue;
        }
        name_rule(name)?;
        type_rule(name, value)?;
    }
    for name in ["id", "source", "specversion", "type"] {
        if !event.get(name).is_some_and(Value::is_string) {
            return Err(format!("required attribute {name} is missing"));
        }
    }
    if event["specversion"] != "1.0" {
        return Err(format!("specversion is {}, not \"1.0\"", event["specversion"]));
    }
    data_rule(event)
}

/// §3, naming: lower-case letters and digits of ASCII; no more than 20 of them.
fn name_rule(name: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if name.is_empty() || !name.bytes().all(good) {
        return Err(format!("attribute name {name:?} holds other than lower-case letters and digits"));
    }
    if name.len() > 20 {
        return Err(format!("attribute name {name} is longer than 20 characters"));
    }
    Ok(())
}

/// §3, type system: a string, a boolean or a 32-bit integer; and what the named attributes ask for beyond that.
fn type_rule(name: &str, value: &Value) -> Result<(), String> {
    let text = match value {
        Value::String(text) => text,
        // JSON format §2.2: null is the same as absent.
        Value::Null => return Ok(()),
        _ if is_named(name) => return Err(format!("attribute {name} is {value}, not a string")),
        Value::Bool(_) => return Ok(()),
        Value::Number(number) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) => return Ok(()),
        _ => return Err(format!("attribute {name} is {value}: no string, boolean or 32-bit integer")),
    };
    if let Some(wrong) = text.chars().find(|c| is_forbidden(*c)) {
        return Err(format!("attribute {name} holds the character {wrong:?}"));
    }
    if is_named(name) && text.is_empty() {
        return Err(format!("attribute {name} is empty"));
    }
    let fits = match name {
        "source" => is_uri_reference(text),
        "dataschema" => is_uri_reference(text) && has_scheme(text),
        "time" => is_timestamp(text),
        "datacontenttype" => is_media_type(text),
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("attribute {name} is {text:?}, which it cannot be")) }
}

/// §3.1: data stands in one of two members, and `data_base64` is what it says.
fn data_rule(event: &Map<String, Value>) -> Result<(), String> {
    match event.get("data_base64") {
        None => Ok(()),
        Some(_) if event.contains_key("data") => Err("both data and data_base64 are there".to_owned()),
        Some(Value::String(text)) if is_base64(text) => Ok(()),
        Some(_) => Err("data_base64 is not base64".to_owned()),
    }
}

fn is_named(name: &str) -> bool {
    ["id", "source", "specversion", "type", "datacontenttype", "dataschema", "subject", "time"]
        .contains(&name)
}

/// Control characters and Unicode's noncharacters; JSON text in Rust holds no lone surrogates.
fn is_forbidden(character: char) -> bool {
    let point = character as u32;
    character.is_control() || (0xfdd0..=0xfdef).contains(&point) || point & 0xfffe == 0xfffe
}

/// The characters of RFC 3986, with whole percent escapes, at most one fragment and no colon in a relative first step.
fn is_uri_reference(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let escaped = byte == b'%' && (0..2).all(|_| bytes.next().is_some_and(|b| b.is_ascii_hexdigit()));
        if !escaped && !byte.is_ascii_alphanumeric() && !b"-._~:/?#[]@!$&'()*+,;=".contains(&byte) {
            return false;
        }
    }
    let first_step = text.split(['/', '?', '#']).next().unwrap_or_default();
    text.matches('#').count() <= 1 && (!first_step.contains(':') || has_scheme(text))
}

fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}

/// RFC 3339 §5.6, with a zone, on a day that exists.
pub(crate) fn is_timestamp(text: &str) -> bool {
    let shape = text.len() >= 20
        && text.bytes().zip(b"0000-00-00T00:00:00".iter()).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            b'T' => byte.eq_ignore_ascii_case(&b'T'),
            _ => byte == *shape,
        });
    shape && text.parse::<jiff::Timestamp>().is_ok()
}

/// RFC 2046: `type/subtype`, perhaps with parameters.
fn is_media_type(text: &str) -> bool {
    let token = |token: &str| {
        !token.is_empty()
            && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let mut parts = text.split(';');
    let kind = parts.next().and_then(|kind| kind.trim().split_once('/'));
    kind.is_some_and(|(kind, subtype)| token(kind) && token(subtype))
        && parts.all(|parameter| parameter.trim().split_once('=').is_some_and(|(name, _)| token(name)))
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - body.len() <= 2
        && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn minimal() -> Value {
        json!({ "specversion": "1.0", "id": "1", "source": "/redress", "type": "t" })
    }

    #[track_caller]
    fn check_with(name: &str, value: Value, expected: bool) {
        let mut event = minimal();
        event[name] = value;
        let found = check(event.as_object().unwrap());
        assert_eq!(found.is_ok(), expected, "{event}: {found:?}");
    }

    #[test]
    fn four_attributes_are_required() {
        assert_eq!(check(minimal().as_object().unwrap()), Ok(()));
        for name in ["id", "source", "specversion", "type"] {
            let mut event = minimal();
            event.as_object_mut().unwrap().remove(name);
            assert!(check(event.as_object().unwrap()).unwrap_err().contains(name));
            check_with(name, json!(""), false);
            check_with(name, json!(null), false);
            check_with(name, json!(1), false);
        }
        check_with("specversion", json!("0.3"), false);
    }

    #[test]
    fn names_are_lower_case_letters_and_digits() {
        check_with("seq2", json!(1), true);
        check_with("a".repeat(20).as_str(), json!("x"), true);
        for name in ["", "Seq", "se_q", "se-q", "sé", "a b", &"a".repeat(21)] {
            check_with(name, json!("x"), false);
        }
    }

    #[test]
    fn values_are_strings_booleans_and_32_bit_integers() {
        for good in
            [json!("x"), json!(""), json!(true), json!(0), json!(i32::MAX), json!(i32::MIN), json!(null)]
        {
            check_with("extension", good, true);
        }
        for bad in
            [json!(2_147_483_648_i64), json!(1.5), json!({}), json!([]), json!("a\u{0}"), json!("\u{fffe}")]
        {
            check_with("extension", bad, false);
        }
    }

    #[test]
    fn named_attributes_have_their_types() {
        let table = [
            ("source", "https://example.org/a?b#c", true),
            ("source", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", true),
            ("source", "a b", false),
            ("source", "%zz", false),
            ("source", "é", false),
            ("source", "1:2", false),
            ("dataschema", "https://example.org/x", true),
            ("dataschema", "/x", false),
            ("time", "2026-01-02T03:04:05Z", true),
            ("time", "2026-01-02T03:04:05.123456789+01:00", true),
            ("time", "2026-01-02T03:04:05", false),
            ("time", "2026-01-02", false),
            ("time", "2026-02-30T03:04:05Z", false),
            ("time", "2026-01-02 03:04:05Z", false),
            ("datacontenttype", "application/json", true),
            ("datacontenttype", "application/json; charset=utf-8", true),
            ("datacontenttype", "json", false),
            ("datacontenttype", "a/b;c", false),
            ("subject", "x", true),
            ("subject", "", false),
        ];
        for (name, value, expected) in table {
            check_with(name, json!(value), expected);
        }
    }

    #[test]
    fn data_stands_in_one_place() {
        check_with("data", json!({ "any": ["thing"] }), true);
        check_with("data_base64", json!("AQID"), true);
        check_with("data_base64", json!("AQI="), true);
        check_with("data_base64", json!("AQ"), false);
        check_with("data_base64", json!("A_-="), false);
        check_with("data_base64", json!(7), false);
        let mut event = minimal();
        event["data"] = json!(1);
        event["data_base64"] = json!("AQID");
        assert!(check(event.as_object().unwrap()).is_err());
    }
}

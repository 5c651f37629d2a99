//! Reading JSON that others wrote: whatever a field holds, there is an answer.

use jiff::Timestamp;
use serde_json::Value;

/// A text, or a number as it is written; empty for anything else. Ids go through here, never through floats.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// The items of an array; none for anything else.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// True for `true` and `"true"`.
pub(crate) fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str() == Some("true"))
}

/// A time: RFC 3339, or seconds or milliseconds since 1970, as a number or a text.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    let text = text(value);
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let whole = text.split('.').next().unwrap_or_default();
    let number: i64 = whole.parse().ok()?;
    // Beyond the year 5138 in seconds: these are milliseconds.
    if number.abs() > 100_000_000_000 {
        return Timestamp::from_millisecond(number).ok();
    }
    Timestamp::from_second(number).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_keep_every_digit() {
        assert_eq!(text(&json!(1_063_212_927_510_081_536_u64)), "1063212927510081536");
        assert_eq!(text(&json!(" 7 ")), "7");
        assert_eq!(text(&json!({"id": 7})), "");
    }

    #[test]
    fn times_are_read_however_they_are_written() {
        let at = Some("2026-08-01T13:51:42Z".parse().unwrap());
        for value in [
            json!("2026-08-01T13:51:42Z"),
            json!(1_785_592_302),
            json!("1785592302"),
            json!(1_785_592_302_000_i64),
        ] {
            assert_eq!(time(&value), at, "{value}");
        }
        assert_eq!(time(&json!("yesterday")), None);
        assert_eq!(time(&json!(null)), None);
    }
}

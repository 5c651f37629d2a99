//! FreeSWITCH: `mod_cdr_csv`, `mod_json_cdr`
//! (<https://developer.signalwire.com/freeswitch/FreeSWITCH-Explained/Modules/mod_json_cdr_1049007/>) and events as text.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::Json;
use crate::entry::{Entry, Fault};
use crate::map::{self, Reading};

/// The columns of the template `example`, which is the usual one.
pub(super) const COLUMNS: [&str; 15] = [
    "caller_id_name",
    "caller_id_number",
    "destination_number",
    "context",
    "start_stamp",
    "answer_stamp",
    "end_stamp",
    "duration",
    "billsec",
    "hangup_cause",
    "uuid",
    "bleg_uuid",
    "accountcode",
    "read_codec",
    "write_codec",
];

pub(super) const CSV_NAMES: [(&str, &[&str]); 11] = [
    ("call_id", &["uuid"]),
    ("leg", &["uuid"]),
    ("caller", &["caller_id_number"]),
    ("caller_name", &["caller_id_name"]),
    ("called", &["destination_number"]),
    ("started", &["start_stamp"]),
    ("answered", &["answer_stamp"]),
    ("ended", &["end_stamp"]),
    ("duration", &["duration"]),
    ("talking", &["billsec"]),
    ("cause", &["hangup_cause"]),
];

pub(super) const JSON_NAMES: [(&str, &[&str]); 13] = [
    ("call_id", &["/variables/call_uuid", "/variables/bridge_uuid", "/variables/uuid"]),
    ("leg", &["/variables/uuid"]),
    (
        "caller",
        &[
            "/callflow/0/caller_profile/caller_id_number",
            "/callflow/caller_profile/caller_id_number",
            "/variables/caller_id_number",
            "/variables/sip_from_user",
        ],
    ),
    (
        "caller_name",
        &["/callflow/0/caller_profile/caller_id_name", "/callflow/caller_profile/caller_id_name"],
    ),
    (
        "called",
        &[
            "/callflow/0/caller_profile/destination_number",
            "/callflow/caller_profile/destination_number",
            "/variables/sip_to_user",
        ],
    ),
    ("started", &["/variables/start_epoch", "/variables/start_uepoch"]),
    ("answered", &["/variables/answer_epoch", "/variables/answer_uepoch"]),
    ("ended", &["/variables/end_epoch", "/variables/end_uepoch"]),
    ("duration", &["/variables/duration"]),
    ("talking", &["/variables/billsec"]),
    ("cause", &["/variables/hangup_cause"]),
    ("queue", &["/variables/cc_queue"]),
    ("staff", &["/variables/cc_agent", "/variables/dialed_user"]),
];

pub(super) const EVENT_NAMES: [(&str, &[&str]); 11] = [
    ("call_id", &["Channel-Call-UUID", "Unique-ID"]),
    ("leg", &["Unique-ID"]),
    ("caller", &["Caller-Caller-ID-Number"]),
    ("caller_name", &["Caller-Caller-ID-Name"]),
    ("called", &["Caller-Destination-Number"]),
    ("started", &["Caller-Channel-Created-Time"]),
    ("answered", &["Caller-Channel-Answered-Time"]),
    ("ended", &["Caller-Channel-Hangup-Time"]),
    ("duration", &["variable_duration"]),
    ("talking", &["variable_billsec"]),
    ("cause", &["Hangup-Cause"]),
];

/// Reads what is written about one leg. Its values are percent-encoded unless the module is told otherwise; which it is,
/// shows.
pub(super) fn json(reading: &Reading, text: &[u8]) -> Result<Entry, Fault> {
    let cdr = Json::parse(text)?;
    if !cdr.value().get("variables").is_some_and(Value::is_object) {
        return Err(Fault::new("has no variables, as what mod_json_cdr writes has"));
    }
    let is_encoded = is_percent_encoded(cdr.value());
    let entry = map::read(reading, &|name| {
        let value = cdr.get(name)?;
        Some(if is_encoded { decoded(&value) } else { value })
    })?;
    if entry.call.call_id.is_empty() {
        return Err(Fault::new("names no call: there is no uuid among its variables"));
    }
    Ok(entry)
}

/// Reads an event as text: a header a line, values percent-encoded.
pub(super) fn event(reading: &Reading, text: &str) -> Result<Entry, Fault> {
    let headers: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once(": ")).collect();
    let value =
        |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| decoded(value));
    if value("Event-Name").is_none() {
        return Err(Fault::new("has no Event-Name, as events have"));
    }
    let entry = map::read(reading, &value)?;
    if entry.call.call_id.is_empty() {
        return Err(Fault::new("names no call: Unique-ID is missing"));
    }
    Ok(entry)
}

fn decoded(value: &str) -> String {
    percent_decode_str(value).decode_utf8_lossy().into_owned()
}

/// True when some value is encoded and none holds what encoding would have taken away.
fn is_percent_encoded(cdr: &Value) -> bool {
    let (mut any, mut raw) = (false, false);
    look(cdr, &mut |text| {
        any |= text.contains('%');
        raw |= text.contains([' ', '@', '"', '<', '>']);
    });
    any && !raw
}

fn look(value: &Value, at: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => at(text),
        Value::Array(values) => values.iter().for_each(|value| look(value, at)),
        Value::Object(values) => values.values().for_each(|value| look(value, at)),
        _ => {}
    }
}

//! Telephone calls of a complaint: all that is known of each, as one.

use std::collections::BTreeMap;

use redress_contract::Contact;
use redress_contract::contact::Call;
use redress_domain::CallLog;
use serde_json::{Value, json};

use super::super::timeline::{clock_time, plain_table};
use crate::out::printable;

/// What the entries about each call come to, by system and id of the call.
fn logs(contacts: &[Contact]) -> BTreeMap<(&str, &str), (CallLog, usize)> {
    let mut entries: BTreeMap<(&str, &str), Vec<&Call>> = BTreeMap::new();
    for call in contacts.iter().filter_map(|contact| contact.call.as_ref()) {
        entries.entry((&call.system, &call.call_id)).or_default().push(call);
    }
    entries
        .into_iter()
        .map(|(of, entries)| (of, (CallLog::of(entries.iter().copied()), entries.len())))
        .collect()
}

/// A line for each call; empty when there is none.
pub(super) fn table(contacts: &[Contact]) -> String {
    let logs = logs(contacts);
    if logs.is_empty() {
        return String::new();
    }
    let mut table = plain_table();
    for ((system, call_id), (log, entries)) in logs {
        let seconds = |what: &str, count: Option<u32>| count.map(|count| format!("{what} {count} s"));
        let lengths = [seconds("waited", log.waiting_seconds), seconds("talked", log.talking_seconds)];
        let state = if log.state.is_unspecified() { "not known yet" } else { log.state.token() };
        let direction = if log.direction.is_unspecified() { "" } else { log.direction.token() };
        table.add_row([
            printable(&format!("{system}/{call_id}")),
            log.started_at.or(log.answered_at).map(clock_time).unwrap_or_default(),
            format!("{direction} {state}{}", if log.goes_on() { ", goes on" } else { "" }).trim().to_owned(),
            lengths.into_iter().flatten().collect::<Vec<_>>().join(", "),
            printable(&log.queue),
            printable(&log.staff),
            if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") },
        ]);
    }
    format!("\nCalls\n{table}")
}

/// As JSON.
pub(super) fn json(contacts: &[Contact]) -> Vec<Value> {
    let of = |((system, call_id), (log, entries)): ((&str, &str), (CallLog, usize))| {
        json!({
            "system": system, "call_id": call_id, "entries": entries, "state": log.state.token(),
            "direction": log.direction.token(), "started_at": log.started_at, "answered_at": log.answered_at,
            "ended_at": log.ended_at, "waiting_seconds": log.waiting_seconds, "talking_seconds": log.talking_seconds,
            "queue": log.queue, "staff": log.staff, "cause": log.cause, "to_return": log.is_to_return(),
        })
    };
    logs(contacts).into_iter().map(of).collect()
}

/// What one contact says of its call, and the numbers that are named in its words; none when it is about no call.
pub(super) fn of(contact: &Contact, country: Option<&str>) -> Option<String> {
    let call = contact.call.as_ref()?;
    let leg = if call.leg.is_empty() { String::new() } else { format!(", {}", call.leg) };
    let state = if call.state.is_unspecified() { String::new() } else { format!(": {}", call.state) };
    let unsure = if call.time_ambiguous { " (in the hour that a clock change repeats)" } else { "" };
    let numbers = redress_identity::numbers::find(&contact.text, country).join(", ");
    let numbers = if numbers.is_empty() { numbers } else { format!("\nNumbers named: {numbers}") };
    Some(format!("Call {}/{}{leg}{state}{unsure}{numbers}", call.system, call.call_id))
}

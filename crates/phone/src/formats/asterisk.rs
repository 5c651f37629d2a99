//! Asterisk: rows of `cdr_csv` and `cdr_custom` (<https://docs.asterisk.org/Configuration/Reporting/Call-Detail-Records-CDR/>),
//! events of ARI.

use redress_contract::CallState;

use super::{Json, Parser, json, table};
use crate::entry::{Entry, Fault};
use crate::map;

/// The columns of `cdr_csv`, in the order of its source; those from `uniqueid` on are written only when they are asked for.
pub(super) const COLUMNS: [&str; 21] = [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
    "peeraccount",
    "linkedid",
    "sequence",
];

/// The columns that are always there.
const COLUMNS_MIN: usize = 16;

pub(super) const CSV_NAMES: [(&str, &[&str]); 12] = [
    ("call_id", &["linkedid", "uniqueid"]),
    ("leg", &["sequence", "uniqueid"]),
    ("caller", &["src"]),
    ("caller_name", &["clid"]),
    ("called", &["dst"]),
    ("started", &["start"]),
    ("answered", &["answer"]),
    ("ended", &["end"]),
    ("duration", &["duration"]),
    ("talking", &["billsec"]),
    ("state", &["disposition"]),
    ("staff", &["dstchannel"]),
];

pub(super) const ARI_NAMES: [(&str, &[&str]); 8] = [
    ("call_id", &["/channel/linkedid", "/channel/id"]),
    ("leg", &["/channel/id"]),
    ("caller", &["/channel/caller/number"]),
    ("caller_name", &["/channel/caller/name"]),
    ("called", &["/channel/dialplan/exten"]),
    ("at", &["/timestamp"]),
    ("cause", &["/cause_txt", "/cause"]),
    ("language", &[]),
];

/// Reads a row: in the columns of the settings exactly as many, in those of `cdr_csv` the optional ones may be missing.
pub(super) fn csv(parser: &Parser, row: &str) -> Result<Entry, Fault> {
    let (cells, columns) = (table::cells(row, parser.delimiter)?, &parser.columns);
    let is_usual = columns.iter().eq(COLUMNS.iter());
    let least = if is_usual { COLUMNS_MIN } else { columns.len() };
    if !(least..=columns.len()).contains(&cells.len()) {
        return Err(Fault(format!("has {} columns, not {least} to {}", cells.len(), columns.len())));
    }
    let cell = |name: &str| table::value(&cells, columns, name);
    let mut entry = map::read(&parser.reading, &cell)?;
    if entry.call.started_at.is_none() {
        return Err(Fault::new("start is missing"));
    }
    let (name, number) = caller_id(&entry.caller_name);
    entry.caller_name = name;
    if entry.caller.is_empty() {
        entry.caller = number;
    }
    answered_by_nobody(&mut entry, &cell);
    Ok(entry)
}

/// `"Name" <number>`, as Asterisk writes who calls.
fn caller_id(clid: &str) -> (String, String) {
    let (name, number) = clid.rsplit_once('<').unwrap_or((clid, ""));
    (name.trim().trim_matches('"').trim().to_owned(), number.trim_end_matches('>').trim().to_owned())
}

/// An application that answers is no person: whoever gives up in a queue was `ANSWERED` all the same.
fn answered_by_nobody(entry: &mut Entry, cell: &dyn Fn(&str) -> Option<String>) {
    let application = cell("lastapp").unwrap_or_default().to_ascii_lowercase();
    let data = cell("lastdata").unwrap_or_default();
    if application == "queue" {
        data.split(',').next().unwrap_or_default().trim().clone_into(&mut entry.call.queue);
    }
    if entry.call.state != CallState::Answered {
        return;
    }
    match application.as_str() {
        "voicemail" => entry.call.state = CallState::Voicemail,
        "queue" if entry.call.staff.is_empty() => {
            entry.call.state = CallState::Unanswered;
            entry.call.answered_at = None;
            let waited = entry.call.talking_seconds.take().unwrap_or(0);
            entry.call.waiting_seconds = Some(entry.call.waiting_seconds.unwrap_or(0).saturating_add(waited));
        }
        _ => {}
    }
}

/// An event of a channel; what it says of the call follows from its type.
pub(super) fn ari(parser: &Parser, row: &str) -> Result<Entry, Fault> {
    let event = Json::parse(row.as_bytes())?;
    let mut entry = json::entry(&parser.reading, &event)?;
    if entry.call.call_id.is_empty() {
        return Err(Fault::new("names no channel"));
    }
    let at = crate::time::read(&event.get("/timestamp").unwrap_or_default(), None, None);
    entry.call.state = match (event.get("/type").as_deref(), event.get("/channel/state").as_deref()) {
        (Some("ChannelHangupRequest" | "ChannelDestroyed" | "StasisEnd"), _) => CallState::Ended,
        (_, Some("Up")) => CallState::Answered,
        (_, Some("Busy")) => CallState::Busy,
        _ => CallState::Ringing,
    };
    if let Ok(Some(at)) = at {
        map::happened(&mut entry.call, at.at);
    }
    Ok(entry)
}

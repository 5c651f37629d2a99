//! Asterisk `queue_log`: `time|call|queue|agent|event|data…`
//! (<https://docs.asterisk.org/Configuration/Applications/Building-Queues/Queue-Logs/>).

use redress_contract::contact::Call;
use redress_contract::{CallDirection, CallState};

use crate::entry::{Entry, Fault};
use crate::{map, time};

/// Events after which nobody waits in the queue any more, without an answer there.
const LEFT: [&str; 4] = ["EXITEMPTY", "EXITWITHKEY", "EXITWITHTIMEOUT", "FULL"];

/// Events about a call that change nothing about it.
const OTHERS: [&str; 8] = [
    "DID",
    "INFO",
    "RINGCANCELED",
    "RINGNOANSWER",
    "SYSCOMPAT",
    "TRANSFER",
    "ATTENDEDTRANSFER",
    "BLINDTRANSFER",
];

/// Reads one line.
pub(super) fn row(row: &str) -> Result<Entry, Fault> {
    let cells: Vec<&str> = row.trim_end_matches('\r').split('|').collect();
    let &[at, call_id, queue, agent, event, ref data @ ..] = cells.as_slice() else {
        return Err(Fault(format!("has {} fields, at least 5 belong into a line of queue_log", cells.len())));
    };
    let at = time::read(at, None, None).map_err(|wrong| Fault(format!("time {wrong}")))?;
    let at = at.ok_or_else(|| Fault::new("time is missing"))?.at;
    if !call_id.contains('.') {
        return Err(Fault(format!("{} is about no call", known(event))));
    }
    let datum = |index: usize| data.get(index).copied().unwrap_or_default();
    let seconds = |index: usize| datum(index).parse::<u32>().ok();
    let mut call = Call {
        call_id: call_id.to_owned(),
        leg: event.to_owned(),
        direction: CallDirection::Inbound,
        queue: some(queue),
        staff: some(agent),
        ..Call::default()
    };
    call.state = match event {
        "ENTERQUEUE" => CallState::Ringing,
        "CONNECT" => CallState::Answered,
        "COMPLETECALLER" | "COMPLETEAGENT" => {
            (call.waiting_seconds, call.talking_seconds) = (seconds(0), seconds(1));
            CallState::Ended
        }
        "ABANDON" => {
            call.waiting_seconds = seconds(2);
            CallState::Unanswered
        }
        event if LEFT.contains(&event) => CallState::Unanswered,
        event if OTHERS.contains(&event) => CallState::Unspecified,
        other => return Err(Fault(format!("{} is no event of a call", known(other)))),
    };
    if event != "ENTERQUEUE" && event != "CONNECT" {
        event.clone_into(&mut call.cause);
    }
    map::happened(&mut call, at);
    let caller = if event == "ENTERQUEUE" { datum(1).to_owned() } else { String::new() };
    Ok(Entry { call, caller, ..Entry::default() })
}

fn some(word: &str) -> String {
    if word == "NONE" { String::new() } else { word.to_owned() }
}

/// An event's name, when it looks like one: what else stands there may be anything.
fn known(event: &str) -> &str {
    let is_name =
        !event.is_empty() && event.len() <= 32 && event.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_name { event } else { "what stands there" }
}

//! `redress queue`: open complaints, the most urgent first.

use comfy_table::Table;
use jiff::{SignedDuration, Timestamp};
use redress_contract::TeamId;
use redress_domain::{Complaint, queue};
use serde_json::{Value, json};

use crate::house::House;
use crate::out::Out;

pub(super) async fn run(house: &House, team: Option<&TeamId>, limit: usize, out: Out) -> anyhow::Result<()> {
    let mut open = house.ledger.complaints().await?;
    open.retain(|complaint| {
        complaint.is_open() && team.is_none_or(|team| complaint.team.as_ref() == Some(team))
    });
    open.sort_by(|left, right| queue::by_urgency(house.ledger.rules(), left, right));
    let (count, now) = (open.len(), house.clock.now());
    open.truncate(limit);
    if out.is_json() {
        for complaint in &open {
            out.json(&row(complaint))?;
        }
        return Ok(());
    }
    if open.is_empty() {
        return Ok(out.line("No open complaints.")?);
    }
    out.line(table(&open, now).to_string())?;
    if count > open.len() {
        out.line(format!("{} more; --limit shows them.", count - open.len()))?;
    }
    Ok(())
}

fn row(complaint: &Complaint) -> Value {
    let pending = complaint.pending();
    let next = pending.iter().find(|(_, milestone)| !milestone.paused).map(|(clock, milestone)| {
        json!({
            "clock": clock.id, "milestone": milestone.id, "due_at": milestone.due_at, "breached": milestone.breached,
        })
    });
    json!({
        "reference": complaint.reference,
        "complaint_id": complaint.id,
        "severity": complaint.severity.token(),
        "status": complaint.status.word(),
        "hold": (!complaint.hold.is_unspecified()).then(|| complaint.hold.token()),
        "disposition": complaint.disposition.token(),
        "category": complaint.category,
        "team": complaint.team,
        "handler": complaint.handler,
        "channel": complaint.channel.token(),
        "received_at": complaint.received_at,
        "next": next,
    })
}

fn table(complaints: &[Complaint], now: Timestamp) -> Table {
    let mut table = super::timeline::plain_table();
    table.set_header(["Reference", "Sev", "Status", "What", "Team", "Next", "Due", "Received"]);
    for complaint in complaints {
        let pending = complaint.pending();
        let next = pending.iter().find(|(_, milestone)| !milestone.paused);
        let what = format!("{} {}", complaint.disposition, complaint.category);
        let who = complaint.handler.as_ref().map(|handler| format!(" ({handler})")).unwrap_or_default();
        let team = complaint.team.as_ref().map(ToString::to_string).unwrap_or_default();
        table.add_row([
            complaint.reference.to_string(),
            complaint.severity.to_string(),
            status(complaint),
            what,
            format!("{team}{who}"),
            next.map(|(_, milestone)| milestone.id.to_string()).unwrap_or_default(),
            next.map(|(_, milestone)| due(milestone.due_at, now)).unwrap_or_default(),
            complaint.received_at.strftime("%Y-%m-%d %H:%MZ").to_string(),
        ]);
    }
    table
}

fn status(complaint: &Complaint) -> String {
    let waits = !complaint.hold.is_unspecified();
    let hold = if waits { format!(", {}", complaint.hold) } else { String::new() };
    format!("{}{hold}", complaint.status.word())
}

/// `in 3 h`, `2 d late`.
pub(super) fn due(at: Timestamp, now: Timestamp) -> String {
    let left = at.duration_since(now);
    if left.is_negative() { format!("{} late", rough(left.abs())) } else { format!("in {}", rough(left)) }
}

fn rough(span: SignedDuration) -> String {
    match span.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7_200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_times_read_like_speech() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let check = |at: &str, expected: &str| assert_eq!(due(at.parse().unwrap(), now), expected);
        check("2026-03-02T09:00:59Z", "in 59 s");
        check("2026-03-02T10:30:00Z", "in 90 min");
        check("2026-03-03T09:00:00Z", "in 24 h");
        check("2026-03-12T09:00:00Z", "in 10 d");
        check("2026-02-25T09:00:00Z", "5 d late");
    }
}

//! `redress explain`: the deadlines of a complaint, counted again from its own history.

use anyhow::Context as _;
use redress_contract::Event;
use redress_domain::{Clock, Complaint, Milestone};
use redress_ledger::history::Entry;
use serde_json::{Value, json};

use super::deadline::lines;
use super::timeline;
use crate::house::House;
use crate::out::Out;

pub(super) async fn run(house: &House, complaint: &str, out: Out) -> anyhow::Result<()> {
    let id = house.find(complaint).await?;
    let loaded = house.ledger.load_at_leader(&id).await?;
    let complaint = loaded.context("find the complaint: it is not registered yet")?.complaint;
    let history = house.ledger.history(&id).await?;
    if !out.is_json() {
        out.line(format!("{}, received {}", complaint.reference, complaint.received_at))?;
    }
    for clock in &complaint.clocks {
        if !out.is_json() {
            let stopped = clock.stopped.map(|reason| format!(", stopped ({reason})")).unwrap_or_default();
            let version = clock.policy_version.get(..12).unwrap_or(&clock.policy_version);
            out.line(format!("\nclock {}: policy {}, version {version}{stopped}", clock.id, clock.policy))?;
        }
        for milestone in &clock.milestones {
            explain(house, (&complaint, clock, milestone), &history, out)?;
        }
    }
    Ok(())
}

fn explain(
    house: &House,
    (complaint, clock, milestone): (&Complaint, &Clock, &Milestone),
    history: &[Entry],
    out: Out,
) -> anyhow::Result<()> {
    let explained = house.ledger.rules().explain(complaint, (clock, milestone), house.clock.now());
    let happened: Vec<String> = happened(history, clock, milestone);
    // While its time stands still there is no date to compare.
    let counted = explained.as_ref().filter(|_| !milestone.paused);
    let agrees = counted.map(|found| found.due_at == milestone.due_at);
    if out.is_json() {
        return Ok(out.json(&json!({
            "reference": complaint.reference, "clock": clock.id, "policy": clock.policy,
            "version": clock.policy_version, "milestone": milestone.id, "stands": stands(milestone),
            "due_at": due(milestone), "first_due_at": milestone.first_due_at, "anchor_at": milestone.anchor_at,
            "generation": milestone.generation, "rungs_reached": milestone.rungs_reached, "met_at": milestone.met_at,
            "spans": explained.map(|found| found.spans), "counted_again_agrees": agrees, "history": happened,
        }))?);
    }
    out.line(format!("\n{}/{}: {}", clock.id, milestone.id, stands(milestone)))?;
    match &explained {
        Some(found) => lines(found, out)?,
        None => out.line("  no version of its policy is known; the date is the one on record")?,
    }
    if agrees == Some(false) {
        let words = "counted again it would be another time than the one on record";
        out.line(format!("  {words}: {}", milestone.due_at))?;
    }
    for line in happened {
        out.line(format!("  {line}"))?;
    }
    Ok(())
}

fn due(milestone: &Milestone) -> Value {
    if milestone.paused { Value::Null } else { json!(milestone.due_at) }
}

fn stands(milestone: &Milestone) -> String {
    let breached = if milestone.breached { ", after its deadline had passed" } else { "" };
    match milestone.met_at {
        Some(met_at) => format!("met {met_at}{breached}"),
        None if milestone.paused => "its time stands still".to_owned(),
        None if milestone.breached => format!("due {}, which has passed", milestone.due_at),
        None => format!("due {}", milestone.due_at),
    }
}

/// What happened to it, a line each: warnings, escalations with how late they were, changes of its date.
fn happened(history: &[Entry], clock: &Clock, milestone: &Milestone) -> Vec<String> {
    let events = history.iter().flat_map(|entry| &entry.commit.events);
    let own = events.filter(|recorded| {
        let data = recorded.event.data();
        data["clock"] == clock.id.as_str() && data["milestone"] == milestone.id.as_str()
    });
    let told = own.filter(|recorded| !matches!(recorded.event, Event::MilestoneSet(_)));
    told.map(|recorded| {
        format!("{} {} {}", recorded.occurred_at, recorded.event.name(), timeline::words(&recorded.event))
    })
    .collect()
}

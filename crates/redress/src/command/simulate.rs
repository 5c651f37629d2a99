//! `redress simulate`: recorded complaints against other policies. Nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use redress_contract::{CommitEvent, ComplaintId, Event, Reference};
use redress_domain::simulate::{Owed, owed};
use redress_domain::{Rules, RulesSettings, simulate};
use redress_ledger::history::Entry;
use serde_json::{Value, json};

use super::policy;
use super::timeline::plain_table;
use crate::cli::Simulate;
use crate::house::House;
use crate::out::Out;

/// Histories that are read at once.
const AT_ONCE: usize = 16;

/// What is compared: as it is on record, as the policies in force would have it, and as those of the file would.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Three<T> {
    record: T,
    in_force: T,
    new: T,
}

/// How often something was owed, and how often it was breached.
#[derive(Debug, Default)]
struct Row {
    owed: Three<usize>,
    breached: Three<usize>,
}

/// By milestone and team.
type Rows = BTreeMap<(String, String), Row>;

#[derive(Debug, Default)]
struct Tally {
    rows: Rows,
    differs: Vec<Difference>,
    complaints: usize,
}

/// A complaint of which a milestone would go otherwise.
#[derive(Debug)]
struct Difference {
    reference: Reference,
    milestone: String,
    breached: Three<bool>,
}

pub(super) async fn run(
    house: &House,
    in_force: &RulesSettings,
    asked: &Simulate,
    out: Out,
) -> anyhow::Result<()> {
    let new = policy::compile(in_force, &asked.policy)?;
    let now = house.clock.now();
    let (from, to) = (asked.from, asked.to.unwrap_or(now));
    ensure!(from < to, "replay complaints from {from} to {to}: that is no time at all");
    let wanted = received(house, from, to).await?;
    let progress = out.counting(wanted.len() as u64);
    let mut histories = futures::stream::iter(wanted)
        .map(|id| async move { house.ledger.history(&id).await })
        .buffered(AT_ONCE);
    let mut tally = Tally::default();
    while let Some(history) = histories.try_next().await? {
        tally.add(&history, (house.ledger.rules(), &new), now)?;
        progress.passed("complaints", 1);
    }
    progress.done();
    let named = asked.policy.display().to_string();
    if out.is_json() { tally.tell_json(out) } else { tally.tell(&named, (from, to), asked.complaints, out) }
}

/// Complaints received in this time, in the order in which they were registered.
async fn received(house: &House, from: Timestamp, to: Timestamp) -> anyhow::Result<Vec<ComplaintId>> {
    let mut entries = house.ledger.entries(1).await?;
    let mut found = Vec::new();
    while let Some(entry) = entries.try_next().await? {
        let first = entry.commit.events.first().map(|recorded| &recorded.event);
        if let Some(Event::Registered(registered)) = first
            && (from..to).contains(&registered.received_at)
        {
            found.push(entry.commit.complaint_id);
        }
    }
    Ok(found)
}

impl Tally {
    fn add(
        &mut self,
        history: &[Entry],
        (in_force, new): (&Rules, &Rules),
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let commits = || history.iter().map(|entry| entry.commit.events.as_slice());
        let under = |rules| simulate(commits(), rules, now);
        let recorded: Vec<CommitEvent> = commits().flatten().cloned().collect();
        let reference =
            reference(&recorded).context("read the history: it does not begin with a complaint")?;
        let three =
            Three { record: owed(&recorded), in_force: owed(&under(in_force)), new: owed(&under(new)) };
        self.complaints += 1;
        self.count(&three);
        self.compare(&reference, &three);
        Ok(())
    }

    fn count(&mut self, three: &Three<Vec<Owed>>) {
        self.count_one(&three.record, |it| &mut it.record);
        self.count_one(&three.in_force, |it| &mut it.in_force);
        self.count_one(&three.new, |it| &mut it.new);
    }

    fn count_one(&mut self, found: &[Owed], pick: fn(&mut Three<usize>) -> &mut usize) {
        for owed in found {
            let team = owed.team.as_ref().map(ToString::to_string).unwrap_or_default();
            let row = self.rows.entry((owed.milestone.to_string(), team)).or_default();
            *pick(&mut row.owed) += 1;
            *pick(&mut row.breached) += usize::from(owed.breached);
        }
    }

    fn compare(&mut self, reference: &Reference, three: &Three<Vec<Owed>>) {
        let breached = |owed: &[Owed]| {
            let late = owed.iter().filter(|owed| owed.breached);
            late.map(|owed| owed.milestone.to_string()).collect::<BTreeSet<_>>()
        };
        let (record, in_force, new) =
            (breached(&three.record), breached(&three.in_force), breached(&three.new));
        for milestone in in_force.symmetric_difference(&new) {
            let has = |set: &BTreeSet<String>| set.contains(milestone);
            let breached = Three { record: has(&record), in_force: has(&in_force), new: has(&new) };
            let (reference, milestone) = (reference.clone(), milestone.clone());
            self.differs.push(Difference { reference, milestone, breached });
        }
    }

    fn total(&self) -> Three<usize> {
        self.rows.values().fold(Three::default(), |sum, Row { breached, .. }| Three {
            record: sum.record + breached.record,
            in_force: sum.in_force + breached.in_force,
            new: sum.new + breached.new,
        })
    }

    fn tell_json(&self, out: Out) -> anyhow::Result<()> {
        for ((milestone, team), Row { owed, breached }) in &self.rows {
            let row = json!({
                "milestone": milestone, "team": team, "owed": counts(owed), "breached": counts(breached),
            });
            out.json(&row)?;
        }
        for differs in &self.differs {
            out.json(&json!({
                "reference": differs.reference, "milestone": differs.milestone, "breached": counts(&differs.breached),
            }))?;
        }
        Ok(out.json(&json!({ "complaints": self.complaints, "breached": counts(&self.total()) }))?)
    }

    fn tell(
        &self,
        file: &str,
        (from, to): (Timestamp, Timestamp),
        each: bool,
        out: Out,
    ) -> anyhow::Result<()> {
        let complaints = if self.complaints == 1 { "complaint" } else { "complaints" };
        out.line(format!("{} {complaints} received from {from} to {to}.", self.complaints))?;
        if self.rows.is_empty() {
            return Ok(());
        }
        out.line(table(&self.rows, self.total()))?;
        out.line(format!(
            "Breaches on record; as they would be had every timer been in time, under the policies in force now; and under \
             {file}. What people did, and when, is taken as it was. Nothing was written."
        ))?;
        let (later, better): (Vec<&Difference>, Vec<_>) = self.differs.iter().partition(|it| it.breached.new);
        out.line(format!("Breached only under {file}: {}; only in force: {}.", later.len(), better.len()))?;
        if !each && !self.differs.is_empty() {
            out.line("--complaints lists them.")?;
        }
        for differs in self.differs.iter().filter(|_| each) {
            let how = if differs.breached.new { "would be breached" } else { "would be in time" };
            out.line(format!("  {} {} {how}", differs.reference, differs.milestone))?;
        }
        Ok(())
    }
}

fn reference(recorded: &[CommitEvent]) -> Option<Reference> {
    recorded.iter().find_map(|recorded| match &recorded.event {
        Event::Registered(registered) => Some(registered.reference.clone()),
        _ => None,
    })
}

fn counts<T: serde::Serialize + Copy>(three: &Three<T>) -> Value {
    json!({ "record": three.record, "in_force": three.in_force, "new": three.new })
}

fn table(rows: &Rows, total: Three<usize>) -> String {
    let mut table = plain_table();
    let heads = ["Milestone", "Team", "Owed", "then", "Breached on record", "in force", "then", "Change"];
    table.set_header(heads);
    let row = |milestone: &str, team: &str, owed: Option<&Three<usize>>, breached: &Three<usize>| {
        let owed = |pick: fn(&Three<usize>) -> usize| owed.map(|it| pick(it).to_string()).unwrap_or_default();
        [
            milestone.to_owned(),
            team.to_owned(),
            owed(|it| it.in_force),
            owed(|it| it.new),
            breached.record.to_string(),
            breached.in_force.to_string(),
            breached.new.to_string(),
            change(breached),
        ]
    };
    for ((milestone, team), Row { owed, breached }) in rows {
        table.add_row(row(milestone, team, Some(owed), breached));
    }
    table.add_row(row("all", "", None, &total));
    table.to_string()
}

fn change(breached: &Three<usize>) -> String {
    match breached.new.cmp(&breached.in_force) {
        std::cmp::Ordering::Equal => "=".to_owned(),
        std::cmp::Ordering::Greater => format!("+{}", breached.new - breached.in_force),
        std::cmp::Ordering::Less => format!("-{}", breached.in_force - breached.new),
    }
}

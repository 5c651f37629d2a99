//! City service requests replayed through the rules with their own clock: each row is registered when it was created, and
//! closed when it was closed; on time or late must come out as the row's own due date says.
//!
//! A set is `<folder>/complaints/<set>/<set>.csv` with `SRType`, `CreatedDate`, `DueDate`, `CloseDate` in the city's wall
//! clock. The span of a kind of request is learnt from its rows: the one that most of them have. Rows whose due date
//! their kind's span does not give are told by name.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use redress_contract::{Channel, CloseReason, Disposition, Event, MachineKind, PartyStanding, Severity};
use redress_domain::{
    Assignment, Classification, Command, Complaint, Link, Register, Rules, RulesSettings, decide, evolve,
};
use redress_tests::results::{Bar, Results, say};

const SETS: [(&str, &str); 1] = [("baltimore311", "America/New_York")];

/// One request, in instants.
struct Row {
    id: String,
    kind: String,
    created: Timestamp,
    due: Option<Timestamp>,
    closed: Option<Timestamp>,
    /// Wall-clock time from creation to the due date.
    span: Option<SignedDuration>,
}

/// Runs every set that is there.
pub(crate) fn measure(data: &Path, results: &mut Results) -> anyhow::Result<()> {
    for (set, zone) in SETS {
        let file = data.join("complaints").join(set).join(format!("{set}.csv"));
        if file.is_file() {
            let zone = jiff::tz::TimeZoneDatabase::bundled().get(zone)?;
            measure_set(set, &file, &zone, results).with_context(|| format!("read {}", file.display()))?;
        }
    }
    Ok(())
}

fn measure_set(set: &str, file: &Path, zone: &TimeZone, results: &mut Results) -> anyhow::Result<()> {
    let rows = rows(file, zone)?;
    ensure!(!rows.is_empty(), "the set holds no rows");
    let spans = spans(&rows);
    let rules = rules(&spans)?;
    let (mut judged, mut agreed, mut reproduced) = (0, 0, 0);
    let mut differences: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for row in &rows {
        let expected = row.due.zip(row.closed).map(|(due, closed)| closed > due);
        let found = match replay(row, &spans, &rules)? {
            Some(found) => found,
            None => Found { due: None, is_late: None },
        };
        match why(row, &found, zone) {
            None => reproduced += 1,
            Some(name) => {
                differences.entry(name).or_insert_with(|| (0, row.id.clone())).0 += 1;
            }
        }
        if let (Some(expected), Some(is_late)) = (expected, found.is_late) {
            judged += 1;
            agreed += usize::from(expected == is_late);
            if expected != is_late {
                say(&format!("{}: expected late {expected}, found late {is_late}", row.id));
            }
        }
    }
    for (name, (count, example)) in &differences {
        say(&format!("  {count} rows: {name}, such as {example}"));
    }
    let explained: usize = differences.values().map(|(count, _)| count).sum();
    let unexplained = differences.get(UNEXPLAINED).map_or(0, |(count, _)| *count);
    say(&format!(
        "  {} rows of {} kinds: {reproduced} due dates reproduced, {explained} differ",
        rows.len(),
        spans.len()
    ));
    results.count(&format!("sla.{set}_unexplained"), unexplained, "rows", Bar::exactly(0));
    results.count(&format!("sla.{set}_judged_alike"), agreed, "rows", Bar::exactly(judged));
    Ok(())
}

const UNEXPLAINED: &str = "no reason is known";

/// Why a row's due date is not the one found; none when it is.
fn why(row: &Row, found: &Found, zone: &TimeZone) -> Option<&'static str> {
    let Some(due) = row.due else { return Some("it has no due date") };
    let Some(found) = found.due else { return Some("it is due when it is created, which is no span") };
    if found == due {
        return None;
    }
    let offset = |at: Timestamp| zone.to_offset(at).seconds();
    let shift = i64::from(offset(row.created) - offset(due));
    if found.duration_since(due).as_secs() == -shift && shift != 0 {
        return Some("the clocks change before it is due, and the city counts days on the wall");
    }
    Some(if row.span.is_some() { "it has another span than most of its kind" } else { UNEXPLAINED })
}

fn rows(file: &Path, zone: &TimeZone) -> anyhow::Result<Vec<Row>> {
    let mut reader = csv::Reader::from_path(file)?;
    let mut rows = Vec::new();
    for record in reader.deserialize() {
        let record: BTreeMap<String, String> = record?;
        let text = |name: &str| record.get(name).map(String::as_str).unwrap_or_default().trim();
        let wall = |name: &str| -> anyhow::Result<Option<DateTime>> {
            let written = text(name);
            if written.is_empty() {
                return Ok(None);
            }
            Ok(Some(
                DateTime::strptime("%m/%d/%Y %I:%M:%S %p", written)
                    .with_context(|| format!("{name} {written:?}"))?,
            ))
        };
        let instant = |at: DateTime| zone.to_timestamp(at);
        let created = wall("CreatedDate")?.context("a row without CreatedDate")?;
        let due = wall("DueDate")?;
        rows.push(Row {
            id: text("ServiceRequestNum").to_owned(),
            kind: text("SRType").to_owned(),
            created: instant(created)?,
            due: due.map(instant).transpose()?,
            closed: wall("CloseDate")?.map(instant).transpose()?,
            span: due.map(|due| due.duration_since(created)),
        });
    }
    Ok(rows)
}

/// The span that most rows of a kind have; kinds that are due at once have none.
fn spans(rows: &[Row]) -> BTreeMap<String, SignedDuration> {
    let mut counts: BTreeMap<&str, BTreeMap<SignedDuration, usize>> = BTreeMap::new();
    for row in rows {
        if let Some(span) = row.span {
            *counts.entry(&row.kind).or_default().entry(span).or_default() += 1;
        }
    }
    let most = |counts: &BTreeMap<SignedDuration, usize>| {
        counts.iter().max_by_key(|(_, count)| **count).map(|(span, _)| *span)
    };
    let all = counts.iter().filter_map(|(kind, counts)| Some(((*kind).to_owned(), most(counts)?)));
    all.filter(|(_, span)| span.is_positive()).collect()
}

fn category(kind: &str, spans: &BTreeMap<String, SignedDuration>) -> Option<String> {
    spans.keys().position(|known| known == kind).map(|n| format!("kind-{n}"))
}

fn rules(spans: &BTreeMap<String, SignedDuration>) -> anyhow::Result<Rules> {
    let policies = spans.values().enumerate().map(|(n, span)| {
        serde_json::json!({
            "id": format!("kind-{n}"),
            "applies_when": { "category": [format!("kind-{n}")] },
            "milestones": [{ "id": "resolve", "span": { "elapsed": span.to_string() }, "met_by": ["closed"] }],
        })
    });
    let settings: RulesSettings =
        serde_json::from_value(serde_json::json!({ "policies": policies.collect::<Vec<_>>() }))?;
    Rules::compile(&settings).map_err(|problems| anyhow!("{problems:?}"))
}

/// What the rules made of a row.
struct Found {
    due: Option<Timestamp>,
    is_late: Option<bool>,
}

/// A row through the rules: registered, its timer fired once it is due, closed.
fn replay(
    row: &Row,
    spans: &BTreeMap<String, SignedDuration>,
    rules: &Rules,
) -> anyhow::Result<Option<Found>> {
    let Some(category) = category(&row.kind, spans) else { return Ok(None) };
    let mut events = Vec::new();
    let mut state = None;
    let mut go = |state: &mut Option<Complaint>, command: &Command, now: Timestamp| -> anyhow::Result<()> {
        for event in decide(state.as_ref(), command, rules, now)? {
            let seq = state.as_ref().map_or(1, |known| known.seq + 1);
            *state = evolve(state.take(), seq, now, &event);
            events.push(event);
        }
        Ok(())
    };
    go(&mut state, &Command::Register(register(row, category)?), row.created)?;
    let complaint = state.clone().context("it was registered")?;
    let owed = complaint.pending();
    let (clock, milestone) = owed.first().context("it owes something")?;
    let (due, closed) = (milestone.due_at, row.closed);
    if closed.is_none_or(|closed| closed > due) {
        let fire = Command::Fire {
            clock: clock.id.clone(),
            milestone: milestone.id.clone(),
            generation: milestone.generation,
        };
        go(&mut state, &fire, due)?;
    }
    if let Some(closed) = closed {
        go(&mut state, &Command::Close { reason: CloseReason::Referred }, closed)?;
    }
    let is_late = events.iter().find_map(|event| match event {
        Event::MilestoneMet(met) => Some(met.late),
        _ => None,
    });
    let breached = events.iter().any(|event| matches!(event, Event::MilestoneBreached(_)));
    ensure!(is_late.is_none_or(|late| late == breached), "{}: late and breach do not agree", row.id);
    Ok(Some(Found { due: Some(due), is_late }))
}

fn register(row: &Row, category: String) -> anyhow::Result<Register> {
    let word = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-");
    Ok(Register {
        complaint_id: word(&row.id).parse().context("an id")?,
        reference: word(&row.id).parse().context("a reference")?,
        link: Link {
            contact_id: word(&row.id).parse().context("an id")?,
            channel: Channel::Phone,
            account: "city".to_owned(),
            received_at: row.created,
            standing: PartyStanding::Party,
            party: "00".to_owned(),
            machine: MachineKind::Unspecified,
            confidence_percent: 100,
            reasons: Vec::new(),
            possible_duplicate_of: None,
        },
        recorded_at: row.created,
        language: "en".to_owned(),
        classification: Classification {
            jurisdiction: String::new(),
            needs: Vec::new(),
            evidence: Vec::new(),
            disposition: Disposition::Complaint,
            category,
            product: String::new(),
            severity: Severity::S3,
            rule: "default".to_owned(),
        },
        assignment: Assignment {
            team: "city".parse().context("a team")?,
            handler: None,
            rule: String::new(),
        },
    })
}

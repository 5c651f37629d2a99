//! Working time alone over labelled sets: what the calendar makes of each start, beside what the set says.
//!
//! A set is `<folder>/calendar/<set>/vectors.json`. Its calendars stand in `calendars.json` beside it or in each row;
//! a set that the folder does not hold is passed over, and a row whose own sources disagree is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};
use jiff::{SignedDuration, Timestamp};
use redress_domain::calendar::Calendar;
use redress_domain::deadline::{End, Span, due_at, working_time};
use redress_domain::settings::CalendarSettings;
use redress_tests::results::{Bar, Results, say};
use serde::Deserialize;

/// One question with its answer.
#[derive(Deserialize)]
struct Row {
    id: String,
    op: String,
    calendar_id: Option<String>,
    calendar: Option<Place>,
    start: Timestamp,
    end: Option<Timestamp>,
    work_seconds: Option<i64>,
    expected: Option<Timestamp>,
    expected_seconds: Option<i64>,
    agree: Option<bool>,
}

/// A calendar in the words of the sets.
#[derive(Deserialize)]
struct Place {
    tz: String,
    hours: BTreeMap<String, Vec<(String, String)>>,
    #[serde(default)]
    holidays: Vec<String>,
    /// `12-25`: closed each year.
    #[serde(default)]
    yearly_holidays: Vec<String>,
}

/// Runs every set that is there.
pub(crate) fn measure(data: &Path, results: &mut Results) -> anyhow::Result<()> {
    for set in ["worktime-generated", "worktime-otobo"] {
        let folder = data.join("calendar").join(set);
        if folder.join("vectors.json").is_file() {
            measure_set(set, &folder, results).with_context(|| format!("read {}", folder.display()))?;
        }
    }
    Ok(())
}

fn measure_set(set: &str, folder: &Path, results: &mut Results) -> anyhow::Result<()> {
    let rows: Vec<Row> = serde_json::from_slice(&std::fs::read(folder.join("vectors.json"))?)?;
    let shared = folder.join("calendars.json");
    let places: BTreeMap<String, Place> =
        if shared.is_file() { serde_json::from_slice(&std::fs::read(shared)?)? } else { BTreeMap::new() };
    let rows: Vec<Row> = rows.into_iter().filter(|row| row.agree != Some(false)).collect();
    ensure!(!rows.is_empty(), "the set holds no rows");
    let mut right = 0;
    for row in &rows {
        let (expected, found) = answer(row, &places).with_context(|| format!("work out {}", row.id))?;
        if expected == found {
            right += 1;
        } else {
            say(&format!("{}: expected {expected}, found {found}", row.id));
        }
    }
    let name = format!("sla.corpus_{}", set.replace('-', "_"));
    results.count(&name, right, "rows", Bar::exactly(rows.len()));
    Ok(())
}

/// What the set says, and what we say.
fn answer(row: &Row, places: &BTreeMap<String, Place>) -> anyhow::Result<(String, String)> {
    let shared = row.calendar_id.as_ref().and_then(|id| places.get(id));
    let place = row.calendar.as_ref().or(shared).context("it names no calendar")?;
    let calendar = compile(place, row.start)?;
    if row.op == "elapsed" {
        let expected = row.expected_seconds.context("it expects nothing")?;
        let found = working_time(&calendar, row.start, row.end.context("it has no end")?);
        return Ok((expected.to_string(), found.as_secs().to_string()));
    }
    ensure!(row.op == "due", "`{}` is neither due nor elapsed", row.op);
    let length = SignedDuration::from_secs(row.work_seconds.context("it has no length")?);
    let found = due_at(&calendar, Span::BusinessTime(length), End::default(), row.start);
    Ok((row.expected.context("it expects nothing")?.to_string(), found.to_string()))
}

fn compile(place: &Place, start: Timestamp) -> anyhow::Result<Calendar> {
    let year = i32::from(start.to_zoned(jiff::tz::TimeZone::UTC).year());
    let yearly = (year - 2..=year + 3)
        .flat_map(|year| place.yearly_holidays.iter().map(move |day| format!("{year:04}-{day}")));
    let closed: BTreeSet<String> = place.holidays.iter().cloned().chain(yearly).collect();
    let intervals =
        |day: &Vec<(String, String)>| day.iter().map(|(from, to)| format!("{from}-{to}")).collect();
    let settings = CalendarSettings {
        zone: place.tz.clone(),
        hours: place.hours.iter().map(|(day, hours)| (day.clone(), intervals(hours))).collect(),
        closed: closed.into_iter().map(|day| (day, "closed".to_owned())).collect(),
        ..CalendarSettings::default()
    };
    Calendar::compile("calendar", &settings)
        .map_err(|problems| anyhow!(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

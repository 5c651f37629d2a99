//! Typed spans over `sla/deadline_vectors.json`, beside the folder of data: `business_days 5` from an instant, in a zone.
//!
//! Days are closed as `calendar/public-holidays/holidays-2024-2028.json` of the folder says for the country of the zone.
//! Both files are needed, else the vectors are passed over.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};
use jiff::Timestamp;
use redress_domain::calendar::Calendar;
use redress_domain::deadline::{End, Span, due_at};
use redress_domain::settings::CalendarSettings;
use redress_tests::results::{Bar, Results, say};
use serde::Deserialize;

type Days = BTreeMap<String, String>;

/// One question with its answer.
#[derive(Deserialize)]
struct Row {
    name: String,
    received: Timestamp,
    /// Kind, value, and for working time the hours of each day: `business_time PT4H 09-17`.
    rule: String,
    zone: String,
    due: Timestamp,
}

/// What is closed in a country, and besides in its parts.
#[derive(Deserialize)]
struct Country {
    national: Days,
    #[serde(default)]
    subdivisions: BTreeMap<String, Days>,
}

/// Runs the vectors when they are there.
pub(crate) fn measure(data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let vectors = data.join("../sla/deadline_vectors.json");
    let holidays = data.join("calendar/public-holidays/holidays-2024-2028.json");
    if !vectors.is_file() || !holidays.is_file() {
        return Ok(());
    }
    let rows: Vec<Row> = serde_json::from_slice(&std::fs::read(vectors)?).context("read the vectors")?;
    let countries: BTreeMap<String, Country> =
        serde_json::from_slice(&std::fs::read(holidays)?).context("read the holidays")?;
    ensure!(!rows.is_empty(), "the vectors hold no rows");
    let mut right = 0;
    for row in &rows {
        let found = due(row, &countries).with_context(|| format!("work out {}", row.name))?;
        if found == row.due {
            right += 1;
        } else {
            say(&format!("{}: expected {}, found {found}", row.name, row.due));
        }
    }
    results.count("sla.corpus_deadline_vectors", right, "rows", Bar::exactly(rows.len()));
    Ok(())
}

fn due(row: &Row, countries: &BTreeMap<String, Country>) -> anyhow::Result<Timestamp> {
    let mut words = row.rule.split(' ');
    let (kind, value) = words.next().zip(words.next()).context("the rule has no kind or value")?;
    let span = Span::parse(kind, value).map_err(|problem| anyhow!(problem))?;
    let hours = words.next().unwrap_or("09-17").split(',').map(interval).collect::<Option<Vec<_>>>();
    let hours = hours.context("the rule has unreadable hours")?;
    let days = ["mon", "tue", "wed", "thu", "fri"];
    let settings = CalendarSettings {
        zone: row.zone.clone(),
        hours: days.into_iter().map(|day| (day.to_owned(), hours.clone())).collect(),
        closed: closed(&row.zone, countries)?,
        ..CalendarSettings::default()
    };
    let calendar = Calendar::compile("calendar", &settings).map_err(|problems| {
        anyhow!(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })?;
    Ok(due_at(&calendar, span, End::default(), row.received))
}

/// `13:30-18` as the settings write it.
fn interval(text: &str) -> Option<String> {
    let whole = |time: &str| if time.contains(':') { time.to_owned() } else { format!("{time}:00") };
    let (from, to) = text.split_once('-')?;
    Some(format!("{}-{}", whole(from), whole(to)))
}

fn closed(zone: &str, countries: &BTreeMap<String, Country>) -> anyhow::Result<Days> {
    let (country, part) = match zone {
        "Europe/London" => ("GB", "ENG"),
        "America/New_York" => ("US", ""),
        other => return Err(anyhow!("of which country is the zone {other}?")),
    };
    let country = countries.get(country).context("the holidays do not know its country")?;
    let mut days = country.national.clone();
    days.extend(country.subdivisions.get(part).cloned().unwrap_or_default());
    Ok(days)
}

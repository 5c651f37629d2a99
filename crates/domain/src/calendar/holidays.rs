//! Public holidays by country and subdivision: facts that ship with the program.
//!
//! They stand in `holidays/holidays.txt`, with their source; `tools/bundled-holidays.py` writes them anew for years to
//! come.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Date;

/// Days and their names, by set (`GB`, `GB-ENG`): `2026-12-25`, or `-2026-10-12` for a day of the country that a
/// subdivision does not keep.
type Sets = BTreeMap<&'static str, BTreeMap<&'static str, &'static str>>;

static SETS: LazyLock<Sets> = LazyLock::new(|| read(include_str!("../../holidays/holidays.txt")));

fn read(text: &'static str) -> Sets {
    let mut sets = Sets::new();
    let mut set = "";
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            set = name;
            sets.entry(set).or_default();
        } else if let Some((day, name)) = line.split_once(' ') {
            sets.entry(set).or_default().insert(day, name);
        }
    }
    sets
}

/// The names of all sets.
pub fn sets() -> impl Iterator<Item = &'static str> {
    SETS.keys().copied()
}

/// The last day of the last year of which a set names any holiday.
pub fn known_until(set: &str) -> Option<Date> {
    let days = days(set)?;
    let last: Date = days.last_key_value()?.0.parse().ok()?;
    Some(last.last_of_year())
}

/// The closed days of a set: those of a country, or with what a subdivision of it adds and leaves out.
pub(crate) fn days(set: &str) -> Option<BTreeMap<&'static str, &'static str>> {
    let own = SETS.get(set)?;
    let country = set.split_once('-').map(|(country, _)| country);
    let mut days = country.and_then(|country| SETS.get(country)).cloned().unwrap_or_default();
    for (day, name) in own {
        match day.strip_prefix('-') {
            Some(kept_elsewhere) => days.remove(kept_elsewhere),
            None => days.insert(day, name),
        };
    }
    Some(days)
}

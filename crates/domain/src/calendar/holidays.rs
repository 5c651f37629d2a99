//! Public holidays by country and subdivision: facts that ship with the program.
//!
//! They stand in `holidays/holidays.txt`, with their source; `tools/holidays.py` writes them anew for years to come.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Days (`2026-12-25`) and their names, by set: `GB`, `GB-ENG`.
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

/// The closed days of a set: those of a country, or with those that a subdivision of it adds.
pub(crate) fn days(set: &str) -> Option<BTreeMap<&'static str, &'static str>> {
    let own = SETS.get(set);
    let country = set.split_once('-').map(|(country, _)| country);
    let mut days = country.and_then(|country| SETS.get(country)).cloned().unwrap_or_default();
    days.extend(own?);
    Some(days)
}

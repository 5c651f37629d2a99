//! From the words of the settings to a calendar: every mistake with its key.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::{Calendar, DAY_S, Open, day_of, holidays};
use crate::settings::{CalendarSettings, Problem};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const CLOSED_MAX: usize = 5_000;
const INTERVALS_MAX: usize = 24;

impl CalendarSettings {
    /// The same calendar with every closed day said by itself: what a version of a policy is made of, so that it stays
    /// what it was when the sets change.
    ///
    /// # Errors
    /// Every problem: sets that are not known, days that are none.
    pub fn expanded(&self, key: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut all = Self { holidays: Vec::new(), icalendar: Vec::new(), open: Vec::new(), ..self.clone() };
        for set in &self.holidays {
            let Some(days) = holidays::days(set) else {
                let known = holidays::sets().collect::<Vec<_>>().join(", ");
                let message = format!("`{set}` is no set of holidays; sets are {known}");
                problems.push(Problem { key: format!("{key}.holidays"), message });
                continue;
            };
            for (day, name) in days {
                all.closed.entry(day.to_owned()).or_insert_with(|| name.to_owned());
            }
        }
        for day in &self.open {
            if day.len() != 10 || day.parse::<Date>().is_err() {
                let message = format!("`{day}` is no day, such as 2026-12-25");
                problems.push(Problem { key: format!("{key}.open"), message });
            }
            all.closed.remove(day);
        }
        if problems.is_empty() { Ok(all) } else { Err(problems) }
    }
}

impl Calendar {
    /// Checks and compiles a calendar; keys of problems begin with `key`.
    ///
    /// # Errors
    /// Every problem: unknown zone or day, unreadable or overlapping hours, no hours at all.
    pub fn compile(key: &str, settings: &CalendarSettings) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let zone = zone(key, &settings.zone, &mut problems);
        let hours = hours(key, &settings.hours, &mut problems);
        let closed = closed(key, &settings.closed, &mut problems);
        if problems.is_empty() {
            Ok(Self { zone, hours, closed, holidays_until: None })
        } else {
            Err(problems)
        }
    }
}

fn zone(key: &str, name: &str, problems: &mut Vec<Problem>) -> TimeZone {
    // The bundled database only: the same answer on every machine, and no file is read.
    TimeZoneDatabase::bundled().get(name).unwrap_or_else(|_| {
        let message = format!("`{name}` is no IANA time zone, such as `Europe/Berlin`");
        problems.push(Problem { key: format!("{key}.zone"), message });
        TimeZone::UTC
    })
}

fn hours(key: &str, settings: &BTreeMap<String, Vec<String>>, problems: &mut Vec<Problem>) -> [Vec<Open>; 7] {
    let mut hours: [Vec<Open>; 7] = Default::default();
    let before = problems.len();
    for (day, intervals) in settings {
        let key = format!("{key}.hours.{day}");
        let Some(index) = DAYS.iter().position(|known| known == day) else {
            problems.push(Problem { key, message: format!("is no day; days are {}", DAYS.join(", ")) });
            continue;
        };
        hours[index] = intervals_of_day(&key, intervals, problems);
    }
    if before == problems.len() && hours.iter().all(Vec::is_empty) {
        let message = "no day is open; give at least one, such as mon = [\"09:00-17:00\"]".to_owned();
        problems.push(Problem { key: format!("{key}.hours"), message });
    }
    hours
}

fn intervals_of_day(key: &str, intervals: &[String], problems: &mut Vec<Problem>) -> Vec<Open> {
    let mut problem = |message| problems.push(Problem { key: key.to_owned(), message });
    if intervals.len() > INTERVALS_MAX {
        problem(format!("holds {} intervals; at most {INTERVALS_MAX} are allowed", intervals.len()));
        return Vec::new();
    }
    let mut opens = Vec::with_capacity(intervals.len());
    for text in intervals {
        match interval(text) {
            Some(open) => opens.push(open),
            None => problem(format!("`{text}` is no interval, such as `09:00-12:30` or `00:00-24:00`")),
        }
    }
    opens.sort_by_key(|open| open.from_s);
    if opens.windows(2).any(|pair| pair[1].from_s < pair[0].to_s) {
        problem("its intervals overlap".to_owned());
    }
    opens
}

fn interval(text: &str) -> Option<Open> {
    let (from, to) = text.split_once('-')?;
    let open = Open { from_s: time_of_day(from)?, to_s: time_of_day(to)? };
    (open.from_s < open.to_s).then_some(open)
}

fn time_of_day(text: &str) -> Option<i64> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |digits: &str| {
        let good = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        good.then(|| digits.parse::<i64>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let second = hour * 3_600 + minute * 60;
    (minute < 60 && second <= DAY_S).then_some(second)
}

fn closed(
    key: &str,
    settings: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<i64, String> {
    if settings.len() > CLOSED_MAX {
        let message = format!("holds {} days; at most {CLOSED_MAX} are allowed", settings.len());
        problems.push(Problem { key: format!("{key}.closed"), message });
        return BTreeMap::new();
    }
    let mut closed = BTreeMap::new();
    for (day, name) in settings {
        match day.parse::<Date>() {
            Ok(date) if day.len() == 10 => {
                closed.insert(day_of(date), name.clone());
            }
            _ => problems.push(Problem {
                key: format!("{key}.closed.{day}"),
                message: "is no day, such as 2026-12-25".to_owned(),
            }),
        }
    }
    closed
}

//! How a due time came about, day by day, so that somebody can count it again by hand.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::calendar::{Calendar, Piece, date_of};
use crate::deadline::{End, Span, end_of, reach_pausing};
use crate::pause::Pauses;

/// How a due time came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The span, in words: `5 business days`.
    pub span: String,
    /// What it counts from.
    pub anchor_at: Timestamp,
    /// The same by the wall clock of the calendar, with its offset.
    pub anchor_local: String,
    /// IANA name of the calendar's zone.
    pub zone: String,
    /// Each local day from that of the anchor to that on which it is over.
    pub days: Vec<Day>,
    /// When it is over.
    pub due_at: Timestamp,
    /// The same by the wall clock: midnight at the end of a day is `24:00` of that day.
    pub due_local: String,
}

/// A local day, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The date.
    pub date: Date,
    /// What it came to.
    #[serde(flatten)]
    pub outcome: DayOutcome,
}

/// What a day came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum DayOutcome {
    /// The day it begins on, which does not count.
    Begins,
    /// It counts, as the how-manieth.
    Counts {
        /// From 1.
        number: u32,
    },
    /// So much of it counts.
    Used {
        /// Seconds.
        seconds: i64,
    },
    /// Nobody works on this day of the week.
    NoHours,
    /// It is closed.
    Closed {
        /// Its name.
        name: String,
    },
    /// It ended, or all of its working time lay, within a pause.
    Paused,
}

/// Explains when a span is over. None when it is not within twenty years.
pub fn explain(
    calendar: &Calendar,
    (span, end): (Span, End),
    anchor: Timestamp,
    pauses: &Pauses,
) -> Option<Explanation> {
    let due_at = reach_pausing(calendar, (span, end), anchor, pauses)?;
    let first = calendar.local_day(anchor);
    // What ends at midnight ends on the day before.
    let last = calendar.local_day(before(due_at)).max(first);
    let days = if span.is_days() {
        days(calendar, (span, end), (first, last), pauses)
    } else {
        time(calendar, span, (anchor, due_at), pauses)
    };
    Some(Explanation {
        span: words(span),
        anchor_at: anchor,
        anchor_local: local(calendar.zone(), anchor),
        zone: calendar.zone().iana_name().unwrap_or("UTC").to_owned(),
        days,
        due_at,
        due_local: due_local(calendar.zone(), due_at),
    })
}

/// Days on which a span of days counts, and those it skips.
fn days(
    calendar: &Calendar,
    (span, end): (Span, End),
    (first, last): (i64, i64),
    pauses: &Pauses,
) -> Vec<Day> {
    let mut number = 0;
    let mut days = vec![Day { date: date_of(first), outcome: DayOutcome::Begins }];
    for day in first + 1..=last {
        let skipped = if pauses.swallow(end_of(calendar, day, end)) {
            Some(DayOutcome::Paused)
        } else if span.is_business() {
            closed(calendar, day)
        } else {
            None
        };
        let outcome = skipped.unwrap_or_else(|| {
            number += 1;
            DayOutcome::Counts { number }
        });
        days.push(Day { date: date_of(day), outcome });
    }
    days
}

/// Days of which a span of time uses some, and those it skips.
fn time(
    calendar: &Calendar,
    span: Span,
    (anchor, due_at): (Timestamp, Timestamp),
    pauses: &Pauses,
) -> Vec<Day> {
    let (first, last) = (calendar.local_day(anchor), calendar.local_day(before(due_at)));
    let whole = Piece { from: anchor.as_nanosecond(), to: due_at.as_nanosecond() };
    let mut days = Vec::new();
    for day in first..=last.max(first) {
        let (begins, ends) = (calendar.end_of_day(day - 1), calendar.end_of_day(day));
        let here =
            Piece { from: begins.as_nanosecond().max(whole.from), to: ends.as_nanosecond().min(whole.to) };
        let open = if span.is_business() { worked(calendar, here) } else { vec![here] };
        let used: i128 =
            open.iter().flat_map(|piece| pauses.cut(*piece)).map(|piece| piece.to - piece.from).sum();
        let seconds = i64::try_from(used / crate::calendar::SECOND).unwrap_or(i64::MAX);
        let skipped = if open.is_empty() { closed(calendar, day) } else { Some(DayOutcome::Paused) };
        let outcome = match skipped {
            Some(outcome) if used == 0 => outcome,
            _ => DayOutcome::Used { seconds },
        };
        days.push(Day { date: date_of(day), outcome });
    }
    days
}

fn worked(calendar: &Calendar, within: Piece) -> Vec<Piece> {
    let Ok(from) = Timestamp::from_nanosecond(within.from) else { return Vec::new() };
    let pieces = calendar.pieces(from, 2).take_while(|piece| piece.from < within.to);
    pieces.map(|piece| Piece { from: piece.from, to: piece.to.min(within.to) }).collect()
}

fn closed(calendar: &Calendar, day: i64) -> Option<DayOutcome> {
    match calendar.closed_name(day) {
        Some(name) => Some(DayOutcome::Closed { name: name.to_owned() }),
        None => (!calendar.is_open_day(day)).then_some(DayOutcome::NoHours),
    }
}

fn before(due: Timestamp) -> Timestamp {
    due.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(due)
}

/// The span in words.
pub fn words(span: Span) -> String {
    let many = |count: u32, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    match span {
        Span::Elapsed(length) => format!("{length:#} of time"),
        Span::BusinessTime(length) => format!("{length:#} of working time"),
        Span::BusinessDays(count) => many(count, "business day"),
        Span::CalendarDays(count) => many(count, "calendar day"),
        Span::Weeks(count) => many(count, "week"),
        Span::Months(count) => many(count, "month"),
    }
}

fn local(zone: &TimeZone, at: Timestamp) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

fn due_local(zone: &TimeZone, due: Timestamp) -> String {
    let wall = due.to_zoned(zone.clone());
    if wall.time() == jiff::civil::Time::midnight() {
        let day = before(due).to_zoned(zone.clone());
        return format!("{} 24:00:00 {}", day.date(), day.strftime("%Z"));
    }
    local(zone, due)
}

impl Explanation {
    /// In plain words, a line for each day.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("counts from {} ({}, {})", self.anchor_local, self.zone, self.anchor_at),
            format!("{}:", self.span),
        ];
        lines.extend(
            self.days
                .iter()
                .map(|day| format!("  {} {}  {}", weekday(day.date), day.date, day.outcome.words())),
        );
        lines.push(format!("due {} ({})", self.due_local, self.due_at));
        lines
    }
}

impl DayOutcome {
    fn words(&self) -> String {
        match self {
            Self::Begins => "it begins; this day does not count".to_owned(),
            Self::Counts { number } => format!("counts: {number}"),
            Self::Used { seconds } => format!("{:#} count", SignedDuration::from_secs(*seconds)),
            Self::NoHours => "skipped: nobody works".to_owned(),
            Self::Closed { name } => format!("skipped: {name}"),
            Self::Paused => "skipped: paused".to_owned(),
        }
    }
}

fn weekday(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

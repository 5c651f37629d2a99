//! Working time of one place: weekly hours, closed days, a time zone.
//!
//! Working time is the set of instants whose local wall clock lies in the hours of their local date. It is walked
//! as pieces of the time line, one stretch of equal UTC offset after the other, so that a clock change (at midnight,
//! by half an hour, in the middle of a shift) needs no special case.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

mod compile;
pub mod holidays;

/// How far ahead a due time is looked for.
pub(crate) const HORIZON_DAYS: i64 = 20 * 366;

pub(crate) const SECOND: i128 = 1_000_000_000;
pub(crate) const DAY_S: i64 = 86_400;

/// Working time, checked and ready for counting.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    /// Monday first; sorted, no overlaps.
    hours: [Vec<Open>; 7],
    /// Days since 1970-01-01 → why it is closed.
    closed: BTreeMap<i64, String>,
    /// The last day of which every set of holidays it takes says something.
    holidays_until: Option<Date>,
}

/// An interval of one day, in seconds since local midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    from_s: i64,
    to_s: i64,
}

/// A stretch of working time, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) from: i128,
    pub(crate) to: i128,
}

impl Calendar {
    /// The zone whose wall clock counts.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// True when somebody works at this instant.
    pub fn is_open_at(&self, at: Timestamp) -> bool {
        let instant = at.as_nanosecond();
        self.pieces(at, 1).next().is_some_and(|piece| piece.from <= instant)
    }

    /// True when somebody works on this local date.
    pub fn is_open_on(&self, date: Date) -> bool {
        self.is_open_day(day_of(date))
    }

    /// The closed days after `from` up to and with the local date of `to`, with their names: what a deadline skipped.
    pub fn closed_between(&self, from: Timestamp, to: Timestamp) -> Vec<(Date, &str)> {
        let (first, last) = (self.local_day(from) + 1, self.local_day(to));
        if first > last {
            return Vec::new();
        }
        self.closed.range(first..=last).map(|(day, name)| (date_of(*day), name.as_str())).collect()
    }

    /// The last day of which all sets of public holidays that it takes say whether it is one; none when it takes none. Later
    /// days count as if there were no holidays.
    pub fn holidays_until(&self) -> Option<Date> {
        self.holidays_until
    }

    /// The same, taking these sets of public holidays.
    pub(crate) fn taking(self, sets: &[String]) -> Self {
        let holidays_until = sets.iter().filter_map(|set| holidays::known_until(set)).min();
        Self { holidays_until, ..self }
    }

    /// Why a day is closed.
    pub(crate) fn closed_name(&self, day: i64) -> Option<&str> {
        self.closed.get(&day).map(String::as_str)
    }

    /// The instant from which a search meets the most closed days.
    pub(crate) fn probe(&self) -> Timestamp {
        let day = self.closed.first_key_value().map_or(0, |(day, _)| *day - 1);
        Timestamp::from_second(day.saturating_mul(DAY_S)).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    pub(crate) fn local_day(&self, at: Timestamp) -> i64 {
        let offset = i64::from(self.zone.to_offset(at).seconds());
        (floor_second(at) + offset).div_euclid(DAY_S)
    }

    pub(crate) fn is_open_day(&self, day: i64) -> bool {
        !self.hours_of(day).is_empty()
    }

    /// The instant at which the local day is over.
    pub(crate) fn end_of_day(&self, day: i64) -> Timestamp {
        self.wall(day, DAY_S)
    }

    /// The instant at which work ends on a day; its end when it is closed.
    pub(crate) fn close_of_business(&self, day: i64) -> Timestamp {
        self.wall(day, self.hours_of(day).last().map_or(DAY_S, |open| open.to_s))
    }

    /// Working time from an instant on, in order, for so many days.
    pub(crate) fn pieces(&self, from: Timestamp, days: i64) -> Pieces<'_> {
        let end = from.as_nanosecond() + i128::from(days) * i128::from(DAY_S) * SECOND;
        let end = end.min(Timestamp::MAX.as_nanosecond());
        let mut pieces = Pieces { calendar: self, at: 0, until: 0, offset: 0, day: 0, index: 0, end };
        pieces.enter(from);
        pieces
    }

    fn hours_of(&self, day: i64) -> &[Open] {
        if self.closed.contains_key(&day) {
            return &[];
        }
        // 1970-01-01 was a Thursday.
        let weekday = usize::try_from((day + 3).rem_euclid(7)).expect("a remainder of seven is small");
        &self.hours[weekday]
    }

    fn wall(&self, day: i64, second: i64) -> Timestamp {
        let at = Timestamp::from_second(day.saturating_mul(DAY_S).saturating_add(second));
        let local = jiff::tz::Offset::UTC.to_datetime(at.unwrap_or(Timestamp::MAX));
        self.zone.to_timestamp(local).unwrap_or(Timestamp::MAX)
    }
}

/// Walks working time; see [`Calendar::pieces`].
pub(crate) struct Pieces<'a> {
    calendar: &'a Calendar,
    /// From here to `until` the offset from UTC is the same.
    at: i128,
    until: i128,
    offset: i128,
    day: i64,
    index: usize,
    end: i128,
}

impl Pieces<'_> {
    fn enter(&mut self, from: Timestamp) {
        let zone = &self.calendar.zone;
        self.at = from.as_nanosecond();
        self.offset = i128::from(zone.to_offset(from).seconds()) * SECOND;
        let change = zone.following(from).next().map_or(Timestamp::MAX, |change| change.timestamp());
        self.until = change.as_nanosecond().min(self.end);
        self.day = self.calendar.local_day(from);
        self.index = 0;
    }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        loop {
            let midnight = i128::from(self.day) * i128::from(DAY_S) * SECOND - self.offset;
            if midnight >= self.until {
                if self.until >= self.end {
                    return None;
                }
                self.enter(Timestamp::from_nanosecond(self.until).ok()?);
                continue;
            }
            let Some(open) = self.calendar.hours_of(self.day).get(self.index) else {
                self.day += 1;
                self.index = 0;
                continue;
            };
            self.index += 1;
            let from = (midnight + i128::from(open.from_s) * SECOND).max(self.at);
            let to = (midnight + i128::from(open.to_s) * SECOND).min(self.until);
            if from < to {
                return Some(Piece { from, to });
            }
        }
    }
}

/// The whole second an instant lies in; jiff rounds towards 1970.
fn floor_second(at: Timestamp) -> i64 {
    at.as_second() - i64::from(at.subsec_nanosecond() < 0)
}

pub(crate) fn day_of(date: Date) -> i64 {
    let midnight = TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
    // The first and last days of time have no whole midnight.
    let edge = if date.year() > 0 { Timestamp::MAX } else { Timestamp::MIN };
    midnight.unwrap_or(edge).as_second().div_euclid(DAY_S)
}

pub(crate) fn date_of(day: i64) -> Date {
    let at = Timestamp::from_second(day.saturating_mul(DAY_S)).unwrap_or(Timestamp::MAX);
    jiff::tz::Offset::UTC.to_datetime(at).date()
}

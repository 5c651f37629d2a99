//! When a span that starts at an anchor is over, and how much of it is used up when.
//!
//! The anchor day is excluded, the local date decides the day, months clamp, `elapsed` ignores calendars and clock
//! changes, and a due time that fills the last interval is its closing time, not the next opening.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Span as JiffSpan, SpanRelativeTo, Timestamp};

use crate::calendar::{Calendar, HORIZON_DAYS, Piece, date_of, day_of};
use crate::pause::Pauses;

/// A typed length of time, as policies and ladders state it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Time on any clock.
    Elapsed(SignedDuration),
    /// Time during which somebody works.
    BusinessTime(SignedDuration),
    /// Days on which somebody works.
    BusinessDays(u32),
    /// Days of the calendar on the wall.
    CalendarDays(u32),
    /// Weeks of seven days.
    Weeks(u32),
    /// Months; the 31st becomes the last day of a shorter month.
    Months(u32),
}

/// When on its last day a span of days is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum End {
    /// At midnight at the end of the day.
    #[default]
    EndOfDay,
    /// When work ends that day; on a closed day, at its end.
    CloseOfBusiness,
}

/// How far ahead a due time is looked for.
pub(crate) const HORIZON: SignedDuration = SignedDuration::from_hours(HORIZON_DAYS * 24);

/// The words a span may begin with in the settings.
pub const SPAN_KINDS: [&str; 6] =
    ["elapsed", "business_time", "business_days", "calendar_days", "weeks", "months"];

impl Span {
    /// Reads a span from its kind and value: `("business_time", "PT4H")`, `("weeks", "8")`.
    ///
    /// # Errors
    /// What is wrong, as a sentence.
    pub fn parse(kind: &str, value: &str) -> Result<Self, String> {
        match kind {
            "elapsed" => duration(value).map(Self::Elapsed),
            "business_time" => duration(value).map(Self::BusinessTime),
            "business_days" => count(value, 5_000).map(Self::BusinessDays),
            "calendar_days" => count(value, 7_300).map(Self::CalendarDays),
            "weeks" => count(value, 1_040).map(Self::Weeks),
            "months" => count(value, 240).map(Self::Months),
            other => Err(format!("`{other}` is no kind of span; kinds are {}", SPAN_KINDS.join(", "))),
        }
    }

    /// Reads the table of a milestone's settings, which holds exactly one kind.
    ///
    /// # Errors
    /// What is wrong, as a sentence.
    pub fn from_settings(settings: &BTreeMap<String, String>) -> Result<Self, String> {
        let mut entries = settings.iter();
        match (entries.next(), entries.next()) {
            (Some((kind, value)), None) => Self::parse(kind, value),
            _ => Err(format!("needs exactly one of {}", SPAN_KINDS.join(", "))),
        }
    }

    /// True for the kinds that count working time or working days.
    pub fn is_business(self) -> bool {
        matches!(self, Self::BusinessTime(_) | Self::BusinessDays(_))
    }

    /// True for the kinds that end on a day rather than at an instant.
    pub fn is_days(self) -> bool {
        !matches!(self, Self::Elapsed(_) | Self::BusinessTime(_))
    }
}

/// The length of time the settings state: `PT4H`, `4h 30m`, `P2D` (days of 24 hours).
fn duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("`{text}` is no length of time, such as PT4H or 30m");
    let span: JiffSpan = text.trim().parse().map_err(|_| wrong())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    if duration <= SignedDuration::ZERO {
        return Err(format!("`{text}` is not longer than nothing"));
    }
    if duration > HORIZON {
        return Err(format!("`{text}` is longer than 20 years"));
    }
    Ok(duration)
}

fn count(text: &str, max: u32) -> Result<u32, String> {
    match text.trim().parse::<u32>() {
        Ok(count) if (1..=max).contains(&count) => Ok(count),
        _ => Err(format!("`{text}` is no number from 1 to {max}")),
    }
}

/// When the span is over; none when it is not within twenty years.
pub fn reach(calendar: &Calendar, span: Span, end: End, anchor: Timestamp) -> Option<Timestamp> {
    reach_pausing(calendar, (span, end), anchor, Pauses::NONE)
}

/// When the span is over of which these pauses take what they cover ([`crate::pause`]); none when it is not within
/// twenty years.
pub fn reach_pausing(
    calendar: &Calendar,
    (span, end): (Span, End),
    anchor: Timestamp,
    pauses: &Pauses,
) -> Option<Timestamp> {
    let last_day = match span {
        Span::Elapsed(length) => return elapse(anchor, length, pauses),
        Span::BusinessTime(length) => return work_until(calendar, anchor, length, pauses),
        days => last_day(calendar, (days, end), calendar.local_day(anchor), pauses)?,
    };
    let due = end_of(calendar, last_day, end);
    // Only on the last day of time could it be over before it starts.
    Some(due.max(anchor))
}

pub(crate) fn end_of(calendar: &Calendar, day: i64, end: End) -> Timestamp {
    match end {
        End::EndOfDay => calendar.end_of_day(day),
        End::CloseOfBusiness => calendar.close_of_business(day),
    }
}

/// The day on which a span of days that counts from after `day` is over.
fn last_day(calendar: &Calendar, (span, end): (Span, End), day: i64, pauses: &Pauses) -> Option<i64> {
    let is_counted = |day: i64| pauses.is_empty() || !pauses.swallow(end_of(calendar, day, end));
    let days = |count: i64| nth_day(day, count, is_counted);
    match span {
        Span::BusinessDays(count) => {
            nth_day(day, i64::from(count), |day| calendar.is_open_day(day) && is_counted(day))
        }
        Span::CalendarDays(count) => days(i64::from(count)),
        Span::Weeks(count) => days(7 * i64::from(count)),
        Span::Months(count) => {
            let last = day_of(date_of(day).saturating_add(JiffSpan::new().months(count)));
            days(last - day)
        }
        Span::Elapsed(_) | Span::BusinessTime(_) => None,
    }
}

/// The `count`-th day after `day` that counts; none when there is none within the horizon.
fn nth_day(day: i64, count: i64, is_counted: impl Fn(i64) -> bool) -> Option<i64> {
    let mut left = count;
    for candidate in day + 1..=day + HORIZON_DAYS {
        left -= i64::from(is_counted(candidate));
        if left <= 0 {
            return Some(candidate);
        }
    }
    None
}

/// When the span is over. Policies whose spans cannot be reached are refused when loaded; should an anchor at the
/// end of time make one so, twenty years stand in.
pub fn due_at(calendar: &Calendar, span: Span, end: End, anchor: Timestamp) -> Timestamp {
    reach(calendar, span, end, anchor).unwrap_or_else(|| after(anchor, HORIZON))
}

/// The instants at which these shares of the time between anchor and due are used up, in percent and ascending:
/// of working time for business spans, of elapsed time otherwise.
pub fn shares(
    calendar: &Calendar,
    span: Span,
    (anchor, due): (Timestamp, Timestamp),
    percents: &[u32],
) -> Vec<Timestamp> {
    shares_pausing(calendar, span, (anchor, due), (percents, Pauses::NONE))
}

/// As [`shares`], of the time that these pauses leave.
pub fn shares_pausing(
    calendar: &Calendar,
    span: Span,
    (anchor, due): (Timestamp, Timestamp),
    (percents, pauses): (&[u32], &Pauses),
) -> Vec<Timestamp> {
    if percents.is_empty() {
        return Vec::new();
    }
    let whole = Piece { from: anchor.as_nanosecond(), to: due.as_nanosecond() };
    let counted = if span.is_business() { working_between(calendar, anchor, due) } else { vec![whole] };
    let counted: Vec<Piece> = counted.into_iter().flat_map(|piece| pauses.cut(piece)).collect();
    // A reopened milestone may hold no working time; then time itself is shared out.
    let pieces = if counted.is_empty() { vec![whole] } else { counted };
    let total: i128 = pieces.iter().map(|piece| piece.to - piece.from).sum();
    percents.iter().map(|percent| instant(walk(&pieces, total * i128::from(*percent) / 100))).collect()
}

/// How long somebody worked between two instants.
pub fn working_time(calendar: &Calendar, from: Timestamp, to: Timestamp) -> SignedDuration {
    let worked: i128 = working_between(calendar, from, to).iter().map(|piece| piece.to - piece.from).sum();
    SignedDuration::try_from_nanos_i128(worked).unwrap_or(SignedDuration::MAX)
}

/// An instant and a length later, at most the end of time.
pub(crate) fn after(anchor: Timestamp, length: SignedDuration) -> Timestamp {
    anchor.checked_add(length).unwrap_or(Timestamp::MAX)
}

fn elapse(anchor: Timestamp, length: SignedDuration, pauses: &Pauses) -> Option<Timestamp> {
    let whole = Piece { from: anchor.as_nanosecond(), to: Timestamp::MAX.as_nanosecond() };
    use_up(std::iter::once(whole), length, pauses).or(Some(Timestamp::MAX))
}

fn work_until(
    calendar: &Calendar,
    anchor: Timestamp,
    length: SignedDuration,
    pauses: &Pauses,
) -> Option<Timestamp> {
    use_up(calendar.pieces(anchor, HORIZON_DAYS), length, pauses)
}

/// When so much of these pieces is used up.
fn use_up(pieces: impl Iterator<Item = Piece>, length: SignedDuration, pauses: &Pauses) -> Option<Timestamp> {
    let mut left = length.as_nanos();
    for piece in pieces.flat_map(|piece| pauses.cut(piece)) {
        let long = piece.to - piece.from;
        if left <= long {
            return Some(instant(piece.from + left));
        }
        left -= long;
    }
    None
}

fn working_between(calendar: &Calendar, from: Timestamp, to: Timestamp) -> Vec<Piece> {
    let end = to.as_nanosecond();
    calendar
        .pieces(from, HORIZON_DAYS + 1)
        .take_while(|piece| piece.from < end)
        .map(|piece| Piece { from: piece.from, to: piece.to.min(end) })
        .collect()
}

fn walk(pieces: &[Piece], mut left: i128) -> i128 {
    for piece in pieces {
        let long = piece.to - piece.from;
        if left <= long {
            return piece.from + left;
        }
        left -= long;
    }
    pieces.last().map_or(0, |piece| piece.to)
}

fn instant(nanoseconds: i128) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds).unwrap_or(Timestamp::MAX)
}

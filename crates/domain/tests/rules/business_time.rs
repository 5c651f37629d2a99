//! Business time: tables for the rules, and a slow minute-by-minute count as the judge of everything else.
//! `PROPTEST_CASES=100000` asks for more cases than the usual 2,000 (`make soak FORM=long`).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use redress_domain::calendar::Calendar;
use redress_domain::deadline::{End, Span, due_at, reach, shares, working_time};
use redress_domain::settings::CalendarSettings;

use crate::stage::at;

const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn calendar(zone: &str, days: &[&str], hours: &[&str], closed: &[&str]) -> Calendar {
    let hours: Vec<String> = hours.iter().map(|interval| (*interval).to_owned()).collect();
    let settings = CalendarSettings {
        zone: zone.to_owned(),
        hours: days.iter().map(|day| ((*day).to_owned(), hours.clone())).collect(),
        closed: closed.iter().map(|day| ((*day).to_owned(), "a holiday".to_owned())).collect(),
        ..CalendarSettings::default()
    };
    Calendar::compile("calendars.test", &settings).unwrap()
}

fn office(zone: &str) -> Calendar {
    calendar(zone, &WEEK[..5], &["09:00-17:00"], &["2026-04-03", "2026-04-06", "2026-12-25"])
}

#[track_caller]
fn check(calendar: &Calendar, (kind, value): (&str, &str), end: End, anchor: &str, expected: &str) {
    let due = reach(calendar, Span::parse(kind, value).unwrap(), end, at(anchor));
    assert_eq!(due, Some(at(expected)), "{kind} {value} from {anchor}");
}

#[test]
fn days_are_counted_by_the_local_date_without_the_day_of_the_anchor() {
    let london = office("Europe/London");
    let end = End::EndOfDay;
    check(&london, ("business_days", "1"), end, "2026-06-01T22:59:59Z", "2026-06-02T23:00:00Z");
    check(&london, ("business_days", "1"), end, "2026-06-01T23:00:00Z", "2026-06-03T23:00:00Z");
    check(&london, ("business_days", "1"), end, "2026-04-04T10:00:00Z", "2026-04-07T23:00:00Z");
    check(&london, ("business_days", "5"), end, "2026-04-01T10:00:00Z", "2026-04-10T23:00:00Z");
    check(&london, ("calendar_days", "1"), end, "2026-10-24T22:00:00Z", "2026-10-26T00:00:00Z");
    check(&london, ("weeks", "8"), end, "2026-03-01T12:00:00Z", "2026-04-26T23:00:00Z");
}

#[test]
fn months_clamp() {
    let utc = office("UTC");
    check(&utc, ("months", "1"), End::EndOfDay, "2026-01-31T10:00:00Z", "2026-03-01T00:00:00Z");
    check(&utc, ("months", "1"), End::EndOfDay, "2028-01-31T10:00:00Z", "2028-03-01T00:00:00Z");
    check(&utc, ("months", "3"), End::EndOfDay, "2026-11-30T10:00:00Z", "2027-03-01T00:00:00Z");
}

#[test]
fn close_of_business_is_when_work_ends_that_day() {
    let berlin = office("Europe/Berlin");
    let end = End::CloseOfBusiness;
    check(&berlin, ("business_days", "1"), end, "2026-06-01T10:00:00Z", "2026-06-02T15:00:00Z");
    check(&berlin, ("calendar_days", "1"), end, "2026-06-01T10:00:00Z", "2026-06-02T15:00:00Z");
    // Nobody works on Saturday: the end of the day.
    check(&berlin, ("calendar_days", "1"), end, "2026-06-05T10:00:00Z", "2026-06-06T22:00:00Z");
}

#[test]
fn elapsed_time_ignores_calendars_and_clock_changes() {
    let london = office("Europe/London");
    check(&london, ("elapsed", "PT24H"), End::EndOfDay, "2026-03-28T18:30:00Z", "2026-03-29T18:30:00Z");
    check(&london, ("elapsed", "P1D"), End::EndOfDay, "2026-10-24T18:30:00Z", "2026-10-25T18:30:00Z");
    check(&london, ("elapsed", "1500ms"), End::EndOfDay, "2026-10-24T18:30:00Z", "2026-10-24T18:30:01.5Z");
}

#[test]
fn a_due_time_that_fills_the_last_interval_is_its_closing_time() {
    let utc = office("UTC");
    check(&utc, ("business_time", "PT8H"), End::EndOfDay, "2026-06-01T07:00:00Z", "2026-06-01T17:00:00Z");
    check(&utc, ("business_time", "PT1H"), End::EndOfDay, "2026-06-05T16:00:00Z", "2026-06-05T17:00:00Z");
    check(&utc, ("business_time", "PT1S"), End::EndOfDay, "2026-06-05T17:00:00Z", "2026-06-08T09:00:01Z");
    let lunch = calendar("UTC", &WEEK[..5], &["13:30-18:00", "08:00-12:00"], &[]);
    check(&lunch, ("business_time", "PT30M"), End::EndOfDay, "2026-06-01T12:30:00Z", "2026-06-01T14:00:00Z");
    check(&lunch, ("business_time", "PT4H"), End::EndOfDay, "2026-06-01T06:00:00Z", "2026-06-01T12:00:00Z");
}

#[test]
fn working_time_starts_with_the_next_opening() {
    let utc = office("UTC");
    check(&utc, ("business_time", "PT4H"), End::EndOfDay, "2026-04-02T16:00:00Z", "2026-04-07T12:00:00Z");
    check(&utc, ("business_time", "PT4H"), End::EndOfDay, "2026-04-05T03:00:00Z", "2026-04-07T13:00:00Z");
    assert!(!utc.is_open_at(at("2026-04-03T10:00:00Z")));
    assert!(utc.is_open_at(at("2026-04-02T16:59:59Z")));
    assert!(!utc.is_open_at(at("2026-04-02T17:00:00Z")));
}

#[test]
fn a_shift_over_a_clock_change_is_as_long_as_it_was() {
    let around_the_clock = calendar("Europe/Berlin", &WEEK, &["00:00-24:00"], &[]);
    let spring = at("2026-03-28T23:00:00Z");
    let day = SignedDuration::from_hours(24);
    assert_eq!(working_time(&around_the_clock, spring, spring + day), day);
    let sunday = calendar("Europe/Berlin", &["sun"], &["00:00-24:00"], &[]);
    let worked = |from: &str, to: &str| working_time(&sunday, at(from), at(to)).as_hours();
    assert_eq!(worked("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"), 23);
    assert_eq!(worked("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"), 25);
}

#[test]
fn skipped_days_have_names() {
    let london = office("Europe/London");
    let skipped = london.closed_between(at("2026-04-01T10:00:00Z"), at("2026-04-10T22:59:59Z"));
    let dates: Vec<Date> = skipped.iter().map(|(date, _)| *date).collect();
    assert_eq!(dates, ["2026-04-03".parse().unwrap(), "2026-04-06".parse().unwrap()]);
    assert!(london.closed_between(at("2026-04-10T10:00:00Z"), at("2026-04-01T10:00:00Z")).is_empty());
    // The day it begins on is not skipped, the day it ends on is; a search of no days meets none.
    let dates = |from, to| {
        london
            .closed_between(at(from), at(to))
            .into_iter()
            .map(|(day, _)| day.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(dates("2026-12-24T10:00:00Z", "2026-12-25T10:00:00Z"), ["2026-12-25"]);
    assert!(dates("2026-12-25T10:00:00Z", "2026-12-26T10:00:00Z").is_empty());
    assert!(dates("2026-12-25T10:00:00Z", "2026-12-25T11:00:00Z").is_empty());
}

#[test]
fn a_part_of_a_second_belongs_to_the_day_it_lies_in_before_1970_too() {
    let calendar = calendar("UTC", &WEEK, &["00:00-24:00"], &["1969-12-31", "1970-01-01"]);
    let skipped = |from: &str, to: &str| calendar.closed_between(at(from), at(to)).len();
    assert_eq!(skipped("1969-12-30T10:00:00Z", "1969-12-31T23:59:59.5Z"), 1);
    assert_eq!(skipped("1969-12-30T10:00:00Z", "1970-01-01T00:00:00.5Z"), 2);
    assert_eq!(skipped("1969-12-31T23:59:59.5Z", "1970-01-01T00:00:00.5Z"), 1);
}

#[test]
fn the_end_of_time_is_no_reason_to_panic() {
    let london = office("Europe/London");
    for anchor in [Timestamp::MAX, Timestamp::MIN] {
        for (kind, value) in [
            ("elapsed", "PT1H"),
            ("business_time", "PT40H"),
            ("business_days", "20"),
            ("calendar_days", "1"),
            ("weeks", "1"),
            ("months", "240"),
        ] {
            let span = Span::parse(kind, value).unwrap();
            for end in [End::EndOfDay, End::CloseOfBusiness] {
                let due = due_at(&london, span, end, anchor);
                assert!(due >= anchor, "{kind} {value} {end:?} from {anchor} is {due}");
                assert_eq!(shares(&london, span, (anchor, due), &[50, 90]).len(), 2);
            }
        }
    }
}

/// What proptest does when nobody asks for a number.
const UNASKED: u32 = 256;

/// How many cases: so many, or what the environment says (a soak runs many more).
fn cases(usual: u32) -> ProptestConfig {
    let asked = ProptestConfig::default().cases;
    ProptestConfig::with_cases(if asked == UNASKED { usual } else { asked })
}

/// Every zone there is: clocks that change by half an hour, at midnight, one minute after it, not at all.
fn zone() -> impl Strategy<Value = String> {
    let all: Vec<String> =
        jiff::tz::TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect();
    prop::sample::select(all)
}

/// The open minutes of each day of a week: up to three intervals a day, on one day at least.
fn week() -> impl Strategy<Value = [Vec<(i16, i16)>; 7]> {
    let day = prop::collection::btree_set(0i16..=1440, 0..=6).prop_map(|cuts| {
        let cuts: Vec<i16> = cuts.into_iter().collect();
        cuts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
    });
    prop::array::uniform7(day).prop_filter("some day is open", |week| week.iter().any(|day| !day.is_empty()))
}

fn calendar_of(zone: &str, week: &[Vec<(i16, i16)>; 7], closed: &[String]) -> Calendar {
    let clock = |minute: i16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let intervals = |day: &[(i16, i16)]| {
        day.iter().map(|(from, to)| format!("{}-{}", clock(*from), clock(*to))).collect()
    };
    let settings = CalendarSettings {
        zone: zone.to_owned(),
        hours: WEEK.iter().zip(week).map(|(name, day)| ((*name).to_owned(), intervals(day))).collect(),
        closed: closed.iter().map(|day| (day.clone(), "a holiday".to_owned())).collect(),
        ..CalendarSettings::default()
    };
    Calendar::compile("calendars.test", &settings).unwrap()
}

/// A slow count, minute by minute: is this one worked, by the wall clock?
struct Judge {
    zone: TimeZone,
    closed: Vec<i64>,
    /// By day of the week and minute of the day.
    open: Vec<[bool; 1440]>,
}

impl Judge {
    fn new(zone: &TimeZone, week: &[Vec<(i16, i16)>; 7], closed: &[String]) -> Self {
        let epoch: Date = "1970-01-01".parse().unwrap();
        let day_of = |day: &String| i64::from((day.parse::<Date>().unwrap() - epoch).get_days());
        let minutes = |day: &Vec<(i16, i16)>| {
            let mut open = [false; 1440];
            for (from, to) in day {
                open[usize::try_from(*from).unwrap()..usize::try_from(*to).unwrap()].fill(true);
            }
            open
        };
        Self {
            zone: zone.clone(),
            closed: closed.iter().map(day_of).collect(),
            open: week.iter().map(minutes).collect(),
        }
    }

    /// When so many minutes were worked; none when that takes longer than seventy days.
    fn due(&self, anchor: Timestamp, minutes: i64) -> Option<Timestamp> {
        let mut left = minutes;
        let (mut offset, mut changes_at) = (0, i64::MIN);
        let start = anchor.as_second().div_euclid(60);
        for minute in start..start + 70 * 24 * 60 {
            if minute * 60 >= changes_at {
                let now = Timestamp::from_second(minute * 60).unwrap();
                offset = i64::from(self.zone.to_offset(now).seconds());
                let next = self.zone.following(now).next();
                changes_at = next.map_or(i64::MAX, |change| change.timestamp().as_second());
            }
            let wall = (minute * 60 + offset).div_euclid(60);
            let (day, of_day) = (wall.div_euclid(1440), usize::try_from(wall.rem_euclid(1440)).unwrap());
            let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap();
            left -= i64::from(self.open[weekday][of_day] && !self.closed.contains(&day));
            if left == 0 {
                return Some(Timestamp::from_second((minute + 1) * 60).unwrap());
            }
        }
        None
    }
}

/// A minute near a clock change of the zone, or anywhere in 1990 to 2037.
fn minutes_of(zone: &str, seed: i64, near: i64) -> Timestamp {
    let somewhere = Timestamp::from_second(631_152_000 + seed * 60).unwrap();
    let change = jiff::tz::TimeZoneDatabase::bundled().get(zone).unwrap();
    let change = change.following(somewhere).next().map(|change| change.timestamp());
    let start = change.map_or(somewhere, |change| change + SignedDuration::from_mins(near));
    Timestamp::from_second(start.as_second().div_euclid(60) * 60).unwrap()
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn business_time_agrees_with_a_count_of_minutes(
        zone in zone(),
        week in week(),
        closes in prop::collection::vec(0i64..45, 0..6),
        seed in 0i64..24_000_000,
        near in -40_000i64..1_500,
        minutes in 1i64..=30 * 24 * 60,
    ) {
        let anchor = minutes_of(&zone, seed, near);
        let today = anchor.to_zoned(TimeZone::UTC).date();
        let closed: Vec<String> =
            closes.iter().map(|days| today.saturating_add(jiff::Span::new().days(*days)).to_string()).collect();
        let calendar = calendar_of(&zone, &week, &closed);
        // A span that the week's hours use up within thirty days or so.
        let weekly: i64 = week.iter().flatten().map(|(from, to)| i64::from(to - from)).sum();
        let minutes = 1 + (minutes - 1) % (weekly * 30 / 7).max(1);
        let Some(expected) = Judge::new(calendar.zone(), &week, &closed).due(anchor, minutes) else { return Ok(()) };
        let span = Span::BusinessTime(SignedDuration::from_mins(minutes));
        let due = reach(&calendar, span, End::EndOfDay, anchor).unwrap();
        prop_assert_eq!(due, expected);
        prop_assert_eq!(working_time(&calendar, anchor, due), SignedDuration::from_mins(minutes));
        let half = shares(&calendar, span, (anchor, due), &[50])[0];
        prop_assert_eq!(working_time(&calendar, anchor, half) * 2, SignedDuration::from_mins(minutes));
    }

    #[test]
    fn business_days_agree_with_a_walk_over_dates(
        zone in zone(),
        days in prop::sample::subsequence(&WEEK[..], 1..=7),
        closes in prop::collection::vec(0i64..60, 0..10),
        seed in 0i64..24_000_000,
        near in -4_000i64..1_500,
        count in 1u32..40,
    ) {
        let anchor = minutes_of(&zone, seed, near);
        let today = anchor.to_zoned(TimeZone::UTC).date();
        let closed: Vec<String> =
            closes.iter().map(|days| today.saturating_add(jiff::Span::new().days(*days)).to_string()).collect();
        let closed: Vec<&str> = closed.iter().map(String::as_str).collect();
        let calendar = calendar(&zone, &days, &["09:00-17:00"], &closed);
        let mut date = anchor.to_zoned(calendar.zone().clone()).date();
        let mut left = count;
        while left > 0 {
            date = date.tomorrow().unwrap();
            let day = WEEK[usize::try_from(date.weekday().to_monday_zero_offset()).unwrap()];
            left -= u32::from(days.contains(&day) && !closed.contains(&&*date.to_string()));
        }
        let due = reach(&calendar, Span::BusinessDays(count), End::EndOfDay, anchor).unwrap();
        let midnight = date.tomorrow().unwrap().to_zoned(calendar.zone().clone()).unwrap().timestamp();
        prop_assert_eq!(due, midnight);
        let shares = shares(&calendar, Span::BusinessDays(count), (anchor, due), &[1, 50, 99]);
        prop_assert!(shares.is_sorted());
        prop_assert!(anchor <= shares[0] && shares[2] <= due);
    }
}

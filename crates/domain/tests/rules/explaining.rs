//! How a due time is explained: by a trace that adds up.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use redress_domain::calendar::Calendar;
use redress_domain::deadline::{End, Span, reach_pausing};
use redress_domain::explain::{DayOutcome, explain};
use redress_domain::pause::{Pause, Pauses};

use crate::stage::at;

fn london() -> Calendar {
    let settings = serde_json::json!({"zone": "Europe/London", "hours": {
        "mon": ["09:00-12:00", "13:00-17:00"], "tue": ["09:00-17:00"], "wed": ["09:00-17:00"],
        "thu": ["09:00-17:00"], "fri": ["09:00-17:00"]},
        "closed": {"2026-04-03": "Good Friday", "2026-04-06": "Easter Monday"}});
    Calendar::compile("calendars.london", &serde_json::from_value(settings).unwrap()).unwrap()
}

fn lines(kind: &str, value: &str, anchor: &str, pauses: &Pauses) -> String {
    let span = Span::parse(kind, value).unwrap();
    explain(&london(), (span, End::EndOfDay), at(anchor), pauses).unwrap().lines().join("\n")
}

#[test]
fn each_skipped_day_is_named() {
    insta::assert_snapshot!(lines("business_days", "5", "2026-03-27T18:30:00Z", Pauses::NONE));
}

#[test]
fn working_time_is_told_day_by_day() {
    let pauses = Pauses::of([Pause { from: at("2026-04-02T08:00:00Z"), to: at("2026-04-02T10:00:00Z") }]);
    insta::assert_snapshot!(lines("business_time", "PT10H", "2026-04-02T07:00:00Z", &pauses));
}

#[test]
fn days_that_ended_within_a_pause_are_told() {
    let pauses = Pauses::of([Pause { from: at("2026-03-31T08:00:00Z"), to: at("2026-04-01T10:00:00Z") }]);
    insta::assert_snapshot!(lines("calendar_days", "3", "2026-03-30T07:00:00Z", &pauses));
}

proptest! {
    #[test]
    fn the_trace_adds_up(
        start in 0i64..700_000,
        stretches in prop::collection::vec((0i64..30_000, 1i64..8_000), 0..4),
        kind in prop::sample::select(vec!["elapsed", "business_time", "business_days", "calendar_days", "weeks"]),
        amount in 1u32..30,
    ) {
        let anchor = at("2026-01-05T00:00:00Z") + SignedDuration::from_mins(start);
        let pauses = Pauses::of(stretches.iter().map(|(after, long)| {
            let from = anchor + SignedDuration::from_mins(*after - 2_000);
            Pause { from, to: from + SignedDuration::from_mins(*long) }
        }));
        let value = if kind.ends_with("time") || kind == "elapsed" { format!("PT{amount}H") } else { amount.to_string() };
        let span = Span::parse(kind, &value).unwrap();
        let found = explain(&london(), (span, End::EndOfDay), anchor, &pauses).unwrap();
        prop_assert_eq!(Some(found.due_at), reach_pausing(&london(), (span, End::EndOfDay), anchor, &pauses));
        let counted = found.days.iter().filter(|day| matches!(day.outcome, DayOutcome::Counts { .. })).count();
        let used: i64 = found.days.iter().map(|day| match day.outcome {
            DayOutcome::Used { seconds } => seconds,
            _ => 0,
        }).sum();
        match span {
            Span::BusinessDays(count) | Span::CalendarDays(count) => prop_assert_eq!(counted, count as usize),
            Span::Weeks(count) => prop_assert_eq!(counted, 7 * count as usize),
            Span::Elapsed(length) | Span::BusinessTime(length) => prop_assert_eq!(used, length.as_secs()),
            Span::Months(_) => {}
        }
        let last = found.days.last().unwrap().date;
        let ends: Timestamp = found.due_at - SignedDuration::from_nanos(1);
        prop_assert_eq!(last, ends.to_zoned(london().zone().clone()).date());
    }
}

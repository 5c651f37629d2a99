//! Quiet hours: messages to staff wait until they are over. Deadlines, rungs and what complainants are told do not. Pure.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use redress_runtime::settings::Problems;

use crate::settings::QuietHoursSettings;

/// When staff are not written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietHours {
    /// From then until then, perhaps over midnight.
    hours: Option<(Time, Time)>,
    days: Vec<Weekday>,
    zone: TimeZone,
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl QuietHours {
    /// Checks what is written.
    pub(crate) fn check(settings: &QuietHoursSettings, zone: &TimeZone, problems: &mut Problems) -> Self {
        let mut time = |key: &str, text: &str| {
            let read = Time::strptime("%H:%M", text);
            if read.is_err() {
                problems.note(
                    format!("notifier.quiet_hours.{key}"),
                    format!("{text:?} is no time of day, such as \"20:00\""),
                );
            }
            read.ok()
        };
        let hours = match (settings.begin.as_str(), settings.end.as_str()) {
            ("", "") => None,
            (from, to) => time("begin", from).zip(time("end", to)),
        };
        if hours.is_some_and(|(from, to)| from == to) {
            problems.note("notifier.quiet_hours.end", "is the time at which they begin");
        }
        let mut days = Vec::new();
        for text in &settings.days {
            if let Some((_, day)) = DAYS.iter().find(|(name, _)| name == text) {
                days.push(*day);
            } else {
                let known = DAYS.map(|(name, _)| name).join(", ");
                problems.note("notifier.quiet_hours.days", format!("{text:?} is none of {known}"));
            }
        }
        if DAYS.iter().all(|(_, day)| days.contains(day)) {
            problems.note("notifier.quiet_hours.days", "leaves no day on which staff could be told");
        }
        Self { hours, days, zone: zone.clone() }
    }

    /// When they are over that last now; none when there are none now.
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let mut at = now;
        // Two boundaries a day, and a week.
        for _ in 0..21 {
            if !self.is_quiet(at) {
                break;
            }
            at = self.boundary_after(at)?;
        }
        (at > now).then_some(at)
    }

    fn is_quiet(&self, at: Timestamp) -> bool {
        let local = at.to_zoned(self.zone.clone());
        let time = local.time();
        let in_hours = self.hours.is_some_and(|(from, to)| {
            if from < to { (from..to).contains(&time) } else { time >= from || time < to }
        });
        in_hours || self.days.contains(&local.weekday())
    }

    fn boundary_after(&self, at: Timestamp) -> Option<Timestamp> {
        let today = at.to_zoned(self.zone.clone()).date();
        let times = self.hours.iter().flat_map(|(from, to)| [*from, *to]).chain([Time::midnight()]);
        let boundaries = times.flat_map(|time| {
            [today, today.saturating_add(1.day())].map(|day| self.zone.to_timestamp(day.to_datetime(time)))
        });
        boundaries.filter_map(Result::ok).filter(|boundary| *boundary > at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(from: &str, to: &str, days: &[&str]) -> (QuietHours, Problems) {
        let days = days.iter().map(ToString::to_string).collect();
        let settings = QuietHoursSettings { begin: from.to_owned(), end: to.to_owned(), days };
        let mut problems = Problems::none();
        let vienna = TimeZone::get("Europe/Vienna").unwrap();
        (QuietHours::check(&settings, &vienna, &mut problems), problems)
    }

    fn until(quiet: &QuietHours, now: &str) -> String {
        let until = quiet.until(now.parse().unwrap());
        until.map_or_else(|| "now".to_owned(), |until| until.to_string())
    }

    #[test]
    fn nights_end_in_the_morning_and_a_weekend_on_monday() {
        let (quiet, problems) = checked("20:00", "07:00", &["sat", "sun"]);
        assert_eq!(problems, Problems::none());
        for (now, told) in [
            // A Tuesday in March; Vienna is an hour ahead.
            ("2026-03-03T12:00:00Z", "now"),
            ("2026-03-03T18:59:59Z", "now"),
            ("2026-03-03T19:00:00Z", "2026-03-04T06:00:00Z"),
            ("2026-03-04T05:59:59Z", "2026-03-04T06:00:00Z"),
            ("2026-03-04T06:00:00Z", "now"),
            ("2026-03-06T20:00:00Z", "2026-03-09T06:00:00Z"),
            ("2026-03-08T12:00:00Z", "2026-03-09T06:00:00Z"),
            // Clocks go forward in the night to 29 March.
            ("2026-03-28T12:00:00Z", "2026-03-30T05:00:00Z"),
        ] {
            assert_eq!(until(&quiet, now), told, "{now}");
        }
    }

    #[test]
    fn hours_within_a_day_and_none_at_all() {
        let (noon, _) = checked("12:00", "13:00", &[]);
        assert_eq!(until(&noon, "2026-03-03T11:30:00Z"), "2026-03-03T12:00:00Z");
        assert_eq!(until(&noon, "2026-03-03T12:00:00Z"), "now");
        let (none, problems) = checked("", "", &[]);
        assert_eq!((until(&none, "2026-03-03T03:00:00Z").as_str(), problems), ("now", Problems::none()));
    }

    #[test]
    fn what_cannot_be_kept_is_named() {
        let keys = |checked: (QuietHours, Problems)| {
            checked.1.0.into_iter().map(|problem| problem.key).collect::<Vec<_>>()
        };
        assert_eq!(
            keys(checked("8pm", "", &["sunday"])),
            ["notifier.quiet_hours.begin", "notifier.quiet_hours.end", "notifier.quiet_hours.days"]
        );
        assert_eq!(keys(checked("07:00", "07:00", &[])), ["notifier.quiet_hours.end"]);
        let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        assert_eq!(keys(checked("", "", &week)), ["notifier.quiet_hours.days"]);
    }
}

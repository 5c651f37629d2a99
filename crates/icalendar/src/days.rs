//! Closed days: each all-day event closes its days, whatever its transparency; it may recur (RRULE, RDATE, EXDATE,
//! RECURRENCE-ID). Events with a time of day and cancelled ones close nothing. Days are looked for from 2020 to 2040.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use icalendar::parser::Component;
use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use rrule::RRuleSet;

use crate::{CalendarError, RECURS, property, recurs, summary, value, with_events};

const OCCURRENCES_MAX: u16 = 2_000;
const DAYS_OF_EVENT_MAX: i64 = 366;
/// Of one file, each as often as an event closes it.
const DAYS_OF_FILE_MAX: usize = 100_000;
/// The years of which days are taken.
const YEARS: std::ops::RangeInclusive<i16> = 2020..=2040;

/// The closed days of an iCalendar text (`2026-12-25`), each with the summary of its event.
///
/// # Errors
/// When it is no iCalendar, or an event has no readable day or rule.
pub fn days(text: &str) -> Result<BTreeMap<String, String>, CalendarError> {
    with_events(text, |events, replaced| {
        let (mut days, mut count) = (BTreeMap::new(), 0);
        for event in events {
            let name = summary(event).unwrap_or_else(|| "closed".to_owned());
            for first in firsts(event).with_context(|| format!("event {name:?}"))? {
                let uid = value(event, "UID").unwrap_or_default().to_owned();
                let written = first.strftime("%Y%m%d").to_string();
                if value(event, "RECURRENCE-ID").is_none() && replaced.contains(&(uid, written)) {
                    continue;
                }
                for day in lasting(event, first)? {
                    count += 1;
                    if count > DAYS_OF_FILE_MAX {
                        bail!("closes more than {DAYS_OF_FILE_MAX} days");
                    }
                    days.entry(day.to_string()).or_insert_with(|| name.clone());
                }
            }
        }
        Ok(days)
    })
}

/// `20261225`, as all-day events write their days; none for times.
fn date(text: &str) -> Option<Date> {
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| Date::strptime("%Y%m%d", text).ok()).flatten()
}

/// The first day of each occurrence; nothing for events with a time of day.
fn firsts(event: &Component<'_>) -> anyhow::Result<Vec<Date>> {
    let start = value(event, "DTSTART").context("has no DTSTART")?;
    let Some(first) = date(start) else { return Ok(Vec::new()) };
    if !recurs(event)? {
        return Ok(vec![first].into_iter().filter(|day| YEARS.contains(&day.year())).collect());
    }
    let mut set = format!("DTSTART:{start}T000000Z");
    if property(event, "RRULE").is_none() {
        // Without a rule the start is an occurrence among those that are listed.
        let _ = write!(set, "\nRDATE:{start}T000000Z");
    }
    for property in event.properties.iter().filter(|property| RECURS.contains(&property.name.as_ref())) {
        let _ = write!(set, "\n{}:{}", property.name, at_midnight(property.val.as_ref()));
    }
    let set: RRuleSet = set.parse().context("recurs in a way that cannot be read")?;
    let bound = |year: i16| format!("{year}-01-01T00:00:00Z").parse::<chrono::DateTime<chrono::Utc>>();
    let (from, to) = (bound(*YEARS.start())?, bound(YEARS.end() + 1)?);
    let set = set.after(from.with_timezone(&rrule::Tz::UTC)).before(to.with_timezone(&rrule::Tz::UTC));
    let found = set.all(OCCURRENCES_MAX);
    if found.limited {
        bail!("recurs more than {OCCURRENCES_MAX} times from {} to {}", YEARS.start(), YEARS.end());
    }
    let dates = found.dates.iter().map(|at| at.format("%Y%m%d").to_string());
    Ok(dates.filter_map(|text| date(&text)).filter(|day| YEARS.contains(&day.year())).collect())
}

/// The dates in a rule as midnights, which is what the rules of a start with a time ask for.
fn at_midnight(rule: &str) -> String {
    let words = rule.split_inclusive([',', ';', '=']);
    words
        .map(|word| {
            let end = word.len() - usize::from(word.ends_with([',', ';', '=']));
            let (text, mark) = word.split_at(end);
            let midnight = text.strip_suffix("T000000").unwrap_or(text);
            if date(midnight).is_some() { format!("{midnight}T000000Z{mark}") } else { word.to_owned() }
        })
        .collect()
}

/// The days of one occurrence: until the day before DTEND, or for a DURATION in days or weeks.
fn lasting(event: &Component<'_>, first: Date) -> anyhow::Result<Vec<Date>> {
    let start = value(event, "DTSTART").and_then(date).unwrap_or(first);
    let days = match (value(event, "DTEND"), value(event, "DURATION")) {
        (Some(end), _) => {
            let end = date(end).with_context(|| format!("ends at {end:?}, which is no day"))?;
            i64::from(start.until(end)?.get_days())
        }
        (None, Some(duration)) => {
            let duration: Span = duration.parse().with_context(|| format!("lasts {duration:?}"))?;
            i64::from(duration.get_weeks()) * 7 + i64::from(duration.get_days())
        }
        (None, None) => 1,
    };
    let days = days.max(1);
    if days > DAYS_OF_EVENT_MAX {
        bail!("lasts {days} days; at most {DAYS_OF_EVENT_MAX} are taken");
    }
    Ok((0..days).filter_map(|day| first.checked_add(day.days()).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(events: &[&str]) -> String {
        let events: String =
            events.iter().flat_map(|event| ["BEGIN:VEVENT\r\n", event, "\r\nEND:VEVENT\r\n"]).collect();
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\n{events}END:VCALENDAR\r\n")
    }

    fn found(events: &[&str]) -> Vec<String> {
        days(&calendar(events)).unwrap().into_iter().map(|(day, name)| format!("{day} {name}")).collect()
    }

    #[test]
    fn an_all_day_event_closes_its_days_and_its_end_is_not_one_of_them() {
        let event =
            "UID:a\r\nSUMMARY:We move\\, at last\r\nDTSTART;VALUE=DATE:20260629\r\nDTEND;VALUE=DATE:20260701";
        assert_eq!(found(&[event]), ["2026-06-29 We move, at last", "2026-06-30 We move, at last"]);
        assert_eq!(found(&["UID:b\r\nDTSTART;VALUE=DATE:20260629"]), ["2026-06-29 closed"]);
        assert_eq!(found(&["UID:c\r\nDTSTART;VALUE=DATE:20260629\r\nDURATION:P1W"]).len(), 7);
    }

    #[test]
    fn times_of_day_and_cancelled_events_close_nothing() {
        let timed = "UID:a\r\nDTSTART:20260629T100000Z\r\nDTEND:20260629T110000Z";
        let cancelled = "UID:b\r\nSTATUS:CANCELLED\r\nDTSTART;VALUE=DATE:20260630";
        assert_eq!(found(&[timed, cancelled]), [] as [String; 0]);
    }

    #[test]
    fn events_recur_except_where_they_do_not() {
        let yearly = "UID:a\r\nSUMMARY:Founders' day\r\nDTSTART;VALUE=DATE:20120310\r\nRRULE:FREQ=YEARLY;UNTIL=20230310\r\n\
                      EXDATE;VALUE=DATE:20210310";
        let kept = ["2020-03-10 Founders' day", "2022-03-10 Founders' day", "2023-03-10 Founders' day"];
        assert_eq!(found(&[yearly]), kept);
        let endless = "UID:b\r\nDTSTART;VALUE=DATE:20120310\r\nRRULE:FREQ=YEARLY";
        assert_eq!(found(&[endless]).len(), 21);
        let moved =
            "UID:c\r\nSUMMARY:Moved\r\nRECURRENCE-ID;VALUE=DATE:20260302\r\nDTSTART;VALUE=DATE:20260303";
        let weekly = "UID:c\r\nSUMMARY:Stock\r\nDTSTART;VALUE=DATE:20260223\r\nRRULE:FREQ=WEEKLY;COUNT=2";
        assert_eq!(found(&[weekly, moved]), ["2026-02-23 Stock", "2026-03-03 Moved"]);
    }

    #[test]
    fn days_are_listed_with_and_without_a_rule() {
        let listed = "UID:a\r\nSUMMARY:L\r\nDTSTART;VALUE=DATE:20260310\r\nRDATE;VALUE=DATE:20260505";
        assert_eq!(found(&[listed]), ["2026-03-10 L", "2026-05-05 L"]);
        let except = "UID:b\r\nSUMMARY:E\r\nDTSTART;VALUE=DATE:20260310\r\nEXDATE;VALUE=DATE:20260311";
        assert_eq!(found(&[except]), ["2026-03-10 E"]);
        let until =
            "UID:c\r\nSUMMARY:U\r\nDTSTART;VALUE=DATE:20260310\r\nRRULE:FREQ=YEARLY;UNTIL=20270310T000000";
        assert_eq!(found(&[until]), ["2026-03-10 U", "2027-03-10 U"]);
        let marked = format!("\u{feff}{}", calendar(&[listed]));
        assert_eq!(days(&marked).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_calendar_says_so() {
        let told = |text: &str| days(text).unwrap_err().to_string();
        assert!(told("Subject: hello").contains("is no iCalendar"));
        assert!(told(&calendar(&["SUMMARY:x"])).contains("has no DTSTART"));
        let often = calendar(&["SUMMARY:x\r\nDTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=DAILY"]);
        assert!(told(&often).contains("recurs more than 2000 times"), "{}", told(&often));
        let rule = calendar(&["SUMMARY:x\r\nDTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=SOMETIMES"]);
        assert!(told(&rule).contains("recurs in a way that cannot be read"));
        let secondly = calendar(&["SUMMARY:x\r\nDTSTART;VALUE=DATE:19000101\r\nRRULE:FREQ=SECONDLY"]);
        assert!(told(&secondly).contains("recurs more often than whole days can"));
        let year = "DTSTART;VALUE=DATE:20200101\r\nDTEND;VALUE=DATE:20201231\r\nRRULE:FREQ=WEEKLY";
        assert!(told(&calendar(&[year])).contains("closes more than 100000 days"));
    }
}

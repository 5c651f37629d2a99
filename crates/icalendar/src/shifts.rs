//! Who is on duty when: each event is somebody's turn, from its start to its end; it may recur (RRULE, RDATE, EXDATE,
//! RECURRENCE-ID). Times are those of the event's zone (TZID, a name of the IANA database), else of the zone handed in;
//! whole days last from midnight to midnight. Cancelled events are nobody's turn.

use anyhow::{Context as _, bail};
use icalendar::parser::{Component, Property};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _};
use rrule::RRuleSet;

use crate::{CalendarError, RECURS, Replaced, property, recurs, summary, value, with_events};

const EVENTS_MAX: usize = 2_000;
/// Longest turn.
const DAYS_MAX: i64 = 366;
/// Occurrences of one event that may overlap.
const AT_ONCE_MAX: u16 = 400;

/// Turns of people. `Debug` names nobody.
#[derive(Clone)]
pub struct Roster {
    turns: Vec<Turn>,
}

/// One event.
#[derive(Clone)]
struct Turn {
    who: String,
    zone: TimeZone,
    first: DateTime,
    lasts: Span,
    recurs: Option<RRuleSet>,
    /// Occurrences that other events stand in place of.
    without: Vec<Timestamp>,
}

impl Roster {
    /// Reads the turns of an iCalendar text. Whose it is says the first ATTENDEE (an address, without `mailto:`), else the
    /// SUMMARY.
    ///
    /// # Errors
    /// When it is no iCalendar, or an event says not when, how long or whose turn it is.
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, CalendarError> {
        with_events(text, |events, replaced| {
            if events.len() > EVENTS_MAX {
                bail!("holds {} events; at most {EVENTS_MAX} are read", events.len());
            }
            let turns = events.iter().map(|event| {
                let name = summary(event).unwrap_or_default();
                turn(event, zone, replaced).with_context(|| format!("event {name:?}"))
            });
            Ok(Self { turns: turns.collect::<anyhow::Result<_>>()? })
        })
    }

    /// Whose turn it is at this time: of several, whose began last.
    pub fn on_duty(&self, at: Timestamp) -> Option<&str> {
        let running = self.turns.iter().filter_map(|turn| Some((turn.began(at)?, turn)));
        running.max_by_key(|(began, _)| *began).map(|(_, turn)| turn.who.as_str())
    }

    /// Everybody who ever has a turn.
    pub fn people(&self) -> impl Iterator<Item = &str> {
        self.turns.iter().map(|turn| turn.who.as_str())
    }
}

impl std::fmt::Debug for Roster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Roster({} events)", self.turns.len())
    }
}

impl Turn {
    /// When the occurrence began that runs at this time.
    fn began(&self, at: Timestamp) -> Option<Timestamp> {
        let runs = |start: &Timestamp| {
            let end = start.to_zoned(self.zone.clone()).checked_add(self.lasts);
            *start <= at && end.is_ok_and(|end| at < end.timestamp()) && !self.without.contains(start)
        };
        self.starts(at).into_iter().filter(runs).max()
    }

    /// Occurrences that could still run at this time.
    fn starts(&self, at: Timestamp) -> Vec<Timestamp> {
        let Some(set) = &self.recurs else {
            return self.zone.to_timestamp(self.first).into_iter().collect();
        };
        let moment = |at: Timestamp| {
            chrono::DateTime::from_timestamp(at.as_second(), 0).map(|at| at.with_timezone(&rrule::Tz::UTC))
        };
        let (day, hour) = (24.hours(), 1.hour());
        let longest =
            at.to_zoned(TimeZone::UTC).checked_sub(self.lasts).and_then(|from| from.checked_sub(day));
        let (Ok(from), Ok(to)) = (longest, at.checked_add(hour)) else { return Vec::new() };
        let (Some(from), Some(to)) = (moment(from.timestamp()), moment(to)) else { return Vec::new() };
        let found = set.clone().after(from).before(to).all(AT_ONCE_MAX);
        found.dates.iter().filter_map(|start| Timestamp::from_second(start.timestamp()).ok()).collect()
    }
}

fn turn(event: &Component<'_>, usual: &TimeZone, replaced: &Replaced) -> anyhow::Result<Turn> {
    let start = property(event, "DTSTART").context("has no DTSTART")?;
    let zone = zone(start, usual)?;
    let first = local(start, &zone).context("DTSTART")?;
    let who = who(event).context("names nobody: give it an ATTENDEE or a SUMMARY")?;
    let lasts = lasts(event, start, (first, &zone))?;
    let recurs = recurs(event)?.then(|| rules(event, first, &zone)).transpose()?;
    let uid = value(event, "UID").unwrap_or_default().to_owned();
    let mut without = Vec::new();
    if property(event, "RECURRENCE-ID").is_none() {
        for (_, at) in replaced.iter().filter(|(of, _)| *of == uid) {
            without.extend(moment(at, first, &zone).map(|at| zone.to_timestamp(at)).transpose()?);
        }
    }
    Ok(Turn { who, zone, first, lasts, recurs, without })
}

/// An address, or a name as the settings know it.
fn who(event: &Component<'_>) -> Option<String> {
    let attendee = value(event, "ATTENDEE").map(str::trim).and_then(|uri| {
        let (scheme, address) = uri.split_once(':')?;
        scheme.eq_ignore_ascii_case("mailto").then(|| address.to_owned())
    });
    let who = attendee.or_else(|| summary(event))?;
    let who = who.trim();
    (!who.is_empty()).then(|| who.to_owned())
}

/// The zone of a time: UTC, the one it names, or the usual one.
fn zone(of: &Property<'_>, usual: &TimeZone) -> anyhow::Result<TimeZone> {
    if of.val.as_ref().ends_with('Z') {
        return Ok(TimeZone::UTC);
    }
    let Some(named) = of.params.iter().find(|parameter| parameter.key == "TZID") else {
        return Ok(usual.clone());
    };
    let name = named.val.as_ref().map(AsRef::as_ref).unwrap_or_default();
    TimeZone::get(name).with_context(|| format!("{name:?} is no time zone such as Europe/Berlin"))
}

/// A time in this zone.
fn local(of: &Property<'_>, zone: &TimeZone) -> anyhow::Result<DateTime> {
    let text = of.val.as_ref();
    moment(text, DateTime::default(), zone).with_context(|| format!("{text:?} is no time"))
}

/// `20260302`, `20260302T090000` or `20260302T090000Z`, in this zone. A day alone begins at the time of the first.
fn moment(text: &str, first: DateTime, zone: &TimeZone) -> Option<DateTime> {
    if let Some(utc) = text.strip_suffix('Z') {
        let at = DateTime::strptime("%Y%m%dT%H%M%S", utc).ok()?;
        return Some(at.to_zoned(TimeZone::UTC).ok()?.with_time_zone(zone.clone()).datetime());
    }
    if text.len() == 8 {
        let day = jiff::civil::Date::strptime("%Y%m%d", text).ok()?;
        return Some(day.to_datetime(first.time()));
    }
    DateTime::strptime("%Y%m%dT%H%M%S", text).ok()
}

/// How long a turn is, by the wall clock of its zone.
fn lasts(
    event: &Component<'_>,
    start: &Property<'_>,
    (first, zone): (DateTime, &TimeZone),
) -> anyhow::Result<Span> {
    let span = match (property(event, "DTEND"), value(event, "DURATION")) {
        (Some(end), _) => {
            let own = self::zone(end, zone)?;
            let end = local(end, &own).context("DTEND")?.to_zoned(own)?.with_time_zone(zone.clone());
            first.until((jiff::Unit::Day, end.datetime()))?
        }
        (None, Some(text)) => text.parse().with_context(|| format!("lasts {text:?}"))?,
        (None, None) if start.val.as_ref().len() == 8 => 1.day(),
        (None, None) => bail!("has neither DTEND nor DURATION"),
    };
    let end = first.checked_add(span).context("lasts too long")?;
    let days = first.until((jiff::Unit::Day, end))?.get_days();
    if end <= first {
        bail!("ends before it begins");
    }
    if i64::from(days) > DAYS_MAX {
        bail!("lasts {days} days; at most {DAYS_MAX} are taken");
    }
    Ok(span)
}

/// How it recurs. The crate that knows wants the end of a rule in UTC, and every time like the first.
fn rules(event: &Component<'_>, first: DateTime, zone: &TimeZone) -> anyhow::Result<RRuleSet> {
    let name = zone.iana_name().unwrap_or("UTC");
    let written = |at: DateTime| at.strftime("%Y%m%dT%H%M%S").to_string();
    let utc = |at: DateTime| {
        let at = at.to_zoned(zone.clone())?.with_time_zone(TimeZone::UTC).datetime();
        anyhow::Ok(format!("{}Z", written(at)))
    };
    let mut lines = vec![format!("DTSTART;TZID={name}:{}", written(first))];
    if property(event, "RRULE").is_none() {
        // Without a rule the start is an occurrence among those that are listed.
        lines.push(format!("RDATE;TZID={name}:{}", written(first)));
    }
    for property in event.properties.iter().filter(|property| RECURS.contains(&property.name.as_ref())) {
        let text = property.val.as_ref();
        if property.name == "RRULE" {
            let words = text.split(';').map(|word| match word.split_once('=') {
                Some(("UNTIL", until)) => {
                    let last = if until.len() == 8 { format!("{until}T235959") } else { until.to_owned() };
                    let last = moment(&last, first, zone).with_context(|| format!("{until:?} is no time"))?;
                    Ok(format!("UNTIL={}", utc(last)?))
                }
                _ => Ok(word.to_owned()),
            });
            lines.push(format!("RRULE:{}", words.collect::<anyhow::Result<Vec<_>>>()?.join(";")));
            continue;
        }
        let own = self::zone(property, zone)?;
        for text in text.split(',') {
            let at = moment(text, first, &own).with_context(|| format!("{text:?} is no time"))?;
            let at = if text.len() == 8 {
                at
            } else {
                at.to_zoned(own.clone())?.with_time_zone(zone.clone()).datetime()
            };
            lines.push(format!("{};TZID={name}:{}", property.name, written(at)));
        }
    }
    lines.join("\n").parse().context("recurs in a way that cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(events: &[&str]) -> Result<Roster, CalendarError> {
        let events: String =
            events.iter().flat_map(|event| ["BEGIN:VEVENT\r\n", event, "\r\nEND:VEVENT\r\n"]).collect();
        let text =
            format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\n{events}END:VCALENDAR\r\n");
        Roster::parse(&text, &TimeZone::get("Europe/Vienna").unwrap())
    }

    fn at(roster: &Roster, text: &str) -> String {
        roster.on_duty(text.parse().unwrap()).unwrap_or("nobody").to_owned()
    }

    #[test]
    fn a_turn_lasts_from_its_start_until_just_before_its_end() {
        let event = "UID:a\r\nSUMMARY:Duty\r\nATTENDEE;CN=Ina:MAILTO:ina@example.org\r\nDTSTART:20260302T080000Z\r\nDTEND:20260302T160000Z";
        let roster = roster(&[event]).unwrap();
        assert_eq!(at(&roster, "2026-03-02T07:59:59Z"), "nobody");
        assert_eq!(at(&roster, "2026-03-02T08:00:00Z"), "ina@example.org");
        assert_eq!(at(&roster, "2026-03-02T16:00:00Z"), "nobody");
    }

    #[test]
    fn two_take_turns_by_the_week_through_a_clock_change() {
        let ina = "UID:a\r\nSUMMARY:ina\r\nDTSTART;TZID=Europe/Vienna:20260302T090000\r\nDURATION:P7D\r\nRRULE:FREQ=WEEKLY;INTERVAL=2";
        let max = "UID:b\r\nSUMMARY:max\r\nDTSTART;TZID=Europe/Vienna:20260309T090000\r\nDURATION:P7D\r\nRRULE:FREQ=WEEKLY;INTERVAL=2";
        let roster = roster(&[ina, max]).unwrap();
        // Clocks go forward on 29 March: nine o'clock is seven and no more eight in UTC.
        assert_eq!(at(&roster, "2026-03-29T23:00:00Z"), "max");
        assert_eq!(at(&roster, "2026-03-30T06:59:59Z"), "max");
        assert_eq!(at(&roster, "2026-03-30T07:00:00Z"), "ina");
        assert_eq!(at(&roster, "2031-06-30T12:00:00Z"), "ina");
    }

    #[test]
    fn whole_days_exceptions_ends_and_swaps() {
        let weekend = "UID:a\r\nSUMMARY:ina\r\nDTSTART;VALUE=DATE:20260307\r\nDTEND;VALUE=DATE:20260309\r\n\
                       RRULE:FREQ=WEEKLY;UNTIL=20260331\r\nEXDATE;VALUE=DATE:20260314";
        let swapped = "UID:a\r\nSUMMARY:max\r\nRECURRENCE-ID;VALUE=DATE:20260321\r\nDTSTART;VALUE=DATE:20260321\r\nDTEND;VALUE=DATE:20260323";
        let roster = roster(&[weekend, swapped]).unwrap();
        for (time, who) in [
            ("2026-03-06T22:59:59Z", "nobody"),
            ("2026-03-06T23:00:00Z", "ina"),
            ("2026-03-08T22:59:59Z", "ina"),
            ("2026-03-14T12:00:00Z", "nobody"),
            ("2026-03-21T12:00:00Z", "max"),
            ("2026-03-28T12:00:00Z", "ina"),
            ("2026-04-04T12:00:00Z", "nobody"),
        ] {
            assert_eq!(at(&roster, time), who, "{time}");
        }
    }

    #[test]
    fn of_several_it_is_whose_turn_began_last() {
        let week = "UID:a\r\nSUMMARY:ina\r\nDTSTART:20260302T080000Z\r\nDURATION:P7D";
        let day = "UID:b\r\nSUMMARY:max\r\nDTSTART:20260304T080000Z\r\nDURATION:PT24H";
        let roster = roster(&[day, week]).unwrap();
        assert_eq!(at(&roster, "2026-03-04T09:00:00Z"), "max");
        assert_eq!(at(&roster, "2026-03-05T09:00:00Z"), "ina");
        assert_eq!(roster.people().collect::<Vec<_>>(), ["max", "ina"]);
    }

    #[test]
    fn what_cannot_be_kept_says_why() {
        let told = |event: &str| roster(&[event]).unwrap_err().to_string();
        assert!(told("SUMMARY:ina\r\nDTEND:20260302T160000Z").contains("has no DTSTART"));
        assert!(told("SUMMARY:ina\r\nDTSTART:20260302T160000Z").contains("neither DTEND nor DURATION"));
        assert!(told("DTSTART:20260302T160000Z\r\nDURATION:PT1H").contains("names nobody"));
        let backwards = "SUMMARY:ina\r\nDTSTART:20260302T160000Z\r\nDTEND:20260302T150000Z";
        assert!(told(backwards).contains("ends before it begins"));
        let elsewhere =
            "SUMMARY:ina\r\nDTSTART;TZID=W. Europe Standard Time:20260302T160000\r\nDURATION:PT1H";
        assert!(told(elsewhere).contains("is no time zone"), "{}", told(elsewhere));
        let often = "SUMMARY:ina\r\nDTSTART:20260302T160000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=SECONDLY";
        assert!(told(often).contains("recurs more often"));
        assert!(Roster::parse("hello", &TimeZone::UTC).is_err());
    }
}

//! Times as telephone systems write them: seconds since 1970 (or milli- or microseconds), RFC 3339, RFC 2822, and local
//! times, which mean nothing without a zone.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A time that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// The instant.
    pub at: Timestamp,
    /// True when the local time was there twice, in the hour that a clock change repeats; `at` is the first of the two.
    pub is_ambiguous: bool,
}

/// Local times without seconds or zone, as they are met.
const LOCAL: [&str; 7] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
];

/// With an offset that neither RFC 3339 nor RFC 2822 writes so.
const WITH_OFFSET: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f %z"];

/// Reads a time; `format` (strftime) stands in place of the forms that are known. `Ok(None)` where nothing was written: an
/// empty text, or the zero that stands for "never".
///
/// # Errors
/// What is wrong with it.
pub fn read(text: &str, zone: Option<&TimeZone>, format: Option<&str>) -> Result<Option<Time>, String> {
    let text = text.trim();
    if text.is_empty() || text.bytes().all(|byte| byte == b'0') {
        return Ok(None);
    }
    if let Some(at) = since_1970(text) {
        return Ok(Some(Time { at, is_ambiguous: false }));
    }
    if let Some(format) = format {
        if let Ok(at) = Timestamp::strptime(format, text) {
            return Ok(Some(Time { at, is_ambiguous: false }));
        }
        let local =
            DateTime::strptime(format, text).map_err(|_| format!("is no time of the form {format}"))?;
        return in_zone(local, zone).map(Some);
    }
    let written = text.parse::<Timestamp>().ok();
    let written = written.or_else(|| jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp()));
    let with_offset = || WITH_OFFSET.iter().find_map(|form| Timestamp::strptime(form, text).ok());
    if let Some(at) = written.or_else(with_offset) {
        return Ok(Some(Time { at, is_ambiguous: false }));
    }
    match LOCAL.iter().find_map(|form| DateTime::strptime(form, text).ok()) {
        Some(local) => in_zone(local, zone).map(Some),
        None => Err("is no time".to_owned()),
    }
}

/// Seconds (10 digits), milliseconds (13) or microseconds (16), perhaps with a fraction.
fn since_1970(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    match whole.len() {
        9..=11 => Timestamp::from_second(number).ok(),
        12..=14 => Timestamp::from_millisecond(number).ok(),
        15..=17 => Timestamp::from_microsecond(number).ok(),
        _ => None,
    }
}

/// In the hour that a change of clocks leaves out, a time is as far behind the change as it says (RFC 5545 §3.3.5).
fn in_zone(local: DateTime, zone: Option<&TimeZone>) -> Result<Time, String> {
    let zone = zone.ok_or("is a local time, and no zone is set")?;
    let known = zone.to_ambiguous_timestamp(local);
    let is_ambiguous = matches!(known.offset(), AmbiguousOffset::Fold { .. });
    let at = known.compatible().map_err(|_| "lies outside what can be told")?;
    Ok(Time { at, is_ambiguous })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, zone: &str, expected: &str, is_ambiguous: bool) {
        let zone = TimeZone::get(zone).unwrap();
        let read = read(text, Some(&zone), None).unwrap().unwrap();
        assert_eq!((read.at.to_string().as_str(), read.is_ambiguous), (expected, is_ambiguous), "{text}");
    }

    #[test]
    fn each_form_is_read() {
        for text in [
            "1699286234",
            "1699286234.123",
            "1699286234000",
            "1699286234000000",
            "2023-11-06T15:57:14Z",
            "2023-11-06T16:57:14.000+0100",
            "Mon, 06 Nov 2023 15:57:14 +0000",
            "2023-11-06 16:57:14",
            "2023/11/06 16:57:14",
            "06.11.2023 16:57:14",
        ] {
            check(text, "Europe/Berlin", "2023-11-06T15:57:14Z", false);
        }
        check("2020/2/10 22:41", "Europe/Berlin", "2020-02-10T21:41:00Z", false);
    }

    #[test]
    fn nothing_written_is_no_time_and_nonsense_is_told() {
        for text in ["", " ", "0"] {
            assert_eq!(read(text, None, None), Ok(None));
        }
        assert_eq!(read("soon", None, None), Err("is no time".to_owned()));
        assert!(read("2023-11-06 16:57:14", None, None).unwrap_err().contains("no zone"));
        assert!(read("6 Nov", None, Some("%Y")).is_err());
    }

    /// The hour that is there twice, an hour before, an hour behind; half an hour only at Lord Howe.
    #[test]
    fn a_change_of_clocks_is_marked_where_it_is_not_certain() {
        for (zone, text, expected, is_ambiguous) in [
            ("America/New_York", "2026-11-01 00:59:59", "2026-11-01T04:59:59Z", false),
            ("America/New_York", "2026-11-01 01:30:00", "2026-11-01T05:30:00Z", true),
            ("America/New_York", "2026-11-01 02:00:00", "2026-11-01T07:00:00Z", false),
            ("America/New_York", "2026-03-08 02:30:00", "2026-03-08T07:30:00Z", false),
            ("Europe/Berlin", "2026-10-25 01:59:59", "2026-10-24T23:59:59Z", false),
            ("Europe/Berlin", "2026-10-25 02:00:00", "2026-10-25T00:00:00Z", true),
            ("Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z", false),
            ("Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29T01:30:00Z", false),
            ("Australia/Lord_Howe", "2026-04-05 01:29:59", "2026-04-04T14:29:59Z", false),
            ("Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04T14:45:00Z", true),
            ("Australia/Lord_Howe", "2026-04-05 02:00:00", "2026-04-04T15:30:00Z", false),
            ("Australia/Lord_Howe", "2026-10-04 02:15:00", "2026-10-03T15:45:00Z", false),
        ] {
            check(text, zone, expected, is_ambiguous);
        }
    }
}

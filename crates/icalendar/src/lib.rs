//! iCalendar files (RFC 5545), read for what a house needs of them: days on which nobody works, and who is on duty when.
//!
//! In: the text of a file. Out: [`days`](mod@days), [`shifts`]. No clock; files are read by [`read`] alone.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use icalendar::parser::{Component, Property, read_calendar, unfold};

pub mod days;
pub mod shifts;

pub use days::days;
pub use shifts::Roster;

const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
const NAME_CHARS_MAX: usize = 80;
/// How often nothing recurs that people keep; counting so from long ago would take for ever.
const TOO_OFTEN: [&str; 3] = ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY"];
/// What makes an event recur.
const RECURS: [&str; 3] = ["RRULE", "RDATE", "EXDATE"];

/// A file or text that is no calendar, or that says something nobody can read: which event, and what.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CalendarError(String);

impl CalendarError {
    /// The same, of this file.
    #[must_use]
    pub fn of(file: &Path, problem: &Self) -> Self {
        Self(format!("`{}`: {problem}", file.display()))
    }
}

impl From<anyhow::Error> for CalendarError {
    fn from(error: anyhow::Error) -> Self {
        Self(format!("{error:#}"))
    }
}

/// The text of a file.
///
/// # Errors
/// When it cannot be read, is larger than 4 MiB, or is no text.
pub fn read(file: &Path) -> Result<String, CalendarError> {
    let about = || format!("`{}`", file.display());
    let read = || {
        let size = std::fs::metadata(file)?.len();
        if size > FILE_BYTES_MAX {
            bail!("holds {size} bytes; at most {FILE_BYTES_MAX} are read");
        }
        Ok(std::fs::read_to_string(file)?)
    };
    Ok(read().with_context(about)?)
}

/// Hands each event that was not cancelled on, with the calendar that holds it taken apart.
fn with_events<T>(
    text: &str,
    take: impl FnOnce(&[&Component<'_>], &Replaced) -> anyhow::Result<T>,
) -> Result<T, CalendarError> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with("BEGIN:VCALENDAR") {
        return Err(anyhow!("is no iCalendar: it does not begin with BEGIN:VCALENDAR").into());
    }
    let unfolded = unfold(text);
    let calendar = read_calendar(&unfolded).map_err(|e| anyhow!("is no iCalendar: {e}"))?;
    let events: Vec<_> = calendar.components.iter().filter(|component| component.name == "VEVENT").collect();
    let replaced = events.iter().filter_map(|event| {
        let at = value(event, "RECURRENCE-ID")?;
        Some((value(event, "UID").unwrap_or_default().to_owned(), at.to_owned()))
    });
    let replaced = replaced.collect();
    let kept: Vec<_> =
        events.into_iter().filter(|event| value(event, "STATUS") != Some("CANCELLED")).collect();
    Ok(take(&kept, &replaced)?)
}

/// Occurrences that another event stands in place of: the UID, and RECURRENCE-ID as written.
type Replaced = BTreeSet<(String, String)>;

fn property<'e>(event: &'e Component<'_>, name: &str) -> Option<&'e Property<'e>> {
    event.properties.iter().find(|property| property.name == name)
}

fn value<'e>(event: &'e Component<'_>, name: &str) -> Option<&'e str> {
    property(event, name).map(|property| property.val.as_ref())
}

/// The summary as people read it.
fn summary(event: &Component<'_>) -> Option<String> {
    let plain = value(event, "SUMMARY")?;
    let plain = plain.replace("\\,", ",").replace("\\;", ";").replace("\\n", " ").replace("\\\\", "\\");
    Some(plain.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect())
}

fn recurs(event: &Component<'_>) -> anyhow::Result<bool> {
    if let Some(rule) =
        value(event, "RRULE").filter(|rule| TOO_OFTEN.iter().any(|often| rule.contains(often)))
    {
        bail!("recurs more often than whole days can: {rule:?}");
    }
    Ok(event.properties.iter().any(|property| RECURS.contains(&property.name.as_ref())))
}

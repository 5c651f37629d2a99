//! Who is on duty, from an iCalendar file that people change: it is read anew when it did. One that cannot be read any
//! more leaves the turns as they were, and says so.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use redress_icalendar::{CalendarError, Roster, read};

/// A file of turns. Clones share what was read.
#[derive(Debug, Clone)]
pub struct RosterFile {
    file: PathBuf,
    zone: TimeZone,
    read: Arc<Mutex<Read>>,
}

#[derive(Debug)]
struct Read {
    /// When the file was changed last, and how long it was.
    seen: Option<(SystemTime, u64)>,
    roster: Roster,
}

impl RosterFile {
    /// Reads the file; times without a zone are of this one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn open(file: &Path, zone: &TimeZone) -> Result<Self, CalendarError> {
        let seen = changed(file);
        let roster = parse(file, zone)?;
        let read = Arc::new(Mutex::new(Read { seen, roster }));
        Ok(Self { file: file.to_owned(), zone: zone.clone(), read })
    }

    /// Whose turn it is: an address or the name of a handler, as the file says.
    pub fn on_duty(&self, at: Timestamp) -> Option<String> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = changed(&self.file);
        if seen != read.seen {
            // Said once for each change.
            read.seen = seen;
            match parse(&self.file, &self.zone) {
                Ok(roster) => read.roster = roster,
                Err(problem) => {
                    tracing::error!("Cannot read the roster, whose turns stay as they were: {problem}");
                }
            }
        }
        read.roster.on_duty(at).map(str::to_owned)
    }

    /// Everybody who ever has a turn.
    pub(crate) fn people(&self) -> Vec<String> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.roster.people().map(str::to_owned).collect()
    }
}

fn parse(file: &Path, zone: &TimeZone) -> Result<Roster, CalendarError> {
    Roster::parse(&read(file)?, zone).map_err(|problem| CalendarError::of(file, &problem))
}

fn changed(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

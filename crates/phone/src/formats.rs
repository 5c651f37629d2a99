//! The files of telephone systems: rows that are appended, and files that hold one thing each. Pure: text in, an entry or a
//! fault out.

mod asterisk;
mod captions;
mod freeswitch;
mod json;
mod queue_log;
mod table;

use serde::{Deserialize, Serialize};

use crate::entry::{Entry, Fault};
use crate::map::{Names, Reading};

pub use json::Json;

/// What the files of a folder are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Asterisk `Master.csv` (`cdr_csv`, `cdr_custom` with `columns`), without a header.
    AsteriskCsv,
    /// Asterisk events of ARI, a JSON object a line.
    AsteriskAri,
    /// Asterisk `queue_log`.
    QueueLog,
    /// FreeSWITCH `mod_cdr_csv`, without a header.
    FreeswitchCsv,
    /// FreeSWITCH `mod_json_cdr`: `*.cdr.json`, a file for each leg.
    FreeswitchJson,
    /// FreeSWITCH events as text, a file for each.
    FreeswitchEvent,
    /// Any CSV, with a header or with `columns`; `fields` says which column holds what.
    Table,
    /// A JSON object a line; `fields` says where (RFC 6901, `/a/b`) what lies.
    JsonLines,
    /// What was said: WebVTT, SRT, plain text or JSON, in a file named by the id of the call.
    Transcript,
    /// Recordings (`.wav`, `.mp3`, `.ogg`, `.opus`, `.m4a`, `.gsm`), each in a file named by the id of the call.
    Recording,
}

/// How the files of an account are read.
#[derive(Debug, Clone)]
pub struct Parser {
    /// What they are.
    pub format: Format,
    /// Which names hold what, and how values are read.
    pub reading: Reading,
    /// Names of the columns, where the file has no header.
    pub columns: Vec<String>,
    /// What stands between columns.
    pub delimiter: u8,
}

impl Format {
    /// Its name in the settings.
    pub fn word(self) -> String {
        serde_json::to_value(self).ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
    }

    /// True when each file holds one thing, and is read once it is complete.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::FreeswitchJson | Self::FreeswitchEvent | Self::Transcript | Self::Recording)
    }

    /// True when its times are local and mean nothing without a zone.
    pub fn needs_zone(self) -> bool {
        matches!(self, Self::AsteriskCsv | Self::FreeswitchCsv)
    }

    /// True when a row may hold line ends inside quotes.
    pub fn is_csv(self) -> bool {
        matches!(self, Self::AsteriskCsv | Self::FreeswitchCsv | Self::Table)
    }

    /// Which names hold what, before the settings change it.
    pub fn names(self) -> Names {
        match self {
            Self::AsteriskCsv => Names::of(&asterisk::CSV_NAMES),
            Self::AsteriskAri => Names::of(&asterisk::ARI_NAMES),
            Self::FreeswitchCsv => Names::of(&freeswitch::CSV_NAMES),
            Self::FreeswitchJson => Names::of(&freeswitch::JSON_NAMES),
            Self::FreeswitchEvent => Names::of(&freeswitch::EVENT_NAMES),
            Self::QueueLog | Self::Table | Self::JsonLines | Self::Transcript | Self::Recording => {
                Names::default()
            }
        }
    }

    /// The columns of a file without a header, before the settings change them.
    pub fn columns(self) -> Vec<String> {
        let columns: &[&str] = match self {
            Self::AsteriskCsv => &asterisk::COLUMNS,
            Self::FreeswitchCsv => &freeswitch::COLUMNS,
            _ => &[],
        };
        columns.iter().map(|&column| column.to_owned()).collect()
    }
}

impl Parser {
    /// A parser as the format says, for tables that are separated by commas.
    pub fn of(format: Format) -> Self {
        let reading = Reading { names: format.names(), ..Reading::default() };
        Self { format, reading, columns: format.columns(), delimiter: b',' }
    }

    /// True when the first row names the columns.
    pub fn has_header(&self) -> bool {
        self.format == Format::Table && self.columns.is_empty()
    }

    /// The columns that a header names.
    ///
    /// # Errors
    /// When it is no row of a table.
    pub fn header(&self, row: &str) -> Result<Vec<String>, Fault> {
        table::cells(row, self.delimiter)
    }

    /// Reads one row; `columns` are those of the header, where there is one.
    ///
    /// # Errors
    /// [`Fault`] says what is wrong with it.
    pub fn row(&self, row: &str, columns: &[String]) -> Result<Entry, Fault> {
        match self.format {
            Format::AsteriskCsv => asterisk::csv(self, row),
            Format::QueueLog => queue_log::row(row),
            Format::Table if self.columns.is_empty() => table::row(self, row, columns),
            Format::Table | Format::FreeswitchCsv => table::row(self, row, &self.columns),
            Format::AsteriskAri => asterisk::ari(self, row),
            Format::JsonLines => json::read(&self.reading, row.as_bytes()),
            Format::FreeswitchJson | Format::FreeswitchEvent | Format::Transcript | Format::Recording => {
                Err(Fault::new("this format has no rows"))
            }
        }
    }

    /// Reads a file that holds one thing; `name` is the file's.
    ///
    /// # Errors
    /// [`Fault`] says what is wrong with it.
    pub fn whole(&self, name: &str, text: &str) -> Result<Entry, Fault> {
        match self.format {
            Format::FreeswitchJson => freeswitch::json(&self.reading, text.as_bytes()),
            Format::FreeswitchEvent => freeswitch::event(&self.reading, text),
            Format::Transcript => captions::transcript(name, text),
            _ => Err(Fault::new("this format is read row by row")),
        }
    }
}

/// Which names hold what in what `mod_json_cdr` writes.
pub(crate) const FREESWITCH_NAMES: [(&str, &[&str]); 13] = freeswitch::JSON_NAMES;

/// Reads what FreeSWITCH posts or writes about one leg.
///
/// # Errors
/// [`Fault`] says what is wrong with it.
pub fn freeswitch_json(reading: &Reading, text: &[u8]) -> Result<Entry, Fault> {
    freeswitch::json(reading, text)
}

#[cfg(test)]
mod tests;

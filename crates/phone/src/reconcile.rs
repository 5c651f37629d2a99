//! Is every row of an account's files on record, and what could not be read?

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use redress_bus::failure::chain;
use redress_contract::subject::{self, name};
use redress_contract::{Channel, Contact, ContactId};
use redress_vault::Vault;

use crate::config::{Account, Config, Folder, Place};
use crate::source::file::{self, Followed};
use crate::source::folder::{DONE, list};
use crate::source::{Read, contact};

/// Rows that are asked for at once.
const AT_ONCE: usize = 64;

/// How often the folder is looked through, while files in it are moved and come.
const ROUNDS_MAX: usize = 100;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is on record as this contact, which is about a call.
    Recorded(ContactId),
    /// It is on record as this contact, and could not be read.
    Quarantined(ContactId, String),
    /// It is not on record.
    Gap,
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it stands: `line 7 of Master.csv`.
    pub place: String,
    /// What became of it.
    pub standing: Standing,
}

/// What all rows came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// On record, and about a call.
    pub recorded: u64,
    /// On record, and could not be read.
    pub quarantined: u64,
    /// Not on record.
    pub gaps: u64,
}

/// An account that cannot be compared.
#[derive(Debug, thiserror::Error)]
#[error("compare {account}: {reason}")]
pub struct ReconcileError {
    account: String,
    reason: String,
}

/// Compares every row of the files of an account, those that are done among them, with what is on record.
///
/// # Errors
/// [`ReconcileError`] when the account is no folder, a file cannot be read, or the broker does not answer.
pub async fn reconcile(
    config: &Config,
    account: &str,
    vault: &Vault,
    mut tell: impl FnMut(&Row) -> io::Result<()>,
) -> Result<Summary, ReconcileError> {
    let failed = |reason: String| ReconcileError { account: account.to_owned(), reason };
    let known = config.accounts.get(account).ok_or_else(|| failed("there is no such account".to_owned()))?;
    let Place::Folder(folder) = &known.place else {
        return Err(failed(
            "what is posted lies in no file to compare with; it stands in the platform's own log".to_owned(),
        ));
    };
    let (mut summary, mut files) = (Summary::default(), Files::new(folder, config));
    while let Some(mut file) = files.next().map_err(|error| failed(error.to_string()))? {
        while let Some(read) = file.next(folder).map_err(|error| failed(error.to_string()))? {
            let mut rows = std::pin::pin!(compare((account, known), vault, read));
            while let Some(row) = rows.next().await {
                let row = row.map_err(|error| failed(chain(&error)))?;
                summary.count(&row.standing);
                tell(&row).map_err(|error| failed(error.to_string()))?;
            }
        }
    }
    Ok(summary)
}

impl Summary {
    fn count(&mut self, standing: &Standing) {
        match standing {
            Standing::Recorded(_) => self.recorded += 1,
            Standing::Quarantined(..) => self.quarantined += 1,
            Standing::Gap => self.gaps += 1,
        }
    }
}

/// The files of a folder and those that are done, each once, though the service moves them meanwhile: looked through again
/// until nothing was new.
struct Files<'a> {
    folder: &'a Folder,
    config: &'a Config,
    listed: VecDeque<PathBuf>,
    seen: BTreeSet<String>,
    is_settled: bool,
    rounds: usize,
}

impl<'a> Files<'a> {
    fn new(folder: &'a Folder, config: &'a Config) -> Self {
        let (listed, seen) = (VecDeque::new(), BTreeSet::new());
        Self { folder, config, listed, seen, is_settled: false, rounds: 0 }
    }

    fn next(&mut self) -> io::Result<Option<Opened>> {
        loop {
            let Some(path) = self.listed.pop_front() else {
                if self.is_settled || self.rounds == ROUNDS_MAX {
                    return Ok(None);
                }
                (self.is_settled, self.rounds) = (true, self.rounds + 1);
                self.listed = self.list()?.into();
                continue;
            };
            match Opened::new(&path, self.folder, self.config) {
                Ok((key, file)) => {
                    if self.seen.insert(key) {
                        self.is_settled = false;
                        return Ok(Some(file));
                    }
                }
                // Moved since it was listed: the next round finds where it lies now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.is_settled = false,
                Err(error) => {
                    return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display())));
                }
            }
        }
    }

    fn list(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = list(&self.folder.path)?;
        let done = self.folder.path.join(DONE);
        if done.exists() {
            files.extend(list(&done)?);
        }
        Ok(files)
    }
}

/// A file being read from its beginning.
enum Opened {
    Whole(Option<Box<Read>>),
    Rows(Box<Followed>),
}

impl Opened {
    /// Opens a file, with what tells it from others whatever it is called.
    fn new(path: &Path, folder: &Folder, config: &Config) -> io::Result<(String, Self)> {
        if folder.parser.format.is_whole() {
            let key = file::key(path)?;
            let read = file::whole(&path.to_owned(), folder, config.file_bytes_max)?;
            return Ok((key, Self::Whole(Some(Box::new(read)))));
        }
        let followed = Followed::open(path, folder, config.row_bytes_max, None)?;
        Ok((followed.key()?, Self::Rows(Box::new(followed))))
    }

    /// What comes next; none at its end.
    fn next(&mut self, folder: &Folder) -> io::Result<Option<Vec<Read>>> {
        let file = match self {
            Self::Whole(read) => return Ok(read.take().map(|read| vec![*read])),
            Self::Rows(file) => file,
        };
        let step = file.step(folder, true)?;
        let is_over = step.cursor == file.cursor;
        file.cursor = step.cursor;
        Ok((!is_over).then_some(step.read))
    }
}

fn compare<'a>(
    (name, account): (&'a str, &'a Account),
    vault: &'a Vault,
    read: Vec<Read>,
) -> impl futures::Stream<Item = Result<Row, redress_bus::ReadError>> + 'a {
    futures::stream::iter(read).map(move |read| row(name, account, vault, read)).buffered(AT_ONCE)
}

async fn row(
    name: &str,
    account: &Account,
    vault: &Vault,
    read: Read,
) -> Result<Row, redress_bus::ReadError> {
    let contact = contact(&read, name, &account.house, jiff::Timestamp::UNIX_EPOCH, vault.keys());
    // What was erased since stands there too, as a tombstone.
    let stored = vault.bus().last(name::INTAKE, &subject::intake(Channel::Phone, &contact.id)).await?;
    let standing = match (stored, read.entry) {
        (None, _) => Standing::Gap,
        (Some(_), Ok(_)) => Standing::Recorded(contact.id),
        (Some(_), Err(fault)) => Standing::Quarantined(contact.id, fault.to_string()),
    };
    Ok(Row { place: read.place, standing })
}

/// Reads every row of a file as the service would; nothing is recorded.
///
/// # Errors
/// When the file cannot be read.
pub fn read_file(
    path: &Path,
    (name, account): (&str, &Account),
    (folder, config): (&Folder, &Config),
    keys: &redress_identity::Keys,
    mut tell: impl FnMut(&str, Contact) -> io::Result<()>,
) -> io::Result<()> {
    let modified = std::fs::metadata(path)?.modified().ok();
    let now = modified.and_then(|at| jiff::Timestamp::try_from(at).ok()).unwrap_or_default();
    let (_, mut file) = Opened::new(path, folder, config)?;
    while let Some(read) = file.next(folder)? {
        for read in read {
            tell(&read.place, contact(&read, name, &account.house, now, keys))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::config::{AccountSettings, Kind};
    use crate::formats::Format;

    #[test]
    fn a_file_that_is_moved_while_it_is_compared_is_compared_once() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let account = AccountSettings {
            kind: Some(Kind::Folder),
            format: Some(Format::AsteriskCsv),
            path: Some(place.path().to_owned()),
            zone: "Europe/Berlin".to_owned(),
            ..AccountSettings::default()
        };
        let settings = Settings { accounts: [("pbx".to_owned(), account)].into(), ..Settings::default() };
        let config = Config::check(&settings, "https://example.org").unwrap();
        let Place::Folder(folder) = config.accounts["pbx"].place.clone() else { panic!("it is a folder") };
        std::fs::write(at("a.csv"), "a\n").unwrap();
        std::fs::write(at("b.csv"), "b\n").unwrap();
        std::fs::create_dir(at(DONE)).unwrap();
        let mut files = Files::new(&folder, &config);
        let mut rows = Vec::new();
        let mut read = |file: Option<Opened>| {
            let mut file = file.unwrap();
            while let Some(read) = file.next(&folder).unwrap() {
                rows.extend(read.into_iter().map(|read| read.raw));
            }
        };
        read(files.next().unwrap());
        // The service puts both away, and a third comes under the name of the first.
        std::fs::rename(at("a.csv"), at(DONE).join("a.csv")).unwrap();
        std::fs::rename(at("b.csv"), at(DONE).join("b.csv")).unwrap();
        std::fs::write(at("a.csv"), "c\n").unwrap();
        read(files.next().unwrap());
        read(files.next().unwrap());
        assert!(files.next().unwrap().is_none());
        rows.sort();
        assert_eq!(rows, ["a", "b", "c"]);
    }
}

//! Is every row of an account's files on record, and what could not be read?

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
    mut tell: impl FnMut(&Row) -> std::io::Result<()>,
) -> Result<Summary, ReconcileError> {
    let failed = |reason: String| ReconcileError { account: account.to_owned(), reason };
    let known = config.accounts.get(account).ok_or_else(|| failed("there is no such account".to_owned()))?;
    let Place::Folder(folder) = &known.place else {
        return Err(failed(
            "what is posted lies in no file to compare with; it stands in the platform's own log".to_owned(),
        ));
    };
    let mut summary = Summary::default();
    for path in files(folder).map_err(|error| failed(error.to_string()))? {
        let mut open = Some(());
        let mut followed = None;
        while open.take().is_some() {
            let (read, more) =
                next(&path, folder, config, &mut followed).map_err(|error| failed(error.to_string()))?;
            let rows =
                futures::stream::iter(read).map(|read| row(account, known, vault, read)).buffered(AT_ONCE);
            let mut rows = std::pin::pin!(rows);
            while let Some(row) = rows.next().await {
                let row = row.map_err(|error| failed(chain(&error)))?;
                match row.standing {
                    Standing::Recorded(_) => summary.recorded += 1,
                    Standing::Quarantined(..) => summary.quarantined += 1,
                    Standing::Gap => summary.gaps += 1,
                }
                tell(&row).map_err(|error| failed(error.to_string()))?;
            }
            open = more.then_some(());
        }
    }
    Ok(summary)
}

fn files(folder: &Folder) -> std::io::Result<Vec<PathBuf>> {
    let mut files = list(&folder.path)?;
    let done = folder.path.join(DONE);
    if done.exists() {
        files.extend(list(&done)?);
    }
    Ok(files)
}

/// What of a file comes next, and whether there may be more.
fn next(
    path: &Path,
    folder: &Folder,
    config: &Config,
    followed: &mut Option<Followed>,
) -> std::io::Result<(Vec<Read>, bool)> {
    if folder.parser.format.is_whole() {
        return Ok((vec![file::whole(&path.to_owned(), folder, config.file_bytes_max)?], false));
    }
    let file = match followed {
        Some(file) => file,
        None => followed.insert(Followed::open(path, folder, config.row_bytes_max, None)?),
    };
    let step = file.step(folder, true)?;
    let more = step.cursor != file.cursor;
    file.cursor = step.cursor;
    Ok((step.read, more))
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
    mut tell: impl FnMut(&str, Contact) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let modified = std::fs::metadata(path)?.modified().ok();
    let now = modified.and_then(|at| jiff::Timestamp::try_from(at).ok()).unwrap_or_default();
    let mut followed = None;
    loop {
        let (read, more) = next(path, folder, config, &mut followed)?;
        for read in read {
            tell(&read.place, contact(&read, name, &account.house, now, keys))?;
        }
        if !more {
            return Ok(());
        }
    }
}

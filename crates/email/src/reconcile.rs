//! Proof that everything in the source is on record: each mail of a mailbox is read again, and the broker is asked for the
//! contact that its bytes make. Nothing is changed, in the mailbox or on record.

use futures::StreamExt as _;
use redress_contract::subject::{self, name::INTAKE};
use redress_contract::{Channel, Commit, ContactId};
use redress_runtime::Clock;
use redress_vault::Vault;

use crate::config::{Account, Config, Place};
use crate::source::gather::Mail;
use crate::source::{imap, maildir};

/// Questions to the broker at once.
const AT_ONCE: usize = 16;

/// One mail of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its folder.
    pub folder: String,
    /// IMAP: under which numbering its UID means it; 0 in a Maildir.
    pub uid_validity: u32,
    /// Its UID, or the name of its file.
    pub mail: String,
    /// Where it stands.
    pub standing: Standing,
}

/// Where a mail stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// On record as this contact.
    Recorded(ContactId),
    /// It was there before the first look, and was not wanted (`start = "now"`).
    Before,
    /// Not on record, and why.
    Gap(&'static str),
}

/// What a mailbox came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Mails on record.
    pub recorded: u64,
    /// Mails from before the first look.
    pub before: u64,
    /// Mails that are not on record.
    pub gaps: u64,
    /// Mails that somebody took out of the mailbox before they could be recorded.
    pub gone: u64,
}

/// A mailbox that could not be looked through.
#[derive(Debug, thiserror::Error)]
#[error("look through account {account}: {reason}")]
pub struct ReconcileError {
    account: String,
    reason: String,
}

/// A mail whose bytes were read, or why they were not.
pub(crate) struct Seen {
    pub(crate) folder: String,
    pub(crate) uid_validity: u32,
    pub(crate) mail: String,
    /// The digest of its bytes.
    pub(crate) digest: Result<String, &'static str>,
    /// What is known of it, should it not be on record.
    pub(crate) otherwise: Standing,
}

impl Seen {
    /// The digest that makes the contact.
    pub(crate) fn digest_of(mail: &Mail) -> String {
        mail.whole.as_ref().map_or_else(|| Commit::hash(&mail.raw), |whole| whole.sha256.clone())
    }
}

/// Compares an account with the record; each mail is told as soon as it is known.
///
/// # Errors
/// [`ReconcileError`] when the mailbox or the broker cannot be read.
pub async fn reconcile(
    config: &Config,
    name: &str,
    (vault, clock): (&Vault, &Clock),
    mut tell: impl FnMut(&Row) -> std::io::Result<()>,
) -> Result<Summary, ReconcileError> {
    let failed = |reason: String| ReconcileError { account: name.to_owned(), reason };
    let Some(account) = config.accounts.get(name) else {
        let known: Vec<&str> = config.accounts.keys().map(String::as_str).collect();
        return Err(failed(format!("[email.accounts] names {} only", known.join(", "))));
    };
    let mut summary = Summary::default();
    let (sender, mails) = tokio::sync::mpsc::channel(AT_ONCE);
    let read = read((name, account), (vault, clock), sender);
    let rows = futures::stream::unfold(mails, |mut mails| async move { Some((mails.recv().await?, mails)) })
        .map(|seen| row(name, vault, seen))
        .buffered(AT_ONCE);
    let told = async {
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = rows.next().await {
            let row = row.map_err(|error| redress_bus::failure::chain(&error))?;
            match row.standing {
                Standing::Recorded(_) => summary.recorded += 1,
                Standing::Before => summary.before += 1,
                Standing::Gap(_) => summary.gaps += 1,
            }
            tell(&row).map_err(|error| error.to_string())?;
        }
        Ok::<(), String>(())
    };
    let (gone, told) = tokio::join!(read, told);
    told.map_err(failed)?;
    summary.gone = gone.map_err(|error| ReconcileError { account: name.to_owned(), reason: error })?;
    Ok(summary)
}

/// Reads every mail; answers how many were gone before they could be recorded.
async fn read(
    (name, account): (&str, &Account),
    (vault, clock): (&Vault, &Clock),
    sender: tokio::sync::mpsc::Sender<Seen>,
) -> Result<u64, String> {
    match &account.place {
        Place::Imap(place) => {
            let all = imap::everything((name, place), (vault, clock), &sender).await;
            all.map_err(|error| redress_bus::failure::chain(&error))
        }
        Place::Maildir(path) => {
            let all = maildir::everything((name, path), vault, &sender).await;
            all.map(|()| 0).map_err(|error| redress_bus::failure::chain(&error))
        }
        Place::Webhook(webhook) => {
            let provider = webhook.provider().name();
            Err(format!(
                "its mails are posted by {provider}, so there is no mailbox to compare with; what could not be taken stands in {provider}'s own log"
            ))
        }
    }
}

async fn row(name: &str, vault: &Vault, seen: Seen) -> Result<Row, redress_bus::ReadError> {
    let standing = match seen.digest {
        Err(why) => Standing::Gap(why),
        Ok(digest) => {
            let id = vault.keys().mail_contact_id(name, &digest);
            // What was erased since stands there too, as a tombstone.
            let stored = vault.bus().last(INTAKE, &subject::intake(Channel::Email, &id)).await?;
            if stored.is_some() { Standing::Recorded(id) } else { seen.otherwise }
        }
    };
    Ok(Row { folder: seen.folder, uid_validity: seen.uid_validity, mail: seen.mail, standing })
}

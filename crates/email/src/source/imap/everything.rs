//! Every mail of an account's folders, read again without changing anything: for reconciling, and for whoever asks whether
//! the mailbox can be read at all.

use async_imap::imap_proto::RequestId;
use redress_contract::subject::name::CURSORS;
use redress_runtime::Clock;
use redress_vault::Vault;
use tokio::sync::mpsc::Sender;

use super::ImapError;
use super::cursor::{Cursor, Stored, Why};
use super::fetch::{Known, known};
use super::login::Login;
use super::pieces::is_large;
use super::session::{Opened, Session};
use super::uids::UidSet;
use crate::config::{Done, Imap};
use crate::reconcile::{Seen, Standing};
use crate::source::gather::{Keep, Mail};

/// Mails listed at once, and fetched with one command.
const WINDOW: u32 = 500;
const GROUP_MAILS_MAX: usize = 25;
const GROUP_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What a folder looks like from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its name.
    pub name: String,
    /// Mails in it.
    pub mails: u32,
}

/// Reads every mail of every folder; answers how many were gone before they could be recorded.
pub(crate) async fn everything(
    (account, place): (&str, &Imap),
    (vault, clock): (&Vault, &Clock),
    sender: &Sender<Seen>,
) -> Result<u64, ImapError> {
    let mut session = Login::new(account, place, Some(vault), clock).open().await?;
    let mut gone = 0;
    for folder in &place.folders {
        let opened = session.select(folder, true).await?;
        let key = super::pass::key_of(vault, (account, place), folder);
        let stored = Stored::load(&vault.bus().kv(CURSORS), &key).await?;
        let cursor = stored.map(|stored| stored.cursor).filter(|cursor| cursor.validity == opened.validity);
        let cursor = cursor.unwrap_or_else(|| Cursor::from_the_beginning(opened.validity));
        gone += cursor.gone.len();
        let reader = Reader { folder, cursor, sender };
        reader.read(&mut session, &opened).await?;
    }
    if let Done::Move(folder) = &place.done
        && let Ok(opened) = session.select(folder, true).await
    {
        // What else lies there was not put there by us.
        let cursor = Cursor { first: u32::MAX, ..Cursor::from_the_beginning(opened.validity) };
        let reader = Reader { folder, cursor, sender };
        reader.read(&mut session, &opened).await?;
    }
    session.close().await;
    Ok(gone)
}

/// Signs in and opens every folder; answers what is in each.
pub(crate) async fn look(login: &Login, place: &Imap) -> Result<Vec<Folder>, ImapError> {
    let mut session = login.open().await?;
    let mut folders = Vec::new();
    for folder in place.folders.iter().chain(&place.sent) {
        let opened = session.select(folder, true).await?;
        folders.push(Folder { name: folder.clone(), mails: opened.exists });
    }
    session.close().await;
    Ok(folders)
}

struct Reader<'a> {
    folder: &'a str,
    cursor: Cursor,
    sender: &'a Sender<Seen>,
}

impl Reader<'_> {
    async fn read(&self, session: &mut Session, opened: &Opened) -> Result<(), ImapError> {
        if opened.exists == 0 {
            return Ok(());
        }
        let end = super::pass::next_uid(session, opened).await?;
        let present: Vec<u32> = session.present_below(end).await?.into_iter().collect();
        for window in present.chunks(WINDOW as usize) {
            let uids: UidSet = window.iter().copied().collect();
            let listed = known(session, &uids.to_string()).await?;
            let mut group = Vec::new();
            let mut bytes = 0;
            for mail in listed {
                if is_large(&mail) {
                    self.fetch_large(session, &mail).await?;
                    continue;
                }
                if group.len() >= GROUP_MAILS_MAX || (bytes > 0 && bytes + mail.size > GROUP_BYTES_MAX) {
                    self.fetch(session, std::mem::take(&mut group)).await?;
                    bytes = 0;
                }
                bytes += mail.size;
                group.push(mail);
            }
            self.fetch(session, group).await?;
        }
        Ok(())
    }

    async fn fetch_large(&self, session: &mut Session, mail: &Known) -> Result<(), ImapError> {
        match session.fetch_in_pieces(mail, Keep::NOTHING).await {
            Ok(Some(whole)) => self.tell(mail, Ok(Seen::digest_of(&whole))).await,
            // Taken away meanwhile.
            Ok(None) => {}
            Err(error) if error.ends_the_look() => return Err(error),
            Err(_) => self.tell(mail, Err("the server does not hand it out")).await,
        }
        Ok(())
    }

    async fn fetch(&self, session: &mut Session, mut group: Vec<Known>) -> Result<(), ImapError> {
        if group.is_empty() {
            return Ok(());
        }
        let uids: UidSet = group.iter().map(|mail| mail.uid).collect();
        let request = session.fetch(&uids.to_string(), "UID BODY.PEEK[]").await?;
        let refused = self.hand_on(session, &request, &mut group).await?;
        // What did not come although the server said OK was taken away meanwhile.
        for mail in group {
            if !refused {
                continue;
            }
            let request = session.fetch(&mail.uid.to_string(), "UID BODY.PEEK[]").await?;
            let mut alone = vec![mail];
            if self.hand_on(session, &request, &mut alone).await? {
                for mail in alone {
                    self.tell(&mail, Err("the server does not hand it out")).await;
                }
            }
        }
        Ok(())
    }

    /// Hands on what comes; true when the server ended it with a no.
    async fn hand_on(
        &self,
        session: &mut Session,
        request: &RequestId,
        group: &mut Vec<Known>,
    ) -> Result<bool, ImapError> {
        loop {
            match session.next(request).await {
                Ok(None) => return Ok(false),
                Ok(Some(fetched)) => {
                    let Some(raw) = fetched.raw else { continue };
                    let Some(index) = group.iter().position(|mail| mail.uid == fetched.uid) else { continue };
                    let mail = group.swap_remove(index);
                    self.tell(&mail, Ok(Seen::digest_of(&Mail::of(raw, Keep::NOTHING)))).await;
                }
                Err(error) if error.ends_the_look() => return Err(error),
                Err(_) => return Ok(true),
            }
        }
    }

    async fn tell(&self, mail: &Known, digest: Result<String, &'static str>) {
        let seen = Seen {
            folder: self.folder.to_owned(),
            uid_validity: self.cursor.validity,
            mail: mail.uid.to_string(),
            digest,
            otherwise: self.otherwise(mail),
        };
        // Nobody listens any more: whoever asked has failed already, and says so.
        let _ = self.sender.send(seen).await;
    }

    /// What a mail is that is not on record.
    fn otherwise(&self, mail: &Known) -> Standing {
        let cursor = &self.cursor;
        if mail.uid < cursor.first || cursor.is_from_before(mail.uid, mail.received_at) {
            return Standing::Before;
        }
        Standing::Gap(match cursor.notes.get(&mail.uid).map(|note| note.why) {
            Some(Why::TooLarge) => "an earlier release left it for its size; it is fetched next",
            Some(Why::NotFetched) => "the server did not hand it out",
            Some(Why::Suspect) => "the connection broke when it was fetched",
            Some(Why::NotRecorded) => "the broker did not take it",
            Some(Why::Late) => "it came late and is fetched next",
            None if mail.uid >= cursor.next => "not looked at yet",
            None => "not on record",
        })
    }
}

//! Erasing what lies on a subject: message, data key, blobs. Repeatable, and resumed after a crash at any point.
//!
//! Order: the name of the data key is noted; the message is deleted; its subject is closed by a tombstone, so that a channel
//! that reads its source again finds the place taken; then the key is destroyed and the blobs are deleted; then the note
//! goes. The note is what a resumed erasure knows the key and the blobs by.

use bytes::Bytes;
use futures::TryStreamExt as _;
use redress_bus::{KvError, PublishError, ReadError, Stored};
use redress_contract::subject::{self, name};
use redress_contract::{Channel, CommunicationId, ComplaintId, ContactId, ContentId, Medium};

use crate::message::key_named;
use crate::seal::KeyName;
use crate::{OpenError, Vault};

/// Header of a tombstone.
pub const ERASED_HEADER: &str = "redress-erased";

/// Keys of notes, in the bucket `cursors`.
const NOTES: &str = "erasing";

/// How often a message may slip in between deleting and closing before it is said that the source must be stopped.
const ROUNDS_MAX: usize = 50;

/// The place of one sealed message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    stream: &'static str,
    subject: String,
}

/// What is in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Nothing was ever put there.
    Nothing,
    /// A message.
    Message,
    /// A tombstone; or one that is still to be set, by an erasure that was broken off.
    Tombstone,
}

/// An erasure that was broken off: doing it again goes on.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The broker did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The broker did not take the note.
    #[error(transparent)]
    Note(#[from] KvError),
    /// The broker did not take the tombstone.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// Whether a message is what it says cannot be found out.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A channel goes on putting it there.
    #[error("erase {0}: it comes back again and again")]
    ComesBack(String),
}

impl Place {
    /// Of a contact.
    pub fn of_contact(channel: Channel, id: &ContactId) -> Self {
        Self { stream: name::INTAKE, subject: subject::intake(channel, id) }
    }

    /// Of a text.
    pub fn of_content(complaint: &ComplaintId, id: &ContentId) -> Self {
        Self { stream: name::CONTENT, subject: subject::content(complaint, id) }
    }

    /// Of a communication.
    pub fn of_communication(medium: Medium, id: &CommunicationId) -> Self {
        Self { stream: name::OUTBOX, subject: subject::outbox(medium, id) }
    }

    /// The place of a subject of one of the three streams.
    pub fn parse(subject: &str) -> Option<Self> {
        let stream = match subject.split('.').next()? {
            "intake" => name::INTAKE,
            "content" => name::CONTENT,
            "outbox" => name::OUTBOX,
            _ => return None,
        };
        Some(Self { stream, subject: subject.to_owned() })
    }

    /// Its subject.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    fn note(&self) -> String {
        format!("{NOTES}.{}", self.subject)
    }
}

impl Vault {
    /// What is in a place, as the leader of its stream knows it.
    ///
    /// # Errors
    /// [`EraseError`] when the broker does not answer.
    pub async fn holds(&self, place: &Place) -> Result<Holds, EraseError> {
        if let Some(stored) = self.bus.last_at_leader(place.stream, &place.subject).await? {
            return Ok(if stored.body.is_empty() { Holds::Tombstone } else { Holds::Message });
        }
        let noted = self.bus.kv(name::CURSORS).get_at_leader(&place.note()).await?;
        Ok(if noted.is_some() { Holds::Tombstone } else { Holds::Nothing })
    }

    /// Every text of a complaint, named by an event or not.
    ///
    /// # Errors
    /// [`EraseError`] when the broker does not answer.
    pub async fn contents_of(&self, complaint: &ComplaintId) -> Result<Vec<Place>, EraseError> {
        let filter = format!("content.{complaint}.*");
        let mut found = self.bus.scan(name::CONTENT, &filter, 1).await?;
        let mut places = Vec::new();
        while let Some(stored) = found.try_next().await? {
            places.push(Place { stream: name::CONTENT, subject: stored.subject });
        }
        Ok(places)
    }

    /// Erases what is in a place and closes it. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`EraseError`]; doing it again goes on.
    pub async fn erase(&self, place: &Place) -> Result<(), EraseError> {
        self.close(place).await?;
        let notes = self.bus.kv(name::CURSORS);
        let Some((note, _)) = notes.get_at_leader(&place.note()).await? else { return Ok(()) };
        for name in read_note(&note) {
            self.destroy_key(&name).await?;
            self.erase_blobs(&name).await?;
        }
        Ok(notes.delete(&place.note()).await?)
    }

    /// Finishes what was begun and broken off; answers how many places that were.
    ///
    /// # Errors
    /// [`EraseError`]; doing it again goes on.
    pub async fn resume_erasing(&self) -> Result<usize, EraseError> {
        let entries = self.bus.kv(name::CURSORS).entries(NOTES).await?;
        let mut resumed = 0;
        for (key, _) in entries {
            let subject = key.strip_prefix(NOTES).and_then(|rest| rest.strip_prefix('.'));
            if let Some(place) = subject.and_then(Place::parse) {
                self.erase(&place).await?;
                resumed += 1;
            }
        }
        Ok(resumed)
    }

    /// Destroys a data key: what it sealed can never be opened again.
    ///
    /// # Errors
    /// [`EraseError`]; doing it again goes on.
    pub async fn destroy_key(&self, name: &KeyName) -> Result<(), EraseError> {
        self.mark_destroyed(name).await?;
        self.remove_key(name).await?;
        Ok(())
    }

    /// Deletes the message and sets the tombstone, again when a channel was quicker.
    async fn close(&self, place: &Place) -> Result<(), EraseError> {
        for _ in 0..ROUNDS_MAX {
            match self.bus.last_at_leader(place.stream, &place.subject).await? {
                Some(stored) if stored.body.is_empty() => return Ok(()),
                Some(stored) => {
                    if let Some(name) = self.own_key(place, &stored).await? {
                        self.note(place, &name).await?;
                    }
                    self.bus.erase(place.stream, stored.seq).await?;
                }
                None => {
                    let headers = vec![(ERASED_HEADER.to_owned(), "1".to_owned())];
                    self.bus.publish_once(&place.subject, headers, Bytes::new()).await?;
                }
            }
        }
        Err(EraseError::ComesBack(place.subject.clone()))
    }

    /// The data key of a message. One that it does not open with is not its own: a channel can name any, and erasing
    /// what it wrote must not destroy what others sent. (If nobody names that key, the sweep takes it.)
    async fn own_key(&self, place: &Place, stored: &Stored) -> Result<Option<KeyName>, EraseError> {
        let Some(name) = key_named(&stored.headers) else { return Ok(None) };
        match self.unseal(place.stream, &place.subject, &stored.headers, &stored.body).await {
            Err(OpenError::Broken { .. }) => Ok(None),
            // With what is here nobody can open it anyway.
            Ok(_) | Err(OpenError::Locked { .. }) => Ok(Some(name)),
            Err(other) => Err(other.into()),
        }
    }

    async fn note(&self, place: &Place, name: &KeyName) -> Result<(), EraseError> {
        let notes = self.bus.kv(name::CURSORS);
        let there = notes.get_at_leader(&place.note()).await?;
        let mut names = there.map(|(note, _)| read_note(&note)).unwrap_or_default();
        if !names.contains(name) {
            names.push(name.clone());
        }
        let text: Vec<&str> = names.iter().map(KeyName::as_str).collect();
        notes.put(&place.note(), text.join(" ").into()).await?;
        Ok(())
    }

    /// Blobs of one attempt are numbered from 0 on; one that was broken off left chunks without a name, for the sweep.
    async fn erase_blobs(&self, name: &KeyName) -> Result<(), EraseError> {
        let blobs = self.bus.blobs();
        let mut number = 0_u32;
        while blobs.erase(&format!("{name}/{number}")).await? {
            number += 1;
        }
        Ok(())
    }
}

fn read_note(note: &[u8]) -> Vec<KeyName> {
    String::from_utf8_lossy(note).split(' ').filter_map(KeyName::parse).collect()
}

//! Contacts and the bytes they came as.
//!
//! The raw bytes travel inside the message while it fits into [`CONTACT_BYTES_MAX`]; then they move to a blob, written
//! and acknowledged before the message that names it. Text that still does not fit is cut, and says so: the raw
//! bytes are the record. Message and blobs of one attempt are sealed with one data key.

use bytes::Bytes;
use redress_bus::{Headers, Published, ReadError};
use redress_contract::contact::{Attachment, Raw};
use redress_contract::subject::{self, name};
use redress_contract::{BlobName, Channel, Contact, ContactId, ParseStatus, ScanState};
use tokio::io::AsyncReadExt as _;

use crate::data_keys::Found;
use crate::files::{FileError, Files};
use crate::message::{Opened, SEAL_BYTES, key_named};
use crate::seal::KeyName;
use crate::seal::blob::BlobError;
use crate::{OpenError, PutError, Vault};

/// Largest INTAKE message: raw bytes travel inside, the largest items move to blobs until it fits (DESIGN §4).
pub const CONTACT_BYTES_MAX: usize = 512 * 1024;

/// The same before it is sealed.
pub(crate) const PLAIN_BYTES_MAX: usize = CONTACT_BYTES_MAX - SEAL_BYTES;

impl Vault {
    /// Stores a contact once. `raw` are the bytes as they came: they travel inside the message when they fit, in a
    /// blob otherwise (`contact.raw` must hold their media type and SHA-256; the rest is filled in here).
    /// `new: false` when it was there before.
    ///
    /// # Errors
    /// [`PutError`]; putting it again is safe.
    pub async fn put_contact(
        &self,
        contact: Contact,
        raw: Bytes,
        headers: Headers,
    ) -> Result<Published, PutError> {
        let none = self.begin_files(contact.recorded_at);
        self.put_contact_with(contact, raw, none, headers).await
    }

    /// As [`put_contact`](Self::put_contact), with files that do not lie in the raw bytes: `contact.attachments` names
    /// the blobs that putting them answered, for a contact that names others will not open. `contact.recorded_at` is
    /// now. Of a contact that was there before, nothing changes; these files are left to the sweep.
    ///
    /// # Errors
    /// [`PutError`]; putting it again, with its files, is safe. [`PutError::TooLate`] when the files were begun so long
    /// ago that the sweep may have taken some.
    pub async fn put_contact_with(
        &self,
        mut contact: Contact,
        raw: Bytes,
        mut files: Files,
        mut headers: Headers,
    ) -> Result<Published, PutError> {
        files.still_there(contact.recorded_at)?;
        let subject = subject::intake(contact.channel, &contact.id);
        let described = contact.raw.take().unwrap_or_default();
        let plain = match with_inline(&mut contact, &described, &raw) {
            Some(plain) => plain,
            // Known already, or erased: do not write its blob a second time.
            None if self.bus.last(name::INTAKE, &subject).await?.is_some() => {
                return Ok(Published { seq: 0, new: false });
            }
            None => with_blob(contact, described, &raw, &mut files).await?,
        };
        let body = files.attempt().await?.seal(&subject, plain, &mut headers);
        Ok(self.bus.publish_once(&subject, headers, body).await?)
    }

    /// Reads a contact; none when there is no such contact (or it was erased).
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn contact(&self, channel: Channel, id: &ContactId) -> Result<Option<Contact>, OpenError> {
        let subject = subject::intake(channel, id);
        let Some(stored) = self.bus.last(name::INTAKE, &subject).await? else { return Ok(None) };
        self.open_contact(&stored.subject, &stored.headers, &stored.body).await
    }

    /// Opens the body of an INTAKE message; none when it was erased.
    ///
    /// # Errors
    /// [`OpenError::Broken`] when it is not the contact its subject names, [`OpenError::Locked`] when the key is not here.
    pub async fn open_contact(
        &self,
        subject: &str,
        headers: &Headers,
        body: &[u8],
    ) -> Result<Option<Contact>, OpenError> {
        let broken = |problem: String| OpenError::Broken { what: subject.to_owned(), problem };
        let (channel, id) = subject::parse_intake(subject)
            .ok_or_else(|| broken("the subject names no contact".to_owned()))?;
        let Opened::Plain(plain) = self.unseal(name::INTAKE, subject, headers, body).await? else {
            return Ok(None);
        };
        let contact: Contact = serde_json::from_slice(&plain).map_err(|e| broken(position(&e)))?;
        if contact.id != id || contact.channel != channel {
            return Err(broken("the message holds another contact".to_owned()));
        }
        if !self.seals.unsealed && !holds_own_blobs(&contact, headers) {
            return Err(broken("it names a blob of another contact".to_owned()));
        }
        Ok(Some(contact))
    }

    /// The raw bytes of a contact, from the message or its blob.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn raw(&self, contact: &Contact) -> Result<Option<Bytes>, OpenError> {
        match &contact.raw {
            None => Ok(None),
            Some(raw) => match &raw.blob {
                Some(blob) => self.blob(blob).await,
                None => Ok(Some(raw.inline.clone())),
            },
        }
    }

    /// The bytes of a file that lies in a blob of its own; none when it was erased, or does not.
    ///
    /// # Errors
    /// [`OpenFileError::Infected`] for a file that is kept as evidence and out of reach.
    pub async fn file(&self, attachment: &Attachment) -> Result<Option<Bytes>, OpenFileError> {
        if attachment.scan == ScanState::Infected {
            return Err(OpenFileError::Infected { finding: attachment.scan_finding.clone() });
        }
        let Some(blob) = &attachment.blob else { return Ok(None) };
        Ok(self.blob(blob).await?)
    }

    /// A blob that a contact names; none when it was erased. Private: what is known of a file stands on its attachment.
    async fn blob(&self, blob: &BlobName) -> Result<Option<Bytes>, OpenError> {
        let what = format!("blob {blob}");
        let broken = |problem: &str| OpenError::Broken { what: what.clone(), problem: problem.to_owned() };
        let store = self.bus.blobs();
        let Some((mut sealed, size)) = store.open(blob.as_str()).await? else { return Ok(None) };
        if self.seals.unsealed {
            let mut plain = Vec::with_capacity(size);
            sealed.read_to_end(&mut plain).await.map_err(|e| broken(&e.to_string()))?;
            return Ok(Some(plain.into()));
        }
        let name = key_of(blob).ok_or_else(|| broken("it names no data key"))?;
        let Found::Key(key) = self.data_key(&name, &what).await? else { return Ok(None) };
        match key.open_blob(blob.as_str(), &mut sealed, size).await {
            Ok(plain) => Ok(Some(plain)),
            Err(BlobError::Read(error)) => Err(ReadError::of(&what, error).into()),
            Err(BlobError::Broken) => Err(broken("it is not what was sealed here")),
        }
    }
}

/// Why the bytes of a file are not handed out.
#[derive(Debug, thiserror::Error)]
pub enum OpenFileError {
    /// A scanner found something malicious in it.
    #[error("open the file: it is kept out of reach, for {finding} was found in it")]
    Infected {
        /// What the scanner calls what it found.
        finding: String,
    },
    /// It could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// The body of the message with the raw bytes in a blob.
async fn with_blob(
    mut contact: Contact,
    described: Raw,
    raw: &Bytes,
    files: &mut Files,
) -> Result<Vec<u8>, PutError> {
    let stored = files.put(raw.as_ref()).await.map_err(FileError::of_bytes)?;
    let (size_bytes, blob) = (stored.size_bytes, Some(stored.blob));
    contact.raw = Some(Raw { size_bytes, inline: Bytes::new(), blob, ..described });
    fit(contact)
}

/// A channel that was taken over must not get at what others sent by naming their blobs.
fn holds_own_blobs(contact: &Contact, headers: &Headers) -> bool {
    let own = key_named(headers);
    let files = contact.attachments.iter().filter_map(|attachment| attachment.blob.as_ref());
    let raw = contact.raw.as_ref().and_then(|raw| raw.blob.as_ref());
    raw.into_iter().chain(files).all(|blob| key_of(blob).is_some_and(|key| Some(key) == own))
}

/// The data key of a blob.
fn key_of(blob: &BlobName) -> Option<KeyName> {
    KeyName::parse(blob.as_str().split_once('/')?.0)
}

/// The body of the message with the raw bytes inside; none when that is too large.
fn with_inline(contact: &mut Contact, described: &Raw, raw: &Bytes) -> Option<Vec<u8>> {
    if raw.len() > PLAIN_BYTES_MAX {
        return None;
    }
    let size_bytes = u32::try_from(raw.len()).unwrap_or(u32::MAX);
    contact.raw = Some(Raw { size_bytes, inline: raw.clone(), blob: None, ..described.clone() });
    Some(encode(contact)).filter(|plain| plain.len() <= PLAIN_BYTES_MAX)
}

fn encode(contact: &Contact) -> Vec<u8> {
    serde_json::to_vec(contact).expect("a contact is plain data and always becomes JSON")
}

/// Cuts what does not fit; the raw bytes lie in a blob already.
fn fit(mut contact: Contact) -> Result<Vec<u8>, PutError> {
    let body = encode(&contact);
    if body.len() <= PLAIN_BYTES_MAX {
        return Ok(body);
    }
    cut(&mut contact.text, PLAIN_BYTES_MAX / 8);
    contact.parse_status = ParseStatus::Partial;
    note(&mut contact, "the text is longer than a message may be and was cut");
    let body = encode(&contact);
    if body.len() <= PLAIN_BYTES_MAX {
        return Ok(body);
    }
    let subject_line = contact.subject.chars().take(500).collect();
    let mut bare = Contact {
        text: String::new(),
        subject: subject_line,
        reply_to: Vec::new(),
        recipients: Vec::new(),
        attachments: Vec::new(),
        fields: Vec::new(),
        thread: None,
        ..contact
    };
    note(&mut bare, "its parts are larger than a message may be and were left out");
    let body = encode(&bare);
    if body.len() <= PLAIN_BYTES_MAX {
        return Ok(body);
    }
    Err(PutError::TooLarge { what: format!("contact {}", bare.id), size: body.len(), limit: PLAIN_BYTES_MAX })
}

fn note(contact: &mut Contact, problem: &str) {
    if !contact.parse_problem.is_empty() {
        contact.parse_problem.push_str("; ");
    }
    contact.parse_problem.push_str(problem);
}

fn cut(text: &mut String, bytes_max: usize) {
    let end = text.floor_char_boundary(bytes_max);
    text.truncate(end);
}

/// Where JSON is broken, without its words.
pub(crate) fn position(error: &serde_json::Error) -> String {
    format!("{:?} at line {} column {}", error.classify(), error.line(), error.column())
}

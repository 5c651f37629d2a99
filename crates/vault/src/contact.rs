//! Contacts and the bytes they came as.
//!
//! The raw bytes travel inside the message while it fits into [`CONTACT_BYTES_MAX`]; then they move to a blob, written
//! and acknowledged before the message that names it. Text that still does not fit is cut, and says so: the raw
//! bytes are the record.

use bytes::Bytes;
use redress_bus::{Headers, Published};
use redress_contract::contact::Raw;
use redress_contract::subject::{self, name};
use redress_contract::{BlobName, Channel, Contact, ContactId, ParseStatus};

use crate::{OpenError, PutError, Vault};

/// Largest INTAKE message: raw bytes travel inside, the largest items move to blobs until it fits (DESIGN §4).
pub const CONTACT_BYTES_MAX: usize = 512 * 1024;

/// What a message's other parts may take up when the raw bytes stay inside.
const OTHER_PARTS: usize = 64 * 1024;

impl Vault {
    /// Stores a contact once. `raw` are the bytes as they came: they travel inside the message when they fit, in a
    /// blob otherwise (`contact.raw` must hold their media type and SHA-256; the rest is filled in here). `files` are
    /// attachments that do not lie in the raw bytes: pairs of index into `contact.attachments` and bytes.
    /// `new: false` when it was there before.
    ///
    /// # Errors
    /// [`PutError`]; putting it again is safe.
    pub async fn put_contact(
        &self,
        mut contact: Contact,
        raw: Bytes,
        files: Vec<(usize, Bytes)>,
        headers: Headers,
    ) -> Result<Published, PutError> {
        let subject = subject::intake(contact.channel, &contact.id);
        let needs_blobs = !files.is_empty() || base64_len(raw.len()) + OTHER_PARTS > CONTACT_BYTES_MAX;
        if needs_blobs && self.bus.last(name::INTAKE, &subject).await?.is_some() {
            // Known already: do not write its blobs a second time.
            return Ok(Published { seq: 0, new: false });
        }
        let attempt = attempt_name();
        let mut stored = 0;
        for (index, bytes) in files {
            let blob = self.put_blob(&attempt, &mut stored, bytes).await?;
            if let Some(attachment) = contact.attachments.get_mut(index) {
                attachment.blob = Some(blob);
            }
        }
        let size_bytes = u32::try_from(raw.len()).unwrap_or(u32::MAX);
        let described = contact.raw.take().unwrap_or_default();
        let body = if raw.len() + OTHER_PARTS <= CONTACT_BYTES_MAX {
            contact.raw = Some(Raw { size_bytes, inline: raw.clone(), blob: None, ..described.clone() });
            encode(&contact)
        } else {
            Bytes::new()
        };
        let body = if body.is_empty() || body.len() > CONTACT_BYTES_MAX {
            let blob = self.put_blob(&attempt, &mut stored, raw).await?;
            contact.raw = Some(Raw { size_bytes, inline: Bytes::new(), blob: Some(blob), ..described });
            fit(contact)?
        } else {
            body
        };
        Ok(self.bus.publish_once(&subject, headers, body).await?)
    }

    /// Reads a contact; none when there is no such contact (or it was erased).
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn contact(&self, channel: Channel, id: &ContactId) -> Result<Option<Contact>, OpenError> {
        let subject = subject::intake(channel, id);
        let Some(stored) = self.bus.last(name::INTAKE, &subject).await? else { return Ok(None) };
        if stored.body.is_empty() {
            return Ok(None);
        }
        self.open_contact(&stored.subject, &stored.headers, &stored.body).map(Some)
    }

    /// Opens the body of an INTAKE message.
    ///
    /// # Errors
    /// [`OpenError::Broken`] when it is not the contact its subject names.
    pub fn open_contact(&self, subject: &str, headers: &Headers, body: &[u8]) -> Result<Contact, OpenError> {
        let _ = headers;
        let broken = |problem: String| OpenError::Broken { what: subject.to_owned(), problem };
        let (channel, id) = subject::parse_intake(subject)
            .ok_or_else(|| broken("the subject names no contact".to_owned()))?;
        let contact: Contact = serde_json::from_slice(body).map_err(|e| broken(position(&e)))?;
        if contact.id != id || contact.channel != channel {
            return Err(broken("the message holds another contact".to_owned()));
        }
        Ok(contact)
    }

    /// The raw bytes of a contact, from the message or its blob.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn raw(&self, contact: &Contact) -> Result<Option<Bytes>, OpenError> {
        match &contact.raw {
            None => Ok(None),
            Some(raw) => match &raw.blob {
                Some(blob) => Ok(self.bus.blobs().get(blob.as_str()).await?),
                None => Ok(Some(raw.inline.clone())),
            },
        }
    }

    async fn put_blob(&self, attempt: &str, stored: &mut u32, bytes: Bytes) -> Result<BlobName, PutError> {
        let blob = BlobName::new(format!("{attempt}/{stored}"))
            .expect("hex digits, a slash and a number name a blob");
        *stored += 1;
        self.bus.blobs().put(blob.as_str(), bytes).await?;
        redress_runtime::fault::point("vault::blob_put");
        Ok(blob)
    }
}

/// A fresh name for what one attempt writes; what no contact names is swept.
fn attempt_name() -> String {
    let mut random = [0; 16];
    getrandom::fill(&mut random).expect("the operating system gives random bytes");
    data_encoding::HEXLOWER.encode(&random)
}

fn base64_len(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

fn encode(contact: &Contact) -> Bytes {
    serde_json::to_vec(contact).expect("a contact is plain data and always becomes JSON").into()
}

/// Cuts what does not fit; the raw bytes lie in a blob already.
fn fit(mut contact: Contact) -> Result<Bytes, PutError> {
    let body = encode(&contact);
    if body.len() <= CONTACT_BYTES_MAX {
        return Ok(body);
    }
    cut(&mut contact.text, CONTACT_BYTES_MAX / 8);
    contact.parse_status = ParseStatus::Partial;
    note(&mut contact, "the text is longer than a message may be and was cut");
    let body = encode(&contact);
    if body.len() <= CONTACT_BYTES_MAX {
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
    if body.len() <= CONTACT_BYTES_MAX {
        return Ok(body);
    }
    Err(PutError::TooLarge {
        what: format!("contact {}", bare.id),
        size: body.len(),
        limit: CONTACT_BYTES_MAX,
    })
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

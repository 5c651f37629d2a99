//! Contacts and the bytes they came as.

use bytes::Bytes;
use redress_bus::{Headers, Published};
use redress_contract::{Channel, Contact, ContactId};

use crate::{OpenError, PutError, Vault};

/// Largest INTAKE message: raw bytes travel inside, the largest items move to blobs until it fits (DESIGN §4).
pub const CONTACT_BYTES_MAX: usize = 512 * 1024;

impl Vault {
    /// Stores a contact once. `raw` are the bytes as they came: they travel inside the message when they fit, in a
    /// blob otherwise (`contact.raw` is filled in here, whatever it held). `files` are attachments that do not lie in
    /// the raw bytes: pairs of index into `contact.attachments` and bytes. `new: false` when it was there before.
    pub async fn put_contact(
        &self,
        contact: Contact,
        raw: Bytes,
        files: Vec<(usize, Bytes)>,
        headers: Headers,
    ) -> Result<Published, PutError> {
        let _ = (contact, raw, files, headers);
        todo!()
    }

    /// Reads a contact; none when there is no such contact (or it was erased).
    pub async fn contact(&self, channel: Channel, id: &ContactId) -> Result<Option<Contact>, OpenError> {
        let _ = (channel, id);
        todo!()
    }

    /// Opens the body of an INTAKE message.
    pub fn open_contact(&self, subject: &str, headers: &Headers, body: &[u8]) -> Result<Contact, OpenError> {
        let _ = (subject, headers, body);
        todo!()
    }

    /// The raw bytes of a contact, from the message or its blob.
    pub async fn raw(&self, contact: &Contact) -> Result<Option<Bytes>, OpenError> {
        let _ = contact;
        todo!()
    }
}

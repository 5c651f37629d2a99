//! Free text written inside.

use redress_bus::{Headers, Published};
use redress_contract::subject::{self, name};
use redress_contract::{ComplaintId, Content, ContentId};

use crate::contact::position;
use crate::data_keys::Readers;
use crate::message::Opened;
use crate::{OpenError, PutError, Vault};

impl Vault {
    /// Stores a text once.
    ///
    /// # Errors
    /// [`PutError`]; putting it again is safe.
    pub async fn put_content(&self, content: &Content) -> Result<Published, PutError> {
        let subject = subject::content(&content.complaint_id, &content.id);
        let plain = serde_json::to_vec(content).expect("a text is plain data and always becomes JSON");
        if plain.len() > crate::contact::PLAIN_BYTES_MAX {
            let limit = crate::contact::PLAIN_BYTES_MAX;
            return Err(PutError::TooLarge { what: "the text".to_owned(), size: plain.len(), limit });
        }
        let mut headers = Headers::new();
        let body = self.attempt(Readers::Vault).await?.seal(&subject, plain, &mut headers);
        Ok(self.bus.publish_once(&subject, headers, body).await?)
    }

    /// Reads a text; none when there is none (or it was erased).
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn content(
        &self,
        complaint: &ComplaintId,
        id: &ContentId,
    ) -> Result<Option<Content>, OpenError> {
        let subject = subject::content(complaint, id);
        let Some(stored) = self.bus.last(name::CONTENT, &subject).await? else { return Ok(None) };
        self.open_content(&stored.subject, &stored.headers, &stored.body).await
    }

    /// Opens the body of a CONTENT message; none when it was erased.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open_content(
        &self,
        subject: &str,
        headers: &Headers,
        body: &[u8],
    ) -> Result<Option<Content>, OpenError> {
        match self.unseal(name::CONTENT, subject, headers, body).await? {
            Opened::Erased => Ok(None),
            Opened::Plain(plain) => serde_json::from_slice(&plain)
                .map(Some)
                .map_err(|e| OpenError::Broken { what: subject.to_owned(), problem: position(&e) }),
        }
    }
}

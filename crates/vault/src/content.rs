//! Free text written inside.

use redress_bus::Published;
use redress_contract::subject::{self, name};
use redress_contract::{ComplaintId, Content, ContentId};

use crate::contact::position;
use crate::{OpenError, PutError, Vault};

impl Vault {
    /// Stores a text once.
    ///
    /// # Errors
    /// [`PutError`]; putting it again is safe.
    pub async fn put_content(&self, content: &Content) -> Result<Published, PutError> {
        let subject = subject::content(&content.complaint_id, &content.id);
        let body = serde_json::to_vec(content).expect("a text is plain data and always becomes JSON");
        if body.len() > crate::contact::CONTACT_BYTES_MAX {
            let limit = crate::contact::CONTACT_BYTES_MAX;
            return Err(PutError::TooLarge { what: "the text".to_owned(), size: body.len(), limit });
        }
        Ok(self.bus.publish_once(&subject, Vec::new(), body.into()).await?)
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
        if stored.body.is_empty() {
            return Ok(None);
        }
        let content = serde_json::from_slice(&stored.body);
        content.map(Some).map_err(|e| OpenError::Broken { what: subject, problem: position(&e) })
    }
}

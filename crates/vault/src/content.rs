//! Free text written inside.

use redress_bus::Published;
use redress_contract::{ComplaintId, Content, ContentId};

use crate::{OpenError, PutError, Vault};

impl Vault {
    /// Stores a text once.
    pub async fn put_content(&self, content: &Content) -> Result<Published, PutError> {
        let _ = content;
        todo!()
    }

    /// Reads a text.
    pub async fn content(&self, complaint: &ComplaintId, id: &ContentId) -> Result<Option<Content>, OpenError> {
        let _ = (complaint, id);
        todo!()
    }
}

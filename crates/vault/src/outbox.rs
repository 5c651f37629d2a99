//! Communications on their way out.

use redress_bus::{Headers, Published};
use redress_contract::{Communication, CommunicationId, Medium};

use crate::{OpenError, PutError, Vault};

impl Vault {
    /// Stores a communication once; a second planning of the same one finds the first, which stands.
    pub async fn put_communication(&self, communication: &Communication, headers: Headers) -> Result<Published, PutError> {
        let _ = (communication, headers);
        todo!()
    }

    /// Reads a communication.
    pub async fn communication(&self, medium: Medium, id: &CommunicationId) -> Result<Option<Communication>, OpenError> {
        let _ = (medium, id);
        todo!()
    }

    /// Opens the body of an OUTBOX message.
    pub fn open_communication(&self, subject: &str, headers: &Headers, body: &[u8]) -> Result<Communication, OpenError> {
        let _ = (subject, headers, body);
        todo!()
    }
}

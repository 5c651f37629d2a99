//! Communications on their way out.

use redress_bus::{Headers, Published};
use redress_contract::subject::{self, name};
use redress_contract::{Communication, CommunicationId, Medium};

use crate::contact::position;
use crate::{OpenError, PutError, Vault};

impl Vault {
    /// Stores a communication once; a second planning of the same one finds the first, which stands.
    ///
    /// # Errors
    /// [`PutError`]; putting it again is safe.
    pub async fn put_communication(
        &self,
        communication: &Communication,
        headers: Headers,
    ) -> Result<Published, PutError> {
        let subject = subject::outbox(communication.medium, &communication.id);
        let body =
            serde_json::to_vec(communication).expect("a communication is plain data and always becomes JSON");
        Ok(self.bus.publish_once(&subject, headers, body.into()).await?)
    }

    /// Reads a communication; none when there is none (or it was erased).
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn communication(
        &self,
        medium: Medium,
        id: &CommunicationId,
    ) -> Result<Option<Communication>, OpenError> {
        let subject = subject::outbox(medium, id);
        let Some(stored) = self.bus.last(name::OUTBOX, &subject).await? else { return Ok(None) };
        if stored.body.is_empty() {
            return Ok(None);
        }
        self.open_communication(&stored.subject, &stored.headers, &stored.body).map(Some)
    }

    /// Opens the body of an OUTBOX message.
    ///
    /// # Errors
    /// [`OpenError::Broken`] when it is no communication.
    pub fn open_communication(
        &self,
        subject: &str,
        headers: &Headers,
        body: &[u8],
    ) -> Result<Communication, OpenError> {
        let _ = headers;
        serde_json::from_slice(body)
            .map_err(|e| OpenError::Broken { what: subject.to_owned(), problem: position(&e) })
    }
}

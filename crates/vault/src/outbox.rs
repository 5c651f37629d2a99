//! Communications on their way out.

use redress_bus::{Headers, Published};
use redress_contract::subject::{self, name};
use redress_contract::{Communication, CommunicationId, Medium, Recipient};

use crate::contact::position;
use crate::data_keys::Readers;
use crate::message::Opened;
use crate::{OpenError, PutError, Vault};

impl Vault {
    /// Stores a communication once; a second planning of the same one finds the first, which stands. What goes to the
    /// complainant is sealed for the status page too, when that has a pair.
    ///
    /// # Errors
    /// [`PutError`]; putting it again is safe.
    pub async fn put_communication(
        &self,
        communication: &Communication,
        mut headers: Headers,
    ) -> Result<Published, PutError> {
        let subject = subject::outbox(communication.medium, &communication.id);
        let plain =
            serde_json::to_vec(communication).expect("a communication is plain data and always becomes JSON");
        let readers = match communication.recipient {
            Recipient::Complainant => Readers::VaultAndComplainant,
            _ => Readers::Vault,
        };
        let attempt = self.attempt(readers).await?;
        if let (Some(key), Some(_)) = (attempt.key(), &self.seals.opens) {
            // Most often this very process hands it on, in a moment.
            self.drawn.keep(key.name.clone(), key.clone());
        }
        let body = attempt.seal(&subject, plain, &mut headers);
        Ok(self.bus.publish_once(&subject, headers, body).await?)
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
        self.open_communication(&stored.subject, &stored.headers, &stored.body).await
    }

    /// Reads a communication for the status page, which may ask for a message by its subject and for nothing more; none
    /// when there is none, it was erased, or nobody has its data key.
    ///
    /// # Errors
    /// [`OpenError`]; `Locked` when it is sealed for others.
    pub async fn sent(
        &self,
        medium: Medium,
        id: &CommunicationId,
    ) -> Result<Option<Communication>, OpenError> {
        let subject = subject::outbox(medium, id);
        let Some(stored) = self.bus.last(name::OUTBOX, &subject).await? else { return Ok(None) };
        let Some(plain) = self.unseal_if_there(&stored).await? else { return Ok(None) };
        parsed(&subject, &plain).map(Some)
    }

    /// Opens the body of an OUTBOX message; none when it was erased.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open_communication(
        &self,
        subject: &str,
        headers: &Headers,
        body: &[u8],
    ) -> Result<Option<Communication>, OpenError> {
        match self.unseal(name::OUTBOX, subject, headers, body).await? {
            Opened::Erased => Ok(None),
            Opened::Plain(plain) => parsed(subject, &plain).map(Some),
        }
    }
}

fn parsed(subject: &str, plain: &[u8]) -> Result<Communication, OpenError> {
    let broken = |e| OpenError::Broken { what: subject.to_owned(), problem: position(&e) };
    serde_json::from_slice(plain).map_err(broken)
}

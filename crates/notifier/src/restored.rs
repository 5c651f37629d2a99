//! After a restore: what may have been sent before the broker was lost does not go out again by itself.
//!
//! A restore takes back our notes of what was sent since the backup, but not the messages. Whoever restores says when
//! the lost broker took its last message; what answers something from before that time, and is not noted as sent, was
//! perhaps sent. A second acknowledgement is a small harm, a second decision a larger one: a person looks.

use jiff::Timestamp;
use redress_bus::{Bus, KvError};
use redress_contract::CommunicationPurpose;
use redress_contract::subject::name;
use tracing::warn;

/// Its key in the bucket `limits`.
const KEY: &str = "restored";

/// Notes that a broker that took its last message at this time was restored. The notifier reads it when it starts.
///
/// # Errors
/// [`KvError`] when the broker does not take it.
pub async fn note(bus: &Bus, stopped_at: Timestamp) -> Result<(), KvError> {
    bus.kv(name::LIMITS).put(KEY, stopped_at.to_string().into()).await.map(drop)
}

/// When the broker that was lost took its last message; none when none was ever lost, or long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Restored(Option<Timestamp>);

impl Restored {
    pub(crate) async fn read(bus: &Bus) -> Result<Self, KvError> {
        let Some((value, _)) = bus.kv(name::LIMITS).get_at_leader(KEY).await? else { return Ok(Self(None)) };
        let stopped_at = std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok());
        if let Some(stopped_at) = stopped_at {
            warn!(
                "Restored: what answers something from before {stopped_at} and is not noted as sent is kept back"
            );
        }
        Ok(Self(stopped_at))
    }

    /// True for a message that a commit of this time calls for, in answer to what was received then.
    pub(crate) fn perhaps_sent(
        self,
        purpose: CommunicationPurpose,
        received_at: Timestamp,
        at: Timestamp,
    ) -> bool {
        // A mail that is read again is recorded anew; when it was received stays.
        let caused_at = if purpose == CommunicationPurpose::Acknowledgement { received_at } else { at };
        self.was_before(caused_at)
    }

    /// True for a time before the broker was lost.
    pub(crate) fn was_before(self, at: Timestamp) -> bool {
        self.0.is_some_and(|stopped_at| at < stopped_at)
    }
}

//! Outcomes noted of tries: how often a message was given back in an orderly way and since when, and how often it was
//! begun without coming to an outcome.

use jiff::Timestamp;
use redress_contract::subject::name;
use serde::{Deserialize, Serialize};

use crate::{Bus, KvError};

/// What is noted of one message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempts {
    /// Deliveries that ended with a noted outcome.
    pub(super) noted: u64,
    /// Deliveries handled by themselves that were begun and have no outcome (yet): the process died, hung or panicked.
    #[serde(default)]
    pub(super) begun: u64,
    /// When the first of them ended.
    pub(super) first_at: Option<Timestamp>,
}

impl Bus {
    pub(super) async fn attempts(&self, consumer: &str, seq: u64) -> Result<Attempts, KvError> {
        let found = self.kv(name::ATTEMPTS).get(&key(consumer, seq)).await?;
        Ok(found.and_then(|(value, _)| serde_json::from_slice(&value).ok()).unwrap_or_default())
    }

    pub(super) async fn note_attempts(
        &self,
        consumer: &str,
        seq: u64,
        attempts: Attempts,
    ) -> Result<(), KvError> {
        let value = serde_json::to_vec(&attempts).expect("numbers and a time always become JSON");
        self.kv(name::ATTEMPTS).put(&key(consumer, seq), value.into()).await?;
        Ok(())
    }

    pub(super) async fn forget_attempts(&self, consumer: &str, seq: u64) -> Result<(), KvError> {
        self.kv(name::ATTEMPTS).delete(&key(consumer, seq)).await
    }
}

fn key(consumer: &str, seq: u64) -> String {
    format!("{consumer}.{seq}")
}

//! Ids: one type per kind of thing, always strings, always safe as one subject token and as a key.
//!
//! `redress-identity` derives them; this module only says what they look like. An id is 1–64 characters of
//! `A-Z a-z 0-9 - _`, so it may stand in a NATS subject, a KV key and a URL without escaping.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// A text that cannot be an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{kind} must be 1 to {max} characters of A-Z a-z 0-9 - _, but is {length} characters or holds others"
)]
pub struct IdError {
    kind: &'static str,
    max: usize,
    length: usize,
}

fn check(kind: &'static str, max: usize, extra: &str, text: &str) -> Result<(), IdError> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || extra.contains(c);
    if (1..=max).contains(&text.len()) && text.chars().all(good) {
        return Ok(());
    }
    Err(IdError { kind, max, length: text.len() })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $max:literal, $extra:literal) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes a text for an id of this kind.
            ///
            /// # Errors
            /// [`IdError`] when it is empty, too long or holds other characters than an id may.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check(stringify!($name), $max, $extra, &text)?;
                Ok(Self(text))
            }

            /// The id as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// True for the id of a message that named none (an absent field).
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                // An absent proto3 field reads as empty; anything else must be an id.
                if text.is_empty() { Ok(Self(text)) } else { Self::new(text).map_err(D::Error::custom) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
    };
}

id!(/// One inbound message or act. Last token of its INTAKE subject.
    ContactId, 64, "");
id!(/// One complaint: the case. Last token of its COMPLAINTS subject.
    ComplaintId, 64, "");
id!(/// One outbound message.
    CommunicationId, 64, "");
id!(/// One piece of free text written inside (a note, the reasons of a decision).
    ContentId, 64, "");
id!(/// One event: the complaint and the event's number in it, `<complaint>.<seq>`.
    EventId, 80, ".");
id!(/// A team, as the settings name it.
    TeamId, 64, "");
id!(/// A member of staff or a service, opaque: never a name or an address.
    HandlerId, 64, "");
id!(/// A policy, as the settings name it.
    PolicyId, 64, "");
id!(/// One clock of one complaint: `<policy>` or `<policy>-<n>` when a policy started again.
    ClockId, 64, "");
id!(/// A milestone of a policy, such as `acknowledge` or `final_response`.
    MilestoneId, 64, "");
id!(/// An object in the bucket `blobs`: `<data key name>/<n>`.
    BlobName, 96, "/");
id!(/// What a person reads out on the phone: `RD-4F7K-2QMX`.
    Reference, 24, "");

impl EventId {
    /// The id of the event number `seq` (from 1) of a complaint.
    pub fn of(complaint: &ComplaintId, seq: u32) -> Self {
        Self(format!("{complaint}.{seq}"))
    }
}

//! The words that cross the wire: contacts, complaint events, ids, subjects.
//!
//! Every service speaks these types and no other. `proto/` publishes the same words for other languages;
//! `tests/agrees_with_proto.rs` keeps the two equal. The wire is proto3 JSON: camelCase keys, `CHANNEL_EMAIL`
//! enum values, RFC 3339 times in UTC, no 64-bit integers. Readers ignore unknown fields, read an unknown enum
//! value as `Unspecified` and keep an unknown event as [`Event::Unknown`].
//!
//! Reading order: [`id`], [`words`] (enums used everywhere), [`border`] (strangers' text, made safe), [`contact`], [`event`], [`commit`], [`cloud_event`],
//! [`communication`], [`content`], [`timer`], [`dead`], [`subject`].
//!
//! No I/O, no clock, no randomness.

pub mod border;
pub mod cloud_event;
pub mod commit;
pub mod communication;
pub mod contact;
pub mod content;
pub mod dead;
pub mod event;
pub mod id;
pub mod subject;
pub mod timer;
pub mod words;

mod bytes64;

pub use border::{FileName, HeaderText};
pub use cloud_event::CloudEvent;
pub use commit::{Actor, Cause, Commit, CommitEvent, CommitText, EventText, StateCache};
pub use communication::Communication;
pub use contact::Contact;
pub use content::Content;
pub use dead::DeadLetter;
pub use event::Event;
pub use id::{
    BlobName, ClockId, CommunicationId, ComplaintId, ContactId, ContentId, EventId, HandlerId, MilestoneId,
    PolicyId, Reference, TeamId,
};
pub use timer::TimerDue;
pub use words::{
    Act, ActorRole, AddressKind, CallDirection, CallState, Channel, Class, CloseReason, CommunicationPurpose,
    Disposition, Hold, MachineKind, Medium, Outcome, ParseStatus, PartyStanding, PostChange, PostKind,
    Recipient, ScanState, Severity, Stage, StopReason, SuppressReason, TextRole, Verdict, VerdictMethod,
    Visibility,
};

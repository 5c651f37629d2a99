//! The web channel under what the public does to it: `web` as a process of its own on a real broker, and senders who
//! repeat themselves, hear half an answer, come by the thousand, send too much or too slowly.

pub(crate) mod cut_answers;
mod house;
pub(crate) mod idempotency;
pub(crate) mod kills;
pub(crate) mod large_upload;
mod once;
pub(crate) mod overload;

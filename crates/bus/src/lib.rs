//! Streams, consumers, blobs and publishing on NATS JetStream. The only crate that knows NATS.
//!
//! In: subjects and bytes. Out: proof that the broker has them. Every promise of the system rests on three acts:
//! [`Bus::publish_once`] (one message per subject, ever), [`Bus::append`] (next in line on a subject, or a conflict)
//! and [`consume`](Bus::consume) (each message handled until its outcome is noted, or kept as a dead letter).
//! A time-out is never taken for a failure: the same message with the same expectation is published again, and a
//! conflict is compared with what was meant.
//!
//! Reading order: [`config`], [`layout`] (what must be there), [`provision`] (making it so), [`users`] (who may do
//! what), [`publish`], [`append_stream`], [`read`], [`scan`], [`kv`], [`blobs`], [`consume`], [`failure`], [`dead`],
//! [`lease`], [`snapshot`] (copies of whole streams), [`server`] (how the broker itself is started).

pub mod append_stream;
pub mod blobs;
pub mod config;
pub mod consume;
pub mod dead;
pub mod failure;
pub mod kv;
pub mod layout;
pub mod lease;
pub mod provision;
pub mod publish;
pub mod read;
pub mod scan;
pub mod server;
pub mod snapshot;
pub mod users;

mod connect;
mod denied;

pub use blobs::{Blobs, WriteError};
pub use config::Config;
pub use connect::{Bus, ConnectError};
pub use consume::{Consumer, Delivery};
pub use denied::Denied;
pub use failure::Failure;
pub use kv::{Created, Kv, KvError};
pub use lease::Lease;
pub use provision::PrepareError;
pub use publish::{AppendError, Headers, PublishError, Published};
pub use read::{ReadError, Stored};

//! Each event, published to the world as one `CloudEvent`, in order, once.
//!
//! In: the commits of COMPLAINTS. Out: EVENTS, one message per event. The last message of EVENTS says where to go on,
//! and the broker takes only what follows right after it, so it does not matter how many replicas run, nor when they
//! are killed.
//!
//! Reading order: [`config`], [`derive`](mod@derive) (pure: commit to events), [`position`] (where a message of EVENTS
//! stands in the log), [`publish`] (the one loop), [`read`](mod@read) (all events from any point on, for tools).

pub mod config;
pub mod derive;
pub mod position;
pub mod publish;
pub mod read;

use redress_bus::{AppendError, KvError, ReadError};
use redress_ledger::{Ledger, LoadError};
use redress_runtime::{Clock, Health, Shutdown};

pub use config::{Config, Settings};
pub use derive::derive;
pub use position::Position;
pub use read::{Start, Until, read};

/// What the feed needs of its surroundings.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The log.
    pub ledger: Ledger,
    /// The time.
    pub clock: Clock,
    /// Where to report health.
    pub health: Health,
}

/// What kept the feed from going on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The broker did not answer.
    #[error("read for the feed")]
    Read(#[from] ReadError),
    /// A commit cannot be read.
    #[error("read a commit for the feed")]
    Load(#[from] LoadError),
    /// The broker did not take an event.
    #[error("publish an event")]
    Append(#[from] AppendError),
    /// The cursor cannot be read or written.
    #[error("keep the feed's cursor")]
    Cursor(#[from] KvError),
    /// The log ended although it has no end.
    #[error("follow the log: it broke off")]
    BrokeOff,
    /// EVENTS knows commits that the log does not.
    #[error(
        "go on after commit {commit_seq}: the log ends at {log_seq}, so it lost commits that were published"
    )]
    Ahead {
        /// The last commit that was published.
        commit_seq: u64,
        /// The last commit of the log.
        log_seq: u64,
    },
    /// The last message of EVENTS was not written by a feed.
    #[error("find where the feed ended: message {seq} of EVENTS does not say which commit it is from")]
    Foreign {
        /// Its sequence.
        seq: u64,
    },
}

/// Publishes events until asked to stop. A broker that is away is waited for.
///
/// # Errors
/// None today; services answer alike.
pub async fn run(config: Config, deps: Deps, shutdown: Shutdown) -> Result<(), Error> {
    publish::run(config, deps, shutdown).await;
    Ok(())
}

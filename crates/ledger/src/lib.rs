//! The log of complaint commits: load, decide, append. The only writer of COMPLAINTS.
//!
//! In: a command for a complaint. Out: the events it wrote, or the refusal. One command is one message: its events,
//! the state after them, the hash of the message before.
//!
//! Reading order: [`round`] (pure: what one round decides), [`execute`], [`load`], [`history`] (all commits of one
//! complaint, all complaints), [`verify`] (the hash chain), [`erase`] (what belongs to a party or a complaint, made
//! unreadable).

pub mod erase;
pub mod execute;
pub mod history;
pub mod load;
pub mod round;
pub mod verify;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use redress_contract::ComplaintId;
use redress_domain::Rules;
use redress_runtime::{Clock, recent::Recent};
use redress_vault::Vault;

pub use execute::{ExecuteError, Executed};
pub use load::{LoadError, Loaded};
pub use round::{Prepared, Round, Wish};

/// The log, as one service sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledger {
    vault: Vault,
    rules: Arc<Rules>,
    clock: Clock,
    recent: Arc<Recent<ComplaintId, Loaded>>,
}

/// How many complaints are remembered as they were last seen, and for how long.
const RECENT_MAX: usize = 2048;
const RECENT_LIVES: Duration = Duration::from_secs(5);

impl Ledger {
    /// The log behind this vault's broker, decided by these rules at this clock's time.
    pub fn new(vault: Vault, rules: Arc<Rules>, clock: Clock) -> Self {
        let recent = Arc::new(Recent::new(RECENT_MAX, RECENT_LIVES));
        Self { vault, rules, clock, recent }
    }

    /// The door to personal content.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The same log, decided at this very time, whatever the clock does meanwhile.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        Self { clock: Clock::manual(now), ..self.clone() }
    }
}

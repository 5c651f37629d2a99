//! May this communication go out now? Asked when planning and again just before delivery (DESIGN §9).

use jiff::{SignedDuration, Timestamp};
use redress_contract::{CommunicationPurpose, MachineKind, Recipient, SuppressReason};

/// What the guards look at.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// What it is for.
    pub purpose: CommunicationPurpose,
    /// To which role.
    pub recipient: Recipient,
    /// Machine mark of the contact it answers.
    pub machine: MachineKind,
    /// False when there is nothing to send to.
    pub has_address: bool,
    /// True when the address is one of our own accounts.
    pub to_own_address: bool,
    /// True when the channel vouched for the address.
    pub authenticated: bool,
    /// When the contact it answers reached us, and when we wrote it down.
    pub received_at: Timestamp,
    /// See `received_at`.
    pub recorded_at: Timestamp,
    /// True when a person released it after it was kept back.
    pub released: bool,
    /// When automatic messages went to this address lately (any order).
    pub recently: Vec<Timestamp>,
}

/// The limits the guards keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardLimits {
    /// Automatic messages to one authenticated address an hour.
    pub authenticated_per_hour: u32,
    /// … and a day.
    pub authenticated_per_day: u32,
    /// Automatic messages to one address nobody vouches for, an hour.
    pub anonymous_per_hour: u32,
    /// … and a day.
    pub anonymous_per_day: u32,
    /// Older than this when recorded: a person releases the acknowledgement first.
    pub stale_after: SignedDuration,
    /// `[outbound] mode = "hold"`: nothing goes out to complainants.
    pub hold_all: bool,
}

impl Default for GuardLimits {
    fn default() -> Self {
        Self {
            authenticated_per_hour: 4,
            authenticated_per_day: 10,
            anonymous_per_hour: 2,
            anonymous_per_day: 5,
            stale_after: SignedDuration::from_hours(72),
            hold_all: false,
        }
    }
}

/// The guards' answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may go out now.
    Go,
    /// Never, or not until a person releases it.
    Suppress(SuppressReason),
    /// Too many lately: not before this time, gathered with what else waits.
    NotBefore(Timestamp),
}

/// The one function that says whether a communication may go out now.
pub fn may_go_out(outgoing: &Outgoing, limits: &GuardLimits, now: Timestamp) -> Verdict {
    let _ = (outgoing, limits, now);
    todo!("may_go_out")
}

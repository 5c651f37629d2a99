//! May this communication go out now? Asked when planning and again just before delivery (DESIGN §9).

use jiff::{SignedDuration, Timestamp};
use redress_contract::{CommunicationPurpose, MachineKind, Recipient, SuppressReason};

use crate::deadline::after;

/// What the guards look at.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "five facts that are independent of each other")]
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
    /// True when it may have gone out before a restore took back the note of it.
    pub perhaps_sent: bool,
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
    if !outgoing.has_address {
        return Verdict::Suppress(SuppressReason::NoAddress);
    }
    if outgoing.to_own_address {
        return Verdict::Suppress(SuppressReason::OwnAddress);
    }
    if outgoing.recipient != Recipient::Complainant {
        return Verdict::Go;
    }
    if !outgoing.machine.is_unspecified() {
        return Verdict::Suppress(SuppressReason::Machine);
    }
    if limits.hold_all {
        return Verdict::Suppress(SuppressReason::HoldMode);
    }
    if outgoing.perhaps_sent && !outgoing.released {
        return Verdict::Suppress(SuppressReason::PerhapsSent);
    }
    if is_stale(outgoing, limits) {
        return Verdict::Suppress(SuppressReason::ReceivedLongAgo);
    }
    // A person decided that a final response goes out; no flood of mail delays it.
    if outgoing.purpose == CommunicationPurpose::FinalResponse {
        return Verdict::Go;
    }
    free_at(outgoing, limits, now).map_or(Verdict::Go, Verdict::NotBefore)
}

/// Nobody wants 40,000 acknowledgements of an old mailbox.
fn is_stale(outgoing: &Outgoing, limits: &GuardLimits) -> bool {
    outgoing.purpose == CommunicationPurpose::Acknowledgement
        && !outgoing.released
        && outgoing.recorded_at.duration_since(outgoing.received_at) > limits.stale_after
}

/// When both windows have room again; none when they have room now.
fn free_at(outgoing: &Outgoing, limits: &GuardLimits, now: Timestamp) -> Option<Timestamp> {
    let (per_hour, per_day) = if outgoing.authenticated {
        (limits.authenticated_per_hour, limits.authenticated_per_day)
    } else {
        (limits.anonymous_per_hour, limits.anonymous_per_day)
    };
    let mut newest_first = outgoing.recently.clone();
    newest_first.sort_unstable_by(|a, b| b.cmp(a));
    let hour = window_frees(&newest_first, per_hour, SignedDuration::from_hours(1), now);
    let day = window_frees(&newest_first, per_day, SignedDuration::from_hours(24), now);
    hour.max(day)
}

fn window_frees(
    newest_first: &[Timestamp],
    limit: u32,
    window: SignedDuration,
    now: Timestamp,
) -> Option<Timestamp> {
    let Some(index) = usize::try_from(limit).unwrap_or(usize::MAX).checked_sub(1) else {
        // None are allowed; ask again when settings may have changed.
        return Some(after(now, window));
    };
    let oldest_that_counts = newest_first.get(index)?;
    let frees = after(*oldest_that_counts, window);
    (frees > now).then_some(frees)
}

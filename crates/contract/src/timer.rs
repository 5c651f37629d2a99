//! The body of a timer: which milestone wants looking at. A hint, judged against the complaint as it is then.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{ClockId, ComplaintId, MilestoneId};

/// Body of a `timer.due.>` message (proto `redress.complaint.v1.TimerDue`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TimerDue {
    /// The complaint to look at.
    pub complaint_id: ComplaintId,
    /// Its clock.
    pub clock: ClockId,
    /// The milestone whose next rung this is.
    pub milestone: MilestoneId,
    /// Generation of the milestone the timer was set for; another one makes it stale.
    pub generation: u32,
    /// When it was to fire.
    pub due_at: Timestamp,
}

//! What events make of the times during which a complaint waits.

use jiff::Timestamp;
use redress_contract::Hold;

use crate::complaint::{Complaint, HoldPeriod};

pub(super) fn began(complaint: &mut Complaint, at: Timestamp, hold: Hold) {
    ended(complaint, at);
    complaint.holds.push(HoldPeriod { hold, from: at, to: None });
}

pub(super) fn ended(complaint: &mut Complaint, at: Timestamp) {
    if let Some(last) = complaint.holds.last_mut().filter(|last| last.to.is_none()) {
        last.to = Some(at);
    }
}

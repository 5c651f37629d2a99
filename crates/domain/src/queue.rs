//! The order of urgency, one function used everywhere: safety, nearest regulator deadline, severity, nearest
//! internal deadline, received_at.

use std::cmp::Ordering;

use crate::{Complaint, Rules};

/// Orders two open complaints, the more urgent first.
pub fn by_urgency(rules: &Rules, left: &Complaint, right: &Complaint) -> Ordering {
    let _ = (rules, left, right);
    todo!("by_urgency")
}

//! The order of urgency, one function used everywhere: safety, nearest regulator deadline, severity, nearest
//! internal deadline, `received_at`.

use std::cmp::Ordering;

use jiff::Timestamp;
use redress_contract::{ComplaintId, Severity};

use crate::{Complaint, Rules};

/// Orders two open complaints, the more urgent first.
pub fn by_urgency(rules: &Rules, left: &Complaint, right: &Complaint) -> Ordering {
    urgency(rules, left).cmp(&urgency(rules, right))
}

/// What complaints are ordered by; the smallest is the most urgent. Take it once per complaint to sort many.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency<'a> {
    /// False for harm, which comes first.
    harmless: bool,
    regulator_due: Timestamp,
    severity: Severity,
    internal_due: Timestamp,
    received_at: Timestamp,
    /// Makes the order total.
    id: &'a ComplaintId,
}

/// How urgent a complaint is.
pub fn urgency<'a>(rules: &Rules, complaint: &'a Complaint) -> Urgency<'a> {
    // Without a deadline it waits behind those that have one.
    let (mut regulator_due, mut internal_due) = (Timestamp::MAX, Timestamp::MAX);
    for clock in complaint.running_clocks() {
        // While its time stands still nothing comes nearer.
        let owed = clock.milestones.iter().filter(|it| it.met_at.is_none() && !it.paused);
        let Some(due) = owed.map(|milestone| milestone.due_at).min() else { continue };
        let nearest = if rules.is_regulator(clock) { &mut regulator_due } else { &mut internal_due };
        *nearest = due.min(*nearest);
    }
    Urgency {
        harmless: complaint.severity != Severity::S1,
        regulator_due,
        severity: complaint.severity,
        internal_due,
        received_at: complaint.received_at,
        id: &complaint.id,
    }
}

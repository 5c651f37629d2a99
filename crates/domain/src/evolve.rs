//! What an event makes of a complaint. Never fails: what the log holds has happened.

use jiff::Timestamp;
use redress_contract::event::{
    Accepted, Assigned, Classified, Closed, ContactLinked, Decided, ErasureCompleted, Registered, Released,
};
use redress_contract::{CommitEvent, Disposition, Event, Hold, Severity};

use crate::command::Erasing;
use crate::complaint::{Complaint, LinkedContact, Status};

mod clocks;
mod deliveries;
mod holds;

/// The state after one more event with its number; `None` stays `None` until `Registered`.
/// `at` is when the event was recorded.
pub fn evolve(state: Option<Complaint>, seq: u32, at: Timestamp, event: &Event) -> Option<Complaint> {
    let mut complaint = match (state, event) {
        (Some(complaint), _) => complaint,
        (None, Event::Registered(registered)) => open(registered),
        (None, _) => return None,
    };
    complaint.seq = seq;
    apply(&mut complaint, at, event);
    Some(complaint)
}

/// The state after a whole history.
pub fn replay<'a>(events: impl IntoIterator<Item = &'a CommitEvent>) -> Option<Complaint> {
    events.into_iter().fold(None, |state, e| evolve(state, e.seq, e.occurred_at, &e.event))
}

fn open(registered: &Registered) -> Complaint {
    Complaint {
        id: registered.complaint_id.clone(),
        reference: registered.reference.clone(),
        seq: 0,
        contact_id: registered.contact_id.clone(),
        channel: registered.channel,
        account: registered.account.clone(),
        received_at: registered.received_at,
        recorded_at: registered.recorded_at,
        language: registered.language.clone(),
        status: Status::Registered,
        stage: registered.stage,
        class: registered.class,
        hold: Hold::Unspecified,
        disposition: Disposition::Unspecified,
        category: String::new(),
        product: String::new(),
        severity: Severity::Unspecified,
        jurisdiction: String::new(),
        needs: Vec::new(),
        team: None,
        handler: None,
        contacts: Vec::new(),
        communications: Vec::new(),
        clocks: Vec::new(),
        holds: Vec::new(),
        withdrawal_requested_at: None,
        review_requested_at: None,
        erasing: Vec::new(),
        erased_at: None,
    }
}

fn apply(complaint: &mut Complaint, at: Timestamp, event: &Event) {
    match event {
        Event::ContactLinked(e) => complaint.contacts.push(linked(at, e)),
        Event::Classified(e) => classified(complaint, e),
        Event::Assigned(e) => assigned(complaint, e),
        Event::Accepted(e) => accepted(complaint, e),
        Event::Held(e) => {
            complaint.hold = e.hold;
            holds::began(complaint, at, e.hold);
        }
        Event::Released(e) => released(complaint, at, e),
        Event::Decided(e) => {
            complaint.status = decided(at, e);
            complaint.review_requested_at = None;
        }
        Event::Closed(e) => closed(complaint, at, e),
        Event::Reopened(_) => {
            complaint.status = Status::InAssessment;
            complaint.withdrawal_requested_at = None;
        }
        Event::ReviewRequested(_) => {
            complaint.review_requested_at = Some(at);
            complaint.stage = complaint.stage_of_review();
        }
        Event::WithdrawalRequested(_) => complaint.withdrawal_requested_at = Some(at),
        Event::ErasureRequested(e) => complaint.erasing.push(erasing(&e.reason, &e.party)),
        Event::ErasureCompleted(e) => erased(complaint, at, e),
        Event::CommunicationQueued(e) => deliveries::queued(complaint, at, e),
        Event::CommunicationAccepted(e) => deliveries::accepted(complaint, at, e),
        Event::CommunicationBounced(e) => deliveries::bounced(complaint, at, e),
        Event::CommunicationFailed(e) => deliveries::failed(complaint, at, e),
        Event::CommunicationSuppressed(e) => deliveries::suppressed(complaint, at, e),
        Event::ClockStarted(e) => complaint.clocks.push(clocks::started(e)),
        Event::ClockStopped(e) => clocks::stopped(complaint, e),
        Event::MilestoneSet(e) => clocks::set(complaint, e),
        Event::MilestoneMet(e) => clocks::met(complaint, e),
        Event::MilestoneBreached(e) => clocks::breached(complaint, e),
        Event::MilestoneReopened(e) => clocks::reopened(complaint, at, e),
        Event::DeadlineChanged(e) => clocks::changed(complaint, at, e),
        Event::ExtensionRequested(e) => clocks::extension_requested(complaint, e),
        Event::ExtensionGranted(e) => clocks::extended(complaint, e),
        Event::WarningReached(e) => clocks::warned(complaint, e),
        Event::Escalated(e) => clocks::escalated(complaint, e),
        Event::EscalationAcknowledged(e) => clocks::acknowledged(complaint, e),
        // Nothing of these is needed to decide.
        Event::Registered(_) | Event::NoteAdded(_) | Event::Unknown { .. } => {}
    }
}

fn linked(at: Timestamp, e: &ContactLinked) -> LinkedContact {
    LinkedContact {
        id: e.contact_id.clone(),
        channel: e.channel,
        account: e.account.clone(),
        received_at: e.received_at,
        linked_at: at,
        standing: e.standing,
        party: e.party.clone(),
        machine: e.machine,
    }
}

fn classified(complaint: &mut Complaint, e: &Classified) {
    complaint.disposition = e.disposition;
    complaint.category.clone_from(&e.category);
    complaint.product.clone_from(&e.product);
    complaint.severity = e.severity;
    complaint.jurisdiction.clone_from(&e.jurisdiction);
    complaint.needs.clone_from(&e.needs);
}

fn assigned(complaint: &mut Complaint, e: &Assigned) {
    complaint.team = Some(e.team.clone());
    complaint.handler.clone_from(&e.handler);
}

fn accepted(complaint: &mut Complaint, e: &Accepted) {
    complaint.handler = Some(e.handler.clone());
    if complaint.status == Status::Registered {
        complaint.status = Status::InAssessment;
    }
}

fn released(complaint: &mut Complaint, at: Timestamp, e: &Released) {
    if !e.hold.is_unspecified() {
        complaint.hold = Hold::Unspecified;
        holds::ended(complaint, at);
    }
    deliveries::released(complaint, at, e);
}

fn decided(at: Timestamp, e: &Decided) -> Status {
    Status::Decided { at, outcome: e.outcome, remedy: e.remedy.clone(), handler: e.handler.clone() }
}

fn erasing(reason: &str, party: &str) -> Erasing {
    Erasing { reason: reason.to_owned(), party: party.to_owned() }
}

fn erased(complaint: &mut Complaint, at: Timestamp, e: &ErasureCompleted) {
    let done = erasing(&e.reason, &e.party);
    complaint.erasing.retain(|other| *other != done);
    if e.party.is_empty() {
        complaint.erased_at = Some(at);
    }
}

fn closed(complaint: &mut Complaint, at: Timestamp, e: &Closed) {
    complaint.status = Status::Closed { at, reason: e.reason };
    complaint.hold = Hold::Unspecified;
    holds::ended(complaint, at);
    complaint.withdrawal_requested_at = None;
    complaint.review_requested_at = None;
}

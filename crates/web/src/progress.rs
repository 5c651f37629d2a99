//! Pure: where a complaint stands, in the words of the person who made it. Nothing here comes from inside: no notes, no
//! handlers, no outcome before it was told.

use jiff::Timestamp;
use redress_contract::{
    Act, CloseReason, CommunicationPurpose, Hold, MilestoneId, PartyStanding, Recipient, TeamId,
};
use redress_domain::{Complaint, DeliveryStatus, Status};

/// What the status page says. Words are names of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Where it stands now.
    pub(crate) now: &'static str,
    /// Who deals with it.
    pub(crate) team: Option<TeamId>,
    /// What is owed next, the nearest first.
    pub(crate) expected: Vec<Expected>,
    /// What happened so far, the oldest first.
    pub(crate) steps: Vec<Step>,
    /// True until it is closed.
    pub(crate) is_open: bool,
    /// What they may do now, beside adding something.
    pub(crate) acts: Vec<Act>,
    /// True when somebody looks at it before it is closed, although they take it back.
    pub(crate) outlives_withdrawal: bool,
}

/// Something owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) what: &'static str,
    pub(crate) due_at: Timestamp,
    /// True when that is over.
    pub(crate) is_late: bool,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) what: &'static str,
    pub(crate) at: Timestamp,
}

/// Where a complaint stands at this time.
pub(crate) fn progress(complaint: &Complaint, now: Timestamp) -> Progress {
    Progress {
        now: stands(complaint),
        team: complaint.team.clone(),
        expected: expected(complaint, now),
        steps: steps(complaint),
        is_open: complaint.is_open(),
        acts: acts(complaint),
        outlives_withdrawal: complaint.outlives_withdrawal(),
    }
}

fn acts(complaint: &Complaint) -> Vec<Act> {
    let withdraw = complaint.may_be_withdrawn().then_some(Act::Withdraw);
    withdraw.into_iter().chain(complaint.may_be_reviewed().then_some(Act::RequestReview)).collect()
}

fn stands(complaint: &Complaint) -> &'static str {
    match (&complaint.status, complaint.hold) {
        (Status::Closed { reason, .. }, _) => match reason {
            CloseReason::Decided if was_told(complaint) => "now-closed-decided",
            CloseReason::Withdrawn => "now-closed-withdrawn",
            CloseReason::Duplicate => "now-closed-duplicate",
            CloseReason::NotAComplaint => "now-closed-not-a-complaint",
            CloseReason::Referred => "now-closed-referred",
            CloseReason::NoContact => "now-closed-no-contact",
            CloseReason::Decided | CloseReason::Unspecified => "now-closed",
        },
        _ if complaint.withdrawal_requested_at.is_some() => "now-withdrawal",
        (_, Hold::AwaitingComplainant) => "now-awaiting-you",
        (_, Hold::AwaitingThirdParty | Hold::AwaitingRegulator | Hold::LegalStay) => "now-held",
        (Status::Registered, _) => "now-registered",
        (Status::InAssessment | Status::InInvestigation, _) if complaint.review_requested_at.is_some() => {
            "now-under-review"
        }
        (Status::InAssessment, _) => "now-in-assessment",
        (Status::InInvestigation, _) => "now-in-investigation",
        (Status::ResponseProposed, _) => "now-response-proposed",
        (Status::Decided { .. }, _) => "now-decided",
    }
}

/// True while nothing says that the decision did not arrive.
fn was_told(complaint: &Complaint) -> bool {
    complaint.communications.iter().any(|told| {
        told.recipient == Recipient::Complainant
            && told.purpose == CommunicationPurpose::FinalResponse
            && told.status == DeliveryStatus::Accepted
    })
}

/// How a complainant is told of a milestone; none when it is not theirs to watch.
pub(crate) fn owed(milestone: &MilestoneId) -> Option<&'static str> {
    match milestone.as_str() {
        "acknowledge" => Some("due-acknowledge"),
        "final_response" => Some("due-final-response"),
        "review_reply" => Some("due-review-reply"),
        _ => None,
    }
}

/// What the complainant waits for; what the house owes itself (triage) is not theirs to watch.
fn expected(complaint: &Complaint, now: Timestamp) -> Vec<Expected> {
    let mut expected: Vec<Expected> = Vec::new();
    for (_, milestone) in complaint.pending().into_iter().filter(|(_, milestone)| !milestone.paused) {
        let Some(what) = owed(&milestone.id) else { continue };
        if expected.iter().all(|other| other.what != what) {
            expected.push(Expected { what, due_at: milestone.due_at, is_late: milestone.due_at < now });
        }
    }
    expected
}

fn steps(complaint: &Complaint) -> Vec<Step> {
    let step = |what, at| Step { what, at };
    let theirs = complaint.contacts.iter().filter(|contact| contact.standing == PartyStanding::Party);
    let more = theirs.filter(|contact| contact.id != complaint.contact_id);
    let to_them = complaint.communications.iter().filter(|told| told.recipient == Recipient::Complainant);
    let told = to_them.filter_map(|told| Some(step(told_what(told.purpose, &told.status)?, told.at)));
    let ended = match complaint.status {
        Status::Decided { at, .. } => Some(step("step-decided", at)),
        Status::Closed { at, .. } => Some(step("step-closed", at)),
        _ => None,
    };
    let mut steps = vec![step("step-received", complaint.received_at)];
    steps.extend(more.map(|contact| step("step-added", contact.received_at)));
    steps.extend(told);
    steps.extend(complaint.withdrawal_requested_at.map(|at| step("step-withdrawal", at)));
    steps.extend(complaint.review_requested_at.map(|at| step("step-review", at)));
    steps.extend(ended);
    steps.sort_by_key(|step| step.at);
    steps
}

fn told_what(purpose: CommunicationPurpose, status: &DeliveryStatus) -> Option<&'static str> {
    match status {
        DeliveryStatus::Bounced | DeliveryStatus::Failed => Some("step-not-delivered"),
        DeliveryStatus::Accepted => match purpose {
            CommunicationPurpose::Acknowledgement => Some("step-acknowledged"),
            CommunicationPurpose::HoldingResponse => Some("step-holding"),
            CommunicationPurpose::FinalResponse => Some("step-final"),
            _ => Some("step-wrote"),
        },
        DeliveryStatus::Queued | DeliveryStatus::Suppressed(_) | DeliveryStatus::Released => None,
    }
}

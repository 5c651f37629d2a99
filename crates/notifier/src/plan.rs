//! Which messages a commit calls for. Pure: a commit and what is known of its complaint come in, steps come out.
//!
//! The complaint may be newer than the commit (after an outage it is): what it has outgrown since is not planned.

use jiff::Timestamp;
use redress_contract::event::{CommunicationBounced, CommunicationFailed, Escalated, WarningReached};
use redress_contract::{
    Channel, ClockId, Commit, CommunicationId, CommunicationPurpose, ContactId, ContentId, Disposition,
    Event, EventId, Medium, MilestoneId, PartyStanding, Recipient,
};
use redress_domain::{Complaint, Delivery, LinkedContact};
use redress_identity::Keys;
use serde::Deserialize;

/// One message that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The event that wants it.
    pub event_id: EventId,
    /// To which role it goes.
    pub recipient: Recipient,
    /// The contact it answers; none for messages to staff.
    pub contact_id: Option<ContactId>,
    /// What it says.
    pub body: Body,
    /// Its id, when the message was planned before; else event, rule and recipient make it.
    pub id: Option<CommunicationId>,
    /// True when a person let it go after it was kept back.
    pub released: bool,
}

impl Step {
    /// The communication's id: the same for the same event, rule and recipient.
    pub fn id(&self, keys: &Keys) -> CommunicationId {
        let fresh = || keys.communication_id(&self.event_id, self.body.rule(), self.recipient);
        self.id.clone().unwrap_or_else(fresh)
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// We have it.
    Acknowledgement,
    /// It takes longer.
    HoldingResponse {
        /// Why, as a member of staff wrote it.
        words: ContentId,
        /// By when they hear from us then.
        due_at: Timestamp,
    },
    /// The decision.
    FinalResponse {
        /// Its reasons, when the event names them; else the complaint's history does.
        reasons: Option<ContentId>,
    },
    /// A deadline comes near.
    Warning {
        /// Whose.
        clock: ClockId,
        /// Which.
        milestone: MilestoneId,
        /// How much of the time is used up.
        percent: u32,
    },
    /// A deadline passed.
    Escalation {
        /// Whose.
        clock: ClockId,
        /// Which.
        milestone: MilestoneId,
        /// The generation of the milestone.
        generation: u32,
        /// How high it went.
        rung: u32,
    },
    /// A message to the complainant did not arrive.
    DeliveryProblem {
        /// What that message was for.
        purpose: CommunicationPurpose,
        /// SMTP status or kind of failure.
        status: String,
    },
}

impl Body {
    /// What the message is for.
    pub fn purpose(&self) -> CommunicationPurpose {
        match self {
            Self::Acknowledgement => CommunicationPurpose::Acknowledgement,
            Self::HoldingResponse { .. } => CommunicationPurpose::HoldingResponse,
            Self::FinalResponse { .. } => CommunicationPurpose::FinalResponse,
            Self::Warning { .. } => CommunicationPurpose::Warning,
            Self::Escalation { .. } => CommunicationPurpose::Escalation,
            Self::DeliveryProblem { .. } => CommunicationPurpose::DeliveryProblem,
        }
    }

    /// The rule by which the event wants the message: part of the message's id.
    pub fn rule(&self) -> &'static str {
        self.purpose().token()
    }
}

/// The messages that a commit calls for, given the complaint after it (or later).
pub fn plan(commit: &Commit, complaint: &Complaint) -> Vec<Step> {
    let mut steps = Vec::new();
    for recorded in &commit.events {
        let id = commit.event_id(recorded);
        match &recorded.event {
            Event::Registered(registered) if is_acknowledged(complaint) => {
                steps.push(to_complainant(id, &registered.contact_id, Body::Acknowledgement));
            }
            Event::Decided(decided) => {
                let body = Body::FinalResponse { reasons: Some(decided.reasons_content_id.clone()) };
                steps.push(to_complainant(id, &complaint.contact_id, body));
            }
            Event::ExtensionRequested(wish) => {
                let body = Body::HoldingResponse { words: wish.content_id.clone(), due_at: wish.due_at };
                steps.push(to_complainant(id, &complaint.contact_id, body));
            }
            Event::WarningReached(reached) => steps.extend(warnings(&id, reached, complaint)),
            Event::Escalated(escalated) => steps.extend(escalations(&id, escalated, complaint)),
            Event::CommunicationBounced(bounced) => {
                let lost = complaint.delivery(&bounced.communication_id);
                // Mail servers may report one failure more than once: people are told of the first.
                let first = lost.filter(|lost| lost.at == recorded.occurred_at);
                steps.extend(first.into_iter().flat_map(|lost| after_bounce(&id, bounced, lost)));
            }
            Event::CommunicationFailed(failed) => {
                steps.extend(after_failure(&id, failed));
                steps.extend(next_channel(&id, failed, complaint));
            }
            Event::Released(released) => {
                let kept_back = released.communication_ids.iter().filter_map(|kept| complaint.delivery(kept));
                steps.extend(kept_back.filter_map(|kept| let_go(&id, kept, complaint)));
            }
            Event::Registered(_)
            | Event::ContactLinked(_)
            | Event::Classified(_)
            | Event::Assigned(_)
            | Event::Accepted(_)
            | Event::CommunicationQueued(_)
            | Event::CommunicationAccepted(_)
            | Event::CommunicationSuppressed(_)
            | Event::ClockStarted(_)
            | Event::MilestoneSet(_)
            | Event::MilestoneMet(_)
            | Event::MilestoneBreached(_)
            | Event::MilestoneReopened(_)
            | Event::DeadlineChanged(_)
            | Event::ExtensionGranted(_)
            | Event::EscalationAcknowledged(_)
            | Event::ClockStopped(_)
            | Event::NoteAdded(_)
            | Event::Held(_)
            | Event::Closed(_)
            | Event::Reopened(_)
            | Event::ReviewRequested(_)
            | Event::WithdrawalRequested(_)
            | Event::ErasureRequested(_)
            | Event::ErasureCompleted(_)
            | Event::Unknown { .. } => {}
        }
    }
    steps
}

/// A look at the types of a commit's events, much cheaper than reading it: could there be anything to plan?
/// True when in doubt.
pub fn may_concern(commit: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Peek<'a> {
        #[serde(borrow, default)]
        events: Vec<PeekEvent<'a>>,
    }
    #[derive(Deserialize)]
    struct PeekEvent<'a> {
        #[serde(borrow)]
        r#type: std::borrow::Cow<'a, str>,
    }
    const WANTED: [&str; 8] = [
        "Registered",
        "Decided",
        "ExtensionRequested",
        "WarningReached",
        "Escalated",
        "CommunicationBounced",
        "CommunicationFailed",
        "Released",
    ];
    serde_json::from_slice::<Peek<'_>>(commit).map_or(true, |peek| {
        peek.events
            .iter()
            .any(|event| event.r#type.rsplit('.').next().is_some_and(|name| WANTED.contains(&name)))
    })
}

fn is_acknowledged(complaint: &Complaint) -> bool {
    !matches!(complaint.disposition, Disposition::Machine | Disposition::Spam)
}

fn to_complainant(event_id: EventId, contact: &ContactId, body: Body) -> Step {
    Step {
        event_id,
        recipient: Recipient::Complainant,
        contact_id: Some(contact.clone()),
        body,
        id: None,
        released: false,
    }
}

fn to_staff(event_id: &EventId, recipients: &[Recipient], body: &Body) -> Vec<Step> {
    let staff = recipients.iter().filter(|to| !matches!(to, Recipient::Complainant | Recipient::Unspecified));
    staff
        .map(|recipient| Step {
            event_id: event_id.clone(),
            recipient: *recipient,
            contact_id: None,
            body: body.clone(),
            id: None,
            released: false,
        })
        .collect()
}

fn warnings(id: &EventId, reached: &WarningReached, complaint: &Complaint) -> Vec<Step> {
    let rung = Rung { clock: &reached.clock, milestone: &reached.milestone, number: reached.rung };
    if reached.overtaken || !rung.still_stands(reached.generation, complaint) {
        return Vec::new();
    }
    let body = Body::Warning {
        clock: reached.clock.clone(),
        milestone: reached.milestone.clone(),
        percent: reached.percent,
    };
    to_staff(id, &reached.recipients, &body)
}

fn escalations(id: &EventId, escalated: &Escalated, complaint: &Complaint) -> Vec<Step> {
    let rung = Rung { clock: &escalated.clock, milestone: &escalated.milestone, number: escalated.rung };
    if escalated.overtaken || escalated.held_back || !rung.still_stands(escalated.generation, complaint) {
        return Vec::new();
    }
    let body = Body::Escalation {
        clock: escalated.clock.clone(),
        milestone: escalated.milestone.clone(),
        generation: escalated.generation,
        rung: escalated.rung,
    };
    to_staff(id, &escalated.recipients, &body)
}

/// A rung that was recorded, to compare with the complaint as it is now.
struct Rung<'a> {
    clock: &'a ClockId,
    milestone: &'a MilestoneId,
    number: u32,
}

impl Rung<'_> {
    /// False once the milestone was met or reopened, its clock stopped, a higher rung was recorded, or somebody looks after it.
    fn still_stands(&self, generation: u32, complaint: &Complaint) -> bool {
        let clock = complaint.clock(self.clock).filter(|clock| clock.stopped.is_none());
        clock.and_then(|clock| clock.milestone(self.milestone)).is_some_and(|milestone| {
            milestone.met_at.is_none()
                && milestone.generation == generation
                && milestone.rungs_reached <= self.number
                && milestone.acknowledged_rung < self.number
        })
    }
}

/// Who is told when the complainant could not be reached.
const TOLD_OF_PROBLEMS: [Recipient; 2] = [Recipient::Owner, Recipient::TeamLead];

fn after_bounce(id: &EventId, bounced: &CommunicationBounced, lost: &Delivery) -> Vec<Step> {
    // A report may come before we noted to whom the message went; then it counts as the complainant's.
    let is_theirs = matches!(lost.recipient, Recipient::Complainant | Recipient::Unspecified);
    if !bounced.permanent || !is_theirs {
        return Vec::new();
    }
    let body = Body::DeliveryProblem { purpose: lost.purpose, status: bounced.status.clone() };
    to_staff(id, &TOLD_OF_PROBLEMS, &body)
}

fn after_failure(id: &EventId, failed: &CommunicationFailed) -> Vec<Step> {
    if failed.recipient != Recipient::Complainant {
        return Vec::new();
    }
    let body = Body::DeliveryProblem { purpose: failed.purpose, status: failed.reason.clone() };
    to_staff(id, &TOLD_OF_PROBLEMS, &body)
}

/// What a platform did not take goes the next way there is: to the last contact of a party that came in by mail or a form. Once:
/// what fails there is left to people, who were told.
fn next_channel(id: &EventId, failed: &CommunicationFailed, complaint: &Complaint) -> Option<Step> {
    if failed.recipient != Recipient::Complainant || failed.medium != Medium::Social {
        return None;
    }
    let by_address = |channel| matches!(channel, Channel::Email | Channel::Web | Channel::Api);
    let party = |contact: &&LinkedContact| {
        contact.standing == PartyStanding::Party
            && contact.machine.is_unspecified()
            && by_address(contact.channel)
    };
    let contact = complaint.contacts.iter().rev().find(party)?;
    let body = body_of(failed.purpose, complaint)?;
    Some(to_complainant(id.clone(), &contact.id, body))
}

/// What a message of this kind says now.
fn body_of(purpose: CommunicationPurpose, complaint: &Complaint) -> Option<Body> {
    Some(match purpose {
        CommunicationPurpose::Acknowledgement => Body::Acknowledgement,
        CommunicationPurpose::FinalResponse => Body::FinalResponse { reasons: None },
        CommunicationPurpose::HoldingResponse => {
            let wish = complaint.pending().into_iter().find_map(|(_, it)| it.extension_requested.clone())?;
            Body::HoldingResponse { words: wish.content_id, due_at: wish.due_at }
        }
        _ => return None,
    })
}

fn let_go(id: &EventId, kept: &Delivery, complaint: &Complaint) -> Option<Step> {
    let body = body_of(kept.purpose, complaint)?;
    let contact = kept.contact_id.as_ref().unwrap_or(&complaint.contact_id);
    let step = to_complainant(id.clone(), contact, body);
    Some(Step { id: Some(kept.id.clone()), released: true, ..step })
}

#[cfg(test)]
mod tests;

//! The state of a complaint: what its events add up to.
//!
//! It travels as a cache inside each commit ([`STATE_VERSION`]); whoever reads another version replays the events.

mod acts;
mod rungs;

use jiff::Timestamp;
use redress_contract::event::Rung;
use redress_contract::{
    Channel, Class, ClockId, CloseReason, CommunicationId, CommunicationPurpose, ComplaintId, ContactId,
    ContentId, Disposition, HandlerId, Hold, MachineKind, Medium, MilestoneId, Outcome, PartyStanding,
    PolicyId, Recipient, Reference, Severity, Stage, StopReason, SuppressReason, TeamId,
};
use serde::{Deserialize, Serialize};

use crate::command::Erasing;

/// Version of the layout of [`Complaint`] as it is cached in commits.
pub const STATE_VERSION: u32 = 5;

/// A complaint as it stands after its events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Complaint {
    /// The case.
    pub id: ComplaintId,
    /// What a person reads out on the phone.
    pub reference: Reference,
    /// Number of its last event, from 1.
    pub seq: u32,
    /// The contact that opened it.
    pub contact_id: ContactId,
    /// How that contact came.
    pub channel: Channel,
    /// By which account.
    pub account: String,
    /// When it reached the organisation.
    pub received_at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// BCP 47 tag; empty when unknown.
    pub language: String,
    /// Where it stands.
    pub status: Status,
    /// Round of the procedure.
    pub stage: Stage,
    /// Who may see it.
    pub class: Class,
    /// What it waits for; `Unspecified` when it is not held.
    pub hold: Hold,
    /// What it is.
    pub disposition: Disposition,
    /// Primary category; empty before it was classified.
    pub category: String,
    /// Product; empty when none was named.
    pub product: String,
    /// How much harm.
    pub severity: Severity,
    /// Whose law it falls under; empty when nobody said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub jurisdiction: String,
    /// What the party needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// The team that deals with it.
    pub team: Option<TeamId>,
    /// The member of staff.
    pub handler: Option<HandlerId>,
    /// Its contacts in the order they were linked.
    pub contacts: Vec<LinkedContact>,
    /// Its communications whose fate is known, in the order they were noted.
    pub communications: Vec<Delivery>,
    /// Its clocks, running and stopped.
    pub clocks: Vec<Clock>,
    /// When it waited and for whom, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<HoldPeriod>,
    /// When the complainant took it back, while a person has yet to look at that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal_requested_at: Option<Timestamp>,
    /// When the complainant asked for the decision to be looked at again, until it is decided anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_requested_at: Option<Timestamp>,
    /// Erasures that were requested and are not completed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erasing: Vec<Erasing>,
    /// When all of its personal data was last erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<Timestamp>,
}

/// Where a complaint stands, with what belongs to that place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// On record, nobody has taken it on.
    Registered,
    /// A handler looks at what it is.
    InAssessment,
    /// A handler looks into it.
    InInvestigation,
    /// A response lies before somebody.
    ResponseProposed,
    /// Decided.
    Decided {
        /// When.
        at: Timestamp,
        /// How.
        outcome: Outcome,
        /// The remedy, `none` for none.
        remedy: String,
        /// By whom.
        handler: HandlerId,
    },
    /// Closed.
    Closed {
        /// When.
        at: Timestamp,
        /// Why.
        reason: CloseReason,
    },
}

/// A contact of a complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedContact {
    /// The contact.
    pub id: ContactId,
    /// How it came (with `id`: its INTAKE subject).
    pub channel: Channel,
    /// By which account.
    pub account: String,
    /// When it reached the organisation.
    pub received_at: Timestamp,
    /// When it was linked.
    pub linked_at: Timestamp,
    /// Whether its sender is a party.
    pub standing: PartyStanding,
    /// Keyed hash of its sender's normal address; empty without one.
    pub party: String,
    /// Set when a machine wrote it.
    pub machine: MachineKind,
}

/// What became of a communication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The communication.
    pub id: CommunicationId,
    /// What it is for.
    pub purpose: CommunicationPurpose,
    /// To which role.
    pub recipient: Recipient,
    /// By what.
    pub medium: Medium,
    /// The contact it answers.
    pub contact_id: Option<ContactId>,
    /// Its fate.
    pub status: DeliveryStatus,
    /// When that was noted.
    pub at: Timestamp,
}

/// The fate of a communication: queued → accepted → bounced, or failed, or suppressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waits; tried and not taken yet.
    Queued,
    /// The next hop took it.
    Accepted,
    /// A report came back.
    Bounced,
    /// Given up.
    Failed,
    /// A guard said no.
    Suppressed(SuppressReason),
    /// Kept back and released since; may go out.
    Released,
}

/// A time during which a complaint waited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldPeriod {
    /// For whom.
    pub hold: Hold,
    /// Since when.
    pub from: Timestamp,
    /// Until when; none while it lasts.
    pub to: Option<Timestamp>,
}

/// A clock: one policy counting for this complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The clock.
    pub id: ClockId,
    /// The policy it follows.
    pub policy: PolicyId,
    /// Hash of the compiled policy and calendar.
    pub policy_version: String,
    /// What its spans count from.
    pub anchor_at: Timestamp,
    /// Set when it no longer runs.
    pub stopped: Option<StopReason>,
    /// What is owed, in the order it was set.
    pub milestones: Vec<Milestone>,
}

/// One thing that is owed by a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    /// The milestone.
    pub id: MilestoneId,
    /// By when, now.
    pub due_at: Timestamp,
    /// By when, at first.
    pub first_due_at: Timestamp,
    /// What it counts from.
    pub anchor_at: Timestamp,
    /// 1, and one more at each reopening.
    pub generation: u32,
    /// When each rung is reached.
    #[serde(with = "rungs")]
    pub rungs: Vec<Rung>,
    /// How many rungs were recorded (the number of the last one).
    pub rungs_reached: u32,
    /// When it was met.
    pub met_at: Option<Timestamp>,
    /// True once the deadline passed unmet.
    pub breached: bool,
    /// Since when it is owed again; none while that never happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopened_at: Option<Timestamp>,
    /// True while its time stands still: until then nothing of it is due, whatever `due_at` says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// True when it was put off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extended: bool,
    /// The highest rung that somebody acknowledged; 0 for none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub acknowledged_rung: u32,
    /// The wish to put it off, while that is not granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension_requested: Option<ExtensionWish>,
}

/// A wish to put a milestone off, of which the complainant is to be told first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtensionWish {
    /// Who wishes it.
    pub handler: HandlerId,
    /// What the complainant is told, in CONTENT.
    pub content_id: ContentId,
    /// By when it will be due.
    pub due_at: Timestamp,
}

impl Complaint {
    /// True until it is closed.
    pub fn is_open(&self) -> bool {
        !matches!(self.status, Status::Closed { .. })
    }

    /// The contact, when it belongs to this complaint.
    pub fn contact(&self, id: &ContactId) -> Option<&LinkedContact> {
        self.contacts.iter().find(|contact| contact.id == *id)
    }

    /// What became of a communication, when that is known.
    pub fn delivery(&self, id: &CommunicationId) -> Option<&Delivery> {
        self.communications.iter().find(|delivery| delivery.id == *id)
    }

    /// True when a sender with this keyed hash is a party.
    pub fn has_party(&self, party: &str) -> bool {
        !party.is_empty()
            && self.contacts.iter().any(|c| c.party == party && c.standing == PartyStanding::Party)
    }

    /// Clocks that still run.
    pub fn running_clocks(&self) -> impl Iterator<Item = &Clock> {
        self.clocks.iter().filter(|clock| clock.stopped.is_none())
    }

    /// A clock by its id.
    pub fn clock(&self, id: &ClockId) -> Option<&Clock> {
        self.clocks.iter().find(|clock| clock.id == *id)
    }

    /// What is still owed: running clock and unmet milestone, nearest due first.
    pub fn pending(&self) -> Vec<(&Clock, &Milestone)> {
        let mut pending: Vec<_> = self
            .running_clocks()
            .flat_map(|clock| clock.milestones.iter().map(move |milestone| (clock, milestone)))
            .filter(|(_, milestone)| milestone.met_at.is_none())
            .collect();
        pending.sort_by_key(|(clock, milestone)| (milestone.due_at, clock.id.clone(), milestone.id.clone()));
        pending
    }
}

impl Clock {
    /// A milestone by its id.
    pub fn milestone(&self, id: &MilestoneId) -> Option<&Milestone> {
        self.milestones.iter().find(|milestone| milestone.id == *id)
    }
}

impl Milestone {
    /// The next rung that was not recorded, with its number from 1; none when met or when all were reached.
    pub fn next_rung(&self) -> Option<(u32, &Rung)> {
        if self.met_at.is_some() {
            return None;
        }
        let index = usize::try_from(self.rungs_reached).ok()?;
        self.rungs.get(index).map(|rung| (self.rungs_reached + 1, rung))
    }

    /// True once its deadline was recorded as passed, while it is owed still.
    pub fn is_escalated(&self) -> bool {
        self.met_at.is_none() && self.breached && self.rungs_reached > 0
    }

    /// True while nobody acknowledged the highest rung that its escalation reached.
    pub fn awaits_acknowledgement(&self) -> bool {
        self.is_escalated() && self.acknowledged_rung < self.rungs_reached
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Status {
    /// The word shown to people and in settings.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::InAssessment => "in_assessment",
            Self::InInvestigation => "in_investigation",
            Self::ResponseProposed => "response_proposed",
            Self::Decided { .. } => "decided",
            Self::Closed { .. } => "closed",
        }
    }
}

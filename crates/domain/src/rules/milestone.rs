//! One thing a policy asks for: what its span counts from, how long it may take, and what meets it.

use redress_contract::{CommunicationPurpose, Hold, MilestoneId};

use crate::deadline::{End, Span};

/// One thing a policy asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyMilestone {
    /// Its name.
    pub id: MilestoneId,
    /// What its span counts from.
    pub anchor: Anchor,
    /// How long it may take.
    pub span: Span,
    /// Spans as good as the first: it is due when the last of them is over.
    pub alternatives: Vec<Span>,
    /// A span it is never due after.
    pub at_most: Option<Span>,
    /// When on its last day a span of days is over.
    pub end: End,
    /// Percents at which people are warned, ascending; empty for those of the ladder.
    pub warn_at: Vec<u32>,
    /// What meets it; any of these does.
    pub met_by: Vec<MetBy>,
    /// What a communication must state to meet it.
    pub must_state: Vec<String>,
    /// Holds during which its time stands still.
    pub pause_on: Vec<Hold>,
    /// True when it is owed again each time it is met.
    pub recurring: bool,
    /// How it may be put off.
    pub extension: Option<Extension>,
    /// True when it is set only when called for.
    pub on_demand: bool,
}

/// How a milestone may be put off, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// How far.
    pub reach: ExtensionReach,
    /// True when it counts only with a notice that was taken for delivery before the first due time.
    pub notice: bool,
    /// What the notice must state.
    pub must_state: Vec<String>,
}

/// How far an extension goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtensionReach {
    /// A span after the first due time.
    By(Span),
    /// A span in place of the milestone's own, from the same anchor.
    To(Span),
}

/// What a span counts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// When the first contact reached the organisation (for a complaint opened again: when that was called for).
    Received,
    /// When an acknowledgement was taken by the next hop.
    Acknowledged,
    /// When it became known that the policy applies.
    BecameAware,
    /// When the last contact of a person reached the organisation.
    LastInbound,
    /// When something to the complainant was last taken by the next hop; its receipt while there is none.
    LastOutbound,
    /// When it was decided.
    Decided,
    /// When it was closed.
    Closed,
    /// When the complainant asked for the decision to be looked at again.
    EscalationRequested,
    /// When another milestone of the policy was met.
    Milestone(MilestoneId),
}

/// What meets a milestone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetBy {
    /// An acknowledgement was taken by the next hop.
    AcknowledgementAccepted,
    /// A notice that it takes longer was taken by the next hop.
    HoldingResponseAccepted,
    /// The final response was taken by the next hop.
    FinalResponseAccepted,
    /// A handler took the complaint on.
    Accepted,
    /// It was decided.
    Decided,
    /// A person said what it is.
    Classified,
    /// It was closed, or found to be rightly closed.
    Closed,
    /// Anything to the complainant was taken by the next hop.
    AnyOutbound,
    /// A handler said that it is done.
    MarkedDone,
}

impl PolicyMilestone {
    /// True when this meets it.
    pub fn is_met_by(&self, fact: MetBy) -> bool {
        self.met_by.contains(&fact)
    }

    /// True when it counts from the receipt of a complaint.
    pub(crate) fn is_owed_at_once(&self) -> bool {
        !self.on_demand && matches!(self.anchor, Anchor::Received | Anchor::BecameAware)
    }

    /// True when it is owed once that other milestone is met.
    pub(crate) fn counts_from(&self, other: &MilestoneId) -> bool {
        !self.on_demand && matches!(&self.anchor, Anchor::Milestone(id) if id == other)
    }

    /// True when what was stated is all that it demands.
    pub(crate) fn is_content_with(&self, stated: &[String]) -> bool {
        self.must_state.iter().all(|word| stated.contains(word))
    }
}

impl Anchor {
    /// Every anchor that is no milestone.
    pub const FIXED: [Self; 8] = [
        Self::Received,
        Self::Acknowledged,
        Self::BecameAware,
        Self::LastInbound,
        Self::LastOutbound,
        Self::Decided,
        Self::Closed,
        Self::EscalationRequested,
    ];

    /// The word in settings and events.
    pub fn token(&self) -> &str {
        match self {
            Self::Received => "received",
            Self::Acknowledged => "acknowledged",
            Self::BecameAware => "became_aware",
            Self::LastInbound => "last_inbound",
            Self::LastOutbound => "last_outbound",
            Self::Decided => "decided",
            Self::Closed => "closed",
            Self::EscalationRequested => "escalation_requested",
            Self::Milestone(id) => id.as_str(),
        }
    }
}

impl MetBy {
    /// Every fact that may meet a milestone.
    pub const ALL: [Self; 9] = [
        Self::AcknowledgementAccepted,
        Self::HoldingResponseAccepted,
        Self::FinalResponseAccepted,
        Self::Accepted,
        Self::Decided,
        Self::Classified,
        Self::Closed,
        Self::AnyOutbound,
        Self::MarkedDone,
    ];

    /// The word in settings.
    pub fn token(self) -> &'static str {
        match self {
            Self::AcknowledgementAccepted => "acknowledgement_accepted",
            Self::HoldingResponseAccepted => "holding_response_accepted",
            Self::FinalResponseAccepted => "final_response_accepted",
            Self::Accepted => "accepted",
            Self::Decided => "decided",
            Self::Classified => "classified",
            Self::Closed => "closed",
            Self::AnyOutbound => "any_outbound",
            Self::MarkedDone => "marked_done",
        }
    }

    /// What meets a milestone whose policy does not say so; nothing for words of your own.
    pub fn default_of(milestone: &str) -> &'static [Self] {
        match milestone {
            "acknowledge" => &[Self::AcknowledgementAccepted],
            "final_response" => &[Self::FinalResponseAccepted],
            "immediate_action" => &[Self::Accepted],
            "triage" => &[Self::Classified, Self::Closed],
            "review_reply" => &[Self::AnyOutbound, Self::Closed],
            "update" => &[Self::AnyOutbound],
            _ => &[],
        }
    }

    /// The facts that an accepted communication to the complainant establishes.
    pub(crate) fn of_communication(purpose: CommunicationPurpose) -> &'static [Self] {
        match purpose {
            CommunicationPurpose::Acknowledgement => &[Self::AcknowledgementAccepted, Self::AnyOutbound],
            CommunicationPurpose::HoldingResponse => &[Self::HoldingResponseAccepted, Self::AnyOutbound],
            CommunicationPurpose::FinalResponse => &[Self::FinalResponseAccepted, Self::AnyOutbound],
            // What a reply by hand says is for a person to judge: it is an answer, and no more is known of it.
            CommunicationPurpose::Reply => &[Self::AnyOutbound],
            CommunicationPurpose::Warning
            | CommunicationPurpose::Escalation
            | CommunicationPurpose::DeliveryProblem
            | CommunicationPurpose::Unspecified => &[],
        }
    }
}

//! One policy, compiled: to which complaints it applies, what they owe by when, and what meets it.

use std::sync::Arc;

use jiff::Timestamp;
use redress_contract::event::Rung;
use redress_contract::{Channel, CommunicationPurpose, MilestoneId, PolicyId, Severity};

use crate::Complaint;
use crate::calendar::Calendar;
use crate::command::{Classification, Register};
use crate::deadline::{End, Span, due_at};
use crate::ladder::{Ladder, Stretch};
use crate::matcher::{Field, Matcher, fold_word};

/// One policy: what is owed by when.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name.
    pub id: PolicyId,
    /// True for clocks that regulators watch.
    pub regulator: bool,
    /// SHA-256 (hex) of its canonical JSON, with calendar and ladder.
    pub version: String,
    /// What is owed, in order.
    pub milestones: Vec<PolicyMilestone>,
    pub(super) calendar: Arc<Calendar>,
    pub(super) ladder: Arc<Ladder>,
    pub(super) applies: Matcher,
}

/// One thing a policy asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyMilestone {
    /// Its name.
    pub id: MilestoneId,
    /// What its span counts from.
    pub anchor: Anchor,
    /// How long it may take.
    pub span: Span,
    /// When on its last day a span of days is over.
    pub end: End,
    /// What meets it; any of these does.
    pub met_by: Vec<MetBy>,
    /// True when it is set only when called for.
    pub on_demand: bool,
}

/// What a span counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// When the first contact reached the organisation (for a complaint opened again: when that was called for).
    Received,
    /// When it became known that the policy applies.
    BecameAware,
    /// When the last contact of a person reached the organisation.
    LastInbound,
    /// When it was decided.
    Decided,
    /// When it was closed.
    Closed,
}

/// What meets a milestone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetBy {
    /// An acknowledgement was taken by the next hop.
    AcknowledgementAccepted,
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
}

/// What is known of a complaint when its policies are chosen: folded values.
pub(crate) struct PolicyFacts {
    account: String,
    category: String,
    channel: &'static str,
    class: &'static str,
    disposition: &'static str,
    language: String,
    product: String,
    severity: String,
}

impl Policy {
    /// The calendar it counts in.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// A milestone by its id.
    pub fn milestone(&self, id: &MilestoneId) -> Option<&PolicyMilestone> {
        self.milestones.iter().find(|milestone| milestone.id == *id)
    }

    /// What a reply on a closed complaint owes.
    pub(crate) fn review_reply(&self) -> Option<&PolicyMilestone> {
        self.milestones.iter().find(|milestone| milestone.id.as_str() == REVIEW_REPLY)
    }

    /// When a milestone that is owed again since `from` is due.
    pub fn reopen_due(&self, from: Timestamp) -> Timestamp {
        due_at(&self.calendar, REOPEN_SPAN, End::EndOfDay, from)
    }

    /// The rungs of a milestone that is owed again since `from`.
    pub(crate) fn reopen_rungs(&self, from: Timestamp, due: Timestamp, severity: Severity) -> Vec<Rung> {
        let calendar = &self.calendar;
        let stretch = Stretch { calendar, span: REOPEN_SPAN, end: End::EndOfDay, anchor: from, due };
        self.ladder.rungs(&stretch, severity)
    }

    /// When a milestone is due and its rungs are reached.
    pub(crate) fn plan(
        &self,
        milestone: &PolicyMilestone,
        anchor: Timestamp,
        severity: Severity,
    ) -> (Timestamp, Vec<Rung>) {
        let (calendar, span, end) = (&*self.calendar, milestone.span, milestone.end);
        let due = self.due_at(milestone, anchor);
        (due, self.ladder.rungs(&Stretch { calendar, span, end, anchor, due }, severity))
    }

    /// When a milestone is due that counts from this time.
    pub(crate) fn due_at(&self, milestone: &PolicyMilestone, anchor: Timestamp) -> Timestamp {
        due_at(&self.calendar, milestone.span, milestone.end, anchor)
    }

    /// True when it owes something as soon as it applies.
    pub(crate) fn has_initial(&self) -> bool {
        self.milestones.iter().any(|m| !m.on_demand && m.anchor != Anchor::Closed)
    }

    pub(crate) fn applies(&self, facts: &PolicyFacts) -> bool {
        self.applies.fits(|field| facts.value(field))
    }
}

/// The one milestone that is set only when called for.
pub(crate) const REVIEW_REPLY: &str = "review_reply";

const REOPEN_SPAN: Span = Span::BusinessDays(1);

impl PolicyMilestone {
    /// True when this meets it.
    pub fn is_met_by(&self, fact: MetBy) -> bool {
        self.met_by.contains(&fact)
    }

    /// True when it counts from the receipt of a complaint.
    pub(crate) fn is_owed_at_once(&self) -> bool {
        !self.on_demand && matches!(self.anchor, Anchor::Received | Anchor::BecameAware)
    }
}

impl Anchor {
    /// Every anchor.
    pub const ALL: [Self; 5] =
        [Self::Received, Self::BecameAware, Self::LastInbound, Self::Decided, Self::Closed];

    /// The word in settings and events.
    pub fn token(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::BecameAware => "became_aware",
            Self::LastInbound => "last_inbound",
            Self::Decided => "decided",
            Self::Closed => "closed",
        }
    }
}

impl MetBy {
    /// Every fact that may meet a milestone.
    pub const ALL: [Self; 7] = [
        Self::AcknowledgementAccepted,
        Self::FinalResponseAccepted,
        Self::Accepted,
        Self::Decided,
        Self::Classified,
        Self::Closed,
        Self::AnyOutbound,
    ];

    /// The word in settings.
    pub fn token(self) -> &'static str {
        match self {
            Self::AcknowledgementAccepted => "acknowledgement_accepted",
            Self::FinalResponseAccepted => "final_response_accepted",
            Self::Accepted => "accepted",
            Self::Decided => "decided",
            Self::Classified => "classified",
            Self::Closed => "closed",
            Self::AnyOutbound => "any_outbound",
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
            _ => &[],
        }
    }

    /// The facts that an accepted communication to the complainant establishes.
    pub(crate) fn of_communication(purpose: CommunicationPurpose) -> &'static [Self] {
        match purpose {
            CommunicationPurpose::Acknowledgement => &[Self::AcknowledgementAccepted, Self::AnyOutbound],
            CommunicationPurpose::FinalResponse => &[Self::FinalResponseAccepted, Self::AnyOutbound],
            // What a reply by hand says is for a person to judge: it is an answer, and no more is known of it.
            CommunicationPurpose::HoldingResponse | CommunicationPurpose::Reply => &[Self::AnyOutbound],
            CommunicationPurpose::Warning
            | CommunicationPurpose::Escalation
            | CommunicationPurpose::DeliveryProblem
            | CommunicationPurpose::Unspecified => &[],
        }
    }
}

impl PolicyFacts {
    pub(crate) fn of(complaint: &Complaint) -> Self {
        Self {
            account: fold_word(&complaint.account),
            category: fold_word(&complaint.category),
            channel: complaint.channel.token(),
            class: complaint.class.token(),
            disposition: complaint.disposition.token(),
            language: fold_word(&complaint.language),
            product: fold_word(&complaint.product),
            severity: fold_word(complaint.severity.token()),
        }
    }

    pub(crate) fn of_register(register: &Register) -> Self {
        let classification = &register.classification;
        Self {
            account: fold_word(&register.link.account),
            channel: register.link.channel.token(),
            class: redress_contract::Class::Normal.token(),
            language: fold_word(&register.language),
            category: fold_word(&classification.category),
            disposition: classification.disposition.token(),
            product: fold_word(&classification.product),
            severity: fold_word(classification.severity.token()),
        }
    }

    /// Of a complaint of which nothing is known but how it comes.
    pub(crate) fn expected(channel: Channel, account: &str, classification: &Classification) -> Self {
        let unknown = Self {
            account: fold_word(account),
            channel: channel.token(),
            class: redress_contract::Class::Normal.token(),
            language: String::new(),
            category: String::new(),
            disposition: "",
            product: String::new(),
            severity: String::new(),
        };
        unknown.classified(classification)
    }

    /// As it would be if it were classified like this.
    pub(crate) fn classified(self, classification: &Classification) -> Self {
        Self {
            category: fold_word(&classification.category),
            disposition: classification.disposition.token(),
            product: fold_word(&classification.product),
            severity: fold_word(classification.severity.token()),
            ..self
        }
    }

    fn value(&self, field: &Field) -> &str {
        match field {
            Field::Account => &self.account,
            Field::Category => &self.category,
            Field::Channel => self.channel,
            Field::Class => self.class,
            Field::Disposition => self.disposition,
            Field::Language => &self.language,
            Field::Product => &self.product,
            Field::Severity => &self.severity,
            // Not in the vocabulary of complaints, so no table names them.
            Field::Subject | Field::Text | Field::SenderDomain | Field::Machine | Field::Form(_) => "",
        }
    }
}

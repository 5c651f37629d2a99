//! One policy, compiled: to which complaints it applies, what they owe by when, and what meets it.

use std::sync::Arc;

use redress_contract::{Channel, MilestoneId, PolicyId, Stage};

use super::{Anchor, PolicyMilestone};
use crate::Complaint;
use crate::calendar::Calendar;
use crate::command::{Classification, Register};
use crate::ladder::Ladder;
use crate::matcher::{Field, Matcher, fold_word};

/// One policy: what is owed by when.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name.
    pub id: PolicyId,
    /// The policy it is a variant of; its own name when it is none. Of one family the first that fits applies.
    pub family: PolicyId,
    /// What it is called; empty when nobody said.
    pub title: String,
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
    stage: &'static str,
    jurisdiction: String,
    needs: Vec<String>,
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

    /// True when it owes something as soon as it applies.
    pub(crate) fn has_initial(&self) -> bool {
        let known = |anchor: &Anchor| {
            matches!(
                anchor,
                Anchor::Received | Anchor::BecameAware | Anchor::LastInbound | Anchor::LastOutbound
            )
        };
        self.milestones.iter().any(|milestone| !milestone.on_demand && known(&milestone.anchor))
    }

    pub(crate) fn applies(&self, facts: &PolicyFacts) -> bool {
        self.applies.fits_any(|field| facts.values(field))
    }
}

/// The one milestone that is set only when called for.
pub(crate) const REVIEW_REPLY: &str = "review_reply";

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
            stage: complaint.stage.token(),
            jurisdiction: fold_word(&complaint.jurisdiction),
            needs: folded(&complaint.needs),
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
            stage: Stage::One.token(),
            jurisdiction: fold_word(&classification.jurisdiction),
            needs: folded(&classification.needs),
        }
    }

    /// As it would be in this round of the procedure.
    pub(crate) fn in_stage(self, stage: Stage) -> Self {
        Self { stage: stage.token(), ..self }
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
            stage: Stage::One.token(),
            jurisdiction: String::new(),
            needs: Vec::new(),
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
            jurisdiction: fold_word(&classification.jurisdiction),
            needs: folded(&classification.needs),
            ..self
        }
    }

    /// What it has of a field; nothing is one empty value.
    fn values(&self, field: &Field) -> Vec<&str> {
        match field {
            Field::Needs if !self.needs.is_empty() => self.needs.iter().map(String::as_str).collect(),
            other => vec![self.value(other)],
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
            Field::Stage => self.stage,
            Field::Jurisdiction => &self.jurisdiction,
            // Has several values; and those not in the vocabulary of complaints, which no table names.
            Field::Needs
            | Field::Subject
            | Field::Text
            | Field::SenderDomain
            | Field::Machine
            | Field::CallDirection
            | Field::CallState
            | Field::Queue
            | Field::Platform
            | Field::PostKind
            | Field::Visibility
            | Field::Rating
            | Field::Mentions
            | Field::Form(_) => "",
        }
    }
}

fn folded(words: &[String]) -> Vec<String> {
    words.iter().map(|word| fold_word(word)).collect()
}

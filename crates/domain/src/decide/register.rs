//! Opening a complaint: on record, linked, classed, assigned and on the clock in one commit.

use redress_contract::event::{Assigned, Classified, Registered};
use redress_contract::{Class, Event, Stage};

use super::clocks::{Start, Times};
use super::{Case, Decision, contact, must_be_given};
use crate::command::{Assignment, Classification, Register};
use crate::rules::PolicyFacts;
use crate::{Refusal, Rules};

pub(super) fn register(wish: &Register, rules: &Rules) -> Decision {
    must_be_given(wish.complaint_id.as_str(), "the complaint's id")?;
    must_be_given(wish.reference.as_str(), "the reference")?;
    must_be_given(wish.link.contact_id.as_str(), "the contact's id")?;
    must_be_given(wish.assignment.team.as_str(), "the team")?;
    let mut events = vec![
        Event::from(Registered {
            complaint_id: wish.complaint_id.clone(),
            reference: wish.reference.clone(),
            contact_id: wish.link.contact_id.clone(),
            channel: wish.link.channel,
            account: wish.link.account.clone(),
            received_at: wish.link.received_at,
            recorded_at: wish.recorded_at,
            language: wish.language.clone(),
            class: Class::Normal,
            stage: Stage::One,
        }),
        contact::linked(&wish.link),
        classified(&wish.classification),
        assigned(&wish.assignment),
    ];
    let times = Times::all_at(wish.link.received_at);
    let severity = wish.classification.severity;
    for policy in rules.applying(&PolicyFacts::of_register(wish)) {
        let now = wish.recorded_at;
        Start { policy, complaint: None, rules, severity, times, now }.push_to(&mut events);
    }
    Ok(events)
}

pub(super) fn classified(classification: &Classification) -> Event {
    Event::from(Classified {
        disposition: classification.disposition,
        category: classification.category.clone(),
        product: classification.product.clone(),
        severity: classification.severity,
        rule: classification.rule.clone(),
        jurisdiction: classification.jurisdiction.clone(),
        needs: classification.needs.clone(),
        evidence: classification.evidence.clone(),
    })
}

pub(super) fn assigned(assignment: &Assignment) -> Event {
    Event::from(Assigned {
        team: assignment.team.clone(),
        handler: assignment.handler.clone(),
        rule: assignment.rule.clone(),
    })
}

impl Case<'_> {
    /// A redelivered contact opens its complaint again without effect; another contact cannot.
    pub(super) fn register_again(&self, wish: &Register) -> Decision {
        match self.complaint.contact(&wish.link.contact_id) {
            Some(_) => Ok(Vec::new()),
            None => Err(Refusal::AlreadyRegistered),
        }
    }
}

//! The end of a complaint, and its return: decide, close, reopen.

use jiff::Timestamp;
use redress_contract::event::{Closed, Decided, Reopened};
use redress_contract::{CloseReason, ContactId, ContentId, Event, HandlerId, Outcome, StopReason};

use super::clocks::{Done, Times, stopped};
use super::{Case, must_be_given};
use crate::Refusal;
use crate::complaint::Status;
use crate::rules::{Anchor, MetBy, PolicyFacts, PolicyMilestone};

/// How a complaint is to be decided.
pub(super) struct Decision<'a> {
    pub(super) outcome: Outcome,
    pub(super) reasons_content_id: &'a ContentId,
    pub(super) remedy: &'a str,
    pub(super) handler: &'a HandlerId,
}

impl Case<'_> {
    pub(super) fn resolve(&self, wish: &Decision<'_>) -> super::Decision {
        if let Status::Decided { outcome, remedy, handler, .. } = &self.complaint.status {
            let same = *outcome == wish.outcome && remedy == wish.remedy.trim() && handler == wish.handler;
            return if same { Ok(Vec::new()) } else { Err(Refusal::AlreadyDecided) };
        }
        self.must_be_open()?;
        if wish.outcome.is_unspecified() {
            return Err(Refusal::Missing { what: "the outcome" });
        }
        must_be_given(wish.handler.as_str(), "the handler")?;
        must_be_given(wish.reasons_content_id.as_str(), "the reasons")?;
        if wish.remedy.trim().is_empty() {
            return Err(Refusal::NoRemedy);
        }
        must_be_a_word(wish.remedy, "the remedy")?;
        if self.complaint.category.is_empty() {
            return Err(Refusal::NotClassified);
        }
        if !self.is_accepted() {
            return Err(Refusal::NotAccepted);
        }
        let mut events = vec![Event::from(Decided {
            outcome: wish.outcome,
            reasons_content_id: wish.reasons_content_id.clone(),
            remedy: wish.remedy.trim().to_owned(),
            handler: wish.handler.clone(),
        })];
        events.extend(self.meet(&Done::of(&[MetBy::Decided], self.now)));
        self.owe_since(&Anchor::Decided, self.now, &mut events);
        Ok(events)
    }

    /// Closes it. Said of a closed complaint that got a reply, it means that the reply was read and changes nothing.
    pub(super) fn close(&self, reason: CloseReason) -> super::Decision {
        if !self.complaint.is_open() {
            return Ok(self.meet(&Done::of(&[MetBy::Closed], self.now)));
        }
        if reason.is_unspecified() {
            return Err(Refusal::Missing { what: "the reason" });
        }
        if reason == CloseReason::Decided {
            if !matches!(self.complaint.status, Status::Decided { .. }) {
                return Err(Refusal::NotDecided);
            }
            if !self.complaint.is_communicated() {
                return Err(Refusal::DecisionNotCommunicated);
            }
        }
        let mut events = vec![Event::from(Closed { reason })];
        events.extend(self.meet(&Done::of(&[MetBy::Closed], self.now)));
        let stop = match reason {
            CloseReason::NotAComplaint => StopReason::NotAComplaint,
            _ => StopReason::Closed,
        };
        events.extend(self.complaint.running_clocks().map(|clock| stopped(clock, stop)));
        self.owe_since_closing(&mut events);
        Ok(events)
    }

    /// What counts from the closing is owed on a clock of its own, since all others stopped.
    fn owe_since_closing(&self, events: &mut Vec<Event>) {
        let times = Times { closed: Some(self.now), ..Times::all_at(self.now) };
        let owed = |milestone: &PolicyMilestone| milestone.anchor == Anchor::Closed && !milestone.on_demand;
        for clock in self.complaint.running_clocks() {
            let Some(policy) = self.rules.policy_of(clock) else { continue };
            if policy.milestones.iter().any(owed) {
                self.start(policy, times, self.complaint.severity).push_only(owed, events);
            }
        }
    }

    pub(super) fn reopen(&self, reason: &str, contact_id: Option<&ContactId>) -> super::Decision {
        if self.complaint.is_open() {
            return Err(Refusal::NotClosed);
        }
        must_be_given(reason, "the reason")?;
        must_be_a_word(reason, "the reason")?;
        let cause = contact_id.and_then(|id| self.complaint.contact(id));
        let since = cause.map_or(self.now, |contact| contact.received_at);
        let mut events = Vec::new();
        self.open_again(reason.trim(), contact_id, since, &mut events);
        Ok(events)
    }

    /// Opens it again, with new clocks that count from this time.
    pub(super) fn open_again(
        &self,
        reason: &str,
        contact_id: Option<&ContactId>,
        since: Timestamp,
        events: &mut Vec<Event>,
    ) {
        events.push(Event::from(Reopened { reason: reason.to_owned(), contact_id: contact_id.cloned() }));
        for clock in self.complaint.running_clocks() {
            let owed = clock.milestones.iter().filter(|milestone| milestone.met_at.is_none());
            let reviewed = owed.filter(|milestone| milestone.id.as_str() == crate::rules::REVIEW_REPLY);
            let looked_at = Done::of(&[], self.now);
            events.extend(reviewed.map(|milestone| super::clocks::met(clock, milestone, &looked_at)));
            events.push(stopped(clock, StopReason::Replaced));
        }
        let is_review = reason == super::act::REVIEW_REQUESTED;
        let stage = if is_review { self.complaint.stage_of_review() } else { self.complaint.stage };
        let since = since.min(self.now);
        let times = Times { escalation_requested: is_review.then_some(since), ..Times::all_at(since) };
        for policy in self.rules.applying(&PolicyFacts::of(self.complaint).in_stage(stage)) {
            let start = self.start(policy, times, self.complaint.severity);
            start.push_only(|milestone| !milestone.on_demand && !is_acknowledgement(milestone), events);
        }
    }
}

/// Nothing acknowledges a complaint twice, so a complaint opened again does not owe it.
fn is_acknowledgement(milestone: &PolicyMilestone) -> bool {
    milestone.met_by == [MetBy::AcknowledgementAccepted]
}

/// Events are published: what stands in them is a word the settings know, never somebody's sentence.
pub(crate) fn must_be_a_word(text: &str, what: &'static str) -> Result<(), Refusal> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let text = text.trim();
    if (1..=40).contains(&text.len()) && text.chars().all(good) {
        Ok(())
    } else {
        Err(Refusal::NotAWord { what })
    }
}

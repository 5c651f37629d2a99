//! What handlers do with an open complaint: class, assign, take on, note, hold, release.

use jiff::Timestamp;
use redress_contract::event::{Accepted, Held, MilestoneMet, NoteAdded, Released};
use redress_contract::{
    CommunicationId, CommunicationPurpose, ContentId, Event, HandlerId, Hold, StopReason,
};

use super::clocks::{Done, stopped};
use super::communicate::is_releasable;
use super::register::{assigned, classified};
use super::resolve::must_be_a_word;
use super::{Case, Decision, must_be_given};
use crate::Refusal;
use crate::command::{Assignment, Classification};
use crate::complaint::{DeliveryStatus, Status};
use crate::rules::{MetBy, Policy, PolicyFacts, PolicyMilestone};

impl Case<'_> {
    pub(super) fn classify(&self, wish: &Classification) -> Decision {
        must_be_given(&wish.category, "the category")?;
        if wish.disposition.is_unspecified() {
            return Err(Refusal::Missing { what: "the disposition" });
        }
        if wish.severity.is_unspecified() {
            return Err(Refusal::Missing { what: "the severity" });
        }
        for need in &wish.needs {
            must_be_a_word(need, "a need")?;
        }
        if !wish.jurisdiction.is_empty() {
            must_be_a_word(&wish.jurisdiction.to_ascii_lowercase(), "the jurisdiction")?;
        }
        let unchanged = self.is_classified_as(wish);
        // A person who confirms what stands has still looked at it.
        let looked_at = if is_by_a_person(wish) && self.complaint.is_open() {
            self.meet(&Done::of(&[MetBy::Classified], self.now))
        } else {
            Vec::new()
        };
        if unchanged && looked_at.is_empty() {
            return Ok(Vec::new());
        }
        self.must_be_open()?;
        let mut events = vec![classified(wish)];
        events.extend(looked_at);
        if !unchanged {
            self.change_clocks(wish, &mut events);
        }
        Ok(events)
    }

    fn is_classified_as(&self, wish: &Classification) -> bool {
        self.complaint.disposition == wish.disposition
            && self.complaint.category == wish.category
            && self.complaint.product == wish.product
            && self.complaint.severity == wish.severity
            && self.complaint.jurisdiction == wish.jurisdiction
            && self.complaint.needs == wish.needs
    }

    /// Stops the clocks that no longer apply and starts those that now do.
    fn change_clocks(&self, wish: &Classification, events: &mut Vec<Event>) {
        let facts = PolicyFacts::of(self.complaint).classified(wish);
        let applying = self.rules.applying(&facts);
        for clock in self.complaint.running_clocks() {
            if !applying.iter().any(|policy| policy.id == clock.policy) {
                events.push(stopped(clock, StopReason::Replaced));
            }
        }
        for policy in applying {
            if !self.complaint.running_clocks().any(|clock| clock.policy == policy.id) {
                let from = events.len();
                self.start(policy, self.times(), wish.severity).push_to(events);
                let done = self.done_before(wish, policy, &events[from..]);
                events.extend(done);
            }
        }
    }

    /// What a clock that starts late asks for and was done already.
    fn done_before(&self, wish: &Classification, policy: &Policy, started: &[Event]) -> Vec<Event> {
        let set = started.iter().filter_map(|event| match event {
            Event::MilestoneSet(set) => Some(set),
            _ => None,
        });
        let met = set.filter_map(|set| {
            let (met_at, communication_id) = self.done_when(wish, policy.milestone(&set.milestone)?)?;
            Some(Event::from(MilestoneMet {
                clock: set.clock.clone(),
                milestone: set.milestone.clone(),
                met_at,
                communication_id,
                late: met_at > set.due_at,
                handler: None,
            }))
        });
        met.collect()
    }

    fn done_when(
        &self,
        wish: &Classification,
        milestone: &PolicyMilestone,
    ) -> Option<(Timestamp, Option<CommunicationId>)> {
        let sent = |purpose| self.accepted(purpose).map(|delivery| (delivery.at, Some(delivery.id.clone())));
        if milestone.is_met_by(MetBy::AcknowledgementAccepted)
            && let Some(done) = sent(CommunicationPurpose::Acknowledgement)
        {
            return Some(done);
        }
        if milestone.is_met_by(MetBy::Classified) && is_by_a_person(wish) {
            return Some((self.now, None));
        }
        let Status::Decided { at, .. } = self.complaint.status else { return None };
        if milestone.is_met_by(MetBy::Decided) {
            return Some((at, None));
        }
        let communicated =
            milestone.is_met_by(MetBy::FinalResponseAccepted) && self.complaint.is_communicated();
        communicated.then(|| sent(CommunicationPurpose::FinalResponse)).flatten()
    }

    pub(super) fn assign(&self, wish: &Assignment) -> Decision {
        must_be_given(wish.team.as_str(), "the team")?;
        if self.complaint.team.as_ref() == Some(&wish.team) && self.complaint.handler == wish.handler {
            return Ok(Vec::new());
        }
        self.must_be_open()?;
        Ok(vec![assigned(wish)])
    }

    pub(super) fn accept(&self, handler: &HandlerId) -> Decision {
        must_be_given(handler.as_str(), "the handler")?;
        self.must_be_open()?;
        let met = self.meet(&Done::of(&[MetBy::Accepted], self.now));
        let is_theirs = self.is_accepted() && self.complaint.handler.as_ref() == Some(handler);
        if is_theirs && met.is_empty() {
            return Ok(Vec::new());
        }
        let mut events = vec![Event::from(Accepted { handler: handler.clone() })];
        events.extend(met);
        Ok(events)
    }

    /// True when somebody took it on and it was not given back to a team since.
    pub(super) fn is_accepted(&self) -> bool {
        self.complaint.status != Status::Registered && self.complaint.handler.is_some()
    }

    pub(super) fn hold(&self, hold: Hold, content_id: Option<&ContentId>) -> Decision {
        if hold.is_unspecified() {
            return Err(Refusal::Missing { what: "what it waits for" });
        }
        if self.complaint.hold == hold {
            return Ok(Vec::new());
        }
        self.must_be_open()?;
        let mut events = vec![Event::from(Held { hold, content_id: content_id.cloned() })];
        self.change_pauses(hold, &mut events);
        Ok(events)
    }

    /// Lets the complaint wait no longer, and lets go what was kept back in doubt: a decision on a closed complaint
    /// too, for which it may have been the last word.
    pub(super) fn release(&self) -> Decision {
        let is_kept = |status: &DeliveryStatus| matches!(status, DeliveryStatus::Suppressed(reason) if is_releasable(*reason));
        let kept = self.complaint.communications.iter().filter(|delivery| is_kept(&delivery.status));
        let communication_ids: Vec<_> = kept.map(|delivery| delivery.id.clone()).collect();
        if self.complaint.hold.is_unspecified() && communication_ids.is_empty() {
            return Err(Refusal::NotHeld);
        }
        if communication_ids.is_empty() {
            self.must_be_open()?;
        }
        let mut events = vec![Event::from(Released { hold: self.complaint.hold, communication_ids })];
        if !self.complaint.hold.is_unspecified() {
            self.change_pauses(Hold::Unspecified, &mut events);
        }
        Ok(events)
    }
}

pub(super) fn add_note(content_id: &ContentId, author: &HandlerId) -> Decision {
    must_be_given(content_id.as_str(), "the note")?;
    must_be_given(author.as_str(), "the author")?;
    Ok(vec![Event::from(NoteAdded { content_id: content_id.clone(), author: author.clone() })])
}

/// Rules name themselves; people do not.
fn is_by_a_person(wish: &Classification) -> bool {
    wish.rule.is_empty()
}

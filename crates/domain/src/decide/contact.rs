//! Contacts that come later: replies, further complaints, reports of non-delivery.

use redress_contract::event::{CommunicationBounced, ContactLinked};
use redress_contract::{CommunicationId, CommunicationPurpose, Event, Medium, PartyStanding, Recipient};

use super::clocks::{Times, set};
use super::{Case, Decision, must_be_given};
use crate::Refusal;
use crate::command::{CommunicationFact, Fate, Link};
use crate::complaint::DeliveryStatus;
use crate::rules::{Anchor, REVIEW_REPLY};

pub(super) fn linked(link: &Link) -> Event {
    Event::from(ContactLinked {
        contact_id: link.contact_id.clone(),
        channel: link.channel,
        account: link.account.clone(),
        received_at: link.received_at,
        standing: link.standing,
        party: link.party.clone(),
        machine: link.machine,
        confidence_percent: link.confidence_percent,
        reasons: link.reasons.clone(),
        possible_duplicate_of: link.possible_duplicate_of.clone(),
    })
}

impl Case<'_> {
    pub(super) fn link(&self, link: &Link) -> Decision {
        must_be_given(link.contact_id.as_str(), "the contact's id")?;
        if self.complaint.contact(&link.contact_id).is_some() {
            return Ok(Vec::new());
        }
        self.must_have_room()?;
        let mut events = vec![linked(link)];
        if is_from_a_person(link) {
            if self.complaint.is_open() {
                self.answer_again(link, &mut events);
            } else {
                self.call_for_review(link, &mut events);
            }
        }
        Ok(events)
    }

    /// A report about a communication nobody heard of is kept too: its acceptance may not be noted yet.
    pub(super) fn note_bounce(
        &self,
        link: &Link,
        communication_id: &CommunicationId,
        status: &str,
        permanent: bool,
    ) -> Decision {
        must_be_given(link.contact_id.as_str(), "the contact's id")?;
        must_be_given(communication_id.as_str(), "the communication's id")?;
        let is_linked = self.complaint.contact(&link.contact_id).is_some();
        let delivery = self.complaint.delivery(communication_id);
        let is_bounced = delivery.is_some_and(|delivery| delivery.status == DeliveryStatus::Bounced);
        // The first report of failure is never turned away for want of room: a deadline hangs on it.
        let is_news = permanent && !is_bounced;
        if is_linked && !is_news {
            return Ok(Vec::new());
        }
        if !is_linked && !is_news {
            self.must_have_room()?;
        }
        let mut events = Vec::new();
        if !is_linked {
            events.push(linked(link));
        }
        events.push(Event::from(CommunicationBounced {
            communication_id: communication_id.clone(),
            contact_id: link.contact_id.clone(),
            status: status.to_owned(),
            permanent,
            received_at: link.received_at,
        }));
        if let Some(delivery) = delivery.filter(|_| is_news) {
            self.owe_again(delivery, "bounced", link.received_at, &mut events);
        }
        Ok(events)
    }

    /// One reply may be met twice, in the folder of sent mail and as a copy: it went out once.
    pub(super) fn note_reply(&self, link: &Link, communication_id: &CommunicationId) -> Decision {
        let mut events = self.link(link)?;
        let sent = CommunicationFact {
            communication_id: communication_id.clone(),
            purpose: CommunicationPurpose::Reply,
            recipient: Recipient::Complainant,
            medium: Medium::Email,
            contact_id: Some(link.contact_id.clone()),
            fate: Fate::Accepted { at: link.received_at, provides: Vec::new() },
        };
        events.extend(self.note_communication(&sent)?);
        Ok(events)
    }

    pub(super) fn must_have_room(&self) -> Result<(), Refusal> {
        let limit = self.rules.contacts_per_complaint();
        let held = u32::try_from(self.complaint.contacts.len()).unwrap_or(u32::MAX);
        if held < limit { Ok(()) } else { Err(Refusal::TooManyContacts { limit }) }
    }

    /// What counts from the last inbound contact is owed again once it was met; until then the oldest unanswered
    /// contact keeps its deadline.
    fn answer_again(&self, link: &Link, events: &mut Vec<Event>) {
        for clock in self.complaint.running_clocks() {
            let Some(policy) = self.rules.policy_of(clock) else { continue };
            let recurring =
                |m: &&crate::rules::PolicyMilestone| !m.on_demand && m.anchor == Anchor::LastInbound;
            for milestone in policy.milestones.iter().filter(recurring) {
                let Some(known) = clock.milestone(&milestone.id) else { continue };
                let answered = known.met_at.is_some_and(|met_at| met_at < link.received_at);
                if answered {
                    let timing = self.begin(milestone, link.received_at);
                    events.push(set(policy, milestone, (&clock.id, known.generation + 1), &timing));
                }
            }
        }
    }

    /// A "thank you" must not reopen, a "this is not solved" must not vanish: somebody reads it.
    fn call_for_review(&self, link: &Link, events: &mut Vec<Event>) {
        if self.owes_review() {
            return;
        }
        let Some((policy, _)) = self.rules.reviewing(self.complaint) else { return };
        let times = Times {
            decided: Some(link.received_at),
            closed: Some(link.received_at),
            ..Times::all_at(link.received_at)
        };
        let start = self.start(policy, times, self.complaint.severity);
        start.push_only(|milestone| milestone.id.as_str() == REVIEW_REPLY, events);
    }
}

pub(super) fn is_from_a_person(link: &Link) -> bool {
    link.machine.is_unspecified() && link.standing != PartyStanding::Machine
}

//! Starting and stopping clocks, setting and meeting milestones.

use jiff::Timestamp;
use redress_contract::event::{ClockStarted, ClockStopped, MilestoneMet, MilestoneSet};
use redress_contract::{
    ClockId, CommunicationId, CommunicationPurpose, Event, HandlerId, MachineKind, MilestoneId, Recipient,
    Severity, StopReason,
};

use super::Case;
use crate::complaint::{Clock, Delivery, DeliveryStatus, Milestone, Status};
use crate::rules::{Anchor, MetBy, Policy, PolicyMilestone, REVIEW_REPLY, Timing};
use crate::{Complaint, Rules};

/// What spans may count from, where it is known.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) received: Timestamp,
    pub(super) became_aware: Timestamp,
    pub(super) last_inbound: Timestamp,
    pub(super) last_outbound: Timestamp,
    pub(super) acknowledged: Option<Timestamp>,
    pub(super) decided: Option<Timestamp>,
    pub(super) closed: Option<Timestamp>,
    pub(super) escalation_requested: Option<Timestamp>,
}

/// A clock to start.
pub(super) struct Start<'a> {
    pub(super) policy: &'a Policy,
    pub(super) complaint: Option<&'a Complaint>,
    pub(super) rules: &'a Rules,
    pub(super) severity: Severity,
    pub(super) times: Times,
    pub(super) now: Timestamp,
}

/// What was done that may meet milestones.
#[derive(Clone, Copy)]
pub(super) struct Done<'a> {
    /// What it shows.
    pub(super) facts: &'a [MetBy],
    /// When it was done.
    pub(super) at: Timestamp,
    /// The communication that did it.
    pub(super) by: Option<&'a CommunicationId>,
    /// What that states.
    pub(super) stated: &'a [String],
    /// Who says so, when nothing else shows it.
    pub(super) handler: Option<&'a HandlerId>,
}

impl<'a> Done<'a> {
    pub(super) fn of(facts: &'a [MetBy], at: Timestamp) -> Self {
        Self { facts, at, by: None, stated: &[], handler: None }
    }
}

impl Times {
    pub(super) fn all_at(at: Timestamp) -> Self {
        Self {
            received: at,
            became_aware: at,
            last_inbound: at,
            last_outbound: at,
            acknowledged: None,
            decided: None,
            closed: None,
            escalation_requested: None,
        }
    }

    fn of(self, anchor: &Anchor) -> Option<Timestamp> {
        match anchor {
            Anchor::Received => Some(self.received),
            Anchor::BecameAware => Some(self.became_aware),
            Anchor::LastInbound => Some(self.last_inbound),
            Anchor::Decided => self.decided,
            Anchor::Closed => self.closed,
            Anchor::LastOutbound => Some(self.last_outbound),
            Anchor::Acknowledged => self.acknowledged,
            Anchor::EscalationRequested => self.escalation_requested,
            Anchor::Milestone(_) => None,
        }
    }
}

impl Start<'_> {
    /// Starts the clock with everything it owes by itself and whose anchor is known.
    pub(super) fn push_to(&self, events: &mut Vec<Event>) {
        self.push_only(|milestone| !milestone.on_demand, events);
    }

    /// Starts the clock with some of its milestones only.
    pub(super) fn push_only(
        &self,
        owed: impl Fn(&PolicyMilestone) -> bool,
        events: &mut Vec<Event>,
    ) -> ClockId {
        let clock = self.clock_id();
        events.push(Event::from(ClockStarted {
            clock: clock.clone(),
            policy: self.policy.id.clone(),
            policy_version: self.policy.version.clone(),
            anchor_at: self.times.received,
        }));
        for milestone in self.policy.milestones.iter().filter(|milestone| owed(milestone)) {
            if let Some(anchor_at) = self.times.of(&milestone.anchor) {
                let when = (anchor_at, self.severity);
                let timing = match self.complaint {
                    Some(complaint) => Timing::begin(complaint, milestone, when, self.now),
                    None => Timing::from(anchor_at, self.severity),
                };
                events.push(set(self.policy, milestone, (&clock, 1), &timing));
            }
        }
        clock
    }

    /// The policy's name, and a number when it starts again; never the name of another clock or policy.
    fn clock_id(&self) -> ClockId {
        let of_complaint =
            |id: &str| self.complaint.is_some_and(|c| c.clocks.iter().any(|clock| clock.id.as_str() == id));
        let of_policy = |id: &str| self.rules.policies().any(|policy| policy.id.as_str() == id);
        let name = self.policy.id.as_str();
        let first = (!of_complaint(name)).then(|| name.to_owned());
        let numbered = || {
            (2u32..=u32::MAX).map(|n| format!("{name}-{n}")).find(|id| !of_complaint(id) && !of_policy(id))
        };
        let id = first.or_else(numbered).unwrap_or_default();
        ClockId::new(id).expect("ids of policies leave room for a number")
    }
}

/// A milestone with its due time and rungs.
pub(super) fn set(
    policy: &Policy,
    milestone: &PolicyMilestone,
    (clock, generation): (&ClockId, u32),
    timing: &Timing,
) -> Event {
    let (due_at, rungs) = policy.plan(milestone, timing);
    Event::from(MilestoneSet {
        clock: clock.clone(),
        milestone: milestone.id.clone(),
        due_at,
        anchor: milestone.anchor.token().to_owned(),
        anchor_at: timing.anchor,
        rungs,
        generation,
    })
}

pub(super) fn stopped(clock: &Clock, reason: StopReason) -> Event {
    Event::from(ClockStopped { clock: clock.id.clone(), reason })
}

impl Case<'_> {
    /// The anchors of this complaint for clocks that start now.
    pub(super) fn times(&self) -> Times {
        let people =
            self.complaint.contacts.iter().filter(|contact| contact.machine == MachineKind::Unspecified);
        let decided = match self.complaint.status {
            Status::Decided { at, .. } => Some(at),
            _ => None,
        };
        Times {
            received: self.complaint.received_at,
            became_aware: self.now,
            last_inbound: people.map(|c| c.received_at).max().unwrap_or(self.complaint.received_at),
            last_outbound: self.last_outbound().unwrap_or(self.complaint.received_at),
            acknowledged: self.accepted(CommunicationPurpose::Acknowledgement).map(|delivery| delivery.at),
            decided,
            closed: None,
            escalation_requested: self.complaint.review_requested_at,
        }
    }

    pub(super) fn start<'s>(&'s self, policy: &'s Policy, times: Times, severity: Severity) -> Start<'s> {
        Start { policy, complaint: Some(self.complaint), rules: self.rules, severity, times, now: self.now }
    }

    /// What the policy says meets a milestone; what its name says, when the settings no longer know it.
    pub(super) fn is_met_by(&self, clock: &Clock, milestone: &Milestone, fact: MetBy) -> bool {
        match self.rules.policy_of(clock).and_then(|policy| policy.milestone(&milestone.id)) {
            Some(known) => known.is_met_by(fact),
            None => MetBy::default_of(milestone.id.as_str()).contains(&fact),
        }
    }

    /// Every owed milestone that this meets, and what is owed from then on. On a closed complaint a clock that owes
    /// nothing more stops.
    pub(super) fn meet(&self, done: &Done<'_>) -> Vec<Event> {
        self.meet_where(done, |_| true)
    }

    /// The same, of one milestone.
    pub(super) fn meet_only(&self, milestone: &MilestoneId, done: &Done<'_>) -> Vec<Event> {
        self.meet_where(done, |owed| owed.id == *milestone)
    }

    fn meet_where(&self, done: &Done<'_>, is_meant: impl Fn(&Milestone) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        for clock in self.complaint.running_clocks() {
            let (before, mut left) = (events.len(), 0);
            for milestone in clock.milestones.iter().filter(|milestone| milestone.met_at.is_none()) {
                if is_meant(milestone) && self.is_met(clock, milestone, done) {
                    events.push(met(clock, milestone, done));
                    self.owe_after(clock, milestone, done, &mut events);
                } else {
                    left += 1;
                }
            }
            if left == 0 && events.len() > before && !self.complaint.is_open() {
                events.push(stopped(clock, StopReason::Completed));
            }
        }
        events
    }

    fn is_met(&self, clock: &Clock, milestone: &Milestone, done: &Done<'_>) -> bool {
        let known = self.rules.policy_of(clock).and_then(|policy| policy.milestone(&milestone.id));
        // What no communication shows needs to state nothing.
        if done.by.is_some() && known.is_some_and(|known| !known.is_content_with(done.stated)) {
            return false;
        }
        done.facts.iter().any(|fact| {
            let old_news = *fact == MetBy::AnyOutbound && done.at < milestone.anchor_at;
            !old_news && self.is_met_by(clock, milestone, *fact)
        })
    }

    /// What is owed since a milestone was met: itself again, and what counts from it.
    pub(super) fn owe_after(
        &self,
        clock: &Clock,
        milestone: &Milestone,
        done: &Done<'_>,
        events: &mut Vec<Event>,
    ) {
        let Some(policy) = self.rules.policy_of(clock).filter(|_| self.complaint.is_open()) else { return };
        let is_last_word = done.facts.contains(&MetBy::FinalResponseAccepted);
        if let Some(known) = policy.milestone(&milestone.id)
            && known.recurring
            && known.anchor == Anchor::LastOutbound
            && !is_last_word
        {
            let timing = self.begin(known, done.at);
            events.push(set(policy, known, (&clock.id, milestone.generation + 1), &timing));
        }
        for next in policy.milestones.iter().filter(|next| next.counts_from(&milestone.id)) {
            if clock.milestone(&next.id).is_none() {
                events.push(set(policy, next, (&clock.id, 1), &self.begin(next, done.at)));
            }
        }
    }

    /// What counts from this is owed from now on, on every clock that does not owe it yet.
    pub(super) fn owe_since(&self, anchor: &Anchor, at: Timestamp, events: &mut Vec<Event>) {
        for clock in self.complaint.running_clocks() {
            let Some(policy) = self.rules.policy_of(clock) else { continue };
            let since = policy.milestones.iter().filter(|m| m.anchor == *anchor && !m.on_demand);
            for milestone in since.filter(|milestone| clock.milestone(&milestone.id).is_none()) {
                events.push(set(policy, milestone, (&clock.id, 1), &self.begin(milestone, at)));
            }
        }
    }

    /// What decides when a milestone is due that begins now and counts from then.
    pub(super) fn begin(&self, milestone: &PolicyMilestone, anchor: Timestamp) -> Timing {
        Timing::begin(self.complaint, milestone, (anchor, self.complaint.severity), self.now)
    }

    fn last_outbound(&self) -> Option<Timestamp> {
        let told = self.complaint.communications.iter().filter(|delivery| {
            delivery.recipient == Recipient::Complainant && delivery.status == DeliveryStatus::Accepted
        });
        told.map(|delivery| delivery.at).max()
    }

    /// True while somebody has yet to look at a reply on the closed complaint.
    pub(super) fn owes_review(&self) -> bool {
        let mut owed = self.complaint.running_clocks().flat_map(|clock| &clock.milestones);
        owed.any(|milestone| milestone.id.as_str() == REVIEW_REPLY && milestone.met_at.is_none())
    }

    /// The newest communication of this purpose that reached the complainant's side, as far as is known.
    pub(super) fn accepted(&self, purpose: CommunicationPurpose) -> Option<&Delivery> {
        self.complaint.communications.iter().rev().find(|delivery| {
            delivery.purpose == purpose
                && delivery.recipient == Recipient::Complainant
                && delivery.status == DeliveryStatus::Accepted
        })
    }
}

pub(super) fn met(clock: &Clock, milestone: &Milestone, done: &Done<'_>) -> Event {
    Event::from(MilestoneMet {
        clock: clock.id.clone(),
        milestone: milestone.id.clone(),
        met_at: done.at,
        communication_id: done.by.cloned(),
        late: done.at > milestone.due_at && !milestone.paused,
        handler: done.handler.cloned(),
    })
}

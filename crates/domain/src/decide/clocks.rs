//! Starting and stopping clocks, setting and meeting milestones.

use jiff::Timestamp;
use redress_contract::event::{ClockStarted, ClockStopped, MilestoneMet, MilestoneSet};
use redress_contract::{
    ClockId, CommunicationId, CommunicationPurpose, Event, MachineKind, Recipient, Severity, StopReason,
};

use super::Case;
use crate::complaint::{Clock, Delivery, DeliveryStatus, Milestone, Status};
use crate::rules::{Anchor, MetBy, Policy, PolicyMilestone, REVIEW_REPLY};
use crate::{Complaint, Rules};

/// What spans may count from, where it is known.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) received: Timestamp,
    pub(super) became_aware: Timestamp,
    pub(super) last_inbound: Timestamp,
    pub(super) decided: Option<Timestamp>,
    pub(super) closed: Option<Timestamp>,
}

/// A clock to start.
pub(super) struct Start<'a> {
    pub(super) policy: &'a Policy,
    pub(super) complaint: Option<&'a Complaint>,
    pub(super) rules: &'a Rules,
    pub(super) severity: Severity,
    pub(super) times: Times,
}

impl Times {
    pub(super) fn all_at(at: Timestamp) -> Self {
        Self { received: at, became_aware: at, last_inbound: at, decided: None, closed: None }
    }

    fn of(self, anchor: Anchor) -> Option<Timestamp> {
        match anchor {
            Anchor::Received => Some(self.received),
            Anchor::BecameAware => Some(self.became_aware),
            Anchor::LastInbound => Some(self.last_inbound),
            Anchor::Decided => self.decided,
            Anchor::Closed => self.closed,
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
            if let Some(anchor_at) = self.times.of(milestone.anchor) {
                events.push(set(self.policy, milestone, (&clock, 1), (anchor_at, self.severity)));
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
    (anchor_at, severity): (Timestamp, Severity),
) -> Event {
    let (due_at, rungs) = policy.plan(milestone, anchor_at, severity);
    Event::from(MilestoneSet {
        clock: clock.clone(),
        milestone: milestone.id.clone(),
        due_at,
        anchor: milestone.anchor.token().to_owned(),
        anchor_at,
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
            decided,
            closed: None,
        }
    }

    pub(super) fn start<'s>(&'s self, policy: &'s Policy, times: Times, severity: Severity) -> Start<'s> {
        Start { policy, complaint: Some(self.complaint), rules: self.rules, severity, times }
    }

    /// What the policy says meets a milestone; what its name says, when the settings no longer know it.
    pub(super) fn is_met_by(&self, clock: &Clock, milestone: &Milestone, fact: MetBy) -> bool {
        match self.rules.policy(&clock.policy).and_then(|policy| policy.milestone(&milestone.id)) {
            Some(known) => known.is_met_by(fact),
            None => MetBy::default_of(milestone.id.as_str()).contains(&fact),
        }
    }

    /// Every owed milestone that one of these facts meets. On a closed complaint a clock that owes nothing more stops.
    pub(super) fn meet(&self, facts: &[MetBy], at: Timestamp, by: Option<&CommunicationId>) -> Vec<Event> {
        let mut events = Vec::new();
        for clock in self.complaint.running_clocks() {
            let (before, mut left) = (events.len(), 0);
            for milestone in clock.milestones.iter().filter(|milestone| milestone.met_at.is_none()) {
                let fits = |fact: &&MetBy| {
                    let old_news = **fact == MetBy::AnyOutbound && at < milestone.anchor_at;
                    !old_news && self.is_met_by(clock, milestone, **fact)
                };
                if facts.iter().find(fits).is_some() {
                    events.push(met(clock, milestone, at, by));
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

pub(super) fn met(
    clock: &Clock,
    milestone: &Milestone,
    at: Timestamp,
    by: Option<&CommunicationId>,
) -> Event {
    Event::from(MilestoneMet {
        clock: clock.id.clone(),
        milestone: milestone.id.clone(),
        met_at: at,
        communication_id: by.cloned(),
        late: at > milestone.due_at,
    })
}

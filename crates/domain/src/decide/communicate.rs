//! What became of communications, and what that meets or makes owed again.

use jiff::Timestamp;
use redress_contract::event::{
    CommunicationAccepted, CommunicationFailed, CommunicationQueued, CommunicationSuppressed,
    MilestoneReopened,
};
use redress_contract::{CommunicationPurpose, Event, Recipient, SuppressReason};

use super::clocks::Done;
use super::{Case, Decision, must_be_given};
use crate::command::{CommunicationFact, Fate};
use crate::complaint::{Clock, Delivery, DeliveryStatus, Milestone, Status};
use crate::rules::{Anchor, MetBy, Timing};

impl Case<'_> {
    /// Facts about one communication may come twice, late and from several deliverers; its fate only moves on.
    pub(super) fn note_communication(&self, fact: &CommunicationFact) -> Decision {
        must_be_given(fact.communication_id.as_str(), "the communication's id")?;
        let known = self.complaint.delivery(&fact.communication_id);
        if !moves_on(known.map(|delivery| &delivery.status), &fact.fate) {
            return Ok(Vec::new());
        }
        let mut events = vec![noted(fact)];
        match &fact.fate {
            Fate::Accepted { at, provides } if fact.recipient == Recipient::Complainant => {
                self.note_told(fact, *at, provides, &mut events);
            }
            Fate::Failed(_) => {
                if let Some(delivery) = known {
                    self.owe_again(delivery, "failed", self.now, &mut events);
                }
            }
            Fate::Queued(_) | Fate::Accepted { .. } | Fate::Suppressed(_) => {}
        }
        Ok(events)
    }

    /// The complainant was told something: what that meets, puts off and lets begin.
    fn note_told(&self, fact: &CommunicationFact, at: Timestamp, stated: &[String], events: &mut Vec<Event>) {
        let facts = MetBy::of_communication(fact.purpose);
        let by = Some(&fact.communication_id);
        events.extend(self.meet(&Done { by, stated, ..Done::of(facts, at) }));
        match fact.purpose {
            CommunicationPurpose::Acknowledgement => self.owe_since(&Anchor::Acknowledged, at, events),
            CommunicationPurpose::HoldingResponse => {
                self.put_off_by_notice((&fact.communication_id, at), stated, events);
            }
            _ => {}
        }
    }

    /// What an accepted communication met is owed again when it turns out not to have arrived.
    pub(super) fn owe_again(&self, lost: &Delivery, reason: &str, since: Timestamp, events: &mut Vec<Event>) {
        if lost.status != DeliveryStatus::Accepted || lost.recipient != Recipient::Complainant {
            return;
        }
        for clock in self.complaint.running_clocks() {
            for milestone in clock.milestones.iter().filter(|milestone| milestone.met_at.is_some()) {
                if self.hangs_on(clock, milestone, lost) {
                    events.push(self.reopened(clock, milestone, reason, since));
                }
            }
        }
    }

    /// True when the milestone was met by this communication and nothing else that stands meets it.
    fn hangs_on(&self, clock: &Clock, milestone: &Milestone, lost: &Delivery) -> bool {
        let facts = MetBy::of_communication(lost.purpose);
        let meets = |facts: &[MetBy]| facts.iter().any(|fact| self.is_met_by(clock, milestone, *fact));
        let another = self.complaint.communications.iter().any(|other| {
            other.id != lost.id
                && other.recipient == Recipient::Complainant
                && other.status == DeliveryStatus::Accepted
                && meets(MetBy::of_communication(other.purpose))
        });
        let taken_on = self.is_accepted() && meets(&[MetBy::Accepted]);
        let decided = matches!(self.complaint.status, Status::Decided { .. }) && meets(&[MetBy::Decided]);
        meets(facts) && !another && !taken_on && !decided
    }

    fn reopened(&self, clock: &Clock, milestone: &Milestone, reason: &str, since: Timestamp) -> Event {
        let policy = self.rules.policy_or_fallback(clock);
        let pauses = policy
            .milestone(&milestone.id)
            .map(|known| Timing::of(self.complaint, milestone, known, self.now).pauses)
            .unwrap_or_default();
        let (due_at, rungs) = policy.plan_again(since, self.complaint.severity, &pauses);
        Event::from(MilestoneReopened {
            clock: clock.id.clone(),
            milestone: milestone.id.clone(),
            reason: reason.to_owned(),
            due_at,
            rungs,
            generation: milestone.generation + 1,
            since,
        })
    }
}

/// The order of fates: kept back, released, queued, then the one end or the other. Nothing goes back, except that what
/// was released may be stopped by another guard than the one it was released from.
fn moves_on(known: Option<&DeliveryStatus>, fate: &Fate) -> bool {
    use DeliveryStatus as Known;
    match known {
        None => true,
        Some(Known::Bounced | Known::Failed) => false,
        Some(Known::Accepted) => matches!(fate, Fate::Failed(_)),
        Some(Known::Queued) => !matches!(fate, Fate::Queued(_)),
        Some(Known::Suppressed(_)) => matches!(fate, Fate::Accepted { .. }),
        Some(Known::Released) => !matches!(fate, Fate::Suppressed(reason) if is_releasable(*reason)),
    }
}

/// True for what a person may let go: nothing but our own doubt speaks against sending it.
pub(super) fn is_releasable(reason: SuppressReason) -> bool {
    matches!(reason, SuppressReason::ReceivedLongAgo | SuppressReason::PerhapsSent)
}

fn noted(fact: &CommunicationFact) -> Event {
    let (communication_id, contact_id) = (fact.communication_id.clone(), fact.contact_id.clone());
    let (purpose, recipient, medium) = (fact.purpose, fact.recipient, fact.medium);
    match &fact.fate {
        Fate::Queued(reason) => Event::from(CommunicationQueued {
            communication_id,
            purpose,
            recipient,
            medium,
            contact_id,
            reason: reason.clone(),
        }),
        Fate::Accepted { at, provides } => Event::from(CommunicationAccepted {
            communication_id,
            purpose,
            recipient,
            medium,
            contact_id,
            provides: provides.clone(),
            accepted_at: *at,
        }),
        Fate::Failed(reason) => Event::from(CommunicationFailed {
            communication_id,
            purpose,
            recipient,
            medium,
            contact_id,
            reason: reason.clone(),
        }),
        Fate::Suppressed(reason) => Event::from(CommunicationSuppressed {
            communication_id,
            purpose,
            recipient,
            medium,
            contact_id,
            reason: *reason,
        }),
    }
}

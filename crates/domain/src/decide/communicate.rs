//! What became of communications, and what that meets or makes owed again.

use jiff::Timestamp;
use redress_contract::event::{
    CommunicationAccepted, CommunicationFailed, CommunicationQueued, CommunicationSuppressed,
    MilestoneReopened,
};
use redress_contract::{Event, Recipient, SuppressReason};

use super::{Case, Decision, must_be_given};
use crate::command::{CommunicationFact, Fate};
use crate::complaint::{Clock, Delivery, DeliveryStatus, Milestone, Status};
use crate::rules::MetBy;

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
            Fate::Accepted { at, .. } if fact.recipient == Recipient::Complainant => {
                let facts = MetBy::of_communication(fact.purpose);
                events.extend(self.meet(facts, *at, Some(&fact.communication_id)));
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
        let due_at = self.rules.reopen_due(&clock.policy, since);
        let severity = self.complaint.severity;
        Event::from(MilestoneReopened {
            clock: clock.id.clone(),
            milestone: milestone.id.clone(),
            reason: reason.to_owned(),
            due_at,
            rungs: self.rules.policy_or_fallback(&clock.policy).reopen_rungs(since, due_at, severity),
            generation: milestone.generation + 1,
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

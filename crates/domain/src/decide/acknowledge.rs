//! Acknowledging an escalation: somebody looks after it, so that the next rung need not be told.

use redress_contract::Recipient;
use redress_contract::event::EscalationAcknowledged;
use redress_contract::{Event, HandlerId};

use super::{Case, Decision, must_be_given};
use crate::Refusal;
use crate::command::{Acknowledge, Acknowledger, Told};
use crate::complaint::{Clock, Milestone};

impl Case<'_> {
    /// Of each escalation that is meant, the highest rung that was reached. One that somebody acknowledged, or one of
    /// a mail that was answered before, yields nothing.
    pub(super) fn acknowledge(&self, wish: &Acknowledge) -> Decision {
        let (handler, recipient) = match &wish.by {
            Acknowledger::Handler(handler) => {
                must_be_given(handler.as_str(), "the handler")?;
                (Some(handler), Recipient::Unspecified)
            }
            Acknowledger::Role(role) => (None, *role),
        };
        let pending = self.complaint.pending();
        let meant: Vec<_> = pending.into_iter().filter(|(clock, owed)| wish.means(clock, owed)).collect();
        if meant.is_empty() {
            return Err(Refusal::NotEscalated);
        }
        let waits = |owed: &Milestone| {
            owed.awaits_acknowledgement() && wish.told.is_none_or(|told| owed.acknowledged_rung < told.rung)
        };
        let waiting = meant.into_iter().filter(|(_, owed)| waits(owed));
        Ok(waiting.map(|(clock, owed)| acknowledged(clock, owed, handler, recipient)).collect())
    }
}

impl Acknowledge {
    fn means(&self, clock: &Clock, owed: &Milestone) -> bool {
        let stands = |told: Told| told.generation == owed.generation && told.rung <= owed.rungs_reached;
        owed.is_escalated()
            && self.clock.as_ref().is_none_or(|id| *id == clock.id)
            && self.milestone.as_ref().is_none_or(|id| *id == owed.id)
            && self.told.is_none_or(stands)
    }
}

fn acknowledged(clock: &Clock, owed: &Milestone, handler: Option<&HandlerId>, recipient: Recipient) -> Event {
    Event::from(EscalationAcknowledged {
        clock: clock.id.clone(),
        milestone: owed.id.clone(),
        rung: owed.rungs_reached,
        generation: owed.generation,
        handler: handler.cloned(),
        recipient,
    })
}

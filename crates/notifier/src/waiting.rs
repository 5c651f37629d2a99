//! What was too much for one address is gathered: one message, when the next is permitted, acknowledges all that wait.

use std::collections::BTreeMap;

use redress_bus::Failure;
use redress_contract::{CommunicationId, ComplaintId, Recipient, Reference};
use redress_domain::Complaint;
use redress_domain::guard::Verdict;
use redress_runtime::fault;

use crate::address::answer_to;
use crate::limits::Waiting;
use crate::perform::{Letter, Occasion, limits_failed, reason};
use crate::plan::{Body, Step};
use crate::run::Notifier;
use crate::standing::is_waited_for;

/// How many messages one message gathers at most, besides its own.
const GATHERED_MAX: usize = 50;

impl Notifier {
    /// Sends what waits and may go now. A party whose turn fails does not hold up the others.
    pub(crate) async fn send_waiting(&self) -> Result<(), Failure> {
        self.send_kept().await?;
        let mut by_party: BTreeMap<String, Vec<Waiting>> = BTreeMap::new();
        for waiting in self.limits.waiting().await.map_err(limits_failed)? {
            by_party.entry(waiting.party.clone()).or_default().push(waiting);
        }
        let now = self.ledger.clock().now();
        for waiting in by_party.into_values().filter(|all| all.iter().any(|one| one.not_before <= now)) {
            if let Err(problem) = self.send_gathered(waiting).await {
                let problem = reason(&problem);
                tracing::warn!("Sending what waits for a party failed, trying again in a minute: {problem}");
            }
        }
        Ok(())
    }

    /// One message to a party, for as many of those that wait (oldest first) as it holds.
    async fn send_gathered(&self, waiting: Vec<Waiting>) -> Result<(), Failure> {
        let mut waiting = waiting.into_iter();
        let Some((lead, complaint)) = self.first_unsettled(&mut waiting).await? else { return Ok(()) };
        let contact = self.contact(&complaint, &complaint.contact_id).await?;
        let Some(target) = contact.as_ref().and_then(answer_to) else {
            // Erased meanwhile: there is nobody to write to.
            return self.limits.forget(&lead).await.map_err(limits_failed);
        };
        let step = step(&lead, &complaint);
        let account = complaint.account.clone();
        let occasion = Occasion { complaint, at: self.ledger.clock().now(), traceparent: String::new() };
        match self.ask(&occasion, &step, Some(&target)).await? {
            Verdict::Go => {}
            Verdict::NotBefore(_) => return Ok(()),
            Verdict::Suppress(reason) => {
                self.suppress(&occasion, &step, &lead.id, reason).await?;
                return self.limits.forget(&lead).await.map_err(limits_failed);
            }
        }
        let gathered = self.gather(waiting, &account).await?;
        let others: Vec<Reference> =
            gathered.iter().map(|(_, complaint)| complaint.reference.clone()).collect();
        let with: Vec<(ComplaintId, CommunicationId)> =
            gathered.iter().map(|(one, _)| (one.complaint.clone(), one.id.clone())).collect();
        let letter = Letter { target: &target, contact: contact.as_ref(), others: &others, with: &with };
        // When another replica was first, its message names what it gathers, and it forgets those itself.
        if self.put(&occasion, &step, &letter).await? {
            fault::point("notifier::gathered");
            for (one, _) in &gathered {
                self.limits.forget(one).await.map_err(limits_failed)?;
            }
            fault::point("notifier::forgotten");
            // The lead goes last, so that nobody else gathers what was left over by a crash.
            self.limits.forget(&lead).await.map_err(limits_failed)?;
        }
        Ok(())
    }

    /// The oldest whose fate is open; those whose fate is known are forgotten on the way.
    async fn first_unsettled(
        &self,
        waiting: &mut impl Iterator<Item = Waiting>,
    ) -> Result<Option<(Waiting, Complaint)>, Failure> {
        for one in waiting {
            let complaint = self.load(&one.complaint).await?;
            if is_waited_for(&complaint, &one.id) {
                return Ok(Some((one, complaint)));
            }
            self.limits.forget(&one).await.map_err(limits_failed)?;
        }
        Ok(None)
    }

    /// Others of the same account whose fate is open.
    async fn gather(
        &self,
        waiting: impl Iterator<Item = Waiting>,
        account: &str,
    ) -> Result<Vec<(Waiting, Complaint)>, Failure> {
        let mut gathered = Vec::new();
        for one in waiting {
            if gathered.len() == GATHERED_MAX {
                break;
            }
            let complaint = self.load(&one.complaint).await?;
            if complaint.account == account && is_waited_for(&complaint, &one.id) {
                gathered.push((one, complaint));
            }
        }
        Ok(gathered)
    }
}

fn step(waiting: &Waiting, complaint: &Complaint) -> Step {
    Step {
        event_id: waiting.event.clone(),
        recipient: Recipient::Complainant,
        contact_id: Some(complaint.contact_id.clone()),
        body: Body::Acknowledgement,
        id: Some(waiting.id.clone()),
        released: waiting.released,
    }
}

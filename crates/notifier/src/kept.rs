//! What staff are not told in quiet hours waits, and is told when they are over, as far as it is still true.

use jiff::Timestamp;
use redress_bus::Failure;
use redress_contract::{Cause, Severity, SuppressReason};
use redress_domain::command::Fate;
use redress_domain::{CommunicationFact, Complaint};
use redress_ledger::history::Entry;

use crate::limits::Kept;
use crate::perform::{Occasion, limits_failed, not_loaded, reason};
use crate::plan::{Step, plan};
use crate::run::Notifier;
use crate::standing::is_waited_for;

/// Why a message waits, on the complaint.
const QUIET_HOURS: &str = "quiet_hours";

impl Notifier {
    /// When staff may be told; none when that is now. Who may come to harm does not wait for the morning.
    pub(crate) fn quiet_until(&self, complaint: &Complaint, now: Timestamp) -> Option<Timestamp> {
        if complaint.severity == Severity::S1 { None } else { self.config.quiet_hours.until(now) }
    }

    /// Keeps a message until then, and says so on the complaint.
    pub(crate) async fn keep_quiet(
        &self,
        occasion: &Occasion,
        step: &Step,
        until: Timestamp,
    ) -> Result<(), Failure> {
        let id = step.id(self.keys());
        let (complaint, event) = (occasion.complaint.id.clone(), step.event_id.clone());
        let kept = Kept { id: id.clone(), complaint, event, until };
        self.limits.keep(&kept).await.map_err(limits_failed)?;
        self.note(occasion, step, &id, Fate::Queued(QUIET_HOURS.to_owned())).await
    }

    /// Sends what was kept and may go now. One that fails does not hold up the others.
    pub(crate) async fn send_kept(&self) -> Result<(), Failure> {
        let now = self.ledger.clock().now();
        for kept in self.limits.kept().await.map_err(limits_failed)?.into_iter().filter(|it| it.until <= now)
        {
            if let Err(problem) = self.send_one(&kept).await {
                let problem = reason(&problem);
                tracing::warn!("Telling staff after quiet hours failed, trying again in a minute: {problem}");
            }
        }
        Ok(())
    }

    async fn send_one(&self, kept: &Kept) -> Result<(), Failure> {
        let complaint = self.load(&kept.complaint).await?;
        if is_waited_for(&complaint, &kept.id) {
            let history = self.ledger.history(&kept.complaint).await.map_err(not_loaded)?;
            let at = self.ledger.clock().now();
            let step = self.step_of(kept, &history, &complaint);
            let occasion = Occasion { complaint, at, traceparent: String::new() };
            match step {
                Some(step) => self.tell_kept(&occasion, &step).await?,
                None => self.drop_kept(&occasion, kept).await?,
            }
        }
        self.limits.let_go(kept).await.map_err(limits_failed)
    }

    /// The message as it would be planned now; none when it is no longer true.
    fn step_of(&self, kept: &Kept, history: &[Entry], complaint: &Complaint) -> Option<Step> {
        let wants = |entry: &&Entry| {
            entry.commit.events.iter().any(|recorded| entry.commit.event_id(recorded) == kept.event)
        };
        let entry = history.iter().find(wants)?;
        plan(&entry.commit, complaint).into_iter().find(|step| step.id(self.keys()) == kept.id)
    }

    /// To whoever has the role now.
    async fn tell_kept(&self, occasion: &Occasion, step: &Step) -> Result<(), Failure> {
        let (team, handler) = (occasion.complaint.team.as_ref(), occasion.complaint.handler.as_ref());
        let address = self.config.staff.address(step.recipient, team, handler, occasion.at);
        self.tell_staff(occasion, step, address.as_deref()).await
    }

    async fn drop_kept(&self, occasion: &Occasion, kept: &Kept) -> Result<(), Failure> {
        let Some(delivery) = occasion.complaint.delivery(&kept.id) else { return Ok(()) };
        let fact = CommunicationFact {
            communication_id: kept.id.clone(),
            purpose: delivery.purpose,
            recipient: delivery.recipient,
            medium: delivery.medium,
            contact_id: None,
            fate: Fate::Suppressed(SuppressReason::Superseded),
        };
        let cause = Cause { causation_id: kept.event.to_string(), traceparent: String::new() };
        self.execute(&kept.complaint, fact, cause).await
    }
}

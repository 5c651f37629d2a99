//! From OUTBOX to the platform: asks once more whether the answer is still true, posts it, notes what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redress_bus::{Delivery, Failure};
use redress_contract::communication::{Answer, GATHERS, gathered};
use redress_contract::{
    Actor, Cause, Communication, CommunicationId, CommunicationPurpose, ComplaintId, SuppressReason,
    Visibility,
};
use redress_domain::command::Fate;
use redress_domain::outbox::{Case, Standing, standing};
use redress_domain::{Command, CommunicationFact, Refusal};
use redress_intake::health::Kind;
use redress_ledger::{ExecuteError, Ledger, LoadError};
use tracing::info;

use crate::connector::{Connector, Reply};
use crate::trouble::Trouble;

/// Younger than this at its first delivery, an answer was not tried before.
const FRESH: SignedDuration = SignedDuration::from_mins(1);
/// A platform that asks for more patience is asked again after so long all the same, to see how the complaint stands.
const WAIT_MAX: Duration = Duration::from_hours(1);

/// Posts answers.
pub(crate) struct Deliverer {
    pub(crate) ledger: Ledger,
    pub(crate) connectors: BTreeMap<String, Arc<Connector>>,
    /// Nothing goes out.
    pub(crate) held: bool,
    pub(crate) give_up_after: SignedDuration,
}

/// Of a message that others were not to read.
const ONLY_INVITED: &str = "the platform has no private answer: they were invited to write privately";

/// An answer that waits.
#[derive(Debug, thiserror::Error)]
#[error("post an answer: {0}")]
struct NotPosted(Trouble);

/// A complaint that is not there although an answer names it: a replica of the broker may lag.
#[derive(Debug, thiserror::Error)]
#[error("complaint {0} is not there yet")]
struct NotThere(ComplaintId);

impl Deliverer {
    /// Handles a message in OUTBOX.
    pub(crate) async fn handle(&self, delivery: Delivery) -> Result<(), Failure> {
        let vault = self.ledger.vault();
        let opened = vault.open_communication(&delivery.subject, &delivery.headers, &delivery.body).await;
        let Some(message) = opened.map_err(redress_vault::OpenError::into_failure)? else {
            // Erased: what is left is a tombstone.
            return Ok(());
        };
        let complaint = self.ledger.load_at_leader(&message.complaint_id).await.map_err(not_loaded)?;
        let complaint =
            complaint.ok_or_else(|| Failure::retry(NotThere(message.complaint_id.clone())))?.complaint;
        let with = gathered(delivery.header(GATHERS));
        // What was posted before is found by its key, so nothing here is ever in doubt.
        let case = Case { held: self.held, in_doubt: false, gathers: !with.is_empty() };
        let queued = match standing(&message, &complaint, case) {
            Standing::Wanted { queued } => queued,
            Standing::Settled => return Ok(()),
            Standing::Unwanted(reason) => return self.suppress(&message, &with, reason).await,
        };
        let answer = Answer::read(&message.message).map_err(Failure::reject)?;
        let age = self.ledger.clock().now().duration_since(message.rendered_at);
        let again = delivery.attempt > 1 || queued.is_some() || age > FRESH;
        let reply = Reply { answer: &answer, key: &message.id, rendered_at: message.rendered_at, again };
        match self.post(reply).await {
            Ok(()) => {
                count(&answer, "accepted");
                info!(complaint.id = %message.complaint_id, platform = answer.platform, "Answered a post");
                let at = self.ledger.clock().now();
                let accepted = Fate::Accepted { at, provides: message.provides.clone() };
                let fate = if only_invites(&message, &answer) {
                    Fate::Failed(ONLY_INVITED.to_owned())
                } else {
                    accepted
                };
                self.note_all(&message, &with, &fate).await
            }
            Err(trouble) => self.not_posted((&message, delivery.attempt), &with, (trouble, queued)).await,
        }
    }

    async fn post(&self, reply: Reply<'_>) -> Result<(), Trouble> {
        match self.connectors.get(&reply.answer.account) {
            Some(connector) => Box::pin(connector.answer(reply)).await,
            // Somebody took it out of the settings; they may put it back.
            None => Err(Trouble::new(Kind::Transient, "the settings do not name the account any more")),
        }
    }

    async fn not_posted(
        &self,
        (message, attempt): (&Communication, u64),
        with: &[(ComplaintId, CommunicationId)],
        (trouble, queued): (Trouble, Option<Timestamp>),
    ) -> Result<(), Failure> {
        let now = self.ledger.clock().now();
        let since = queued.unwrap_or(message.rendered_at).max(message.rendered_at);
        let tried_for = now.duration_since(since);
        let never = matches!(trouble.kind, Kind::Permanent | Kind::Permission);
        if never || tried_for > self.give_up_after {
            metrics::counter!("redress_social_answers_total", "outcome" => "failed").increment(1);
            let why = if never {
                trouble.reason
            } else {
                format!("given up after {} hours: {}", tried_for.as_hours(), trouble.reason)
            };
            return self.note_all(message, with, &Fate::Failed(why)).await;
        }
        if queued.is_none() {
            self.note(message, (&message.complaint_id, &message.id), &Fate::Queued(trouble.reason.clone()))
                .await?;
        }
        let after = trouble.after.map_or(queued_for(attempt), |after| after.min(WAIT_MAX));
        Err(Failure::retry_after(NotPosted(trouble), after))
    }

    async fn suppress(
        &self,
        message: &Communication,
        with: &[(ComplaintId, CommunicationId)],
        reason: SuppressReason,
    ) -> Result<(), Failure> {
        metrics::counter!("redress_social_answers_total", "outcome" => "suppressed").increment(1);
        self.note_all(message, with, &Fate::Suppressed(reason)).await
    }

    /// Notes the same fate for an answer and for those it gathers.
    async fn note_all(
        &self,
        message: &Communication,
        with: &[(ComplaintId, CommunicationId)],
        fate: &Fate,
    ) -> Result<(), Failure> {
        // Those it gathers first: once the answer's own fate is noted, nobody comes back to it.
        for (complaint, id) in with {
            self.note(message, (complaint, id), fate).await?;
        }
        self.note(message, (&message.complaint_id, &message.id), fate).await
    }

    async fn note(
        &self,
        message: &Communication,
        (complaint, id): (&ComplaintId, &CommunicationId),
        fate: &Fate,
    ) -> Result<(), Failure> {
        let fact = CommunicationFact {
            communication_id: id.clone(),
            purpose: message.purpose,
            recipient: message.recipient,
            medium: message.medium,
            contact_id: message.contact_id.clone().filter(|_| *id == message.id),
            fate: fate.clone(),
        };
        let cause = Cause { causation_id: message.id.to_string(), traceparent: String::new() };
        let command = Command::NoteCommunication(fact);
        let noted = self.ledger.execute(complaint, &command, Actor::service("social"), cause).await;
        noted.map(drop).map_err(not_executed)
    }
}

/// True where the platform has no way to say it to the complainant alone: what was posted invites them to write privately, and
/// the message itself is still to reach them.
fn only_invites(message: &Communication, answer: &Answer) -> bool {
    message.purpose != CommunicationPurpose::Acknowledgement && answer.visibility != Visibility::Direct
}

/// How long an answer waits after so many tries, where the platform does not say: two minutes at most, since somebody waits for
/// it.
fn queued_for(attempt: u64) -> Duration {
    Duration::from_secs(1 << attempt.min(7))
}

fn count(answer: &Answer, outcome: &'static str) {
    metrics::counter!("redress_social_answers_total", "account" => answer.account.clone(), "outcome" => outcome)
        .increment(1);
}

fn not_loaded(error: LoadError) -> Failure {
    match error {
        LoadError::Read(_) => Failure::retry(error),
        LoadError::Broken { .. } => Failure::reject(error),
    }
}

fn not_executed(error: ExecuteError) -> Failure {
    match error {
        ExecuteError::Refused(Refusal::NoSuchComplaint) | ExecuteError::Append { .. } => {
            Failure::retry(error)
        }
        ExecuteError::Refused(_) => Failure::reject(error),
        ExecuteError::Load(load) => not_loaded(load),
    }
}

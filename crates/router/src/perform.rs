//! The agreement of replicas, step by step (DESIGN §7): look up, claim the root, commit, write the other keys.
//!
//! Every step may be the last one before a crash, and every step may be done by two replicas at once. The broker
//! decides twice: who claims the root of a thread, and who opens a complaint. Whatever a crash leaves undone, the
//! next delivery of the same contact, or any other contact of the same thread, does.

mod calls;
mod claims;
mod commit;
mod lookup;
mod posts;

use std::sync::Arc;

use redress_bus::failure::chain;
use redress_bus::{Delivery, Failure, KvError, ReadError};
use redress_contract::{Cause, ComplaintId, Contact, ContactId, Reference};
use redress_domain::CallLog;
use redress_intake::references;
use redress_ledger::{ExecuteError, Ledger, LoadError};
use redress_runtime::{Clock, fault};
use redress_vault::OpenError;
use tracing::info;

use crate::plan::{self, Answers, Belonging, Clues, bears_anothers_id, decide_belonging};
use crate::{Config, Deps};
use commit::Outcome;

/// Routes one contact after the other. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Router {
    ledger: Ledger,
    clock: Clock,
    config: Arc<Config>,
}

/// A contact on its way to its complaint.
struct Case {
    contact: Contact,
    clues: Clues,
    cause: Cause,
    /// What all entries about its call come to, when they were brought together.
    call: Option<CallLog>,
}

/// What kept a contact from its complaint.
#[derive(Debug, thiserror::Error)]
enum RouteError {
    #[error("open the contact")]
    Open(#[source] OpenError),
    #[error("use the correlation keys")]
    Keys(#[from] KvError),
    #[error("the correlation key {key} holds no claim")]
    BrokenClaim { key: String },
    #[error("read the communication a token names")]
    Communication(#[source] OpenError),
    #[error("read the log")]
    Read(#[from] ReadError),
    #[error("load the complaint")]
    Load(#[from] LoadError),
    #[error("load {complaint}: the replica of the broker that was asked does not know it yet")]
    Behind { complaint: ComplaintId },
    #[error("commit to {complaint}")]
    Execute { complaint: ComplaintId, source: ExecuteError },
    #[error("the post {contact} that this one revises has no complaint yet")]
    OnItsWay { contact: ContactId },
    #[error("every continuation of {complaint} is full")]
    Full { complaint: ComplaintId },
}

impl Router {
    /// A router over this log.
    pub fn new(config: Config, deps: Deps) -> Self {
        Self { ledger: deps.ledger, clock: deps.clock, config: Arc::new(config) }
    }

    /// Brings one contact to its complaint. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`Failure`]: to be delivered again, or a dead letter.
    pub async fn handle(&self, delivery: &Delivery) -> Result<(), Failure> {
        self.route(delivery).await.map_err(RouteError::into_failure)
    }

    async fn route(&self, delivery: &Delivery) -> Result<(), RouteError> {
        let Some(case) = self.open(delivery).await? else {
            // Erased: what is left is a tombstone.
            return Ok(());
        };
        fault::point_at("router::opened", &case.contact.subject).await;
        if plan::calls::is_unread_line(&case.contact) || plan::posts::is_unread_item(&case.contact) {
            count(&case, Outcome::Unread);
            return Ok(());
        }
        if plan::calls::call(&case.contact).is_some() {
            return Box::pin(self.route_call(case, delivery)).await;
        }
        if let Some(first) = plan::posts::revised(&case.contact).cloned() {
            return Box::pin(self.route_revision(case, &first, delivery)).await;
        }
        self.settle(case, Some(delivery)).await
    }

    /// Brings a contact to the complaint that it belongs to, or lets it open one. Without a delivery it is looked at again.
    async fn settle(&self, mut case: Case, delivery: Option<&Delivery>) -> Result<(), RouteError> {
        // At a first delivery without any clue nobody can have opened its complaint; if somebody did, the claim and
        // the append say so.
        let first = delivery.is_some_and(|delivery| delivery.attempt == 1);
        let perhaps_there = !first || case.clues.call_for_lookups();
        if perhaps_there && self.holds(&case).await? {
            count(&case, Outcome::Repeated);
            return self.keep_keys(&case, &case.clues.own_complaint).await;
        }
        let (belonging, reference) = self.belonging(&case).await?;
        if let Some(party) = belonging.party() {
            party.clone_into(&mut case.clues.party);
        }
        fault::point("router::claimed");
        let (complaint, outcome) = self.commit(&case, &belonging, reference).await?;
        fault::point("router::committed");
        self.report(&case, delivery, &complaint, outcome);
        self.keep_keys(&case, &complaint).await?;
        fault::point("router::kept");
        Ok(())
    }

    async fn open(&self, delivery: &Delivery) -> Result<Option<Case>, RouteError> {
        let vault = self.ledger.vault();
        let opened = vault.open_contact(&delivery.subject, &delivery.headers, &delivery.body).await;
        let Some(contact) = opened.map_err(RouteError::Open)? else { return Ok(None) };
        let mut case = self.case_of(contact);
        delivery.header("traceparent").unwrap_or_default().clone_into(&mut case.cause.traceparent);
        Ok(Some(case))
    }

    /// True when the complaint that this contact opens holds it already.
    async fn holds(&self, case: &Case) -> Result<bool, RouteError> {
        let loaded = self.ledger.load(&case.clues.own_complaint).await?;
        Ok(loaded.is_some_and(|loaded| loaded.complaint.contact(&case.contact.id).is_some()))
    }

    /// Where it belongs, agreed with all replicas, and its reference when that was claimed along the way.
    async fn belonging(&self, case: &Case) -> Result<(Belonging, Option<Reference>), RouteError> {
        let clues = &case.clues;
        let mut answers = Answers::default();
        let mut reference = None;
        if clues.call_for_lookups() {
            answers = self.look_up(clues).await?;
            let belonging = decide_belonging(clues, &answers);
            if belonging.is_certain() {
                return Ok((belonging, None));
            }
            answers.root = self.claim_root(case, belonging.complaint(clues)).await?;
        } else {
            // Most contacts start something new: both claims at once.
            let (root, claimed) = tokio::try_join!(
                self.claim_root(case, &clues.own_complaint),
                self.reference(case, &clues.own_complaint)
            )?;
            answers.root = root;
            reference = Some(claimed);
        }
        if answers.root.as_ref().is_some_and(|claimed| bears_anothers_id(clues, claimed)) {
            let belonging = decide_belonging(clues, &answers);
            answers.text_root = self.claim_text_root(case, belonging.complaint(clues)).await?;
        }
        Ok((decide_belonging(clues, &answers), reference))
    }

    /// The reference promised to the sender, else the first free one of this contact.
    async fn reference(&self, case: &Case, complaint: &ComplaintId) -> Result<Reference, RouteError> {
        match &case.contact.reference {
            Some(promised) => Ok(promised.clone()),
            None => Ok(references::claim(self.ledger.vault(), &case.contact.id, Some(complaint)).await?),
        }
    }

    fn report(&self, case: &Case, delivery: Option<&Delivery>, complaint: &ComplaintId, outcome: Outcome) {
        count(case, outcome);
        if let Some(delivery) = delivery.filter(|_| outcome == Outcome::Opened) {
            let waited = self.clock.now().duration_since(delivery.stored_at).as_secs_f64();
            metrics::histogram!("redress_router_registered_seconds").record(waited.max(0.0));
        }
        info!(
            complaint.id = %complaint,
            contact.id = %case.contact.id,
            channel = case.contact.channel.token(),
            attempt = delivery.map_or(0, |delivery| delivery.attempt),
            "Routed a contact: {}",
            outcome.word()
        );
    }
}

fn count(case: &Case, outcome: Outcome) {
    let channel = case.contact.channel.token();
    metrics::counter!("redress_router_contacts_total", "outcome" => outcome.word(), "channel" => channel)
        .increment(1);
}

impl RouteError {
    fn into_failure(self) -> Failure {
        let reason = chain(&self);
        match self {
            Self::Open(OpenError::Broken { .. }) | Self::Execute { source: ExecuteError::Refused(_), .. } => {
                Failure::Reject { reason }
            }
            Self::Open(OpenError::Locked { .. }) | Self::Communication(OpenError::Locked { .. }) => {
                Failure::Blocked { reason }
            }
            _ => Failure::Retry { reason, after: None },
        }
    }
}

//! The one commit by which a contact enters a complaint.

use redress_contract::{Actor, ComplaintId, Reference};
use redress_domain::{Command, Refusal};
use redress_intake::references;
use redress_ledger::ExecuteError;
use tracing::warn;

use super::{Case, RouteError, Router};
use crate::plan::{self, Barred, Belonging, CONTINUATIONS_MAX, Entry, Step};

/// What became of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It opened a complaint.
    Opened,
    /// It was linked to one.
    Linked,
    /// It was linked, and reports that a communication did not arrive.
    Bounced,
    /// It was linked, and is an answer that a member of staff sent by hand.
    Replied,
    /// It was linked, and is an act: a withdrawal, a request for review.
    Acted,
    /// It was there before.
    Repeated,
    /// It is a line that could not be read, which nobody complained by.
    Unread,
    /// The news that something was taken away that is not on record.
    Gone,
}

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Linked => "linked",
            Self::Bounced => "bounced",
            Self::Replied => "replied",
            Self::Acted => "acted",
            Self::Repeated => "repeated",
            Self::Unread => "unread",
            Self::Gone => "gone",
        }
    }
}

/// What a try led to.
enum Tried {
    Done(Outcome),
    Barred(Barred),
}

impl Router {
    /// Opens or links, whichever is possible: somebody else may open a complaint first, and a full one goes on in
    /// its continuation, whose id everybody derives alike.
    pub(super) async fn commit(
        &self,
        case: &Case,
        belonging: &Belonging,
        mut reference: Option<Reference>,
    ) -> Result<(ComplaintId, Outcome), RouteError> {
        let keys = self.ledger.vault().keys();
        let mut entry = Entry::of(&case.contact, &case.clues, belonging, keys);
        for _ in 0..2 * CONTINUATIONS_MAX {
            let (complaint, tried) = match entry.step.clone() {
                Step::Open(complaint) => {
                    let tried = self.register(case, &complaint, &entry, reference.take()).await?;
                    (complaint, tried)
                }
                Step::Link(complaint) => {
                    let tried = self.link(case, &complaint, &entry).await?;
                    (complaint, tried)
                }
            };
            match tried {
                Tried::Done(outcome) => return Ok((complaint, outcome)),
                Tried::Barred(barred) => {
                    if barred == Barred::Full {
                        warn!(complaint.id = %complaint, "Complaint {complaint} is full and goes on in a continuation");
                    }
                    entry.after(barred, |full| self.continuation(full));
                }
            }
        }
        let first = belonging.complaint(&case.clues).clone();
        Err(RouteError::Full { complaint: first })
    }

    async fn register(
        &self,
        case: &Case,
        complaint: &ComplaintId,
        entry: &Entry,
        reference: Option<Reference>,
    ) -> Result<Tried, RouteError> {
        let reference = match reference {
            Some(claimed) => claimed,
            None => self.reference(case, complaint).await?,
        };
        let routed = self.ledger.rules().route(&plan::facts_of(&case.contact, case.call.as_ref()));
        let command = entry.register(&case.contact, complaint, reference.clone(), routed);
        let tried = self.execute(case, complaint, command, Outcome::Opened).await?;
        if matches!(tried, Tried::Done(_)) && *complaint != case.clues.own_complaint {
            // It may have been claimed for the complaint that this contact would have opened.
            references::settle(self.ledger.vault(), &reference, complaint).await?;
        }
        Ok(tried)
    }

    async fn link(&self, case: &Case, complaint: &ComplaintId, entry: &Entry) -> Result<Tried, RouteError> {
        let outcome = match (&case.clues.bounce, &entry.reply) {
            (Some(_), _) => Outcome::Bounced,
            (None, Some(_)) => Outcome::Replied,
            (None, None) if case.clues.act.is_unspecified() => Outcome::Linked,
            (None, None) => Outcome::Acted,
        };
        self.execute(case, complaint, entry.linking(&case.clues), outcome).await
    }

    async fn execute(
        &self,
        case: &Case,
        complaint: &ComplaintId,
        command: Command,
        outcome: Outcome,
    ) -> Result<Tried, RouteError> {
        let actor = Actor::service(crate::ROUTER);
        match self.ledger.execute(complaint, &command, actor, case.cause.clone()).await {
            Ok(executed) if executed.events.is_empty() => Ok(Tried::Done(Outcome::Repeated)),
            Ok(_) => Ok(Tried::Done(outcome)),
            Err(ExecuteError::Refused(Refusal::AlreadyRegistered)) => Ok(Tried::Barred(Barred::Taken)),
            Err(ExecuteError::Refused(Refusal::TooManyContacts { .. })) => Ok(Tried::Barred(Barred::Full)),
            Err(source) => Err(RouteError::Execute { complaint: complaint.clone(), source }),
        }
    }

    /// The complaint in which a full one goes on.
    fn continuation(&self, complaint: &ComplaintId) -> ComplaintId {
        let name = self.ledger.vault().keys().name("continuation", &[complaint.as_str()]);
        ComplaintId::new(name).expect("derived names are lower-case letters and digits, as ids are")
    }
}

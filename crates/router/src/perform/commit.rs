//! The one commit by which a contact enters a complaint.

use redress_contract::{Actor, ComplaintId, Reference};
use redress_domain::{Command, Link, Refusal, Register};
use redress_intake::references;
use redress_ledger::ExecuteError;
use tracing::warn;

use super::{Case, RouteError, Router};
use crate::plan::{self, Belonging};

/// Most continuations of a full complaint.
const CONTINUATIONS_MAX: usize = 100;

/// What became of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It opened a complaint.
    Opened,
    /// It was linked to one.
    Linked,
    /// It was linked, and reports that a communication did not arrive.
    Bounced,
    /// It was there before.
    Repeated,
}

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Linked => "linked",
            Self::Bounced => "bounced",
            Self::Repeated => "repeated",
        }
    }
}

/// What to try next.
enum Step {
    Open(ComplaintId),
    Link(ComplaintId),
}

/// What a try led to.
enum Tried {
    Done(Outcome),
    /// Another contact opened it.
    Taken,
    /// It holds as many contacts as it may.
    Full,
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
        let mut link = plan::link(&case.contact, &case.clues.party, belonging);
        let first = belonging.complaint(&case.clues).clone();
        let mut step = match belonging {
            Belonging::Attach { found, .. } if found.committed => Step::Link(first.clone()),
            Belonging::Attach { .. } | Belonging::Open { .. } => Step::Open(first.clone()),
        };
        for _ in 0..2 * CONTINUATIONS_MAX {
            let (complaint, tried) = match step {
                Step::Open(complaint) => {
                    let tried = self.register(case, &complaint, &link, reference.take()).await?;
                    (complaint, tried)
                }
                Step::Link(complaint) => {
                    let tried = self.link(case, &complaint, &link).await?;
                    (complaint, tried)
                }
            };
            step = match tried {
                Tried::Done(outcome) => return Ok((complaint, outcome)),
                Tried::Taken => Step::Link(complaint),
                Tried::Full => {
                    warn!(complaint.id = %complaint, "Complaint {complaint} is full and goes on in a continuation");
                    link.possible_duplicate_of = Some(complaint.clone());
                    if !link.reasons.iter().any(|reason| reason == "continuation") {
                        link.reasons.push("continuation".to_owned());
                    }
                    Step::Open(self.continuation(&complaint))
                }
            };
        }
        Err(RouteError::Full { complaint: first })
    }

    async fn register(
        &self,
        case: &Case,
        complaint: &ComplaintId,
        link: &Link,
        reference: Option<Reference>,
    ) -> Result<Tried, RouteError> {
        let reference = match reference {
            Some(claimed) => claimed,
            None => self.reference(case, complaint).await?,
        };
        let routed = self.ledger.rules().route(&plan::facts(&case.contact));
        let register = Register {
            complaint_id: complaint.clone(),
            reference: reference.clone(),
            link: link.clone(),
            recorded_at: case.contact.recorded_at,
            language: plan::language(&case.contact.language),
            classification: routed.classification,
            assignment: routed.assignment,
        };
        let tried = self.execute(case, complaint, Command::Register(register), Outcome::Opened).await?;
        if matches!(tried, Tried::Done(_)) && *complaint != case.clues.own_complaint {
            // It may have been claimed for the complaint that this contact would have opened.
            references::settle(self.ledger.vault(), &reference, complaint).await?;
        }
        Ok(tried)
    }

    async fn link(&self, case: &Case, complaint: &ComplaintId, link: &Link) -> Result<Tried, RouteError> {
        let link = link.clone();
        match case.clues.bounce.clone() {
            Some(bounce) => {
                let command = Command::NoteBounce {
                    link,
                    communication_id: bounce.communication,
                    status: bounce.status,
                    permanent: bounce.permanent,
                };
                self.execute(case, complaint, command, Outcome::Bounced).await
            }
            None => self.execute(case, complaint, Command::Link(link), Outcome::Linked).await,
        }
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
            Err(ExecuteError::Refused(Refusal::AlreadyRegistered)) => Ok(Tried::Taken),
            Err(ExecuteError::Refused(Refusal::TooManyContacts { .. })) => Ok(Tried::Full),
            Err(source) => Err(RouteError::Execute { complaint: complaint.clone(), source }),
        }
    }

    /// The complaint in which a full one goes on.
    fn continuation(&self, complaint: &ComplaintId) -> ComplaintId {
        let name = self.ledger.vault().keys().name("continuation", &[complaint.as_str()]);
        ComplaintId::new(name).expect("derived names are lower-case letters and digits, as ids are")
    }
}

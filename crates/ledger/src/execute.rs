//! Load, decide, append; on a conflict again.
//!
//! A conflict is either somebody else's commit or our own from a try whose answer was lost. The two are told apart by
//! the hash of what lies there now; when it is neither, the command is decided anew on what is there, and a command
//! whose effect stands already decides to do nothing.

use std::time::Duration;

use redress_bus::{AppendError, Headers};
use redress_contract::{Actor, Cause, CommitEvent, ComplaintId, subject};
use redress_domain::{Command, Complaint, Refusal, decide};
use redress_runtime::fault;

use crate::load::Ask;
use crate::round::{Prepared, Round, Wish};
use crate::{Ledger, LoadError, Loaded};

/// Rounds of load, decide, append before the caller is told.
const ROUNDS_MAX: u32 = 10;

/// What a command did.
#[derive(Debug, Clone)]
pub struct Executed {
    /// The state after it.
    pub complaint: Complaint,
    /// What it wrote; empty when its effect stood already.
    pub events: Vec<CommitEvent>,
    /// Sequence of the complaint's last commit in COMPLAINTS.
    pub stream_seq: u64,
}

/// A command that did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The rules say no.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// The complaint could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The broker did not take the commit, or others were first ten times over.
    #[error("append to {complaint}: {problem}")]
    Append {
        /// The complaint.
        complaint: ComplaintId,
        /// What happened.
        problem: String,
    },
}

impl Ledger {
    /// Executes a command: at most ten rounds of load, decide, append. `Register` supposes that there is no such
    /// complaint and loads only when there is; other commands begin with what was [remembered](Self::remember).
    ///
    /// # Errors
    /// [`ExecuteError`]; after anything but a refusal the command may be executed again.
    pub async fn execute(
        &self,
        complaint: &ComplaintId,
        command: &Command,
        actor: Actor,
        cause: Cause,
    ) -> Result<Executed, ExecuteError> {
        let wish = Wish { complaint, command, actor: &actor, cause: &cause };
        let mut loaded = match (command, self.remembered(wish)) {
            (Command::Register(_), _) => None,
            (_, Some(remembered)) => Some(remembered),
            (_, None) => self.load_from(complaint, Ask::Anyone).await?,
        };
        let mut tried: Option<Prepared> = None;
        for round in 0..ROUNDS_MAX {
            let now = self.clock().now();
            let prepared = match wish.round(loaded.as_ref(), tried.as_ref(), self.rules(), now) {
                // A replica that is behind may not know the complaint yet: ask the leader before refusing.
                Err(ExecuteError::Refused(Refusal::NoSuchComplaint)) if round == 0 => {
                    loaded = self.load_from(complaint, Ask::Leader).await?;
                    continue;
                }
                decided => match decided? {
                    Round::Done(executed) => return Ok(executed),
                    Round::Append(prepared) => prepared,
                },
            };
            let expected = loaded.as_ref().map_or(0, |loaded| loaded.stream_seq);
            fault::point("ledger::decided");
            match self.append(complaint, &prepared, expected, &cause).await {
                Ok(stream_seq) => {
                    fault::point("ledger::appended");
                    return Ok(prepared.executed(stream_seq));
                }
                Err(AppendError::Conflict(_)) => {
                    metrics::counter!("redress_ledger_conflicts_total").increment(1);
                    pause(round).await;
                    loaded = self.load_from(complaint, Ask::Leader).await?;
                    tried = Some(prepared);
                }
                Err(AppendError::Publish(problem)) => {
                    return Err(append_error(complaint, problem.to_string()));
                }
            }
        }
        Err(append_error(complaint, format!("others were first {ROUNDS_MAX} times")))
    }

    /// The complaint as this process saw it a moment ago, when the command would do something to it: if it is out of
    /// date, the append conflicts. That there is nothing to do, or that the rules say no, is said only of what was loaded.
    fn remembered(&self, wish: Wish<'_>) -> Option<Loaded> {
        let remembered = self.recent.take(wish.complaint)?;
        let decided = decide(Some(&remembered.complaint), wish.command, self.rules(), self.clock().now());
        decided.is_ok_and(|events| !events.is_empty()).then_some(remembered)
    }

    async fn append(
        &self,
        complaint: &ComplaintId,
        prepared: &Prepared,
        expected: u64,
        cause: &Cause,
    ) -> Result<u64, AppendError> {
        let mut headers = Headers::new();
        if !cause.traceparent.is_empty() {
            headers.push(("traceparent".to_owned(), cause.traceparent.clone()));
        }
        let subject = subject::complaint(complaint);
        self.vault().bus().append(&subject, expected, headers, prepared.bytes.clone()).await
    }
}

fn append_error(complaint: &ComplaintId, problem: String) -> ExecuteError {
    ExecuteError::Append { complaint: complaint.clone(), problem }
}

/// 2, 4, … 128 ms: an immediate second read may meet a replica that lags.
async fn pause(round: u32) {
    tokio::time::sleep(Duration::from_millis(2 << round.min(6))).await;
}

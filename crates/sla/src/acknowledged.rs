//! What a followed link does: one `Acknowledge` command. The link is a hint: what it says is signed, and whether it still
//! stands is judged against the complaint as it is now.

use redress_bus::{Delivery, Failure};
use redress_contract::{Actor, Cause};
use redress_domain::command::{Acknowledge, Acknowledger, Told};
use redress_domain::{Command, Refusal};
use redress_identity::EscalationLink;
use redress_ledger::{ExecuteError, Ledger};
use tracing::info;

/// What nobody here signed.
#[derive(Debug, thiserror::Error)]
#[error("read who looks after an escalation: its link is not signed by this installation")]
struct NotSigned;

pub(crate) async fn handle(ledger: &Ledger, delivery: &Delivery) -> Result<(), Failure> {
    let token = str::from_utf8(&delivery.body).map_err(Failure::reject)?;
    let link = ledger.vault().keys().escalation_in(token).ok_or_else(|| Failure::reject(NotSigned))?;
    let traceparent = delivery.header("traceparent").unwrap_or_default().to_owned();
    let cause = Cause { causation_id: delivery.subject.clone(), traceparent };
    let command = Command::Acknowledge(wish(&link));
    match ledger.execute(&link.complaint_id, &command, Actor::service("sla"), cause).await {
        Ok(_) => Ok(()),
        // It was done meanwhile, or its deadline changed: nothing is left to look after.
        Err(ExecuteError::Refused(Refusal::NotEscalated)) => {
            info!(complaint.id = %link.complaint_id, "Milestone {}: acknowledged when it was over", link.milestone);
            Ok(())
        }
        Err(refused @ ExecuteError::Refused(_)) => Err(Failure::reject(refused)),
        Err(other) => Err(Failure::retry(other)),
    }
}

fn wish(link: &EscalationLink) -> Acknowledge {
    Acknowledge {
        clock: Some(link.clock.clone()),
        milestone: Some(link.milestone.clone()),
        told: Some(Told { generation: link.generation, rung: link.rung }),
        by: Acknowledger::Role(link.recipient),
    }
}

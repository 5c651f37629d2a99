//! What a fired timer does: one `Fire` command. The timer is a hint, judged against the complaint as it is now.

use std::time::Duration;

use jiff::SignedDuration;
use redress_bus::{Delivery, Failure};
use redress_contract::{Actor, Cause, TimerDue, subject};
use redress_ledger::{ExecuteError, Executed, Ledger};
use redress_runtime::fault;
use tracing::{info, warn};

use crate::plan::{self, Fired};
use crate::skew;

/// How long a timer waits that fired while this machine's clock is not to be believed.
const CLOCK_WRONG: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
#[error("fire a timer {early:#} before it is due by our clock")]
struct Early {
    early: SignedDuration,
}

pub(crate) async fn handle(ledger: &Ledger, delivery: &Delivery) -> Result<(), Failure> {
    let timer: TimerDue = serde_json::from_slice(&delivery.body).map_err(Failure::reject)?;
    let believed = skew::believed(ledger).await;
    let ledger = &believed.map_err(|wrong| Failure::retry_after(wrong, CLOCK_WRONG))?;
    match plan::fired(&timer, ledger.clock().now()) {
        Fired::Now => {}
        Fired::LeftToSweep(early) => {
            warn!(complaint.id = %timer.complaint_id, "A timer fired {early:#} early by our clock; left to the sweep");
            return Ok(());
        }
        Fired::Early(early) => {
            let after = Duration::try_from(early).expect("a positive duration fits");
            return Err(Failure::retry_after(Early { early }, after));
        }
    }
    let traceparent = delivery.header("traceparent").unwrap_or_default().to_owned();
    match fire(ledger, &timer, traceparent).await {
        Ok(_) => {
            fault::point("sla::fired");
            Ok(())
        }
        Err(refused @ ExecuteError::Refused(_)) => Err(Failure::reject(refused)),
        Err(other) => Err(Failure::retry(other)),
    }
}

/// Commits what is due of a timer's milestone; nothing when it moved on.
pub(crate) async fn fire(
    ledger: &Ledger,
    timer: &TimerDue,
    traceparent: String,
) -> Result<Executed, ExecuteError> {
    let command = plan::fire(timer);
    let causation_id = subject::timer_set(&timer.complaint_id, &timer.clock, &timer.milestone);
    let cause = Cause { causation_id, traceparent };
    let executed = ledger.execute(&timer.complaint_id, &command, Actor::service("sla"), cause).await?;
    for event in &executed.events {
        metrics::counter!("redress_sla_events_total", "type" => event.event.name().to_owned()).increment(1);
        info!(
            complaint.id = %timer.complaint_id,
            event.type = event.event.name(),
            "Milestone {} of clock {}: {}", timer.milestone, timer.clock, event.event.name()
        );
    }
    Ok(executed)
}

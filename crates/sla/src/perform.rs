//! Timers become broker schedules, and go again.
//!
//! Handlers of two commits of one complaint may overlap. Whoever has set a timer therefore reads the complaint's last
//! sequence again, at the leader, and repeats from the newer state if it moved: whichever handler ends last, the
//! timers are those of the newest commit it could know.

use futures::future::try_join_all;
use redress_bus::{Delivery, Headers, PublishError, ReadError};
use redress_contract::{ComplaintId, TimerDue, subject};
use redress_domain::Complaint;
use redress_ledger::{Ledger, LoadError};
use redress_runtime::fault;

use crate::plan::{self, Slot, Step};
use crate::{Config, skew};

/// After so many commits that came in between, the handlers of those commits are trusted to do the rest.
const ROUNDS_MAX: u32 = 10;

/// Timers that could not be set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Clock(#[from] skew::Error),
    #[error("find complaint {0} at the leader")]
    Missing(ComplaintId),
}

/// Sets and cancels timers.
#[derive(Clone)]
pub(crate) struct Timers {
    ledger: Ledger,
    due_ttl: String,
    cancelled_ttl: String,
}

/// A complaint and the place of its last commit in COMPLAINTS.
pub(crate) struct Known {
    pub(crate) complaint: Complaint,
    pub(crate) stream_seq: u64,
}

impl Timers {
    pub(crate) fn new(ledger: Ledger, config: &Config) -> Self {
        Self {
            ledger,
            due_ttl: format!("{}h", config.due_hours),
            cancelled_ttl: format!("{}h", config.cancelled_hours),
        }
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Sets and cancels what one commit touched.
    pub(crate) async fn follow(&self, delivery: &Delivery) -> Result<(), Error> {
        let (commit, state) = self.ledger.open(delivery.stream_seq, &delivery.body)?;
        let known = match state {
            Some(complaint) => Known { complaint, stream_seq: delivery.stream_seq },
            None => self.newest(&commit.complaint_id).await?,
        };
        let slots = plan::touched(&commit.events, &known.complaint);
        self.settle(known, &slots).await
    }

    /// Brings these slots in line with the complaint's newest state.
    pub(crate) async fn settle(&self, known: Known, slots: &[Slot]) -> Result<(), Error> {
        if slots.is_empty() {
            return Ok(());
        }
        let mut known = known;
        for _ in 0..ROUNDS_MAX {
            let steps = plan::steps(&known.complaint, slots);
            if steps.is_empty() {
                return Ok(());
            }
            let id = &known.complaint.id;
            try_join_all(steps.iter().map(|step| self.perform(id, step))).await?;
            fault::point("sla::set");
            let Some(newer) = self.ledger.load_newer(id, known.stream_seq).await? else {
                return Ok(());
            };
            known = Known { complaint: newer.complaint, stream_seq: newer.stream_seq };
        }
        Ok(())
    }

    async fn perform(&self, complaint: &ComplaintId, step: &Step) -> Result<(), PublishError> {
        match step {
            Step::Set(timer) => self.set(timer).await,
            Step::Cancel(slot) => self.cancel(complaint, slot).await,
        }
    }

    async fn set(&self, timer: &TimerDue) -> Result<(), PublishError> {
        let place = (&timer.complaint_id, &timer.clock, &timer.milestone);
        let headers: Headers = vec![
            header("Nats-Schedule", format!("@at {}", timer.due_at)),
            header("Nats-Schedule-Target", subject::timer_due(place.0, place.1, place.2)),
            header("Nats-Schedule-TTL", self.due_ttl.clone()),
        ];
        let body = serde_json::to_vec(timer).expect("a timer is plain data and always becomes JSON");
        let subject = subject::timer_set(place.0, place.1, place.2);
        self.ledger.vault().bus().publish(&subject, headers, body.into()).await?;
        metrics::counter!("redress_sla_timers_set_total").increment(1);
        Ok(())
    }

    /// By message: the broker purges the schedule together with storing the note, without purge rights for us.
    async fn cancel(&self, complaint: &ComplaintId, slot: &Slot) -> Result<(), PublishError> {
        let headers: Headers = vec![
            header("Nats-Scheduler", subject::timer_set(complaint, &slot.clock, &slot.milestone)),
            header("Nats-Schedule-Next", "purge".to_owned()),
            header("Nats-TTL", self.cancelled_ttl.clone()),
        ];
        let subject = subject::timer_cancelled(complaint, &slot.clock, &slot.milestone);
        self.ledger.vault().bus().publish(&subject, headers, bytes::Bytes::new()).await?;
        metrics::counter!("redress_sla_timers_cancelled_total").increment(1);
        Ok(())
    }

    /// The complaint as the stream's leader knows it.
    pub(crate) async fn newest(&self, id: &ComplaintId) -> Result<Known, Error> {
        let loaded = self.ledger.load_at_leader(id).await?.ok_or_else(|| Error::Missing(id.clone()))?;
        Ok(Known { complaint: loaded.complaint, stream_seq: loaded.stream_seq })
    }
}

fn header(name: &str, value: String) -> (String, String) {
    (name.to_owned(), value)
}

//! Rules broken on purpose, each of which the checks must find: a simulator that finds nothing proves nothing.

use redress_contract::{Commit, CommitEvent, Event, StateCache};
use redress_domain::evolve;
use redress_ledger::{Loaded, Prepared};

/// One broken rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    /// Nobody claims the root of a thread.
    NoClaim,
    /// Commits are appended without expecting what was loaded.
    BlindAppend,
    /// Events are appended without expecting the end.
    BlindFeed,
    /// A contact is acknowledged to the broker before it is routed.
    AckBeforeWork,
    /// A commit's cached state lacks its last event.
    StaleState,
    /// A rung is recorded twice.
    RungTwice,
    /// What fires goes by a clock that is an hour fast.
    FiresEarly,
    /// Nobody sweeps.
    NoSweep,
    /// A message gets another id each time it is planned.
    FreshIds,
    /// The guards do not know that a machine wrote.
    AnswersMachines,
    /// The limits for one address are not kept.
    Unlimited,
    /// The queue is ordered by when a complaint was received, and by nothing else.
    QueueByReceipt,
}

impl Defect {
    /// All of them.
    pub(crate) const ALL: [Self; 12] = [
        Self::NoClaim,
        Self::BlindAppend,
        Self::BlindFeed,
        Self::AckBeforeWork,
        Self::StaleState,
        Self::RungTwice,
        Self::FiresEarly,
        Self::NoSweep,
        Self::FreshIds,
        Self::AnswersMachines,
        Self::Unlimited,
        Self::QueueByReceipt,
    ];

    /// The defect of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|defect| format!("{defect:?}").eq_ignore_ascii_case(&name.replace(['-', '_'], "")))
    }

    /// What the broken rule makes of a commit.
    pub(crate) fn spoil(self, prepared: Prepared, loaded: Option<&Loaded>) -> Prepared {
        match self {
            Self::StaleState => {
                let Some((_, kept)) = prepared.events.split_last() else { return prepared };
                let state = kept.iter().fold(loaded.map(|loaded| loaded.complaint.clone()), |state, e| {
                    evolve(state, e.seq, e.occurred_at, &e.event)
                });
                let Some(complaint) = state else { return prepared };
                rewritten(Prepared { complaint, ..prepared })
            }
            Self::RungTwice => {
                let reached =
                    |e: &&CommitEvent| matches!(e.event, Event::WarningReached(_) | Event::Escalated(_));
                let Some(twice) = prepared.events.iter().rev().find(reached).cloned() else {
                    return prepared;
                };
                let mut spoilt = prepared;
                let seq = spoilt.complaint.seq + 1;
                spoilt.events.push(CommitEvent { seq, ..twice.clone() });
                spoilt.complaint = evolve(Some(spoilt.complaint), seq, twice.occurred_at, &twice.event)
                    .expect("a complaint stays one");
                rewritten(spoilt)
            }
            _ => prepared,
        }
    }
}

fn rewritten(prepared: Prepared) -> Prepared {
    let commit: Commit = serde_json::from_slice(&prepared.bytes).expect("it was written just now");
    let body = serde_json::value::to_raw_value(&prepared.complaint).expect("a state always becomes JSON");
    let state = Some(StateCache { body: Some(body), ..commit.state.unwrap_or_default() });
    let commit = Commit { events: prepared.events.clone(), state, ..commit };
    let bytes: bytes::Bytes = serde_json::to_vec(&commit).expect("a commit always becomes JSON").into();
    Prepared { sha256: Commit::hash(&bytes), bytes, ..prepared }
}

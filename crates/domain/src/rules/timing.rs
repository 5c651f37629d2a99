//! When a milestone is due, from what its policy says and what happened to it: never from a stored remainder.

use jiff::{SignedDuration, Timestamp};
use redress_contract::Severity;
use redress_contract::event::Rung;
use serde::Serialize;

use super::{ExtensionReach, Policy, PolicyMilestone};
use crate::calendar::Calendar;
use crate::complaint::{Complaint, Milestone};
use crate::deadline::{End, HORIZON, Span, after, reach_pausing};
use crate::explain::{Explanation, explain};
use crate::ladder::Stretch;
use crate::pause::{Pause, Pauses};

/// What a milestone that is owed again may take.
const REOPEN_SPAN: Span = Span::BusinessDays(1);

/// What decides when a milestone is due.
#[derive(Debug, Clone)]
pub struct Timing {
    /// What its span counts from.
    pub anchor: Timestamp,
    /// Since when it is owed again, after it was met and that did not hold.
    pub reopened_at: Option<Timestamp>,
    /// True when it was put off.
    pub extended: bool,
    /// Time that does not count.
    pub pauses: Pauses,
    /// How much harm: the worst starts higher on the ladder.
    pub severity: Severity,
}

impl Timing {
    /// Of a milestone that nothing happened to yet.
    pub fn from(anchor: Timestamp, severity: Severity) -> Self {
        Self { anchor, reopened_at: None, extended: false, pauses: Pauses::default(), severity }
    }

    /// Of a milestone that begins now; what its complaint waited since the anchor does not count where the policy says so.
    pub(crate) fn begin(
        complaint: &Complaint,
        known: &PolicyMilestone,
        (anchor, severity): (Timestamp, Severity),
        now: Timestamp,
    ) -> Self {
        Self { pauses: pauses(complaint, known, now), ..Self::from(anchor, severity) }
    }

    /// Of a milestone as its complaint's history left it; a hold that lasts counts until `now`.
    pub(crate) fn of(
        complaint: &Complaint,
        milestone: &Milestone,
        known: &PolicyMilestone,
        now: Timestamp,
    ) -> Self {
        Self {
            anchor: milestone.anchor_at,
            reopened_at: milestone.reopened_at,
            extended: milestone.extended,
            pauses: pauses(complaint, known, now),
            severity: complaint.severity,
        }
    }
}

fn pauses(complaint: &Complaint, known: &PolicyMilestone, now: Timestamp) -> Pauses {
    let holds = complaint.holds.iter().filter(|period| known.pause_on.contains(&period.hold));
    Pauses::of(holds.map(|period| Pause { from: period.from, to: period.to.unwrap_or(now) }))
}

impl Policy {
    /// When a milestone is due and its rungs are reached.
    pub(crate) fn plan(&self, milestone: &PolicyMilestone, timing: &Timing) -> (Timestamp, Vec<Rung>) {
        if let Some(since) = timing.reopened_at {
            return self.plan_again(since, timing.severity, &timing.pauses);
        }
        let (anchor, due) = (timing.anchor, self.due_at(milestone, timing));
        let (calendar, span, end) = (&*self.calendar, milestone.span, milestone.end);
        let (pauses, warn_at) = (&timing.pauses, milestone.warn_at.as_slice());
        let stretch = Stretch { calendar, span, end, anchor, due, pauses, warn_at };
        (due, self.ladder.rungs(&stretch, timing.severity))
    }

    /// When a milestone is due that is owed again, and its rungs are reached.
    pub(crate) fn plan_again(
        &self,
        since: Timestamp,
        severity: Severity,
        pauses: &Pauses,
    ) -> (Timestamp, Vec<Rung>) {
        let (calendar, span, end) = (&*self.calendar, REOPEN_SPAN, End::EndOfDay);
        let due = over(calendar, (span, end), since, pauses);
        let stretch = Stretch { calendar, span, end, anchor: since, due, pauses, warn_at: &[] };
        (due, self.ladder.rungs(&stretch, severity))
    }

    /// When a milestone is due.
    pub fn due_at(&self, milestone: &PolicyMilestone, timing: &Timing) -> Timestamp {
        let over = |span, end, from| over(&self.calendar, (span, end), from, &timing.pauses);
        if let Some(since) = timing.reopened_at {
            return over(REOPEN_SPAN, End::EndOfDay, since);
        }
        let from_anchor = |span| over(span, milestone.end, timing.anchor);
        let alternatives = milestone.alternatives.iter().map(|span| from_anchor(*span));
        let last = alternatives.fold(from_anchor(milestone.span), Timestamp::max);
        let first = milestone.at_most.map_or(last, |span| last.min(from_anchor(span)));
        match milestone.extension.as_ref().filter(|_| timing.extended).map(|extension| extension.reach) {
            None => first,
            Some(ExtensionReach::To(span)) => first.max(from_anchor(span)),
            Some(ExtensionReach::By(span)) => over(span, milestone.end, day_of_due(first, span)),
        }
    }
}

/// How a milestone came to be due when it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// When it is due.
    pub due_at: Timestamp,
    /// Each span that its policy names, and what it is for: `span`, `or`, `at most`, `owed again`, `put off by`,
    /// `put off to`.
    pub spans: Vec<(&'static str, Explanation)>,
}

impl Policy {
    /// How a milestone comes to be due when it is.
    pub fn explain(&self, milestone: &PolicyMilestone, timing: &Timing) -> Explained {
        let due_at = self.due_at(milestone, timing);
        let count = |span, end, from| explain(&self.calendar, (span, end), from, &timing.pauses);
        if let Some(since) = timing.reopened_at {
            let again = count(REOPEN_SPAN, End::EndOfDay, since);
            return Explained {
                due_at,
                spans: again.map(|found| ("owed again", found)).into_iter().collect(),
            };
        }
        let from_anchor = |span: &Span| count(*span, milestone.end, timing.anchor);
        let mut spans = vec![("span", from_anchor(&milestone.span))];
        spans.extend(milestone.alternatives.iter().map(|span| ("or", from_anchor(span))));
        spans.extend(milestone.at_most.iter().map(|span| ("at most", from_anchor(span))));
        match milestone.extension.as_ref().filter(|_| timing.extended).map(|extension| extension.reach) {
            Some(ExtensionReach::To(span)) => spans.push(("put off to", from_anchor(&span))),
            Some(ExtensionReach::By(span)) => {
                let first = self.due_at(milestone, &Timing { extended: false, ..timing.clone() });
                spans.push(("put off by", count(span, milestone.end, day_of_due(first, span))));
            }
            None => {}
        }
        let spans = spans.into_iter().filter_map(|(what, found)| Some((what, found?))).collect();
        Explained { due_at, spans }
    }
}

/// Midnight at the end of a day belongs to that day, so that one day later is the next one.
pub(crate) fn day_of_due(due: Timestamp, span: Span) -> Timestamp {
    let instant = SignedDuration::from_nanos(1);
    if span.is_days() { due.checked_sub(instant).unwrap_or(due) } else { due }
}

/// When the span is over. Policies whose spans cannot be reached are refused when loaded; should an anchor at the end
/// of time or an endless pause make one so, twenty years stand in.
fn over(calendar: &Calendar, span: (Span, End), anchor: Timestamp, pauses: &Pauses) -> Timestamp {
    reach_pausing(calendar, span, anchor, pauses).unwrap_or_else(|| after(anchor, HORIZON))
}

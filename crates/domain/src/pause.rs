//! Time that does not count: what holds take out of a deadline.
//!
//! Banking is true to the unit. Of elapsed and working time a pause takes exactly as much as it covers. Of days it takes
//! those that end while it lasts, by the calendar's wall clock: the day on which it ends counts again, a pause within one
//! day takes nothing, and nothing is ever due within a pause. A span of months ends on its day, and one day later for each
//! day taken.

use jiff::Timestamp;

use crate::calendar::Piece;

/// A stretch of time that does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// From then on.
    pub from: Timestamp,
    /// Until just before then.
    pub to: Timestamp,
}

/// Pauses in order, none of which meets another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pauses(Vec<Pause>);

impl Pauses {
    /// No pause at all.
    pub const NONE: &'static Self = &Self(Vec::new());

    /// Puts pauses in order. Those that overlap or touch become one; those that end before they begin are none.
    pub fn of(pauses: impl IntoIterator<Item = Pause>) -> Self {
        let mut sorted: Vec<Pause> = pauses.into_iter().filter(|pause| pause.from < pause.to).collect();
        sorted.sort_by_key(|pause| pause.from);
        let mut apart: Vec<Pause> = Vec::with_capacity(sorted.len());
        for pause in sorted {
            match apart.last_mut() {
                Some(last) if pause.from <= last.to => last.to = last.to.max(pause.to),
                _ => apart.push(pause),
            }
        }
        Self(apart)
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Pause> {
        self.0.iter()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when what ends at this instant ends within a pause.
    pub(crate) fn swallow(&self, end: Timestamp) -> bool {
        self.0.iter().any(|pause| pause.from < end && end <= pause.to)
    }

    /// True when this instant does not count.
    pub fn covers(&self, at: Timestamp) -> bool {
        self.0.iter().any(|pause| pause.from <= at && at < pause.to)
    }

    /// What is left of a stretch of time.
    pub(crate) fn cut(&self, whole: Piece) -> Vec<Piece> {
        let mut left = Vec::with_capacity(1);
        let mut from = whole.from;
        for pause in &self.0 {
            let (begins, ends) = (pause.from.as_nanosecond(), pause.to.as_nanosecond());
            if begins >= whole.to {
                break;
            }
            if from < begins {
                left.push(Piece { from, to: begins });
            }
            from = from.max(ends);
        }
        if from < whole.to {
            left.push(Piece { from, to: whole.to });
        }
        left
    }
}

//! How an account fares: the state that follows from what was found at the last look into each of its folders. Pure;
//! [`tell`] carries it to `/readyz`, to metrics, and to whoever watches the bucket `cursors`.

pub mod tell;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A look that brings in so many items was behind, and is caught up when nothing is left.
const BACKLOG: usize = 100;

/// Sorts what goes wrong by what helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It passes: come again, more and more slowly.
    Transient,
    /// The other side wants to be asked less.
    Rate,
    /// A setting or the account has to change.
    Permanent,
    /// The login is fine, and may not do this.
    Permission,
    /// The login is refused.
    Auth,
}

/// How an account fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// All that came is on record.
    Healthy,
    /// It is read, but something is left, or the last look failed.
    Degraded,
    /// The login runs out and could not be renewed yet.
    AuthExpiring,
    /// No look came through for long.
    Stalled,
    /// The login is refused.
    AuthFailed,
}

/// What happened, beside a new state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It is in this state now.
    Is(State),
    /// Everything that had gathered is on record.
    CaughtUp,
    /// There is more than before that cannot be taken.
    GapFound,
}

/// What one look into one folder came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// It came through.
    Done {
        /// Items brought in.
        taken: usize,
        /// Items that cannot be taken.
        gaps: usize,
        /// What else is wrong, without personal data.
        problem: String,
    },
    /// It did not.
    Failed {
        /// What helps.
        kind: Kind,
        /// Why, without personal data.
        reason: String,
    },
}

/// One account, over all its folders.
#[derive(Debug, Clone)]
pub struct Account {
    stalled_after: SignedDuration,
    folders: BTreeMap<String, Folder>,
    expiring: Option<String>,
    told: Option<State>,
    behind: bool,
    gaps: usize,
}

#[derive(Debug, Clone)]
struct Folder {
    last: Option<Look>,
    /// When a look came through last, or since when it is tried.
    since: Timestamp,
}

impl Account {
    /// Nothing is known of its folders yet.
    pub fn new(folders: &[String], stalled_after: Duration, now: Timestamp) -> Self {
        let stalled_after = SignedDuration::try_from(stalled_after).unwrap_or(SignedDuration::MAX);
        let folders = folders.iter().map(|name| (name.clone(), Folder { last: None, since: now })).collect();
        Self { stalled_after, folders, expiring: None, told: None, behind: false, gaps: 0 }
    }

    /// Something was taken from a folder: it is not stalled, however long the look lasts.
    pub fn goes_on(&mut self, folder: &str, now: Timestamp) {
        if let Some(folder) = self.folders.get_mut(folder) {
            folder.since = now;
        }
    }

    /// A look into a folder ended.
    pub fn looked(&mut self, folder: &str, look: Look, now: Timestamp) {
        match &look {
            Look::Done { taken, .. } => {
                self.goes_on(folder, now);
                self.behind |= *taken >= BACKLOG;
            }
            Look::Failed { .. } => self.behind = true,
        }
        if let Some(folder) = self.folders.get_mut(folder) {
            folder.last = Some(look);
        }
    }

    /// The login runs out and could not be renewed (why), or it could.
    pub fn login_expires(&mut self, reason: Option<String>) {
        self.expiring = reason;
    }

    /// How it fares now, and why; none before anything is known.
    pub fn state(&self, now: Timestamp) -> Option<(State, String)> {
        let mut worst: Option<(State, String)> = None;
        let expiring = self.expiring.iter().map(|reason| (State::AuthExpiring, reason.clone()));
        for (state, reason) in
            self.folders.values().filter_map(|it| it.state(self.stalled_after, now)).chain(expiring)
        {
            if worst.as_ref().is_none_or(|(known, _)| state > *known) {
                worst = Some((state, reason));
            }
        }
        worst
    }

    /// Items that cannot be taken.
    pub fn gaps(&self) -> usize {
        let gaps = |folder: &Folder| match folder.last {
            Some(Look::Done { gaps, .. }) => gaps,
            _ => 0,
        };
        self.folders.values().map(gaps).sum()
    }

    /// True while the last look into some folder failed.
    pub fn fails(&self) -> bool {
        self.folders.values().any(|folder| matches!(folder.last, Some(Look::Failed { .. })))
    }

    /// When the folder that waits longest was last looked into.
    pub fn looked_at(&self) -> Option<Timestamp> {
        self.folders.values().map(|folder| folder.since).min()
    }

    /// What is to be told since this was last asked.
    pub fn moments(&mut self, now: Timestamp) -> Vec<Moment> {
        let Some((state, _)) = self.state(now) else { return Vec::new() };
        let mut moments = Vec::new();
        if self.told != Some(state) {
            self.told = Some(state);
            moments.push(Moment::Is(state));
        }
        let gaps = self.gaps();
        if gaps > self.gaps {
            moments.push(Moment::GapFound);
        }
        if !self.fails() {
            self.gaps = gaps;
            if self.behind && self.folders.values().all(Folder::is_through) {
                self.behind = false;
                moments.push(Moment::CaughtUp);
            }
        }
        moments
    }
}

impl Folder {
    fn state(&self, stalled_after: SignedDuration, now: Timestamp) -> Option<(State, String)> {
        let stalled = now.duration_since(self.since) > stalled_after;
        let minutes = now.duration_since(self.since).as_mins();
        let told = match &self.last {
            Some(Look::Failed { kind: Kind::Auth, reason }) => (State::AuthFailed, reason.clone()),
            Some(Look::Failed { reason, .. }) if stalled => {
                (State::Stalled, format!("no look came through for {minutes} minutes: {reason}"))
            }
            _ if stalled => (State::Stalled, format!("no look came through for {minutes} minutes")),
            None => return None,
            Some(Look::Failed { reason, .. }) => (State::Degraded, reason.clone()),
            Some(Look::Done { gaps: 0, problem, .. }) if problem.is_empty() => {
                (State::Healthy, String::new())
            }
            Some(Look::Done { gaps: 0, problem, .. }) => (State::Degraded, problem.clone()),
            Some(Look::Done { gaps, problem, .. }) => {
                let gaps = format!("{gaps} items cannot be fetched or recorded");
                let reason = if problem.is_empty() { gaps } else { format!("{gaps}; {problem}") };
                (State::Degraded, reason)
            }
        };
        Some(told)
    }

    fn is_through(&self) -> bool {
        matches!(self.last, Some(Look::Done { taken: 0..BACKLOG, .. }))
    }
}

impl State {
    /// The word in events, metrics and settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::AuthExpiring => "auth_expiring",
            Self::Stalled => "stalled",
            Self::AuthFailed => "auth_failed",
        }
    }

    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Healthy, Self::Degraded, Self::AuthExpiring, Self::Stalled, Self::AuthFailed];
}

impl Moment {
    /// The last word of the event's type: `redress.channel.<word>`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Is(state) => state.word(),
            Self::CaughtUp => "caught_up",
            Self::GapFound => "gap_found",
        }
    }
}

/// How long to wait after a failure: longer each time, by what went wrong, and as long as the other side asked for.
pub fn next_wait(kind: Kind, before: Duration, asked_for: Option<Duration>) -> Duration {
    const HOUR: Duration = Duration::from_hours(1);
    let (least, most) = match kind {
        Kind::Transient => (Duration::from_secs(1), Duration::from_mins(1)),
        // Servers lock out who signs in wrongly again and again.
        Kind::Auth | Kind::Permission | Kind::Permanent => (Duration::from_secs(5), Duration::from_mins(5)),
        Kind::Rate => (Duration::from_secs(10), Duration::from_mins(15)),
    };
    (before * 2).clamp(least, most).max(asked_for.unwrap_or_default().min(HOUR))
}

#[cfg(test)]
mod tests;

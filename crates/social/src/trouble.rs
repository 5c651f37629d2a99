//! What goes wrong with a platform, sorted by what helps, and what one may still ask of it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redress_intake::health::Kind;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

/// Of what a platform grants, so much is left for answers: a tenth.
const SHARE_FOR_ANSWERS: u32 = 10;

/// A platform did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Trouble {
    /// What helps.
    pub kind: Kind,
    /// Why, without personal data, tokens and addresses.
    pub reason: String,
    /// When it wants to be asked again.
    pub after: Option<Duration>,
    /// The status of its answer, when there was one.
    pub status: Option<u16>,
}

impl Trouble {
    pub(crate) fn new(kind: Kind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), after: None, status: None }
    }

    /// An answer that says no.
    pub(crate) fn of_status(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Self {
        let kind = match status.as_u16() {
            401 => Kind::Auth,
            403 => Kind::Permission,
            429 => Kind::Rate,
            408 | 425 | 500..=599 => Kind::Transient,
            _ => Kind::Permanent,
        };
        let name = status.canonical_reason().unwrap_or("a status without a name");
        Self {
            kind,
            reason: format!("the platform answers {} ({name})", status.as_u16()),
            after: retry_after(headers, now),
            status: Some(status.as_u16()),
        }
    }

    /// True for a post, or whatever was asked for, that is not there (any more).
    pub(crate) fn is_not_there(&self) -> bool {
        matches!(self.status, Some(404 | 410))
    }
}

/// `Retry-After` (RFC 9110 §10.2.3), in seconds; a date is taken as a minute.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = value.parse::<Timestamp>().ok();
    Some(at.map_or(Duration::from_mins(1), |at| until(at, now)))
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now).max(SignedDuration::ZERO)).unwrap_or_default()
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// To hear.
    Fetch,
    /// To answer.
    Answer,
}

/// What a platform still grants one account, for hearing and answering together.
#[derive(Debug, Default)]
pub(crate) struct Budget(Mutex<Granted>);

#[derive(Debug, Default, Clone, Copy)]
struct Granted {
    limit: u32,
    remaining: Option<u32>,
    resets_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
}

impl Budget {
    /// How long to wait before asking; none: ask.
    pub(crate) fn wait(&self, wish: Use, now: Timestamp) -> Option<Duration> {
        let granted = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = granted.not_before.filter(|at| *at > now) {
            return Some(until(at, now));
        }
        let reserve = if wish == Use::Fetch { granted.limit / SHARE_FOR_ANSWERS } else { 0 };
        let spent = granted.remaining.is_some_and(|remaining| remaining <= reserve);
        granted.resets_at.filter(|at| spent && *at > now).map(|at| until(at, now))
    }

    /// Learns from the headers of an answer: `X-RateLimit-*`, `RateLimit-*`, `Retry-After`.
    pub(crate) fn learn(&self, headers: &HeaderMap, refused: bool, now: Timestamp) {
        let named = |last: &str| {
            let value =
                headers.get(format!("x-ratelimit-{last}")).or(headers.get(format!("ratelimit-{last}")))?;
            value.to_str().ok().map(str::trim)
        };
        let mut granted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(limit) = named("limit").and_then(whole) {
            granted.limit = limit;
        }
        if let Some(remaining) = named("remaining").and_then(whole) {
            granted.remaining = Some(remaining);
            granted.resets_at = named("reset").and_then(|text| reset(text, now));
        }
        if refused {
            granted.not_before = retry_after(headers, now).and_then(|wait| now.checked_add(wait).ok());
            // Whoever says when to come again knows better than what is left of a window.
            if granted.not_before.is_some() {
                granted.remaining = None;
            }
        }
    }
}

fn whole(text: &str) -> Option<u32> {
    text.split(['.', ';', ',']).next()?.trim().parse().ok()
}

/// A time, seconds since 1970, or seconds from now: each platform means something else.
fn reset(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let seconds: i64 = text.split('.').next()?.parse().ok()?;
    if seconds > 1_000_000_000 {
        return Timestamp::from_second(seconds).ok();
    }
    now.checked_add(SignedDuration::from_secs(seconds)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect::<HeaderMap>()
    }

    fn now() -> Timestamp {
        "2026-02-01T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_last_tenth_is_for_answers() {
        for reset in ["2026-02-01T10:01:00Z", "1769940060", "60"] {
            let budget = Budget::default();
            let told =
                [("x-ratelimit-limit", "300"), ("x-ratelimit-remaining", "30"), ("x-ratelimit-reset", reset)];
            budget.learn(&headers(&told), false, now());
            assert_eq!(budget.wait(Use::Fetch, now()), Some(Duration::from_mins(1)), "{reset}");
            assert_eq!(budget.wait(Use::Answer, now()), None);
            let later = "2026-02-01T10:01:01Z".parse().unwrap();
            assert_eq!(budget.wait(Use::Fetch, later), None);
        }
    }

    #[test]
    fn whoever_says_when_is_not_asked_before() {
        let budget = Budget::default();
        budget.learn(&headers(&[("retry-after", "7")]), true, now());
        assert_eq!(budget.wait(Use::Answer, now()), Some(Duration::from_secs(7)));
        let told = [("retry-after", "2"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "300")];
        budget.learn(&headers(&told), true, now());
        assert_eq!(budget.wait(Use::Answer, now()), Some(Duration::from_secs(2)));
    }

    #[test]
    fn troubles_are_sorted_by_what_helps() {
        for (status, kind) in [
            (401, Kind::Auth),
            (403, Kind::Permission),
            (404, Kind::Permanent),
            (429, Kind::Rate),
            (503, Kind::Transient),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Trouble::of_status(status, &HeaderMap::new(), now()).kind, kind, "{status}");
        }
    }
}

//! Words of the contract, read from the command line; a wrong one is answered with those that fit.

use redress_contract::{CloseReason, Disposition, Hold, Outcome, Severity};

use super::From;

/// Words that somebody writes about a case; `-` reads them from standard input. `Debug` does not show them.
#[derive(Clone)]
pub struct Text(String);

impl Text {
    /// As it was given.
    pub fn as_given(&self) -> &str {
        &self.0
    }
}

impl std::convert::From<String> for Text {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

pub(super) fn disposition(text: &str) -> Result<Disposition, String> {
    fits(Disposition::from_token(text), Disposition::ALL.iter().map(|word| word.token()))
}

pub(super) fn severity(text: &str) -> Result<Severity, String> {
    fits(Severity::from_token(&text.to_uppercase()), Severity::ALL.iter().map(|word| word.token()))
}

pub(super) fn hold(text: &str) -> Result<Hold, String> {
    fits(Hold::from_token(text), Hold::ALL.iter().map(|word| word.token()))
}

pub(super) fn outcome(text: &str) -> Result<Outcome, String> {
    fits(Outcome::from_token(text), Outcome::ALL.iter().map(|word| word.token()))
}

pub(super) fn close_reason(text: &str) -> Result<CloseReason, String> {
    fits(CloseReason::from_token(text), CloseReason::ALL.iter().map(|word| word.token()))
}

pub(super) fn from(text: &str) -> Result<From, String> {
    match text {
        "beginning" => return Ok(From::Beginning),
        "now" => return Ok(From::Now),
        _ => {}
    }
    let time = text
        .parse()
        .map_err(|_| "must be beginning, now or a time such as 2026-03-01T00:00:00Z".to_owned())?;
    Ok(From::Time(time))
}

fn fits<T>(value: Option<T>, words: impl Iterator<Item = &'static str>) -> Result<T, String> {
    value.ok_or_else(|| format!("must be one of {}", words.collect::<Vec<_>>().join(", ")))
}

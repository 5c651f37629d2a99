//! One thing the doctor looked at.

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// What was looked at, what was found, how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    pub(super) what: String,
    pub(super) found: String,
    pub(super) mend: Option<String>,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

pub(super) fn ok(what: &str, found: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Ok, what: what.to_owned(), found: found.into(), mend: None }
}

pub(super) fn warn(what: &str, found: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Warn, mend: Some(mend.into()), ..ok(what, found) }
}

pub(super) fn fail(what: &str, found: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Fail, mend: Some(mend.into()), ..ok(what, found) }
}

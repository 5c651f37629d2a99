//! What a provider hears: a status that makes it post again wherever that helps, and why, in words without personal data.

use std::fmt;
use std::time::Duration;

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use redress_runtime::body::ReadError;

use super::sns::FetchError;
use super::{RecordError, Recorded};
use crate::hooks::Refusal;

/// What `Retry-After` says.
const RETRY_AFTER_SECONDS: &str = "30";

/// Why a post was not taken.
#[derive(Debug)]
pub(super) enum Answer {
    UnknownAccount,
    OtherMethod,
    Refused(Refusal),
    /// Larger than so many bytes.
    TooLarge(usize),
    /// It did not come within this time.
    TooSlow(Duration),
    Broken,
    /// Too much is being taken already.
    Busy,
    Stopping,
    /// What it takes to know the sender could not be fetched, and why.
    NotFetched(String),
    /// The broker did not take it, and why.
    NotRecorded(String),
    Bug,
}

/// What became of a post that was taken.
#[derive(Debug, Clone, Copy)]
pub(super) enum Taken {
    /// Its mail is on record.
    Mail(Recorded),
    /// It asked for a confirmation, which was given.
    Confirmed,
    /// There was nothing in it that we have to do with.
    Nothing,
}

impl IntoResponse for Taken {
    fn into_response(self) -> Response {
        let words = match self {
            Self::Mail(Recorded::New) => "The mail is on record.\n",
            Self::Mail(Recorded::Again) => "The mail was on record before.\n",
            Self::Confirmed => "The subscription is confirmed.\n",
            Self::Mail(Recorded::PassedOver) | Self::Nothing => "There is no mail in it.\n",
        };
        words.into_response()
    }
}

impl Answer {
    pub(super) fn of_body(error: ReadError, bytes_max: usize, time_max: Duration) -> Self {
        match error {
            ReadError::TooLarge => Self::TooLarge(bytes_max),
            ReadError::TooSlow => Self::TooSlow(time_max),
            ReadError::Broken => Self::Broken,
        }
    }

    pub(super) fn not_fetched(error: &FetchError) -> Self {
        Self::NotFetched(redress_bus::failure::chain(error))
    }

    pub(super) fn not_recorded(error: &RecordError) -> Self {
        Self::NotRecorded(redress_bus::failure::chain(error))
    }

    pub(super) fn not_in_time(patience: Duration) -> Self {
        Self::NotRecorded(format!("the broker did not take it within {} s", patience.as_secs()))
    }

    /// The word in metrics.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::UnknownAccount => "unknown_account",
            Self::OtherMethod => "other_method",
            Self::Refused(Refusal::Unsigned(_)) => "unsigned",
            Self::Refused(Refusal::WrongSignature(_)) => "wrong_signature",
            Self::Refused(Refusal::MediaType(_) | Refusal::Shape(_)) => "unknown_shape",
            Self::TooLarge(_) => "too_large",
            Self::TooSlow(_) => "too_slow",
            Self::Broken => "broken",
            Self::Busy | Self::Stopping => "busy",
            Self::NotFetched(_) => "not_fetched",
            Self::NotRecorded(_) => "not_recorded",
            Self::Bug => "bug",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::UnknownAccount => StatusCode::NOT_FOUND,
            Self::OtherMethod => StatusCode::METHOD_NOT_ALLOWED,
            // Never 403 or 406: those tell Postmark and Mailgun to give up, and the mail would be lost before somebody
            // could mend the settings.
            Self::Refused(Refusal::Unsigned(_) | Refusal::WrongSignature(_)) => StatusCode::UNAUTHORIZED,
            Self::Refused(Refusal::MediaType(_)) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Refused(Refusal::Shape(_)) | Self::Broken => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Busy | Self::Stopping | Self::NotFetched(_) | Self::NotRecorded(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What the status asks for beside the words.
    fn header(&self) -> Option<(HeaderName, &'static str)> {
        match self.status() {
            StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Basic realm=\"redress\"")),
            StatusCode::METHOD_NOT_ALLOWED => Some((header::ALLOW, "POST")),
            StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, RETRY_AFTER_SECONDS)),
            _ => None,
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAccount => f.write_str("no account of this name takes posts"),
            Self::OtherMethod => f.write_str("mails are posted: only POST is taken here"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::TooLarge(most) => write!(f, "the post is larger than {} MiB", most / 1024 / 1024),
            Self::TooSlow(most) => write!(f, "the post did not come within {} seconds", most.as_secs()),
            Self::Broken => f.write_str("the post ended early"),
            Self::Busy => f.write_str("too much is being taken at once; post again"),
            Self::Stopping => f.write_str("the service is stopping; post again"),
            Self::NotFetched(why) => write!(f, "fetch what SNS names: {why}"),
            Self::NotRecorded(why) => f.write_str(why),
            Self::Bug => f.write_str("an error of ours"),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let words = match &self {
            // What others say is for the log.
            Self::NotFetched(_) => "what the notice names could not be fetched; post again".to_owned(),
            Self::NotRecorded(_) => "the mail could not be recorded; post again".to_owned(),
            other => other.to_string(),
        };
        let mut response = (self.status(), format!("Nothing was recorded: {words}.\n")).into_response();
        if let Some((name, value)) = self.header() {
            response.headers_mut().insert(name, axum::http::HeaderValue::from_static(value));
        }
        response
    }
}

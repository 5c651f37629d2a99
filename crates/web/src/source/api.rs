//! `POST /v1/complaints`: JSON in, JSON out, problem details when something is wrong.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use redress_contract::Channel;
use serde::Serialize;

use super::body::{self, BodyError};
use super::record::{Incoming, Recorded, Refusal, record};
use super::{App, count, fresh_key, is_key, media_type, retry_later, status_of};
use crate::normalize::read_json;
use crate::problem::Problem;
use crate::submission::Submission;

const MEDIA_TYPE: &str = "application/json";
const KEY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The client whose contacts these are, until there are API keys.
const ANONYMOUS: &str = "api";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    reference: String,
    receipt_code: String,
    received_at: String,
    contact_id: String,
}

/// Takes a complaint. Whatever the answer, it names the idempotency key in force, so that a client that sent none can
/// repeat safely too.
pub(super) async fn submit(State(app): State<Arc<App>>, request: Request) -> Response {
    let Some(_permit) = app.admit() else {
        count("api", "busy");
        let detail = "Nothing was recorded. Too many requests are in hand; send it again later.";
        let busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Busy", detail);
        return retry_later(&app, busy.into_response());
    };
    let (parts, content) = request.into_parts();
    if media_type(&parts.headers) != MEDIA_TYPE {
        count("api", "refused");
        return wrong_media_type();
    }
    let key = match key_of(&parts.headers) {
        Ok(key) => key.unwrap_or_else(fresh_key),
        Err(problem) => return refused(problem),
    };
    let raw = match body::read(content, &app.config).await {
        Ok(raw) => raw,
        Err(error) => return refused(unreadable(&app, error)),
    };
    let mut response = match understand(&app, &raw) {
        Ok(submission) => take(&app, submission, key.clone(), raw).await,
        Err(problem) => refused(problem),
    };
    if let Ok(key) = HeaderValue::from_str(&key) {
        response.headers_mut().insert(KEY_HEADER, key);
    }
    response
}

/// Any other method.
pub(super) async fn other_method() -> Response {
    let detail = "Complaints are taken by POST.";
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "Method not allowed", detail);
    ([(header::ALLOW, "POST")], problem).into_response()
}

/// Everything that is wrong at once, or the submission.
fn understand(app: &App, raw: &Bytes) -> Result<Submission, Problem> {
    let (draft, mut errors) = read_json(raw).map_err(|error| Problem::json(&error))?;
    match draft.check(&app.config.demands) {
        Ok(submission) if errors.is_empty() => Ok(submission),
        checked => {
            errors.extend(checked.err().unwrap_or_default());
            Err(Problem::fields(&errors))
        }
    }
}

async fn take(app: &App, submission: Submission, key: String, raw: Bytes) -> Response {
    let incoming = Incoming {
        submission,
        channel: Channel::Api,
        account: ANONYMOUS.to_owned(),
        page_language: String::new(),
        key,
        media_type: MEDIA_TYPE.to_owned(),
        raw,
    };
    match record(app, incoming).await {
        Ok(recorded) => {
            count("api", "accepted");
            (StatusCode::ACCEPTED, Json(Answer::from(recorded))).into_response()
        }
        Err(Refusal::OtherWords) => {
            let detail = "This Idempotency-Key was used before with another body. Nothing was recorded.";
            let title = "Idempotency key used before";
            refused(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", title, detail))
        }
        Err(Refusal::NotRecorded(_)) => {
            count("api", "not_recorded");
            let detail = "Nobody could confirm in time that the complaint was recorded. Send it again with the \
                          Idempotency-Key of this answer: it will not be counted twice.";
            let title = "Not known to be recorded";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-recorded", title, detail);
            retry_later(app, problem.into_response())
        }
    }
}

/// The key of the request, in quotes (as the draft standard has it) or without.
fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(KEY_HEADER).iter();
    let Some(first) = values.next() else { return Ok(None) };
    let text = first.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    if values.next().is_none() && is_key(bare) {
        return Ok(Some(bare.to_owned()));
    }
    let detail = "Idempotency-Key must be one value of 16 to 255 visible ASCII characters, such as a UUID.";
    Err(Problem::new(
        StatusCode::BAD_REQUEST,
        "idempotency-key",
        "The Idempotency-Key cannot be used",
        detail,
    ))
}

fn unreadable(app: &App, error: BodyError) -> Problem {
    let (kind, title, detail) = match error {
        BodyError::TooLarge => {
            let limit = app.config.body_bytes_max;
            ("body-too-large", "The body is too large", format!("At most {limit} bytes are taken."))
        }
        BodyError::TooManyFields(_) => return Problem::too_many_fields(),
        BodyError::TooSlow => {
            let limit = app.config.body_read_timeout.as_secs();
            ("body-too-slow", "The body came too slowly", format!("It must arrive within {limit} seconds."))
        }
        BodyError::Broken => {
            ("broken-body", "The body cannot be read", "The body ended too early.".to_owned())
        }
    };
    Problem::new(status_of(error), kind, title, detail)
}

fn wrong_media_type() -> Response {
    let detail = "The body must be application/json.";
    let problem =
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "Unsupported media type", detail);
    ([("accept-post", MEDIA_TYPE)], problem).into_response()
}

fn refused(problem: Problem) -> Response {
    count("api", "refused");
    problem.into_response()
}

impl From<Recorded> for Answer {
    fn from(recorded: Recorded) -> Self {
        Self {
            reference: recorded.reference.to_string(),
            receipt_code: recorded.receipt_code,
            received_at: recorded.received_at.to_string(),
            contact_id: recorded.contact_id.to_string(),
        }
    }
}

//! `POST /v1/complaints` and `POST /v1/complaints/{reference}/messages`: JSON in, JSON out, problem details when something
//! is wrong.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use redress_contract::{Act, Channel};
use redress_runtime::logs::chain;
use serde::Serialize;
use tracing::warn;
use utoipa::{OpenApi, ToSchema};

use super::body::{self, BodyError};
use super::form::{MULTIPART, URLENCODED};
use super::pace::Pace;
use super::record::{Added, Addition, Incoming, Recorded, Refusal, record, record_addition, source_name};
use super::status::{Proof, prove};
use super::upload::{self, Gate, Missing, Uploaded};
use super::{App, count, fresh_key, is_key, media_type, retry_after, retry_later, status_of};
use crate::addition::{CODE_MEMBER, StatusBody, check_text, read_json_addition, read_text_addition};
use crate::config::{ANONYMOUS, Client, DEFAULT_FORM, Form, client_of};
use crate::normalize::{JsonBody, Stated, read_json};
use crate::problem::Problem;
use crate::statement::{self, Statement};
use crate::submission::{ErrorKind, FieldError, Submission};

const MEDIA_TYPE: &str = "application/json";
const KEY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The operations, as far as they describe themselves here; [`crate::openapi`] says the rest.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Complaints API",
        version = "1",
        description = "Takes complaints from other systems. What is answered with 202 is on record. Send an Idempotency-Key \
                       with each request and repeat it with the same key until there is an answer: it counts once.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(submit, add, super::escalation::api),
    components(schemas(Problem))
)]
pub(crate) struct Operations;

/// A complaint is on record.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecordedComplaint)]
struct Answer {
    /// What to quote.
    reference: String,
    /// What proves whose complaint it is: for the complainant alone.
    receipt_code: String,
    /// When it was received.
    #[schema(format = DateTime)]
    received_at: String,
    /// The record of what was sent.
    contact_id: String,
}

/// A message is on record.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecordedMessage)]
struct AddedAnswer {
    /// The record of what was sent.
    contact_id: String,
    /// When it was received.
    #[schema(format = DateTime)]
    received_at: String,
}

/// Takes a complaint.
///
/// With files: the same members as parts of multipart/form-data, and each file in a part named attachments.
#[utoipa::path(
    post,
    path = "/v1/complaints",
    operation_id = "submitComplaint",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 16, max_length = 255, pattern = "^[!#-~]+$",
        description = "Fresh for each complaint, such as a UUID; the same for each repeat. Without one, the answer names the key to repeat it with.")),
    request_body(content = ref("#/components/schemas/NewComplaint"), content_type = "application/json",
        example = json!({ "whatHappened": "The kettle broke on the second day.", "email": "ada@example.com", "remedy": "Another one." })),
    responses((status = 202, description = "It is on record. A repeat gets the same answer.", body = Answer))
)]
pub(super) async fn submit(State(app): State<Arc<App>>, request: Request) -> Response {
    let Some(_permit) = app.admit() else { return busy(&app) };
    let (key, mut sent) = match receive(&app, &app.submissions, request, &Gate::Open).await {
        Ok(received) => received,
        Err(refusal) => return refusal,
    };
    let response = match understand(&app, &mut sent) {
        Ok(understood) => take(&app, understood, key.clone(), sent).await,
        Err(problem) => refused(problem),
    };
    naming(&key, response)
}

/// Takes what somebody adds to their complaint.
///
/// A reference that nobody has and a receipt code that is another's get the same answer. With files: the same members as
/// parts of multipart/form-data, receiptCode first, and each file in a part named attachments.
#[utoipa::path(
    post,
    path = "/v1/complaints/{reference}/messages",
    operation_id = "addMessage",
    params(
        ("reference" = String, Path, description = "The reference that the complaint was answered with."),
        ("Idempotency-Key" = Option<String>, Header, min_length = 16, max_length = 255, pattern = "^[!#-~]+$",
            description = "Fresh for each message; the same for each repeat. Without one, the answer names the key to repeat it with."),
    ),
    request_body(content = ref("#/components/schemas/NewMessage"), content_type = "application/json",
        example = json!({ "receiptCode": "abcd efgh ijkl mnop", "text": "The invoice had the number 17." })),
    responses(
        (status = 202, description = "It is on record. A repeat gets the same answer.", body = AddedAnswer),
        (status = 404, description = "No complaint has this reference and this receipt code.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    reference: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let Some(_permit) = app.admit() else { return busy(&app) };
    // What is no text is no reference.
    let reference = reference.map_or_else(|_| String::new(), |Path(reference)| reference);
    let gate = Gate::Receipt { reference: Some(&reference), code_field: CODE_MEMBER };
    let (key, mut sent) = match receive(&app, &app.receipt_tries, request, &gate).await {
        Ok(received) => received,
        Err(refusal) => return refusal,
    };
    let response = match understand_addition(&app, &mut sent) {
        Ok((typed, text)) => match prove(&app, &reference, &typed.receipt_code).await {
            Ok(Some(proof)) => {
                let account = sent.client.map_or(ANONYMOUS, |client| &client.name);
                let said = (typed.act, text, sent.uploaded);
                take_addition(&app, &proof, said, (account, key.clone())).await
            }
            Ok(None) => refused(no_match()),
            Err(error) => {
                warn!(error = chain(&error), "Could not look up a complaint for the API");
                not_recorded(&app)
            }
        },
        Err(problem) => refused(problem),
    };
    naming(&key, response)
}

/// What was sent: JSON, or the same members as the parts of a multipart body, with files.
struct Sent<'a> {
    client: Option<&'a Client>,
    raw: Bytes,
    media_type: &'static str,
    /// None for JSON.
    texts: Option<Vec<(String, String)>>,
    errors: Vec<FieldError>,
    uploaded: Uploaded,
}

/// The idempotency key in force and what was sent, of a sender within this pace.
async fn receive<'a>(
    app: &'a App,
    pace: &Pace,
    request: Request,
    gate: &Gate<'_>,
) -> Result<(String, Sent<'a>), Response> {
    let (parts, content) = request.into_parts();
    if !app.is_ours(&parts.headers) {
        let detail = "Nothing was recorded. A page of another site made a browser send this.";
        let problem = Problem::new(StatusCode::FORBIDDEN, "another-site", "Sent by another site", detail);
        return Err(refused(problem));
    }
    let client = known(app, &parts.headers);
    let admitted = match client {
        // A system is limited as itself, wherever it sends from.
        Ok(Some(client)) => app.clients.admit(client),
        // Trying keys counts as any other try.
        Ok(None) | Err(_) => pace.admit(&parts),
    };
    if let Err(wait) = admitted {
        count("api", "too_often");
        let detail =
            "Nothing was recorded. This was more than one sender may try in a minute; send it again later.";
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-often", "Too often", detail);
        return Err(retry_after(wait, problem.into_response()));
    }
    let client = client.map_err(|NoSuchKey| unknown_key())?;
    let media_type = media_type(&parts.headers);
    if media_type != MEDIA_TYPE && media_type != MULTIPART {
        count("api", "refused");
        return Err(wrong_media_type());
    }
    let key = key_of(&parts.headers).map_err(refused)?.unwrap_or_else(fresh_key);
    if media_type == MEDIA_TYPE {
        let raw = body::read(content, &app.config).await.map_err(|error| refused(unreadable(app, error)))?;
        let uploaded = Uploaded::default();
        return Ok((
            key,
            Sent { client, raw, media_type: MEDIA_TYPE, texts: None, errors: Vec::new(), uploaded },
        ));
    }
    let gate = if client.is_some() && matches!(gate, Gate::Open) { &Gate::Client } else { gate };
    let received = upload::receive(app, &parts, content, gate).await;
    let received = received.map_err(|error| refused(unreadable(app, error)))?;
    match received.missing {
        Some(Missing::NotAsked) => return Err(refused(no_match())),
        Some(Missing::CodeNotFirst) => return Err(refused(code_not_first())),
        Some(Missing::Busy) => return Err(busy(app)),
        Some(Missing::NotStored) => return Err(naming(&key, not_recorded(app))),
        None => {}
    }
    let raw = received.raw.into();
    let (texts, errors, uploaded) = (Some(received.texts), received.errors, received.uploaded);
    Ok((key, Sent { client, raw, media_type: URLENCODED, texts, errors, uploaded }))
}

/// Whatever the answer, it names the idempotency key in force, so that a client that sent none can repeat safely too.
fn naming(key: &str, mut response: Response) -> Response {
    if let Ok(key) = HeaderValue::from_str(key) {
        response.headers_mut().insert(KEY_HEADER, key);
    }
    response
}

fn busy(app: &App) -> Response {
    count("api", "busy");
    let detail = "Nothing was recorded. Too many requests are in hand; send it again later.";
    let busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Busy", detail);
    retry_later(app, busy.into_response())
}

/// What was sent and its words in order, or everything that is wrong at once.
fn understand_addition(app: &App, sent: &mut Sent) -> Result<(StatusBody, String), Problem> {
    let (typed, mut errors) = match sent.texts.take() {
        None => read_json_addition(&sent.raw).map_err(|error| Problem::json(&error))?,
        Some(texts) => read_text_addition(texts),
    };
    errors.append(&mut sent.errors);
    let says_enough = !sent.uploaded.attachments.is_empty() || !typed.act.is_unspecified();
    let checked =
        match check_text(&typed.text, app.config.first_form().demands.limits.what_happened_chars_max) {
            // A file says enough, and so does an act.
            Err(ErrorKind::Missing) if says_enough => Ok(String::new()),
            checked => checked,
        };
    match checked {
        Ok(text) if errors.is_empty() => return Ok((typed, text)),
        Ok(_) => {}
        Err(kind) => errors.push(FieldError::other("text", kind)),
    }
    Err(Problem::fields(&errors))
}

async fn take_addition(
    app: &App,
    proof: &Proof,
    (act, text, uploaded): (Act, String, Uploaded),
    (account, key): (&str, String),
) -> Response {
    // What came, but for the receipt code: nobody is to find there what proves whose a complaint is.
    let mut raw = serde_json::json!({ "text": text });
    if !act.is_unspecified() {
        raw["act"] = act.token().into();
    }
    let raw = Bytes::from(raw.to_string());
    let addition = Addition {
        text,
        act,
        channel: Channel::Api,
        account: account.to_owned(),
        page_language: String::new(),
        first: proof.contact.clone(),
        reference: proof.reference.clone(),
        key,
        media_type: MEDIA_TYPE.to_owned(),
        raw,
        uploaded,
    };
    match record_addition(app, addition).await {
        Ok(added) => {
            count("api", "accepted");
            (StatusCode::ACCEPTED, Json(AddedAnswer::from(added))).into_response()
        }
        Err(refusal) => not_taken(app, &refusal),
    }
}

fn code_not_first() -> Problem {
    let detail = "Nothing was recorded. The part receiptCode must stand before the first file.";
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "receipt-code-first",
        "The receipt code must come first",
        detail,
    )
}

fn no_match() -> Problem {
    let detail = "Nothing was recorded. No complaint has this reference and this receipt code.";
    Problem::new(StatusCode::NOT_FOUND, "no-match", "No such complaint", detail)
}

/// Any other path of the API.
pub(super) async fn other_path() -> Response {
    let detail = "The API is described at /openapi.json, and for people at /docs.";
    Problem::new(StatusCode::NOT_FOUND, "path", "There is nothing here", detail).into_response()
}

/// Any other method.
pub(super) async fn other_method() -> Response {
    let detail = "Complaints are taken by POST.";
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "Method not allowed", detail);
    ([(header::ALLOW, "POST")], problem).into_response()
}

/// What was sent, understood.
struct Understood<'a> {
    submission: Submission,
    form: &'a Form,
    channel: Channel,
    stated: Stated,
}

/// Everything that is wrong at once, or the submission, the form that it fills in, and what is stated about it.
fn understand<'a>(app: &'a App, sent: &mut Sent<'a>) -> Result<Understood<'a>, Problem> {
    let mut body = match sent.texts.take() {
        None => read_json(&sent.raw).map_err(|error| Problem::json(&error))?,
        Some(texts) => JsonBody::of_texts(texts),
    };
    let form = match body.form.as_str() {
        "" => Some(app.config.first_form()),
        name => app.config.form(name),
    };
    let Some(form) = form else {
        return Err(Problem::fields(&[FieldError::other("form", ErrorKind::NotChoice)]));
    };
    let members = body.take(&statement::MEMBERS);
    let Statement { channel, stated, mut wrong } =
        statement::read(members, sent.client, app.deps.clock.now());
    let (draft, mut errors) = body.fill_in(&form.demands);
    errors.append(&mut sent.errors);
    let checked = draft.check(&form.demands);
    if checked.as_ref().is_ok_and(|submission| submission.email.is_empty() && submission.phone.is_empty()) {
        wrong.extend(stated.sender_authenticated.then(statement::nobody_named));
    }
    match checked {
        Ok(submission) if errors.is_empty() && wrong.is_empty() => {
            Ok(Understood { submission, form, channel, stated })
        }
        checked => {
            errors.extend(checked.err().unwrap_or_default());
            Err(Problem::members(&errors, wrong))
        }
    }
}

async fn take(app: &App, understood: Understood<'_>, key: String, sent: Sent<'_>) -> Response {
    let Understood { submission, form, channel, stated } = understood;
    let anonymous = if form.name == DEFAULT_FORM { ANONYMOUS } else { &form.name };
    let account = sent.client.map_or(anonymous, |client| &client.name);
    let source = match sent.client {
        Some(client) => format!("client/{}", client.name),
        None => source_name(Channel::Api, account),
    };
    let incoming = Incoming {
        source,
        form: form.name.clone(),
        stated,
        submission,
        channel,
        account: account.to_owned(),
        page_language: String::new(),
        key,
        media_type: sent.media_type.to_owned(),
        raw: sent.raw,
        uploaded: sent.uploaded,
    };
    match record(app, incoming).await {
        Ok(recorded) => {
            count("api", "accepted");
            (StatusCode::ACCEPTED, Json(Answer::from(recorded))).into_response()
        }
        Err(refusal) => not_taken(app, &refusal),
    }
}

fn not_taken(app: &App, refusal: &Refusal) -> Response {
    match refusal {
        Refusal::OtherWords => {
            let detail = "This Idempotency-Key was used before with another body. Nothing was recorded.";
            let title = "Idempotency key used before";
            refused(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", title, detail))
        }
        Refusal::NotRecorded(_) => not_recorded(app),
    }
}

fn not_recorded(app: &App) -> Response {
    count("api", "not_recorded");
    let detail = "Nobody could confirm in time that this was recorded. Send it again with the Idempotency-Key of this \
                  answer: it will not be counted twice.";
    let title = "Not known to be recorded";
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-recorded", title, detail);
    retry_later(app, problem.into_response())
}

/// A key that no client has, or that is none.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoSuchKey;

/// Whose key came with the request; none when there was none.
pub(super) fn known<'a>(app: &'a App, headers: &HeaderMap) -> Result<Option<&'a Client>, NoSuchKey> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = values.next() else { return Ok(None) };
    let (scheme, key) = first.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(NoSuchKey)?;
    let is_one = values.next().is_none() && scheme.eq_ignore_ascii_case("bearer");
    client_of(&app.config.clients, key.trim()).filter(|_| is_one).map(Some).ok_or(NoSuchKey)
}

fn unknown_key() -> Response {
    let detail = "Nothing was recorded. Authorization must be \"Bearer\" and an API key of this installation, or be left out.";
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "api-key", "No such API key", detail);
    ([(header::WWW_AUTHENTICATE, "Bearer")], refused(problem)).into_response()
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
    let detail = "Idempotency-Key must be one value of 16 to 255 visible ASCII characters without quotes, such as a UUID.";
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
            let (limit, files) = (app.config.body_bytes_max, app.config.uploads.total_bytes_max);
            let detail = format!("At most {limit} bytes are taken, and {files} more of files.");
            ("body-too-large", "The body is too large", detail)
        }
        BodyError::TooManyFields(_) => return Problem::too_many_fields(),
        BodyError::TooSlow => {
            let (limit, files) =
                (app.config.body_read_timeout.as_secs(), app.config.upload_timeout.as_secs());
            let detail = format!("It must arrive within {limit} seconds, with files within {files}.");
            ("body-too-slow", "The body came too slowly", detail)
        }
        BodyError::Broken => {
            ("broken-body", "The body cannot be read", "The body ended too early.".to_owned())
        }
    };
    Problem::new(status_of(error), kind, title, detail)
}

fn wrong_media_type() -> Response {
    let detail = "The body must be application/json, or multipart/form-data with files.";
    let problem =
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "Unsupported media type", detail);
    ([("accept-post", "application/json, multipart/form-data")], problem).into_response()
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

impl From<Added> for AddedAnswer {
    fn from(added: Added) -> Self {
        Self { contact_id: added.contact_id.to_string(), received_at: added.received_at.to_string() }
    }
}

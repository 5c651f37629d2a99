//! The status page: where a complaint stands, for whoever shows its reference and receipt code, and what they add to it.
//!
//! Both are sent in the body of a POST, never in an address that logs and histories keep. A reference that nobody has, one
//! whose code is another, and one that is no reference at all get the same answer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts as RequestParts;
use axum::response::Response;
use bytes::Bytes;
use redress_bus::{KvError, ReadError};
use redress_contract::{Act, Channel, ContactId, PartyStanding, Reference};
use redress_domain::Complaint;
use redress_identity::reference;
use redress_intake::references;
use redress_ledger::LoadError;
use redress_runtime::logs::chain;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tracing::warn;

use super::body::{self, BodyError};
use super::form::{MULTIPART, URLENCODED, page, plain, unreadable};
use super::letters::letters;
use super::record::{Addition, Refusal, record_addition};
use super::upload::{self, Gate, Uploaded};
use super::{App, Spoken, count, fresh_key, is_key, media_type, retry_after, retry_later};
use crate::addition::{CODE_FIELD, StatusBody, check_text, read_status};
use crate::config::DEFAULT_FORM;
use crate::normalize::urlencoded_pairs;
use crate::page::{Asked, Done, Message, Shown, Standing};
use crate::progress::progress;
use crate::sent::Letters;
use crate::submission::ErrorKind;
use crate::words::Language;

/// A complaint whose reference and receipt code were shown.
pub(super) struct Proof {
    pub(super) reference: Reference,
    /// The contact whose code it is.
    pub(super) contact: ContactId,
    /// None while the contact waits to be routed.
    pub(super) complaint: Option<Complaint>,
    /// When it began to be looked up: whoever asks is patient for so long.
    asked_at: Instant,
}

/// A form of the status page whose proof is good.
pub(super) struct Proven {
    pub(super) typed: StatusBody,
    pub(super) raw: Bytes,
    pub(super) uploaded: Uploaded,
    /// Why files are missing that were sent, or what is wrong with one.
    file_error: Option<FileProblem>,
    pub(super) proof: Proof,
    /// Held while it is worked on.
    pub(super) _permit: OwnedSemaphorePermit,
}

/// What became of the files of an addition.
enum FileProblem {
    Wrong(ErrorKind),
    Missing,
}

/// Why a complaint could not be looked up.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookUpError {
    #[error("the broker took longer than somebody is made to wait")]
    Patience,
    #[error(transparent)]
    Reference(#[from] KvError),
    #[error(transparent)]
    Contact(#[from] ReadError),
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// Asks for a reference and a receipt code.
pub(super) async fn ask(State(app): State<Arc<App>>, Spoken(language): Spoken) -> Response {
    page(StatusCode::OK, language, app.pages.ask(language, &Asked::default()))
}

/// Shows where the complaint stands.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Spoken(language): Spoken,
    request: Request,
) -> Response {
    match proven(&app, language, request).await {
        Ok(Proven { typed, proof, .. }) => {
            shown(&app, language, &proof, &Shown::of(&typed, fresh_key())).await
        }
        Err(refusal) => refusal,
    }
}

/// Takes what somebody adds to their complaint, and shows where it stands.
pub(super) async fn add(State(app): State<Arc<App>>, Spoken(language): Spoken, request: Request) -> Response {
    let Proven { mut typed, raw, uploaded, file_error, proof, _permit } =
        match proven(&app, language, request).await {
            Ok(proven) => proven,
            Err(refusal) => return refusal,
        };
    if !is_key(&typed.key) {
        typed.key = fresh_key();
    }
    let text = match added_text(&app, &typed, &uploaded, file_error) {
        Ok(text) => text,
        Err(view) => {
            count("status", "refused");
            return with(StatusCode::UNPROCESSABLE_ENTITY, shown(&app, language, &proof, &view).await);
        }
    };
    let addition = addition((&proof, language, &typed.key), Act::Unspecified, text, (raw, uploaded));
    match record_addition(&app, addition).await {
        // Other words under the same key: a form that was sent, gone back to and changed.
        Err(Refusal::OtherWords) => {
            count("status", "refused");
            let view = Shown { notice: Some(Message::SentBefore), ..Shown::of(&typed, fresh_key()) };
            with(StatusCode::UNPROCESSABLE_ENTITY, shown(&app, language, &proof, &view).await)
        }
        Err(Refusal::NotRecorded(_)) => {
            count("status", "not_recorded");
            let view = Shown { notice: Some(Message::NotAdded), ..Shown::of(&typed, typed.key.clone()) };
            let page = with(StatusCode::SERVICE_UNAVAILABLE, shown(&app, language, &proof, &view).await);
            retry_later(&app, page)
        }
        Ok(_) => {
            count("status", "accepted");
            typed.text.clear();
            let view = Shown { done: Some(Done::Added), ..Shown::of(&typed, fresh_key()) };
            with(StatusCode::ACCEPTED, shown(&app, language, &proof, &view).await)
        }
    }
}

/// What somebody adds, or does, on the page of a complaint that they proved to be theirs.
pub(super) fn addition(
    (proof, language, key): (&Proof, &Language, &str),
    act: Act,
    text: String,
    (raw, uploaded): (Bytes, Uploaded),
) -> Addition {
    Addition {
        text,
        act,
        channel: Channel::Web,
        account: DEFAULT_FORM.to_owned(),
        page_language: language.tag.to_owned(),
        first: proof.contact.clone(),
        reference: proof.reference.clone(),
        key: key.to_owned(),
        media_type: URLENCODED.to_owned(),
        raw,
        uploaded,
    }
}

/// The words of an addition, or why it is shown again.
fn added_text<'t>(
    app: &App,
    typed: &'t StatusBody,
    uploaded: &Uploaded,
    file_error: Option<FileProblem>,
) -> Result<String, Box<Shown<'t>>> {
    let again = || Shown::of(typed, typed.key.clone());
    match file_error {
        Some(FileProblem::Wrong(kind)) => return Err(Box::new(Shown { file_error: Some(kind), ..again() })),
        Some(FileProblem::Missing) => {
            return Err(Box::new(Shown { notice: Some(Message::FilesMissing), ..again() }));
        }
        None => {}
    }
    match check_text(&typed.text, app.config.first_form().demands.limits.what_happened_chars_max) {
        // A file says enough.
        Err(ErrorKind::Missing) if !uploaded.attachments.is_empty() => Ok(String::new()),
        checked => checked.map_err(|error| Box::new(Shown { error: Some(error), ..again() })),
    }
}

/// Where the complaint stands to which something was added just now.
pub(super) async fn added(
    app: &App,
    language: &'static Language,
    proof: &Proof,
    receipt_code: String,
    form: &str,
) -> Response {
    let typed = StatusBody { receipt_code, ..StatusBody::default() };
    let view = Shown { done: Some(Done::Added), form: Some(form), ..Shown::of(&typed, fresh_key()) };
    with(StatusCode::ACCEPTED, shown(app, language, proof, &view).await)
}

/// What came, and the complaint it proves; or the page that says why not.
pub(super) async fn proven(
    app: &App,
    language: &'static Language,
    request: Request,
) -> Result<Proven, Response> {
    let Some(permit) = app.admit() else {
        count("status", "busy");
        let busy = plain(app, language, StatusCode::SERVICE_UNAVAILABLE, Message::Unavailable);
        return Err(retry_later(app, busy));
    };
    let (parts, content) = request.into_parts();
    if !app.is_ours(&parts.headers) {
        count("status", "elsewhere");
        let asked = app.pages.ask(language, &Asked::default());
        return Err(page(StatusCode::FORBIDDEN, language, asked));
    }
    if let Err(wait) = app.receipt_tries.admit(&parts) {
        count("status", "too_many_tries");
        return Err(retry_after(
            wait,
            plain(app, language, StatusCode::TOO_MANY_REQUESTS, Message::TooManyTries),
        ));
    }
    let media_type = media_type(&parts.headers);
    if media_type != URLENCODED && media_type != MULTIPART {
        return Err(plain(app, language, StatusCode::UNSUPPORTED_MEDIA_TYPE, Message::Unreadable));
    }
    let read = read(app, &media_type, &parts, content).await;
    let (pairs, uploaded, file_error) = read.map_err(|error| unreadable(app, language, error))?;
    let raw = without_code(&pairs);
    let typed = read_status(pairs);
    match prove(app, &typed.reference, &typed.receipt_code).await {
        Ok(Some(proof)) => Ok(Proven { typed, raw, uploaded, file_error, proof, _permit: permit }),
        Ok(None) => {
            count("status", "no_match");
            let asked = Asked { reference: &typed.reference, is_wrong: true };
            Err(page(StatusCode::UNPROCESSABLE_ENTITY, language, app.pages.ask(language, &asked)))
        }
        Err(error) => {
            warn!(error = chain(&error), "Could not look up a complaint for the status page");
            let unavailable = plain(app, language, StatusCode::SERVICE_UNAVAILABLE, Message::Unavailable);
            Err(retry_later(app, unavailable))
        }
    }
}

/// The texts, the files, and what is wrong with them.
async fn read(
    app: &App,
    media_type: &str,
    parts: &RequestParts,
    body: Body,
) -> Result<(Vec<(String, String)>, Uploaded, Option<FileProblem>), BodyError> {
    if media_type == URLENCODED {
        let raw = body::read(body, &app.config).await?;
        return Ok((urlencoded_pairs(&raw)?, Uploaded::default(), None));
    }
    let gate = Gate::Receipt { reference: None, code_field: CODE_FIELD };
    let received = upload::receive(app, parts, body, &gate).await?;
    let wrong = received.errors.into_iter().next().map(|error| FileProblem::Wrong(error.kind));
    let problem = wrong.or(received.missing.map(|_| FileProblem::Missing));
    Ok((received.texts, received.uploaded, problem))
}

/// The complaint that a reference and a receipt code prove; none when they do not belong together.
///
/// # Errors
/// [`LookUpError`] when nobody could say in time.
pub(super) async fn prove(app: &App, reference: &str, code: &str) -> Result<Option<Proof>, LookUpError> {
    let found = tokio::time::timeout(app.config.patience, look_up(app, reference, code)).await;
    found.unwrap_or(Err(LookUpError::Patience))
}

async fn look_up(app: &App, reference: &str, code: &str) -> Result<Option<Proof>, LookUpError> {
    let (vault, asked_at) = (app.deps.intake.vault(), Instant::now());
    let Some(reference) = reference::parse(reference) else { return Ok(None) };
    // A replica that is behind would not know who was told of it a moment ago.
    let claim = references::look_up_at_leader(vault, &reference).await?;
    let contact = claim.as_ref().map(|claim| claim.contact_id.clone()).unwrap_or_default();
    // Compared in any case, so that the time says nothing.
    let fits = app.keys().receipt_code_fits(&contact, code);
    let Some(claim) = claim.filter(|_| fits) else { return Ok(None) };
    let complaint = claim.complaint_id.unwrap_or_else(|| app.keys().complaint_id(&contact));
    let loaded = app.deps.ledger.load(&complaint).await?;
    let theirs = |complaint: &Complaint| {
        complaint.contact(&contact).is_some_and(|contact| contact.standing == PartyStanding::Party)
    };
    let complaint = loaded.map(|loaded| loaded.complaint).filter(theirs);
    Ok(Some(Proof { reference, contact, complaint, asked_at }))
}

pub(super) async fn shown(
    app: &App,
    language: &'static Language,
    proof: &Proof,
    view: &Shown<'_>,
) -> Response {
    let now = app.deps.clock.now();
    let progress = proof.complaint.as_ref().map(|complaint| progress(complaint, now));
    let letters = match &proof.complaint {
        Some(complaint) => {
            let left = app.config.patience.saturating_sub(proof.asked_at.elapsed());
            letters(app, complaint, &proof.contact, left).await
        }
        None => Letters::default(),
    };
    let standing = Standing { reference: &proof.reference, progress: progress.as_ref(), letters: &letters };
    page(StatusCode::OK, language, app.pages.status(language, &standing, view))
}

pub(super) fn with(status: StatusCode, mut response: Response) -> Response {
    *response.status_mut() = status;
    response
}

/// The body as it is kept: nobody is to find there what proves whose a complaint is.
fn without_code(pairs: &[(String, String)]) -> Bytes {
    let kept = pairs.iter().filter(|(name, _)| name != CODE_FIELD);
    form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish().into()
}

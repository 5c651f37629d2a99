//! The forms, the first one at `/` and at `/<language>`, each at `/f/<name>`: shown, sent back, and shown again with everything that was typed until it can be taken.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawPathParams, Request, State};
use axum::http::request::Parts as RequestParts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use redress_contract::{Act, Channel};
use redress_runtime::logs::chain;
use tracing::warn;

use super::body::{self, BodyError};
use super::record::{self, Addition, Incoming, Recorded, Refusal, record, record_addition, source_name};
use super::status::{self, LookUpError, Proof, prove};
use super::upload::{self, Gate, Missing, Uploaded};
use super::{App, Spoken, count, fresh_key, is_key, media_type, retry_after, retry_later, status_of};
use crate::config::{DEFAULT_FORM, Form};
use crate::normalize::{FormBody, Stated, read_form, urlencoded_pairs};
use crate::page::{FormView, Message, Notice, Thanks};
use crate::stamp::{self, Verdict};
use crate::submission::{FieldError, Submission};
use crate::words::Language;

pub(super) const URLENCODED: &str = "application/x-www-form-urlencoded";
pub(super) const MULTIPART: &str = "multipart/form-data";

/// A form, and the language in which it is asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    app: &'a App,
    form: &'a Form,
    language: &'static Language,
}

/// The form that an address names.
fn asked<'a>(app: &'a App, names: &RawPathParams, language: &'static Language) -> Option<Asked<'a>> {
    let name = names.iter().find(|(param, _)| *param == "form").map_or(DEFAULT_FORM, |(_, name)| name);
    app.config.form(name).map(|form| Asked { app, form, language })
}

fn no_such_form(app: &App, language: &'static Language) -> Response {
    plain(app, language, StatusCode::NOT_FOUND, Message::NoSuchForm)
}

/// An empty form.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Spoken(language): Spoken,
    names: RawPathParams,
) -> Response {
    let Some(asked) = asked(&app, &names, language) else { return no_such_form(&app, language) };
    let key = fresh_key();
    let stamp = stamp::fresh(app.keys(), &asked.form.name, &key, app.deps.clock.now());
    let view = FormView { key: &key, stamp: &stamp, ..FormView::default() };
    let mut page = page(StatusCode::OK, language, app.pages.form(language, asked.form, &view));
    // Whoever goes back to it after sending finds it with its key, so that sending it again makes no second complaint.
    page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    page
}

/// A form that came back. The answer to one that is taken is the thank-you page itself: no reference in a URL, no
/// state kept, and a reload sends the same key again.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Spoken(language): Spoken,
    names: RawPathParams,
    request: Request,
) -> Response {
    let Some(asked) = asked(&app, &names, language) else { return no_such_form(&app, language) };
    let Some(_permit) = app.admit() else {
        count("web", "busy");
        return retry_later(&app, plain(&app, language, StatusCode::SERVICE_UNAVAILABLE, Message::Busy));
    };
    let (parts, content) = request.into_parts();
    // Judged once it was read: what was typed is kept.
    let too_often = app.submissions.admit(&parts).err();
    let is_ours = app.is_ours(&parts.headers);
    let media_type = media_type(&parts.headers);
    if media_type != URLENCODED && media_type != MULTIPART {
        count("web", "refused");
        let refusal = plain(&app, language, StatusCode::UNSUPPORTED_MEDIA_TYPE, Message::Unreadable);
        return ([("accept-post", "application/x-www-form-urlencoded, multipart/form-data")], refusal)
            .into_response();
    }
    let gate = if too_often.is_none() && is_ours { Gate::Form(asked) } else { Gate::Closed };
    let mut sent = match read(asked, &parts, content, &gate).await {
        Ok(sent) => sent,
        Err(error) => return unreadable(&app, language, error),
    };
    if !is_ours {
        sent.form = sent.form.unsent();
    }
    match too_often {
        Some(wait) => {
            count("web", "too_often");
            let mut page = again(asked, sent.form, &[], Some(Notice::TooOften));
            *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            retry_after(wait, page)
        }
        None if !is_ours => {
            count("web", "elsewhere");
            again(asked, sent.form, &[], Some(Notice::Elsewhere))
        }
        None => Box::pin(answer(asked, sent)).await,
    }
}

/// Any other method.
pub(super) async fn other_method(State(app): State<Arc<App>>, Spoken(language): Spoken) -> Response {
    let refusal = plain(&app, language, StatusCode::METHOD_NOT_ALLOWED, Message::WrongMethod);
    ([(header::ALLOW, "GET, HEAD, POST")], refusal).into_response()
}

/// A form as it was sent.
struct Sent {
    form: FormBody,
    media_type: String,
    raw: Bytes,
    uploaded: Uploaded,
    missing: Option<Missing>,
}

impl FormBody {
    /// The same words, to be sent under a key that nobody else can know: what came from elsewhere, or with no stamp of ours,
    /// may bear a key that was chosen to learn of what is sent under it.
    fn unsent(self) -> Self {
        Self { key: fresh_key(), sent_before: String::new(), add: String::new(), ..self }
    }
}

impl Asked<'_> {
    /// Whether these texts are the beginning of a form of ours that may be taken.
    pub(super) fn is_sent(self, texts: &[(String, String)]) -> bool {
        objection(self, &read_form(texts.to_vec(), &self.form.demands)).is_none()
    }
}

async fn read(
    asked: Asked<'_>,
    parts: &RequestParts,
    body: Body,
    gate: &Gate<'_>,
) -> Result<Sent, BodyError> {
    let (app, demands) = (asked.app, &asked.form.demands);
    if media_type(&parts.headers) == URLENCODED {
        let raw = body::read(body, &app.config).await?;
        let form = read_form(urlencoded_pairs(&raw)?, demands);
        let media_type = stated_media_type(&parts.headers);
        return Ok(Sent { form, media_type, raw, uploaded: Uploaded::default(), missing: None });
    }
    let received = upload::receive(app, parts, body, gate).await?;
    let raw = received.raw.into();
    let mut form = read_form(received.texts, demands);
    form.errors.extend(received.errors);
    let (uploaded, missing) = (received.uploaded, received.missing);
    Ok(Sent { form, media_type: URLENCODED.to_owned(), raw, uploaded, missing })
}

/// Takes the form, or shows it again.
async fn answer(asked: Asked<'_>, sent: Sent) -> Response {
    let Asked { app, form, language } = asked;
    let Sent { form: mut body, media_type, raw, uploaded, missing } = sent;
    if !is_key(&body.key) {
        body.key = fresh_key();
    }
    let mut errors = std::mem::take(&mut body.errors);
    let notice = objection(asked, &body).or(missing.as_ref().map(|_| Notice::FilesMissing));
    if notice == Some(Notice::Unsigned) {
        body = body.unsent();
    }
    let submission = match (body.draft.check(&form.demands), notice) {
        (Ok(submission), None) if errors.is_empty() => submission,
        (checked, notice) => {
            errors.extend(checked.err().unwrap_or_default());
            count("web", if errors.is_empty() { "asked_again" } else { "refused" });
            return again(asked, body, &errors, notice);
        }
    };
    let incoming = Incoming {
        source: source_name(Channel::Web, &form.name),
        stated: Stated::default(),
        submission: submission.clone(),
        channel: Channel::Web,
        account: form.name.clone(),
        form: form.name.clone(),
        page_language: language.tag.to_owned(),
        key: body.key.clone(),
        media_type,
        raw,
        uploaded,
    };
    if !body.add.is_empty() {
        match sent_before(asked, &body).await {
            Ok(Some(proof)) => return Box::pin(add(asked, body, &proof, incoming)).await,
            // A key that nobody sent a form with: the words are a complaint of their own.
            Ok(None) => {}
            Err(error) => {
                warn!(error = chain(&error), "Could not look up the form that was sent before");
                return not_recorded(asked, body);
            }
        }
    }
    match record(app, incoming).await {
        Ok(recorded) => {
            count("web", "accepted");
            thanks(asked, &submission, &recorded)
        }
        Err(Refusal::OtherWords) => {
            count("web", "refused");
            body.sent_before = std::mem::replace(&mut body.key, fresh_key());
            again(asked, body, &[], Some(Notice::OtherWords))
        }
        Err(Refusal::NotRecorded(_)) => not_recorded(asked, body),
    }
}

/// The form again, for nobody could say in time that it is on record.
fn not_recorded(asked: Asked<'_>, body: FormBody) -> Response {
    count("web", "not_recorded");
    let mut page = again(asked, body, &[], Some(Notice::NotRecorded));
    *page.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    retry_later(asked.app, page)
}

/// The complaint that this form was sent as before: whoever has its key has its receipt.
async fn sent_before(
    Asked { app, form, .. }: Asked<'_>,
    body: &FormBody,
) -> Result<Option<Proof>, LookUpError> {
    let Some((contact, reference)) = record::sent_before(app, &form.name, &body.sent_before).await? else {
        return Ok(None);
    };
    prove(app, reference.as_str(), &app.keys().receipt_code(&contact)).await
}

/// Adds the words to the complaint that was sent before, and shows where that stands.
async fn add(asked: Asked<'_>, mut body: FormBody, proof: &Proof, incoming: Incoming) -> Response {
    let Asked { app, form, language } = asked;
    let addition = Addition {
        act: Act::Unspecified,
        text: incoming.submission.in_words(),
        channel: incoming.channel,
        account: incoming.account,
        page_language: incoming.page_language,
        first: proof.contact.clone(),
        reference: proof.reference.clone(),
        key: incoming.key,
        media_type: incoming.media_type,
        raw: incoming.raw,
        uploaded: incoming.uploaded,
    };
    match record_addition(app, addition).await {
        Ok(_) => {
            count("web", "added");
            let code = app.keys().receipt_code(&proof.contact);
            status::added(app, language, proof, code, &form.name).await
        }
        Err(Refusal::OtherWords) => {
            count("web", "refused");
            body.key = fresh_key();
            again(asked, body, &[], Some(Notice::OtherWords))
        }
        Err(Refusal::NotRecorded(_)) => not_recorded(asked, body),
    }
}

/// Why a form whose fields are right is asked for once more.
fn objection(asked: Asked<'_>, body: &FormBody) -> Option<Notice> {
    if !body.trap.is_empty() {
        return Some(Notice::Trap);
    }
    match judge(asked, body) {
        Verdict::Good => None,
        Verdict::TooSoon => Some(Notice::TooSoon),
        Verdict::Expired => Some(Notice::Expired),
        Verdict::Unsigned => Some(Notice::Unsigned),
    }
}

fn judge(Asked { app, form, .. }: Asked<'_>, body: &FormBody) -> Verdict {
    stamp::judge(app.keys(), &app.config, (&form.name, &body.key), &body.stamp, app.deps.clock.now())
}

/// The form again, with all that was typed and a stamp with which it can be taken.
fn again(asked: Asked<'_>, body: FormBody, errors: &[FieldError], notice: Option<Notice>) -> Response {
    let Asked { app, form, language } = asked;
    let now = app.deps.clock.now();
    let renewed = || stamp::renewed(app.keys(), &app.config, &form.name, &body.key, now);
    let stamp = match judge(asked, &body) {
        // The first showing counts: what came back too soon may be sent as soon as the time is over.
        Verdict::Good | Verdict::TooSoon => body.stamp.clone(),
        Verdict::Expired => renewed(),
        Verdict::Unsigned if notice == Some(Notice::OtherWords) => renewed(),
        Verdict::Unsigned => stamp::fresh(app.keys(), &form.name, &body.key, now),
    };
    let sent_before = Some(body.sent_before.as_str()).filter(|key| is_key(key));
    let view = FormView { draft: body.draft, key: &body.key, stamp: &stamp, errors, notice, sent_before };
    page(StatusCode::UNPROCESSABLE_ENTITY, language, app.pages.form(language, form, &view))
}

fn thanks(
    Asked { app, form, language }: Asked<'_>,
    submission: &Submission,
    recorded: &Recorded,
) -> Response {
    let thanks = Thanks {
        reference: &recorded.reference,
        receipt_code: &recorded.receipt_code,
        received_at: recorded.received_at,
        submission,
        form,
    };
    page(StatusCode::ACCEPTED, language, app.pages.thanks(language, &thanks))
}

pub(super) fn unreadable(app: &App, language: &'static Language, error: BodyError) -> Response {
    count("web", "refused");
    let message = match error {
        BodyError::TooLarge => Message::TooLarge,
        BodyError::TooManyFields(_) => Message::TooManyFields,
        BodyError::TooSlow => Message::TooSlow,
        BodyError::Broken => Message::Unreadable,
    };
    plain(app, language, status_of(error), message)
}

pub(super) fn plain(
    app: &App,
    language: &'static Language,
    status: StatusCode,
    message: Message,
) -> Response {
    page(status, language, app.pages.message(language, message))
}

/// A page in a language; at `/` the browser's preference has a say in which.
pub(super) fn page(status: StatusCode, language: &'static Language, html: String) -> Response {
    let headers = [(header::CONTENT_LANGUAGE, language.tag), (header::VARY, "Accept-Language")];
    (status, headers, Html(html)).into_response()
}

/// With its parameters: a multipart body cannot be read without its boundary.
pub(super) fn stated_media_type(headers: &HeaderMap) -> String {
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    stated.unwrap_or_default().to_owned()
}

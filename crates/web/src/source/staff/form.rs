//! The form of a clerk: shown, sent back, and shown again with everything that was typed until it can be taken.

use axum::body::Body;
use axum::extract::{Query, RawPathParams, Request, State};
use axum::http::request::Parts as RequestParts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use redress_domain::Complaint;
use serde::Deserialize;
use tracing::info;

use super::super::body::{self, BodyError};
use super::super::form::{MULTIPART, URLENCODED, page, plain, stated_media_type, unreadable};
use super::super::record::{Incoming, Recorded, Refusal, record};
use super::super::upload::{self, Gate, Missing, Uploaded};
use super::super::{App, Spoken, count, fresh_key, is_key, media_type, retry_after, retry_later};
use super::{Staff, caller, see, sign_in_page};
use crate::config::{DEFAULT_FORM, Form};
use crate::normalize::{FormBody, read_form, urlencoded_pairs};
use crate::page::{FormView, Message, Notice, StaffForm, StaffReceipt};
use crate::staff::session::Session;
use crate::staff::statement::{Detail, Rules, Statement, Typed, Wrong};
use crate::submission::{Field, FieldError, FieldName, Submission, clean_line};
use crate::words::Language;

/// A form, the language in which it is asked for, and who is signed in.
#[derive(Clone, Copy)]
struct Asked<'a> {
    staff: &'a Staff,
    form: &'a Form,
    language: &'static Language,
    session: Option<&'a Session>,
}

/// A form as it was sent.
struct Sent {
    typed: Typed,
    wrong: Vec<(Detail, Wrong)>,
    body: FormBody,
    media_type: String,
    raw: Bytes,
    uploaded: Uploaded,
    missing: Option<Missing>,
}

/// What of it is shown again.
struct Again<'a> {
    typed: &'a Typed,
    wrong: &'a [(Detail, Wrong)],
    body: FormBody,
    errors: &'a [FieldError],
    notice: Option<Notice>,
}

fn form<'a>(app: &'a App, names: &RawPathParams) -> Option<&'a Form> {
    let name = names.iter().find(|(param, _)| *param == "form").map_or(DEFAULT_FORM, |(_, name)| name);
    app.config.form(name)
}

/// What a link out of a telephone system says: `?call=<id>&from=<number>`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ringing {
    call: String,
    from: String,
}

/// An empty form, for whoever is signed in; about a call, when it is opened from one.
pub(super) async fn show(
    State(staff): State<Staff>,
    Spoken(language): Spoken,
    names: RawPathParams,
    Query(ringing): Query<Ringing>,
    headers: HeaderMap,
) -> Response {
    let Some(session) = staff.session(&headers) else { return see(&sign_in_page(language)) };
    let app = staff.app();
    let Some(form) = form(app, &names) else {
        return plain(app, language, StatusCode::NOT_FOUND, Message::NoSuchForm);
    };
    let asked = Asked { staff: &staff, form, language, session: Some(&session) };
    let (now, zone) = (app.deps.clock.now(), &app.config.time_zone);
    let mut body = FormBody { key: fresh_key(), ..FormBody::default() };
    let typed = if ringing.call.is_empty() {
        Typed::fresh(now, zone)
    } else {
        Typed::of_call(&ringing.call, now, zone)
    };
    if !ringing.from.is_empty() {
        // What a form does not ask for is not shown.
        let _ = body.draft.set(FieldName::Known(Field::Phone), clean_line(&ringing.from));
    }
    let callers =
        if ringing.from.is_empty() { None } else { caller::open_complaints(&staff, &ringing.from).await };
    let again = Again { typed: &typed, wrong: &[], body, errors: &[], notice: None };
    let page = shown_with(asked, StatusCode::OK, again, callers.as_deref());
    staff.seen(Some(&session), page)
}

/// A form that came back. Nothing that was typed is lost when nobody is signed in any more: the form comes back, and may be
/// sent again after signing in elsewhere in the browser.
pub(super) async fn submit(
    State(staff): State<Staff>,
    Spoken(language): Spoken,
    names: RawPathParams,
    request: Request,
) -> Response {
    let app = staff.app();
    let Some(form) = form(app, &names) else {
        return plain(app, language, StatusCode::NOT_FOUND, Message::NoSuchForm);
    };
    let Some(_permit) = app.admit() else {
        count("staff", "busy");
        return retry_later(app, plain(app, language, StatusCode::SERVICE_UNAVAILABLE, Message::Busy));
    };
    let (parts, content) = request.into_parts();
    let is_ours = app.is_ours(&parts.headers);
    let too_often = if is_ours { app.submissions.admit(&parts).err() } else { None };
    let session = staff.session(&parts.headers);
    let asked = Asked { staff: &staff, form, language, session: session.as_ref() };
    let notice = match (&too_often, &session) {
        (Some(_), _) => Some((StatusCode::TOO_MANY_REQUESTS, Notice::TooOften)),
        _ if !is_ours => Some((StatusCode::UNPROCESSABLE_ENTITY, Notice::Elsewhere)),
        (_, None) => Some((StatusCode::UNAUTHORIZED, Notice::SignedOut)),
        _ => None,
    };
    let gate = if notice.is_none() { Gate::Open } else { Gate::Closed };
    let sent = match read(asked, &parts, content, &gate).await {
        Ok(sent) => sent,
        Err(error) => return unreadable(app, language, error),
    };
    let answer = match (notice, &session) {
        (None, Some(session)) => answer(asked, session, sent).await,
        (notice, _) => {
            count("staff", "refused");
            let (status, notice) = notice.unwrap_or((StatusCode::UNAUTHORIZED, Notice::SignedOut));
            refused(asked, sent, status, notice)
        }
    };
    let answer = staff.seen(session.as_ref(), answer);
    match too_often {
        Some(wait) => retry_after(wait, answer),
        None => answer,
    }
}

async fn read(
    Asked { staff, form, .. }: Asked<'_>,
    parts: &RequestParts,
    content: Body,
    gate: &Gate<'_>,
) -> Result<Sent, BodyError> {
    let app = staff.app();
    let (texts, media_type, raw, errors, uploaded, missing) = match media_type(&parts.headers).as_str() {
        URLENCODED => {
            let raw = body::read(content, &app.config).await?;
            let texts = urlencoded_pairs(&raw)?;
            (texts, stated_media_type(&parts.headers), raw, Vec::new(), Uploaded::default(), None)
        }
        MULTIPART => {
            let received = upload::receive(app, parts, content, gate).await?;
            let media_type = URLENCODED.to_owned();
            (
                received.texts,
                media_type,
                received.raw.into(),
                received.errors,
                received.uploaded,
                received.missing,
            )
        }
        _ => return Err(BodyError::Broken),
    };
    let (typed, rest, wrong) = Typed::take(texts);
    let mut body = read_form(rest, &form.demands);
    body.errors.extend(errors);
    if !is_key(&body.key) {
        body.key = fresh_key();
    }
    Ok(Sent { typed, wrong, body, media_type, raw, uploaded, missing })
}

/// The form again, of somebody from whom nothing is taken now. What another site sent gets a key that it cannot know.
fn refused(asked: Asked<'_>, sent: Sent, status: StatusCode, notice: Notice) -> Response {
    let Sent { typed, mut body, .. } = sent;
    if notice == Notice::Elsewhere {
        body.key = fresh_key();
    }
    shown(asked, status, Again { typed: &typed, wrong: &[], body, errors: &[], notice: Some(notice) })
}

/// Takes the form, or shows it again.
async fn answer(asked: Asked<'_>, session: &Session, sent: Sent) -> Response {
    let Asked { staff, form, .. } = asked;
    let Sent { typed, mut wrong, mut body, media_type, raw, uploaded, missing } = sent;
    let mut errors = std::mem::take(&mut body.errors);
    let checked = body.draft.check(&form.demands).map_err(|wrong| errors.extend(wrong)).ok();
    let statement = state(staff, session, &typed, checked.as_ref()).map_err(|more| wrong.extend(more)).ok();
    let notice = missing.map(|_| Notice::FilesMissing);
    let (submission, statement) = match (checked, statement) {
        (Some(submission), Some(statement)) if errors.is_empty() && wrong.is_empty() && notice.is_none() => {
            (submission, statement)
        }
        _ => {
            count("staff", "refused");
            let again = Again { typed: &typed, wrong: &wrong, body, errors: &errors, notice };
            return shown(asked, StatusCode::UNPROCESSABLE_ENTITY, again);
        }
    };
    let submission = Submission { postal_address: statement.postal_address.clone(), ..submission };
    let key = body.key.clone();
    let incoming = incoming((session, asked.form), &submission, statement, (key, media_type, raw, uploaded));
    match take(staff.app(), session, incoming).await {
        Ok(recorded) => {
            count("staff", "accepted");
            receipt(asked, session, (&submission, typed.get(Detail::Call)), &recorded)
        }
        Err(Refusal::OtherWords) => {
            count("staff", "refused");
            body.key = fresh_key();
            let notice = Some(Notice::OtherWords);
            let again = Again { typed: &typed, wrong: &[], body, errors: &[], notice };
            shown(asked, StatusCode::UNPROCESSABLE_ENTITY, again)
        }
        Err(Refusal::NotRecorded(_)) => {
            count("staff", "not_recorded");
            let notice = Some(Notice::NotRecorded);
            let again = Again { typed: &typed, wrong: &[], body, errors: &[], notice };
            retry_later(staff.app(), shown(asked, StatusCode::SERVICE_UNAVAILABLE, again))
        }
    }
}

fn state(
    staff: &Staff,
    session: &Session,
    typed: &Typed,
    submission: Option<&Submission>,
) -> Result<Statement, Vec<(Detail, Wrong)>> {
    let app = staff.app();
    let rules = Rules {
        now: app.deps.clock.now(),
        zone: &app.config.time_zone,
        counters: &staff.0.config.counters,
        received_days_max: staff.0.config.received_days_max,
        telephone_system: &staff.0.config.telephone_system,
    };
    typed.check(&session.actor(), submission, &rules)
}

/// The language of the page is the clerk's; what the complainant speaks, their words or their choice say.
fn incoming(
    (session, form): (&Session, &Form),
    submission: &Submission,
    statement: Statement,
    (key, media_type, raw, uploaded): (String, String, Bytes, Uploaded),
) -> Incoming {
    Incoming {
        submission: submission.clone(),
        channel: statement.channel,
        account: statement.counter,
        form: form.name.clone(),
        // Each clerk has idempotency keys of their own; of one key nothing is recorded on two channels.
        source: format!("staff/{}", session.actor()),
        stated: statement.stated,
        page_language: String::new(),
        key,
        media_type,
        raw,
        uploaded,
    }
}

/// Records it; in the log it is known who typed it in.
async fn take(app: &App, session: &Session, incoming: Incoming) -> Result<Recorded, Refusal> {
    let (actor, channel) = (session.actor(), incoming.channel.token());
    let recorded = record(app, incoming).await?;
    info!(actor, contact.id = %recorded.contact_id, channel, "Recorded what {actor} typed in");
    Ok(recorded)
}

fn receipt(
    Asked { staff, form, language, .. }: Asked<'_>,
    session: &Session,
    (submission, call): (&Submission, &str),
    recorded: &Recorded,
) -> Response {
    let receipt = StaffReceipt {
        reference: &recorded.reference,
        receipt_code: &recorded.receipt_code,
        received_at: recorded.received_at,
        submission,
        form,
        clerk: &session.account,
        public_url: &staff.0.public_url,
        call,
    };
    page(StatusCode::ACCEPTED, language, staff.app().pages.staff_receipt(language, &receipt))
}

fn shown(asked: Asked<'_>, status: StatusCode, again: Again<'_>) -> Response {
    shown_with(asked, status, again, None)
}

/// With the open complaints of whoever calls, where they were looked for.
fn shown_with(
    Asked { staff, form, language, session }: Asked<'_>,
    status: StatusCode,
    again: Again<'_>,
    callers: Option<&[Complaint]>,
) -> Response {
    let FormBody { draft, key, .. } = again.body;
    let view =
        FormView { draft, key: &key, errors: again.errors, notice: again.notice, ..FormView::default() };
    let clerk = session.map_or("", |session| &session.account);
    let counters = &staff.0.config.counters;
    let shown = StaffForm { view: &view, typed: again.typed, wrong: again.wrong, clerk, counters, callers };
    page(status, language, staff.app().pages.staff_form(language, form, &shown))
}

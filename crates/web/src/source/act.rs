//! Acts on the status page: a page asks first, and only what its button sends is recorded.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use redress_contract::{Act, CloseReason};
use redress_domain::{Complaint, Status};

use super::form::page;
use super::record::{Refusal, record_addition};
use super::status::{Proof, Proven, addition, proven, shown, with};
use super::{App, Spoken, count, fresh_key, is_key, retry_later};
use crate::addition::{StatusBody, check_text};
use crate::page::{Considered, Done, Message, Shown};
use crate::progress::progress;
use crate::submission::ErrorKind;
use crate::words::Language;

/// Says what an act means, with a button; changes nothing. What may not be done now is not asked.
pub(super) async fn consider(
    act: Act,
    State(app): State<Arc<App>>,
    Spoken(language): Spoken,
    request: Request,
) -> Response {
    let Proven { typed, proof, .. } = match proven(&app, language, request).await {
        Ok(proven) => proven,
        Err(refusal) => return refusal,
    };
    let now = app.deps.clock.now();
    let offered = proof.complaint.as_ref().map(|complaint| progress(complaint, now).acts).unwrap_or_default();
    if !offered.contains(&act) {
        return shown(&app, language, &proof, &Shown::of(&typed, fresh_key())).await;
    }
    asked(&app, language, &proof, &Asked { act, typed: &typed, key: fresh_key(), error: None, notice: None })
}

/// Records an act, and shows where the complaint stands.
pub(super) async fn carry_out(
    act: Act,
    State(app): State<Arc<App>>,
    Spoken(language): Spoken,
    request: Request,
) -> Response {
    let Proven { mut typed, raw, uploaded, proof, _permit, .. } = match proven(&app, language, request).await
    {
        Ok(proven) => proven,
        Err(refusal) => return refusal,
    };
    if !is_key(&typed.key) {
        typed.key = fresh_key();
    }
    let again = |key: &str| Asked { act, typed: &typed, key: key.to_owned(), error: None, notice: None };
    let text = match check_text(&typed.text, app.config.first_form().demands.limits.what_happened_chars_max) {
        Err(ErrorKind::Missing) => String::new(),
        Ok(text) => text,
        Err(error) => {
            count("status", "refused");
            let view = Asked { error: Some(error), ..again(&typed.key) };
            return with(StatusCode::UNPROCESSABLE_ENTITY, asked(&app, language, &proof, &view));
        }
    };
    let addition = addition((&proof, language, &typed.key), act, text, (raw, uploaded));
    match record_addition(&app, addition).await {
        Err(Refusal::OtherWords) => {
            count("status", "refused");
            let view = Asked { notice: Some(Message::ActSentBefore), ..again(&fresh_key()) };
            with(StatusCode::UNPROCESSABLE_ENTITY, asked(&app, language, &proof, &view))
        }
        Err(Refusal::NotRecorded(_)) => {
            count("status", "not_recorded");
            let view = Asked { notice: Some(Message::ActNotRecorded), ..again(&typed.key) };
            let page = with(StatusCode::SERVICE_UNAVAILABLE, asked(&app, language, &proof, &view));
            retry_later(&app, page)
        }
        Ok(_) => {
            count("status", "accepted");
            let done = Some(done(act, &proof));
            let typed = StatusBody { text: String::new(), ..typed };
            let view = Shown { done, ..Shown::of(&typed, fresh_key()) };
            with(StatusCode::ACCEPTED, shown(&app, language, &proof, &view).await)
        }
    }
}

/// What was typed, and why it is asked again.
struct Asked<'a> {
    act: Act,
    typed: &'a StatusBody,
    key: String,
    error: Option<ErrorKind>,
    notice: Option<Message>,
}

fn asked(app: &App, language: &'static Language, proof: &Proof, asked: &Asked<'_>) -> Response {
    let considered = Considered {
        act: asked.act,
        reference: &proof.reference,
        typed: asked.typed,
        key: &asked.key,
        outlives_withdrawal: outlives_withdrawal(proof),
        error: asked.error.clone(),
        notice: asked.notice,
    };
    page(StatusCode::OK, language, app.pages.consider(language, &considered))
}

/// What the page promises: no more than what `router` will make of it. It may have been decided while they were asked.
fn done(act: Act, proof: &Proof) -> Done {
    let Some(complaint) = &proof.complaint else {
        // Nobody has looked at it yet, or could say whether somebody must first.
        return if act == Act::Withdraw { Done::WithdrawalSeen } else { Done::Added };
    };
    // Also when it was done before: the page may be sent twice.
    let is_withdrawn = matches!(complaint.status, Status::Closed { reason: CloseReason::Withdrawn, .. });
    match act {
        Act::Withdraw if is_withdrawn => Done::Withdrawn,
        Act::Withdraw if complaint.withdrawal_requested_at.is_some() => Done::WithdrawalSeen,
        Act::Withdraw if complaint.may_be_withdrawn() && complaint.outlives_withdrawal() => {
            Done::WithdrawalSeen
        }
        Act::Withdraw if complaint.may_be_withdrawn() => Done::Withdrawn,
        Act::RequestReview if complaint.review_requested_at.is_some() || complaint.may_be_reviewed() => {
            Done::ReviewRequested
        }
        _ => Done::Added,
    }
}

fn outlives_withdrawal(proof: &Proof) -> bool {
    proof.complaint.as_ref().is_some_and(Complaint::outlives_withdrawal)
}

//! Escalations: whoever was told of one follows the link in the mail, sees what is overdue, and says by a button that they
//! look after it. The link is signed and proves that they were told; it shows no personal data and spares one rung at most.
//!
//! Only the button, or a POST to the API, changes anything: programs that look into mails follow links.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use redress_bus::PublishError;
use redress_contract::subject;
use redress_domain::Complaint;
use redress_identity::EscalationLink;
use redress_ledger::LoadError;
use redress_runtime::logs::chain;
use serde::Serialize;
use tracing::warn;
use utoipa::ToSchema;

use super::api::known;
use super::form::{page, plain};
use super::{App, Spoken, count, retry_after, retry_later};
use crate::page::{Escalated, Message, Overdue};
use crate::problem::Problem;

/// How long the broker keeps what nobody takes.
const KEPT: &str = "168h";

/// A link that was followed, and how things stand.
struct Followed {
    token: String,
    link: EscalationLink,
    complaint: Complaint,
    stands: Escalated,
}

/// Why it leads nowhere.
enum Astray {
    /// Nobody here signed it.
    Unknown,
    /// Somebody tries many.
    TooOften(std::time::Duration),
    /// Too much is in hand, or the broker gives no answer in time.
    Unavailable,
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the broker took longer than somebody is made to wait")]
    Patience,
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// What is overdue, with a button; changes nothing.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Spoken(language): Spoken,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    match follow(&app, token, &parts).await {
        Ok(followed) => page(StatusCode::OK, language, app.pages.escalation(language, &followed.overdue())),
        Err(astray) => astray.page(&app, language),
    }
}

/// Somebody looks after it.
pub(super) async fn acknowledge(
    State(app): State<Arc<App>>,
    Spoken(language): Spoken,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let followed = match follow(&app, token, &parts).await {
        Ok(followed) => followed,
        Err(astray) => return astray.page(&app, language),
    };
    if !app.is_ours(&parts.headers) {
        let asked = app.pages.escalation(language, &followed.overdue());
        return page(StatusCode::FORBIDDEN, language, asked);
    }
    match take(&app, &followed).await {
        Ok(stands) => {
            let overdue = Overdue { stands, ..followed.overdue() };
            page(StatusCode::ACCEPTED, language, app.pages.escalation(language, &overdue))
        }
        Err(astray) => astray.page(&app, language),
    }
}

/// How an escalation stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Escalation)]
pub(super) struct Answer {
    /// The complaint.
    reference: String,
    /// What is overdue.
    milestone: String,
    /// By when it was due.
    #[schema(format = DateTime)]
    due_at: String,
    /// The rung of which somebody was told, from 1.
    rung: u32,
    /// `waits` (nobody looks after it), `acknowledged`, or `over` (it was done, or its deadline changed).
    stands: &'static str,
}

/// Says that somebody looks after an escalation.
///
/// The token is the last part of the link in the mail about it: whoever holds it was told. The next rung is then recorded
/// and tells nobody; the one after it tells again. A repeat changes nothing.
#[utoipa::path(
    post,
    path = "/v1/escalations/{token}",
    operation_id = "acknowledgeEscalation",
    params(("token" = String, Path, description = "The last part of the link in the mail about the escalation.")),
    responses(
        (status = 202, description = "It is noted, or nothing was left to note.", body = Answer),
        (status = 403, description = "A page of another site made a browser send this.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "This installation signed no such link.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "One sender tried too often; Retry-After says when to come again.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not known to be noted; send it again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn api(
    State(app): State<Arc<App>>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    if !app.is_ours(&parts.headers) {
        let detail = "Nothing was noted. A page of another site made a browser send this.";
        return Problem::new(StatusCode::FORBIDDEN, "another-site", "Sent by another site", detail)
            .into_response();
    }
    let followed = match follow(&app, token, &parts).await {
        Ok(followed) => followed,
        Err(astray) => return astray.problem(&app),
    };
    match take(&app, &followed).await {
        Ok(stands) => {
            let overdue = followed.overdue();
            let answer = Answer {
                reference: overdue.reference.to_string(),
                milestone: followed.link.milestone.to_string(),
                due_at: overdue.due_at.to_string(),
                rung: followed.link.rung,
                stands: stands.word(),
            };
            (StatusCode::ACCEPTED, Json(answer)).into_response()
        }
        Err(astray) => astray.problem(&app),
    }
}

/// Any other method of the API.
pub(super) async fn other_method() -> Response {
    let detail = "An escalation is acknowledged by POST.";
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "Method not allowed", detail);
    ([(header::ALLOW, "POST")], problem).into_response()
}

async fn follow(
    app: &App,
    token: Result<Path<String>, PathRejection>,
    parts: &Parts,
) -> Result<Followed, Astray> {
    let Some(_permit) = app.admit() else { return Err(Astray::Unavailable) };
    let Ok(Path(token)) = token else { return Err(Astray::Unknown) };
    let Some(link) = app.keys().escalation_in(&token) else {
        count("escalation", "no_match");
        // Whoever guesses is slowed down, a system as itself; whoever was told is not.
        let admitted = match known(app, &parts.headers) {
            Ok(Some(client)) => app.clients.admit(client),
            Ok(None) | Err(_) => app.receipt_tries.admit(parts),
        };
        return Err(admitted.err().map_or(Astray::Unknown, Astray::TooOften));
    };
    let patient = tokio::time::timeout(app.config.patience, app.deps.ledger.load(&link.complaint_id));
    let loaded = patient.await.map_err(|_| Failed::Patience).and_then(|loaded| Ok(loaded?));
    let loaded = loaded.map_err(|error| unavailable(&error))?;
    let Some(loaded) = loaded else { return Err(Astray::Unknown) };
    let stands = stands(&loaded.complaint, &link);
    Ok(Followed { token, link, complaint: loaded.complaint, stands })
}

fn stands(complaint: &Complaint, link: &EscalationLink) -> Escalated {
    let clock = complaint.clock(&link.clock).filter(|clock| clock.stopped.is_none());
    let owed = clock.and_then(|clock| clock.milestone(&link.milestone));
    match owed.filter(|owed| owed.is_escalated() && owed.generation == link.generation) {
        Some(owed) if owed.acknowledged_rung >= link.rung => Escalated::Acknowledged,
        Some(_) => Escalated::Waits,
        None => Escalated::Over,
    }
}

/// Hands it to `sla`, which looks again; answers how things stand then.
async fn take(app: &App, followed: &Followed) -> Result<Escalated, Astray> {
    if followed.stands != Escalated::Waits {
        return Ok(followed.stands);
    }
    let link = &followed.link;
    let place = (link.generation, link.rung);
    let subject = subject::timer_acknowledged(&link.complaint_id, &link.clock, &link.milestone, place);
    let headers = vec![("Nats-TTL".to_owned(), KEPT.to_owned())];
    let bus = app.deps.intake.vault().bus();
    let publishing = bus.publish(&subject, headers, followed.token.clone().into());
    let published = tokio::time::timeout(app.config.patience, publishing).await;
    let published = published.map_err(|_| Failed::Patience).and_then(|published| Ok(published?));
    published.map_err(|error| unavailable(&error))?;
    count("escalation", "accepted");
    Ok(Escalated::Acknowledged)
}

fn unavailable(error: &Failed) -> Astray {
    warn!(error = chain(error), "Could not see to an escalation");
    count("escalation", "not_recorded");
    Astray::Unavailable
}

impl Followed {
    fn overdue(&self) -> Overdue<'_> {
        let clock = self.complaint.clock(&self.link.clock);
        let owed = clock.and_then(|clock| clock.milestone(&self.link.milestone));
        Overdue {
            reference: &self.complaint.reference,
            milestone: &self.link.milestone,
            due_at: owed.map_or(self.complaint.received_at, |owed| owed.due_at),
            stands: self.stands,
            token: &self.token,
        }
    }
}

impl Astray {
    fn page(self, app: &App, language: &'static crate::words::Language) -> Response {
        match self {
            Self::Unknown => plain(app, language, StatusCode::NOT_FOUND, Message::NoSuchEscalation),
            Self::TooOften(wait) => {
                retry_after(wait, plain(app, language, StatusCode::TOO_MANY_REQUESTS, Message::TooManyTries))
            }
            Self::Unavailable => {
                let page = plain(app, language, StatusCode::SERVICE_UNAVAILABLE, Message::Unavailable);
                retry_later(app, page)
            }
        }
    }

    fn problem(self, app: &App) -> Response {
        match self {
            Self::Unknown => {
                let detail = "Nothing was noted. This installation signed no such link.";
                Problem::new(StatusCode::NOT_FOUND, "no-match", "No such escalation", detail).into_response()
            }
            Self::TooOften(wait) => {
                let detail = "Nothing was noted. This was more than one sender may try in a minute.";
                let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-often", "Too often", detail);
                retry_after(wait, problem.into_response())
            }
            Self::Unavailable => {
                let detail = "Nobody could confirm in time that this was noted. Send it again.";
                let title = "Not known to be noted";
                let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-recorded", title, detail);
                retry_later(app, problem.into_response())
            }
        }
    }
}

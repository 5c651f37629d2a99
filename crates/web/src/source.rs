//! HTTP in, answers out: the thin rest around the pure parts. Here is what the form and the API share; each has a
//! file of its own below.

mod act;
mod api;
mod body;
mod docs;
mod escalation;
mod form;
mod guide;
mod letters;
mod origin;
mod pace;
mod record;
mod scan;
pub(crate) mod staff;
mod status;
mod upload;

pub(crate) use api::Operations;
pub use body::{BodyError, Parts, multipart};

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, FromRequestParts, State};
use axum::http::request::Parts as RequestParts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use redress_contract::Act;
use redress_identity::Keys;
use redress_runtime::Part;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::page::{Pages, act_path};
use crate::words::Language;
use crate::{Config, Deps};
use pace::{ClientPace, Pace};

/// What every request needs.
#[derive(Debug)]
pub(crate) struct App {
    config: Config,
    deps: Deps,
    pages: Pages,
    described: docs::Described,
    permits: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    submissions: Pace,
    receipt_tries: Pace,
    upload_budget: Pace,
    clients: ClientPace,
    health: Part,
    clamd_health: Option<Part>,
}

impl App {
    /// `part` is what these pages are called where the process says how it is.
    pub(crate) fn new(config: Config, deps: Deps, part: &str) -> Self {
        let health = deps.health.part(part);
        health.ready();
        let clamd_health = config.clamd.as_ref().map(|_| deps.health.part("web.clamd"));
        clamd_health.iter().for_each(Part::ready);
        let pages = Pages::new(&config);
        Self {
            described: docs::Described::new(&config, &pages),
            pages,
            permits: Arc::new(Semaphore::new(config.concurrency_max)),
            uploads: Arc::new(Semaphore::new(config.uploads_at_once)),
            submissions: Pace::new(config.submissions_per_minute, deps.proxies.clone()),
            receipt_tries: Pace::new(config.receipt_tries_per_minute, deps.proxies.clone()),
            upload_budget: Pace::per_hour(config.upload_mebibytes_per_hour, deps.proxies.clone()),
            clients: ClientPace::new(&config.clients),
            config,
            deps,
            health,
            clamd_health,
        }
    }

    fn keys(&self) -> &Keys {
        self.deps.intake.vault().keys()
    }

    /// Whether a post comes from a page of ours, or from no page.
    fn is_ours(&self, headers: &HeaderMap) -> bool {
        origin::is_ours(headers, &self.config.public_authority)
    }

    /// Leave to work on one more request; none when there are enough in hand. Asked before the body is read, so that
    /// it bounds memory too.
    fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }
}

/// The routes, without the headers that every answer gets.
pub(crate) fn routes(app: Arc<App>) -> Router {
    let form = || get(form::show).post(form::submit).fallback(form::other_method);
    let ask = || get(status::ask).post(status::show).fallback(form::other_method);
    let add = || get(status::ask).post(status::add).fallback(form::other_method);
    let consider = |act| {
        let consider = move |state, spoken, request| act::consider(act, state, spoken, request);
        get(status::ask).post(consider).fallback(form::other_method)
    };
    let carry_out = |act| {
        let carry_out = move |state, spoken, request| act::carry_out(act, state, spoken, request);
        get(status::ask).post(carry_out).fallback(form::other_method)
    };
    let guide = || get(guide::show);
    let pages = |at: &str| {
        let form_at = if at.is_empty() { "/" } else { at };
        let pages = Router::new().route(form_at, form()).route(&format!("{at}/f/{{form}}"), form());
        let pages = pages.route(&format!("{at}/status"), ask());
        let pages = pages.route(&format!("{at}/status/messages"), add());
        let pages = [Act::Withdraw, Act::RequestReview].into_iter().fold(pages, |pages, act| {
            let at = format!("{at}/status/{}", act_path(act));
            pages.route(&at, consider(act)).route(&format!("{at}/send"), carry_out(act))
        });
        pages.route(&format!("{at}/how-to-complain"), guide())
    };
    let in_languages = app.config.languages.iter().map(|language| pages(&format!("/{}", language.tag)));
    in_languages
        .fold(pages(""), Router::merge)
        .route("/v1/complaints", post(api::submit).fallback(api::other_method))
        .route("/v1/complaints/{reference}/messages", post(api::add).fallback(api::other_method))
        .route("/v1/escalations/{token}", post(escalation::api).fallback(escalation::other_method))
        .route(
            "/escalations/{token}",
            get(escalation::show).post(escalation::acknowledge).fallback(form::other_method),
        )
        .route("/v1/{*path}", any(api::other_path))
        .route("/openapi.json", get(docs::description))
        .route("/docs", get(docs::show))
        .route("/favicon.ico", get(no_icon))
        .route("/assets/{file}", get(asset))
        .with_state(app)
}

/// The language that a page is to speak.
struct Spoken(&'static Language);

impl<S: Send + Sync> FromRequestParts<S> for Spoken
where
    Arc<App>: FromRef<S>,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut RequestParts, state: &S) -> Result<Self, Self::Rejection> {
        let app = Arc::<App>::from_ref(state);
        let header = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let offered = &app.config.languages;
        Ok(Self(Language::choose(parts.uri.path(), header.unwrap_or_default(), offered)))
    }
}

async fn asset(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let styles = app.config.forms.iter().map(|form| &form.stylesheet);
    let Some(asset) = styles.chain([&app.config.script]).find(|asset| asset.path == uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, asset.content.clone()).into_response()
}

/// Browsers ask for one whether a page names it or not.
async fn no_icon() -> Response {
    (StatusCode::NO_CONTENT, [(header::CACHE_CONTROL, "public, max-age=86400")]).into_response()
}

/// Tells the sender when to come again.
fn retry_later(app: &App, mut response: Response) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, app.config.retry_after_seconds.into());
    response
}

/// Tells a sender who came too often when to come again, whole seconds, one at least, and hangs up: who sends on without
/// waiting for answers would have a dozen of them at each turn of their connection, and everybody else waits for that.
fn retry_after(wait: Duration, response: Response) -> Response {
    let seconds = wait.as_secs() + 1;
    let headers = [(header::RETRY_AFTER, seconds.to_string()), (header::CONNECTION, "close".to_owned())];
    (headers, response).into_response()
}

/// The media type of a body in lower case, without its parameters.
fn media_type(headers: &HeaderMap) -> String {
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A fresh idempotency key: 128 random bits in hex.
fn fresh_key() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the operating system always has random bytes once it is up");
    hex(&bytes)
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// True for what may be an idempotency key: long enough that two senders do not choose the same by accident.
fn is_key(text: &str) -> bool {
    (16..=255).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic() && c != '"')
}

fn count(channel: &'static str, outcome: &'static str) {
    metrics::counter!("redress_web_submissions_total", "channel" => channel, "outcome" => outcome)
        .increment(1);
}

/// What a body that could not be had deserves.
fn status_of(error: BodyError) -> StatusCode {
    match error {
        BodyError::TooLarge | BodyError::TooManyFields(_) => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
        BodyError::Broken => StatusCode::BAD_REQUEST,
    }
}

//! Is it alive, is it ready, what does it count: `/healthz`, `/readyz`, `/metrics`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::metrics;

/// What every part of this process says about itself. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Health {
    parts: Arc<Mutex<BTreeMap<String, State>>>,
}

/// What one part says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum State {
    /// Not up yet.
    #[default]
    Starting,
    /// Works.
    Ready,
    /// Works, but somebody should look.
    Degraded(String),
    /// Does not work.
    Failing(String),
}

/// The handle by which one part reports.
#[derive(Clone, Debug)]
pub struct Part {
    name: String,
    health: Health,
}

impl Health {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part (`router`, `email.help`), starting.
    pub fn part(&self, name: &str) -> Part {
        let part = Part { name: name.to_owned(), health: self.clone() };
        part.set(State::Starting);
        part
    }

    /// What each part says now.
    pub fn report(&self) -> BTreeMap<String, State> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// True when no part is starting or failing.
    pub fn is_ready(&self) -> bool {
        self.report().values().all(|state| matches!(state, State::Ready | State::Degraded(_)))
    }
}

impl Part {
    /// Reports a state.
    pub fn set(&self, state: State) {
        let mut parts = self.health.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.insert(self.name.clone(), state);
    }

    /// Works.
    pub fn ready(&self) {
        self.set(State::Ready);
    }

    /// Does not work, and why (no personal data).
    pub fn failing(&self, reason: impl Into<String>) {
        self.set(State::Failing(reason.into()));
    }

    /// Works, but somebody should look, and why.
    pub fn degraded(&self, reason: impl Into<String>) {
        self.set(State::Degraded(reason.into()));
    }
}

/// `/healthz` (alive), `/readyz` (200 or 503 with each part's state as JSON), `/metrics` (Prometheus text).
pub fn routes(health: Health) -> Router {
    let metrics = metrics::install();
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route(
            "/metrics",
            get(async move || ([(CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.render())),
        )
        .with_state(health)
}

#[derive(Serialize)]
struct Report {
    ready: bool,
    parts: BTreeMap<String, State>,
}

async fn ready(Shared(health): Shared<Health>) -> Response {
    let report = Report { ready: health.is_ready(), parts: health.report() };
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(CACHE_CONTROL, "no-store")], Json(report)).into_response()
}

//! The API's description, for programs and for people.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::App;
use super::form::page;
use crate::openapi;
use crate::words::LANGUAGES;

/// For programs.
pub(super) async fn description(State(app): State<Arc<App>>) -> Response {
    Json(openapi::describe(&app.config)).into_response()
}

/// For people.
pub(super) async fn show(State(app): State<Arc<App>>) -> Response {
    let api = openapi::describe(&app.config);
    page(StatusCode::OK, &LANGUAGES[0], app.pages.docs(&api))
}

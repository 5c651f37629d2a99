//! The API's description, for programs and for people.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::App;
use super::form::page;
use crate::Config;
use crate::openapi;
use crate::page::Pages;
use crate::words::LANGUAGES;

/// The description, as it is answered. It follows from the settings alone, so it is made once.
#[derive(Debug)]
pub(super) struct Described {
    json: Bytes,
    page: String,
}

impl Described {
    pub(super) fn new(config: &Config, pages: &Pages) -> Self {
        let api = openapi::describe(config);
        Self { json: api.to_string().into(), page: pages.docs(&api) }
    }
}

/// For programs.
pub(super) async fn description(State(app): State<Arc<App>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], app.described.json.clone()).into_response()
}

/// For people.
pub(super) async fn show(State(app): State<Arc<App>>) -> Response {
    page(StatusCode::OK, &LANGUAGES[0], app.described.page.clone())
}

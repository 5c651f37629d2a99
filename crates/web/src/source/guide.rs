//! How to complain: every way, what happens then, and by when.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use redress_contract::Channel;

use super::form::page;
use super::{App, Spoken};
use crate::config::DEFAULT_FORM;
use crate::page::Guide;

/// The page, from the same settings by which complaints are handled.
pub(super) async fn show(State(app): State<Arc<App>>, Spoken(language): Spoken) -> Response {
    let rules = app.deps.ledger.rules();
    let promises = rules.promises(Channel::Web, DEFAULT_FORM, app.deps.clock.now());
    let guide = Guide { mailboxes: &app.deps.mailboxes, promises: &promises };
    page(StatusCode::OK, language, app.pages.guide(language, &guide))
}

//! Staff intake: what came by letter, in person or by telephone, typed in by a clerk who signed in.
//!
//! It has a listener of its own, which the public does not reach, and is served only where the settings name an account.
//! What a clerk types in goes the way of every other contact; it says who typed it in, how it came, and when it reached
//! the organisation. Nothing is stored of who is signed in: a signed cookie says so, on this listener alone.
//!
//! Reading order: [`settings`] (as written), `config` (as meant), `password`, `session` (who is signed in), `statement`
//! (what a clerk states beside the complaint).

pub mod settings;

pub(crate) mod config;
pub(crate) mod password;
pub(crate) mod session;
pub(crate) mod statement;

pub use config::Config;
pub use password::{PASSWORD_BYTES_MAX, PasswordError, hash};
pub use settings::Settings;

use axum::Router;

use crate::source::staff::{Staff, routes as pages};
use crate::{Deps, config as web, headers};

/// The pages for clerks, to be served by a listener of their own. `web` are the settings of the public pages, of which
/// these have the forms, the languages and the time zone.
pub fn routes(config: Config, web: &web::Config, deps: Deps) -> Router {
    let pages_config = config.pages(web.clone());
    let https = pages_config.https;
    headers::guard(pages(Staff::new(config, web, pages_config, deps)), https)
}

//! Complaints that arrive by web: the public form, the API, the status page, and what clerks type in.
//!
//! In: what people type into the form at `/` and add on the status page at `/status`, and what systems post to
//! `/v1/complaints`, and what clerks type in on a listener of their own. Out: contacts, through [`Intake`]; and where a complaint stands, for whoever shows its reference and
//! receipt code. Whoever sends hears yes (202, a reference, a receipt code) only once the broker has the contact; when
//! that cannot be had in time they hear 503, the page keeps what they typed, and sending again is safe, because one
//! idempotency key makes one contact.
//!
//! Reading order: [`config`], [`submission`] (what was said, checked), [`normalize`] (what was said → contact), [`addition`]
//! (what is said about a complaint that is there), `progress` (where a complaint stands), `sent` (what was written to the complainant),
//! `file` (what a file is), [`clamd`] (what a scanner says of it), `source` (HTTP in, answers out: `form`, `upload`, `api`, `status`, and what they share), `stamp` (was it filled in by a person), `statement` (what a system with an API key may say beside the complaint), `page`
//! and `problem` (what answers look like), `openapi` (the API described), [`staff`] (what clerks type in), `words` (the languages of the pages), `headers` (what browsers are told).

pub mod addition;
pub mod clamd;
pub mod config;
pub mod normalize;
pub mod staff;
pub mod submission;

mod file;
mod headers;
mod openapi;
mod page;
mod problem;
mod progress;
mod sent;
mod source;
mod stamp;
mod statement;
mod words;

use std::sync::Arc;

use axum::Router;
use redress_intake::Intake;
use redress_ledger::Ledger;
use redress_runtime::client::Proxies;
use redress_runtime::{Clock, Health};
use redress_vault::Vault;

pub use config::{ApiKey, Config, Settings};
pub use source::{BodyError, Parts, multipart};

/// What the web channel needs.
#[derive(Clone, Debug)]
pub struct Deps {
    /// Where contacts go.
    pub intake: Intake,
    /// Where complaints stand; only read.
    pub ledger: Ledger,
    /// What opens messages to the complainant, and nothing else; none without the status page's key.
    pub status: Option<Vault>,
    /// Addresses that take complaints by mail.
    pub mailboxes: Vec<String>,
    /// Who may say on whose behalf they ask.
    pub proxies: Proxies,
    /// The time.
    pub clock: Clock,
    /// Where it says how it is.
    pub health: Health,
}

/// The public pages and the API, to be served by the listener that all services of a process share. `/` is the
/// default form, in the language that the browser asks for, `/status` the status page and `/how-to-complain` says how; each of them
/// below `/<language>` is in that language.
pub fn routes(config: Config, deps: Deps) -> Router {
    let https = config.https;
    let routes = source::routes(Arc::new(source::App::new(config, deps, "web")));
    headers::guard(routes, https)
}

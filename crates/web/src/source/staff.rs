//! The pages of clerks: who is signed in, and what all of them share. Each has a file of its own below.

mod caller;
mod form;
mod sign_in;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::FromRef;
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::{App, asset, no_icon};
use crate::staff::Config;
use crate::staff::session::Session;
use crate::words::Language;
use crate::{Deps, config};
use sign_in::Door;

/// Sessions that were signed out here and are kept in mind at most; the oldest are forgotten first.
const SIGNED_OUT_MAX: usize = 10_000;

/// What every request of a clerk needs.
#[derive(Clone, Debug)]
pub(crate) struct Staff(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    app: Arc<App>,
    config: Config,
    /// Where the public reaches its pages.
    public_url: String,
    door: Door,
    /// Sessions that were signed out before their end, and when that is.
    signed_out: Mutex<HashMap<String, i64>>,
}

impl FromRef<Staff> for Arc<App> {
    fn from_ref(staff: &Staff) -> Self {
        Self::clone(&staff.0.app)
    }
}

impl Staff {
    pub(crate) fn new(config: Config, web: &config::Config, pages: config::Config, deps: Deps) -> Self {
        let scheme = if web.https { "https" } else { "http" };
        let public_url = format!("{scheme}://{}", web.public_authority);
        let door = Door::new(&config, deps.proxies.clone());
        let app = Arc::new(App::new(pages, deps, "staff"));
        Self(Arc::new(Inner { app, config, public_url, door, signed_out: Mutex::default() }))
    }

    fn app(&self) -> &App {
        &self.0.app
    }

    fn now(&self) -> i64 {
        self.app().deps.clock.now().as_second()
    }

    /// Browsers take a cookie of this name from HTTPS alone, for this very host and all of it.
    fn cookie_name(&self) -> &'static str {
        if self.app().config.https { "__Host-redress_staff" } else { "redress_staff" }
    }

    /// Who is signed in.
    fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let name = self.cookie_name();
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let cookie = pairs.find(|(known, _)| *known == name).map(|(_, value)| value)?;
        let config = &self.0.config;
        let by = (self.app().keys(), &config.accounts);
        let session = Session::read(cookie, by, config.sessions, self.now())?;
        let signed_out = self.0.signed_out.lock().unwrap_or_else(PoisonError::into_inner);
        (!signed_out.contains_key(&session.id)).then_some(session)
    }

    /// The answer, with the cookie of this session.
    fn keep(&self, session: &Session, mut response: Response) -> Response {
        let cookie = session.cookie(self.app().keys(), &self.0.config.accounts);
        response.headers_mut().append(SET_COOKIE, self.set_cookie(&cookie, ""));
        response
    }

    /// The answer to somebody who is signed in and was seen now.
    fn seen(&self, session: Option<&Session>, response: Response) -> Response {
        match session.and_then(|session| session.renewed(self.now())) {
            Some(renewed) => self.keep(&renewed, response),
            None => response,
        }
    }

    /// Ends a session in the browser, and in this process for as long as it might be shown again.
    fn end(&self, session: Option<&Session>, mut response: Response) -> Response {
        if let Some(session) = session {
            let now = self.now();
            let mut signed_out = self.0.signed_out.lock().unwrap_or_else(PoisonError::into_inner);
            signed_out.retain(|_, ends_at| *ends_at > now);
            if signed_out.len() >= SIGNED_OUT_MAX {
                let first = signed_out.iter().min_by_key(|(_, ends_at)| **ends_at).map(|(id, _)| id.clone());
                first.and_then(|id| signed_out.remove(&id));
            }
            signed_out.insert(session.id.clone(), session.ends_at(self.0.config.sessions));
        }
        response.headers_mut().append(SET_COOKIE, self.set_cookie("", "; Max-Age=0"));
        response
    }

    fn set_cookie(&self, value: &str, more: &str) -> HeaderValue {
        let secure = if self.app().config.https { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}", self.cookie_name());
        text.parse().expect("names, digits and base 32 are fit for a header")
    }
}

/// Sends the browser to a page of ours.
fn see(path: &str) -> Response {
    let location: HeaderValue = path.parse().expect("our paths are plain ASCII");
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

fn sign_in_page(language: &Language) -> String {
    format!("/{}/sign-in", language.tag)
}

/// The routes, without the headers that every answer gets.
pub(crate) fn routes(staff: Staff) -> Router {
    let form = || get(form::show).post(form::submit).fallback(super::form::other_method);
    let pages = |at: &str| {
        let form_at = if at.is_empty() { "/" } else { at };
        Router::new()
            .route(form_at, form())
            .route(&format!("{at}/f/{{form}}"), form())
            .route(&format!("{at}/sign-in"), get(sign_in::show).post(sign_in::submit))
            .route(&format!("{at}/sign-out"), post(sign_in::out))
    };
    let tags = staff.app().config.languages.iter().map(|language| pages(&format!("/{}", language.tag)));
    tags.fold(pages(""), Router::merge)
        .route("/favicon.ico", get(no_icon))
        .route("/assets/{file}", get(asset))
        .with_state(staff)
}

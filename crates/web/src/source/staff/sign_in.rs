//! Signing in and out. What is asked of an account that is not there takes as long, and is answered alike.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;
use redress_runtime::client::Proxies;
use tokio::sync::Semaphore;
use tracing::{info, warn};

use super::super::form::{URLENCODED, page, unreadable};
use super::super::pace::{Pace, SWEEP_EVERY, sender};
use super::super::{Spoken, body, count, fresh_key, media_type, retry_after, retry_later};
use super::{Staff, see, sign_in_page};
use crate::normalize::urlencoded_pairs;
use crate::page::{SignIn, StaffNotice};
use crate::staff::Config;
use crate::staff::session::Session;
use crate::words::Language;

/// How long somebody waits until their password can be checked.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest text that is looked at as an account.
const ACCOUNT_CHARS_MAX: usize = 64;
/// Places from which somebody signed in that are kept in mind at most.
const KNOWN_MAX: usize = 10_000;
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Who may try to sign in, and how often.
#[derive(Debug)]
pub(super) struct Door {
    tries: Pace,
    account_tries: DefaultKeyedRateLimiter<String>,
    tries_counted: AtomicU32,
    /// From where somebody signed in to which account: nobody else's tries hold them up there.
    known: Mutex<HashSet<(String, IpNet)>>,
    checks: Arc<Semaphore>,
    proxies: Proxies,
}

impl Door {
    pub(super) fn new(config: &Config, proxies: Proxies) -> Self {
        let account_quota: NonZeroU32 = config.account_sign_ins_per_minute;
        Self {
            tries: Pace::new(config.sign_ins_per_minute, proxies.clone()),
            account_tries: RateLimiter::keyed(Quota::per_minute(account_quota)),
            tries_counted: AtomicU32::new(0),
            known: Mutex::default(),
            checks: Arc::new(Semaphore::new(config.sign_ins_at_once)),
            proxies,
        }
    }

    /// Counts a try for an account.
    ///
    /// # Errors
    /// How long they have to wait, when it is one too many.
    fn admit(&self, account: &str, from: Option<IpNet>) -> Result<(), Duration> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if from.is_some_and(|from| known.contains(&(account.to_owned(), from))) {
            return Ok(());
        }
        drop(known);
        if self.tries_counted.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.account_tries.retain_recent();
        }
        let counted = self.account_tries.check_key(&account.to_owned());
        counted.map_err(|refusal| refusal.wait_time_from(DefaultClock::default().now()))
    }

    fn remember(&self, account: &str, from: Option<IpNet>) {
        let Some(from) = from else { return };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert((account.to_owned(), from));
    }
}

/// The page where clerks sign in.
pub(super) async fn show(
    State(staff): State<Staff>,
    Spoken(language): Spoken,
    headers: HeaderMap,
) -> Response {
    if staff.session(&headers).is_some() {
        return see(&format!("/{}", language.tag));
    }
    ask(&staff, language, StatusCode::OK, &SignIn::default())
}

/// Somebody signs in.
pub(super) async fn submit(
    State(staff): State<Staff>,
    Spoken(language): Spoken,
    request: Request,
) -> Response {
    let (parts, content) = request.into_parts();
    let again = |status, notice| ask(&staff, language, status, &SignIn { account: "", notice: Some(notice) });
    let app = staff.app();
    // Asked first: no other site is to use up the tries of an office.
    if !app.is_ours(&parts.headers) {
        return again(StatusCode::FORBIDDEN, StaffNotice::Elsewhere);
    }
    if let Err(wait) = staff.0.door.tries.admit(&parts) {
        return retry_after(wait, again(StatusCode::TOO_MANY_REQUESTS, StaffNotice::TooManyTries));
    }
    if media_type(&parts.headers) != URLENCODED {
        return again(StatusCode::UNSUPPORTED_MEDIA_TYPE, StaffNotice::NoMatch);
    }
    let Some(_permit) = app.admit() else {
        return retry_later(app, again(StatusCode::SERVICE_UNAVAILABLE, StaffNotice::Busy));
    };
    let read = body::read(content, &app.config).await;
    let pairs = match read.and_then(|raw| Ok(urlencoded_pairs(&raw)?)) {
        Ok(pairs) => pairs,
        Err(error) => return unreadable(app, language, error),
    };
    let text = |field: &str| pairs.iter().find(|(name, _)| name == field).map_or("", |(_, text)| text);
    let account: String = text("account").trim().chars().take(ACCOUNT_CHARS_MAX).collect();
    enter(&staff, language, &parts, &account, text("password").to_owned()).await
}

/// Somebody signs out. Also what the browser keeps of the pages goes: others may use it next.
pub(super) async fn out(
    State(staff): State<Staff>,
    Spoken(language): Spoken,
    headers: HeaderMap,
) -> Response {
    if !staff.app().is_ours(&headers) {
        return see(&sign_in_page(language));
    }
    let session = staff.session(&headers);
    if let Some(session) = &session {
        let actor = session.actor();
        info!(actor, "Signed out {actor}");
    }
    let notice = SignIn { account: "", notice: Some(StaffNotice::SignedOut) };
    let page = ask(&staff, language, StatusCode::OK, &notice);
    let cleared = ([(CLEAR_SITE_DATA, "\"cache\", \"storage\"")], page).into_response();
    staff.end(session.as_ref(), cleared)
}

async fn enter(
    staff: &Staff,
    language: &'static Language,
    parts: &Parts,
    account: &str,
    password: String,
) -> Response {
    let door = &staff.0.door;
    let from = sender(&door.proxies, parts);
    let again = |status, notice| ask(staff, language, status, &SignIn { account, notice: Some(notice) });
    if let Err(wait) = door.admit(account, from) {
        audit_refused(staff, account, "too many tries");
        return retry_after(wait, again(StatusCode::TOO_MANY_REQUESTS, StaffNotice::TooManyTries));
    }
    match fits(staff, account, password).await {
        None => {
            count("staff", "busy");
            retry_later(staff.app(), again(StatusCode::SERVICE_UNAVAILABLE, StaffNotice::Busy))
        }
        Some(false) => {
            audit_refused(staff, account, "wrong password");
            again(StatusCode::UNPROCESSABLE_ENTITY, StaffNotice::NoMatch)
        }
        Some(true) => {
            door.remember(account, from);
            let session = Session::begin(account, fresh_key(), staff.now());
            let actor = session.actor();
            info!(actor, "Signed in {actor}");
            staff.keep(&session, see(&format!("/{}", language.tag)))
        }
    }
}

/// Whether this is the password of the account; none when nobody could say in time.
async fn fits(staff: &Staff, account: &str, password: String) -> Option<bool> {
    let accounts = &staff.0.config.accounts;
    let known = accounts.get(account);
    let hash = known.or_else(|| accounts.dearest())?.clone();
    let is_known = known.is_some();
    let waiting = Arc::clone(&staff.0.door.checks).acquire_owned();
    let permit = tokio::time::timeout(PATIENCE, waiting).await.ok()?.ok()?;
    // Whoever hangs up does not end it: the permit stays with the work.
    let checked = tokio::task::spawn_blocking(move || {
        let fits = hash.fits(&password);
        drop(permit);
        fits
    });
    checked.await.ok().map(|fits| fits && is_known)
}

/// What is no account may be a password that was typed into the wrong field.
fn audit_refused(staff: &Staff, account: &str, why: &'static str) {
    count("staff", "not_signed_in");
    if staff.0.config.accounts.get(account).is_some() {
        warn!(actor = format!("clerk:{account}"), "Refused to sign in clerk:{account}: {why}");
    } else {
        info!("Refused to sign in an account that is not there");
    }
}

fn ask(staff: &Staff, language: &'static Language, status: StatusCode, sign_in: &SignIn<'_>) -> Response {
    page(status, language, staff.app().pages.sign_in(language, sign_in))
}

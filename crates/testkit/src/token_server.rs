//! An OAuth token endpoint: gives out tokens of a settable life, exchanges refresh tokens, says no when told to, and tells a
//! mail server which tokens are good (RFC 7662).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Form, Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

/// Who may ask, and with what.
pub const CLIENT: (&str, &str) = ("redress-client", "client secret");
/// The refresh token that a person's consent gave.
pub const FIRST_REFRESH_TOKEN: &str = "refresh-0";

/// A running endpoint. Stops with the runtime that started it.
#[derive(Debug, Clone)]
pub struct TokenServer {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// How long a token is good.
    life: Duration,
    good: BTreeMap<String, Instant>,
    refresh: String,
    given: usize,
    asked: usize,
    no: Option<(u16, &'static str)>,
}

impl TokenServer {
    /// Starts one whose tokens are good for an hour.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("this machine has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let state = Arc::new(Mutex::new(State {
            life: Duration::from_hours(1),
            good: BTreeMap::new(),
            refresh: FIRST_REFRESH_TOKEN.to_owned(),
            given: 0,
            asked: 0,
            no: None,
        }));
        let routes = Router::new()
            .route("/token", post(give))
            .route("/introspect", post(introspect))
            .with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { port, state }
    }

    /// Where tokens are given out.
    pub fn token_url(&self) -> String {
        format!("http://127.0.0.1:{}/token", self.port)
    }

    /// Where a mail server asks whether a token is good.
    pub fn introspection_url(&self) -> String {
        format!("http://127.0.0.1:{}/introspect", self.port)
    }

    /// Tokens given from now on are good for so long.
    pub fn live_for(&self, life: Duration) {
        self.lock().life = life;
    }

    /// No token given so far is good any more.
    pub fn revoke_all(&self) {
        self.lock().good.clear();
    }

    /// Answers with this status and body from now on; well again with none.
    pub fn say_no(&self, no: Option<(u16, &'static str)>) {
        self.lock().no = no;
    }

    /// Tokens given out so far.
    pub fn given(&self) -> usize {
        self.lock().given
    }

    /// Times a token was asked for so far.
    pub fn asked(&self) -> usize {
        self.lock().asked
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Fields = BTreeMap<String, String>;

async fn give(Shared(state): Shared<Arc<Mutex<State>>>, Form(asked): Form<Fields>) -> Response {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.asked += 1;
    if let Some((status, body)) = state.no {
        let status = StatusCode::from_u16(status).expect("a test names a status");
        return (status, [(RETRY_AFTER, "1")], body).into_response();
    }
    let field = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    if (field("client_id"), field("client_secret")) != CLIENT {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
    }
    let rotates = match field("grant_type") {
        "client_credentials" => false,
        "refresh_token" if field("refresh_token") == state.refresh => true,
        _ => return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response(),
    };
    state.given += 1;
    let (token, until) = (format!("token-{}", state.given), Instant::now() + state.life);
    state.good.insert(token.clone(), until);
    let mut given =
        json!({ "access_token": token, "token_type": "Bearer", "expires_in": state.life.as_secs() });
    if rotates {
        // The one before is worth nothing from now on.
        state.refresh = format!("refresh-{}", state.given);
        given["refresh_token"] = json!(state.refresh);
    }
    Json(given).into_response()
}

async fn introspect(Shared(state): Shared<Arc<Mutex<State>>>, Form(asked): Form<Fields>) -> Response {
    let state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let token = asked.get("token").map(String::as_str).unwrap_or_default();
    let active = state.good.get(token).is_some_and(|until| Instant::now() < *until);
    Json(json!({ "active": active, "username": "help" })).into_response()
}

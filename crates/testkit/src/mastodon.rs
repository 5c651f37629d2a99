//! A server that speaks as much of Mastodon's API as a company's account needs: mentions, threads, direct messages, answers with
//! idempotency keys, edits and deletions, limits; and that can be as unwell as real ones are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Path, Query, Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Form, Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The access token of the company's account.
pub const TOKEN: &str = "mastodon-token";
/// How long what is granted lasts.
const WINDOW: Duration = Duration::from_mins(5);

/// A running server. Stops with the runtime that started it.
#[derive(Debug, Clone)]
pub struct Mastodon {
    port: u16,
    state: Arc<Mutex<State>>,
}

/// What is wrong with a request in so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429, with `Retry-After: 1`.
    TooMany,
    /// 503.
    Unavailable,
    /// A body that ends in the middle.
    Malformed,
    /// No answer for longer than anybody waits in a test.
    Hang,
}

/// Something the company's account posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its id.
    pub id: String,
    /// What it answers.
    pub in_reply_to: String,
    /// Its words.
    pub text: String,
    /// Who may read it.
    pub visibility: String,
}

#[derive(Debug, Default)]
struct State {
    statuses: BTreeMap<u64, Status>,
    notifications: Vec<(u64, u64)>,
    keys: BTreeMap<String, u64>,
    next: u64,
    requests: usize,
    faults: Vec<Fault>,
    one_in: usize,
    refuses_answers: Option<u16>,
    window: Option<(Instant, u32)>,
    granted: Option<u32>,
    exceeded: usize,
    faulted: BTreeMap<&'static str, usize>,
    /// The time on its clock, RFC 3339.
    at: String,
}

#[derive(Debug, Clone)]
struct Status {
    author: String,
    text: String,
    visibility: String,
    in_reply_to: Option<u64>,
    edited: bool,
    deleted: bool,
    at: String,
}

impl Mastodon {
    /// Starts a server on which nobody has written anything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("this machine has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let server = Self { port, state: Arc::new(Mutex::new(State { next: 1000, ..State::default() })) };
        let routes = Router::new()
            .route("/api/v1/accounts/verify_credentials", get(credentials))
            .route("/api/v1/notifications", get(notifications))
            .route("/api/v1/conversations", get(conversations))
            .route("/api/v1/statuses", axum::routing::post(answer))
            .route("/api/v1/statuses/{id}", get(status))
            .route("/api/v1/statuses/{id}/context", get(context))
            .route("/api/v2/instance", get(instance))
            .layer(middleware::from_fn_with_state(server.clone(), unwell))
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        server
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The time of what is posted from now on.
    pub fn set_time(&self, at: jiff::Timestamp) {
        self.lock().at = at.to_string();
    }

    /// Somebody names the company in a post; its id.
    pub fn mention(&self, author: &str, text: &str, visibility: &str, in_reply_to: Option<&str>) -> String {
        let id = self.post(author, text, visibility, in_reply_to);
        self.notify(&id);
        id
    }

    /// Somebody posts; nobody is told yet.
    pub fn post(&self, author: &str, text: &str, visibility: &str, in_reply_to: Option<&str>) -> String {
        let mut state = self.lock();
        state.next += 1;
        let id = state.next;
        let status = Status {
            author: author.to_owned(),
            text: text.to_owned(),
            visibility: visibility.to_owned(),
            in_reply_to: in_reply_to.and_then(|id| id.parse().ok()),
            edited: false,
            deleted: false,
            at: state.at.clone(),
        };
        state.statuses.insert(id, status);
        id.to_string()
    }

    /// The company is told of a post.
    pub fn notify(&self, id: &str) {
        let mut state = self.lock();
        state.next += 1;
        let notification = state.next;
        state.notifications.push((notification, id.parse().expect("ids are numbers")));
    }

    /// Its author writes it anew.
    pub fn edit(&self, id: &str, text: &str) {
        self.change(id, |status| (status.text, status.edited) = (text.to_owned(), true));
    }

    /// Its author takes it away.
    pub fn delete(&self, id: &str) {
        self.change(id, |status| status.deleted = true);
    }

    /// From now on one request in `one_in` meets one of these, in turn.
    pub fn unwell(&self, faults: &[Fault], one_in: usize) {
        let mut state = self.lock();
        (state.faults, state.one_in) = (faults.to_vec(), one_in);
    }

    /// From now on answers are refused with this status; none: they are taken.
    pub fn refuse_answers(&self, status: Option<u16>) {
        self.lock().refuses_answers = status;
    }

    /// Grants so many requests in each window of five minutes, and tells so.
    pub fn grant(&self, requests: u32) {
        self.lock().granted = Some(requests);
    }

    /// What the company posted, in order.
    pub fn posted(&self) -> Vec<Posted> {
        let state = self.lock();
        let ours = state.statuses.iter().filter(|(_, status)| status.author == "kettles");
        ours.map(|(id, status)| Posted {
            id: id.to_string(),
            in_reply_to: status.in_reply_to.map(|id| id.to_string()).unwrap_or_default(),
            text: status.text.clone(),
            visibility: status.visibility.clone(),
        })
        .collect()
    }

    /// Requests so far, and how many of them came although no more were granted.
    pub fn requests(&self) -> (usize, usize) {
        let state = self.lock();
        (state.requests, state.exceeded)
    }

    /// How often each fault was met.
    pub fn faults_met(&self) -> BTreeMap<&'static str, usize> {
        self.lock().faulted.clone()
    }

    fn change(&self, id: &str, how: impl FnOnce(&mut Status)) {
        let mut state = self.lock();
        let id: u64 = id.parse().expect("ids are numbers");
        how(state.statuses.get_mut(&id).expect("the post is there"));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn account(&self, name: &str) -> Value {
        let url = format!("{}/@{name}", self.url());
        let number = name.bytes().fold(9_u64, |id, byte| (id * 31 + u64::from(byte)) % 1_000_000_007);
        let id = if name == "kettles" { "7".to_owned() } else { number.to_string() };
        json!({ "id": id, "username": name, "acct": name, "display_name": name, "url": url, "bot": false })
    }

    fn json(&self, id: u64, status: &Status, replies: usize) -> Value {
        let edited_at = status.edited.then_some("2026-02-01T11:00:00.000Z");
        let mentions = status.text.contains("@kettles").then(|| json!([{ "id": "7", "acct": "kettles", "username": "kettles", "url": format!("{}/@kettles", self.url()) }]));
        json!({
            "id": id.to_string(), "created_at": status.at, "edited_at": edited_at,
            "in_reply_to_id": status.in_reply_to.map(|id| id.to_string()), "in_reply_to_account_id": null,
            "visibility": status.visibility, "language": "en", "spoiler_text": "", "sensitive": false,
            "uri": format!("{}/users/{}/statuses/{id}", self.url(), status.author),
            "url": format!("{}/@{}/{id}", self.url(), status.author),
            "content": format!("<p>{}</p>", status.text.replace('&', "&amp;").replace('<', "&lt;")),
            "account": self.account(&status.author), "mentions": mentions, "media_attachments": [], "reblog": null,
            "replies_count": replies,
        })
    }
}

/// Lets a request meet the fault whose turn it is, refuses who has no token, and counts.
async fn unwell(Shared(server): Shared<Mastodon>, request: Request, next: Next) -> Response {
    let fault = {
        let mut state = server.lock();
        state.requests += 1;
        if let Some(refused) = state.grants() {
            return refused;
        }
        let turn = state.one_in > 0 && state.requests.is_multiple_of(state.one_in);
        let index = state.requests.checked_div(state.one_in).unwrap_or(0);
        let fault = turn.then(|| state.faults.get(index % state.faults.len().max(1)).copied()).flatten();
        if let Some(fault) = fault {
            *state.faulted.entry(fault.word()).or_default() += 1;
        }
        fault
    };
    let bearer = format!("Bearer {TOKEN}");
    if request.headers().get("authorization").and_then(|it| it.to_str().ok()) != Some(bearer.as_str()) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "The access token is invalid" })))
            .into_response();
    }
    match fault {
        None => with_limits(next.run(request).await, &server),
        Some(Fault::TooMany) => {
            let mut refused = (StatusCode::TOO_MANY_REQUESTS, Json(json!({ "error": "Too many requests" })))
                .into_response();
            refused.headers_mut().insert("retry-after", HeaderValue::from_static("1"));
            refused
        }
        Some(Fault::Unavailable) => (StatusCode::SERVICE_UNAVAILABLE, "<html>").into_response(),
        Some(Fault::Malformed) => (StatusCode::OK, "[{\"id\": \"1\", \"type\": \"ment").into_response(),
        Some(Fault::Hang) => {
            tokio::time::sleep(Duration::from_mins(2)).await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
    }
}

fn with_limits(mut response: Response, server: &Mastodon) -> Response {
    let state = server.lock();
    if let (Some(granted), Some((began, used))) = (state.granted, state.window) {
        let reset = WINDOW.saturating_sub(began.elapsed()).as_secs().to_string();
        let told = [
            ("x-ratelimit-limit", granted.to_string()),
            ("x-ratelimit-remaining", granted.saturating_sub(used).to_string()),
            ("x-ratelimit-reset", reset),
        ];
        for (name, value) in told {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    response
}

impl State {
    /// What answers a post, the newest first.
    fn below(&self, id: u64) -> Vec<u64> {
        let below =
            self.statuses.iter().filter(|(_, status)| status.in_reply_to == Some(id) && !status.deleted);
        below.map(|(id, _)| *id).rev().collect()
    }

    /// Counts a request; an answer where no more are granted.
    fn grants(&mut self) -> Option<Response> {
        let granted = self.granted?;
        let (began, used) =
            self.window.filter(|(began, _)| began.elapsed() < WINDOW).unwrap_or((Instant::now(), 0));
        self.window = Some((began, used + 1));
        (used >= granted).then(|| {
            self.exceeded += 1;
            StatusCode::TOO_MANY_REQUESTS.into_response()
        })
    }
}

impl Fault {
    fn word(self) -> &'static str {
        match self {
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
            Self::Malformed => "malformed",
            Self::Hang => "hang",
        }
    }
}

async fn credentials(Shared(server): Shared<Mastodon>) -> Json<Value> {
    Json(server.account("kettles"))
}

async fn instance() -> Json<Value> {
    Json(json!({ "configuration": { "statuses": { "max_characters": 500 } } }))
}

/// Those right after `min_id`, newest first, as the real one does.
async fn notifications(
    Shared(server): Shared<Mastodon>,
    Query(query): Query<Vec<(String, String)>>,
) -> Json<Value> {
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let limit: usize = value("limit").and_then(|limit| limit.parse().ok()).unwrap_or(40);
    let after: Option<u64> = value("min_id").and_then(|id| id.parse().ok());
    let state = server.lock();
    let there = |id: &u64| state.statuses.get(id).filter(|status| !status.deleted);
    let all = state.notifications.iter().filter(|(_, status)| there(status).is_some());
    let mut page: Vec<_> = if let Some(after) = after {
        all.filter(|(id, _)| *id > after).take(limit).collect()
    } else {
        let mut newest: Vec<_> = all.rev().take(limit).collect();
        newest.reverse();
        newest
    };
    page.reverse();
    let told = page.into_iter().filter_map(|(id, status)| {
        let post = there(status)?;
        Some(json!({ "id": id.to_string(), "type": "mention", "created_at": post.at, "account": server.account(&post.author), "status": server.json(*status, post, state.below(*status).len()) }))
    });
    Json(told.collect())
}

async fn conversations(Shared(server): Shared<Mastodon>) -> Json<Value> {
    let state = server.lock();
    let direct =
        state.statuses.iter().rev().filter(|(_, status)| status.visibility == "direct" && !status.deleted);
    let told =
        direct.map(|(id, status)| json!({ "id": format!("c{id}"), "last_status": server.json(*id, status, state.below(*id).len()) }));
    Json(told.take(40).collect())
}

async fn status(Shared(server): Shared<Mastodon>, Path(id): Path<u64>) -> Response {
    let state = server.lock();
    match state.statuses.get(&id).filter(|status| !status.deleted) {
        Some(status) => Json(server.json(id, status, state.below(id).len())).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "Record not found" }))).into_response(),
    }
}

async fn context(Shared(server): Shared<Mastodon>, Path(id): Path<u64>) -> Json<Value> {
    let state = server.lock();
    let mut ancestors = Vec::new();
    let mut above = state.statuses.get(&id).and_then(|status| status.in_reply_to);
    while let Some((id, status)) = above.and_then(|id| Some((id, state.statuses.get(&id)?))) {
        ancestors.insert(0, server.json(id, status, state.below(id).len()));
        above = status.in_reply_to;
    }
    // Whatever is answered stands before its answers.
    let (mut descendants, mut open) = (Vec::new(), state.below(id));
    while let Some(id) = open.pop() {
        let below = state.below(id);
        descendants.extend(state.statuses.get(&id).map(|status| server.json(id, status, below.len())));
        open.extend(below);
    }
    Json(json!({ "ancestors": ancestors, "descendants": descendants }))
}

/// Posting again with the same key gives the same post.
async fn answer(
    Shared(server): Shared<Mastodon>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    if let Some(status) = server.lock().refuses_answers.and_then(|code| StatusCode::from_u16(code).ok()) {
        return (status, Json(json!({ "error": "This action is not allowed" }))).into_response();
    }
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default().to_owned();
    if let Some(id) = server.lock().keys.get(&key) {
        return Json(json!({ "id": id.to_string() })).into_response();
    }
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let id = server.post("kettles", field("status"), field("visibility"), Some(field("in_reply_to_id")));
    if let (false, Ok(number)) = (key.is_empty(), id.parse()) {
        server.lock().keys.insert(key, number);
    }
    Json(json!({ "id": id })).into_response()
}

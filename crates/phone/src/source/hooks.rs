//! Posts taken at `/hooks/phone/<account>`: whoever posts hears yes only once the broker has it, in the form that they expect.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use redress_bus::failure::chain;
use redress_runtime::{Shutdown, body};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::recordings::Recordings;
use super::{Read, Recorder};
use crate::config::{Provider, Webhook};
use crate::hooks::{self, Post, Refusal};
use crate::map::Reading;

/// How long whoever posts waits for the broker: shorter than Twilio's patience of 15 seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a post may take to come.
const POST_TIME_MAX: Duration = Duration::from_secs(10);

/// Posts at once, of one account.
const AT_ONCE: usize = 64;

/// The accounts that posts are taken for, by name.
pub(crate) type Hooks = BTreeMap<String, Arc<Hook>>;

/// One account that is posted to.
pub(crate) struct Hook {
    webhook: Webhook,
    reading: Reading,
    recorder: Recorder,
    bytes_max: usize,
    public_url: String,
    turns: Semaphore,
    recordings: Option<Recordings>,
    lease: Duration,
    /// What is on its way to the broker, which whoever hangs up does not end.
    under_way: TaskTracker,
}

/// Why a post was not taken.
enum No {
    Refused(Refusal),
    Body(body::ReadError),
    Busy,
    NotRecorded(String),
}

impl Hook {
    pub(crate) fn new(
        webhook: Webhook,
        reading: Reading,
        recorder: Recorder,
        config: &crate::Config,
    ) -> Self {
        let archive = webhook.archive.clone();
        let recordings =
            archive.map(|archive| Recordings::new(archive, config.recording_bytes_max, recorder.clone()));
        Self {
            recordings,
            lease: config.lease,
            webhook,
            reading,
            recorder,
            bytes_max: config.post_bytes_max,
            public_url: config.public_url.clone(),
            turns: Semaphore::new(AT_ONCE),
            under_way: TaskTracker::new(),
        }
    }

    /// Waits until asked to stop, and then for what was posted until then.
    pub(crate) async fn attend(self: Arc<Self>, shutdown: Shutdown) {
        self.recorder.well();
        match &self.recordings {
            Some(recordings) => recordings.attend(self.lease, &shutdown).await,
            None => shutdown.asked().await,
        }
        self.under_way.close();
        self.under_way.wait().await;
    }

    async fn take(&self, rest: String, request: Request) -> Result<(), No> {
        let _turn = self.turns.try_acquire().map_err(|_| No::Busy)?;
        if self.under_way.is_closed() {
            return Err(No::Busy);
        }
        let (parts, content) = request.into_parts();
        hooks::check_headers(&self.webhook, &parts.headers, &rest).map_err(No::Refused)?;
        let body = body::read(content, self.bytes_max, POST_TIME_MAX).await.map_err(No::Body)?;
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
        let post = Post { url: format!("{}{path}", self.public_url), headers: parts.headers, rest, body };
        hooks::check(&self.webhook, &post).map_err(No::Refused)?;
        // Whoever proved who they are and cannot be read is kept all the same, and told yes: posting it again helps nobody.
        let entry = hooks::read(&self.webhook, &self.reading, &post, self.recorder.clock().now());
        let media_type = if hooks::media_type(&post.headers).ends_with("json") {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        let wanted = entry.as_ref().ok().map(|entry| (entry.call.call_id.clone(), entry.recording.clone()));
        let read = Read { entry, raw: post.body, media_type, place: String::new(), ordinal: 0, audio: None };
        let recorder = self.recorder.clone();
        let recording = self.under_way.spawn(async move { recorder.record(read).await });
        match timeout(PATIENCE, recording).await {
            Ok(Ok(Ok(()))) => self.note_recording(wanted).await,
            Ok(Ok(Err(error))) => Err(No::NotRecorded(chain(&error))),
            Ok(Err(_)) => Err(No::NotRecorded("an error of ours".to_owned())),
            Err(_) => Err(No::NotRecorded("the broker did not take it in time".to_owned())),
        }
    }

    /// A recording is fetched later; that it is to be is on record before anybody hears yes.
    async fn note_recording(&self, wanted: Option<(String, String)>) -> Result<(), No> {
        match (&self.recordings, wanted) {
            (Some(recordings), Some((call_id, url))) if !url.is_empty() => {
                let noted = recordings.note(&call_id, &url).await;
                noted.map_err(|error| No::NotRecorded(chain(&error)))
            }
            _ => Ok(()),
        }
    }

    async fn answer(&self, rest: String, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let taken = Box::pin(self.take(rest, request)).await;
        let outcome = match &taken {
            Ok(()) => "taken",
            Err(No::Refused(Refusal::Unsigned(_))) => "unsigned",
            Err(No::Refused(Refusal::WrongSignature(_))) => "wrong_signature",
            Err(No::Body(_)) => "broken",
            Err(No::Busy) => "busy",
            Err(No::NotRecorded(_)) => "not_recorded",
        };
        let account = self.recorder.account();
        metrics::counter!("redress_phone_posts_total", "account" => account.to_owned(), "outcome" => outcome)
            .increment(1);
        match taken {
            Ok(()) => {
                info!(channel = "phone", account, outcome, "Took a post");
                self.yes(&path)
            }
            Err(no) => {
                match &no {
                    No::NotRecorded(why) => {
                        warn!(channel = "phone", account, outcome, "Did not take a post: {why}");
                    }
                    no => info!(channel = "phone", account, outcome, "Did not take a post: {}", no.words()),
                }
                self.no(&no)
            }
        }
    }

    /// What each expects to hear: Twilio and Placetel an empty response, sipgate where to tell of what comes next.
    fn yes(&self, path: &str) -> Response {
        let xml = |text: String| ([(header::CONTENT_TYPE, "application/xml")], text).into_response();
        match self.webhook.provider {
            Provider::Twilio | Provider::Placetel => xml("<Response/>".to_owned()),
            Provider::Sipgate => {
                let url = format!("{}{path}", self.public_url);
                xml(format!("<Response onAnswer=\"{url}\" onHangup=\"{url}\"/>"))
            }
            Provider::Cti | Provider::Signed => {
                ([(header::CONTENT_TYPE, "application/json")], "{}").into_response()
            }
            Provider::Freeswitch => "It is on record.\n".into_response(),
        }
    }

    fn no(&self, no: &No) -> Response {
        let status = no.status();
        let words = format!("Nothing was recorded: {}.", no.words());
        let mut response = if self.webhook.provider == Provider::Cti {
            let json = serde_json::json!({ "error": words }).to_string();
            (status, [(header::CONTENT_TYPE, "application/json")], json).into_response()
        } else {
            (status, format!("{words}\n")).into_response()
        };
        if status == StatusCode::UNAUTHORIZED && self.webhook.provider == Provider::Freeswitch {
            let asks = axum::http::HeaderValue::from_static("Basic realm=\"redress\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, asks);
        }
        response
    }
}

impl No {
    fn status(&self) -> StatusCode {
        match self {
            Self::Refused(_) => StatusCode::UNAUTHORIZED,
            Self::Body(body::ReadError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(body::ReadError::TooSlow) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(body::ReadError::Broken) => StatusCode::BAD_REQUEST,
            Self::Busy | Self::NotRecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.to_string(),
            Self::Body(error) => error.to_string(),
            Self::Busy => "too much is being taken at once; post again".to_owned(),
            // Why is for the log.
            Self::NotRecorded(_) => "it could not be recorded; post again".to_owned(),
        }
    }
}

/// The addresses that posts are taken at; what stands behind the account may prove who posts.
pub(crate) fn routes(hooks: Hooks) -> Router {
    Router::new()
        .route("/hooks/phone/{account}", post(take))
        .route("/hooks/phone/{account}/{*rest}", post(take_with_rest))
        .with_state(Arc::new(hooks))
}

async fn take(State(hooks): State<Arc<Hooks>>, Path(account): Path<String>, request: Request) -> Response {
    answer(&hooks, &account, String::new(), request).await
}

async fn take_with_rest(
    State(hooks): State<Arc<Hooks>>,
    Path((account, rest)): Path<(String, String)>,
    request: Request,
) -> Response {
    answer(&hooks, &account, rest, request).await
}

async fn answer(hooks: &Hooks, account: &str, rest: String, request: Request) -> Response {
    match hooks.get(account) {
        Some(hook) => hook.answer(rest, request).await,
        None => (StatusCode::NOT_FOUND, "Nothing was recorded: no account of this name takes posts.\n")
            .into_response(),
    }
}

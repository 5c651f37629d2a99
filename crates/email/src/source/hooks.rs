//! Posts taken at `/hooks/email/<account>`: the thin rest around [`crate::hooks`]. A provider hears 200 only once the broker
//! has the mail; else it hears why not, in words without personal data, and posts again.

mod answer;
mod fares;
mod sns;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use redress_runtime::{Clock, Shutdown, body};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::gather::Mail;
use super::{Permit, RecordError, Recorded, Recorder};
use crate::config::webhook::Topic;
use crate::config::{Config, Webhook};
use crate::hooks::{self, Post, Posted, Said};
use answer::{Answer, Taken};
use fares::Fares;
use redress_intake::health::tell::Teller;

/// How long a provider waits for room in memory, and for the broker: shorter than any provider's own patience.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked whether the broker is back, and what changed is told.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The accounts that posts are taken for, by name.
pub(crate) type Hooks = BTreeMap<String, Arc<Hook>>;

/// One account that a provider posts to.
pub(crate) struct Hook {
    webhook: Webhook,
    recorder: Recorder,
    clock: Clock,
    bytes_max: usize,
    time_max: Duration,
    fares: Fares,
    certificates: sns::Certificates,
    /// Mails on their way to the broker, which a provider that hangs up does not end.
    under_way: TaskTracker,
}

impl Hook {
    pub(crate) fn new(
        webhook: &Webhook,
        config: &Config,
        (recorder, teller, clock): (Recorder, Teller, Clock),
    ) -> Self {
        Self {
            webhook: webhook.clone(),
            fares: Fares::new(recorder.clone(), teller, clock.clone()),
            recorder,
            clock,
            bytes_max: config.post_bytes_max,
            time_max: config.post_time_max,
            certificates: sns::Certificates::default(),
            under_way: TaskTracker::new(),
        }
    }

    /// Tells how the account fares until asked to stop; returns when what was posted until then is on record or refused.
    pub(crate) async fn attend(self: Arc<Self>, shutdown: Shutdown) {
        while !shutdown.is_asked() {
            self.fares.look().await;
            shutdown.or(tokio::time::sleep(LOOK_EVERY)).await;
        }
        self.under_way.close();
        self.under_way.wait().await;
        self.fares.look().await;
    }

    /// Takes one post.
    async fn take(&self, request: Request) -> Result<Taken, Answer> {
        if self.under_way.is_closed() {
            return Err(Answer::Stopping);
        }
        let (parts, content) = request.into_parts();
        hooks::check_headers(&self.webhook, &parts.headers)?;
        let stated =
            parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if stated.is_some_and(|size: usize| size > self.bytes_max) {
            return Err(Answer::TooLarge(self.bytes_max));
        }
        let size = stated.unwrap_or(self.bytes_max) as u64;
        let permit =
            timeout(PATIENCE, self.recorder.permit([size].into_iter())).await.map_err(|_| Answer::Busy)?;
        let body = body::read(content, self.bytes_max, self.time_max).await;
        let body = body.map_err(|error| Answer::of_body(error, self.bytes_max, self.time_max))?;
        let post = Post { headers: parts.headers, body };
        let posted = match &self.webhook {
            Webhook::Ses(topic) => match self.read_notice(topic, post).await? {
                Said::Mail(posted) => posted,
                said => return self.heed(said).await,
            },
            _ => self.read(post).await?,
        };
        self.record(posted, permit).await.map(Taken::Mail)
    }

    /// Reads a notice of SNS, with the certificate that it names.
    async fn read_notice(&self, topic: &Topic, post: Post) -> Result<Said, Answer> {
        let notice = hooks::notice(topic, &post)?;
        let url = notice.certificate_url().to_owned();
        let certificate = self.certificates.get(&url).await.map_err(|error| Answer::not_fetched(&error))?;
        let (topic, pem) = (topic.clone(), certificate.clone());
        let said = tokio::task::spawn_blocking(move || notice.verified(&topic, &pem)).await;
        let said = said.map_err(|_| Answer::Bug)??;
        self.certificates.keep(&url, certificate);
        Ok(said)
    }

    /// Does what a notice without a mail asks for.
    async fn heed(&self, said: Said) -> Result<Taken, Answer> {
        let account = self.recorder.account();
        match said {
            Said::Confirm(url) => {
                sns::confirm(&url).await.map_err(|error| Answer::not_fetched(&error))?;
                info!(
                    channel = "email",
                    account, "Confirmed the subscription to the topic of account {account}"
                );
                Ok(Taken::Confirmed)
            }
            Said::Ended => {
                warn!(
                    channel = "email",
                    account, "Somebody ended the subscription of account {account}: no mail comes any more"
                );
                Ok(Taken::Nothing)
            }
            Said::Mail(_) | Said::Nothing => Ok(Taken::Nothing),
        }
    }

    /// Reads the post where it holds up nobody.
    async fn read(&self, post: Post) -> Result<Posted, Answer> {
        let (webhook, now) = (self.webhook.clone(), self.clock.now());
        let read = tokio::task::spawn_blocking(move || hooks::read(&webhook, &post, now)).await;
        Ok(read.map_err(|_| Answer::Bug)??)
    }

    async fn record(&self, posted: Posted, permit: Permit) -> Result<Recorded, Answer> {
        let now = self.clock.now();
        let received_at = posted.received_at.map_or(now, |at| at.min(now));
        let recorder = self.recorder.clone();
        // A task of its own: should the provider hang up, the mail is recorded all the same.
        let recording = self.under_way.spawn(async move {
            let outcome = recorder.record(Mail::whole(posted.raw), received_at).await;
            drop(permit);
            outcome
        });
        match timeout(PATIENCE, recording).await {
            Ok(Ok(Ok(outcome))) => Ok(outcome),
            Ok(Ok(Err(error))) => Err(Answer::not_recorded(&error)),
            Ok(Err(_)) => Err(Answer::Bug),
            Err(_) => Err(Answer::not_in_time(PATIENCE)),
        }
    }

    async fn answer(&self, request: Request) -> Response {
        let taken = self.take(request).await;
        self.fares.taken(&taken);
        let account = self.recorder.account();
        let outcome = match &taken {
            Ok(Taken::Mail(Recorded::New)) => "recorded",
            Ok(Taken::Mail(Recorded::Again)) => "repeated",
            Ok(Taken::Confirmed) => "confirmed",
            Ok(Taken::Mail(Recorded::PassedOver) | Taken::Nothing) => "no_mail",
            Err(answer) => answer.word(),
        };
        metrics::counter!("redress_email_posts_total", "account" => account.to_owned(), "outcome" => outcome)
            .increment(1);
        match taken {
            Ok(taken) => {
                info!(channel = "email", account, outcome, "Took a post");
                taken.into_response()
            }
            Err(answer) => {
                info!(channel = "email", account, outcome, "Did not take a post: {answer}");
                answer.into_response()
            }
        }
    }
}

/// The addresses that posts are taken at. An address that ends in `/mime` tells Mailgun to post the mail as it came; it is
/// the same for all others.
pub(crate) fn routes(hooks: Hooks) -> Router {
    let take = || post(take).fallback(async || Answer::OtherMethod.into_response());
    Router::new()
        .route("/hooks/email/{account}", take())
        .route("/hooks/email/{account}/mime", take())
        .with_state(Arc::new(hooks))
}

async fn take(State(hooks): State<Arc<Hooks>>, Path(account): Path<String>, request: Request) -> Response {
    let Some(hook) = hooks.get(&account) else {
        metrics::counter!("redress_email_posts_total", "account" => "", "outcome" => "unknown_account")
            .increment(1);
        return Answer::UnknownAccount.into_response();
    };
    hook.answer(request).await
}

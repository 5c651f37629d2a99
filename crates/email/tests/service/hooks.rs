//! Mails that a provider posts: taken once, refused in words, never answered well before the broker has them.

use std::time::Duration;

use redress_email::Config;
use redress_email::Settings;
use redress_email::config::webhook::Provider;
use redress_email::config::{AccountSettings, Kind, LimitSettings, WebhookSettings};
use redress_intake::health::tell::last_told;
use redress_runtime::Secret;
use redress_runtime::health::State;
use redress_testkit::eventually_within;
use reqwest::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::world::{World, mail};

const PASSWORD: &str = "long and secret";

fn settings() -> Settings {
    let webhook = WebhookSettings {
        provider: Some(Provider::Postmark),
        user: "postmark".to_owned(),
        password: Secret::new(PASSWORD),
        ..WebhookSettings::default()
    };
    let account = AccountSettings {
        kind: Some(Kind::Webhook),
        address: "help@example.org".to_owned(),
        webhook: Some(webhook),
        ..AccountSettings::default()
    };
    Settings { accounts: [("help".to_owned(), account)].into(), ..Settings::default() }
}

fn config(limits: LimitSettings) -> Config {
    Config::check(&Settings { limits, ..settings() }).unwrap()
}

/// Posts one after another to the account `help`.
struct Poster {
    client: Client,
    url: String,
}

impl Poster {
    fn new(url: String) -> Self {
        redress_runtime::http::install_tls();
        Self { client: Client::builder().no_proxy().build().unwrap(), url }
    }

    async fn post(&self, password: &str, body: String) -> Response {
        let post =
            self.client.post(format!("{}/hooks/email/help", self.url)).basic_auth("postmark", Some(password));
        post.header("content-type", "application/json").body(body).send().await.unwrap()
    }

    async fn mail(&self, raw: &[u8]) -> (StatusCode, String) {
        let body = json!({ "From": "ann@example.com", "RawEmail": String::from_utf8_lossy(raw) });
        said(self.post(PASSWORD, body.to_string()).await).await
    }
}

async fn said(response: Response) -> (StatusCode, String) {
    (response.status(), response.text().await.unwrap())
}

#[tokio::test]
async fn a_posted_mail_is_one_contact_however_often_it_is_posted() {
    let world = World::start().await;
    let (running, url) = world.serve(&config(LimitSettings::default())).await;
    let poster = Poster::new(url);
    running.until_health("it is ready before anything was posted", |state| *state == State::Ready).await;
    assert_eq!(poster.mail(&mail(1)).await, (StatusCode::OK, "The mail is on record.\n".to_owned()));
    assert_eq!(poster.mail(&mail(1)).await, (StatusCode::OK, "The mail was on record before.\n".to_owned()));
    assert_eq!(poster.mail(&mail(2)).await.0, StatusCode::OK);
    // What Postmark read of a mail that it did not keep whole.
    let composed = json!({
        "FromFull": { "Email": "ann@example.com", "Name": "Ann" }, "Subject": "The lamp", "TextBody": "It broke.",
        "Headers": [{ "Name": "Message-ID", "Value": "<3@example.com>" }],
    });
    assert_eq!(poster.post(PASSWORD, composed.to_string()).await.status(), StatusCode::OK);
    assert_eq!(poster.post(PASSWORD, composed.to_string()).await.status(), StatusCode::OK);
    running.stop().await;
    let contacts = world.contacts().await;
    assert_eq!(contacts.len(), 3);
    let contact = contacts.iter().find(|contact| contact.subject == "The lamp").unwrap();
    assert_eq!((contact.text.as_str(), contact.account.as_str()), ("It broke.", "help"));
    assert_eq!(contact.sender.as_ref().unwrap().display_name, "Ann");
    assert_eq!(world.vault.raw(&world.contact(&mail(1)).await.unwrap()).await.unwrap().unwrap(), mail(1));
}

#[tokio::test]
async fn a_posted_mail_is_kept_whole_since_it_lies_nowhere_else() {
    let world = World::start().await;
    let limits = LimitSettings { mail_mebibytes_max: 1, keep_mebibytes_max: 1, ..LimitSettings::default() };
    let (running, url) = world.serve(&config(limits)).await;
    let raw = [&mail(1)[..], "and on and on\r\n".repeat(200_000).as_bytes()].concat();
    assert_eq!(Poster::new(url).mail(&raw).await.0, StatusCode::OK);
    running.stop().await;
    let contact = world.contact(&raw).await.unwrap();
    assert_eq!(world.vault.raw(&contact).await.unwrap().unwrap(), raw);
    assert_eq!(contact.raw.unwrap().cut_from_bytes, None);
}

#[tokio::test]
async fn while_the_broker_is_away_the_provider_is_told_to_come_again() {
    let mut world = World::start().await;
    let (running, url) = world.serve(&config(LimitSettings::default())).await;
    let poster = Poster::new(url);
    running.until_health("it is ready", |state| *state == State::Ready).await;
    world.broker.stop().await;
    let body =
        json!({ "From": "ann@example.com", "RawEmail": String::from_utf8(mail(1)).unwrap() }).to_string();
    let response = poster.post(PASSWORD, body).await;
    assert_eq!(response.headers()[RETRY_AFTER], "30");
    let (status, words) = said(response).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(words, "Nothing was recorded: the mail could not be recorded; post again.\n");
    running.until_health("it is told", |state| matches!(state, State::Failing(_))).await;
    world.broker.restart().await;
    // Nobody posts meanwhile; it finds out by itself.
    eventually_within(Duration::from_mins(1), "it is ready again", || async {
        (running.health() == State::Ready).then_some(())
    })
    .await;
    assert_eq!(poster.mail(&mail(1)).await.0, StatusCode::OK);
    running.stop().await;
    world.assert_exactly(&[mail(1)]).await;
}

#[tokio::test]
async fn who_does_not_sign_in_is_refused_and_that_is_told() {
    let world = World::start().await;
    let (running, url) = world.serve(&config(LimitSettings::default())).await;
    let poster = Poster::new(url);
    running.until_health("it is ready", |state| *state == State::Ready).await;
    let body = json!({ "From": "ann@example.com", "RawEmail": "From: ann@example.com\r\n\r\nx" }).to_string();
    let response = poster.post("guessed", body.clone()).await;
    assert_eq!(response.headers()[WWW_AUTHENTICATE], "Basic realm=\"redress\"");
    let refused = said(response).await;
    assert_eq!(
        refused,
        (StatusCode::UNAUTHORIZED, "Nothing was recorded: user or password is wrong.\n".to_owned())
    );
    let unsigned =
        poster.client.post(format!("{}/hooks/email/help", poster.url)).body(body.clone()).send().await;
    assert_eq!(unsigned.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(running.health(), State::Ready, "two may be somebody who looks around");
    assert_eq!(poster.post("guessed", body).await.status(), StatusCode::UNAUTHORIZED);
    let reason = "the last 3 posts were refused: user or password is wrong";
    assert_eq!(running.health(), State::Degraded(reason.to_owned()), "which takes nobody out of service");
    eventually_within(Duration::from_secs(20), "it stands in the bucket", || async {
        let told = last_told(&world.bus, "email").await.ok()?;
        told.iter().any(|event| event.data.account == "help" && event.data.reason == reason).then_some(())
    })
    .await;
    assert_eq!(poster.mail(&mail(1)).await.0, StatusCode::OK);
    assert_eq!(running.health(), State::Ready);
    running.stop().await;
    world.assert_exactly(&[mail(1)]).await;
}

#[tokio::test]
async fn what_cannot_be_taken_hears_why() {
    let world = World::start().await;
    let limits = LimitSettings { post_mebibytes_max: 1, post_seconds_max: 1, ..LimitSettings::default() };
    let (running, url) = world.serve(&config(limits)).await;
    let poster = Poster::new(url);
    let large = json!({ "From": "a", "RawEmail": "x".repeat(1024 * 1024) }).to_string();
    let (status, words) = said(poster.post(PASSWORD, large).await).await;
    assert_eq!(
        (status, words.as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "Nothing was recorded: the post is larger than 1 MiB.\n")
    );
    assert_eq!(poster.post(PASSWORD, "{".to_owned()).await.status(), StatusCode::BAD_REQUEST);
    let bounce = json!({ "RecordType": "Bounce" }).to_string();
    assert_eq!(poster.post(PASSWORD, bounce).await.status(), StatusCode::BAD_REQUEST);

    let at = |path: &str| format!("{}/hooks/email/{path}", poster.url);
    let form = poster.client.post(at("help")).basic_auth("postmark", Some(PASSWORD)).body("x");
    assert_eq!(form.send().await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let other = poster.client.get(at("help/mime")).send().await.unwrap();
    assert_eq!(
        (other.status(), other.headers()[ALLOW].to_str().unwrap()),
        (StatusCode::METHOD_NOT_ALLOWED, "POST")
    );
    let (status, words) = said(poster.client.post(at("nobody")).send().await.unwrap()).await;
    assert_eq!(
        (status, words.as_str()),
        (StatusCode::NOT_FOUND, "Nothing was recorded: no account of this name takes posts.\n")
    );

    let mut slow = tokio::net::TcpStream::connect(poster.url.trim_start_matches("http://")).await.unwrap();
    let head = "POST /hooks/email/help HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                authorization: Basic cG9zdG1hcms6bG9uZyBhbmQgc2VjcmV0\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut words = String::new();
    slow.read_to_string(&mut words).await.unwrap();
    assert!(words.starts_with("HTTP/1.1 408") && words.contains("did not come within 1 seconds"), "{words}");
    running.stop().await;
    assert!(world.contacts().await.is_empty());
}

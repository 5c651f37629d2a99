//! Posts of telephone systems, and what whoever posts hears.

use data_encoding::{BASE64, HEXLOWER};
use redress_contract::CallState;
use redress_phone::Config;
use redress_phone::config::{AccountSettings, Kind, Provider, WebhookSettings};
use redress_runtime::Secret;
use reqwest::{RequestBuilder, StatusCode};
use ring::hmac;

use crate::world::{World, config};

fn settings(provider: Provider) -> Config {
    config(AccountSettings {
        kind: Some(Kind::Webhook),
        country: "DE".to_owned(),
        fields: if provider == Provider::Signed {
            [("call_id", "/id"), ("state", "/what"), ("caller", "/who")]
                .map(|(field, place)| (field.to_owned(), vec![place.to_owned()]))
                .into()
        } else {
            std::collections::BTreeMap::new()
        },
        webhook: Some(WebhookSettings {
            provider: Some(provider),
            secret: Secret::new("s3cret"),
            user: "pbx".to_owned(),
            ..WebhookSettings::default()
        }),
        ..AccountSettings::default()
    })
}

/// Posts a form, or what else is made of the request; answers status, media type and words.
async fn post(
    url: &str,
    body: &str,
    with: impl Fn(RequestBuilder) -> RequestBuilder,
) -> (StatusCode, String, String) {
    let client = redress_runtime::http::client().unwrap();
    let request =
        client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body.to_owned());
    let answer = with(request).send().await.unwrap();
    let media_type = answer.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    (answer.status(), media_type.unwrap_or_default(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipgate_hears_where_to_tell_of_what_comes_next_and_a_repeat_changes_nothing() {
    let world = World::start().await;
    let running = world.run(&settings(Provider::Sipgate)).await;
    let url = format!("{}/hooks/phone/pbx/s3cret/in", running.url);
    let ring = "event=newCall&direction=in&from=4930901820&to=4930600000&callId=1-1&user%5B%5D=Ann";
    for _ in 0..2 {
        let (status, media_type, words) = post(&url, ring, |request| request).await;
        let told = "https://example.org/hooks/phone/pbx/s3cret/in";
        assert_eq!((status, media_type.as_str()), (StatusCode::OK, "application/xml"));
        assert_eq!(words, format!("<Response onAnswer=\"{told}\" onHangup=\"{told}\"/>"));
    }
    let contacts = world.once_recorded(1).await;
    let contact = contacts.values().next().unwrap();
    assert_eq!(contact.sender.as_ref().unwrap().value, "+4930901820");
    assert_eq!(contact.call.as_ref().unwrap().state, CallState::Ringing);
    let (status, ..) = post(&url.replace("s3cret", "guess"), ring, |request| request).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    world.once_recorded(1).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twilio_signs_and_hears_an_empty_response() {
    let world = World::start().await;
    let running = world.run(&settings(Provider::Twilio)).await;
    let url = format!("{}/hooks/phone/pbx?from=twilio", running.url);
    let body = "CallSid=CA1&CallStatus=no-answer&Direction=inbound&From=%2B4930901820";
    let signed = "https://example.org/hooks/phone/pbx?from=twilioCallSidCA1CallStatusno-answerDirectioninboundFrom+4930901820";
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"s3cret");
    let tag = BASE64.encode(hmac::sign(&key, signed.as_bytes()).as_ref());
    let (status, _, words) = post(&url, body, |request| request.header("X-Twilio-Signature", &tag)).await;
    assert_eq!((status, words.as_str()), (StatusCode::OK, "<Response/>"));
    let (status, ..) =
        post(&url, &body.replace("CA1", "CA2"), |request| request.header("X-Twilio-Signature", &tag)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let contacts = world.once_recorded(1).await;
    assert_eq!(contacts.values().next().unwrap().call.as_ref().unwrap().state, CallState::Unanswered);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signed_json_is_read_where_the_settings_say_and_what_cannot_be_read_is_kept() {
    let world = World::start().await;
    let running = world.run(&settings(Provider::Signed)).await;
    let url = format!("{}/hooks/phone/pbx", running.url);
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"s3cret");
    for body in
        [r#"{"id":"c-1","what":"answered","who":"030 901820"}"#, r#"{"id":"c-1","what":"danced"}"#, "{"]
    {
        let tag = HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref());
        let signed = |request: RequestBuilder| request.header("X-Signature-256", format!("sha256={tag}"));
        assert_eq!(post(&url, body, signed).await.0, StatusCode::OK);
    }
    world.once_recorded(3).await;
    let mut problems = world.problems().await;
    problems.sort();
    assert_eq!(
        problems,
        [
            "is no JSON from line 1, column 1",
            "state is a word that is not known; say what it means in `states`"
        ]
    );
    assert_eq!(post(&url, "{}", |request| request).await.0, StatusCode::UNAUTHORIZED);
    let other = format!("{}/hooks/phone/elsewhere", running.url);
    assert_eq!(post(&other, "{}", |request| request).await.0, StatusCode::NOT_FOUND);
    running.stop().await;
}

/// A platform that keeps a recording, and gives it away at the third time of asking to whoever knows the password.
async fn platform() -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    use std::sync::atomic::Ordering;
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&asked);
    let give = move |headers: axum::http::HeaderMap| {
        let turn = count.fetch_add(1, Ordering::SeqCst);
        let knows = headers.get("authorization").is_some_and(|value| value == "Basic QUMxOnMzY3JldA==");
        async move {
            match (knows, turn) {
                (false, _) => (StatusCode::UNAUTHORIZED, "who?"),
                (true, 0) => (StatusCode::SERVICE_UNAVAILABLE, "later"),
                (true, _) => (StatusCode::OK, "RIFF and sound"),
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let routes = axum::Router::new().route("/RE1", axum::routing::get(give));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (base, asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_is_fetched_as_whom_the_settings_say_and_nowhere_else() {
    let world = World::start().await;
    let (base, asked) = platform().await;
    let webhook = WebhookSettings {
        provider: Some(Provider::Twilio),
        secret: Secret::new("s3cret"),
        recordings_from: base.clone(),
        recordings_user: "AC1".to_owned(),
        ..WebhookSettings::default()
    };
    let account =
        AccountSettings { kind: Some(Kind::Webhook), webhook: Some(webhook), ..AccountSettings::default() };
    let running = world.run(&config(account)).await;
    let url = format!("{}/hooks/phone/pbx", running.url);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"s3cret");
    for address in [format!("{base}RE1"), "http://127.0.0.1:1/elsewhere".to_owned()] {
        let signed = format!("https://example.org/hooks/phone/pbxCallSidCA1RecordingUrl{address}");
        let tag = BASE64.encode(hmac::sign(&key, signed.as_bytes()).as_ref());
        let encoded: String = form_urlencoded::byte_serialize(address.as_bytes()).collect();
        let body = format!("CallSid=CA1&RecordingUrl={encoded}");
        let answer = post(&url, &body, |request| request.header("X-Twilio-Signature", &tag)).await;
        assert_eq!(answer.0, StatusCode::OK);
    }
    let contacts = world.once_recorded(3).await;
    let recording = contacts.values().find(|contact| !contact.attachments.is_empty()).unwrap();
    assert_eq!(recording.call.as_ref().unwrap().call_id, "CA1");
    assert_eq!(world.vault.raw(recording).await.unwrap().unwrap(), "RIFF and sound");
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 2);
    running.stop().await;
}

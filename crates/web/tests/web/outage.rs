//! The broker away, or too much at once: a quick no, nothing lost, nothing twice.

use std::time::{Duration, Instant};

use redress_runtime::health::State;
use redress_testkit::eventually;
use redress_web::Settings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stage::{Hidden, Stage, TOLD};

const KEY: &str = "3f6c1a52-9f1e-4b7e-8c55-3f1f6c0f5a11";

fn complaint() -> String {
    json!({ "whatHappened": TOLD, "email": "kim@example.org" }).to_string()
}

#[tokio::test]
async fn without_a_broker_the_api_says_503_in_time_and_the_same_key_succeeds_once_later() {
    let mut stage = Stage::start().await;
    stage.broker.kill();
    let asked = Instant::now();
    let answer = stage.post(Some(KEY), complaint()).await;
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (503, &"10".parse().unwrap()));
    assert_eq!(answer.headers()["idempotency-key"], KEY);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "urn:redress:problem:not-recorded");
    assert!(matches!(&stage.health.report()["web"], State::Degraded(_)));
    assert!(stage.health.is_ready());

    stage.broker.restart().await;
    let accepted = eventually("the API takes the complaint again", async || {
        let answer = stage.post(Some(KEY), complaint()).await;
        (answer.status() == 202).then_some(answer)
    })
    .await;
    let first: Value = accepted.json().await.unwrap();
    let repeat: Value = stage.post(Some(KEY), complaint()).await.json().await.unwrap();
    assert_eq!(repeat, first);
    assert_eq!(stage.contacts().await.len(), 1);
    assert_eq!(stage.health.report()["web"], State::Ready);
}

#[tokio::test]
async fn without_a_broker_the_form_keeps_what_was_typed_and_says_that_sending_again_is_safe() {
    let mut stage = Stage::start().await;
    let hidden = stage.open().await;
    let fields = [("what_happened", TOLD), ("phone", "030 901820")];
    stage.broker.kill();
    let asked = Instant::now();
    let answer = stage.send(&hidden, &fields).await;
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (503, &"10".parse().unwrap()));
    let page = answer.text().await.unwrap();
    assert!(
        page.contains("sending again is safe") && page.contains(TOLD) && page.contains("030 901820"),
        "{page}"
    );
    let again = Hidden::of(&page);
    assert_eq!(again.key, hidden.key);

    stage.broker.restart().await;
    eventually("the form takes the complaint again", async || {
        (stage.send(&again, &fields).await.status() == 202).then_some(())
    })
    .await;
    assert_eq!(stage.contacts().await.len(), 1);
}

#[tokio::test]
async fn more_than_can_be_worked_on_hears_503_at_once() {
    let stage = Stage::start_with(&Settings { concurrency_max: 1, ..Settings::default() }).await;
    let body = complaint();
    let mut slow = tokio::net::TcpStream::connect(stage.url.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /v1/complaints HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let answer = eventually("the slow request is being worked on", async || {
        let answer = stage.post(None, "no complaint").await;
        (answer.status() == 503).then_some(answer)
    })
    .await;
    assert!(answer.headers().contains_key("retry-after"));
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "urn:redress:problem:busy");
    assert_eq!(stage.client.get(stage.path("/")).send().await.unwrap().status(), 200);

    slow.write_all(body.as_bytes()).await.unwrap();
    let mut said = String::new();
    slow.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 202"), "{said}");
    assert_eq!(stage.post(None, complaint()).await.status(), 202);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let stage = Stage::start_with(&Settings { body_read_seconds: 1, ..Settings::default() }).await;
    let mut slow = tokio::net::TcpStream::connect(stage.url.trim_start_matches("http://")).await.unwrap();
    let head = "POST /v1/complaints HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                content-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut said = String::new();
    slow.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 408") && said.contains("within 1 seconds"), "{said}");
}

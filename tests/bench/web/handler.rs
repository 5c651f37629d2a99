//! The plain handler: reads a post, publishes the messages it was given at its start, all at once, and says 202 when all
//! are acknowledged.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use async_nats::HeaderMap;
use async_nats::jetstream;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use futures::TryStreamExt as _;
use redress_bus::Bus;
use redress_testkit::Broker;
use redress_tests::results::say;
use serde::{Deserialize, Serialize};

/// The word that makes this program the plain handler of another: it reads where the broker is and what to publish from
/// standard input, says its port, and runs until it is killed.
pub(crate) const BE_HANDLER: &str = "--be-handler";

/// How much of a subject's end is made anew for each complaint.
const OWN_CHARS: usize = 10;
/// About as much as `web` answers.
const ANSWER: &str = "{\"reference\":\"ABCD-EFGH\",\"receiptCode\":\"abcd-efgh-jkmn-pqrs-tuvw\",\
                      \"receivedAt\":\"2026-11-23T00:00:00.000000Z\",\"contactId\":\"01234567890123456789012345\"}";

/// A message as it lies in a stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    subject: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What the handler is told.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    broker: String,
    messages: Vec<Message>,
}

/// The messages of a stream from here on.
pub(super) async fn newest(bus: &Bus, stream: &str, from_seq: u64) -> anyhow::Result<Vec<Message>> {
    let stored: Vec<_> = bus.scan(stream, ">", from_seq).await?.try_collect().await?;
    let plain = |it: redress_bus::Stored| Message {
        subject: it.subject,
        headers: it.headers.into_iter().collect(),
        body: it.body.to_vec(),
    };
    Ok(stored.into_iter().map(plain).collect())
}

/// It as a process; killed when dropped.
pub(super) struct Handler {
    child: Child,
    address: SocketAddr,
}

impl Handler {
    pub(super) fn start(broker: &Broker, messages: &[Message]) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(BE_HANDLER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start the plain handler")?;
        let told = Told { broker: broker.url(), messages: messages.to_vec() };
        let mut stdin = child.stdin.take().context("tell it what to publish")?;
        stdin.write_all(&serde_json::to_vec(&told)?)?;
        drop(stdin);
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("read its port")?).read_line(&mut line)?;
        let port = line.trim().parse().context("read its port")?;
        Ok(Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct App {
    js: jetstream::Context,
    messages: Vec<(String, HeaderMap, Bytes)>,
    complaints: AtomicUsize,
}

/// Serves until it is killed.
pub(crate) async fn be_handler() -> anyhow::Result<()> {
    let mut told = Vec::new();
    std::io::stdin().read_to_end(&mut told)?;
    let told: Told = serde_json::from_slice(&told)?;
    let js = jetstream::new(async_nats::connect(told.broker).await?);
    let messages = told.messages.into_iter().map(ready).collect();
    let app = Arc::new(App { js, messages, complaints: AtomicUsize::new(0) });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    say(&listener.local_addr()?.port().to_string());
    let routes = Router::new().route("/v1/complaints", post(accept)).with_state(app);
    // As the house does: answers are small.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, routes).await.context("serve")
}

fn ready(message: Message) -> (String, HeaderMap, Bytes) {
    let mut headers = HeaderMap::new();
    for (name, value) in &message.headers {
        headers.insert(name.as_str(), value.as_str());
    }
    (message.subject, headers, message.body.into())
}

async fn accept(State(app): State<Arc<App>>, _body: Bytes) -> Response {
    let n = app.complaints.fetch_add(1, Ordering::Relaxed);
    let published = app.messages.iter().map(|(subject, headers, body)| {
        let kept = subject.len().saturating_sub(OWN_CHARS);
        let subject = format!("{}{n:0width$}", &subject[..kept], width = OWN_CHARS);
        async {
            let ack = app.js.publish_with_headers(subject, headers.clone(), body.clone()).await?;
            ack.await
        }
    });
    match futures::future::try_join_all(published).await {
        Ok(_) => (StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], ANSWER).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

//! A listener finishes what is in flight, refuses what is too large, and outlives clients and handlers that misbehave.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use redress_runtime::listener::{Limits, Listener};
use redress_runtime::{Shutdown, http};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

struct Served {
    address: SocketAddr,
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

async fn serve(routes: Router, limits: Limits) -> Served {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (address, shutdown) = (listener.address(), Shutdown::new());
    let task = tokio::spawn(listener.serve(routes, limits, shutdown.clone()));
    Served { address, shutdown, task }
}

impl Served {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = http::client().unwrap().get(self.url(path)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

/// A route that says when it is reached and answers when told to.
fn held() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (reached, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (reached, go) = (Arc::clone(&reached), Arc::clone(&go));
        async move || {
            reached.notify_one();
            go.notified().await;
            "done"
        }
    };
    (Router::new().route("/held", get(handler)), reached, go)
}

#[tokio::test]
async fn a_request_in_flight_is_finished_and_a_new_one_is_not_taken() {
    let (routes, reached, go) = held();
    let served = serve(routes, Limits::default()).await;
    let in_flight = tokio::spawn(http::client().unwrap().get(served.url("/held")).send());
    reached.notified().await;
    served.shutdown.ask();
    // The port is given back before the drain ends.
    while TcpStream::connect(served.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!served.task.is_finished());
    go.notify_one();
    let answer = in_flight.await.unwrap().unwrap();
    assert_eq!(answer.text().await.unwrap(), "done");
    served.task.await.unwrap();
}

#[tokio::test]
async fn draining_ends_by_its_limit_and_idle_connections_do_not_hold_it() {
    let (routes, reached, _go) = held();
    let served =
        serve(routes, Limits { drain_timeout: Duration::from_millis(50), ..Limits::default() }).await;
    let in_flight = tokio::spawn(http::client().unwrap().get(served.url("/held")).send());
    reached.notified().await;
    served.shutdown.ask();
    served.task.await.unwrap();
    assert!(in_flight.await.unwrap().is_err());

    let served = serve(Router::new(), Limits { drain_timeout: Duration::MAX, ..Limits::default() }).await;
    let _idle = TcpStream::connect(served.address).await.unwrap();
    assert_eq!(served.get("/nowhere").await.0, 404);
    served.shutdown.ask();
    served.task.await.unwrap();
}

#[tokio::test]
async fn a_panicking_handler_answers_500_without_its_text_and_the_next_request_is_served() {
    let routes = Router::new()
        .route("/panic", get(async || -> &'static str { panic!("what a person wrote") }))
        .route("/", get(async || "fine"));
    let served = serve(routes, Limits::default()).await;
    let (status, body) = served.get("/panic").await;
    assert_eq!((status, body.as_str()), (500, "internal error\n"));
    assert_eq!(served.get("/").await, (200, "fine".to_owned()));
}

#[tokio::test]
async fn a_body_over_the_limit_answers_413_with_and_without_a_declared_length() {
    let routes = Router::new().route("/", post(async |body: String| body.len().to_string()));
    let served = serve(routes, Limits { body_bytes_max: 1000, ..Limits::default() }).await;
    let client = http::client().unwrap();
    let fits = client.post(served.url("/")).body("x".repeat(1000)).send().await.unwrap();
    assert_eq!(fits.text().await.unwrap(), "1000");
    let declared = client.post(served.url("/")).body("x".repeat(1001)).send().await.unwrap();
    assert_eq!(declared.status(), 413);

    let chunk = format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001));
    let head = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let answer = raw(served.address, &format!("{head}{chunk}")).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_client_that_never_ends_its_head_or_body_is_let_go() {
    let (head, request) = (Duration::from_millis(50), Duration::from_millis(100));
    let limits = Limits { header_timeout: head, request_timeout: request, ..Limits::default() };
    let routes = Router::new().route("/", post(async |body: String| body));
    let served = serve(routes, limits).await;
    assert_eq!(raw(served.address, "GET / HTTP/1.1\r\nhost:").await, "");
    let half = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf";
    let answer = raw(served.address, half).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let (routes, reached, go) = held();
    let served = serve(routes, Limits { connections_max: 1, ..Limits::default() }).await;
    let first = tokio::spawn(raw_close(served.address, "/held"));
    reached.notified().await;
    let second = tokio::spawn(raw_close(served.address, "/held"));
    go.notify_one();
    assert!(first.await.unwrap().ends_with("done"));
    go.notify_one();
    assert!(second.await.unwrap().ends_with("done"));
}

#[tokio::test]
async fn handlers_see_the_clients_address() {
    let handler = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string();
    let served = serve(Router::new().route("/", get(handler)), Limits::default()).await;
    assert_eq!(served.get("/").await, (200, "127.0.0.1".to_owned()));
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let taken = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let error = Listener::bind(taken.address()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("listen on {}", taken.address()));
}

async fn raw_close(address: SocketAddr, path: &str) -> String {
    raw(address, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await
}

/// Sends bytes and reads until the other side closes.
async fn raw(address: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

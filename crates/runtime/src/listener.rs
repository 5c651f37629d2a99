//! HTTP listeners: the public one, shared by all services of a process that have pages or webhooks, and the one for
//! health and metrics.

use std::any::Any;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::Shutdown;

pub use crate::health::routes as health_routes;

/// How long to wait before accepting again when the host is out of something (file descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Limits of a listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest body in bytes; a route may set a smaller one with `DefaultBodyLimit`.
    pub body_bytes_max: usize,
    /// How long a client may take to send the head of a request, and keep a connection without one.
    pub header_timeout: Duration,
    /// How long a request may take, reading its body included.
    pub request_timeout: Duration,
    /// Connections at a time; further ones wait to be accepted.
    pub connections_max: usize,
    /// How long to wait for requests in flight when stopping.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 * 1024 * 1024,
            header_timeout: Duration::from_secs(20),
            request_timeout: Duration::from_mins(1),
            connections_max: 1024,
            drain_timeout: Duration::from_secs(20),
        }
    }
}

/// A listener that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("listen on {address}")]
pub struct ListenError {
    address: SocketAddr,
    source: std::io::Error,
}

/// A bound listener, not serving yet.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds an address (port 0: a free one).
    ///
    /// # Errors
    /// [`ListenError`] names the address.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let listener = TcpListener::bind(address).await.map_err(|source| ListenError { address, source })?;
        let bound = listener.local_addr().map_err(|source| ListenError { address, source })?;
        Ok(Self { listener, address: bound })
    }

    /// The address it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves HTTP/1.1 until asked to stop, then drains. A panicking handler answers 500 and the process stays up.
    /// Handlers may take the client's address as `ConnectInfo<SocketAddr>`.
    pub async fn serve(self, routes: Router, limits: Limits, shutdown: Shutdown) {
        let routes = guarded(routes, &limits);
        let places = Arc::new(Semaphore::new(limits.connections_max));
        let mut connections = JoinSet::new();
        while let Some((place, stream, peer)) = shutdown.or(next(&self.listener, &places)).await {
            let served =
                serve_connection(stream, peer, routes.clone(), limits.header_timeout, shutdown.clone());
            connections.spawn(async move {
                served.await;
                drop(place);
            });
            while connections.try_join_next().is_some() {}
        }
        drop(self.listener);
        drain(connections, limits.drain_timeout).await;
    }
}

/// The next connection, once there is a place for it.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (tokio::sync::OwnedSemaphorePermit, TcpStream, SocketAddr) {
    let place = Arc::clone(places).acquire_owned().await.expect("nobody closes the semaphore");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (place, stream, peer),
            Err(error) => {
                tracing::warn!("Cannot accept a connection, trying again: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    routes: Router,
    header_timeout: Duration,
    shutdown: Shutdown,
) {
    // Answers are small and a person waits for them.
    let _ = stream.set_nodelay(true);
    let service = routes.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = shutdown.asked() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("A connection ended early: {error}");
    }
}

fn guarded(routes: Router, limits: &Limits) -> Router {
    routes
        .layer(DefaultBodyLimit::max(limits.body_bytes_max))
        .layer(RequestBodyLimitLayer::new(limits.body_bytes_max))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, limits.request_timeout))
        .layer(CatchPanicLayer::custom(internal_error))
}

/// Says nothing about the panic, whose text may hold what the client sent; the panic hook has logged the place.
fn internal_error(_panic: Box<dyn Any + Send>) -> Response {
    tracing::error!("A bug: a request handler panicked; answered 500");
    (StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response()
}

async fn drain(mut connections: JoinSet<()>, timeout: Duration) {
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(timeout, all).await.is_err() {
        tracing::warn!("Cut off {} connections that did not end within {timeout:?}", connections.len());
        connections.shutdown().await;
    }
}

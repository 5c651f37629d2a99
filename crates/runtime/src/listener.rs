//! HTTP listeners: the public one, shared by all services of a process that have pages or webhooks, and the one for
//! health and metrics.

use std::net::SocketAddr;

use axum::Router;

use crate::{Health, Shutdown};

/// Limits of a listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest body in bytes.
    pub body_bytes_max: usize,
    /// How long a request may take, reading its body included.
    pub request_timeout: std::time::Duration,
    /// How long to wait for requests in flight when stopping.
    pub drain_timeout: std::time::Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 * 1024 * 1024,
            request_timeout: std::time::Duration::from_secs(60),
            drain_timeout: std::time::Duration::from_secs(20),
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
    listener: tokio::net::TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds an address (port 0: a free one).
    ///
    /// # Errors
    /// [`ListenError`] names the address.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let listener =
            tokio::net::TcpListener::bind(address).await.map_err(|source| ListenError { address, source })?;
        let bound = listener.local_addr().map_err(|source| ListenError { address, source })?;
        Ok(Self { listener, address: bound })
    }

    /// The address it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until asked to stop, then drains. A panicking handler answers 500 and the process stays up.
    pub async fn serve(self, routes: Router, limits: Limits, shutdown: Shutdown) {
        let _ = (routes, limits, shutdown);
        todo!("serve")
    }
}

/// `/healthz` (alive), `/readyz` (200 or 503 with each part's state as JSON), `/metrics` (Prometheus text).
pub fn health_routes(health: Health) -> Router {
    let _ = health;
    todo!("health_routes")
}

//! The connection: one per process, shared by all its services.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use redress_runtime::http;
use tokio::sync::OnceCell;
use tracing::{debug, error, info, warn};

use crate::config::Config;

/// A connection to the broker. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    pub(crate) client: async_nats::Client,
    pub(crate) js: jetstream::Context,
    pub(crate) config: Arc<Config>,
    pub(crate) blob_store: Arc<OnceCell<jetstream::object_store::ObjectStore>>,
}

/// A broker that cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("connect to the broker at {servers}: {problem}")]
pub struct ConnectError {
    servers: String,
    problem: String,
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bus({})", self.config.servers.join(","))
    }
}

impl Bus {
    /// Connects; `service` names the connection. Once connected, it reconnects by itself for as long as it lives.
    ///
    /// # Errors
    /// [`ConnectError`] names the servers.
    pub async fn connect(config: &Config, service: &str) -> Result<Self, ConnectError> {
        http::install_tls();
        let servers = config.servers.join(",");
        let client = options(config, service)
            .connect(config.servers.clone())
            .await
            .map_err(|e| ConnectError { servers: servers.clone(), problem: crate::failure::chain(&e) })?;
        info!(servers, "Connected to the broker at {servers}");
        let js = jetstream::context::ContextBuilder::new()
            .timeout(config.ack_timeout)
            .ack_timeout(config.ack_timeout)
            .build(client.clone());
        Ok(Self { client, js, config: Arc::new(config.clone()), blob_store: Arc::default() })
    }

    /// How the broker is used.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// True while the connection stands.
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == async_nats::connection::State::Connected
    }

    /// Sends what is still in the connection's buffer.
    pub async fn flush(&self) {
        if let Err(problem) = self.client.flush().await {
            debug!(%problem, "Flushing the broker connection failed");
        }
    }
}

fn options(config: &Config, service: &str) -> async_nats::ConnectOptions {
    let mut options = async_nats::ConnectOptions::new()
        .name(format!("redress-{service}"))
        .custom_inbox_prefix(format!("_INBOX_{service}"))
        .ping_interval(Duration::from_secs(15))
        .connection_timeout(Duration::from_secs(5))
        .request_timeout(Some(config.ack_timeout))
        .max_reconnects(None)
        .reconnect_delay_callback(|attempts| {
            Duration::from_millis(u64::try_from(attempts).unwrap_or(u64::MAX).saturating_mul(50).min(500))
        })
        .event_callback(|event| async move { note(&event) });
    if let Some((user, password)) = &config.login {
        options = options.user_and_password(user.clone(), password.expose().to_owned());
    }
    if let Some(seed) = &config.nkey {
        options = options.nkey(seed.expose().to_owned());
    }
    if let Some(file) = &config.ca_file {
        options = options.add_root_certificates(file.clone());
    }
    options
}

fn note(event: &async_nats::Event) {
    use async_nats::Event;
    match event {
        Event::Connected => debug!("The broker connection stands"),
        Event::Disconnected => warn!("The broker connection is lost; reconnecting"),
        Event::LameDuckMode => info!("The broker announces that it goes away; reconnecting elsewhere"),
        // A permission that is missing otherwise shows only as a time-out.
        Event::ServerError(problem) => error!(%problem, "The broker refuses: {problem}"),
        other => debug!(event = %other, "The broker connection says: {other}"),
    }
}

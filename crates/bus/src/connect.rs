//! The connection: one per service, so that each has its own identity.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use redress_runtime::http;
use tokio::time::Instant;
use tracing::{debug, error, info, warn};

use crate::config::Config;
use crate::denied::Notice;
use crate::users::seed::{self, SeedError};

/// How long a broker that does not answer at first is tried: it may just be starting again.
const FIRST_PATIENCE: Duration = Duration::from_secs(3);

/// A connection to the broker. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    pub(crate) client: Arc<async_nats::Client>,
    pub(crate) js: Arc<jetstream::Context>,
    pub(crate) config: Arc<Config>,
    pub(crate) notice: Notice,
    /// What the subjects of requests to the broker begin with.
    api: &'static str,
}

/// A broker that cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It does not answer.
    #[error("connect to the broker at {servers}: {problem}")]
    Away {
        /// The brokers.
        servers: String,
        /// What happened.
        problem: String,
    },
    /// It answers and does not let this user in.
    #[error("log in to the broker at {servers} as {user}: {problem}")]
    Login {
        /// The brokers.
        servers: String,
        /// The user.
        user: String,
        /// What happened.
        problem: String,
    },
    /// What proves who we are is not there.
    #[error(transparent)]
    Seed(#[from] SeedError),
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bus({})", self.config.servers.join(","))
    }
}

impl Bus {
    /// Connects; `service` names the connection, and the user whose seed it logs in with. A broker that does not answer is
    /// tried for three seconds. Once connected, it reconnects by itself for as long as it lives.
    ///
    /// # Errors
    /// [`ConnectError`] names the servers, and the user when it is not let in.
    pub async fn connect(config: &Config, service: &str) -> Result<Self, ConnectError> {
        http::install_tls();
        let servers = config.servers.join(",");
        let notice = Notice::new();
        let until = Instant::now() + FIRST_PATIENCE;
        let client = loop {
            let options = options(config, service, notice.clone())?;
            match options
                .connect(config.servers.clone())
                .await
                .map_err(|e| failed(servers.clone(), service, &e))
            {
                Ok(client) => break client,
                Err(ConnectError::Away { .. }) if Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(problem) => return Err(problem),
            }
        };
        info!(servers, "Connected to the broker at {servers} as {service}");
        let api = config.api(service);
        let js = jetstream::context::ContextBuilder::new()
            .api_prefix(api)
            .timeout(config.ack_timeout)
            .ack_timeout(config.ack_timeout)
            .build(client.clone());
        Ok(Self { client: Arc::new(client), js: Arc::new(js), config: Arc::new(config.clone()), notice, api })
    }

    /// The subject of a request to the broker itself.
    pub(crate) fn api(&self, request: &str) -> String {
        format!("{}.{request}", self.api)
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

fn failed(servers: String, service: &str, error: &async_nats::ConnectError) -> ConnectError {
    use async_nats::ConnectErrorKind::{Authentication, AuthorizationViolation};
    let problem = crate::failure::chain(error);
    match error.kind() {
        Authentication | AuthorizationViolation => {
            ConnectError::Login { servers, user: service.to_owned(), problem }
        }
        _ => ConnectError::Away { servers, problem },
    }
}

fn options(config: &Config, service: &str, notice: Notice) -> Result<async_nats::ConnectOptions, SeedError> {
    let user = service.to_owned();
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
        .event_callback(move |event| {
            note(&event, &user, &notice);
            std::future::ready(())
        });
    if let Some((user, password)) = &config.login {
        options = options.user_and_password(user.clone(), password.expose().to_owned());
    }
    if let Some(folder) = &config.users_folder {
        options = options.nkey(seed::read(folder, service)?.expose().to_owned());
    } else if let Some(seed) = &config.nkey {
        options = options.nkey(seed.expose().to_owned());
    }
    if let Some(file) = &config.ca_file {
        options = options.add_root_certificates(file.clone());
    }
    if let Some((certificate, key)) = &config.certificate {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    // Without it, whoever stands in between could talk the connection out of TLS.
    Ok(options.require_tls(config.ca_file.is_some() || config.certificate.is_some()))
}

fn note(event: &async_nats::Event, user: &str, notice: &Notice) {
    use async_nats::{Event, ServerError};
    match event {
        Event::Connected => debug!("The broker connection stands"),
        Event::Disconnected => warn!("The broker connection is lost; reconnecting"),
        Event::LameDuckMode => info!("The broker announces that it goes away; reconnecting elsewhere"),
        Event::ServerError(ServerError::Other(words)) if notice.hear(user, words) => {
            error!(user, problem = words, "The broker refuses {user} something: {words}");
        }
        Event::ServerError(problem) => error!(%problem, "The broker refuses: {problem}"),
        other => debug!(event = %other, "The broker connection says: {other}"),
    }
}

//! The connection: one per process, shared by all its services.

use crate::config::Config;

/// A connection to the broker. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {}

/// A broker that cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("connect to the broker at {servers}: {problem}")]
pub struct ConnectError {
    servers: String,
    problem: String,
}

impl Bus {
    /// Connects; `service` names the connection.
    ///
    /// # Errors
    /// [`ConnectError`] names the servers.
    pub async fn connect(config: &Config, service: &str) -> Result<Self, ConnectError> {
        let _ = (config, service);
        todo!()
    }
}

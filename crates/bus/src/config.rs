//! Where the broker is and how it is used.

use std::path::PathBuf;
use std::time::Duration;

use redress_runtime::Secret;
use redress_runtime::settings::Problems;
use serde::{Deserialize, Serialize};

/// `[bus]` as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `nats://host:4222`, several for a cluster. Empty: `redress up` starts a broker of its own.
    pub servers: Vec<String>,
    /// User name, with `password`.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
    /// File that holds an nkey seed.
    pub nkey_file: Option<PathBuf>,
    /// Certificate authority of the broker (PEM); the platform's when absent.
    pub ca_file: Option<PathBuf>,
    /// Copies of each stream: 1, or 3 in a cluster.
    pub replicas: u32,
    /// How long the events feed is kept.
    pub events_days: u32,
    /// How long a publish waits for its acknowledgement before it is sent again.
    pub ack_timeout_seconds: u32,
    /// How long publishing is tried (elections take up to 10 s) before the caller is told.
    pub publish_patience_seconds: u32,
    /// How long a handler may be silent before its message is delivered again.
    pub ack_wait_seconds: u32,
    /// How long a message is tried before it becomes a dead letter.
    pub retry_hours: u32,
    /// Largest size of each stream in MiB; 0 leaves it to the server.
    pub stream_mebibytes_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            user: String::new(),
            password: Secret::default(),
            password_file: None,
            nkey_file: None,
            ca_file: None,
            replicas: 1,
            events_days: 90,
            ack_timeout_seconds: 5,
            publish_patience_seconds: 15,
            ack_wait_seconds: 30,
            retry_hours: 48,
            stream_mebibytes_max: 0,
        }
    }
}

/// `[bus]` as it is meant.
#[derive(Debug, Clone)]
pub struct Config {
    /// Addresses of the broker.
    pub servers: Vec<String>,
    /// User and password.
    pub login: Option<(String, Secret)>,
    /// nkey seed.
    pub nkey: Option<Secret>,
    /// Certificate authority.
    pub ca_file: Option<PathBuf>,
    /// Copies of each stream.
    pub replicas: usize,
    /// How long the events feed is kept.
    pub events_max_age: Duration,
    /// Wait for an acknowledgement.
    pub ack_timeout: Duration,
    /// Patience of a publish.
    pub publish_patience: Duration,
    /// Silence of a handler.
    pub ack_wait: Duration,
    /// How long a message is tried.
    pub retry_for: Duration,
    /// Largest size of each stream; none leaves it to the server.
    pub stream_bytes_max: Option<i64>,
}

impl Config {
    /// Checks what is written.
    ///
    /// # Errors
    /// All problems with their keys.
    pub fn check(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Problems::none();
        if ![1, 3, 5].contains(&settings.replicas) {
            problems.note("bus.replicas", format!("{} is none of 1, 3 and 5", settings.replicas));
        }
        for (key, value) in [
            ("bus.ack_timeout_seconds", settings.ack_timeout_seconds),
            ("bus.publish_patience_seconds", settings.publish_patience_seconds),
            ("bus.ack_wait_seconds", settings.ack_wait_seconds),
            ("bus.events_days", settings.events_days),
            ("bus.retry_hours", settings.retry_hours),
        ] {
            if value == 0 {
                problems.note(key, "must be at least 1");
            }
        }
        let password = redress_runtime::settings::secret(
            "bus.password",
            &settings.password,
            settings.password_file.as_ref(),
            &mut problems,
        );
        let nkey = redress_runtime::settings::secret(
            "bus.nkey",
            &Secret::default(),
            settings.nkey_file.as_ref(),
            &mut problems,
        );
        let seconds = |n: u32| Duration::from_secs(u64::from(n));
        let config = Self {
            servers: settings.servers.clone(),
            login: (!settings.user.is_empty()).then(|| (settings.user.clone(), password)),
            nkey: (!nkey.is_empty()).then_some(nkey),
            ca_file: settings.ca_file.clone(),
            replicas: settings.replicas as usize,
            events_max_age: seconds(24 * 3600) * settings.events_days,
            ack_timeout: seconds(settings.ack_timeout_seconds),
            publish_patience: seconds(settings.publish_patience_seconds),
            ack_wait: seconds(settings.ack_wait_seconds),
            retry_for: seconds(3600) * settings.retry_hours,
            stream_bytes_max: (settings.stream_mebibytes_max > 0)
                .then(|| i64::from(settings.stream_mebibytes_max) * 1024 * 1024),
        };
        problems.or(config)
    }
}

//! Where the broker is and how it is used.

use std::path::PathBuf;
use std::time::Duration;

use redress_runtime::Secret;
use redress_runtime::settings::Problems;
use serde::{Deserialize, Serialize};

use crate::users::{BACKUP, configuration};

const MEBIBYTE: i64 = 1024 * 1024;

/// What all streams together may store unless the settings say otherwise.
pub const STORE_BYTES_MAX: i64 = 10 * 1024 * MEBIBYTE;

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
    /// File that holds an nkey seed: for a process with one service.
    pub nkey_file: Option<PathBuf>,
    /// Folder of nkey seeds, one file per user (`router.nk`); each service logs in with its own.
    pub users_folder: Option<PathBuf>,
    /// Certificate authority of the broker (PEM); the platform's when absent. With it, nothing is said without TLS.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate (PEM), when the broker asks for one; with `key_file`.
    pub cert_file: Option<PathBuf>,
    /// Its private key (PEM).
    pub key_file: Option<PathBuf>,
    /// Where the brokers' monitoring is reached (`http://127.0.0.1:8222`), one of each; `redress doctor` asks there.
    pub monitor_urls: Vec<String>,
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
    /// What all streams together may store, in MiB, each its share. Below what the brokers may store by a fifth, for
    /// EVENTS and TIMERS are beyond it. Left out: 10240, or what the broker of `redress up` has.
    pub store_mebibytes_max: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            user: String::new(),
            password: Secret::default(),
            password_file: None,
            nkey_file: None,
            users_folder: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            monitor_urls: Vec::new(),
            replicas: 1,
            events_days: 90,
            ack_timeout_seconds: 5,
            publish_patience_seconds: 15,
            ack_wait_seconds: 30,
            retry_hours: 48,
            store_mebibytes_max: None,
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
    /// Folder of seeds, one per user.
    pub users_folder: Option<PathBuf>,
    /// Certificate authority.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate and its private key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// The brokers' monitoring.
    pub monitor_urls: Vec<String>,
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
    /// What all streams together may store; none: [`STORE_BYTES_MAX`].
    pub store_bytes_max: Option<i64>,
}

impl Config {
    /// What the subjects of requests to the broker begin with: users live in accounts of their own, in which the
    /// broker's own prefix means those accounts, not that of the streams.
    pub(crate) fn api(&self, user: &str) -> &'static str {
        let by_key = self.users_folder.is_some() || self.nkey.is_some();
        if by_key && user != BACKUP { configuration::API } else { configuration::BROKER_API }
    }

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
            ("bus.store_mebibytes_max", settings.store_mebibytes_max.unwrap_or(1)),
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
        if settings.users_folder.is_some() && (!nkey.is_empty() || !settings.user.is_empty()) {
            problems.note(
                "bus.users_folder",
                "leave out user, password and nkey_file: the folder holds who logs in",
            );
        }
        let certificate = match (&settings.cert_file, &settings.key_file) {
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            (None, None) => None,
            _ => {
                problems.note("bus.cert_file", "cert_file and key_file go together");
                None
            }
        };
        let seconds = |n: u32| Duration::from_secs(u64::from(n));
        let config = Self {
            servers: settings.servers.clone(),
            login: (!settings.user.is_empty()).then(|| (settings.user.clone(), password)),
            nkey: (!nkey.is_empty()).then_some(nkey),
            users_folder: settings.users_folder.clone(),
            ca_file: settings.ca_file.clone(),
            certificate,
            monitor_urls: settings.monitor_urls.clone(),
            replicas: settings.replicas as usize,
            events_max_age: seconds(24 * 3600) * settings.events_days,
            ack_timeout: seconds(settings.ack_timeout_seconds),
            publish_patience: seconds(settings.publish_patience_seconds),
            ack_wait: seconds(settings.ack_wait_seconds),
            retry_for: seconds(3600) * settings.retry_hours,
            store_bytes_max: settings.store_mebibytes_max.map(|mebibytes| i64::from(mebibytes) * MEBIBYTE),
        };
        problems.or(config)
    }
}

//! `[phone]` as it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::WebhookSettings;
use crate::formats::Format;

/// `[phone]`. Without accounts nothing is read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The telephone systems: `[phone.accounts.switchboard]`.
    pub accounts: BTreeMap<String, Account>,
    /// One replica reads a folder; when it falls silent for so long, another takes over.
    pub lease_seconds: u32,
    /// A folder is looked through so often, whatever the system says of its changes (network drives say nothing).
    pub rescan_seconds: u32,
    /// Rows that are being recorded at once.
    pub in_flight_rows_max: u32,
    /// Largest row; a longer one is kept apart.
    pub row_kibibytes_max: u32,
    /// Largest file that holds one thing (a transcript, a `*.cdr.json`).
    pub file_mebibytes_max: u32,
    /// Largest post.
    pub post_kibibytes_max: u32,
    /// Largest recording.
    pub recording_mebibytes_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            accounts: BTreeMap::new(),
            lease_seconds: 12,
            rescan_seconds: 5,
            in_flight_rows_max: 256,
            row_kibibytes_max: 64,
            file_mebibytes_max: 8,
            post_kibibytes_max: 1024,
            recording_mebibytes_max: 64,
        }
    }
}

/// `[phone.accounts.<name>]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// `folder` or `webhook`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The telephone system, when several accounts are of one; else the account's name.
    pub system: String,
    /// Country of numbers that are written without one (ISO 3166, two letters).
    pub country: String,
    /// Numbers of ours: they tell who called whom where the system does not.
    pub own_numbers: Vec<String>,
    /// A number of so many digits is an extension.
    pub extension_digits_max: u32,
    /// Folder: where the files lie. What is done is moved to `done` inside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Folder: `asterisk_csv`, `asterisk_ari`, `queue_log`, `freeswitch_csv`, `freeswitch_json`, `freeswitch_event`,
    /// `table`, `json_lines`, `transcript` or `recording`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Zone of local times (IANA); a must where the file writes no other.
    pub zone: String,
    /// Form of times (strftime), when it is none of the usual ones.
    pub time_format: String,
    /// Folder: how bytes are to be understood: `utf-8`, `windows-1252`, …
    pub encoding: String,
    /// Folder: what stands between the columns of a table.
    pub delimiter: String,
    /// Folder: names of the columns, in their order, where a file has no header or another order than usual.
    pub columns: Vec<String>,
    /// Which columns, places (`/a/b`) or fields hold what; of several the first that is not empty.
    pub fields: BTreeMap<String, Vec<String>>,
    /// What the system's own words for the state of a call mean: `unanswered = ["LOST"]`.
    pub states: BTreeMap<String, Vec<String>>,
    /// Folder: files that are written on and never done with (`Master.csv`, `queue_log`), whatever they are rotated to.
    pub follow: Vec<String>,
    /// Folder: a file that did not change for so long is done.
    pub settle_seconds: u32,
    /// Webhook: who posts, and how it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookSettings>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            kind: None,
            system: String::new(),
            country: String::new(),
            own_numbers: Vec::new(),
            extension_digits_max: 5,
            path: None,
            format: None,
            zone: String::new(),
            time_format: String::new(),
            encoding: "utf-8".to_owned(),
            delimiter: ",".to_owned(),
            columns: Vec::new(),
            fields: BTreeMap::new(),
            states: BTreeMap::new(),
            follow: ["Master.csv", "queue_log"].map(str::to_owned).to_vec(),
            settle_seconds: 30,
            webhook: None,
        }
    }
}

/// What an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Files in a folder.
    Folder,
    /// Posts.
    Webhook,
}

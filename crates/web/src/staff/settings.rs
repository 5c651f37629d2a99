//! `[staff]` as it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use redress_runtime::Secret;
use serde::{Deserialize, Serialize};

/// `[staff]`: where clerks type in what came by letter, in person or by telephone. Without an account it is not served.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address and port of its listener; port 0 takes a free one.
    pub listen: String,
    /// Where clerks reach it; `https://…` unless it listens on this machine only.
    pub public_url: String,
    /// Where complaints come in, the most usual first: the account of what is typed in.
    pub counters: Vec<String>,
    /// The telephone system whose calls notes are about; empty: the only one under `[phone]`.
    pub telephone_system: String,
    /// How long a clerk may do nothing before they have to sign in again.
    pub idle_minutes: u32,
    /// How long a session may last.
    pub session_hours: u32,
    /// How long ago at most something may have been received.
    pub received_days_max: u32,
    /// Scans that come with what is typed in.
    pub uploads: Uploads,
    /// How often may be tried what.
    pub rates: Rates,
    /// Who may sign in, by an id that stands in the record: no name.
    pub accounts: BTreeMap<String, AccountSettings>,
}

/// `[staff.uploads]`: scans. The kinds are those of `[web.uploads]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Uploads {
    /// Most files at once; 0 takes none.
    pub files_max: u32,
    /// Largest file in MiB.
    pub file_mebibytes_max: u32,
    /// Largest total in MiB.
    pub total_mebibytes_max: u32,
    /// MiB that one office (an IPv4 address, a /64 of IPv6) may send an hour.
    pub mebibytes_per_hour: u32,
}

/// `[staff.rates]`: how often somebody may try to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// Tries a minute from one address block.
    pub sign_ins_per_minute: u32,
    /// Tries a minute for one account, from wherever nobody has signed in to it yet.
    pub account_sign_ins_per_minute: u32,
    /// Passwords that are checked at once: each takes a thread and the memory that its hash asks for.
    pub sign_ins_at_once: u32,
}

/// `[staff.accounts.<id>]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSettings {
    /// The hash of the password, as `redress staff hash-password` prints it.
    pub password_hash: Secret,
    /// A file that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash_file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8081".to_owned(),
            public_url: "http://127.0.0.1:8081".to_owned(),
            counters: ["post-room", "counter"].map(str::to_owned).to_vec(),
            telephone_system: String::new(),
            idle_minutes: 60,
            session_hours: 12,
            received_days_max: 730,
            uploads: Uploads::default(),
            rates: Rates::default(),
            accounts: BTreeMap::new(),
        }
    }
}

impl Default for Uploads {
    fn default() -> Self {
        Self { files_max: 20, file_mebibytes_max: 25, total_mebibytes_max: 50, mebibytes_per_hour: 2_000 }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self { sign_ins_per_minute: 20, account_sign_ins_per_minute: 10, sign_ins_at_once: 2 }
    }
}

//! `[social]` as it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use redress_runtime::Secret;
use serde::{Deserialize, Serialize};

/// `[social]`. Without accounts nothing is read and nothing answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The accounts on platforms: `[social.accounts.kettles]`.
    pub accounts: BTreeMap<String, AccountSettings>,
    /// One replica reads an account; when it falls silent for so long, another takes over.
    pub lease_seconds: u32,
    /// No look came through for so long: the account is stalled, and told so.
    pub stalled_after_minutes: u32,
    /// Posts that are being recorded at once.
    pub in_flight_posts_max: u32,
    /// Largest answer of a platform that is read.
    pub answer_mebibytes_max: u32,
    /// Largest picture, video or document of a post that is fetched; a larger one is named, and lies where it lies. 0: none is
    /// fetched.
    pub media_mebibytes_max: u32,
    /// Answers that cannot be posted are tried for so long.
    pub give_up_after_hours: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            accounts: BTreeMap::new(),
            lease_seconds: 12,
            stalled_after_minutes: 10,
            in_flight_posts_max: 16,
            answer_mebibytes_max: 8,
            media_mebibytes_max: 10,
            give_up_after_hours: 48,
        }
    }
}

/// `[social.accounts.<name>]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSettings {
    /// `mastodon`, `bluesky` or `feed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Kind>,
    /// Where it is: the server (`https://social.example`, `https://bsky.social`), or the feed's whole address.
    pub url: String,
    /// Mastodon: the access token, with the rights `read` and `write:statuses`.
    pub token: Secret,
    /// Mastodon: file that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// Mastodon: where its stream is, when it is to tell of news at once (`https://streaming.social.example`).
    pub streaming_url: String,
    /// Bluesky: the handle or DID.
    pub identifier: String,
    /// Bluesky: an app password, never the account's own.
    pub password: Secret,
    /// Bluesky: file that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// Bluesky: words whose posts are read although they do not name us by our account.
    pub search: Vec<String>,
    /// Other accounts of ours there, by id or handle: what they post is our own.
    pub own: Vec<String>,
    /// `now`: what is posted from the first start on. `all`: what is there already, too.
    pub start: Start,
    /// It is asked so often; platforms that want to be asked less say so, and are.
    pub poll_seconds: u32,
    /// Posts on record are looked at again for so long, for edits and deletions. 0: never.
    pub look_again_hours: u32,
    /// And so often, twenty at a time.
    pub look_again_minutes: u32,
    /// Hosts (with port) that media may be fetched from although their addresses are private ones.
    pub media_hosts: Vec<String>,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            platform: None,
            url: String::new(),
            token: Secret::default(),
            token_file: None,
            streaming_url: String::new(),
            identifier: String::new(),
            password: Secret::default(),
            password_file: None,
            search: Vec::new(),
            own: Vec::new(),
            start: Start::Now,
            poll_seconds: 15,
            look_again_hours: 72,
            look_again_minutes: 10,
            media_hosts: Vec::new(),
        }
    }
}

/// Platforms that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Mastodon, and servers that speak its API.
    Mastodon,
    /// Bluesky, and other services of the AT Protocol.
    Bluesky,
    /// An RSS, Atom or JSON feed.
    Feed,
}

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With what is posted from now on.
    Now,
    /// With the oldest there is.
    All,
}

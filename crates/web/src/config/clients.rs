//! `[web.clients.<name>]`: systems that use the API with a key of their own.

use std::num::NonZeroU32;

use data_encoding::{BASE32_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use redress_contract::Channel;
use redress_runtime::settings::Problems;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Settings;
use super::checks::{RATE_MAX, at_least_one};

/// What every key begins with, so that those who look for leaked ones know it.
const KEY_PREFIX: &str = "redress_";
/// Further back nobody remembers.
const RECEIVED_DAYS_MAX: u32 = 3_650;
/// The account of whoever has no key.
pub(crate) const ANONYMOUS: &str = "api";
/// Channels that a client with the scope `channel` may name.
pub(crate) const STATED_CHANNELS: [Channel; 3] = [Channel::Letter, Channel::InPerson, Channel::Phone];

/// `[web.clients.<name>]` as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientSettings {
    /// SHA-256 of each key it may show, in hex: `redress keys api` draws one. Two while they change.
    pub key_sha256: Vec<String>,
    /// What it may state about a complaint beside what anybody may: `channel`, `received_at`, `identity`.
    pub scopes: Vec<String>,
    /// How long ago at most something may have been received: a year typed wrong would break every time limit at once.
    pub received_days_max: u32,
    /// How many requests it may send a minute, from wherever it sends.
    pub requests_per_minute: u32,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self { key_sha256: Vec::new(), scopes: Vec::new(), received_days_max: 730, requests_per_minute: 600 }
    }
}

/// A system that is known by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    /// The account of what it sends.
    pub(crate) name: String,
    /// What it may state.
    pub(crate) scopes: Vec<Scope>,
    /// How long ago at most something may have been received.
    pub(crate) received_days_max: u32,
    /// How many requests it may send a minute.
    pub(crate) requests_per_minute: NonZeroU32,
    digests: Vec<[u8; 32]>,
}

/// Something that a client may state about a complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// On which channel it came.
    Channel,
    /// When it reached the organisation.
    ReceivedAt,
    /// That the complainant is who they say.
    Identity,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Channel, Self::ReceivedAt, Self::Identity];

    /// As the settings name it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::ReceivedAt => "received_at",
            Self::Identity => "identity",
        }
    }
}

/// A fresh API key, to be shown once.
#[derive(Clone)]
pub struct ApiKey {
    /// What the system sends: 256 random bits.
    pub secret: String,
    /// What stands in the settings.
    pub sha256: String,
}

impl ApiKey {
    /// Draws one.
    pub fn draw() -> Self {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).expect("the operating system always has random bytes once it is up");
        let secret = format!("{KEY_PREFIX}{}", BASE32_NOPAD.encode(&bytes).to_ascii_lowercase());
        let sha256 = HEXLOWER.encode(&Sha256::digest(&secret));
        Self { secret, sha256 }
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

/// Whose key this is. Keys are too long to be guessed byte by byte: what is compared is their hash.
pub(crate) fn client_of<'c>(clients: &'c [Client], key: &str) -> Option<&'c Client> {
    let digest: [u8; 32] = Sha256::digest(key).into();
    clients.iter().find(|client| client.digests.contains(&digest))
}

pub(super) fn check_all(settings: &Settings, problems: &mut Problems) -> Vec<Client> {
    let mut taken: Vec<String> = Vec::new();
    for (name, client) in &settings.clients {
        for digest in client.key_sha256.iter().map(|digest| digest.to_ascii_lowercase()) {
            if taken.contains(&digest) {
                let problem = "this key stands there twice: each client has keys of its own";
                problems.note(format!("web.clients.{name}.key_sha256"), problem);
            }
            taken.push(digest);
        }
    }
    settings.clients.iter().map(|(name, client)| check(name, client, settings, problems)).collect()
}

fn check(name: &str, client: &ClientSettings, settings: &Settings, problems: &mut Problems) -> Client {
    let mut note = |key: &str, problem: String| problems.note(format!("web.clients.{name}{key}"), problem);
    if !super::form::is_name(name, '_') && !super::form::is_name(name, '-') {
        note("", format!("{name:?} must be lower-case letters and digits, joined by one of - and _"));
    }
    if name == ANONYMOUS || name == super::DEFAULT_FORM || settings.forms.contains_key(name) {
        note("", format!("{name:?} is the account of a form, or of whoever has no key"));
    }
    if client.key_sha256.is_empty() {
        note(".key_sha256", "must hold the hash of a key: redress keys api draws one".to_owned());
    }
    let digest = |text: &String| HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok();
    let digests: Vec<Option<[u8; 32]>> = client.key_sha256.iter().map(digest).collect();
    if digests.contains(&None) {
        note(".key_sha256", "must be 64 hex digits, as redress keys api prints them".to_owned());
    }
    let mut scopes = Vec::new();
    for word in &client.scopes {
        match Scope::ALL.into_iter().find(|scope| scope.word() == word) {
            Some(scope) => scopes.push(scope),
            None => {
                note(".scopes", format!("{word:?} is none of {}", Scope::ALL.map(Scope::word).join(", ")));
            }
        }
    }
    if !(1..=RATE_MAX).contains(&client.requests_per_minute) {
        note(
            ".requests_per_minute",
            format!("{} is not between 1 and {RATE_MAX}", client.requests_per_minute),
        );
    }
    if !(1..=RECEIVED_DAYS_MAX).contains(&client.received_days_max) {
        let days = client.received_days_max;
        note(".received_days_max", format!("{days} is not between 1 and {RECEIVED_DAYS_MAX}"));
    }
    Client {
        name: name.to_owned(),
        scopes,
        received_days_max: client.received_days_max,
        requests_per_minute: at_least_one(client.requests_per_minute),
        digests: digests.into_iter().flatten().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn wrong(settings: &str) -> Vec<String> {
        let settings: Settings = toml::from_str(settings).unwrap();
        Config::check(&settings).map_or_else(|p| p.0.into_iter().map(|p| p.key).collect(), |_| Vec::new())
    }

    #[test]
    fn a_key_is_known_by_its_hash() {
        let (old, new, other) = (ApiKey::draw(), ApiKey::draw(), ApiKey::draw());
        let settings = format!(
            "[clients.crm]\nkey_sha256 = ['{}', '{}']\nscopes = ['channel']",
            old.sha256,
            new.sha256.to_uppercase()
        );
        let config = Config::check(&toml::from_str(&settings).unwrap()).unwrap();
        let known = |key: &str| client_of(&config.clients, key).map(|client| client.name.as_str());
        assert_eq!((known(&old.secret), known(&new.secret)), (Some("crm"), Some("crm")));
        assert_eq!((known(&other.secret), known(""), known(&old.sha256)), (None, None, None));
        assert!(format!("{old:?}{config:?}").contains("***") && !format!("{old:?}").contains(&old.secret));
    }

    #[test]
    fn each_mistake_is_named_by_its_key() {
        let digest = ApiKey::draw().sha256;
        assert_eq!(wrong("[clients.crm]"), ["web.clients.crm.key_sha256"]);
        assert_eq!(wrong("[clients.crm]\nkey_sha256 = ['abc']"), ["web.clients.crm.key_sha256"]);
        let scope = format!("[clients.crm]\nkey_sha256 = ['{digest}']\nscopes = ['all']");
        assert_eq!(wrong(&scope), ["web.clients.crm.scopes"]);
        let rate = format!("[clients.crm]\nkey_sha256 = ['{digest}']\nrequests_per_minute = 0");
        assert_eq!(wrong(&rate), ["web.clients.crm.requests_per_minute"]);
        for name in ["api", "default", "CRM"] {
            let settings = format!("[clients.{name}]\nkey_sha256 = ['{digest}']");
            assert_eq!(wrong(&settings), [format!("web.clients.{name}")]);
        }
        let twice = format!("[clients.a]\nkey_sha256 = ['{digest}']\n[clients.b]\nkey_sha256 = ['{digest}']");
        assert_eq!(wrong(&twice), ["web.clients.b.key_sha256"]);
    }
}

//! `[social]`, checked.

mod settings;

use std::collections::BTreeMap;
use std::time::Duration;

use redress_runtime::Secret;
use redress_runtime::settings::{Problems, secret};

pub use settings::{AccountSettings, Kind, Settings, Start};

/// Names of accounts are part of keys and metrics.
const NAME_MAX: usize = 40;

/// What the service is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The accounts by name.
    pub accounts: BTreeMap<String, Account>,
    /// How long a lease lasts.
    pub lease: Duration,
    /// An account that was not looked into for so long is stalled.
    pub stalled_after: Duration,
    /// Posts that are being recorded at once.
    pub in_flight_max: usize,
    /// Largest answer of a platform.
    pub answer_bytes_max: usize,
    /// Largest file of a post that is fetched; 0: none.
    pub media_bytes_max: usize,
    /// How long an answer is tried.
    pub give_up_after: jiff::SignedDuration,
}

/// One account on a platform.
#[derive(Debug, Clone)]
pub struct Account {
    /// Where it is, and as whom.
    pub source: Source,
    /// Other accounts of ours there.
    pub own: Vec<String>,
    /// Where reading begins.
    pub start: Start,
    /// How often it is asked.
    pub poll: Duration,
    /// How long posts are looked at again; zero: never.
    pub look_again_for: Duration,
    /// How often.
    pub look_again_every: Duration,
    /// Hosts that media may be fetched from whatever their addresses are.
    pub media_hosts: Vec<String>,
}

/// A platform, and who we are there.
#[derive(Debug, Clone)]
pub enum Source {
    /// Mastodon.
    Mastodon(Mastodon),
    /// Bluesky.
    Bluesky(Bluesky),
    /// A feed.
    Feed(Feed),
}

/// An account on a Mastodon server.
#[derive(Debug, Clone)]
pub struct Mastodon {
    /// The server.
    pub url: String,
    /// The access token.
    pub token: Secret,
    /// Where its stream is, when it is listened to.
    pub streaming_url: Option<String>,
}

/// An account on Bluesky.
#[derive(Debug, Clone)]
pub struct Bluesky {
    /// The service.
    pub url: String,
    /// Handle or DID.
    pub identifier: String,
    /// An app password.
    pub password: Secret,
    /// What else is searched for.
    pub search: Vec<String>,
}

/// A feed.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Its whole address.
    pub url: String,
}

impl Config {
    /// Checks the settings.
    ///
    /// # Errors
    /// All problems together, each with its key.
    pub fn check(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Problems::none();
        let mut accounts = BTreeMap::new();
        for (name, account) in &settings.accounts {
            let key = format!("social.accounts.{name}");
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(fits) {
                problems.note(&key, "must be a name of letters, digits, - and _, 40 at most");
            }
            if let Some(account) = check_account(account, &key, &mut problems) {
                accounts.insert(name.clone(), account);
            }
        }
        let mut above_zero = |name: &str, value: u32| {
            if value == 0 {
                problems.note(format!("social.{name}"), "must be 1 or more");
            }
            value
        };
        let config = Self {
            accounts,
            lease: Duration::from_secs(above_zero("lease_seconds", settings.lease_seconds).into()),
            stalled_after: minutes(above_zero("stalled_after_minutes", settings.stalled_after_minutes)),
            in_flight_max: above_zero("in_flight_posts_max", settings.in_flight_posts_max) as usize,
            answer_bytes_max: (above_zero("answer_mebibytes_max", settings.answer_mebibytes_max) as usize)
                << 20,
            media_bytes_max: (settings.media_mebibytes_max as usize) << 20,
            give_up_after: jiff::SignedDuration::from_hours(settings.give_up_after_hours.into()),
        };
        problems.or(config)
    }
}

fn minutes(count: u32) -> Duration {
    Duration::from_secs(u64::from(count) * 60)
}

fn check_account(account: &AccountSettings, key: &str, problems: &mut Problems) -> Option<Account> {
    let url = account.url.trim().trim_end_matches('/').to_owned();
    check_url(&url, &format!("{key}.url"), problems);
    if account.poll_seconds == 0 {
        problems.note(format!("{key}.poll_seconds"), "must be 1 or more");
    }
    if account.look_again_minutes == 0 {
        problems.note(
            format!("{key}.look_again_minutes"),
            "must be 1 or more (look_again_hours = 0 switches it off)",
        );
    }
    let source = match account.platform {
        Some(Kind::Mastodon) => Source::Mastodon(mastodon(account, url, key, problems)),
        Some(Kind::Bluesky) => Source::Bluesky(bluesky(account, url, key, problems)),
        Some(Kind::Feed) => Source::Feed(Feed { url: account.url.trim().to_owned() }),
        None => {
            problems.note(format!("{key}.platform"), "must be \"mastodon\", \"bluesky\" or \"feed\"");
            return None;
        }
    };
    let is_searched = !account.search.is_empty();
    if is_searched && account.platform != Some(Kind::Bluesky) {
        problems.note(
            format!("{key}.search"),
            "is for Bluesky only: other servers search no posts for strangers",
        );
    }
    Some(Account {
        source,
        own: account.own.iter().map(|own| own.trim_start_matches('@').to_lowercase()).collect(),
        start: account.start,
        poll: Duration::from_secs(account.poll_seconds.into()),
        look_again_for: Duration::from_secs(u64::from(account.look_again_hours) * 3600),
        look_again_every: minutes(account.look_again_minutes),
        media_hosts: account.media_hosts.iter().map(|host| host.to_lowercase()).collect(),
    })
}

fn mastodon(account: &AccountSettings, url: String, key: &str, problems: &mut Problems) -> Mastodon {
    let token = secret(&format!("{key}.token"), &account.token, account.token_file.as_ref(), problems);
    if token.is_empty() && account.token_file.is_none() {
        problems.note(format!("{key}.token"), "must be given (better as token_file)");
    }
    let streaming_url = account.streaming_url.trim().trim_end_matches('/').to_owned();
    if !streaming_url.is_empty() {
        check_url(&streaming_url, &format!("{key}.streaming_url"), problems);
    }
    Mastodon { url, token, streaming_url: Some(streaming_url).filter(|url| !url.is_empty()) }
}

fn bluesky(account: &AccountSettings, url: String, key: &str, problems: &mut Problems) -> Bluesky {
    let password =
        secret(&format!("{key}.password"), &account.password, account.password_file.as_ref(), problems);
    if password.is_empty() && account.password_file.is_none() {
        problems.note(format!("{key}.password"), "must be given (better as password_file): an app password");
    }
    if account.identifier.trim().is_empty() {
        problems
            .note(format!("{key}.identifier"), "must be the handle, such as \"kettles.example\", or the DID");
    }
    let search = account.search.iter().map(|words| words.trim().to_owned()).filter(|words| !words.is_empty());
    let identifier = account.identifier.trim().trim_start_matches('@').to_owned();
    Bluesky { url, identifier, password, search: search.collect() }
}

/// Secrets travel in the open only within this machine.
fn check_url(url: &str, key: &str, problems: &mut Problems) {
    let Ok(parsed) = url::Url::parse(url) else {
        problems.note(key, "must be an address that begins with https://");
        return;
    };
    let is_here = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if parsed.scheme() != "https" && !(parsed.scheme() == "http" && is_here) {
        problems.note(key, "must begin with https:// (http:// only on this machine)");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        problems.note(key, "must hold no name or password");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(account: AccountSettings) -> Vec<String> {
        let settings = Settings { accounts: [("k".to_owned(), account)].into(), ..Settings::default() };
        let problems = Config::check(&settings).err().map(|problems| problems.0).unwrap_or_default();
        problems.into_iter().map(|problem| problem.key.replace("social.accounts.k.", "")).collect()
    }

    #[test]
    fn every_mistake_is_named_by_its_key() {
        assert_eq!(keys(AccountSettings::default()), ["url", "platform"]);
        let open = AccountSettings {
            platform: Some(Kind::Mastodon),
            url: "http://social.example".to_owned(),
            search: vec!["kettles".to_owned()],
            poll_seconds: 0,
            ..AccountSettings::default()
        };
        assert_eq!(keys(open), ["url", "poll_seconds", "token", "search"]);
        let nobody = AccountSettings {
            platform: Some(Kind::Bluesky),
            url: "https://user:word@bsky.example".to_owned(),
            ..AccountSettings::default()
        };
        assert_eq!(keys(nobody), ["url", "password", "identifier"]);
    }

    #[test]
    fn a_feed_on_this_machine_needs_nothing_but_its_address() {
        let feed = AccountSettings {
            platform: Some(Kind::Feed),
            url: "http://127.0.0.1:8000/feed.xml".to_owned(),
            ..AccountSettings::default()
        };
        assert_eq!(keys(feed), Vec::<String>::new());
    }
}

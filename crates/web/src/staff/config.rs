//! `[staff]` as it is meant.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;

use redress_runtime::settings::{Problems, secret};

use super::password::Hash;
use super::settings::Settings;
use crate::config::{self, Anonymous, at_least_one, authority, check_url, is_name};
use crate::file::{FileLimits, MEBIBYTE};

/// `[staff]` as it is meant.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where clerks reach it.
    pub public_url: String,
    https: bool,
    public_authority: String,
    /// Accounts of what is typed in, one at least.
    pub(crate) counters: Vec<String>,
    /// The telephone system whose calls notes are about.
    pub telephone_system: String,
    /// Country of telephone numbers written without one (ISO 3166).
    pub default_country: Option<String>,
    pub(crate) sessions: Sessions,
    pub(crate) received_days_max: u32,
    uploads: FileLimits,
    upload_mebibytes_per_hour: NonZeroU32,
    pub(crate) sign_ins_per_minute: NonZeroU32,
    pub(crate) account_sign_ins_per_minute: NonZeroU32,
    pub(crate) sign_ins_at_once: usize,
    pub(crate) accounts: Accounts,
}

/// How long a session lasts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sessions {
    /// Without a request.
    pub(crate) idle_seconds: i64,
    /// In all.
    pub(crate) seconds: i64,
}

/// Who may sign in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts(BTreeMap<String, Hash>);

impl Accounts {
    /// The hash of an account's password.
    pub(crate) fn get(&self, id: &str) -> Option<&Hash> {
        self.0.get(id)
    }

    /// The hash that takes longest to check: what is asked of an account that is not there takes as long.
    pub(crate) fn dearest(&self) -> Option<&Hash> {
        self.0.values().max_by_key(|hash| hash.cost)
    }

    #[cfg(test)]
    pub(crate) fn with(id: &str, hash: &str) -> Self {
        Self(BTreeMap::from([(id.to_owned(), Hash::read(hash).unwrap())]))
    }
}

impl Config {
    /// Checks what is written.
    ///
    /// # Errors
    /// All problems with their keys.
    pub fn check(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Problems::none();
        let https = check_url("staff.public_url", &settings.public_url, &mut problems);
        let listen = listen(settings, https, &mut problems);
        check_counters(settings, &mut problems);
        check_figures(settings, &mut problems);
        let accounts = accounts(settings, &mut problems);
        let (uploads, rates) = (&settings.uploads, &settings.rates);
        problems.or(Self {
            listen,
            public_url: settings.public_url.trim_end_matches('/').to_owned(),
            https,
            public_authority: authority(&settings.public_url),
            counters: settings.counters.clone(),
            telephone_system: settings.telephone_system.clone(),
            default_country: None,
            sessions: Sessions {
                idle_seconds: i64::from(settings.idle_minutes) * 60,
                seconds: i64::from(settings.session_hours) * 3600,
            },
            received_days_max: settings.received_days_max,
            uploads: FileLimits {
                files_max: uploads.files_max as usize,
                file_bytes_max: uploads.file_mebibytes_max as usize * MEBIBYTE,
                total_bytes_max: uploads.total_mebibytes_max as usize * MEBIBYTE,
                media_types: Vec::new(),
            },
            upload_mebibytes_per_hour: at_least_one(uploads.mebibytes_per_hour),
            sign_ins_per_minute: at_least_one(rates.sign_ins_per_minute),
            account_sign_ins_per_minute: at_least_one(rates.account_sign_ins_per_minute),
            sign_ins_at_once: rates.sign_ins_at_once as usize,
            accounts,
        })
    }

    /// The largest scan that is taken, in bytes; none where nobody may sign in.
    pub fn file_bytes_max(&self) -> usize {
        if self.accounts() == 0 { 0 } else { self.uploads.file_bytes_max }
    }

    /// How many may sign in; without anybody there is nothing to serve.
    pub fn accounts(&self) -> usize {
        self.accounts.0.len()
    }

    /// The pages of the web channel as clerks meet them: nothing is required but what happened, for a letter may lack
    /// anything else; and scans may be large.
    pub(crate) fn pages(&self, web: config::Config) -> config::Config {
        let mut forms = web.forms;
        for form in &mut forms {
            form.demands.anonymous = Anonymous::Taken;
            form.demands.required.clear();
        }
        let media_types = web.uploads.media_types;
        config::Config {
            https: self.https,
            public_authority: self.public_authority.clone(),
            forms,
            uploads: FileLimits { media_types, ..self.uploads.clone() },
            upload_mebibytes_per_hour: self.upload_mebibytes_per_hour,
            ..web
        }
    }
}

fn listen(settings: &Settings, https: bool, problems: &mut Problems) -> SocketAddr {
    let listen = settings.listen.parse::<SocketAddr>().unwrap_or_else(|_| {
        let message = format!("{:?} is no address and port, such as 127.0.0.1:8081", settings.listen);
        problems.note("staff.listen", message);
        SocketAddr::from(([127, 0, 0, 1], 0))
    });
    if !listen.ip().is_loopback() && !https {
        let message =
            "must be https://… where others than this machine reach the listener: passwords travel there";
        problems.note("staff.public_url", message);
    }
    listen
}

fn accounts(settings: &Settings, problems: &mut Problems) -> Accounts {
    let mut accounts = BTreeMap::new();
    for (id, account) in &settings.accounts {
        let key = format!("staff.accounts.{id}");
        if !is_name(id, '-') {
            problems.note(key.clone(), format!("{id:?} is no id of an account: a-z, digits and -"));
        }
        let key = format!("{key}.password_hash");
        let known = problems.0.len();
        let text = secret(&key, &account.password_hash, account.password_hash_file.as_ref(), problems);
        if problems.0.len() > known {
            continue;
        }
        match Hash::read(text.expose()) {
            Ok(hash) => drop(accounts.insert(id.clone(), hash)),
            Err(problem) => problems.note(key, problem),
        }
    }
    Accounts(accounts)
}

fn check_counters(settings: &Settings, problems: &mut Problems) {
    if settings.counters.is_empty() {
        problems.note("staff.counters", "must name one at least, such as \"post-room\"");
    }
    for (at, counter) in settings.counters.iter().enumerate() {
        if !is_name(counter, '-') || settings.counters[..at].contains(counter) {
            let message = format!("{counter:?} must be a-z, digits and -, and stand there once");
            problems.note("staff.counters", message);
        }
    }
}

fn check_figures(settings: &Settings, problems: &mut Problems) {
    let (uploads, rates) = (&settings.uploads, &settings.rates);
    for (key, value, least, most) in [
        ("idle_minutes", settings.idle_minutes, 1, 1_440),
        ("session_hours", settings.session_hours, 1, 72),
        ("received_days_max", settings.received_days_max, 1, 3_650),
        ("uploads.files_max", uploads.files_max, 0, 20),
        ("uploads.file_mebibytes_max", uploads.file_mebibytes_max, 1, uploads.total_mebibytes_max),
        ("uploads.total_mebibytes_max", uploads.total_mebibytes_max, 1, config::UPLOAD_MEBIBYTES_MAX),
        (
            "uploads.mebibytes_per_hour",
            uploads.mebibytes_per_hour,
            uploads.total_mebibytes_max + 1,
            1_000_000,
        ),
        ("rates.sign_ins_per_minute", rates.sign_ins_per_minute, 1, 10_000),
        ("rates.account_sign_ins_per_minute", rates.account_sign_ins_per_minute, 1, 10_000),
        ("rates.sign_ins_at_once", rates.sign_ins_at_once, 1, 64),
    ] {
        if !(least..=most).contains(&value) {
            problems.note(format!("staff.{key}"), format!("{value} is not between {least} and {most}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use redress_runtime::Secret;

    use super::super::password::hash;
    use super::super::settings::AccountSettings;
    use super::*;

    fn wrong(change: impl FnOnce(&mut Settings)) -> Vec<String> {
        let mut settings = Settings::default();
        change(&mut settings);
        Config::check(&settings).map_or_else(|p| p.0.into_iter().map(|p| p.key).collect(), |_| Vec::new())
    }

    fn account(hash: &str) -> AccountSettings {
        AccountSettings { password_hash: Secret::new(hash), password_hash_file: None }
    }

    #[test]
    fn the_defaults_are_good_and_serve_nobody() {
        assert_eq!(Config::check(&Settings::default()).unwrap().accounts(), 0);
    }

    #[test]
    fn each_mistake_is_named_by_its_key() {
        let good = hash("correct horse battery").unwrap();
        let with = |id: &str, hash: &str| wrong(|s| drop(s.accounts.insert(id.to_owned(), account(hash))));
        assert_eq!(with("ina", &good), Vec::<String>::new());
        assert_eq!(with("ina", ""), ["staff.accounts.ina.password_hash"]);
        assert_eq!(with("ina", "secret"), ["staff.accounts.ina.password_hash"]);
        assert_eq!(with("Ina.Doe", &good), ["staff.accounts.Ina.Doe"]);
        assert_eq!(wrong(|s| s.listen = "8081".to_owned()), ["staff.listen"]);
        assert_eq!(wrong(|s| s.listen = "0.0.0.0:8081".to_owned()), ["staff.public_url"]);
        assert_eq!(wrong(|s| s.public_url = "staff.example.org".to_owned()), ["staff.public_url"]);
        assert_eq!(wrong(|s| s.counters.clear()), ["staff.counters"]);
        assert_eq!(wrong(|s| s.counters.push("counter".to_owned())), ["staff.counters"]);
        assert_eq!(wrong(|s| s.idle_minutes = 0), ["staff.idle_minutes"]);
        assert_eq!(wrong(|s| s.session_hours = 73), ["staff.session_hours"]);
        assert_eq!(wrong(|s| s.received_days_max = 0), ["staff.received_days_max"]);
        assert_eq!(wrong(|s| s.uploads.total_mebibytes_max = 51), ["staff.uploads.total_mebibytes_max"]);
        assert_eq!(wrong(|s| s.rates.sign_ins_at_once = 0), ["staff.rates.sign_ins_at_once"]);
    }

    #[test]
    fn a_hash_may_lie_in_a_file_and_is_not_given_twice() {
        let none = AccountSettings {
            password_hash_file: Some("/nowhere/at/all".into()),
            ..AccountSettings::default()
        };
        let file = |account: AccountSettings| wrong(|s| drop(s.accounts.insert("ina".to_owned(), account)));
        assert_eq!(file(none.clone()), ["staff.accounts.ina.password_hash_file"]);
        assert_eq!(
            file(AccountSettings { password_hash: Secret::new("x"), ..none }),
            ["staff.accounts.ina.password_hash"]
        );
    }
}

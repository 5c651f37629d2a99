//! All tables of the settings file: as they are written ([`Settings`]) and as they are meant ([`Config`]).

mod example;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use redress_domain::{Rules, RulesSettings};
use redress_runtime::client::Proxies;
use redress_runtime::listener::Limits;
use redress_runtime::logs::Format;
use redress_runtime::settings::Problems;
use serde::{Deserialize, Serialize};

pub use example::{gaps, sample};

use crate::closures;
use crate::data::DataFolder;
use crate::sealing::KeyFiles;

/// The settings file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `[log]`
    pub log: LogSettings,
    /// `[data]`
    pub data: DataSettings,
    /// `[identity]`
    pub identity: IdentitySettings,
    /// `[keys]`
    pub keys: KeysSettings,
    /// `[broker]`
    pub broker: BrokerSettings,
    /// `[bus]`
    pub bus: redress_bus::config::Settings,
    /// `[public]`
    pub public: PublicSettings,
    /// `[health]`
    pub health: HealthSettings,
    /// `[email]`
    pub email: redress_email::Settings,
    /// `[phone]`
    pub phone: redress_phone::Settings,
    /// `[social]`
    pub social: redress_social::Settings,
    /// `[web]`
    pub web: redress_web::Settings,
    /// `[staff]`
    pub staff: redress_web::staff::Settings,
    /// `[router]`
    pub router: redress_router::Settings,
    /// `[sla]`
    pub sla: redress_sla::Settings,
    /// `[notifier]`
    pub notifier: redress_notifier::Settings,
    /// `[feed]`
    pub feed: redress_feed::Settings,
    /// `[erase]`
    pub erase: redress_erase::Settings,
    /// `[rules]`
    pub rules: RulesSettings,
}

/// `[log]`: what is logged, and how it looks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// `text` for people, `json` for machines.
    pub format: Format,
    /// Level, and levels by module: `info,async_nats=warn,redress_email=debug`.
    pub filter: String,
}

/// `[data]`: where `redress up` keeps its data.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSettings {
    /// The folder; `$XDG_DATA_HOME/redress` or `./data` when absent.
    pub folder: Option<PathBuf>,
}

/// `[identity]`: the key from which ids, references and tokens are derived.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentitySettings {
    /// The key file; `identity.key` in the data folder when absent.
    pub key_file: Option<PathBuf>,
}

/// `[keys]`: files of the keys that seal personal data. Beside the data when absent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeysSettings {
    /// What seals: all that channels need.
    pub public_file: Option<PathBuf>,
    /// What opens.
    pub private_file: Option<PathBuf>,
    /// What seals communications for the status page as well.
    pub status_public_file: Option<PathBuf>,
    /// What the status page opens them with.
    pub status_private_file: Option<PathBuf>,
}

/// `[broker]`: the nats-server that `redress up` runs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrokerSettings {
    /// The program; looked for when absent.
    pub program: Option<PathBuf>,
    /// Its port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Most it may store, in MiB; 0, or more than that: four fifths of what the disk has free.
    pub store_mebibytes_max: u32,
    /// What its heap may take before it collects garbage more often, in MiB; 0: a quarter of the machine's memory, 1024 at
    /// least.
    pub memory_mebibytes_max: u32,
}

/// `[public]`: the listener that all services with pages share.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PublicSettings {
    /// Address and port; port 0 takes a free one.
    pub address: String,
    /// Connections at a time; further ones wait.
    pub connections_max: u32,
    /// How long a request may take.
    pub request_seconds: u32,
    /// How long to wait for requests in flight when stopping.
    pub drain_seconds: u32,
    /// Proxies before it, as addresses or networks: whom they name in `X-Forwarded-For` is the client. What
    /// they ask without naming anybody is not limited.
    pub trusted_proxies: Vec<String>,
}

/// `[health]`: `/healthz`, `/readyz`, `/metrics`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HealthSettings {
    /// Address and port; port 0 takes a free one.
    pub address: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: Format::Text, filter: "info,async_nats=warn".to_owned() }
    }
}

impl Default for PublicSettings {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:8080".to_owned(),
            connections_max: 1024,
            request_seconds: 300,
            drain_seconds: 20,
            trusted_proxies: ["127.0.0.0/8", "::1"].map(str::to_owned).to_vec(),
        }
    }
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self { address: "127.0.0.1:9464".to_owned() }
    }
}

/// What the settings mean, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Logging.
    pub log: LogSettings,
    /// The data folder.
    pub data: DataFolder,
    /// The identity key.
    pub key_file: PathBuf,
    /// The files of the sealing keys.
    pub sealing: KeyFiles,
    /// The broker of `redress up`.
    pub broker: BrokerSettings,
    /// The connection to the broker.
    pub bus: redress_bus::Config,
    /// The public listener.
    pub public: SocketAddr,
    /// Its limits.
    pub public_limits: Limits,
    /// Proxies before it.
    pub proxies: Proxies,
    /// The listener for health and metrics.
    pub health: SocketAddr,
    /// The service `email`.
    pub email: redress_email::Config,
    /// The service `phone`.
    pub phone: redress_phone::Config,
    /// The service `social`.
    pub social: redress_social::Config,
    /// The service `web`.
    pub web: redress_web::Config,
    /// What the service `web` serves to clerks.
    pub staff: redress_web::staff::Config,
    /// The service `router`.
    pub router: redress_router::Config,
    /// The service `sla`.
    pub sla: redress_sla::Config,
    /// The service `notifier`.
    pub notifier: redress_notifier::Config,
    /// The service `feed`.
    pub feed: redress_feed::Config,
    /// Sweeping and retention.
    pub erase: redress_erase::Config,
    /// Policies, calendars, routing.
    pub rules: Rules,
}

/// Reads and checks the settings: `file`, else `$REDRESS_CONFIG`, else `redress.toml` when it is there.
///
/// # Errors
/// All [`Problems`] together.
pub fn read(
    file: Option<&Path>,
    environment: &BTreeMap<String, String>,
) -> Result<(Settings, Config), Problems> {
    let named = file.map(Path::to_owned).or_else(|| environment.get("REDRESS_CONFIG").map(PathBuf::from));
    let file = named.or_else(|| Some(PathBuf::from("redress.toml")).filter(|path| path.exists()));
    let settings: Settings = redress_runtime::settings::read(file.as_deref(), environment)?;
    let config = Config::check(&settings, environment)?;
    Ok((settings, config))
}

impl Config {
    /// Checks what is written.
    ///
    /// # Errors
    /// All problems with their keys.
    pub fn check(settings: &Settings, environment: &BTreeMap<String, String>) -> Result<Self, Problems> {
        let mut checks = Checks(Problems::none());
        let data = data_folder(settings, environment);
        let key_file = settings.identity.key_file.clone().unwrap_or_else(|| data.identity_key());
        let sealing = KeyFiles::of(&settings.keys, &data);
        let public = checks.address("public.address", &settings.public.address);
        let health = checks.address("health.address", &settings.health.address);
        let public_limits = checks.limits(&settings.public);
        let proxies = checks.proxies(&settings.public.trusted_proxies);
        let rules = compile(&settings.rules);
        let (bus, rules) = (checks.of(redress_bus::Config::check(&settings.bus)), checks.of(rules));
        let (email, phone, web) = (
            checks.of(redress_email::Config::check(&settings.email)),
            checks.of(redress_phone::Config::check(&settings.phone, &settings.web.public_url)),
            checks.of(redress_web::Config::check(&settings.web)),
        );
        let social = checks.of(redress_social::Config::check(&settings.social));
        let staff = checks.of(redress_web::staff::Config::check(&settings.staff));
        let (router, sla) = (
            checks.of(redress_router::Config::check(&settings.router)),
            checks.of(redress_sla::Config::check(&settings.sla)),
        );
        let (notifier, feed, erase) = (
            checks.of(redress_notifier::Config::check(&settings.notifier)),
            checks.of(redress_feed::Config::check(&settings.feed)),
            checks.of(redress_erase::Config::check(&settings.erase)),
        );
        let staff = staff.map(|staff| checks.telephone_system(staff, phone.as_ref(), router.as_ref()));
        checks.uploads_fit(settings);
        let notifier = notifier
            .map(|notifier| redress_notifier::Config { status_page: status_page(&settings.web), ..notifier });
        let config = || {
            Some(Self {
                log: settings.log.clone(),
                data,
                key_file,
                sealing,
                broker: settings.broker.clone(),
                bus: bus?,
                public: public?,
                public_limits,
                proxies,
                health: health?,
                email: email?,
                phone: phone?,
                social: social?,
                web: web?,
                staff: staff?,
                router: router?,
                sla: sla?,
                notifier: notifier?,
                feed: feed?,
                erase: erase?,
                rules: rules?,
            })
        };
        match config() {
            Some(config) => checks.0.or(config),
            None => Err(checks.0),
        }
    }
}

impl Config {
    /// Every file that holds a key of the installation, by what the key is for.
    pub fn key_files(&self) -> Vec<(String, PathBuf)> {
        let sealing = &self.sealing;
        let all = [
            ("identity", &self.key_file),
            ("sealing.private", &sealing.private),
            ("sealing.public", &sealing.public),
            ("status.private", &sealing.status_private),
            ("status.public", &sealing.status_public),
        ];
        all.map(|(role, file)| (role.to_owned(), file.clone())).into()
    }
}

/// The status page that mails lead to. As shipped, the public reaches nothing: mails then name no page.
fn status_page(web: &redress_web::Settings) -> Option<redress_notifier::StatusPage> {
    let is_set = web.public_url != redress_web::Settings::default().public_url;
    is_set.then(|| redress_notifier::StatusPage {
        url: web.public_url.trim_end_matches('/').to_owned(),
        languages: web.languages.clone(),
    })
}

/// Gathers the problems of all tables.
struct Checks(Problems);

impl Checks {
    fn of<T>(&mut self, checked: Result<T, Problems>) -> Option<T> {
        checked.map_err(|problems| self.0.0.extend(problems.0)).ok()
    }

    /// A note names the call of a telephone system: the one that is set, or the only one there is.
    fn telephone_system(
        &mut self,
        mut staff: redress_web::staff::Config,
        phone: Option<&redress_phone::Config>,
        router: Option<&redress_router::Config>,
    ) -> redress_web::staff::Config {
        let accounts = phone.into_iter().flat_map(|phone| phone.accounts.values());
        let systems: BTreeSet<&str> = accounts.map(|account| account.house.system.as_str()).collect();
        let telephone_system = match (staff.telephone_system.as_str(), systems.iter().next()) {
            ("", Some(only)) if systems.len() == 1 => (*only).to_owned(),
            (set, _) => {
                if !set.is_empty() && !systems.contains(set) {
                    self.0.note("staff.telephone_system", "is no system or account under [phone.accounts]");
                }
                set.to_owned()
            }
        };
        staff.telephone_system = telephone_system;
        staff.default_country = router.and_then(|router| router.default_country.clone());
        staff
    }

    fn address(&mut self, key: &str, text: &str) -> Option<SocketAddr> {
        let parsed = text.parse();
        if parsed.is_err() {
            self.0.note(key, format!("{text:?} is no address and port, such as 127.0.0.1:8080"));
        }
        parsed.ok()
    }

    fn proxies(&mut self, networks: &[String]) -> Proxies {
        let mut read = Vec::new();
        for text in networks {
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            match text.parse().or_else(|_| address()) {
                Ok(network) => read.push(network),
                Err(_) => self.0.note(
                    "public.trusted_proxies",
                    format!("{text:?} is no address or network, such as \"10.0.0.0/8\""),
                ),
            }
        }
        Proxies::new(read)
    }

    /// What may take its time must not be cut off by the time for any request: its sender would not even hear why.
    fn uploads_fit(&mut self, settings: &Settings) {
        let (uploads, all) = (&settings.web.uploads, settings.public.request_seconds);
        let clamd = if uploads.clamd.is_empty() { 0 } else { uploads.clamd_seconds };
        let broker = settings.web.patience_ms.div_ceil(1_000);
        let needed = uploads.read_seconds.saturating_add(clamd).saturating_add(broker);
        if uploads.files_max > 0 && all > 0 && needed > all {
            let message = format!(
                "{} seconds for files to come, {clamd} for clamd and {broker} for the broker are more than \
                 public.request_seconds = {all}",
                uploads.read_seconds
            );
            self.0.note("web.uploads.read_seconds", message);
        }
    }

    fn limits(&mut self, settings: &PublicSettings) -> Limits {
        for (key, value) in [
            ("public.connections_max", settings.connections_max),
            ("public.request_seconds", settings.request_seconds),
        ] {
            if value == 0 {
                self.0.note(key, "must be at least 1");
            }
        }
        let seconds = |n: u32| std::time::Duration::from_secs(n.into());
        Limits {
            connections_max: settings.connections_max as usize,
            request_timeout: seconds(settings.request_seconds),
            drain_timeout: seconds(settings.drain_seconds),
            ..Limits::default()
        }
    }
}

/// The rules, with the days of the files that their calendars name.
///
/// # Errors
/// All problems, with the keys that the settings file has.
pub(crate) fn compile(rules: &RulesSettings) -> Result<Rules, Problems> {
    Rules::compile(&closures::with_files(rules)?).map_err(in_rules)
}

/// Problems of the rules, with the keys that the settings file has.
fn in_rules(problems: Vec<redress_domain::Problem>) -> Problems {
    let mut all = Problems::none();
    for problem in problems {
        all.note(format!("rules.{}", problem.key), problem.message);
    }
    all
}

fn data_folder(settings: &Settings, environment: &BTreeMap<String, String>) -> DataFolder {
    let home = environment.get("XDG_DATA_HOME").filter(|home| !home.is_empty());
    let usual = || home.map_or_else(|| PathBuf::from("data"), |home| Path::new(home).join("redress"));
    DataFolder::at(settings.data.folder.clone().unwrap_or_else(usual))
}

//! Settings → config: what is written under `[notifier]`, checked as a whole before anything connects.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use redress_domain::guard::GuardLimits;
use redress_identity::address::{domain, is_email};
use redress_runtime::Secret;
use redress_runtime::settings::{Problems, secret};

use crate::quiet::QuietHours;
use crate::settings::{AccountSettings, OutboundSettings, Settings, SmtpSettings};
use crate::staff::Staff;
use crate::texts::Texts;

/// `[notifier]` as it is meant.
#[derive(Debug, Clone)]
pub struct Config {
    /// How messages leave.
    pub transport: TransportConfig,
    /// Who sends, when the account has no sender of its own.
    pub sender: Sender,
    /// Who sends, by account.
    pub accounts: BTreeMap<String, Sender>,
    /// The organisation's name.
    pub organisation: String,
    /// Whom to ask.
    pub contact_line: String,
    /// How to go further.
    pub escalation_line: String,
    /// Where reports of non-delivery go; communication and signature are added.
    pub bounce_address: String,
    /// Right side of our Message-IDs.
    pub message_id_domain: String,
    /// False when the mail server knows no plus-addresses.
    pub plus_addresses: bool,
    /// The words.
    pub texts: Arc<Texts>,
    /// In which times are told.
    pub zone: TimeZone,
    /// Where complainants see how it stands; none when the public reaches no such page.
    pub status_page: Option<StatusPage>,
    /// What happens to what is on its way out.
    pub mode: Mode,
    /// Addresses of staff.
    pub staff: Staff,
    /// When staff are not written to.
    pub quiet_hours: QuietHours,
    /// What the guards keep.
    pub limits: GuardLimits,
    /// Messages a minute, all together.
    pub breaker_per_minute: usize,
    /// How many commits, and how many messages, are worked on at once.
    pub parallel: usize,
    /// How long a message is tried.
    pub give_up_after: SignedDuration,
}

/// The status page, as the settings of another service say: `[web] public_url` and `languages`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPage {
    /// Where the public reaches the pages, without a slash at its end.
    pub url: String,
    /// Languages of the pages.
    pub languages: Vec<String>,
}

/// Who sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Address of the mailbox.
    pub address: String,
    /// Name beside it.
    pub name: String,
    /// Language when the complainant's is unknown; empty for the first one.
    pub language: String,
}

/// What happens to what is on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// It goes to whom it is for.
    Live,
    /// Everything goes to this one address, whoever it is for.
    Redirect(String),
    /// Nothing goes to complainants; staff are told as ever.
    Hold,
}

/// How messages leave.
#[derive(Debug, Clone)]
pub enum TransportConfig {
    /// Into a folder.
    Maildir(PathBuf),
    /// To a mail server.
    Smtp(SmtpConfig),
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// TLS.
    pub tls: Tls,
    /// Its certificate authority (PEM), beside the platform's.
    pub ca: Option<Vec<u8>>,
    /// User and password.
    pub login: Option<(String, Secret)>,
    /// What we call ourselves in EHLO.
    pub hello_name: String,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long one message may take.
    pub send_timeout: Duration,
}

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// With the connection.
    Implicit,
    /// After STARTTLS, or not at all.
    StartTls,
    /// Never: only to this very machine.
    None,
}

impl Config {
    /// Checks what is written.
    ///
    /// # Errors
    /// All problems with their keys.
    pub fn check(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Problems::none();
        let sender = default_sender(settings, &mut problems);
        let accounts = settings.accounts.iter().map(|(name, account)| {
            let key = format!("notifier.accounts.{name}");
            (name.clone(), account_sender(&key, account, &sender, &mut problems))
        });
        let accounts = accounts.collect();
        let texts = check_texts(settings, &mut problems);
        let zone = check_zone(&settings.zone, &mut problems);
        let bounce_address = or_else(&settings.bounce_address, &sender.address);
        // What follows from the sender's address is not blamed a second time.
        if bounce_address != sender.address {
            check_email("notifier.bounce_address", &bounce_address, &mut problems);
        }
        let message_id_domain = or_else(&settings.message_id_domain, &domain(&sender.address));
        if is_email(&sender.address) {
            check_domain("notifier.message_id_domain", &message_id_domain, &mut problems);
        }
        let transport = check_transport(settings, &message_id_domain, &mut problems);
        let mode = check_mode(&settings.outbound, &mut problems);
        let config = Self {
            transport,
            accounts,
            organisation: or_else(&settings.organisation, &sender.name),
            contact_line: settings.contact_line.trim().to_owned(),
            escalation_line: settings.escalation_line.trim().to_owned(),
            bounce_address,
            message_id_domain,
            plus_addresses: settings.plus_addresses,
            texts,
            staff: Staff::check(settings, &zone, &mut problems),
            quiet_hours: QuietHours::check(&settings.quiet_hours, &zone, &mut problems),
            limits: check_limits(settings, &mode, &mut problems),
            breaker_per_minute: at_least_one(
                "notifier.breaker_per_minute",
                settings.breaker_per_minute,
                &mut problems,
            ),
            parallel: at_least_one("notifier.parallel", settings.parallel, &mut problems),
            give_up_after: hours("notifier.give_up_hours", settings.give_up_hours, &mut problems),
            status_page: None,
            zone,
            mode,
            sender,
        };
        problems.or(config)
    }

    /// Who sends what concerns contacts that came in by this account.
    pub fn sender(&self, account: &str) -> &Sender {
        self.accounts.get(account).unwrap_or(&self.sender)
    }

    /// Every address by which mail reaches ourselves.
    pub fn own_addresses(&self) -> impl Iterator<Item = &str> {
        let senders = self.accounts.values().chain([&self.sender]);
        senders.map(|sender| sender.address.as_str()).chain([self.bounce_address.as_str()])
    }
}

/// Sender of an installation that only writes into a folder and was told nothing.
const NOBODY: &str = "complaints@redress.invalid";

fn default_sender(settings: &Settings, problems: &mut Problems) -> Sender {
    let address = match settings.from_address.trim() {
        "" if settings.transport == "maildir" => NOBODY.to_owned(),
        address => address.to_owned(),
    };
    check_email("notifier.from_address", &address, problems);
    let name = or_else(&settings.from_name, &settings.organisation);
    Sender { address, name, language: String::new() }
}

fn account_sender(key: &str, account: &AccountSettings, sender: &Sender, problems: &mut Problems) -> Sender {
    let address = or_else(&account.address, &sender.address);
    if address != sender.address {
        check_email(&format!("{key}.address"), &address, problems);
    }
    Sender { address, name: or_else(&account.name, &sender.name), language: account.language.clone() }
}

fn check_texts(settings: &Settings, problems: &mut Problems) -> Arc<Texts> {
    if settings.languages.is_empty() {
        problems.note("notifier.languages", "names at least one language, such as \"en\"");
        return Arc::new(english());
    }
    match Texts::load(&settings.languages, settings.templates_dir.as_deref()) {
        Ok(texts) => Arc::new(texts),
        Err(errors) => {
            for error in errors {
                let key = match error {
                    crate::texts::TextError::NoLanguage(_) => "notifier.languages",
                    _ => "notifier.templates_dir",
                };
                problems.note(key, error.to_string());
            }
            Arc::new(english())
        }
    }
}

fn english() -> Texts {
    Texts::load(&["en".to_owned()], None).expect("the built-in English texts are well formed")
}

fn check_zone(zone: &str, problems: &mut Problems) -> TimeZone {
    TimeZone::get(zone).unwrap_or_else(|_| {
        problems
            .note("notifier.zone", format!("{zone:?} is no time zone; say something like \"Europe/Vienna\""));
        TimeZone::UTC
    })
}

fn check_transport(settings: &Settings, own_domain: &str, problems: &mut Problems) -> TransportConfig {
    match settings.transport.as_str() {
        "smtp" => TransportConfig::Smtp(check_smtp(&settings.smtp, own_domain, problems)),
        "maildir" => {
            if settings.maildir_path.as_os_str().is_empty() {
                problems.note("notifier.maildir_path", "names the folder into which messages are written");
            }
            TransportConfig::Maildir(settings.maildir_path.clone())
        }
        other => {
            problems.note("notifier.transport", format!("{other:?} is neither \"smtp\" nor \"maildir\""));
            TransportConfig::Maildir(PathBuf::new())
        }
    }
}

fn check_smtp(settings: &SmtpSettings, own_domain: &str, problems: &mut Problems) -> SmtpConfig {
    if settings.host.is_empty() {
        problems.note("notifier.smtp.host", "names the mail server");
    }
    let tls = match settings.tls.as_str() {
        "implicit" => Tls::Implicit,
        "starttls" => Tls::StartTls,
        "none" if is_loopback(&settings.host) => Tls::None,
        "none" => {
            problems.note("notifier.smtp.tls", "may be \"none\" only for a mail server on this very machine");
            Tls::None
        }
        other => {
            problems.note(
                "notifier.smtp.tls",
                format!("{other:?} is none of \"implicit\", \"starttls\", \"none\""),
            );
            Tls::StartTls
        }
    };
    let file = settings.password_file.as_ref();
    let password = secret("notifier.smtp.password", &settings.password, file, problems);
    if settings.user.is_empty() != password.is_empty() {
        problems.note("notifier.smtp.user", "goes together with a password");
    }
    let ca = settings.ca_file.as_ref().and_then(|file| {
        std::fs::read(file)
            .map_err(|e| problems.note("notifier.smtp.ca_file", format!("read {}: {e}", file.display())))
            .ok()
    });
    SmtpConfig {
        host: settings.host.clone(),
        port: if settings.port == 0 { tls.usual_port() } else { settings.port },
        tls,
        ca,
        login: (!settings.user.is_empty()).then(|| (settings.user.clone(), password)),
        hello_name: or_else(&settings.hello_name, own_domain),
        connect_timeout: seconds("notifier.smtp.connect_seconds", settings.connect_seconds, problems),
        send_timeout: seconds("notifier.smtp.send_seconds", settings.send_seconds, problems),
    }
}

impl Tls {
    fn usual_port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn check_mode(settings: &OutboundSettings, problems: &mut Problems) -> Mode {
    match settings.mode.as_str() {
        "live" => Mode::Live,
        "hold" => Mode::Hold,
        "redirect" => {
            check_email("notifier.outbound.redirect_to", &settings.redirect_to, problems);
            Mode::Redirect(settings.redirect_to.clone())
        }
        other => {
            let message = format!("{other:?} is none of \"live\", \"redirect\", \"hold\"");
            problems.note("notifier.outbound.mode", message);
            Mode::Hold
        }
    }
}

fn check_limits(settings: &Settings, mode: &Mode, problems: &mut Problems) -> GuardLimits {
    let limits = &settings.limits;
    for (key, value) in [
        ("authenticated_per_hour", limits.authenticated_per_hour),
        ("authenticated_per_day", limits.authenticated_per_day),
        ("anonymous_per_hour", limits.anonymous_per_hour),
        ("anonymous_per_day", limits.anonymous_per_day),
    ] {
        if value == 0 {
            problems.note(
                format!("notifier.limits.{key}"),
                "must be at least 1; to send nothing, use mode \"hold\"",
            );
        }
    }
    GuardLimits {
        authenticated_per_hour: limits.authenticated_per_hour,
        authenticated_per_day: limits.authenticated_per_day,
        anonymous_per_hour: limits.anonymous_per_hour,
        anonymous_per_day: limits.anonymous_per_day,
        stale_after: hours("notifier.limits.stale_after_hours", limits.stale_after_hours, problems),
        hold_all: *mode == Mode::Hold,
    }
}

pub(crate) fn check_email(key: &str, address: &str, problems: &mut Problems) {
    if !is_email(address) || address.parse::<lettre::Address>().is_err() {
        problems.note(key, format!("{address:?} is no email address"));
    }
}

fn check_domain(key: &str, name: &str, problems: &mut Problems) {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if name.is_empty() || name.len() > 120 || !name.chars().all(good) {
        problems.note(key, format!("{name:?} is no domain name"));
    }
}

fn at_least_one(key: &str, value: u32, problems: &mut Problems) -> usize {
    if value == 0 {
        problems.note(key, "must be at least 1");
    }
    usize::try_from(value).unwrap_or(usize::MAX).max(1)
}

fn hours(key: &str, value: u32, problems: &mut Problems) -> SignedDuration {
    if value == 0 {
        problems.note(key, "must be at least 1");
    }
    SignedDuration::from_hours(i64::from(value))
}

fn seconds(key: &str, value: u32, problems: &mut Problems) -> Duration {
    if value == 0 {
        problems.note(key, "must be at least 1");
    }
    Duration::from_secs(u64::from(value))
}

fn or_else(text: &str, otherwise: &str) -> String {
    let text = text.trim();
    if text.is_empty() { otherwise.to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests;

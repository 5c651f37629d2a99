//! `[notifier]` as it is written. What it means, and whether it may be, says [`crate::config`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use redress_domain::guard::GuardLimits;
use redress_runtime::Secret;
use serde::{Deserialize, Serialize};

/// Everything under `[notifier]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `smtp`, or `maildir`: into a folder, to look at.
    pub transport: String,
    /// The mail server.
    pub smtp: SmtpSettings,
    /// The folder, for the transport `maildir`.
    pub maildir_path: PathBuf,
    /// The organisation's name, as it signs.
    pub organisation: String,
    /// The mailbox that messages come from, when the account has none of its own.
    pub from_address: String,
    /// The name beside it; the organisation's when empty.
    pub from_name: String,
    /// A sentence that says whom to ask and how, such as a telephone number with its hours.
    pub contact_line: String,
    /// A sentence that says how to go further, such as the ombudsman's address.
    pub escalation_line: String,
    /// Where reports of non-delivery go; `from_address` when empty.
    pub bounce_address: String,
    /// Right side of our Message-IDs; the domain of `from_address` when empty.
    pub message_id_domain: String,
    /// False when the mail server does not deliver `name+anything@…` to `name@…`.
    pub plus_addresses: bool,
    /// Senders by account.
    pub accounts: BTreeMap<String, AccountSettings>,
    /// Languages that messages are written in; the first one when the complainant's is none of them.
    pub languages: Vec<String>,
    /// Folder with texts that take the place of the built-in ones.
    pub templates_dir: Option<PathBuf>,
    /// IANA time zone in which times are told.
    pub zone: String,
    /// What happens to what is on its way out.
    pub outbound: OutboundSettings,
    /// Addresses by role: `complaints_manager = "…"`; or `"roster:<name>"`.
    pub roles: BTreeMap<String, String>,
    /// Addresses by team and role.
    pub teams: BTreeMap<String, BTreeMap<String, String>>,
    /// Addresses by handler (the opaque id of a member of staff).
    pub handlers: BTreeMap<String, String>,
    /// Who is on duty when, by name: a role whose address is `roster:<name>` is whoever that is.
    pub rosters: BTreeMap<String, RosterSettings>,
    /// When staff are not written to.
    pub quiet_hours: QuietHoursSettings,
    /// How much goes to one address.
    pub limits: LimitsSettings,
    /// Messages a minute, all together, each replica; more than that wait.
    pub breaker_per_minute: u32,
    /// How many commits, and how many messages, are worked on at once.
    pub parallel: u32,
    /// How long a message is tried; keep it below `bus.retry_hours`.
    pub give_up_hours: u32,
}

/// `[notifier.smtp]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpSettings {
    /// Host name.
    pub host: String,
    /// Port; 0 for the usual one.
    pub port: u16,
    /// `implicit`, `starttls`, or `none` (only to this very machine).
    pub tls: String,
    /// Certificate authority of the mail server (PEM), beside the platform's.
    pub ca_file: Option<PathBuf>,
    /// User name, with `password`.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
    /// What we call ourselves; `message_id_domain` when empty.
    pub hello_name: String,
    /// How long connecting may take.
    pub connect_seconds: u32,
    /// How long one message may take.
    pub send_seconds: u32,
}

/// `[notifier.accounts.<name>]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSettings {
    /// The mailbox that messages about its contacts come from.
    pub address: String,
    /// The name beside it.
    pub name: String,
    /// Language when the complainant's is unknown.
    pub language: String,
}

/// `[notifier.outbound]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboundSettings {
    /// `live`, `redirect` (everything to `redirect_to`), or `hold` (nothing to complainants).
    pub mode: String,
    /// The one address for `redirect`.
    pub redirect_to: String,
}

/// `[notifier.rosters.<name>]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RosterSettings {
    /// The file (iCalendar): each event is somebody's turn, the first ATTENDEE's or that of whom the SUMMARY names.
    pub icalendar: PathBuf,
    /// The address when it is nobody's turn; the next more senior role when empty.
    pub otherwise: String,
}

/// `[notifier.quiet_hours]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuietHoursSettings {
    /// From this time of day, in `notifier.zone`; empty for none.
    pub begin: String,
    /// Until this time of day, of the next day when it is earlier.
    pub end: String,
    /// Whole days: `sat`, `sun`, …
    pub days: Vec<String>,
}

/// `[notifier.limits]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSettings {
    /// Automatic messages an hour to an address that the channel vouches for.
    pub authenticated_per_hour: u32,
    /// … and a day.
    pub authenticated_per_day: u32,
    /// Automatic messages an hour to an address that nobody vouches for.
    pub anonymous_per_hour: u32,
    /// … and a day.
    pub anonymous_per_day: u32,
    /// What was received longer before it was recorded is acknowledged only after a person releases it.
    pub stale_after_hours: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            transport: "maildir".to_owned(),
            smtp: SmtpSettings::default(),
            maildir_path: PathBuf::from("data/outgoing-mail"),
            organisation: "Customer complaints".to_owned(),
            from_address: String::new(),
            from_name: String::new(),
            contact_line: String::new(),
            escalation_line: String::new(),
            bounce_address: String::new(),
            message_id_domain: String::new(),
            plus_addresses: true,
            accounts: BTreeMap::new(),
            languages: vec!["en".to_owned(), "de".to_owned()],
            templates_dir: None,
            zone: "UTC".to_owned(),
            outbound: OutboundSettings::default(),
            roles: BTreeMap::new(),
            teams: BTreeMap::new(),
            handlers: BTreeMap::new(),
            rosters: BTreeMap::new(),
            quiet_hours: QuietHoursSettings::default(),
            limits: LimitsSettings::default(),
            breaker_per_minute: 600,
            parallel: 16,
            give_up_hours: 47,
        }
    }
}

impl Default for SmtpSettings {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 0,
            tls: "starttls".to_owned(),
            ca_file: None,
            user: String::new(),
            password: Secret::default(),
            password_file: None,
            hello_name: String::new(),
            connect_seconds: 30,
            send_seconds: 60,
        }
    }
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self { mode: "live".to_owned(), redirect_to: String::new() }
    }
}

impl Default for LimitsSettings {
    fn default() -> Self {
        let limits = GuardLimits::default();
        Self {
            authenticated_per_hour: limits.authenticated_per_hour,
            authenticated_per_day: limits.authenticated_per_day,
            anonymous_per_hour: limits.anonymous_per_hour,
            anonymous_per_day: limits.anonymous_per_day,
            stale_after_hours: 72,
        }
    }
}

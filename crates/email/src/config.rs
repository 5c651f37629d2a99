//! `[email]`: which mailboxes are read, who posts mails to us, how, and how much of a mail.

mod imap;
pub mod oauth;
mod settings;
mod trust;
pub mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use redress_contract::AddressKind;
use redress_contract::contact::Address;
use redress_identity::address::{domain, is_email, normal};
use redress_runtime::settings::Problems;

use crate::normalize::limits::Limits;
use crate::normalize::trust::Trust;
use crate::source::gather::Keep;

pub use imap::{Done, Imap, Login};
pub use oauth::OauthSettings;
pub use settings::{Account as AccountSettings, AfterAck, Kind, LimitSettings, Settings, Start, Tls};
pub use webhook::{Webhook, WebhookSettings};

/// `[email]` as it is meant.
#[derive(Debug, Clone)]
pub struct Config {
    /// The mailboxes to read, by name.
    pub accounts: BTreeMap<String, Account>,
    /// Addresses of the mailboxes, as written.
    pub mailboxes: Vec<String>,
    /// All our own addresses in normal form.
    pub own_addresses: Vec<String>,
    /// Whoever reads a mailbox and falls silent for so long loses it to another replica.
    pub lease: Duration,
    /// A mailbox that could not be looked into for so long is stalled.
    pub stalled_after: Duration,
    /// How much of one mail is read.
    pub limits: Limits,
    /// A mail whose reading takes longer is recorded unread.
    pub read_time_max: Duration,
    /// A mail up to this size is kept whole.
    pub keep_bytes_max: usize,
    /// Largest post of a webhook.
    pub post_bytes_max: usize,
    /// How long a post may take to come.
    pub post_time_max: Duration,
    /// Bytes of raw mail held in memory at once, over one account.
    pub in_flight_bytes_max: usize,
    /// Mails being recorded at once, over one account.
    pub in_flight_mails_max: usize,
}

/// One mailbox.
#[derive(Debug, Clone)]
pub struct Account {
    /// Whether what was there before the first start is taken too.
    pub start: Start,
    /// Time between two looks.
    pub poll: Duration,
    /// Whose word is taken on who wrote a mail.
    pub trust: Trust,
    /// Where it is.
    pub place: Place,
    /// The folder of sent mail, if it is read: on the server, or in the Maildir.
    pub sent_folder: Option<String>,
}

/// Where a mailbox is.
#[derive(Debug, Clone)]
pub enum Place {
    /// A Maildir on this machine.
    Maildir(PathBuf),
    /// Folders on an IMAP server.
    Imap(Box<Imap>),
    /// Nowhere: a provider posts each mail to us.
    Webhook(Box<Webhook>),
}

impl Config {
    /// Checks what is written.
    ///
    /// # Errors
    /// All problems with their keys.
    pub fn check(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Problems::none();
        let mut accounts = BTreeMap::new();
        let mut own_addresses = Vec::new();
        for (name, account) in &settings.accounts {
            let key = format!("email.accounts.{name}");
            check_name(name, &key, &mut problems);
            own_addresses.extend(own_address(&account.address, &format!("{key}.address"), &mut problems));
            accounts.insert(name.clone(), check_account(account, &key, &mut problems));
        }
        for (index, address) in settings.own_addresses.iter().enumerate() {
            own_addresses.extend(own_address(
                address,
                &format!("email.own_addresses[{index}]"),
                &mut problems,
            ));
        }
        own_addresses.sort();
        own_addresses.dedup();
        let limits = check_limits(&settings.limits, &mut problems);
        let addresses = settings.accounts.values().map(|account| account.address.trim().to_owned());
        let mailboxes: BTreeSet<String> = addresses.collect();
        at_least("email.lease_seconds", settings.lease_seconds, 1, &mut problems);
        at_least("email.stalled_minutes", settings.stalled_minutes, 1, &mut problems);
        let written = &settings.limits;
        let config = Self {
            accounts,
            mailboxes: mailboxes.into_iter().collect(),
            own_addresses,
            lease: Duration::from_secs(u64::from(settings.lease_seconds)),
            stalled_after: Duration::from_mins(u64::from(settings.stalled_minutes)),
            limits,
            read_time_max: Duration::from_secs(u64::from(written.read_seconds_max)),
            keep_bytes_max: mebibytes(written.keep_mebibytes_max),
            post_bytes_max: mebibytes(written.post_mebibytes_max),
            post_time_max: Duration::from_secs(u64::from(written.post_seconds_max)),
            in_flight_bytes_max: mebibytes(written.in_flight_mebibytes_max),
            in_flight_mails_max: written.in_flight_mails_max as usize,
        };
        problems.or(config)
    }

    /// How much of a mail is kept: whole up to a limit, of a larger one what may be read.
    pub(crate) fn keep(&self) -> Keep {
        Keep { whole_bytes_max: self.keep_bytes_max, head_bytes: self.limits.mail_bytes_max }
    }

    /// Whose word an account takes on who wrote a mail.
    pub fn trust(&self, account: &str) -> Trust {
        self.accounts.get(account).map(|account| account.trust.clone()).unwrap_or_default()
    }
}

fn check_name(name: &str, key: &str, problems: &mut Problems) {
    let good = (1..=32).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
    if !good {
        problems.note(key, "the name of an account has 1 to 32 characters of a-z 0-9 - _");
    }
}

fn own_address(address: &str, key: &str, problems: &mut Problems) -> Option<String> {
    if address.starts_with('@') && key.starts_with("email.own_addresses") {
        return host(address, key, problems);
    }
    if !is_email(address) {
        problems.note(key, "must be the mailbox's own address, such as help@example.org");
        return None;
    }
    let address =
        Address { kind: AddressKind::Email, value: address.to_owned(), display_name: String::new() };
    Some(normal(&address, None))
}

/// `@host`: every address there.
fn host(written: &str, key: &str, problems: &mut Problems) -> Option<String> {
    let any = format!("any{written}");
    let good = is_email(&any);
    if !good {
        problems.note(key, "must be a host behind the @, such as @tickets.example.org");
    }
    good.then(|| format!("@{}", domain(&any)))
}

fn check_account(account: &AccountSettings, key: &str, problems: &mut Problems) -> Account {
    let (place, usual_poll) = match account.kind {
        Some(Kind::Maildir) => (check_maildir(account, key, problems), Duration::from_millis(250)),
        Some(Kind::Imap) => {
            (Place::Imap(Box::new(imap::check(account, key, problems))), Duration::from_secs(15))
        }
        Some(Kind::Webhook) => {
            (Place::Webhook(Box::new(webhook::check(account, key, problems))), Duration::from_secs(1))
        }
        None => {
            problems.note(format!("{key}.kind"), "must be \"imap\", \"maildir\" or \"webhook\"");
            (Place::Maildir(PathBuf::new()), Duration::from_secs(1))
        }
    };
    let poll = match account.poll_seconds {
        None => usual_poll,
        Some(seconds) if (0.05..=86_400.0).contains(&seconds) => Duration::from_secs_f64(seconds),
        Some(_) => {
            problems.note(format!("{key}.poll_seconds"), "must be from 0.05 to 86400");
            usual_poll
        }
    };
    let trust = trust::check(account, key, problems);
    let sent_folder = check_sent(account, key, problems);
    Account { start: account.start, poll, place, trust, sent_folder }
}

fn check_maildir(account: &AccountSettings, key: &str, problems: &mut Problems) -> Place {
    let path = account.path.clone().unwrap_or_default();
    if path.as_os_str().is_empty() {
        problems.note(format!("{key}.path"), "must be the folder that holds new, cur and tmp");
    }
    no_imap(account, key, problems);
    webhook::is_none(account, key, problems);
    Place::Maildir(path)
}

fn check_sent(account: &AccountSettings, key: &str, problems: &mut Problems) -> Option<String> {
    let folder = &account.sent_folder;
    if folder.is_empty() {
        return None;
    }
    let key = format!("{key}.sent_folder");
    let is_read = *folder == account.folder || account.more_folders.contains(folder);
    match account.kind {
        Some(Kind::Imap) if is_read || *folder == account.move_to => {
            problems.note(key, "must be another folder than those that are read or moved to");
        }
        Some(Kind::Imap) if folder.chars().any(|c| c.is_control() || !c.is_ascii()) => {
            problems.note(key, "must be written as the server does, in modified UTF-7 (`Entw&APw-rfe`)");
        }
        Some(Kind::Maildir) if folder.contains(['/', '\\']) || folder.trim_matches('.').is_empty() => {
            problems.note(key, "must be the name of a Maildir inside the path, such as .Sent");
        }
        Some(Kind::Webhook) => {
            problems.note(key, "belongs to accounts of kind \"imap\" and \"maildir\" only");
        }
        _ => {}
    }
    Some(folder.clone())
}

/// Notes keys that mean nothing without a server to sign in to.
fn no_imap(account: &AccountSettings, key: &str, problems: &mut Problems) {
    for (name, given) in [
        ("host", !account.host.is_empty()),
        ("user", !account.user.is_empty()),
        ("password", !account.password.is_empty()),
        ("password_file", account.password_file.is_some()),
        ("ca_file", account.ca_file.is_some()),
        ("oauth", account.oauth.is_some()),
        ("more_folders", !account.more_folders.is_empty()),
    ] {
        if given {
            problems.note(format!("{key}.{name}"), "belongs to accounts of kind \"imap\" only");
        }
    }
}

fn check_limits(settings: &LimitSettings, problems: &mut Problems) -> Limits {
    for (name, value, least) in [
        ("mail_mebibytes_max", settings.mail_mebibytes_max, 1),
        ("keep_mebibytes_max", settings.keep_mebibytes_max, settings.mail_mebibytes_max),
        ("post_mebibytes_max", settings.post_mebibytes_max, 1),
        ("post_seconds_max", settings.post_seconds_max, 1),
        ("in_flight_mebibytes_max", settings.in_flight_mebibytes_max, 1),
        ("in_flight_mails_max", settings.in_flight_mails_max, 1),
        ("read_seconds_max", settings.read_seconds_max, 1),
        ("headers_max", settings.headers_max, 20),
        ("header_kibibytes_max", settings.header_kibibytes_max, 1),
        ("parts_max", settings.parts_max, 2),
        ("depth_max", settings.depth_max, 2),
        ("text_part_kibibytes_max", settings.text_part_kibibytes_max, 1),
        ("recipients_max", settings.recipients_max, 1),
        ("references_max", settings.references_max, 2),
    ] {
        at_least(&format!("email.limits.{name}"), value, least, problems);
    }
    // These stand in the contact itself, which has to fit into a message.
    for (name, value, most) in [
        ("parts_max", settings.parts_max, 200),
        ("recipients_max", settings.recipients_max, 100),
        ("depth_max", settings.depth_max, 100),
        ("keep_mebibytes_max", settings.keep_mebibytes_max, 400),
        // The public listener takes no more.
        ("post_mebibytes_max", settings.post_mebibytes_max, 60),
    ] {
        if value > most {
            problems.note(format!("email.limits.{name}"), format!("must be at most {most}"));
        }
    }
    Limits {
        mail_bytes_max: mebibytes(settings.mail_mebibytes_max),
        headers_max: settings.headers_max as usize,
        header_bytes_max: settings.header_kibibytes_max as usize * 1024,
        parts_max: settings.parts_max as usize,
        depth_max: settings.depth_max as usize,
        text_part_bytes_max: settings.text_part_kibibytes_max as usize * 1024,
        recipients_max: settings.recipients_max as usize,
        references_max: settings.references_max as usize,
    }
}

fn at_least(key: &str, value: u32, least: u32, problems: &mut Problems) {
    if value < least {
        problems.note(key, format!("must be at least {least}"));
    }
}

fn mebibytes(number: u32) -> usize {
    number as usize * 1024 * 1024
}

//! `[phone]`: which telephone systems are listened to, how their files and posts are read, and what is known of their
//! numbers.

mod settings;
pub mod webhook;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use redress_contract::contact::Address;
use redress_contract::{AddressKind, CallState};
use redress_identity::address::normal;
use redress_runtime::settings::Problems;

use crate::formats::{Format, Parser};
use crate::map::{FIELDS, Reading, state_word};

pub use settings::{Account as AccountSettings, Kind, Settings};
pub use webhook::{Provider, Webhook, WebhookSettings};

/// `[phone]` as it is meant.
#[derive(Debug, Clone)]
pub struct Config {
    /// The accounts, by name.
    pub accounts: BTreeMap<String, Account>,
    /// Whoever reads a folder and falls silent for so long loses it to another replica.
    pub lease: Duration,
    /// A folder is looked through so often, whatever the system says of its changes.
    pub rescan: Duration,
    /// Rows being recorded at once, of one account.
    pub in_flight_rows_max: usize,
    /// Largest row.
    pub row_bytes_max: usize,
    /// Largest file that holds one thing.
    pub file_bytes_max: usize,
    /// Largest post.
    pub post_bytes_max: usize,
    /// Largest recording.
    pub recording_bytes_max: usize,
    /// Where the public reaches us, for signatures that cover the address.
    pub public_url: String,
}

/// One account: a folder, or whoever posts.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its telephone system.
    pub house: House,
    /// Where its entries come from.
    pub place: Place,
}

/// A telephone system, and what is known of its numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct House {
    /// Its name: whatever names the same system and the same call is about the same call.
    pub system: String,
    /// Country of numbers that are written without one (ISO 3166).
    pub country: Option<String>,
    /// The calling code of that country.
    pub calling_code: Option<String>,
    /// Numbers of ours, in E.164.
    pub own_numbers: Vec<String>,
    /// A number of so many digits is an extension.
    pub extension_digits_max: usize,
}

/// Where entries come from.
#[derive(Debug, Clone)]
pub enum Place {
    /// Files in a folder.
    Folder(Box<Folder>),
    /// Posts.
    Webhook(Box<Webhook>, Box<Reading>),
}

/// A folder of files.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Where.
    pub path: PathBuf,
    /// How its files are read.
    pub parser: Parser,
    /// How their bytes are to be understood.
    pub encoding: &'static encoding_rs::Encoding,
    /// Files that are written on, and never done with: they are followed where they lie.
    pub follow: Vec<String>,
    /// A file that did not change for so long is done.
    pub settle: Duration,
}

impl Config {
    /// Checks what is written; `public_url` is where the public reaches us.
    ///
    /// # Errors
    /// All problems with their keys.
    pub fn check(settings: &Settings, public_url: &str) -> Result<Self, Problems> {
        let mut problems = Problems::none();
        let mut accounts = BTreeMap::new();
        for (name, account) in &settings.accounts {
            let key = format!("phone.accounts.{name}");
            check_name(name, &key, &mut problems);
            accounts.insert(name.clone(), check_account(name, account, &key, &mut problems));
        }
        for (key, value) in [
            ("phone.lease_seconds", settings.lease_seconds),
            ("phone.rescan_seconds", settings.rescan_seconds),
            ("phone.in_flight_rows_max", settings.in_flight_rows_max),
            ("phone.row_kibibytes_max", settings.row_kibibytes_max),
            ("phone.file_mebibytes_max", settings.file_mebibytes_max),
            ("phone.post_kibibytes_max", settings.post_kibibytes_max),
            ("phone.recording_mebibytes_max", settings.recording_mebibytes_max),
        ] {
            if value == 0 {
                problems.note(key, "must be at least 1");
            }
        }
        let seconds = |count: u32| Duration::from_secs(u64::from(count));
        problems.or(Self {
            accounts,
            lease: seconds(settings.lease_seconds),
            rescan: seconds(settings.rescan_seconds),
            in_flight_rows_max: settings.in_flight_rows_max as usize,
            row_bytes_max: settings.row_kibibytes_max as usize * 1024,
            file_bytes_max: settings.file_mebibytes_max as usize * 1024 * 1024,
            post_bytes_max: settings.post_kibibytes_max as usize * 1024,
            recording_bytes_max: settings.recording_mebibytes_max as usize * 1024 * 1024,
            public_url: public_url.trim_end_matches('/').to_owned(),
        })
    }
}

fn check_name(name: &str, key: &str, problems: &mut Problems) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !(1..=32).contains(&name.len()) || !name.chars().all(plain) {
        problems.note(key, "the name of an account has 1 to 32 characters of a-z 0-9 - _");
    }
}

fn check_account(name: &str, account: &AccountSettings, key: &str, problems: &mut Problems) -> Account {
    let house = check_house(name, account, key, problems);
    let place = match account.kind {
        Some(Kind::Folder) => Place::Folder(Box::new(check_folder(account, key, problems))),
        Some(Kind::Webhook) => {
            let webhook = webhook::check(account, key, problems);
            let mut reading = check_reading(account, key, problems);
            for &(field, names) in webhook.names() {
                if !account.fields.contains_key(field) {
                    reading.names.set(field, names.iter().map(|&name| name.to_owned()).collect());
                }
            }
            Place::Webhook(Box::new(webhook), Box::new(reading))
        }
        None => {
            problems.note(format!("{key}.kind"), "must be \"folder\" or \"webhook\"");
            Place::Folder(Box::new(nowhere()))
        }
    };
    if account.webhook.is_some() && account.kind == Some(Kind::Folder) {
        problems.note(format!("{key}.webhook"), "belongs to accounts of kind \"webhook\" only");
    }
    Account { house, place }
}

fn check_house(name: &str, account: &AccountSettings, key: &str, problems: &mut Problems) -> House {
    let country = account.country.trim().to_ascii_uppercase();
    let calling_code = calling_code(&country);
    if !country.is_empty() && calling_code.is_none() {
        problems.note(
            format!("{key}.country"),
            "must be a country code of two letters, such as \"DE\", or empty",
        );
    }
    let country = (!country.is_empty()).then_some(country);
    let number = |written: &String| {
        let address = Address { kind: AddressKind::Phone, value: written.clone(), ..Address::default() };
        normal(&address, country.as_deref())
    };
    let own_numbers = account.own_numbers.iter().map(number).collect();
    let system = if account.system.is_empty() { name } else { account.system.as_str() };
    check_name(system, &format!("{key}.system"), problems);
    House {
        system: system.to_owned(),
        country,
        calling_code,
        own_numbers,
        extension_digits_max: account.extension_digits_max as usize,
    }
}

/// The calling code of a country: what stands before a number of its own in E.164.
fn calling_code(country: &str) -> Option<String> {
    redress_identity::calling_code(country).map(|code| code.to_string())
}

fn check_folder(account: &AccountSettings, key: &str, problems: &mut Problems) -> Folder {
    let path = account.path.clone().unwrap_or_else(|| {
        problems.note(format!("{key}.path"), "must be given: the folder that holds the files");
        PathBuf::new()
    });
    let format = account.format.unwrap_or_else(|| {
        problems.note(
            format!("{key}.format"),
            "must be \"asterisk_csv\", \"asterisk_ari\", \"queue_log\", \"freeswitch_csv\", \"freeswitch_json\", \
             \"freeswitch_event\", \"table\", \"json_lines\", \"transcript\" or \"recording\"",
        );
        Format::Table
    });
    let reading = check_reading(account, key, problems);
    if format.needs_zone() && reading.zone.is_none() {
        problems.note(
            format!("{key}.zone"),
            "must be given: the file holds local times, such as \"Europe/Berlin\"",
        );
    }
    let needs_fields = matches!(format, Format::Table | Format::JsonLines);
    if needs_fields && account.fields.is_empty() && account.format.is_some() {
        problems.note(format!("{key}.fields"), "must say which column or place holds what");
    }
    let encoding = encoding_rs::Encoding::for_label(account.encoding.trim().as_bytes());
    let encoding = encoding.filter(|known| known.is_ascii_compatible()).unwrap_or_else(|| {
        problems.note(
            format!("{key}.encoding"),
            "must be an encoding that begins like ASCII, such as \"utf-8\" or \"windows-1252\"",
        );
        encoding_rs::UTF_8
    });
    let delimiter = if let [one] = account.delimiter.as_bytes() {
        *one
    } else {
        problems.note(format!("{key}.delimiter"), "must be one character of ASCII");
        b','
    };
    let columns = if account.columns.is_empty() { format.columns() } else { account.columns.clone() };
    Folder {
        path,
        parser: Parser { format, reading, columns, delimiter },
        encoding,
        follow: account.follow.clone(),
        settle: Duration::from_secs(u64::from(account.settle_seconds)),
    }
}

fn check_reading(account: &AccountSettings, key: &str, problems: &mut Problems) -> Reading {
    let mut names = account.format.map(Format::names).unwrap_or_default();
    for (field, held_by) in &account.fields {
        if !names.set(field, held_by.clone()) {
            problems.note(
                format!("{key}.fields.{field}"),
                format!("is no field; fields are {}", FIELDS.join(", ")),
            );
        }
    }
    let mut states = BTreeMap::new();
    for (state, words) in &account.states {
        if let Some(state) = CallState::from_token(state) {
            states.extend(words.iter().map(|word| (state_word(word), state)));
        } else {
            let known = CallState::ALL.iter().map(|known| known.token()).collect::<Vec<_>>().join(", ");
            problems.note(format!("{key}.states.{state}"), format!("is no state; states are {known}"));
        }
    }
    let zone = match account.zone.trim() {
        "" => None,
        name => TimeZone::get(name)
            .map_err(|_| {
                problems.note(
                    format!("{key}.zone"),
                    format!("{name:?} is no IANA time zone, such as \"Europe/Berlin\""),
                );
            })
            .ok(),
    };
    let time_format = (!account.time_format.is_empty()).then(|| account.time_format.clone());
    Reading { names, states, zone, time_format }
}

fn nowhere() -> Folder {
    Folder {
        path: PathBuf::new(),
        parser: Parser::of(Format::Table),
        encoding: encoding_rs::UTF_8,
        follow: Vec::new(),
        settle: Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(account: AccountSettings) -> Vec<String> {
        let settings = Settings { accounts: [("pbx".to_owned(), account)].into(), ..Settings::default() };
        let problems = Config::check(&settings, "https://example.org").err().map(|problems| problems.0);
        problems.unwrap_or_default().into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn every_mistake_is_named_by_its_key() {
        assert_eq!(keys(AccountSettings::default()), ["phone.accounts.pbx.kind"]);
        let folder = AccountSettings {
            kind: Some(Kind::Folder),
            format: Some(Format::AsteriskCsv),
            country: "Germany".to_owned(),
            encoding: "utf-16".to_owned(),
            fields: [("colour".to_owned(), Vec::new())].into(),
            states: [("asleep".to_owned(), Vec::new())].into(),
            ..AccountSettings::default()
        };
        let wrong = ["country", "path", "fields.colour", "states.asleep", "zone", "encoding"];
        assert_eq!(keys(folder), wrong.map(|key| format!("phone.accounts.pbx.{key}")));
        let unknown = AccountSettings {
            kind: Some(Kind::Folder),
            path: Some("calls".into()),
            format: Some(Format::QueueLog),
            zone: "Berlin".to_owned(),
            ..AccountSettings::default()
        };
        assert_eq!(keys(unknown), ["phone.accounts.pbx.zone"]);
    }
}

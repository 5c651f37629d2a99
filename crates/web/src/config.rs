//! `[web]`: as it is written ([`Settings`]) and as it is meant ([`Config`]).

mod checks;
mod clients;
mod demands;
mod form;
mod settings;

pub(crate) use clients::{ANONYMOUS, Client, STATED_CHANNELS, Scope, client_of};
pub use clients::{ApiKey, ClientSettings};
pub use demands::{Anonymous, Demands};
use form::Asset;
pub(crate) use form::is_name;
pub use form::{Choice, DEFAULT_FORM, Form, FormSettings, OwnField, OwnKind};
pub use settings::{Limits, Rates, Settings, Texts, Uploads};

use std::num::NonZeroU32;
use std::time::Duration;

pub(crate) use checks::{UPLOAD_MEBIBYTES_MAX, at_least_one, authority, check_url};
use checks::{check_body, check_clamd, check_figures, check_languages};
use jiff::tz::TimeZone;
use redress_runtime::settings::Problems;

use crate::clamd::Clamd;
use crate::file::{FileLimits, MEBIBYTE};
use crate::words::Language;

/// `[web]` as it is meant.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether the public comes by HTTPS.
    pub https: bool,
    /// Host and port where the public reaches the form, as they stand in the URL.
    pub public_authority: String,
    /// The forms, the one at `/` first.
    pub(crate) forms: Vec<Form>,
    /// Systems that use the API with a key.
    pub(crate) clients: Vec<Client>,
    /// The script of all pages.
    pub(crate) script: Asset,
    /// Languages of the pages, one at least.
    pub(crate) languages: Vec<&'static Language>,
    /// Time zone of the pages.
    pub time_zone: TimeZone,
    /// How long a sender waits for the broker.
    pub patience: Duration,
    /// What `Retry-After` says, in seconds.
    pub retry_after_seconds: u32,
    /// Largest body.
    pub body_bytes_max: usize,
    /// How long a client may take to send it.
    pub body_read_timeout: Duration,
    /// Requests worked on at once.
    pub concurrency_max: usize,
    /// What is taken of files.
    pub(crate) uploads: FileLimits,
    /// How long a submission with files may take to come.
    pub(crate) upload_timeout: Duration,
    /// Who looks into files.
    pub clamd: Option<Clamd>,
    /// Submissions with files that come in at once.
    pub(crate) uploads_at_once: usize,
    /// Most messages that the status page shows.
    pub(crate) status_messages_max: usize,
    /// Shortest time in which a person fills in the form, in seconds.
    pub min_fill_seconds: i64,
    /// How long a stamp is good, in seconds.
    pub stamp_seconds: i64,
    /// How often a minute one sender may send something.
    pub(crate) submissions_per_minute: NonZeroU32,
    /// How often a minute one sender may show a reference with its receipt code.
    pub(crate) receipt_tries_per_minute: NonZeroU32,
    /// How many MiB of submissions with files one sender may send an hour.
    pub(crate) upload_mebibytes_per_hour: NonZeroU32,
}

impl Config {
    /// Checks what is written.
    ///
    /// # Errors
    /// All problems with their keys.
    pub fn check(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Problems::none();
        let https = check_url("web.public_url", &settings.public_url, &mut problems);
        let languages = check_languages(settings, &mut problems);
        let forms = form::check_all(settings, &mut problems);
        let clients = clients::check_all(settings, &mut problems);
        check_figures(settings, &mut problems);
        check_body(settings, &forms, &mut problems);
        let clamd = check_clamd(&settings.uploads, &mut problems);
        let time_zone = TimeZone::get(&settings.time_zone).unwrap_or_else(|_| {
            problems.note(
                "web.time_zone",
                format!("{:?} is no time zone such as \"Europe/Berlin\"", settings.time_zone),
            );
            TimeZone::UTC
        });
        problems.or(Self {
            https,
            public_authority: authority(&settings.public_url),
            forms,
            clients,
            script: Asset::script(),
            languages,
            time_zone,
            patience: Duration::from_millis(settings.patience_ms.into()),
            retry_after_seconds: settings.retry_after_seconds,
            body_bytes_max: settings.body_kib_max as usize * 1024,
            body_read_timeout: Duration::from_secs(settings.body_read_seconds.into()),
            concurrency_max: settings.concurrency_max as usize,
            uploads: FileLimits {
                files_max: settings.uploads.files_max as usize,
                file_bytes_max: settings.uploads.file_mebibytes_max as usize * MEBIBYTE,
                total_bytes_max: settings.uploads.total_mebibytes_max as usize * MEBIBYTE,
                media_types: settings.uploads.media_types.clone(),
            },
            upload_timeout: Duration::from_secs(settings.uploads.read_seconds.into()),
            clamd,
            uploads_at_once: settings.uploads.concurrency_max as usize,
            status_messages_max: settings.status_messages_max as usize,
            min_fill_seconds: settings.min_fill_seconds.into(),
            stamp_seconds: i64::from(settings.stamp_hours) * 3600,
            submissions_per_minute: at_least_one(settings.rates.submissions_per_minute),
            receipt_tries_per_minute: at_least_one(settings.rates.receipt_tries_per_minute),
            upload_mebibytes_per_hour: at_least_one(settings.rates.upload_mebibytes_per_hour),
        })
    }
}

impl Config {
    /// The largest file that is taken, in bytes.
    pub fn file_bytes_max(&self) -> usize {
        self.uploads.file_bytes_max
    }

    /// The form at `/`.
    pub(crate) fn first_form(&self) -> &Form {
        &self.forms[0]
    }

    /// The form of a name.
    pub(crate) fn form(&self, name: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.name == name)
    }
}

/// A BCP 47 tag by its shape: `de`, `pt-BR`, `zh-Hant-HK`.
pub(crate) fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    text.len() <= 35
        && (2..=8).contains(&first.len())
        && first.chars().all(|c| c.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric()))
}

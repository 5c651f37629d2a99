//! `[web]`: as it is written ([`Settings`]) and as it is meant ([`Config`]).

mod form;

use form::Asset;
pub use form::{Choice, DEFAULT_FORM, Form, FormSettings, OwnField, OwnKind};

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use jiff::tz::TimeZone;
use redress_runtime::settings::Problems;
use serde::{Deserialize, Serialize};

use crate::file::{FileLimits, MEBIBYTE};
use crate::submission::{Field, FieldName};
use crate::words::{LANGUAGES, Language};

/// How many bytes one character may take on its way here: four UTF-8 bytes, each percent-encoded (`%F0%9F%98%80`),
/// or two JSON escapes (`\ud83d\ude00`).
const BYTES_PER_CHAR_MAX: usize = 12;
/// What a form needs beside the texts: names, key, stamp.
const FRAME_BYTES: usize = 2048;
/// Most that a submission with files may be set to have: the listener takes no more of one.
const UPLOAD_MEBIBYTES_MAX: u32 = 50;
/// A rate of more than this a minute is none.
const RATE_MAX: u32 = 100_000_000;

/// `[web]` as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where the public reaches the form; `https://…` also tells browsers to come back by HTTPS only.
    pub public_url: String,
    /// Who is complained to, as it stands at the top of each page.
    pub organisation: String,
    /// Languages of the pages, of `en`, `de`, `fr`, `es`, `ar`: each at an address of its own (`/de`); at `/` the browser's
    /// preference decides, or the first.
    pub languages: Vec<String>,
    /// Texts of the organisation's own, by language of the pages.
    pub texts: BTreeMap<String, Texts>,
    /// Languages the organisation answers in, BCP 47; the form asks when there are several.
    pub answer_languages: Vec<String>,
    /// Time zone in which pages show times, such as `Europe/Berlin`.
    pub time_zone: String,
    /// Take complaints without an email address or phone number; they cannot be answered.
    pub allow_anonymous: bool,
    /// How long a sender waits for the broker before hearing 503.
    pub patience_ms: u32,
    /// What `Retry-After` says then.
    pub retry_after_seconds: u32,
    /// Largest body of a request in KiB.
    pub body_kib_max: u32,
    /// How long a client may take to send it.
    pub body_read_seconds: u32,
    /// Requests worked on at once; more hear 503.
    pub concurrency_max: u32,
    /// A form that comes back sooner was hardly filled in by a person: it is shown again, to be sent again.
    pub min_fill_seconds: u32,
    /// How long a form may lie open before it asks to be sent once more.
    pub stamp_hours: u32,
    /// Forms: each at `/f/<name>`, the one called `default` at `/` too.
    pub forms: BTreeMap<String, FormSettings>,
    /// Files that come with a complaint.
    pub uploads: Uploads,
    /// How often one sender may try what.
    pub rates: Rates,
    /// Longest fields.
    pub limits: Limits,
}

/// `[web.texts.<language>]`: what stands there instead of the words that Redress brings. Empty ones change nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Texts {
    /// Headline of the form.
    pub title: String,
    /// What stands below the headline.
    pub introduction: String,
    /// What the thank-you page says will happen next, and by when.
    pub next_steps: Vec<String>,
    /// Ways to complain beside the form and the mailboxes: telephone, address, counter, each with its hours.
    pub other_ways: Vec<String>,
    /// What people agree to who fill in a form that asks for their consent.
    pub consent: String,
    /// Who helps outside the house when somebody does not agree with its decision, and how to reach them.
    pub escalation: String,
}

/// `[web.uploads]`: files that come with a complaint, or are added to one. Each goes into a sealed blob as it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Uploads {
    /// Most files at once; 0 takes none.
    pub files_max: u32,
    /// Largest file in MiB.
    pub file_mebibytes_max: u32,
    /// Largest total in MiB.
    pub total_mebibytes_max: u32,
    /// Media types that are taken, as the first bytes of a file tell them.
    pub media_types: Vec<String>,
    /// How long all of a submission with files may take to come. The time for any request, `[public] request_seconds`, must
    /// be longer.
    pub read_seconds: u32,
    /// Submissions with files that come in at once; of more, the form comes back and asks to choose the files again.
    pub concurrency_max: u32,
}

/// `[web.rates]`: how often a minute one sender (an IPv4 address, a /64 of IPv6) may try what. More than that hears 429 and
/// when to come again; a form keeps what was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// Send a form, or post a complaint to the API.
    pub submissions_per_minute: u32,
    /// Show a reference with its receipt code.
    pub receipt_tries_per_minute: u32,
    /// MiB of submissions with files, an hour.
    pub upload_mebibytes_per_hour: u32,
}

/// `[web.limits]`: the longest fields, in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Name.
    pub name_chars_max: u32,
    /// Email address.
    pub email_chars_max: u32,
    /// Phone number.
    pub phone_chars_max: u32,
    /// What happened.
    pub what_happened_chars_max: u32,
    /// What the person would like us to do.
    pub remedy_chars_max: u32,
    /// Product or service.
    pub product_chars_max: u32,
    /// Order or customer number.
    pub order_number_chars_max: u32,
    /// Where it happened.
    pub location_chars_max: u32,
    /// Each of the fields about what somebody needs.
    pub needs_chars_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            name_chars_max: 200,
            email_chars_max: 254,
            phone_chars_max: 40,
            what_happened_chars_max: 15_000,
            remedy_chars_max: 3_000,
            product_chars_max: 200,
            order_number_chars_max: 100,
            location_chars_max: 200,
            needs_chars_max: 500,
        }
    }
}

impl Default for Uploads {
    fn default() -> Self {
        let media_types = [
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/webp",
            "image/heif",
            "image/avif",
            "image/tiff",
            "application/pdf",
            "text/plain",
            "application/msword",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.spreadsheet",
            "audio/mpeg",
            "audio/m4a",
            "audio/ogg",
            "audio/x-wav",
            "video/mp4",
            "video/quicktime",
            "video/webm",
        ];
        Self {
            files_max: 5,
            file_mebibytes_max: 10,
            total_mebibytes_max: 20,
            media_types: media_types.map(str::to_owned).to_vec(),
            read_seconds: 240,
            concurrency_max: 32,
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self { submissions_per_minute: 60, receipt_tries_per_minute: 20, upload_mebibytes_per_hour: 200 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            organisation: String::new(),
            languages: LANGUAGES.iter().map(|language| language.tag.to_owned()).collect(),
            texts: BTreeMap::new(),
            answer_languages: vec!["en".to_owned()],
            time_zone: "UTC".to_owned(),
            allow_anonymous: false,
            patience_ms: 1_500,
            retry_after_seconds: 10,
            body_kib_max: 256,
            body_read_seconds: 30,
            concurrency_max: 512,
            min_fill_seconds: 3,
            stamp_hours: 2,
            forms: BTreeMap::new(),
            uploads: Uploads::default(),
            rates: Rates::default(),
            limits: Limits::default(),
        }
    }
}

/// `[web]` as it is meant.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether the public comes by HTTPS.
    pub https: bool,
    /// Host and port where the public reaches the form, as they stand in the URL.
    pub public_authority: String,
    /// The forms, the one at `/` first.
    pub(crate) forms: Vec<Form>,
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
    /// Submissions with files that come in at once.
    pub(crate) uploads_at_once: usize,
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

/// What a submission must hold, and how much.
#[derive(Debug, Clone)]
pub struct Demands {
    /// Whether a way to answer may be missing.
    pub anonymous: Anonymous,
    /// Longest fields.
    pub limits: Limits,
    /// The standard fields that are asked for, in the order of the form.
    pub asks: Vec<Field>,
    /// Fields of the form's own.
    pub own: Vec<OwnField>,
    /// What the field `category` offers.
    pub categories: Vec<Choice>,
    /// What must be filled in, beside what happened.
    pub required: Vec<FieldName>,
}

impl Default for Demands {
    fn default() -> Self {
        Self {
            anonymous: Anonymous::default(),
            limits: Limits::default(),
            asks: Field::usual().collect(),
            own: Vec::new(),
            categories: Vec::new(),
            required: Vec::new(),
        }
    }
}

impl Demands {
    /// The field of this name, where standard ones are called as `standard` says; none when it is not asked for.
    pub(crate) fn name_of(&self, name: &str, standard: fn(Field) -> &'static str) -> Option<FieldName> {
        let asked = self.asks.iter().find(|field| standard(**field) == name);
        asked
            .map(|field| FieldName::Known(*field))
            .or_else(|| self.own.iter().any(|own| own.name == name).then(|| FieldName::Own(name.to_owned())))
    }

    /// Everything that is asked for, in the order of the form.
    pub(crate) fn names(&self) -> impl Iterator<Item = FieldName> {
        let known = self.asks.iter().map(|field| FieldName::Known(*field));
        known.chain(self.own.iter().map(|own| FieldName::Own(own.name.clone())))
    }

    /// The field of the form's own of this name.
    pub(crate) fn own(&self, name: &str) -> Option<&OwnField> {
        self.own.iter().find(|own| own.name == name)
    }
}

impl Texts {
    /// These texts, and others where there are none.
    fn or(self, other: Self) -> Self {
        let text = |own: String, other: String| if own.is_empty() { other } else { own };
        let list = |own: Vec<String>, other: Vec<String>| if own.is_empty() { other } else { own };
        Self {
            title: text(self.title, other.title),
            introduction: text(self.introduction, other.introduction),
            next_steps: list(self.next_steps, other.next_steps),
            other_ways: list(self.other_ways, other.other_ways),
            consent: text(self.consent, other.consent),
            escalation: text(self.escalation, other.escalation),
        }
    }
}

/// What is done with complaints that name no way to answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Anonymous {
    /// The sender is asked for one.
    #[default]
    Refused,
    /// They are taken.
    Taken,
}

impl Config {
    /// Checks what is written.
    ///
    /// # Errors
    /// All problems with their keys.
    pub fn check(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Problems::none();
        let https = check_url(&settings.public_url, &mut problems);
        let languages = check_languages(settings, &mut problems);
        let forms = form::check_all(settings, &mut problems);
        check_figures(settings, &mut problems);
        check_body(settings, &forms, &mut problems);
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
            uploads_at_once: settings.uploads.concurrency_max as usize,
            min_fill_seconds: settings.min_fill_seconds.into(),
            stamp_seconds: i64::from(settings.stamp_hours) * 3600,
            submissions_per_minute: at_least_one(settings.rates.submissions_per_minute),
            receipt_tries_per_minute: at_least_one(settings.rates.receipt_tries_per_minute),
            upload_mebibytes_per_hour: at_least_one(settings.rates.upload_mebibytes_per_hour),
        })
    }
}

impl Config {
    /// The form at `/`.
    pub(crate) fn first_form(&self) -> &Form {
        &self.forms[0]
    }

    /// The form of a name.
    pub(crate) fn form(&self, name: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.name == name)
    }
}

impl Limits {
    fn keyed(&self) -> [(&'static str, u32); 9] {
        [
            ("name_chars_max", self.name_chars_max),
            ("email_chars_max", self.email_chars_max),
            ("phone_chars_max", self.phone_chars_max),
            ("what_happened_chars_max", self.what_happened_chars_max),
            ("remedy_chars_max", self.remedy_chars_max),
            ("product_chars_max", self.product_chars_max),
            ("order_number_chars_max", self.order_number_chars_max),
            ("location_chars_max", self.location_chars_max),
            ("needs_chars_max", self.needs_chars_max),
        ]
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

/// Notes what is wrong with the public URL; true when it is HTTPS.
fn check_url(text: &str, problems: &mut Problems) -> bool {
    let uri = text.parse::<axum::http::Uri>().unwrap_or_default();
    let scheme = uri.scheme_str().unwrap_or_default();
    let plain = uri.query().is_none() && !text.contains(['#', '@']) && matches!(uri.path(), "" | "/");
    if !matches!(scheme, "http" | "https") || uri.host().unwrap_or_default().is_empty() || !plain {
        problems.note(
            "web.public_url",
            format!("{text:?} must be like \"https://complaints.example.org\", without a path"),
        );
    }
    scheme == "https"
}

fn authority(url: &str) -> String {
    let uri = url.parse::<axum::http::Uri>().unwrap_or_default();
    let authority =
        uri.authority().map_or_else(String::new, |authority| authority.as_str().to_ascii_lowercase());
    let default_port = if uri.scheme_str() == Some("https") { ":443" } else { ":80" };
    authority.strip_suffix(default_port).unwrap_or(&authority).to_owned()
}

fn check_languages(settings: &Settings, problems: &mut Problems) -> Vec<&'static Language> {
    let mut languages = Vec::new();
    for tag in &settings.languages {
        match Language::of(tag) {
            Some(language) if !languages.contains(&language) => languages.push(language),
            Some(_) => problems.note("web.languages", format!("{tag:?} stands there twice")),
            None => problems.note("web.languages", format!("{tag:?} is none of {}", known_languages())),
        }
    }
    if settings.languages.is_empty() {
        problems.note("web.languages", format!("must name at least one of {}", known_languages()));
    }
    for tag in settings.texts.keys().filter(|tag| !settings.languages.contains(tag)) {
        problems.note(format!("web.texts.{tag}"), format!("{tag:?} is not among [web] languages"));
    }
    if settings.answer_languages.is_empty() {
        problems.note("web.answer_languages", "must name at least one language, such as \"en\"");
    }
    for tag in settings.answer_languages.iter().filter(|tag| !is_language_tag(tag)) {
        problems
            .note("web.answer_languages", format!("{tag:?} is no language tag such as \"en\" or \"pt-BR\""));
    }
    languages
}

/// Zero is a problem that was noted.
fn at_least_one(per_minute: u32) -> NonZeroU32 {
    NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN)
}

fn known_languages() -> String {
    LANGUAGES.iter().map(|language| language.tag).collect::<Vec<_>>().join(", ")
}

fn check_figures(settings: &Settings, problems: &mut Problems) {
    let mut between = |key: String, value: u32, least: u32, most: u32| {
        if !(least..=most).contains(&value) {
            problems.note(key, format!("{value} is not between {least} and {most}"));
        }
    };
    for (key, value, least, most) in [
        ("patience_ms", settings.patience_ms, 100, 30_000),
        ("retry_after_seconds", settings.retry_after_seconds, 1, 3_600),
        ("body_kib_max", settings.body_kib_max, 4, 320),
        ("body_read_seconds", settings.body_read_seconds, 1, 600),
        ("concurrency_max", settings.concurrency_max, 1, 100_000),
        ("min_fill_seconds", settings.min_fill_seconds, 0, 60),
        ("stamp_hours", settings.stamp_hours, 1, 48),
        ("uploads.files_max", settings.uploads.files_max, 0, 20),
        (
            "uploads.file_mebibytes_max",
            settings.uploads.file_mebibytes_max,
            1,
            settings.uploads.total_mebibytes_max,
        ),
        ("uploads.total_mebibytes_max", settings.uploads.total_mebibytes_max, 1, UPLOAD_MEBIBYTES_MAX),
        ("uploads.read_seconds", settings.uploads.read_seconds, 1, 3_600),
        ("uploads.concurrency_max", settings.uploads.concurrency_max, 1, 10_000),
        ("rates.submissions_per_minute", settings.rates.submissions_per_minute, 1, RATE_MAX),
        (
            "rates.upload_mebibytes_per_hour",
            settings.rates.upload_mebibytes_per_hour,
            settings.uploads.total_mebibytes_max + 1,
            RATE_MAX,
        ),
        ("rates.receipt_tries_per_minute", settings.rates.receipt_tries_per_minute, 1, RATE_MAX),
    ] {
        between(format!("web.{key}"), value, least, most);
    }
    let known = |tag: &String| tag == "text/plain" || infer::is_mime_supported(tag);
    for unknown in settings.uploads.media_types.iter().filter(|media_type| !known(media_type)) {
        problems.note(
            "web.uploads.media_types",
            format!("{unknown:?} is no kind that is told by its first bytes"),
        );
    }
    let mut between = |key: String, value: u32, least: u32, most: u32| {
        if !(least..=most).contains(&value) {
            problems.note(key, format!("{value} is not between {least} and {most}"));
        }
    };
    for (key, value) in settings.limits.keyed() {
        between(format!("web.limits.{key}"), value, 10, 100_000);
    }
}

/// Nobody is to be told that what they may type is too large.
fn check_body(settings: &Settings, forms: &[Form], problems: &mut Problems) {
    let needed = |form: &Form| {
        let known: usize = form.demands.asks.iter().map(|field| field.chars_max(&form.demands)).sum();
        let own: usize = form.demands.own.iter().map(|own| own.chars_max as usize).sum();
        ((known + own) * BYTES_PER_CHAR_MAX + FRAME_BYTES).div_ceil(1024)
    };
    let Some((form, needed)) =
        forms.iter().map(|form| (&form.name, needed(form))).max_by_key(|(_, most)| *most)
    else {
        return;
    };
    if needed > settings.body_kib_max as usize {
        let message = format!(
            "{} is too small for the longest fields in any script: the form {form:?} asks for {needed}",
            settings.body_kib_max
        );
        problems.note("web.body_kib_max", message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(change: impl FnOnce(&mut Settings)) -> Vec<String> {
        let mut settings = Settings::default();
        change(&mut settings);
        Config::check(&settings).map_or_else(|p| p.0.into_iter().map(|p| p.key).collect(), |_| Vec::new())
    }

    #[test]
    fn the_defaults_are_good() {
        assert_eq!(wrong(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn each_mistake_is_named_by_its_key() {
        assert_eq!(wrong(|s| s.public_url = "complaints.example.org".to_owned()), ["web.public_url"]);
        assert_eq!(wrong(|s| s.public_url = "https://example.org/path".to_owned()), ["web.public_url"]);
        assert_eq!(wrong(|s| s.public_url = "ftp://example.org".to_owned()), ["web.public_url"]);
        assert_eq!(wrong(|s| s.languages = vec!["tlh".to_owned()]), ["web.languages"]);
        assert_eq!(wrong(|s| s.languages = vec!["de".to_owned(), "de".to_owned()]), ["web.languages"]);
        assert_eq!(wrong(|s| s.languages.clear()), ["web.languages"]);
        assert_eq!(wrong(|s| drop(s.texts.insert("tlh".to_owned(), Texts::default()))), ["web.texts.tlh"]);
        assert_eq!(
            wrong(|s| s.answer_languages = vec!["en".to_owned(), "e n".to_owned()]),
            ["web.answer_languages"]
        );
        assert_eq!(wrong(|s| s.time_zone = "Mars/Olympus".to_owned()), ["web.time_zone"]);
        assert_eq!(wrong(|s| s.patience_ms = 0), ["web.patience_ms"]);
        assert_eq!(wrong(|s| s.concurrency_max = 0), ["web.concurrency_max"]);
        assert_eq!(wrong(|s| s.limits.name_chars_max = 0), ["web.limits.name_chars_max"]);
        assert_eq!(wrong(|s| s.body_kib_max = 64), ["web.body_kib_max"]);
        assert_eq!(wrong(|s| s.rates.submissions_per_minute = 0), ["web.rates.submissions_per_minute"]);
        assert_eq!(wrong(|s| s.uploads.total_mebibytes_max = 51), ["web.uploads.total_mebibytes_max"]);
        assert_eq!(wrong(|s| s.uploads.file_mebibytes_max = 21), ["web.uploads.file_mebibytes_max"]);
        assert_eq!(
            wrong(|s| s.uploads.media_types.push("image/jpg".to_owned())),
            ["web.uploads.media_types"]
        );
        assert_eq!(
            wrong(|s| s.rates.upload_mebibytes_per_hour = 20),
            ["web.rates.upload_mebibytes_per_hour"]
        );
        assert_eq!(wrong(|s| s.rates.receipt_tries_per_minute = 0), ["web.rates.receipt_tries_per_minute"]);
        assert_eq!(wrong(|s| (s.stamp_hours, s.retry_after_seconds) = (0, 0)).len(), 2);
    }

    #[test]
    fn https_is_known_by_the_public_url() {
        let https = |url: &str| {
            Config::check(&Settings { public_url: url.to_owned(), ..Settings::default() }).unwrap().https
        };
        assert!(https("https://complaints.example.org"));
        assert!(!https("http://127.0.0.1:8080"));
    }

    #[test]
    fn language_tags_are_known_by_their_shape() {
        for good in ["en", "pt-BR", "zh-Hant-HK", "de-1996"] {
            assert!(is_language_tag(good), "{good}");
        }
        for bad in
            ["", "e", "en_GB", "en-", "-en", "en--x", "deutschland", "en GB", "日本", &"en-".repeat(20)]
        {
            assert!(!is_language_tag(bad), "{bad}");
        }
    }
}

//! `[web]` as it is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ClientSettings, FormSettings};
use crate::words::LANGUAGES;

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
    /// Most messages to the complainant that the status page shows, the newest.
    pub status_messages_max: u32,
    /// A form that comes back sooner was hardly filled in by a person: it is shown again, to be sent again.
    pub min_fill_seconds: u32,
    /// How long a form may lie open before it asks to be sent once more.
    pub stamp_hours: u32,
    /// Forms: each at `/f/<name>`, the one called `default` at `/` too.
    pub forms: BTreeMap<String, FormSettings>,
    /// Systems that use the API with a key, each the account of what it sends.
    pub clients: BTreeMap<String, ClientSettings>,
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
    /// The clamd that looks into each file while it comes: `tcp://127.0.0.1:3310`, `unix:///run/clamav/clamd.ctl`; empty: none.
    pub clamd: String,
    /// How long it may keep one submission waiting, all its files together; what it has not looked into by then stays unscanned.
    pub clamd_seconds: u32,
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
            clamd: String::new(),
            clamd_seconds: 10,
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
            status_messages_max: 20,
            min_fill_seconds: 3,
            stamp_hours: 2,
            forms: BTreeMap::new(),
            clients: BTreeMap::new(),
            uploads: Uploads::default(),
            rates: Rates::default(),
            limits: Limits::default(),
        }
    }
}

impl Texts {
    /// These texts, and others where there are none.
    pub(super) fn or(self, other: Self) -> Self {
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

impl Limits {
    pub(super) fn keyed(&self) -> [(&'static str, u32); 9] {
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

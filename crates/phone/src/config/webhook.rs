//! `[phone.accounts.<name>.webhook]`: who posts what happens to calls, and how we know that it is them.

use std::path::PathBuf;

use redress_runtime::Secret;
use redress_runtime::settings::{Problems, secret};
use serde::{Deserialize, Serialize};

use super::settings::Account as AccountSettings;

/// `[phone.accounts.<name>.webhook]` as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// `twilio`, `freeswitch`, `sipgate`, `placetel`, `cti` or `signed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// What proves who posts. Twilio: the auth token; sipgate, Placetel, CTI: the word behind the account in the address;
    /// `FreeSWITCH`: the password; signed: the key of the signature.
    pub secret: Secret,
    /// File that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// `FreeSWITCH`: the user (`cred`).
    pub user: String,
    /// Signed: the header that holds the signature.
    pub signature_header: String,
    /// What the addresses of recordings begin with, such as `https://api.twilio.com/`; empty: none is fetched.
    pub recordings_from: String,
    /// As whom they are fetched: Twilio's account SID, or a user.
    pub recordings_user: String,
    /// And the password; Twilio's is the auth token when this is left out.
    pub recordings_password: Secret,
    /// File that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recordings_password_file: Option<PathBuf>,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            provider: None,
            secret: Secret::default(),
            secret_file: None,
            user: String::new(),
            signature_header: "x-signature-256".to_owned(),
            recordings_from: String::new(),
            recordings_user: String::new(),
            recordings_password: Secret::default(),
            recordings_password_file: None,
        }
    }
}

/// Who posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Twilio: status, recording and transcription callbacks of voice, and messages.
    Twilio,
    /// `FreeSWITCH`: `mod_json_cdr`.
    Freeswitch,
    /// sipgate.io.
    Sipgate,
    /// Placetel.
    Placetel,
    /// Any telephone system that speaks generic CTI (`newCall`, `answer`, `hangup`).
    Cti,
    /// Anything else that can post signed JSON; `fields` says where what lies.
    Signed,
}

/// Who posts, and how we know.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Who.
    pub provider: Provider,
    /// What proves it.
    pub secret: Secret,
    /// The user of `FreeSWITCH`.
    pub user: String,
    /// The header that holds the signature.
    pub signature_header: String,
    /// Where recordings are fetched from; none: they are not.
    pub archive: Option<Archive>,
}

/// Where recordings are fetched from, and as whom.
#[derive(Debug, Clone)]
pub struct Archive {
    /// What each address of a recording begins with: nothing else is ever asked.
    pub base: String,
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
}

impl Webhook {
    /// Which names hold what in what it posts.
    pub fn names(&self) -> &'static [(&'static str, &'static [&'static str])] {
        match self.provider {
            Provider::Twilio => &crate::hooks::TWILIO_NAMES,
            Provider::Freeswitch => &crate::formats::FREESWITCH_NAMES,
            Provider::Sipgate | Provider::Placetel | Provider::Cti => &crate::hooks::CTI_NAMES,
            Provider::Signed => &[],
        }
    }

    /// The address to give to whoever posts, below the one at which the public reaches us.
    pub fn address(&self, public_url: &str, account: &str) -> String {
        let address = format!("{}/hooks/phone/{account}", public_url.trim_end_matches('/'));
        match self.provider {
            Provider::Sipgate | Provider::Placetel | Provider::Cti => format!("{address}/<secret>"),
            Provider::Twilio | Provider::Freeswitch | Provider::Signed => address,
        }
    }
}

pub(super) fn check(account: &AccountSettings, key: &str, problems: &mut Problems) -> Webhook {
    let key = format!("{key}.webhook");
    let settings = account.webhook.clone().unwrap_or_default();
    let provider = settings.provider.unwrap_or_else(|| {
        problems.note(
            format!("{key}.provider"),
            "must be \"twilio\", \"freeswitch\", \"sipgate\", \"placetel\", \"cti\" or \"signed\"",
        );
        Provider::Signed
    });
    let found = secret(&format!("{key}.secret"), &settings.secret, settings.secret_file.as_ref(), problems);
    if found.is_empty() && settings.secret_file.is_none() {
        problems.note(format!("{key}.secret"), "must be given (better as secret_file)");
    }
    let stands_in_address = matches!(provider, Provider::Sipgate | Provider::Placetel | Provider::Cti);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if stands_in_address && !found.expose().chars().all(plain) {
        problems.note(format!("{key}.secret"), "stands in an address, so it may hold a-z A-Z 0-9 - _ . only");
    }
    if provider == Provider::Freeswitch && settings.user.is_empty() {
        problems.note(format!("{key}.user"), "must be given: the user of `cred` in json_cdr.conf.xml");
    }
    if provider == Provider::Signed && account.fields.is_empty() && settings.provider.is_some() {
        let key = key.trim_end_matches(".webhook");
        problems.note(format!("{key}.fields"), "must say where (/a/b) what lies in what is posted");
    }
    if account.path.is_some() {
        let key = key.trim_end_matches(".webhook");
        problems.note(format!("{key}.path"), "belongs to accounts of kind \"folder\" only");
    }
    let archive = archive(&settings, (provider, &found), &key, problems);
    Webhook {
        provider,
        secret: found,
        user: settings.user,
        signature_header: settings.signature_header,
        archive,
    }
}

fn archive(
    settings: &WebhookSettings,
    (provider, webhook_secret): (Provider, &Secret),
    key: &str,
    problems: &mut Problems,
) -> Option<Archive> {
    let (given, file) = (&settings.recordings_password, settings.recordings_password_file.as_ref());
    let own = secret(&format!("{key}.recordings_password"), given, file, problems);
    let base = settings.recordings_from.trim();
    if base.is_empty() {
        if !settings.recordings_user.is_empty() || !own.is_empty() {
            problems.note(
                format!("{key}.recordings_from"),
                "must say what the addresses of recordings begin with",
            );
        }
        return None;
    }
    let is_safe = base.starts_with("https://") || base.starts_with("http://127.0.0.1:");
    if !is_safe || !base.ends_with('/') || base.contains('@') {
        problems.note(
            format!("{key}.recordings_from"),
            "must begin with https:// and end in /, such as https://api.twilio.com/",
        );
    }
    if settings.recordings_user.is_empty() {
        problems.note(format!("{key}.recordings_user"), "must be given: Twilio's account SID, or a user");
    }
    let is_twilio = provider == Provider::Twilio;
    let password = if own.is_empty() && is_twilio { webhook_secret.clone() } else { own };
    Some(Archive { base: base.to_owned(), user: settings.recordings_user.clone(), password })
}

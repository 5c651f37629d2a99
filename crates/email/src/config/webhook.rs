//! `[email.accounts.<name>.webhook]`: a provider that posts each mail to us, and how we know that it is the provider.

use std::path::PathBuf;
use std::time::Duration;

use data_encoding::BASE64_MIME_PERMISSIVE;
use redress_runtime::Secret;
use redress_runtime::settings::{Problems, secret};
use serde::{Deserialize, Serialize};

use super::settings::Account as AccountSettings;

/// `[email.accounts.<name>.webhook]` as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// `mailgun`, `postmark`, `sendgrid` or `ses`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// Mailgun: the HTTP webhook signing key.
    pub signing_key: Secret,
    /// File that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key_file: Option<PathBuf>,
    /// Mailgun: so old a signature may be.
    pub signature_minutes_max: u32,
    /// `SendGrid`: the public key of its security policy, as it shows it (base64).
    pub public_key: String,
    /// SES: the ARN of the SNS topic that the receipt rule publishes to.
    pub topic: String,
    /// Postmark, and `SendGrid` without a public key: the user in the address that the provider is given.
    pub user: String,
    /// And the password there.
    pub password: Secret,
    /// File that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            provider: None,
            signing_key: Secret::default(),
            signing_key_file: None,
            // Mailgun tries again for eight hours, and does not say that it signs anew.
            signature_minutes_max: 12 * 60,
            public_key: String::new(),
            topic: String::new(),
            user: String::new(),
            password: Secret::default(),
            password_file: None,
        }
    }
}

/// Who posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Mailgun: a route that forwards.
    Mailgun,
    /// Postmark: an inbound stream.
    Postmark,
    /// `SendGrid`: Inbound Parse.
    Sendgrid,
    /// Amazon SES: a receipt rule that publishes to SNS.
    Ses,
}

/// Who posts, and how we know.
#[derive(Debug, Clone)]
pub enum Webhook {
    /// Mailgun, by its signature.
    Mailgun(MailgunKey),
    /// Postmark, by user and password.
    Postmark(Basic),
    /// `SendGrid`, by user and password.
    SendgridBasic(Basic),
    /// `SendGrid`, by its signature: the uncompressed point of its P-256 key.
    SendgridKey(Vec<u8>),
    /// Amazon SES, by the signature of SNS.
    Ses(Topic),
}

/// What Mailgun signs with.
#[derive(Debug, Clone)]
pub struct MailgunKey {
    /// The HTTP webhook signing key.
    pub signing_key: Secret,
    /// So old a signature may be.
    pub age_max: Duration,
}

/// A topic of SNS.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Its name: `arn:aws:sns:<region>:<account>:<topic>`.
    pub arn: String,
    /// The host of SNS in its region.
    host: String,
}

impl Topic {
    /// Reads a name.
    pub fn named(arn: &str) -> Option<Self> {
        let good = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        let ["arn", partition, "sns", region, account, topic] = arn.split(':').collect::<Vec<_>>()[..] else {
            return None;
        };
        if ![region, account, topic].iter().all(|part| !part.is_empty() && part.chars().all(good)) {
            return None;
        }
        let domain = match partition {
            "aws" | "aws-us-gov" => "amazonaws.com",
            "aws-cn" => "amazonaws.com.cn",
            _ => return None,
        };
        Some(Self { arn: arn.to_owned(), host: format!("sns.{region}.{domain}") })
    }

    /// True for an address at SNS in the topic's region.
    pub fn owns(&self, url: &str) -> bool {
        let rest = url.strip_prefix("https://").and_then(|rest| rest.strip_prefix(&self.host));
        rest.is_some_and(|rest| rest.starts_with('/') && rest.chars().all(|c| c.is_ascii_graphic()))
    }
}

/// User and password of HTTP basic authentication.
#[derive(Debug, Clone)]
pub struct Basic {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
}

impl Webhook {
    /// Who posts.
    pub fn provider(&self) -> Provider {
        match self {
            Self::Mailgun(_) => Provider::Mailgun,
            Self::Postmark(_) => Provider::Postmark,
            Self::SendgridBasic(_) | Self::SendgridKey(_) => Provider::Sendgrid,
            Self::Ses(_) => Provider::Ses,
        }
    }

    /// The address to give to the provider, below the one at which the public reaches us.
    pub fn address(&self, public_url: &str, account: &str) -> String {
        let base = public_url.trim_end_matches('/');
        let address = format!("{base}/hooks/email/{account}");
        match self {
            // So it posts the mail as it came.
            Self::Mailgun(_) => format!("{address}/mime"),
            Self::SendgridKey(_) | Self::Ses(_) => address,
            Self::Postmark(basic) | Self::SendgridBasic(basic) => {
                address.replacen("://", &format!("://{}:<password>@", basic.user), 1)
            }
        }
    }
}

impl Provider {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mailgun => "Mailgun",
            Self::Postmark => "Postmark",
            Self::Sendgrid => "SendGrid",
            Self::Ses => "Amazon SES",
        }
    }
}

/// Notes a webhook table beside another kind of account.
pub(super) fn is_none(account: &AccountSettings, key: &str, problems: &mut Problems) {
    if account.webhook.is_some() {
        problems.note(format!("{key}.webhook"), "belongs to accounts of kind \"webhook\" only");
    }
}

pub(super) fn check(account: &AccountSettings, key: &str, problems: &mut Problems) -> Webhook {
    super::no_imap(account, key, problems);
    if account.path.is_some() {
        problems.note(format!("{key}.path"), "belongs to accounts of kind \"maildir\" only");
    }
    let key = format!("{key}.webhook");
    let settings = account.webhook.clone().unwrap_or_default();
    let mut keys = Keys { settings: &settings, key, problems };
    let webhook = match settings.provider {
        Some(Provider::Mailgun) => Webhook::Mailgun(keys.mailgun()),
        Some(Provider::Postmark) => Webhook::Postmark(keys.basic()),
        Some(Provider::Sendgrid) if settings.public_key.is_empty() => Webhook::SendgridBasic(keys.basic()),
        Some(Provider::Sendgrid) => Webhook::SendgridKey(keys.point()),
        Some(Provider::Ses) => Webhook::Ses(keys.topic()),
        None => {
            keys.note("provider", "must be \"mailgun\", \"postmark\", \"sendgrid\" or \"ses\"");
            return Webhook::SendgridKey(Vec::new());
        }
    };
    keys.nothing_unused(&webhook);
    webhook
}

/// The table, and where its problems go.
struct Keys<'a> {
    settings: &'a WebhookSettings,
    key: String,
    problems: &'a mut Problems,
}

impl Keys<'_> {
    fn note(&mut self, name: &str, problem: &str) {
        self.problems.note(format!("{}.{name}", self.key), problem);
    }

    fn mailgun(&mut self) -> MailgunKey {
        let settings = self.settings;
        let signing_key =
            self.secret("signing_key", &settings.signing_key, settings.signing_key_file.as_ref());
        if settings.signature_minutes_max == 0 {
            self.note("signature_minutes_max", "must be at least 1");
        }
        let age_max = Duration::from_mins(u64::from(settings.signature_minutes_max));
        MailgunKey { signing_key, age_max }
    }

    fn basic(&mut self) -> Basic {
        let settings = self.settings;
        let user = &settings.user;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if user.is_empty() || !user.chars().all(plain) {
            self.note("user", "must be given, of a-z A-Z 0-9 - _ . as it stands in an address");
        }
        let password = self.secret("password", &settings.password, settings.password_file.as_ref());
        Basic { user: user.clone(), password }
    }

    fn secret(&mut self, name: &str, value: &Secret, file: Option<&PathBuf>) -> Secret {
        let found = secret(&format!("{}.{name}", self.key), value, file, self.problems);
        if found.is_empty() && file.is_none() {
            self.note(name, &format!("must be given (better as {name}_file)"));
        }
        found
    }

    /// The uncompressed point at the end of a P-256 key in its usual wrapping (X.509 `SubjectPublicKeyInfo`).
    fn point(&mut self) -> Vec<u8> {
        let wrapped =
            BASE64_MIME_PERMISSIVE.decode(self.settings.public_key.trim().as_bytes()).unwrap_or_default();
        match wrapped.strip_prefix(&P256_WRAPPING[..]) {
            Some(point) if point.len() == 65 && point.first() == Some(&4) => point.to_vec(),
            _ => {
                self.note("public_key", "must be the key as SendGrid shows it: base64 of a P-256 public key");
                Vec::new()
            }
        }
    }

    fn topic(&mut self) -> Topic {
        Topic::named(&self.settings.topic).unwrap_or_else(|| {
            self.note("topic", "must be the topic's ARN: arn:aws:sns:<region>:<account>:<topic>");
            Topic { arn: String::new(), host: String::new() }
        })
    }

    /// Whoever gives a secret believes that it is asked for.
    fn nothing_unused(&mut self, webhook: &Webhook) {
        let settings = self.settings;
        let has_login =
            !settings.user.is_empty() || !settings.password.is_empty() || settings.password_file.is_some();
        let has_key = !settings.signing_key.is_empty() || settings.signing_key_file.is_some();
        let is_mailgun = matches!(webhook, Webhook::Mailgun(_));
        let takes_login = matches!(webhook, Webhook::Postmark(_) | Webhook::SendgridBasic(_));
        for (name, is_unused) in [
            ("password", has_login && !takes_login),
            ("signing_key", has_key && !is_mailgun),
            ("topic", !settings.topic.is_empty() && webhook.provider() != Provider::Ses),
            ("public_key", !settings.public_key.is_empty() && webhook.provider() != Provider::Sendgrid),
        ] {
            if is_unused {
                self.note(name, "is not used with this provider, or beside a key; leave it out");
            }
        }
    }
}

/// What stands before the point: an elliptic curve key on P-256, as a bit string.
const P256_WRAPPING: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

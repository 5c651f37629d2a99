//! `[email]` as it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use redress_runtime::Secret;
use serde::{Deserialize, Serialize};

use super::{OauthSettings, WebhookSettings};

/// `[email]`. Without accounts nothing is read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The mailboxes: `[email.accounts.help]`.
    pub accounts: BTreeMap<String, Account>,
    /// Further addresses of ours (senders of automatic mail); what comes from them is no complaint.
    pub own_addresses: Vec<String>,
    /// One replica reads a mailbox; when it falls silent for so long, another takes over.
    pub lease_seconds: u32,
    /// A mailbox that could not be looked into for so long is stalled, and somebody is told.
    pub stalled_minutes: u32,
    /// How much of one mail is read, and at once.
    pub limits: LimitSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            accounts: BTreeMap::new(),
            own_addresses: Vec::new(),
            lease_seconds: 12,
            stalled_minutes: 10,
            limits: LimitSettings::default(),
        }
    }
}

/// `[email.accounts.<name>]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// `imap`, `maildir` or `webhook`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The mailbox's own address.
    pub address: String,
    /// `now`: only what comes from the first start on; `all`: what is there already, too. In a Maildir, what lies
    /// in `new` was not read by anybody and is always taken.
    pub start: Start,
    /// Seconds between two looks; 15 for IMAP and 0.25 for Maildir when absent. An IMAP server that can say when mail
    /// comes (IDLE) is looked at then, and every two minutes besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll_seconds: Option<f64>,
    /// The id with which the server that checks senders begins `Authentication-Results`, or `-` when it writes none
    /// (Exchange Online); empty: nobody's are believed.
    pub authserv_id: String,
    /// Web forms that mail in their own name: addresses, or `@host`. Who stands in `Reply-To` wrote it.
    pub form_relays: Vec<String>,
    /// Maildir: the folder that holds `new`, `cur` and `tmp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// IMAP: name or address of the server.
    pub host: String,
    /// IMAP: its port; 0 is 993 with implicit TLS, else 143.
    pub port: u16,
    /// IMAP: `implicit`, `starttls`, or `none` (to this machine only).
    pub tls: Tls,
    /// IMAP: certificate authority (PEM); the platform's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// IMAP: user.
    pub user: String,
    /// IMAP: password.
    pub password: Secret,
    /// IMAP: file that holds the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// IMAP: a token instead of a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth: Option<OauthSettings>,
    /// Webhook: who posts the mails, and how it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookSettings>,
    /// IMAP: folder that is read.
    pub folder: String,
    /// IMAP: further folders that are read.
    pub more_folders: Vec<String>,
    /// IMAP and Maildir: the folder of sent mail. What a member of staff sends from there about a complaint, by its reference
    /// or as an answer to one of our mails, is kept with it as an answer; all else in it is left alone.
    pub sent_folder: String,
    /// IMAP: let the server say when mail comes, where it can.
    pub idle: bool,
    /// IMAP: what happens to a mail that is on record: `leave`, `flag` or `move`.
    pub after_ack: AfterAck,
    /// IMAP: the keyword for `flag`.
    pub keyword: String,
    /// IMAP: the folder for `move`.
    pub move_to: String,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            kind: None,
            address: String::new(),
            start: Start::default(),
            poll_seconds: None,
            authserv_id: String::new(),
            form_relays: Vec::new(),
            path: None,
            host: String::new(),
            port: 0,
            tls: Tls::default(),
            ca_file: None,
            user: String::new(),
            password: Secret::default(),
            password_file: None,
            oauth: None,
            webhook: None,
            folder: "INBOX".to_owned(),
            more_folders: Vec::new(),
            sent_folder: String::new(),
            idle: true,
            after_ack: AfterAck::default(),
            keyword: "$Redress".to_owned(),
            move_to: String::new(),
        }
    }
}

/// What kind of mailbox it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A folder on an IMAP server.
    Imap,
    /// A Maildir on this machine.
    Maildir,
    /// A provider that posts each mail to us.
    Webhook,
}

/// Whether what was there before the first start is taken too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// No.
    #[default]
    Now,
    /// Yes.
    All,
}

/// How the connection is secured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// From the first byte on.
    #[default]
    Implicit,
    /// After STARTTLS.
    Starttls,
    /// Not at all; to this machine only.
    None,
}

/// What happens to a mail that is on record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterAck {
    /// Nothing.
    Leave,
    /// It gets a keyword.
    #[default]
    Flag,
    /// It moves to another folder.
    Move,
}

/// `[email.limits]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Of a larger mail only so much is read.
    pub mail_mebibytes_max: u32,
    /// A mail whose reading takes longer is recorded unread.
    pub read_seconds_max: u32,
    /// A mail up to this size is kept whole. Of a larger one `mail_mebibytes_max` are, its sender is told so, and it stays
    /// where it is.
    pub keep_mebibytes_max: u32,
    /// Largest post of a webhook.
    pub post_mebibytes_max: u32,
    /// How long a post may take to come.
    pub post_seconds_max: u32,
    /// Raw mail asked for or held in memory at once, for each account.
    pub in_flight_mebibytes_max: u32,
    /// Mails being recorded at once, for each account.
    pub in_flight_mails_max: u32,
    /// Header fields read of one block.
    pub headers_max: u32,
    /// Largest header field read whole.
    pub header_kibibytes_max: u32,
    /// MIME parts read.
    pub parts_max: u32,
    /// MIME parts inside one another.
    pub depth_max: u32,
    /// Text kept of one part.
    pub text_part_kibibytes_max: u32,
    /// Recipients kept.
    pub recipients_max: u32,
    /// References kept.
    pub references_max: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            mail_mebibytes_max: 25,
            read_seconds_max: 60,
            keep_mebibytes_max: 64,
            post_mebibytes_max: 60,
            post_seconds_max: 45,
            in_flight_mebibytes_max: 64,
            in_flight_mails_max: 32,
            headers_max: 1000,
            header_kibibytes_max: 64,
            parts_max: 200,
            depth_max: 20,
            text_part_kibibytes_max: 512,
            recipients_max: 100,
            references_max: 100,
        }
    }
}

//! A contact: one inbound message or act on a channel, with everything the person wrote.
//!
//! This is the body of an INTAKE message (proto `redress.intake.v1.Contact`). It holds personal data, so it is
//! sealed at rest and opened only through `redress-vault`; `Debug` shows ids and sizes, never words or addresses.
//! A contact is never changed: what comes later about the same item is another contact that names the first.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::border::FileName;
use crate::id::{BlobName, ContactId, Reference};
use crate::words::{
    Act, AddressKind, CallDirection, CallState, Channel, MachineKind, ParseStatus, PostChange, PostKind,
    ScanState, TextRole, Verdict, VerdictMethod, Visibility,
};

/// One inbound message or act, normalised, with its raw bytes.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Contact {
    /// Derived by `redress-identity` from the parts that identify the item at its source.
    pub id: ContactId,
    /// How it came.
    pub channel: Channel,
    /// The mailbox, form, PBX or profile it came in by, as the settings name it.
    pub account: String,
    /// When it reached the organisation; starts the clocks.
    pub received_at: Timestamp,
    /// When we wrote it down.
    pub recorded_at: Timestamp,
    /// The mail's own Date or the like; information only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
    /// Whether the raw bytes could be read.
    pub parse_status: ParseStatus,
    /// What could not be read; empty when all could.
    pub parse_problem: String,
    /// Who it comes from, as stated; nobody for a null sender or an anonymous form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<Address>,
    /// Where the sender wants answers, when it differs from `sender`.
    pub reply_to: Vec<Address>,
    /// To whom it was addressed (To and Cc).
    pub recipients: Vec<Address>,
    /// True when the channel itself vouches for the sender (a signed-in API client, a trusted DMARC result).
    pub sender_authenticated: bool,
    /// Subject line; empty where the channel has none.
    pub subject: String,
    /// The words, as plain text.
    pub text: String,
    /// BCP 47 tag, when known.
    pub language: String,
    /// Files that came with it.
    pub attachments: Vec<Attachment>,
    /// The bytes as they came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Raw>,
    /// How it hangs together with other mails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<Thread>,
    /// Set when a machine wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
    /// What a form asked for by name: product, order number, remedy sought.
    pub fields: Vec<Field>,
    /// The reference promised to the sender before the contact was recorded (web).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The contact this one belongs to (a transcript to its call).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_of: Option<ContactId>,
    /// The contact this one edits or deletes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revises: Option<ContactId>,
    /// The contact this one reads again with a better parser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reparses: Option<ContactId>,
    /// What of `text` is quoted, passed on or signature, in order; what no span covers is new. Nothing is cut.
    pub text_spans: Vec<TextSpan>,
    /// True when a reader may fold quotes, forwarded mails and signatures: little would be hidden, and nothing new
    /// stands between quotes.
    pub text_foldable: bool,
    /// What is known of whether the sender is who they say; absent where nobody is trusted to say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_verdict: Option<SenderVerdict>,
    /// True for a mail that a member of staff sent from a mailbox of ours, about a complaint that it names: it went out, and
    /// the channel vouches for that.
    pub sent_by_hand: bool,
    /// What the complainant did, when they did something beside writing; the channel vouches for who did it.
    #[serde(skip_serializing_if = "Act::is_unspecified")]
    pub act: Act,
    /// Who wrote it down, when the complainant did not: a clerk, or a system with an API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_by: Option<RecordedBy>,
    /// The telephone call it is about: one leg or event of it, a note, a recording, a transcript.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
    /// What its platform says of the post, message or review that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post: Option<Post>,
}

/// What a social platform says of a post, a direct message, a comment or a review.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Post {
    /// Which platform: `mastodon`, `bluesky`, `telegram`, …
    pub platform: String,
    /// The platform's own id of it, by which it is answered.
    pub post_id: String,
    /// Which version of it this is: a content id, a time of editing; empty where the platform has no word for it.
    pub revision: String,
    /// Whether it changes a post that was there before; unspecified for a new one.
    pub change: PostChange,
    /// How it concerns us.
    pub kind: PostKind,
    /// Who may read it: an answer is never shown to more people.
    pub visibility: Visibility,
    /// Where a person reads it; empty where it has no address.
    pub url: String,
    /// The version of the post that began its thread, where the platform wants it named in an answer.
    pub root_revision: String,
    /// The post that it quotes, by the platform's id.
    pub quotes: String,
    /// Who is named in it, by the platform's ids or handles.
    pub mentions: Vec<String>,
    /// Addresses it links to.
    pub links: Vec<String>,
    /// Stars of a review, of five.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<u32>,
    /// When the platform stops taking answers to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_until: Option<Timestamp>,
}

/// What a telephone system, or whoever took the call, says of it. Every contact that names the same `system` and `call_id`
/// is about the same call.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Call {
    /// Which telephone system, as the settings name it.
    pub system: String,
    /// The system's own id of the whole call: linkedid, uniqueid, uuid, Call SID.
    pub call_id: String,
    /// Which leg or event of the call this contact reports; empty when it is about the call as a whole.
    pub leg: String,
    /// What it says became of the call.
    pub state: CallState,
    /// Who called whom.
    pub direction: CallDirection,
    /// When it began to ring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When somebody, or something, answered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How long the caller waited for an answer, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_seconds: Option<u32>,
    /// How long they talked, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talking_seconds: Option<u32>,
    /// The queue, or the number of ours, that it came in at.
    pub queue: String,
    /// Who of ours took it, or was rung.
    pub staff: String,
    /// Why it ended, in the system's word.
    pub cause: String,
    /// True when the system writes local times and this one was in the hour that a clock change repeats: the first of the
    /// two was taken.
    pub time_ambiguous: bool,
}

/// Somebody who wrote down what a complainant said or sent, and answers for what they state about it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecordedBy {
    /// Who: `clerk:<account>` or `client:<account>`, as the settings name them.
    pub actor: String,
    /// How it reached the organisation, in their words: `registered letter`, `counter in the town hall`; may be empty.
    pub arrival: String,
    /// Why `received_at` lies before the day on which it was written down; empty when it does not.
    pub backdating_reason: String,
    /// True when it was read back to the complainant, who confirmed it.
    pub read_back: bool,
}

/// Whether a sender is who they say, and by whose word.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SenderVerdict {
    /// The answer. `sender_authenticated` is true for `pass` only.
    pub verdict: Verdict,
    /// What it rests on; unspecified when on nothing.
    pub method: VerdictMethod,
    /// The domain it is about.
    pub domain: String,
    /// The server whose word it is; empty when the signatures were checked here.
    pub verifier: String,
}

/// A part of a text that is not its sender's new words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TextSpan {
    /// What it is.
    pub role: TextRole,
    /// Where it begins, in bytes of UTF-8.
    pub start_byte: u32,
    /// Where it ends: the first byte that is no part of it.
    pub end_byte: u32,
}

impl TextSpan {
    /// The words it covers; empty when it lies outside the text.
    pub fn of<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start_byte as usize..self.end_byte as usize).unwrap_or_default()
    }
}

/// An address as it was written, with its kind.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Address {
    /// What kind of address it is.
    pub kind: AddressKind,
    /// The address as written (`redress-identity` makes the normal form for comparing).
    pub value: String,
    /// The name that stood beside it.
    pub display_name: String,
}

/// A file that came with a contact.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attachment {
    /// Its name as stated, made safe; empty when none was.
    pub file_name: FileName,
    /// Media type as stated.
    pub media_type: String,
    /// Decoded size.
    pub size_bytes: u32,
    /// SHA-256 of the decoded bytes, hex.
    pub sha256: String,
    /// The part of the raw mail it lies in (0 is the whole mail), when it lies there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_part: Option<u32>,
    /// Where its bytes lie when they are not in the raw mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<BlobName>,
    /// True when it is shown inside the text.
    pub inline: bool,
    /// What it shows, in its sender's words, for those who cannot see it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What a scanner says of it; unspecified where none is to look.
    #[serde(skip_serializing_if = "ScanState::is_unspecified")]
    pub scan: ScanState,
    /// What the scanner calls what it found, or why it could not look; empty otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scan_finding: String,
}

/// The bytes as they came: inside the message, or in the bucket `blobs`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Raw {
    /// `message/rfc822`, `application/x-www-form-urlencoded`, …
    pub media_type: String,
    /// Size in bytes, of what was kept.
    pub size_bytes: u32,
    /// SHA-256 of what was kept, hex.
    pub sha256: String,
    /// The bytes, when they fit.
    #[serde(with = "crate::bytes64", skip_serializing_if = "Bytes::is_empty")]
    pub inline: Bytes,
    /// Where they lie, when they did not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<BlobName>,
    /// The size it came with, when that was too large to be kept whole: what was kept are its first bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_from_bytes: Option<u32>,
}

/// How a mail hangs together with others (RFC 5322 §3.6.4). Ids without angle brackets.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Thread {
    /// Its own id; empty when it has none.
    pub message_id: String,
    /// What it answers.
    pub in_reply_to: Vec<String>,
    /// Its ancestors, oldest first.
    pub references: Vec<String>,
    /// A platform's own thread id.
    pub platform_thread: String,
}

/// What was learnt about a machine's message.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Machine {
    /// What kind of machine message it is.
    pub kind: MachineKind,
    /// The header or shape it was known by, such as `auto-submitted: auto-replied`.
    pub evidence: String,
    /// For bounces: what it says about each recipient.
    pub deliveries: Vec<DeliveryReport>,
}

/// What a delivery report says about one recipient (RFC 3464 §2.3).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeliveryReport {
    /// The recipient it was for.
    pub recipient: String,
    /// Enhanced status code (RFC 3463), such as `5.1.1`; empty when not said.
    pub status: String,
    /// True when it will not be tried again (action `failed`, status 5.x.x).
    pub permanent: bool,
    /// Message-ID of the mail that was not delivered, when the report holds it.
    pub original_message_id: String,
}

/// One named field of a form.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Field {
    /// As the form's settings name it: `product`, `order_number`, `remedy`.
    pub name: String,
    /// What was entered.
    pub value: String,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("id", &self.id)
            .field("channel", &self.channel)
            .field("account", &self.account)
            .field("received_at", &self.received_at)
            .field("parse_status", &self.parse_status)
            .field("machine", &self.machine.as_ref().map(|m| m.kind))
            .field("attachments", &self.attachments.len())
            .field("text_bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    )*};
}

redacted!(
    Address,
    Attachment,
    Call,
    Post,
    Raw,
    RecordedBy,
    SenderVerdict,
    Thread,
    Machine,
    DeliveryReport,
    Field
);

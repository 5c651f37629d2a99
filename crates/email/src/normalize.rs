//! Raw mail in, contact out. Pure: no I/O, no clock, and whatever bytes come in, a contact goes out.
//!
//! Reading order: [`limits`], [`trust`] and `verdict` (is it from whom it says?), `scan` (one linear look for bombs),
//! `parse` (the one module that knows mail-parser), `people`, `text`, `html`, `calendar`, `reply` (new words against quoted ones), `file` (and `tnef`), `thread`, `machine`, `bounce`, `clean` (what
//! strangers wrote, made safe to show).

pub mod limits;
pub mod trust;

mod bounce;
mod calendar;
mod clean;
#[cfg(feature = "failpoints")]
mod fault;
mod file;
mod html;
mod machine;
mod parse;
mod people;
mod reply;
mod scan;
mod sent;
mod text;
mod thread;
mod tnef;
mod unreadable;
mod verdict;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;
use redress_contract::contact::{Contact, Field, Raw, SenderVerdict};
use redress_contract::{Channel, ContactId, ParseStatus, Verdict};
use redress_identity::Keys;
use redress_intake::language;

use limits::{CONTACT_JSON_BYTES_MAX, Limits, SUBJECT_CHARS_MAX};
use parse::Mail;
use people::{Own, Wrote};
use trust::Trust;

/// Media type of raw mails.
const MAIL: &str = "message/rfc822";

/// Text shown of a mail that could not be parsed.
const CRUDE_BYTES_MAX: usize = 64 * 1024;

/// What is known of a mail from outside it.
#[derive(Clone, Copy)]
pub struct Envelope<'a> {
    /// The mailbox it came in by, as the settings name it.
    pub account: &'a str,
    /// When it reached the mailbox.
    pub received_at: Timestamp,
    /// Our own addresses: what comes from them is our own mail come back.
    pub own_addresses: &'a [String],
    /// Keys of the installation: for the contact's id, and to know our own Message-IDs again.
    pub keys: &'a Keys,
    /// Whose word the account takes on who wrote it.
    pub trust: &'a Trust,
    /// What checking its signatures here came to, where the account asks for that.
    pub verified: Option<&'a SenderVerdict>,
    /// How much is read.
    pub limits: &'a Limits,
    /// The whole mail, when it was too large to be kept: then only its first bytes are at hand.
    pub whole: Option<&'a Whole>,
    /// True for what lies in the mailbox's own folder of sent mail: so somebody of ours sent it.
    pub sent: bool,
}

/// A mail that was too large to be kept whole. It is told by all of its bytes, so that it stays the same contact whatever
/// the limits are when it is met again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of all of it, hex.
    pub sha256: String,
}

/// Reads a mail. The contact names its raw bytes by digest and size; whoever records it hands the bytes along.
pub fn normalize(raw: &[u8], envelope: &Envelope<'_>) -> Contact {
    let mut contact = bare(raw, envelope);
    let read = catch_unwind(AssertUnwindSafe(|| read(raw, envelope, contact.clone())));
    match read {
        Ok(Some(read)) => contact = read,
        Ok(None) => {
            fail(&mut contact, raw, if raw.is_empty() { "empty" } else { "no header field of a mail found" });
        }
        Err(_) => fail(&mut contact, raw, "the parser gave up"),
    }
    note_cut(&mut contact, raw, envelope.whole);
    fit(&mut contact);
    let split = reply::split(&contact.text);
    contact.text_spans = split.spans;
    contact.text_foldable = split.foldable;
    contact.language = language_of(&contact);
    contact
}

/// The id of the contact that a mail is: from its bytes and its mailbox, nothing of it being read.
pub fn contact_id(raw: &[u8], envelope: &Envelope<'_>) -> ContactId {
    let digest = envelope.whole.map_or_else(|| file::hex_sha256(raw), |whole| whole.sha256.clone());
    envelope.keys.mail_contact_id(envelope.account, &digest)
}

/// Reads a mail that is on record again: a contact that names the first. Its id is made from what was read, so that the
/// same reading has the same id.
pub fn again(raw: &[u8], envelope: &Envelope<'_>, first: &Contact) -> Contact {
    let cut_from = first.raw.as_ref().and_then(|raw| raw.cut_from_bytes);
    // The digest of the whole makes an id only, and the second has another.
    let whole = cut_from.map(|size| Whole { size_bytes: u64::from(size), sha256: String::new() });
    let envelope = Envelope { whole: whole.as_ref(), sent: first.sent_by_hand, ..*envelope };
    let mut second = normalize(raw, &envelope);
    second.reparses = Some(first.id.clone());
    let read = serde_json::to_vec(&second).unwrap_or_default();
    second.id = envelope.keys.mail_contact_id(envelope.account, &file::hex_sha256(&read));
    second
}

/// The contact of a mail that is not read at all: id, times and digest. For mails whose contact could not be stored
/// otherwise.
pub fn unread(raw: &[u8], envelope: &Envelope<'_>, problem: &str) -> Contact {
    let mut contact = bare(raw, envelope);
    contact.parse_status = ParseStatus::Failed;
    problem.clone_into(&mut contact.parse_problem);
    note_cut(&mut contact, raw, envelope.whole);
    contact
}

/// Subject and text of a mail, for showing one of ours; none when it is no mail.
pub fn words(raw: &[u8], limits: &Limits) -> Option<(String, String)> {
    let mail = parse::parse(raw)?;
    let subject = clean::line(&mail.text_field("Subject").unwrap_or_default(), SUBJECT_CHARS_MAX);
    Some((subject, text::words(&mail, limits).text))
}

fn bare(raw: &[u8], envelope: &Envelope<'_>) -> Contact {
    let sha256 = file::hex_sha256(raw);
    let told_by = envelope.whole.map_or(sha256.as_str(), |whole| whole.sha256.as_str());
    Contact {
        id: envelope.keys.mail_contact_id(envelope.account, told_by),
        channel: Channel::Email,
        account: envelope.account.to_owned(),
        received_at: envelope.received_at,
        parse_status: ParseStatus::Parsed,
        raw: Some(Raw {
            media_type: MAIL.to_owned(),
            size_bytes: u32::try_from(raw.len()).unwrap_or(u32::MAX),
            sha256,
            cut_from_bytes: envelope.whole.map(|whole| u32::try_from(whole.size_bytes).unwrap_or(u32::MAX)),
            ..Raw::default()
        }),
        ..Contact::default()
    }
}

fn read(raw: &[u8], envelope: &Envelope<'_>, mut contact: Contact) -> Option<Contact> {
    #[cfg(feature = "failpoints")]
    fault::parse(raw);
    let tidy = tidy(raw);
    let scan = scan::scan(&tidy, envelope.limits);
    let mail = parse::parse(&scan.raw).filter(Mail::is_mail)?;
    let mut problems = scan.problems;
    let own = Own { addresses: envelope.own_addresses, keys: envelope.keys };
    problems.extend(people::fill(&mut contact, &mail, &own, envelope.limits));
    let verdict = verdict::verdict(&mail, &envelope.trust.authserv, envelope.verified);
    let is_refuted = verdict.as_ref().is_some_and(|known| known.verdict == Verdict::Fail);
    // Whoever writes a relay's name into a mail is no relay.
    let relays: &[String] = if is_refuted { &[] } else { envelope.trust.form_relays.as_slice() };
    let wrote = people::behind_relay(&mut contact, relays, &own);
    contact.subject = clean::line(&mail.text_field("Subject").unwrap_or_default(), SUBJECT_CHARS_MAX);
    contact.written_at = mail.date();
    contact.language = stated_language(&mail);
    let words = text::words(&mail, envelope.limits);
    contact.text = words.text;
    problems.extend(words.problems);
    contact.fields = fields(&mail);
    let is_cut = scan.cut || envelope.whole.is_some();
    contact.attachments = file::files(&mail, is_cut.then_some(scan.raw.len()), envelope.limits);
    contact.thread = Some(thread::thread(&mail, envelope.limits));
    contact.machine = match wrote {
        Wrote::Sender => machine::machine(&mail, &contact, &own),
        Wrote::ThroughRelay => machine::of_relayed(&mail, &contact, &own),
    };
    note_verdict(&mut contact, verdict, wrote);
    sent::mark(&mut contact, &mail, &own, envelope.sent);
    note_damage(&mail, &contact, envelope.limits, &mut problems);
    if !problems.is_empty() {
        contact.parse_status = ParseStatus::Partial;
        contact.parse_problem = problems.join("; ");
    }
    Some(contact)
}

/// What a routing rule may look at beside the words: that it is a calendar's mail, and which.
fn fields(mail: &Mail<'_>) -> Vec<Field> {
    let calendar = calendar::method(mail);
    calendar.map(|method| Field { name: "calendar".to_owned(), value: method }).into_iter().collect()
}

/// Who vouches for a relay does not vouch for the person who filled in its form.
fn note_verdict(contact: &mut Contact, verdict: Option<SenderVerdict>, wrote: Wrote) {
    let passed = |verdict: &SenderVerdict| verdict.verdict == Verdict::Pass;
    contact.sender_verdict = match wrote {
        Wrote::Sender => verdict,
        Wrote::ThroughRelay => verdict.map(|known| SenderVerdict {
            verdict: if passed(&known) { Verdict::None } else { known.verdict },
            ..known
        }),
    };
    contact.sender_authenticated = contact.sender_verdict.as_ref().is_some_and(passed);
}

/// Blank lines before the first header field would end the header; a mail whose lines end in carriage returns alone
/// would be one line.
fn tidy(raw: &[u8]) -> Cow<'_, [u8]> {
    let raw = raw.trim_ascii_start();
    if raw.contains(&b'\n') || !raw.contains(&b'\r') {
        return Cow::Borrowed(raw);
    }
    raw.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect()
}

/// The language that the words are in. What a mail program states is often its own language: it counts where it says the
/// same more closely (`en-GB`), or where the words do not tell.
fn language_of(contact: &Contact) -> String {
    let stated = &contact.language;
    let primary = stated.split('-').next().unwrap_or_default();
    language::tell(&contact.text, &contact.text_spans)
        .filter(|told| !primary.eq_ignore_ascii_case(told))
        .map_or_else(|| stated.clone(), str::to_owned)
}

fn stated_language(mail: &Mail<'_>) -> String {
    let stated = mail.field("Content-Language").unwrap_or_default();
    let first = stated.split([',', ' ', ';']).next().unwrap_or_default();
    let good =
        (2..=35).contains(&first.len()) && first.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if good { first.to_owned() } else { String::new() }
}

fn note_damage(mail: &Mail<'_>, contact: &Contact, limits: &Limits, problems: &mut Vec<String>) {
    let broken: Vec<String> =
        mail.parts().filter(parse::Part::is_broken).take(10).map(|part| part.index.to_string()).collect();
    if !broken.is_empty() {
        problems.push(format!("broken encoding or structure in part {}", broken.join(", ")));
    }
    problems.extend(unreadable::problems(mail));
    if mail.len() > limits.parts_max && problems.is_empty() {
        problems.push(format!("more than {} parts", limits.parts_max));
    }
    if contact.sender.is_none() && mail.field("From").is_some_and(|from| from.contains('@')) {
        problems.push("the sender's address cannot be read".to_owned());
    }
    for (what, text) in [("subject", &contact.subject), ("text", &contact.text)] {
        if text.contains('\u{fffd}') {
            problems.push(format!("the {what} holds bytes that are no characters"));
        }
    }
}

/// Says first that a mail is not on record whole.
fn note_cut(contact: &mut Contact, raw: &[u8], whole: Option<&Whole>) {
    let Some(whole) = whole else { return };
    if contact.parse_status == ParseStatus::Parsed {
        contact.parse_status = ParseStatus::Partial;
    }
    let separator = if contact.parse_problem.is_empty() { "" } else { "; " };
    let before = std::mem::take(&mut contact.parse_problem);
    let (size, kept) = (whole.size_bytes, raw.len());
    contact.parse_problem =
        format!("{size} bytes are too many to be kept whole, only the first {kept} were{separator}{before}");
}

fn fail(contact: &mut Contact, raw: &[u8], problem: &str) {
    contact.parse_status = ParseStatus::Failed;
    problem.clone_into(&mut contact.parse_problem);
    let head = raw.get(..raw.len().min(CRUDE_BYTES_MAX)).unwrap_or_default();
    let odd = head.iter().filter(|byte| **byte < 32 && !b"\t\r\n".contains(byte)).count();
    // A person is helped by words without headers, not by the bytes of a picture.
    if odd * 20 < head.len() {
        contact.text = clean::lines(&parse::guess(head));
    }
}

/// Cuts the text until the contact fits into a message beside its other fields, which all have bounds of their own.
fn fit(contact: &mut Contact) {
    let rough = contact.text.len() + contact.attachments.len() * 512;
    if rough < CONTACT_JSON_BYTES_MAX / 8 && contact.recipients.len() < 20 {
        return;
    }
    let size = serde_json::to_vec(contact).map_or(usize::MAX, |json| json.len());
    if size <= CONTACT_JSON_BYTES_MAX {
        return;
    }
    let words = serde_json::to_vec(&contact.text).map_or(0, |json| json.len());
    let room = CONTACT_JSON_BYTES_MAX.saturating_sub(size - words.min(size)).saturating_sub(256);
    let whole = contact.text.len();
    // Escaping at most doubles a cleaned text, so half the room always suffices.
    let kept = if whole == words.saturating_sub(2) { room } else { room / 2 };
    clean::cut(&mut contact.text, kept);
    contact.parse_status = ParseStatus::Partial;
    let separator = if contact.parse_problem.is_empty() { "" } else { "; " };
    let kept = contact.text.len();
    let before = std::mem::take(&mut contact.parse_problem);
    contact.parse_problem =
        format!("{before}{separator}{whole} bytes of text, only the first {kept} were kept");
}

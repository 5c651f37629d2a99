//! Did a machine write this mail? RFC 3834, RFC 3464, RFC 5965, RFC 8098, RFC 2369 and what real systems do instead.
//!
//! Wrongly calling a person a machine leaves a complaint without an answer; wrongly calling a machine a person sends
//! one mail too many, which the outbound limits bound. So a mark needs a header or a shape that people's programs
//! do not produce, and a mailing list of our own is no list.

use redress_contract::MachineKind;
use redress_contract::contact::{Address, Contact, Machine};

use super::bounce;
use super::bounce::notification::About;
use super::clean;
use super::parse::{Mail, Mailbox};
use super::people::Own;

/// The mark of a mail; none when nothing says that a machine wrote it.
pub(crate) fn machine(mail: &Mail<'_>, contact: &Contact, own: &Own<'_>) -> Option<Machine> {
    let (kind, evidence) = report(mail)
        .or_else(|| notification(contact))
        .or_else(|| dmarc_report(contact))
        .or_else(|| feedback(mail, contact))
        .or_else(|| own_mail(mail, contact, own))
        .or_else(|| bounce_shape(mail, contact))
        .or_else(|| auto_reply(mail, contact))
        .or_else(|| list(mail, own))?;
    let deliveries =
        if kind == MachineKind::Bounce { bounce::deliveries(mail, contact, own) } else { Vec::new() };
    Some(Machine { kind, evidence: clean::line(&evidence, 200), deliveries })
}

/// True for mail that a program sent, in our own name or in its own.
pub(crate) fn is_automatic(mail: &Mail<'_>, contact: &Contact, own: &Own<'_>) -> bool {
    let message_id = contact.thread.as_ref().map(|thread| thread.message_id.as_str()).unwrap_or_default();
    own.signed(message_id)
        || own.made(message_id)
        || is_looped(mail, own)
        || report(mail).is_some()
        || auto_reply(mail, contact).is_some()
}

/// The mark of a mail that a form relay sent for a person: that a program mailed it says nothing, unless it reports.
pub(crate) fn of_relayed(mail: &Mail<'_>, contact: &Contact, own: &Own<'_>) -> Option<Machine> {
    let (kind, evidence) = report(mail).or_else(|| own_mail(mail, contact, own))?;
    Some(Machine { kind, evidence: clean::line(&evidence, 200), deliveries: Vec::new() })
}

type Mark = Option<(MachineKind, String)>;

#[expect(clippy::unnecessary_wraps, reason = "every branch that finds a mark ends with it")]
fn mark(kind: MachineKind, evidence: impl Into<String>) -> Mark {
    Some((kind, evidence.into()))
}

/// Reports in a standard form.
fn report(mail: &Mail<'_>) -> Mark {
    let mut found = None;
    for part in mail.parts().take(20) {
        let media_type = part.media_type();
        let stated = part.parameter("report-type").unwrap_or_default().to_ascii_lowercase();
        let kind = match (media_type.as_str(), stated.as_str()) {
            ("message/feedback-report", _) | ("multipart/report", "feedback-report" | "tlsrpt") => {
                MachineKind::Report
            }
            ("message/disposition-notification", _) | ("multipart/report", "disposition-notification") => {
                MachineKind::Receipt
            }
            ("message/delivery-status" | "message/global-delivery-status", _)
            | ("multipart/report", "delivery-status") => MachineKind::Bounce,
            ("application/tlsrpt+gzip" | "application/tlsrpt+json", _) => MachineKind::Report,
            _ => continue,
        };
        // The report part itself says more than the wrapper, and a feedback report may hold a delivery status.
        if found.is_none() || kind == MachineKind::Report {
            found = Some((kind, media_type));
        }
    }
    match found? {
        (MachineKind::Bounce, evidence) if bounce::is_success(mail) => mark(MachineKind::Receipt, evidence),
        (kind, evidence) => mark(kind, evidence),
    }
}

/// A sending service that tells of a bounce or complaint as JSON.
fn notification(contact: &Contact) -> Mark {
    let kind = match bounce::notification::read(&contact.text)?.about {
        About::Bounce => MachineKind::Bounce,
        About::Complaint => MachineKind::Report,
        About::Delivery => MachineKind::Receipt,
    };
    mark(kind, "a notification as json")
}

/// DMARC reports (RFC 7489 §7.2.1.1) travel as ordinary mail with a fixed subject and a packed attachment.
fn dmarc_report(contact: &Contact) -> Mark {
    let subject = contact.subject.to_ascii_lowercase();
    let packed = || contact.attachments.iter().any(|file| file.media_type.contains("zip"));
    let is_report = subject.starts_with("report domain:") && packed();
    if is_report { mark(MachineKind::Report, "subject: report domain") } else { None }
}

/// Complaints about mail that mailbox providers send in forms of their own.
fn feedback(mail: &Mail<'_>, contact: &Contact) -> Mark {
    if mail.field("X-Apple-Unsubscribe").is_some() {
        return mark(MachineKind::Report, "x-apple-unsubscribe");
    }
    let subject = contact.subject.to_lowercase();
    let about = subject.starts_with("complaint about message from") && bounce::returns_mail(mail);
    if about { mark(MachineKind::Report, "subject: complaint about message from") } else { None }
}

/// Our own mail come back: signed by us, or from our address with nobody else to answer to (a form that sends in our
/// name and puts the customer into Reply-To is a person's mail).
fn own_mail(mail: &Mail<'_>, contact: &Contact, own: &Own<'_>) -> Mark {
    if contact.thread.as_ref().is_some_and(|thread| own.signed(&thread.message_id)) {
        return mark(MachineKind::Own, "message-id: ours");
    }
    if contact.thread.as_ref().is_some_and(|thread| own.made(&thread.message_id)) {
        return mark(MachineKind::Own, "message-id: of a host of ours");
    }
    let ours = |address: &Address| own.has(address);
    if contact.sender.as_ref().is_some_and(ours) && contact.reply_to.iter().all(ours) {
        return mark(MachineKind::Own, "from: our address");
    }
    if is_looped(mail, own) { mark(MachineKind::Own, "x-loop: our address") } else { None }
}

fn is_looped(mail: &Mail<'_>, own: &Own<'_>) -> bool {
    mail.fields("X-Loop").any(|field| {
        let mailbox = Mailbox { name: String::new(), address: field };
        clean::address(&mailbox).is_some_and(|address| own.has(&address))
    })
}

const DAEMONS: [&str; 7] = [
    "mailer-daemon",
    "mail-daemon",
    "mailerdaemon",
    "postmaster",
    "mail.daemon",
    "mail-delivery",
    "mailsystem",
];

const BOUNCE_SUBJECTS: [&str; 30] = [
    "undelivered mail",
    "undeliverable",
    "undeliverd",
    "undelivered:",
    "unzustellbar",
    "non remis",
    "no se puede entregar",
    "delivery status notification",
    "delivery failure",
    "delivery failed",
    "delivery has failed",
    "delivery notification",
    "delivery report",
    "delivery error",
    "delivery problem",
    "delivery delayed",
    "failure notice",
    "failed delivery",
    "failed mail",
    "returned mail",
    "mail delivery",
    "mail could not be delivered",
    "message could not be delivered",
    "could not send message",
    "nondeliverable",
    "non-delivery",
    "mail system error",
    "unable to deliver",
    "returned to sender",
    "mail failure",
];

/// Delivery reports in no standard form: a daemon wrote them, or they name failed recipients.
fn bounce_shape(mail: &Mail<'_>, contact: &Contact) -> Mark {
    for field in ["X-Failed-Recipients", "X-Failed-Recipient", "X-Actual-Recipient"] {
        if mail.field(field).is_some_and(|value| value.contains('@')) {
            return mark(MachineKind::Bounce, field.to_ascii_lowercase());
        }
    }
    let subject = contact.subject.to_lowercase();
    let about_delivery = BOUNCE_SUBJECTS.iter().any(|known| subject.contains(known));
    let daemon = daemon(mail, contact);
    let says_so = bounce::says_so(contact);
    match daemon {
        Some("postmaster") if !about_delivery && !says_so && !is_null_return(mail) => {}
        Some(name) => return mark(MachineKind::Bounce, format!("from: {name}")),
        None => {}
    }
    if says_so && is_null_return(mail) {
        return mark(MachineKind::Bounce, "return-path: <>");
    }
    if says_so && bounce::returns_mail(mail) && wants_no_answer(contact) {
        return mark(MachineKind::Bounce, "a returned mail from nobody to answer to");
    }
    if about_delivery && is_null_return(mail) {
        return mark(MachineKind::Bounce, "return-path: <>");
    }
    if about_delivery && contact.sender.is_none() {
        return mark(MachineKind::Bounce, "no sender");
    }
    if about_delivery
        && bounce::returns_mail(mail)
        && !subject.starts_with("re:")
        && !subject.starts_with("fw")
    {
        return mark(MachineKind::Bounce, "a returned mail");
    }
    None
}

/// `no-reply@…`.
fn wants_no_answer(contact: &Contact) -> bool {
    let address = contact.sender.as_ref().map(|sender| sender.value.to_ascii_lowercase()).unwrap_or_default();
    ["no-reply", "noreply", "no_reply", "donotreply", "do-not-reply"]
        .iter()
        .any(|known| address.starts_with(known))
}

fn daemon(mail: &Mail<'_>, contact: &Contact) -> Option<&'static str> {
    // A bare `MAILER-DAEMON` is no address, so the field itself is looked at too.
    let stated = mail.field("From").unwrap_or_default().to_ascii_lowercase();
    let local = contact.sender.as_ref().map(|sender| sender.value.to_ascii_lowercase());
    let local = local.as_deref().and_then(|address| address.rsplit_once('@')).map(|(local, _)| local);
    let named = |known: &&&str| match local {
        Some(local) => local == **known,
        None => stated.trim_start_matches(['<', '"', ' ']).starts_with(**known),
    };
    DAEMONS.iter().find(named).copied().or_else(|| {
        let spoken = ["mail delivery subsystem", "mail delivery system", "mail delivery service"];
        spoken.into_iter().find(|name| stated.trim_start_matches('"').starts_with(name))
    })
}

fn is_null_return(mail: &Mail<'_>) -> bool {
    mail.field("Return-Path")
        .is_some_and(|path| matches!(path.trim(), "<>" | "<MAILER-DAEMON>" | "MAILER-DAEMON"))
}

const AUTO_SUBJECTS: [&str; 19] = [
    "out of office:",
    "out of office autoreply:",
    "out of the office:",
    "automatic reply:",
    "automatic reply to:",
    "autoreply:",
    "auto-reply:",
    "auto reply:",
    "auto response:",
    "autoresponse:",
    "[auto-reply]",
    "[autoreply]",
    "automatische antwort:",
    "abwesenheitsnotiz:",
    "réponse automatique",
    "respuesta automática:",
    "risposta automatica:",
    "automatisch antwoord:",
    "resposta automática:",
];

/// Automatic answers (RFC 3834) and other mail that says it was made without a person.
fn auto_reply(mail: &Mail<'_>, contact: &Contact) -> Mark {
    if let Some(value) = mail.field("Auto-Submitted") {
        let value = value.to_ascii_lowercase();
        let word = value.split([';', ' ', '(']).next().unwrap_or_default();
        if !word.is_empty() && word != "no" {
            return mark(MachineKind::AutoReply, format!("auto-submitted: {word}"));
        }
    }
    for field in [
        "X-Autoreply",
        "X-Autorespond",
        "X-Autoresponder",
        "X-Auto-Reply",
        "X-Auto-Response",
        "X-Autoreply-From",
        "X-Mail-Autoreply",
        "X-AutoReply-From",
        "X-Auto-Reply-From",
        "X-Autogenerated",
    ] {
        if mail.field(field).is_some_and(|value| !value.eq_ignore_ascii_case("no")) {
            return mark(MachineKind::AutoReply, field.to_ascii_lowercase());
        }
    }
    let precedence = precedence(mail);
    if matches!(precedence.as_str(), "auto_reply" | "auto-reply" | "autoreply") {
        return mark(MachineKind::AutoReply, format!("precedence: {precedence}"));
    }
    if mail.fields("Delivered-To").any(|value| value.eq_ignore_ascii_case("autoresponder")) {
        return mark(MachineKind::AutoReply, "delivered-to: autoresponder");
    }
    let subject = contact.subject.to_lowercase();
    if let Some(known) = AUTO_SUBJECTS.iter().find(|known| subject.starts_with(**known)) {
        return mark(MachineKind::AutoReply, format!("subject: {}", known.trim_end_matches(':')));
    }
    // It asks that no machine answers; a person looks whether it is a complaint.
    let suppressed = mail.field("X-Auto-Response-Suppress").map(|value| value.to_ascii_lowercase());
    let suppressed = suppressed.as_deref().unwrap_or_default();
    if suppressed.split([',', ' ', ';']).any(|what| matches!(what, "all" | "autoreply")) {
        return mark(MachineKind::AutoReply, "x-auto-response-suppress");
    }
    let suppress = !suppressed.is_empty();
    if is_null_return(mail) {
        return mark(MachineKind::AutoReply, "return-path: <>");
    }
    if suppress && matches!(precedence.as_str(), "junk" | "bulk") {
        return mark(MachineKind::AutoReply, format!("precedence: {precedence}"));
    }
    if suppress && mail.field("X-MS-Exchange-Inbox-Rules-Loop").is_some() {
        return mark(MachineKind::AutoReply, "x-ms-exchange-inbox-rules-loop");
    }
    if mail.fields("X-Loop").any(|value| ["yes", "true"].iter().any(|word| value.eq_ignore_ascii_case(word)))
    {
        return mark(MachineKind::AutoReply, "x-loop");
    }
    None
}

fn precedence(mail: &Mail<'_>) -> String {
    mail.field("Precedence").unwrap_or_default().trim().to_ascii_lowercase()
}

/// Mailing lists and bulk mail (RFC 2369, RFC 2919). A list that posts to one of our own addresses is how a shared
/// mailbox is often built: what comes through it was written to us.
fn list(mail: &Mail<'_>, own: &Own<'_>) -> Mark {
    let posts_to_us = mail.mailboxes("List-Post").into_iter().any(|mut mailbox| {
        mailbox.address = mailbox.address.trim_start_matches("mailto:").to_owned();
        clean::address(&mailbox).is_some_and(|address| own.has(&address))
    });
    if posts_to_us {
        return None;
    }
    for field in [
        "List-Id",
        "List-Unsubscribe",
        "List-Post",
        "List-Help",
        "Mailing-List",
        "X-Mailing-List",
        "X-BeenThere",
    ] {
        if mail.field(field).is_some() {
            return mark(MachineKind::List, field.to_ascii_lowercase());
        }
    }
    let precedence = precedence(mail);
    if matches!(precedence.as_str(), "bulk" | "junk" | "list") {
        return mark(MachineKind::List, format!("precedence: {precedence}"));
    }
    None
}

//! What a bounce says: who did not get which mail, and whether it will be tried again.
//!
//! First the standard form (`fields`: RFC 3464), then a notification service's JSON (`notification`), then what the
//! text gives away (`notice`). `status` finds status codes in any of them.

mod fields;
mod notice;
pub(crate) mod notification;
mod status;

use redress_contract::contact::{Contact, DeliveryReport};

use super::clean;
use super::limits::{ADDRESS_BYTES_MAX, DELIVERIES_MAX};
use super::parse::{self, Mail};
use super::people::Own;
use super::thread::ids;

/// Text lines looked at.
const LINES_MAX: usize = 2000;

/// What a bounce says about each recipient; at least one report.
pub(crate) fn deliveries(mail: &Mail<'_>, contact: &Contact, own: &Own<'_>) -> Vec<DeliveryReport> {
    let original = original_message_id(mail, contact, own);
    let mut reports = stated(mail, contact);
    if reports.is_empty() {
        reports = notification::read(&contact.text).map(|found| found.deliveries).unwrap_or_default();
    }
    if reports.is_empty() {
        reports = notice::reports(mail, contact);
    }
    reports.truncate(DELIVERIES_MAX);
    for report in &mut reports {
        original.clone_into(&mut report.original_message_id);
    }
    reports
}

/// True when a delivery status tells of nothing but success (a requested confirmation).
pub(crate) fn is_success(mail: &Mail<'_>) -> bool {
    let groups = fields::groups(mail, "");
    let actions: Vec<&str> = groups.iter().filter_map(|group| fields::field(group, "action")).collect();
    !actions.is_empty() && actions.iter().all(|action| fields::is_success(action))
}

/// True when the words of a mail say, as mail servers do, that a mail was not delivered.
pub(crate) fn says_so(contact: &Contact) -> bool {
    notice::says_so(&contact.text)
}

/// True when the mail holds another mail, or its headers.
pub(crate) fn returns_mail(mail: &Mail<'_>) -> bool {
    mail.parts().skip(1).any(|part| {
        matches!(
            part.media_type().as_str(),
            "message/rfc822" | "message/global" | "text/rfc822-headers" | "message/rfc822-headers"
        )
    })
}

/// Reports in the standard fields: a recipient that several groups name is told once.
fn stated(mail: &Mail<'_>, contact: &Contact) -> Vec<DeliveryReport> {
    let mut reports: Vec<DeliveryReport> = Vec::new();
    for group in fields::groups(mail, &contact.text) {
        let Some(report) = fields::report(&group) else { continue };
        if !reports.iter().any(|known| known.recipient.eq_ignore_ascii_case(&report.recipient)) {
            reports.push(report);
        }
    }
    reports
}

/// An address that a report may be about: whole, without blanks, of a bearable length.
fn recipient(value: &str) -> Option<String> {
    let edges = |c: char| "<>\"'`()[]{},;:!?*|".contains(c) || c.is_whitespace();
    let value = value.trim_matches(edges).trim_end_matches('.');
    let (local, domain) = value.rsplit_once('@')?;
    let good = !local.is_empty()
        && domain.contains(|c: char| c.is_alphanumeric())
        && value.len() <= ADDRESS_BYTES_MAX
        && !value.contains(char::is_whitespace)
        && !domain.contains(['<', '>', '"', '/', '=', ':', '(']);
    good.then(|| clean::line(value, ADDRESS_BYTES_MAX))
}

/// The Message-ID of the mail that was not delivered: one that we signed if there is any, else the first found.
fn original_message_id(mail: &Mail<'_>, contact: &Contact, own: &Own<'_>) -> String {
    let mut found: Vec<String> = Vec::new();
    for part in mail.parts().skip(1) {
        found.extend(part.nested_field("Message-ID").iter().flat_map(|field| ids(field)));
        if part.media_type().ends_with("rfc822-headers") {
            found.extend(in_text(&parse::guess(&part.decoded())));
        }
    }
    found.extend(in_text(&contact.text));
    if let Some(thread) = &contact.thread {
        found
            .extend(thread.in_reply_to.iter().chain(&thread.references).filter(|id| own.signed(id)).cloned());
    }
    let signed = found.iter().position(|id| own.signed(id)).unwrap_or(0);
    if found.is_empty() { String::new() } else { found.swap_remove(signed) }
}

/// Ids in lines such as `> Message-ID: <a@x>`; an id may stand on the line after.
fn in_text(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines =
        text.lines().take(LINES_MAX).map(|line| line.trim_start_matches(['>', ' ', '\t', '|'])).peekable();
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if !name.trim().eq_ignore_ascii_case("message-id") {
            continue;
        }
        let value = if value.trim().is_empty() { lines.peek().copied().unwrap_or_default() } else { value };
        found.extend(ids(value).into_iter().filter(|id| id.contains('@')));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_what_stands_around_them() {
        for (text, address) in [
            ("<ann@example.org>:", Some("ann@example.org")),
            ("ann@example.org.", Some("ann@example.org")),
            ("(ann@example.org)", Some("ann@example.org")),
            ("ann@", None),
            ("@example.org", None),
            ("ann", None),
        ] {
            assert_eq!(recipient(text).as_deref(), address, "{text}");
        }
    }

    #[test]
    fn ids_are_found_in_quoted_headers() {
        assert_eq!(in_text("> Message-Id: <a@x>\nMessage-ID:\n <b@x>\nmessage: <c@x>"), ["a@x", "b@x"]);
    }
}

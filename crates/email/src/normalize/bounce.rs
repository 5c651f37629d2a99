//! What a bounce says: who did not get which mail, and whether it will be tried again.
//!
//! First the standard form (RFC 3464 fields, the returned mail or its headers), then what the text gives away.

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
    let mut reports: Vec<DeliveryReport> = status_groups(mail).iter().filter_map(stated).collect();
    if reports.is_empty() {
        reports = guessed(mail, contact);
    }
    reports.truncate(DELIVERIES_MAX);
    for report in &mut reports {
        original.clone_into(&mut report.original_message_id);
    }
    reports
}

/// True when a delivery status tells of nothing but success (a requested confirmation).
pub(crate) fn is_success(mail: &Mail<'_>) -> bool {
    let actions: Vec<String> = status_groups(mail)
        .iter()
        .filter_map(|group| {
            group.iter().find(|(name, _)| name == "action").map(|(_, value)| value.to_lowercase())
        })
        .collect();
    !actions.is_empty()
        && actions
            .iter()
            .all(|action| ["delivered", "relayed", "expanded"].iter().any(|good| action.starts_with(good)))
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

type Group = Vec<(String, String)>;

/// The groups of fields of all delivery-status parts.
fn status_groups(mail: &Mail<'_>) -> Vec<Group> {
    let mut groups = Vec::new();
    for part in mail.parts() {
        if !matches!(part.media_type().as_str(), "message/delivery-status" | "message/global-delivery-status")
        {
            continue;
        }
        let bytes = part.decoded();
        let text = parse::guess(&bytes);
        let mut group: Group = Vec::new();
        for line in text.lines().take(LINES_MAX) {
            if line.trim().is_empty() {
                groups.push(std::mem::take(&mut group));
            } else if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = group.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                group.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        groups.push(group);
    }
    groups
}

fn stated(group: &Group) -> Option<DeliveryReport> {
    let field = |name: &str| group.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    // What we wrote the mail to is the original recipient; where it was sent on from there is the final one.
    let recipient = ["original-recipient", "final-recipient", "x-actual-recipient"]
        .into_iter()
        .filter_map(field)
        .find_map(recipient)?;
    let status = field("status").and_then(enhanced_status).unwrap_or_default();
    let action = field("action").unwrap_or_default().to_ascii_lowercase();
    let permanent = if action.is_empty() { status.starts_with('5') } else { action.starts_with("fail") };
    if ["delivered", "relayed", "expanded"].iter().any(|good| action.starts_with(good)) {
        return None;
    }
    Some(DeliveryReport { recipient, status, permanent, original_message_id: String::new() })
}

/// The address in `rfc822; <ann@example.org>`.
fn recipient(value: &str) -> Option<String> {
    let value = value.split_once(';').map_or(value, |(_, address)| address);
    let value = value.trim().trim_matches(['<', '>', '"', '\'']);
    let good =
        value.contains('@') && value.len() <= ADDRESS_BYTES_MAX && !value.contains(char::is_whitespace);
    good.then(|| clean::line(value, ADDRESS_BYTES_MAX))
}

/// A status code as RFC 3463 writes it, at the beginning of a text.
fn enhanced_status(text: &str) -> Option<String> {
    let code = text.trim().split(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
    let mut numbers = code.split('.');
    let class = numbers.next()?;
    let good = |number: &str| (1..=3).contains(&number.len());
    let whole = matches!(class, "2" | "4" | "5")
        && numbers.next().is_some_and(good)
        && numbers.next().is_some_and(good)
        && numbers.next().is_none();
    whole.then(|| code.to_owned())
}

/// Reports made from the text of a bounce in no standard form.
fn guessed(mail: &Mail<'_>, contact: &Contact) -> Vec<DeliveryReport> {
    let failed: Vec<String> = mail.fields("X-Failed-Recipients").collect();
    let mut recipients: Vec<String> =
        failed.iter().flat_map(|field| field.split([',', ' '])).filter_map(recipient).collect();
    if recipients.is_empty() {
        recipients = notice(&contact.text).filter_map(lone_address).take(DELIVERIES_MAX).collect();
    }
    if recipients.is_empty() {
        recipients = addressees(mail, contact);
    }
    recipients.dedup();
    if recipients.is_empty() {
        recipients.push(String::new());
    }
    let status = notice(&contact.text)
        .flat_map(|line| line.split([' ', '(', '#', '<', '[']).collect::<Vec<_>>())
        .find_map(enhanced_status)
        .unwrap_or_default();
    let permanent = !status.starts_with('4') && !is_delay(contact);
    let report = |recipient: String| DeliveryReport {
        recipient,
        status: status.clone(),
        permanent,
        original_message_id: String::new(),
    };
    recipients.into_iter().map(report).collect()
}

/// To whom the returned mail was addressed.
fn addressees(mail: &Mail<'_>, contact: &Contact) -> Vec<String> {
    let nested = mail.parts().skip(1).find_map(|part| part.nested_field("To"));
    let quoted = || {
        let mut lines =
            contact.text.lines().take(LINES_MAX).map(|line| line.trim_start_matches(['>', ' ', '\t', '|']));
        lines.find_map(|line| line.strip_prefix("To:").map(str::to_owned))
    };
    let field = nested.or_else(quoted).unwrap_or_default();
    field.split([',', ' ', '<', '>']).filter_map(recipient).take(DELIVERIES_MAX).collect()
}

/// The lines before the returned mail.
fn notice(text: &str) -> impl Iterator<Item = &str> {
    let is_end = |line: &str| {
        let line = line.trim_start();
        let lower = line.get(..line.len().min(80)).unwrap_or_default().to_ascii_lowercase();
        line.starts_with("--")
            && ["copy", "below this line", "original", "returned", "header"].iter().any(|w| lower.contains(w))
            || lower.starts_with("return-path:")
            || lower.starts_with("received: from")
    };
    text.lines().take(LINES_MAX).take_while(move |line| !is_end(line))
}

/// The address on a line that holds hardly anything else: `<ann@example.org>:`, `  ann@example.org`.
fn lone_address(line: &str) -> Option<String> {
    let word = line.trim().trim_end_matches(':');
    if word.contains(char::is_whitespace) {
        let head = word.strip_prefix('<')?;
        let (address, rest) = head.split_once('>')?;
        return rest.starts_with([':', ' ', '.', ',']).then(|| recipient(address)).flatten();
    }
    recipient(word)
}

fn is_delay(contact: &Contact) -> bool {
    let subject = contact.subject.to_lowercase();
    let text: String = contact.text.chars().take(4000).collect::<String>().to_lowercase();
    ["delay", "warning"].iter().any(|word| subject.contains(word))
        || [
            "will be retried",
            "do not need to resend",
            "will continue to try",
            "still being retried",
            "will retry",
        ]
        .iter()
        .any(|word| text.contains(word))
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
    fn status_codes_are_read_where_they_stand_whole() {
        for (text, code) in [
            ("5.1.1", Some("5.1.1")),
            (" 4.4.7 (delivery time expired)", Some("4.4.7")),
            ("5.1.1.1", None),
            ("550", None),
            ("127.0.0.1", None),
            ("", None),
        ] {
            assert_eq!(enhanced_status(text).as_deref(), code, "{text}");
        }
    }

    #[test]
    fn recipients_stand_on_lines_of_their_own() {
        assert_eq!(lone_address("<ann@example.org>:").as_deref(), Some("ann@example.org"));
        assert_eq!(lone_address("  ann@example.org").as_deref(), Some("ann@example.org"));
        assert_eq!(lone_address("<ann@example.org>: host mx said 550").as_deref(), Some("ann@example.org"));
        assert_eq!(lone_address("please write to ann@example.org"), None);
    }

    #[test]
    fn ids_are_found_in_quoted_headers() {
        assert_eq!(in_text("> Message-Id: <a@x>\nMessage-ID:\n <b@x>\nmessage: <c@x>"), ["a@x", "b@x"]);
    }
}

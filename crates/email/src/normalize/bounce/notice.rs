//! What a bounce in no standard form gives away in its words: the addresses it is about, and why.

use redress_contract::contact::{Contact, DeliveryReport};

use super::super::limits::DELIVERIES_MAX;
use super::super::parse::Mail;
use super::{recipient, status};

/// Text lines looked at.
const LINES_MAX: usize = 2000;

/// Reports made from the words of a bounce: one for each recipient it seems to be about, at least one.
pub(super) fn reports(mail: &Mail<'_>, contact: &Contact) -> Vec<DeliveryReport> {
    let notice: Vec<&str> = notice(&contact.text).collect();
    let delayed = is_delay(contact);
    let given_up = says_given_up(&contact.text);
    let overall = status::find(notice.iter().copied());
    let mut segments = segments(mail, contact, &notice);
    segments.truncate(DELIVERIES_MAX);
    let report = |(recipient, own): (String, Vec<&str>)| {
        let status = status::find(own.into_iter()).or_else(|| overall.clone());
        let mut status = status.filter(|status| !status.starts_with('2')).unwrap_or_default();
        if delayed && !status.starts_with('4') {
            "4.0.0".clone_into(&mut status);
        }
        let permanent = !delayed && (given_up || !status.starts_with('4'));
        DeliveryReport { recipient, status, permanent, original_message_id: String::new() }
    };
    segments.into_iter().map(report).collect()
}

/// How mail servers say that a mail was not delivered, in the words of the notice itself.
pub(super) fn says_so(text: &str) -> bool {
    let head: String = notice(text).take(40).flat_map(|line| [line, " "]).collect::<String>().to_lowercase();
    [
        "did not reach the following recipient",
        "could not be delivered to",
        "was not delivered to",
        "wasn't able to deliver your message",
        "unable to deliver your message",
        "unable to deliver message to",
        "delivery to the following recipient",
        "the following addresses had permanent",
        "the following address failed",
        "undeliverable to the following",
        "error occurred while trying to deliver",
        "error delivering your mail",
        "following address(es) failed",
        "rcpt to:<",
    ]
    .iter()
    .any(|phrase| head.contains(phrase))
}

/// Each recipient with the lines that are about it alone.
fn segments<'t>(mail: &Mail<'_>, contact: &Contact, notice: &[&'t str]) -> Vec<(String, Vec<&'t str>)> {
    let named = |fields: [&str; 2]| -> Vec<String> {
        let fields: Vec<String> =
            fields.into_iter().flat_map(|field| mail.fields(field).collect::<Vec<_>>()).collect();
        fields.iter().flat_map(|field| field.split([',', ' '])).filter_map(recipient).collect()
    };
    let failed = named(["X-Failed-Recipients", "X-Failed-Recipient"]);
    let by_line: [fn(&str) -> Option<String>; 2] = [leading_address, labelled_address];
    let mut found = by_line.into_iter().map(|read| cut(notice, read)).find(|found| !found.is_empty());
    if !failed.is_empty() {
        let own = found.take().unwrap_or_default();
        let lines = |address: &String| {
            own.iter().find(|(known, _)| known.eq_ignore_ascii_case(address)).map(|(_, lines)| lines.clone())
        };
        found = Some(
            failed
                .into_iter()
                .map(|one| {
                    let own = lines(&one).unwrap_or_default();
                    (one, own)
                })
                .collect(),
        );
    }
    let mut found = found.unwrap_or_else(|| {
        addressees(mail, contact).into_iter().map(|address| (address, Vec::new())).collect()
    });
    let mut seen: Vec<String> = Vec::new();
    found.retain(|(address, _)| {
        let lower = address.to_lowercase();
        let new = !seen.contains(&lower);
        seen.push(lower);
        new
    });
    if found.is_empty() {
        found.push((String::new(), Vec::new()));
    }
    // What is said of one recipient may stand above the line that names it.
    if let [(_, own)] = found.as_mut_slice() {
        own.clear();
    }
    found
}

/// Lines that name a recipient, each with those below it up to the next. One that is named again goes on.
fn cut<'t>(notice: &[&'t str], read: fn(&str) -> Option<String>) -> Vec<(String, Vec<&'t str>)> {
    let mut found: Vec<(String, Vec<&'t str>)> = Vec::new();
    let mut current = None;
    for line in notice {
        if let Some(address) = read(line) {
            let known = found.iter().position(|(known, _)| known.eq_ignore_ascii_case(&address));
            current = Some(known.unwrap_or(found.len()));
            if known.is_none() {
                found.push((address, Vec::new()));
            }
        }
        if let Some((_, lines)) = current.and_then(|at| found.get_mut(at)) {
            lines.push(line);
        }
    }
    found
}

/// The address that a line begins with, as the line's subject: `<ann@example.org>:`, `  ann@example.org [unknown]`.
fn leading_address(line: &str) -> Option<String> {
    let line = line.trim_start_matches([' ', '\t', '*', '-', '>', '|', '\u{2022}']);
    // `550 <ann@example.org>... User unknown`
    let line = line.split_once(" <").map_or(line, |(code, rest)| {
        let is_code = code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()) && rest.contains(">...");
        if is_code { rest } else { line }
    });
    let end = line.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    let (word, rest) = match word.split_once(['>', ':']) {
        Some((word, after)) if word.contains('@') => (word, if after.is_empty() { rest } else { after }),
        _ => (word, rest),
    };
    let rest = rest.trim_start_matches([' ', ':', '\t']);
    // `ann@example.org wrote`, `ann@example.org, we are sorry` speak to or of a person.
    let subject = rest.is_empty()
        || rest.starts_with(['[', '(', '.', '<', '#', '-', '='])
        || rest.starts_with(|c: char| c.is_ascii_digit())
        || word.starts_with('<')
        || line.split_at(end).0.ends_with(':')
        || [
            "invalid", "unknown", "user", "no such", "host", "mailbox", "on ", "address", "does not",
            "unknown",
        ]
        .iter()
        .any(|reason| rest.get(..reason.len()).is_some_and(|head| head.eq_ignore_ascii_case(reason)));
    subject.then(|| recipient(word)).flatten()
}

/// The address after words that mail servers put before one.
fn labelled_address(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    let labels = [
        "rcpt to:",
        "recipient address:",
        "recipient:",
        "recipients:",
        "delivered to:",
        "message to:",
        "message to <",
        "deliver message to",
        "delivered to",
        "your mail to",
        "your message to",
        "mail to",
        "unknown user:",
        "userid:",
        "errors:",
        "is full:",
        "failed:",
        "generated by",
        "undeliverable:",
        "invalid recipient",
        "address:",
        "user:",
        "to:",
    ];
    labels.iter().find_map(|label| {
        // Lower case may have another length than what was written.
        let at = lower.find(label).filter(|_| lower.len() == line.len())? + label.len();
        let after = line.get(at..)?.trim_start_matches([' ', '<', '"', '\'']);
        recipient(after.split([' ', '>', '"', ',', ';', '\'']).next()?)
    })
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
    text.lines().take(LINES_MAX).take_while(|line| !begins_returned_mail(line))
}

fn begins_returned_mail(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '|']);
    let lower = line.get(..line.len().min(80)).unwrap_or_default().to_ascii_lowercase();
    let separated = line.starts_with("--") || lower.starts_with("below is a copy");
    separated
        && ["copy", "below this line", "original", "returned", "header", "unsent", "text follows"]
            .iter()
            .any(|w| lower.contains(w))
        || lower.starts_with("return-path:")
        || lower.starts_with("received:")
        || lower.starts_with("dkim-signature:")
        || lower.starts_with("message headers follow")
        || lower.starts_with("original message follows")
}

fn is_delay(contact: &Contact) -> bool {
    let subject = contact.subject.to_lowercase();
    let text: String =
        notice(&contact.text).take(60).flat_map(|line| [line, " "]).collect::<String>().to_lowercase();
    ["delay", "warning:"].iter().any(|word| subject.contains(word))
        || [
            "will be retried",
            "do not need to resend",
            "will continue to try",
            "still being retried",
            "will retry",
            "has not yet been delivered",
            "delivery attempts will continue",
        ]
        .iter()
        .any(|word| text.contains(word))
}

fn says_given_up(text: &str) -> bool {
    let text: String = notice(text).take(60).flat_map(|line| [line, " "]).collect::<String>().to_lowercase();
    ["given up", "giving up", "not going to try again", "permanent error", "permanently"]
        .iter()
        .any(|w| text.contains(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_lead_their_line() {
        for (line, address) in [
            ("<ann@example.org>:", Some("ann@example.org")),
            ("  ann@example.org", Some("ann@example.org")),
            ("<ann@example.org>: host mx said 550", Some("ann@example.org")),
            ("ann@example.org: Domain does not exist", Some("ann@example.org")),
            ("* ann@example.org [User unknown]", Some("ann@example.org")),
            ("please write to ann@example.org", None),
            ("ann@example.org wrote this", None),
        ] {
            assert_eq!(leading_address(line).as_deref(), address, "{line}");
        }
    }

    #[test]
    fn recipients_stand_behind_what_servers_say() {
        for (line, address) in [
            (">>> RCPT To:<ann@example.org>", Some("ann@example.org")),
            ("There was an error delivering your mail to <ann@example.org>.", Some("ann@example.org")),
            ("Unknown user: ann@example.org", Some("ann@example.org")),
            ("for <ann@example.org>; Sun", None),
        ] {
            assert_eq!(labelled_address(line).as_deref(), address, "{line}");
        }
    }
}

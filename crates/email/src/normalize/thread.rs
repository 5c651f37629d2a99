//! Threading headers (RFC 5322 §3.6.4), read as forgivingly as people's programs write them.

use redress_contract::contact::Thread;

use super::limits::{IN_REPLY_TO_MAX, Limits, MESSAGE_ID_BYTES_MAX, THREAD_BYTES_MAX};
use super::parse::Mail;

/// How a mail hangs together with others.
pub(crate) fn thread(mail: &Mail<'_>, limits: &Limits) -> Thread {
    let message_id = mail.fields("Message-ID").flat_map(|field| ids(&field)).next().unwrap_or_default();
    let mut in_reply_to: Vec<String> = mail.fields("In-Reply-To").flat_map(|field| ids(&field)).collect();
    in_reply_to.dedup();
    in_reply_to.truncate(IN_REPLY_TO_MAX);
    let mut references: Vec<String> = mail.fields("References").flat_map(|field| ids(&field)).collect();
    references.dedup();
    bound(&mut references, limits.references_max);
    Thread { message_id, in_reply_to, references, platform_thread: String::new() }
}

/// Keeps the first one (the root of the thread) and the latest.
fn bound(references: &mut Vec<String>, references_max: usize) {
    if references.len() > references_max {
        let surplus = references.len() - references_max;
        references.drain(1..=surplus.min(references.len() - 1));
    }
    let mut bytes: usize = references.iter().map(String::len).sum();
    while bytes > THREAD_BYTES_MAX && references.len() > 1 {
        bytes -= references.remove(1).len();
    }
}

/// The ids in a header field, without angle brackets: what stands between brackets, or where there are none, words
/// with an `@`.
pub(crate) fn ids(field: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = field;
    while let Some(open) = rest.find('<') {
        let inside = rest.get(open + 1..).unwrap_or_default();
        let Some(close) = inside.find('>') else { break };
        // An opening bracket inside means that the first was never closed.
        let id = inside.get(..close).unwrap_or_default();
        let id = id.rsplit('<').next().unwrap_or_default();
        found.extend(tidy(id));
        rest = inside.get(close + 1..).unwrap_or_default();
    }
    if found.is_empty() {
        let words = field.split([' ', '\t', ',', ';']).filter(|word| word.contains('@'));
        found.extend(words.filter_map(tidy));
    }
    if found.is_empty() && !field.contains([' ', '<', '>']) {
        found.extend(tidy(field));
    }
    found
}

fn tidy(id: &str) -> Option<String> {
    let id: String =
        id.chars().filter(|c| !c.is_whitespace() && !c.is_control() && !"<>".contains(*c)).collect();
    (!id.is_empty() && id.len() <= MESSAGE_ID_BYTES_MAX).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_however_they_are_written() {
        for (field, expected) in [
            ("<a@x> <b@x>", vec!["a@x", "b@x"]),
            ("<a@x><b@x>", vec!["a@x", "b@x"]),
            ("Your message of Monday <a @x>", vec!["a@x"]),
            ("a@x", vec!["a@x"]),
            ("a@x, b@x", vec!["a@x", "b@x"]),
            ("20240101.1", vec!["20240101.1"]),
            ("<lost <a@x>", vec!["a@x"]),
            ("none at all", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(ids(field), expected, "{field}");
        }
    }

    #[test]
    fn many_references_keep_the_root_and_the_latest() {
        let mut references: Vec<String> = (0..500).map(|n| format!("{n}@x")).collect();
        bound(&mut references, 3);
        assert_eq!(references, ["0@x", "498@x", "499@x"]);
    }
}

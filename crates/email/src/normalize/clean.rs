//! Makes what a stranger wrote safe to show: no control characters, no invisible direction changes, no endless names.

use redress_contract::AddressKind;
use redress_contract::contact::Address;

use super::limits::{ADDRESS_BYTES_MAX, NAME_CHARS_MAX};
use super::parse::Mailbox;

/// One line of text: controls and line breaks become blanks, runs of blanks one.
pub(crate) fn line(text: &str, chars_max: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(chars_max * 4));
    let mut chars = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let mut letters = word.chars().filter(|c| !is_hidden(*c)).peekable();
        if letters.peek().is_none() {
            continue;
        }
        if chars > 0 {
            clean.push(' ');
            chars += 1;
        }
        for letter in letters {
            if chars >= chars_max {
                clean.truncate(clean.trim_end().len());
                return clean;
            }
            clean.push(letter);
            chars += 1;
        }
    }
    clean
}

/// Several lines: line feeds only, no other controls than tabs, at most one blank line in a row, no blanks at line
/// ends.
pub(crate) fn lines(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.split('\n') {
        let start = clean.len();
        clean.extend(line.chars().filter(|c| *c == '\t' || !(c.is_control() || is_hidden(*c))));
        let end = clean.get(start..).map_or(0, |line| line.trim_end().len());
        clean.truncate(start + end);
        blank = if end == 0 { blank + 1 } else { 0 };
        if blank < 2 {
            clean.push('\n');
        }
    }
    let end = clean.trim_end().len();
    clean.truncate(end);
    let start = clean.len() - clean.trim_start_matches('\n').len();
    clean.drain(..start);
    clean
}

/// An email address as it was written; nothing when it cannot be one.
pub(crate) fn address(mailbox: &Mailbox) -> Option<Address> {
    let value = mailbox.address.trim();
    let value = value.strip_prefix('<').unwrap_or(value);
    let value = value.strip_suffix('>').unwrap_or(value).trim();
    let (local, domain) = value.rsplit_once('@')?;
    let good = !local.is_empty()
        && !domain.is_empty()
        && value.len() <= ADDRESS_BYTES_MAX
        && !domain.contains(char::is_whitespace)
        && (!local.contains(char::is_whitespace) || is_quoted(local))
        && !value.chars().any(|c| c.is_control() || is_hidden(c));
    good.then(|| Address {
        kind: AddressKind::Email,
        value: value.to_owned(),
        display_name: line(mailbox.name.trim_matches(['"', '\'', ' ']), NAME_CHARS_MAX),
    })
}

/// The address in a header field that is written so badly that it holds no mailbox.
pub(crate) fn address_in(field: &str) -> Option<Address> {
    let (before, after) = field.rsplit_once('@')?;
    let is_end = |c: char| c.is_whitespace() || "<>()[],;:\"'".contains(c);
    let domain = after.split(is_end).next()?;
    let local = match before.strip_suffix('"').and_then(|before| before.rfind('"')) {
        Some(open) => before.get(open..)?,
        None => before.rsplit(is_end).next()?,
    };
    address(&Mailbox { name: String::new(), address: format!("{local}@{domain}") })
}

/// `"two words"` before the `@` (RFC 5321 §4.1.2).
fn is_quoted(local: &str) -> bool {
    local.len() > 2 && local.starts_with('"') && local.ends_with('"')
}

/// Cuts a text to at most `bytes_max` bytes without splitting a character.
pub(crate) fn cut(text: &mut String, bytes_max: usize) {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

/// Characters that show nothing but change how others are shown (bidirectional overrides, zero-width marks).
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_controls_and_surplus_blanks() {
        assert_eq!(line("Evil\r\nBcc:\tv@x\u{202e}", 100), "Evil Bcc: v@x");
        assert_eq!(line("abcdef", 3), "abc");
        assert_eq!(lines("\r\na \r\n\r\n\r\n\r\nb\0\u{7}\r\n\r\n"), "a\n\nb");
    }

    #[test]
    fn an_address_is_found_in_a_broken_field() {
        let read = |text: &str| address_in(text).map(|a| a.value);
        assert_eq!(read("\"You won\"@example.org>").as_deref(), Some("\"You won\"@example.org"));
        assert_eq!(read("Ann [ann@example.org").as_deref(), Some("ann@example.org"));
        assert_eq!(read("MAILER-DAEMON"), None);
        assert_eq!(read("Ann @ home"), None);
    }

    #[test]
    fn addresses_must_have_two_sides() {
        let read =
            |text: &str| address(&Mailbox { name: String::new(), address: text.to_owned() }).map(|a| a.value);
        assert_eq!(read(" <ann@example.org> ").as_deref(), Some("ann@example.org"));
        assert_eq!(read("undisclosed-recipients"), None);
        assert_eq!(read("@example.org"), None);
        assert_eq!(read("a b@example.org"), None);
        assert_eq!(read("\"a b\"@example.org").as_deref(), Some("\"a b\"@example.org"));
    }
}

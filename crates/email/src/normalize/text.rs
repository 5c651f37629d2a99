//! The words of a mail as plain text: the best text part, HTML turned to text.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::clean;
use super::limits::Limits;
use super::parse::{self, Mail, Part, Shape};

/// HTML beyond these is stripped of its tags instead of laid out: laying out grows faster than its input.
const HTML_BYTES_MAX: usize = 256 * 1024;
const HTML_DEPTH_MAX: usize = 100;
const HTML_TABLES_MAX: usize = 12;

/// Wide enough that paragraphs stay one line each.
const WIDTH: usize = 10_000;

/// Text read from a mail, with what could not be read.
pub(crate) struct Words {
    pub(crate) text: String,
    pub(crate) problems: Vec<String>,
}

/// The words of a mail.
pub(crate) fn words(mail: &Mail<'_>, limits: &Limits) -> Words {
    let mut problems = Vec::new();
    let plain = joined(mail.text_parts(), limits, &mut problems);
    if !plain.trim().is_empty() {
        return Words { text: plain, problems };
    }
    // Some programs send an empty plain part beside the HTML they mean.
    let text = joined(mail.html_parts(), limits, &mut problems);
    Words { text, problems }
}

fn joined<'m, 'x: 'm>(
    parts: impl Iterator<Item = Part<'m, 'x>>,
    limits: &Limits,
    problems: &mut Vec<String>,
) -> String {
    let mut all = String::new();
    for part in parts {
        let Some(text) = part.text() else { continue };
        if part.has_unknown_charset() {
            problems.push(format!("part {} is in an unknown charset", part.index));
        }
        let text = bounded(text, part.index, limits, problems);
        let text = if part.shape() == Shape::Html { Cow::Owned(from_html(&text)) } else { text };
        let text = clean::lines(&text);
        if !text.is_empty() {
            if !all.is_empty() {
                all.push_str("\n\n");
            }
            all.push_str(&text);
        }
    }
    all
}

fn bounded<'t>(text: Cow<'t, str>, part: u32, limits: &Limits, problems: &mut Vec<String>) -> Cow<'t, str> {
    if text.len() <= limits.text_part_bytes_max {
        return text;
    }
    problems.push(format!(
        "part {part} has {} bytes of text, only the first {} were kept",
        text.len(),
        limits.text_part_bytes_max
    ));
    let mut text = text.into_owned();
    clean::cut(&mut text, limits.text_part_bytes_max);
    Cow::Owned(text)
}

/// HTML as plain text.
pub(crate) fn from_html(html: &str) -> String {
    if html.len() > HTML_BYTES_MAX || is_deep(html) {
        return parse::strip_tags(html);
    }
    let lay_out = || {
        html2text::config::plain_no_decorate()
            .raw_mode(true)
            .no_table_borders()
            .no_link_wrapping()
            .link_footnotes(false)
            .allow_width_overflow()
            .string_from_read(html.as_bytes(), WIDTH)
    };
    match catch_unwind(AssertUnwindSafe(lay_out)) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) | Err(_) => parse::strip_tags(html),
    }
}

/// True when elements lie deeper in one another, or tables deeper in tables, than people write them. Elements that
/// close themselves are not counted; an end tag closes the nearest element of its name, or nothing.
fn is_deep(html: &str) -> bool {
    let mut open: Vec<&[u8]> = Vec::new();
    let mut rest = html.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
        rest = rest.get(at + 1..).unwrap_or_default();
        let closing = rest.first() == Some(&b'/');
        let name = rest.get(usize::from(closing)..).unwrap_or_default();
        let length = name.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(name.len());
        let name = name.get(..length).unwrap_or_default();
        if name.is_empty() || CLOSE_THEMSELVES.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            continue;
        }
        if closing {
            if let Some(at) = open.iter().rposition(|other| other.eq_ignore_ascii_case(name)) {
                open.truncate(at);
            }
            continue;
        }
        open.push(name);
        let tables = || open.iter().filter(|name| name.eq_ignore_ascii_case(b"table")).count();
        if open.len() > HTML_DEPTH_MAX || (name.eq_ignore_ascii_case(b"table") && tables() > HTML_TABLES_MAX) {
            return true;
        }
    }
    false
}

const CLOSE_THEMSELVES: [&[u8]; 20] = [
    b"br", b"img", b"hr", b"meta", b"link", b"input", b"col", b"p", b"li", b"base", b"area", b"wbr", b"td", b"tr",
    b"th", b"dt", b"dd", b"option", b"tbody", b"thead",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_lines() {
        let html = "<style>p{}</style><p>My <b>kettle</b> broke.</p><table><tr><td>Order</td><td>77</td></tr></table>\
                    <blockquote>You wrote</blockquote><script>alert(1)</script>";
        let text = clean::lines(&from_html(html));
        assert_eq!(text, "My kettle broke.\n\nOrder\n77\n\n> You wrote");
    }

    #[test]
    fn deep_html_is_read_all_the_same() {
        let html = format!("{}words{}", "<div>".repeat(200_000), "</div>".repeat(200_000));
        assert_eq!(from_html(&html).trim(), "words");
        let html = format!("{}words", "<table><tr><td>".repeat(50));
        assert_eq!(from_html(&html).trim(), "words");
    }
}

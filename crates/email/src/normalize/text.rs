//! The words of a mail as plain text: the best text part, HTML turned to text.

use std::borrow::Cow;

use super::limits::Limits;
use super::parse::{Mail, Part};
use super::{calendar, clean, file, html, tnef};

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
    if !text.trim().is_empty() {
        return Words { text, problems };
    }
    let text = wrapped(mail);
    if !text.is_empty() {
        return Words { text, problems };
    }
    let text = calendar::words(mail);
    if !text.is_empty() {
        return Words { text, problems };
    }
    // Text whose structure is broken (no closing boundary, a boundary that never comes) is still what somebody wrote.
    let text = joined(mail.parts().filter(Part::is_broken_text), limits, &mut problems);
    Words { text, problems }
}

/// The words inside a winmail.dat.
fn wrapped(mail: &Mail<'_>) -> String {
    let found = mail.file_parts().filter(file::is_tnef).find_map(|part| {
        tnef::read(&part.decoded()).map(|tnef| tnef.body).filter(|body| !body.trim().is_empty())
    });
    clean::lines(&found.unwrap_or_default())
}

fn joined<'m, 'x: 'm>(
    parts: impl Iterator<Item = Part<'m, 'x>>,
    limits: &Limits,
    problems: &mut Vec<String>,
) -> String {
    let mut all = String::new();
    for part in parts.filter(|part| !calendar::is_calendar(part)) {
        let Some(text) = part.text() else { continue };
        if part.has_unknown_charset() {
            problems.push(format!("part {} is in an unknown charset", part.index));
        }
        let text = bounded(text, part.index, limits, problems);
        let text = if part.is_html() { Cow::Owned(html::text(&text)) } else { text };
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
    // Cut before anything is copied: the whole may be as large as the mail.
    let end = text.floor_char_boundary(limits.text_part_bytes_max);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
        Cow::Owned(mut text) => {
            text.truncate(end);
            text.shrink_to_fit();
            Cow::Owned(text)
        }
    }
}

//! Files that came with a mail: names made safe, sizes and digests of what they hold.

use redress_contract::FileName;
use redress_contract::contact::Attachment;
use sha2::{Digest as _, Sha256};

use super::clean;
use super::limits::{Limits, NAME_CHARS_MAX};
use super::parse::{Mail, Part};
use super::tnef;

/// The files of a mail. `end` is where reading was cut off: a part that reaches it is not whole, so it is left out.
pub(crate) fn files(mail: &Mail<'_>, end: Option<usize>, limits: &Limits) -> Vec<Attachment> {
    mail.file_parts()
        .filter(|part| end.is_none_or(|end| part.end() < end) && !part.media_type().starts_with("multipart/"))
        .flat_map(|part| with_wrapped(&part))
        .take(limits.parts_max)
        .collect()
}

/// A file, and those that Outlook wrapped into it: they lie in the same part of the raw mail.
fn with_wrapped(part: &Part<'_, '_>) -> Vec<Attachment> {
    let mut files = vec![file(part)];
    if is_tnef(part) {
        let bytes = part.decoded();
        let wrapped = tnef::read(&bytes).map(|tnef| tnef.files).unwrap_or_default();
        files.extend(wrapped.iter().enumerate().map(|(n, wrapped)| unwrapped(part, n, wrapped)));
    }
    files
}

/// True for winmail.dat, by whatever type and name it goes.
pub(crate) fn is_tnef(part: &Part<'_, '_>) -> bool {
    let stated = ["application/ms-tnef", "application/vnd.ms-tnef"].contains(&part.media_type().as_str());
    stated || part.file_name().is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat"))
}

fn unwrapped(part: &Part<'_, '_>, n: usize, wrapped: &tnef::File<'_>) -> Attachment {
    let stated = FileName::new(&wrapped.name);
    let unnamed = || FileName::new(&format!("part-{}-{}.bin", part.index, n + 1));
    Attachment {
        file_name: if stated.is_empty() { unnamed() } else { stated },
        size_bytes: u32::try_from(wrapped.bytes.len()).unwrap_or(u32::MAX),
        sha256: hex_sha256(wrapped.bytes),
        raw_part: Some(part.index),
        media_type: "application/octet-stream".to_owned(),
        ..Attachment::default()
    }
}

fn file(part: &Part<'_, '_>) -> Attachment {
    let bytes = part.decoded();
    let media_type = clean::line(&part.media_type(), NAME_CHARS_MAX);
    let stated = part.file_name().map(|name| FileName::new(&name)).unwrap_or_default();
    let file_name = if stated.is_empty() { by_subject(part, &media_type) } else { stated };
    Attachment {
        file_name,
        size_bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        sha256: hex_sha256(&bytes),
        raw_part: Some(part.index),
        inline: part.is_inline(),
        media_type,
        ..Attachment::default()
    }
}

/// A mail inside the mail goes by its subject.
fn by_subject(part: &Part<'_, '_>, media_type: &str) -> FileName {
    let subject =
        part.nested_subject().map(|subject| clean::line(&subject, NAME_CHARS_MAX)).unwrap_or_default();
    if subject.is_empty() {
        return unnamed(part.index, media_type);
    }
    // A subject is no path.
    FileName::new(&format!("{}.eml", subject.replace(['/', '\\'], "_")))
}

fn unnamed(index: u32, media_type: &str) -> FileName {
    let ending = match media_type {
        "message/rfc822" | "message/global" => "eml",
        "text/html" => "html",
        "text/calendar" => "ics",
        "text/csv" => "csv",
        "application/pdf" => "pdf",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        text if text.starts_with("text/") || text.starts_with("message/") => "txt",
        _ => "bin",
    };
    FileName::new(&format!("part-{index}.{ending}"))
}

/// SHA-256 in lower-case hex.
pub(crate) fn hex_sha256(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(bytes);
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

//! A mail from its pieces: always the same bytes from the same pieces, without a clock or a random boundary.
//!
//! Contents are base64, whose lines never begin with `--`: so the boundaries can be constant, and nothing that somebody wrote
//! can end a part. Header fields stand as the provider gives them, as UTF-8 where they are not ASCII.

use bytes::Bytes;
use data_encoding::BASE64;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use redress_identity::address::is_email;

/// What stands in a file's name as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// Bytes that make a line of 76 characters of base64.
const LINE_BYTES: usize = 57;

/// The pieces of a mail.
#[derive(Default)]
pub(super) struct Draft {
    fields: Vec<(String, Vec<u8>)>,
    text: Option<Words>,
    html: Option<Words>,
    files: Vec<File>,
}

/// Text, in the charset that is stated for it.
pub(super) struct Words {
    pub(super) charset: String,
    pub(super) content: Bytes,
}

/// An attachment.
pub(super) struct File {
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) content_id: String,
    pub(super) content: Bytes,
}

impl Draft {
    /// A header field. What says how the mail was put together is not true of this one, and goes by another name.
    pub(super) fn field(&mut self, name: &str, value: impl AsRef<[u8]>) {
        let name: String = name.chars().take(200).map(|c| if is_name(c) { c } else { '-' }).collect();
        let lower = name.to_ascii_lowercase();
        if name.is_empty() {
            return;
        }
        let was = if lower.starts_with("content-") || lower == "mime-version" { "X-Original-" } else { "" };
        self.fields.push((format!("{was}{name}"), one_line(value.as_ref())));
    }

    /// A header field that is not there yet.
    pub(super) fn field_unless_given(&mut self, name: &str, value: impl AsRef<[u8]>) {
        let is_given = self.fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !is_given && !value.as_ref().is_empty() {
            self.field(name, value);
        }
    }

    /// Who the provider was told to deliver to.
    pub(super) fn delivered_to(&mut self, recipient: &str) {
        if is_email(recipient) {
            self.field("Delivered-To", recipient);
        }
    }

    /// Who sent it, as the envelope says; nobody (`<>`) for a bounce.
    pub(super) fn returns_to(&mut self, sender: &str) {
        let sender = sender.trim_matches(['<', '>', ' ']);
        if sender.is_empty() || is_email(sender) {
            self.field_unless_given("Return-Path", format!("<{sender}>"));
        }
    }

    /// The text.
    pub(super) fn text(&mut self, words: Words) {
        self.text = Some(words).filter(|words| !words.content.is_empty());
    }

    /// The text as HTML.
    pub(super) fn html(&mut self, words: Words) {
        self.html = Some(words).filter(|words| !words.content.is_empty());
    }

    /// An attachment.
    pub(super) fn file(&mut self, file: File) {
        self.files.push(file);
    }

    /// The mail.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut mail = Vec::new();
        for (name, value) in &self.fields {
            mail.extend_from_slice(name.as_bytes());
            mail.extend_from_slice(b": ");
            mail.extend_from_slice(value);
            mail.extend_from_slice(b"\r\n");
        }
        mail.extend_from_slice(b"MIME-Version: 1.0\r\n");
        if self.files.is_empty() {
            self.write_words(&mut mail);
            return mail;
        }
        let has_words = self.text.is_some() || self.html.is_some();
        let words: Option<Write<'_>> = has_words.then_some(Box::new(|mail| self.write_words(mail)));
        let files = self.files.iter().map(|file| -> Write<'_> { Box::new(|mail| file.write(mail)) });
        write_parts(&mut mail, "mixed", words.into_iter().chain(files));
        mail
    }

    fn write_words(&self, mail: &mut Vec<u8>) {
        match (&self.text, &self.html) {
            (Some(text), Some(html)) => {
                let both: [Write<'_>; 2] =
                    [Box::new(|mail| text.write("plain", mail)), Box::new(|mail| html.write("html", mail))];
                write_parts(mail, "alternative", both.into_iter());
            }
            (None, Some(html)) => html.write("html", mail),
            (Some(text), None) => text.write("plain", mail),
            (None, None) => Words::utf8("").write("plain", mail),
        }
    }
}

/// Writes one part: its header fields, an empty line, its content.
type Write<'a> = Box<dyn Fn(&mut Vec<u8>) + 'a>;

fn write_parts<'a>(mail: &mut Vec<u8>, kind: &str, parts: impl Iterator<Item = Write<'a>>) {
    let boundary = format!("=_redress_{kind}");
    line(mail, &format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n"));
    for write in parts {
        line(mail, &format!("--{boundary}"));
        write(mail);
    }
    line(mail, &format!("--{boundary}--"));
}

fn line(mail: &mut Vec<u8>, text: &str) {
    mail.extend_from_slice(text.as_bytes());
    mail.extend_from_slice(b"\r\n");
}

fn write_content(mail: &mut Vec<u8>, content: &[u8]) {
    line(mail, "Content-Transfer-Encoding: base64\r\n");
    for chunk in content.chunks(LINE_BYTES) {
        line(mail, &BASE64.encode(chunk));
    }
}

impl Words {
    /// Text as we have it.
    pub(super) fn utf8(text: &str) -> Self {
        Self { charset: "utf-8".to_owned(), content: Bytes::copy_from_slice(text.as_bytes()) }
    }

    fn write(&self, kind: &str, mail: &mut Vec<u8>) {
        let is_charset = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        let good =
            !self.charset.is_empty() && self.charset.len() <= 40 && self.charset.chars().all(is_charset);
        let charset = if good { &self.charset } else { "utf-8" };
        line(mail, &format!("Content-Type: text/{kind}; charset={charset}"));
        write_content(mail, &self.content);
    }
}

impl File {
    fn write(&self, mail: &mut Vec<u8>) {
        line(mail, &format!("Content-Type: {}", plain_media_type(&self.media_type)));
        let id: String =
            self.content_id.chars().filter(|c| c.is_ascii_graphic() && !"<>".contains(*c)).collect();
        let disposition = if id.is_empty() { "attachment" } else { "inline" };
        let name = utf8_percent_encode(&self.name, PLAIN).to_string();
        match name.as_str() {
            "" => line(mail, &format!("Content-Disposition: {disposition}")),
            plain if plain == self.name => {
                line(mail, &format!("Content-Disposition: {disposition}; filename=\"{plain}\""));
            }
            encoded => line(mail, &format!("Content-Disposition: {disposition}; filename*=utf-8''{encoded}")),
        }
        if !id.is_empty() {
            line(mail, &format!("Content-ID: <{id}>"));
        }
        write_content(mail, &self.content);
    }
}

/// Type and subtype alone. A part that holds parts cannot be base64, so those are bytes.
fn plain_media_type(stated: &str) -> String {
    let essence = stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_token = |text: &str| {
        !text.is_empty()
            && text.len() <= 100
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
    };
    match essence.split_once('/') {
        Some(("multipart" | "message", _)) | None => "application/octet-stream".to_owned(),
        Some((kind, subtype)) if is_token(kind) && is_token(subtype) => essence,
        Some(_) => "application/octet-stream".to_owned(),
    }
}

/// A mailbox with a name before it: what may not stand in a quoted name is escaped.
pub(super) fn mailbox(name: &str, address: &str) -> String {
    if name.is_empty() {
        return address.to_owned();
    }
    let name = name.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{name}\" <{address}>")
}

fn is_name(c: char) -> bool {
    c.is_ascii_graphic() && c != ':'
}

/// A field that was folded, or that holds what could begin another one, as one line.
fn one_line(value: &[u8]) -> Vec<u8> {
    let lines = value.split(|byte| [b'\r', b'\n', 0].contains(byte)).map(<[u8]>::trim_ascii);
    let lines: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).collect();
    lines.join(&b' ')
}

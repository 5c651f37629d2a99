//! The one module that knows mail-parser: bytes in, a [`Mail`] out that answers what the others ask.
//!
//! What mail-parser decodes to U+FFFD because nobody declared a charset (lone 8-bit bytes in headers, bodies and
//! file names) is decoded again here: UTF-8 where it is valid, windows-1252 where not.

use std::borrow::Cow;

use jiff::Timestamp;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::html::html_to_text;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Header, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// What Exchange calls UTF-7.
const UTF_7_OF_OLD: &str = "unicode-1-1-utf-7";

/// A mail that was parsed.
pub(crate) struct Mail<'x> {
    message: Message<'x>,
}

/// One part of a mail.
pub(crate) struct Part<'m, 'x> {
    part: &'m MessagePart<'x>,
    raw: &'m [u8],
    /// Its number in the raw mail; 0 is the root.
    pub(crate) index: u32,
}

/// Name and address as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mailbox {
    pub(crate) name: String,
    pub(crate) address: String,
}

/// What kind of content a part holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Html,
    Message,
    Multipart,
    Binary,
}

/// Parses; nothing when there is not one header field.
pub(crate) fn parse(raw: &[u8]) -> Option<Mail<'_>> {
    MessageParser::new().parse(raw).map(|message| Mail { message })
}

/// Text of HTML by stripping tags: linear, whatever the nesting.
pub(crate) fn strip_tags(html: &str) -> String {
    html_to_text(html)
}

/// Bytes nobody declared a charset for: UTF-8 where valid, windows-1252 otherwise.
pub(crate) fn guess(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => charset_decoder(b"windows-1252").map_or_else(
            || String::from_utf8_lossy(bytes).into_owned().into(),
            |decode| decode(bytes).into(),
        ),
    }
}

impl Drop for Mail<'_> {
    /// Takes nested messages apart one after the other: their own drop would go as deep as they are nested.
    fn drop(&mut self) {
        let mut waiting = vec![std::mem::take(&mut self.message)];
        while let Some(mut message) = waiting.pop() {
            for part in &mut message.parts {
                if let PartType::Message(nested) = std::mem::take(&mut part.body) {
                    waiting.push(nested);
                }
            }
        }
    }
}

impl<'x> Mail<'x> {
    /// Number of parts, the root included.
    pub(crate) fn len(&self) -> usize {
        self.message.parts.len()
    }

    /// The part with this number.
    pub(crate) fn part(&self, index: u32) -> Option<Part<'_, 'x>> {
        let part = self.message.parts.get(index as usize)?;
        Some(Part { part, raw: &self.message.raw_message, index })
    }

    /// All parts in order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part<'_, 'x>> {
        (0_u32..).map_while(|index| self.part(index))
    }

    /// The parts that make up the text, plain ones preferred.
    pub(crate) fn text_parts(&self) -> impl Iterator<Item = Part<'_, 'x>> {
        self.message.text_body.iter().filter_map(|index| self.part(*index))
    }

    /// The parts that make up the text, HTML preferred.
    pub(crate) fn html_parts(&self) -> impl Iterator<Item = Part<'_, 'x>> {
        self.message.html_body.iter().filter_map(|index| self.part(*index))
    }

    /// The parts that are files.
    pub(crate) fn file_parts(&self) -> impl Iterator<Item = Part<'_, 'x>> {
        self.message.attachments.iter().filter_map(|index| self.part(*index))
    }

    /// True when at least one header field is one that mails have: bytes of anything else may hold colons, too.
    pub(crate) fn is_mail(&self) -> bool {
        let known = [
            "From", "To", "Subject", "Date", "Message-ID", "Received", "MIME-Version", "Content-Type", "Sender",
            "Reply-To", "Return-Path", "Delivered-To", "Cc",
        ];
        self.root().is_some_and(|root| known.into_iter().any(|name| root.headers(name).next().is_some()))
    }

    fn root(&self) -> Option<Part<'_, 'x>> {
        self.part(0)
    }

    /// The root's header fields with this name, unfolded, as text, in order.
    pub(crate) fn fields<'m>(&'m self, name: &'m str) -> impl Iterator<Item = String> + 'm {
        self.root().into_iter().flat_map(move |root| root.fields(name).collect::<Vec<_>>())
    }

    /// The first header field with this name.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        self.root()?.fields(name).next()
    }

    /// The first header field with this name as decoded text.
    pub(crate) fn text_field(&self, name: &str) -> Option<String> {
        let root = self.root()?;
        let header = root.headers(name).next()?;
        root.value(header, |value| value.as_text().map(str::to_owned))
    }

    /// The mailboxes of all header fields with this name, groups opened.
    pub(crate) fn mailboxes(&self, name: &str) -> Vec<Mailbox> {
        let Some(root) = self.root() else { return Vec::new() };
        root.headers(name).flat_map(|header| root.value(header, mailboxes)).collect()
    }

    /// The time in `Date`, when it can be one.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        let root = self.root()?;
        let header = root.headers("Date").next()?;
        let date = header.value.as_datetime().filter(|date| date.is_valid())?;
        Timestamp::from_second(date.to_timestamp()).ok()
    }
}

impl<'m, 'x> Part<'m, 'x> {
    fn headers<'n>(&self, name: &'n str) -> impl Iterator<Item = &'m Header<'x>> + use<'m, 'n, 'x> {
        let part = self.part;
        part.headers.iter().filter(move |header| header.name().eq_ignore_ascii_case(name))
    }

    fn bytes_of(&self, header: &Header<'_>) -> &'m [u8] {
        self.raw.get(header.offset_start as usize..header.offset_end as usize).unwrap_or_default()
    }

    /// Header fields with this name, unfolded.
    pub(crate) fn fields<'n>(&self, name: &'n str) -> impl Iterator<Item = String> + use<'m, 'n, 'x> {
        let raw = self.raw;
        self.headers(name).map(move |header| {
            let bytes = raw.get(header.offset_start as usize..header.offset_end as usize).unwrap_or_default();
            unfold(&guess(bytes))
        })
    }

    /// What mail-parser read of a header, or would have read had its bytes been UTF-8.
    fn value<T>(&self, header: &Header<'x>, read: impl Fn(&HeaderValue<'_>) -> T) -> T {
        let bytes = self.bytes_of(header);
        if std::str::from_utf8(bytes).is_ok() {
            return read(&header.value);
        }
        let again = format!("{}:{}\r\n\r\n", header.name(), guess(bytes).trim_end());
        let parsed = MessageParser::new().parse_headers(again.as_bytes());
        let value = parsed.as_ref().and_then(|message| message.parts.first()).and_then(|part| part.headers.first());
        read(value.map_or(&header.value, |header| &header.value))
    }

    /// What kind of content it holds.
    pub(crate) fn shape(&self) -> Shape {
        match &self.part.body {
            PartType::Text(_) => Shape::Text,
            PartType::Html(_) => Shape::Html,
            PartType::Message(_) => Shape::Message,
            PartType::Multipart(_) => Shape::Multipart,
            PartType::Binary(_) | PartType::InlineBinary(_) => Shape::Binary,
        }
    }

    /// `type/subtype` in lower case, or what the parser took it for.
    pub(crate) fn media_type(&self) -> String {
        let stated = self.part.content_type().and_then(|stated| {
            let subtype = stated.subtype()?;
            Some(format!("{}/{subtype}", stated.ctype()).to_ascii_lowercase())
        });
        stated.unwrap_or_else(|| {
            let taken_for = match self.shape() {
                Shape::Text => "text/plain",
                Shape::Html => "text/html",
                Shape::Message => "message/rfc822",
                Shape::Multipart => "multipart/mixed",
                Shape::Binary => "application/octet-stream",
            };
            taken_for.to_owned()
        })
    }

    /// A parameter of its Content-Type.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.part.content_type()?.attribute(name)
    }

    /// Its file name as stated.
    pub(crate) fn file_name(&self) -> Option<String> {
        for (field, attribute) in [("Content-Disposition", "filename"), ("Content-Type", "name")] {
            for header in self.headers(field) {
                let name = self.value(header, |value| {
                    value.as_content_type().and_then(|c| c.attribute(attribute)).map(str::to_owned)
                });
                if name.is_some() {
                    return name;
                }
            }
        }
        None
    }

    /// True when it is to be shown inside the text.
    pub(crate) fn is_inline(&self) -> bool {
        match self.part.content_disposition() {
            Some(stated) => stated.is_inline(),
            None => self.part.content_id().is_some(),
        }
    }

    /// True when its transfer encoding or structure was broken.
    pub(crate) fn is_broken(&self) -> bool {
        let lost_structure = self.shape() == Shape::Text && self.media_type().starts_with("multipart/");
        lost_structure || (self.part.is_encoding_problem && !self.part.contents().is_empty())
    }

    /// The transfer encoding: as the parser took it, or where it gave up, as stated.
    fn encoding(&self) -> Encoding {
        if !self.part.is_encoding_problem {
            return self.part.encoding;
        }
        match self.fields("Content-Transfer-Encoding").next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "base64" => Encoding::Base64,
            "quoted-printable" => Encoding::QuotedPrintable,
            _ => Encoding::None,
        }
    }

    /// True when it is text that the parser could not fit into the mail's structure.
    pub(crate) fn is_broken_text(&self) -> bool {
        let media_type = self.media_type();
        self.shape() == Shape::Text && (self.is_broken() || media_type.starts_with("multipart/"))
            && ["text/plain", "text/html", "multipart/"].iter().any(|text| media_type.starts_with(text))
    }

    /// True when it is HTML.
    pub(crate) fn is_html(&self) -> bool {
        self.shape() == Shape::Html || self.media_type() == "text/html"
    }

    /// True when it states a charset nobody knows.
    pub(crate) fn has_unknown_charset(&self) -> bool {
        let known = ["utf-8", "utf8", "us-ascii", "ascii", "unicode-1-1-utf-8", UTF_7_OF_OLD];
        self.parameter("charset").is_some_and(|charset| {
            let charset = charset.trim();
            !known.iter().any(|known| known.eq_ignore_ascii_case(charset))
                && charset_decoder(charset.as_bytes()).is_none()
        })
    }

    /// A decoder that mail-parser did not think of.
    fn other_decoder(&self, text: &str) -> Option<fn(&[u8]) -> String> {
        let charset = self.parameter("charset");
        if charset.is_some_and(|charset| charset.eq_ignore_ascii_case(UTF_7_OF_OLD)) {
            return charset_decoder(b"utf-7");
        }
        // Japanese mail of phones: seven bits, shifted by escape sequences, undeclared.
        let undeclared = charset.is_none_or(|charset| charset.eq_ignore_ascii_case("us-ascii"));
        if undeclared && (text.contains("\u{1b}$B") || text.contains("\u{1b}$@")) {
            return charset_decoder(b"iso-2022-jp");
        }
        None
    }

    /// Its text (HTML as written); nothing when it is not text.
    pub(crate) fn text(&self) -> Option<Cow<'m, str>> {
        let (PartType::Text(text) | PartType::Html(text)) = &self.part.body else { return None };
        if self.part.is_encoding_problem {
            return Some(Cow::Owned(self.charset_text(&self.decoded())));
        }
        if let Some(decode) = self.other_decoder(text) {
            return Some(Cow::Owned(decode(&self.decoded())));
        }
        if !text.contains('\u{fffd}') {
            return Some(Cow::Borrowed(text.as_ref()));
        }
        let bytes = self.decoded();
        let declared = self.parameter("charset").and_then(|charset| charset_decoder(charset.as_bytes())).is_some();
        if declared || mostly_utf8(&bytes) {
            return Some(Cow::Borrowed(text.as_ref()));
        }
        Some(Cow::Owned(guess(&bytes).into_owned()))
    }

    fn charset_text(&self, bytes: &[u8]) -> String {
        let decode = self.parameter("charset").and_then(|charset| charset_decoder(charset.as_bytes()));
        decode.map_or_else(|| guess(bytes).into_owned(), |decode| decode(bytes))
    }

    /// Its bytes with the transfer encoding taken off.
    pub(crate) fn decoded(&self) -> Cow<'m, [u8]> {
        match &self.part.body {
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Cow::Borrowed(bytes.as_ref()),
            PartType::Message(nested) if self.part.encoding != Encoding::None => {
                Cow::Borrowed(nested.raw_message.as_ref())
            }
            _ => {
                let body = self.part.offset_body as usize..self.part.offset_end as usize;
                let raw = self.raw.get(body).unwrap_or_default();
                let decoded = match self.encoding() {
                    Encoding::None => None,
                    Encoding::Base64 => base64_decode(raw),
                    Encoding::QuotedPrintable => quoted_printable_decode(raw),
                };
                decoded.map_or(Cow::Borrowed(raw), Cow::Owned)
            }
        }
    }

    /// A header field of the message inside it.
    pub(crate) fn nested_field(&self, name: &str) -> Option<String> {
        let PartType::Message(nested) = &self.part.body else { return None };
        let root = nested.parts.first()?;
        Part { part: root, raw: &nested.raw_message, index: 0 }.fields(name).next()
    }

    /// Where it ends in the raw mail.
    pub(crate) fn end(&self) -> usize {
        self.part.offset_end as usize
    }
}

fn mailboxes(value: &HeaderValue<'_>) -> Vec<Mailbox> {
    let Some(address) = value.as_address() else { return Vec::new() };
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    address.iter().map(|one| Mailbox { name: text(one.name()), address: text(one.address()) }).collect()
}

fn unfold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// True when bytes that are not quite UTF-8 hold more whole UTF-8 sequences than strays.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut whole, mut strays) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        strays += usize::from(!chunk.invalid().is_empty());
    }
    whole > strays
}

//! One part of a mail: its header fields, its text, its bytes.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Header, HeaderValue, MessageParser, MessagePart, MimeHeaders as _, PartType};

use super::guess;

/// What Exchange calls UTF-7.
const UTF_7_OF_OLD: &str = "unicode-1-1-utf-7";

/// One part of a mail.
pub(crate) struct Part<'m, 'x> {
    pub(super) inner: &'m MessagePart<'x>,
    pub(super) raw: &'m [u8],
    /// All parts of its mail: what one states of its charset is a hint for headers that state none.
    pub(super) all: &'m [MessagePart<'x>],
    /// Its number in the raw mail; 0 is the root.
    pub(crate) index: u32,
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

impl<'m, 'x> Part<'m, 'x> {
    pub(super) fn headers<'n>(
        &self,
        name: &'n str,
    ) -> impl Iterator<Item = &'m Header<'x>> + use<'m, 'n, 'x> {
        let part = self.inner;
        part.headers.iter().filter(move |header| header.name().eq_ignore_ascii_case(name))
    }

    fn bytes_of(&self, header: &Header<'_>) -> &'m [u8] {
        self.raw.get(header.offset_start as usize..header.offset_end as usize).unwrap_or_default()
    }

    /// Header fields with this name, unfolded.
    pub(crate) fn fields<'n>(&self, name: &'n str) -> impl Iterator<Item = String> + use<'m, 'n, 'x> {
        let (raw, all) = (self.raw, self.all);
        self.headers(name).map(move |header| {
            let bytes = raw.get(header.offset_start as usize..header.offset_end as usize).unwrap_or_default();
            unfold(&guess_header(bytes, all))
        })
    }

    /// What mail-parser read of a header, or would have read had its bytes been UTF-8.
    pub(super) fn value<T>(&self, header: &Header<'x>, read: impl Fn(&HeaderValue<'_>) -> T) -> T {
        let bytes = self.bytes_of(header);
        if std::str::from_utf8(bytes).is_ok() {
            return read(&header.value);
        }
        let again = format!("{}:{}\r\n\r\n", header.name(), guess_header(bytes, self.all).trim_end());
        let parsed = MessageParser::new().parse_headers(again.as_bytes());
        let value =
            parsed.as_ref().and_then(|message| message.parts.first()).and_then(|part| part.headers.first());
        read(value.map_or(&header.value, |header| &header.value))
    }

    /// What kind of content it holds.
    pub(crate) fn shape(&self) -> Shape {
        match &self.inner.body {
            PartType::Text(_) => Shape::Text,
            PartType::Html(_) => Shape::Html,
            PartType::Message(_) => Shape::Message,
            PartType::Multipart(_) => Shape::Multipart,
            PartType::Binary(_) | PartType::InlineBinary(_) => Shape::Binary,
        }
    }

    /// `type/subtype` in lower case, or what the parser took it for.
    pub(crate) fn media_type(&self) -> String {
        let stated = self.inner.content_type().and_then(|stated| {
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
        self.inner.content_type()?.attribute(name)
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
        match self.inner.content_disposition() {
            Some(stated) => stated.is_inline(),
            None => self.inner.content_id().is_some(),
        }
    }

    /// True when its transfer encoding or structure was broken.
    pub(crate) fn is_broken(&self) -> bool {
        let lost_structure = self.shape() == Shape::Text && self.media_type().starts_with("multipart/");
        lost_structure || (self.inner.is_encoding_problem && !self.inner.contents().is_empty())
    }

    /// The transfer encoding: as the parser took it, or where it gave up, as stated.
    fn encoding(&self) -> Encoding {
        if !self.inner.is_encoding_problem {
            return self.inner.encoding;
        }
        match self
            .fields("Content-Transfer-Encoding")
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str()
        {
            "base64" => Encoding::Base64,
            "quoted-printable" => Encoding::QuotedPrintable,
            _ => Encoding::None,
        }
    }

    /// True when it is text that the parser could not fit into the mail's structure.
    pub(crate) fn is_broken_text(&self) -> bool {
        let media_type = self.media_type();
        self.shape() == Shape::Text
            && (self.is_broken() || media_type.starts_with("multipart/"))
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
        let (PartType::Text(text) | PartType::Html(text)) = &self.inner.body else { return None };
        if self.inner.is_encoding_problem {
            return Some(Cow::Owned(self.charset_text(&self.decoded())));
        }
        if let Some(decode) = self.other_decoder(text) {
            return Some(Cow::Owned(decode(&self.decoded())));
        }
        if !text.contains('\u{fffd}') {
            return Some(Cow::Borrowed(text.as_ref()));
        }
        let bytes = self.decoded();
        let declared =
            self.parameter("charset").and_then(|charset| charset_decoder(charset.as_bytes())).is_some();
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
        match &self.inner.body {
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Cow::Borrowed(bytes.as_ref()),
            PartType::Message(nested) if self.inner.encoding != Encoding::None => {
                Cow::Borrowed(nested.raw_message.as_ref())
            }
            _ => {
                let body = self.inner.offset_body as usize..self.inner.offset_end as usize;
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
        let PartType::Message(nested) = &self.inner.body else { return None };
        let root = nested.parts.first()?;
        Part { inner: root, raw: &nested.raw_message, all: &nested.parts, index: 0 }.fields(name).next()
    }

    /// The decoded subject of the message inside it.
    pub(crate) fn nested_subject(&self) -> Option<String> {
        let PartType::Message(nested) = &self.inner.body else { return None };
        let root =
            Part { inner: nested.parts.first()?, raw: &nested.raw_message, all: &nested.parts, index: 0 };
        let header = root.headers("Subject").next()?;
        root.value(header, |value| value.as_text().map(str::to_owned))
    }

    /// Where it ends in the raw mail.
    pub(crate) fn end(&self) -> usize {
        self.inner.offset_end as usize
    }
}

/// Header bytes in no declared charset: UTF-8, or what the mail's text is in, where that makes whole characters.
fn guess_header<'b>(bytes: &'b [u8], all: &[MessagePart<'_>]) -> Cow<'b, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let fits = |charset: &str| {
        let decode = charset_decoder(charset.as_bytes())?;
        Some(decode(bytes)).filter(|text| !text.contains('\u{fffd}'))
    };
    // Whatever fits a charset of several bytes is most likely written in it; single-byte ones fit anything.
    let (several, single): (Vec<&str>, Vec<&str>) =
        charsets(all).into_iter().partition(|name| is_multibyte(name));
    several.into_iter().chain(single).find_map(fits).map_or_else(|| guess(bytes), Cow::Owned)
}

/// The charsets that the parts of a mail state, and those of mails right inside it.
fn charsets<'p>(all: &'p [MessagePart<'_>]) -> Vec<&'p str> {
    let mut found = Vec::new();
    for part in all.iter().take(20) {
        found.extend(part.content_type().and_then(|stated| stated.attribute("charset")));
        if let PartType::Message(nested) = &part.body {
            let inside = nested.parts.iter().take(20);
            found.extend(inside.filter_map(|part| part.content_type()?.attribute("charset")));
        }
    }
    found
}

fn is_multibyte(charset: &str) -> bool {
    let charset = charset.to_ascii_lowercase();
    ["gb", "big5", "euc-", "shift", "sjis", "iso-2022", "ks_c"].iter().any(|known| charset.starts_with(known))
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

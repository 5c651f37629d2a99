//! The one module that knows mail-parser: bytes in, a [`Mail`] out that answers what the others ask.
//!
//! What mail-parser decodes to U+FFFD because nobody declared a charset (lone 8-bit bytes in headers, bodies and
//! file names) is decoded again here: UTF-8 where it is valid, windows-1252 where not.

mod part;

use std::borrow::Cow;

use jiff::Timestamp;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::html::html_to_text;
use mail_parser::{HeaderValue, Message, MessageParser, PartType};

pub(crate) use part::{Part, Shape};

/// A mail that was parsed.
pub(crate) struct Mail<'x> {
    message: Message<'x>,
}

/// Name and address as they were written.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Mailbox {
    pub(crate) name: String,
    pub(crate) address: String,
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
        Some(Part { inner: part, raw: &self.message.raw_message, all: &self.message.parts, index })
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
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Received",
            "MIME-Version",
            "Content-Type",
            "Sender",
            "Reply-To",
            "Return-Path",
            "Delivered-To",
            "Cc",
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

fn mailboxes(value: &HeaderValue<'_>) -> Vec<Mailbox> {
    let Some(address) = value.as_address() else { return Vec::new() };
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    address.iter().map(|one| Mailbox { name: text(one.name()), address: text(one.address()) }).collect()
}

//! Pure: what somebody says about a complaint that is there, by its reference and receipt code.
//!
//! An addition is a contact of its own that is part of the one whose receipt code was shown. It names no sender, for the
//! address lies sealed in that one; that the channel vouches for it says who sent it.

use std::fmt;

use jiff::Timestamp;
use redress_contract::contact::{Field as NamedValue, Raw};
use redress_contract::{Act, Channel, Contact, ContactId, ParseStatus, Reference};
use redress_intake::language;

use crate::normalize::{JsonError, KEY_FIELD, Member, members};
use crate::submission::{ErrorKind, FieldError, clean_text};

/// Field: the reference. `router` finds it there, too.
pub const REFERENCE_FIELD: &str = "reference";
/// Field: the receipt code.
pub const CODE_FIELD: &str = "receipt_code";
/// Field: what is added.
pub const TEXT_FIELD: &str = "text";

/// Member of a JSON body: the receipt code.
pub(crate) const CODE_MEMBER: &str = "receiptCode";
/// Member of a JSON body: what the sender does.
pub(crate) const ACT_MEMBER: &str = "act";

/// What came of the status page's forms or of the API.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StatusBody {
    /// The reference as typed.
    pub reference: String,
    /// The receipt code as typed.
    pub receipt_code: String,
    /// The idempotency key; empty when there was none.
    pub key: String,
    /// What is to be added.
    pub text: String,
    /// What the sender does beside writing.
    pub act: Act,
}

/// What is known of an addition beside its words.
#[derive(Debug, Clone)]
pub struct About {
    /// Web or API.
    pub channel: Channel,
    /// The form, or the API client.
    pub account: String,
    /// The language of the page, or empty.
    pub page_language: String,
    /// Its own id.
    pub contact_id: ContactId,
    /// The contact whose receipt code was shown.
    pub first: ContactId,
    /// The reference that was shown beside it.
    pub reference: Reference,
    /// Time of the request.
    pub received_at: Timestamp,
    /// Of the body.
    pub media_type: String,
    /// Of the body, hex.
    pub sha256: String,
    /// What the sender does beside writing.
    pub act: Act,
}

/// A form from its pairs. Of a field that came twice the first counts; other fields are not ours.
pub fn read_status(pairs: Vec<(String, String)>) -> StatusBody {
    let mut body = StatusBody::default();
    for (name, value) in pairs {
        let field = match name.as_str() {
            REFERENCE_FIELD => &mut body.reference,
            CODE_FIELD => &mut body.receipt_code,
            KEY_FIELD => &mut body.key,
            TEXT_FIELD => &mut body.text,
            _ => continue,
        };
        if field.is_empty() {
            *field = value;
        }
    }
    body
}

/// An addition from a JSON body, and what is wrong with some members. Reference and key stand elsewhere in a request.
///
/// # Errors
/// When it is no JSON object, or has too many members.
pub fn read_json_addition(body: &[u8]) -> Result<(StatusBody, Vec<FieldError>), JsonError> {
    let (mut read, mut errors) = (StatusBody::default(), Vec::new());
    for (name, value) in members(body)? {
        let field = match name.as_str() {
            CODE_MEMBER => &mut read.receipt_code,
            "text" => &mut read.text,
            ACT_MEMBER => {
                errors.extend(read_act(&mut read, value).err());
                continue;
            }
            _ => {
                errors.push(FieldError::other(&name, ErrorKind::Unknown));
                continue;
            }
        };
        match value {
            Member::Text(text) if field.is_empty() => *field = text,
            Member::Text(_) => errors.push(FieldError::other(&name, ErrorKind::Repeated)),
            Member::Null => {}
            Member::Bool(_) | Member::Other => errors.push(FieldError::other(&name, ErrorKind::NotText)),
        }
    }
    Ok((read, errors))
}

/// The same from the texts of a multipart body.
pub(crate) fn read_text_addition(texts: Vec<(String, String)>) -> (StatusBody, Vec<FieldError>) {
    let (mut read, mut errors) = (StatusBody::default(), Vec::new());
    for (name, text) in texts {
        match name.as_str() {
            CODE_MEMBER if read.receipt_code.is_empty() => read.receipt_code = text,
            TEXT_FIELD if read.text.is_empty() => read.text = text,
            ACT_MEMBER => errors.extend(read_act(&mut read, Member::Text(text)).err()),
            CODE_MEMBER | TEXT_FIELD => errors.push(FieldError::other(&name, ErrorKind::Repeated)),
            _ => errors.push(FieldError::other(&name, ErrorKind::Unknown)),
        }
    }
    (read, errors)
}

fn read_act(read: &mut StatusBody, value: Member) -> Result<(), FieldError> {
    let wrong = |kind| Err(FieldError::other(ACT_MEMBER, kind));
    let act = match value {
        Member::Null => return Ok(()),
        Member::Text(word) => Act::from_token(&word),
        Member::Bool(_) | Member::Other => return wrong(ErrorKind::NotText),
    };
    match act {
        None => wrong(ErrorKind::NotChoice),
        Some(_) if !read.act.is_unspecified() => wrong(ErrorKind::Repeated),
        Some(act) => {
            read.act = act;
            Ok(())
        }
    }
}

/// The words of an addition, in order.
///
/// # Errors
/// When there are none, or more than `chars_max`.
pub fn check_text(text: &str, chars_max: u32) -> Result<String, ErrorKind> {
    let text = clean_text(text);
    let (chars, max) = (text.chars().count(), chars_max as usize);
    match chars {
        0 => Err(ErrorKind::Missing),
        _ if chars > max => Err(ErrorKind::TooLong { chars, max }),
        _ => Ok(text),
    }
}

/// The contact that an addition is.
pub fn contact(text: String, about: About) -> Contact {
    let mangled = text.contains(char::REPLACEMENT_CHARACTER);
    Contact {
        id: about.contact_id,
        channel: about.channel,
        account: about.account,
        received_at: about.received_at,
        recorded_at: about.received_at,
        parse_status: if mangled { ParseStatus::Partial } else { ParseStatus::Parsed },
        parse_problem: if mangled { "some characters could not be read".to_owned() } else { String::new() },
        sender_authenticated: true,
        language: language::tell(&text, &[]).map_or(about.page_language, str::to_owned),
        text,
        raw: Some(Raw { media_type: about.media_type, sha256: about.sha256, ..Raw::default() }),
        fields: vec![NamedValue { name: REFERENCE_FIELD.to_owned(), value: about.reference.to_string() }],
        part_of: Some(about.first),
        act: about.act,
        ..Contact::default()
    }
}

impl fmt::Debug for StatusBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatusBody(***)")
    }
}

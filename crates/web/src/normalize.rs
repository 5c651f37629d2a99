//! Pure: bytes of a form or of JSON → fields as typed, and a checked submission → contact.

use std::fmt;

use jiff::Timestamp;
use redress_contract::contact::{Address, Field as NamedValue, Raw};
use redress_contract::{AddressKind, Channel, Contact, ContactId, ParseStatus, Reference};
use redress_intake::language;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::submission::{Draft, ErrorKind, Field, FieldError, Submission};

/// Hidden field: the idempotency key.
pub const KEY_FIELD: &str = "submission_key";
/// Hidden field: the form stamp.
pub const STAMP_FIELD: &str = "form_stamp";
/// A field that people do not see and that programs like to fill in.
pub const TRAP_FIELD: &str = "website";
/// Most fields of one body: pairs, parts or members. Each may become an error that names it, so this also bounds what
/// an answer holds.
pub const PARTS_MAX: usize = 64;

/// A form as it came back.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FormBody {
    /// What was typed.
    pub draft: Draft,
    /// The idempotency key; empty when there was none.
    pub key: String,
    /// The form stamp; empty when there was none.
    pub stamp: String,
    /// What stood in the trap; empty for people.
    pub trap: String,
    /// Fields that are none of ours, came twice, or are files.
    pub errors: Vec<FieldError>,
}

/// A body with more than [`PARTS_MAX`] fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body has too many fields")]
pub struct TooManyFields;

/// Why a JSON body has no fields to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonError {
    /// It is no JSON object.
    Broken(BrokenJson),
    /// It has more than [`PARTS_MAX`] members.
    TooManyFields,
}

/// JSON that cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenJson {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong there; holds nothing of the body.
    pub problem: &'static str,
}

/// How a submission arrived.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Web or API.
    pub channel: Channel,
    /// The form, or the API client.
    pub account: String,
    /// The language of the page that asked, or empty.
    pub page_language: String,
    /// Derived from the account and the idempotency key.
    pub contact_id: ContactId,
    /// Claimed before the contact is recorded, since the sender is told.
    pub reference: Reference,
    /// Time of the request.
    pub received_at: Timestamp,
    /// Of the body.
    pub media_type: String,
    /// Of the body, hex.
    pub sha256: String,
}

/// The pairs of an urlencoded body.
///
/// # Errors
/// When there are more than [`PARTS_MAX`].
pub fn urlencoded_pairs(body: &[u8]) -> Result<Vec<(String, String)>, TooManyFields> {
    let pairs: Vec<_> = form_urlencoded::parse(body).take(PARTS_MAX + 1).collect();
    if pairs.len() > PARTS_MAX {
        return Err(TooManyFields);
    }
    Ok(pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}

/// A form from its pairs.
pub fn read_form(pairs: Vec<(String, String)>) -> FormBody {
    let mut form = FormBody::default();
    for (name, value) in pairs {
        let hidden = match name.as_str() {
            KEY_FIELD => &mut form.key,
            STAMP_FIELD => &mut form.stamp,
            TRAP_FIELD => &mut form.trap,
            _ => {
                let filled = match Field::ALL.into_iter().find(|field| field.form_name() == name) {
                    Some(field) => form.draft.set(field, value),
                    None => Err(FieldError::other(&name, ErrorKind::Unknown)),
                };
                form.errors.extend(filled.err());
                continue;
            }
        };
        if hidden.is_empty() {
            *hidden = value;
        } else {
            form.errors.push(FieldError::other(&name, ErrorKind::Repeated));
        }
    }
    form
}

/// The fields of a JSON body, and what is wrong with some.
///
/// # Errors
/// When it is no JSON object, or one with more than [`PARTS_MAX`] members.
pub fn read_json(body: &[u8]) -> Result<(Draft, Vec<FieldError>), JsonError> {
    let (mut draft, mut errors) = (Draft::default(), Vec::new());
    for (name, value) in members(body)? {
        let filled = match (Field::ALL.into_iter().find(|field| field.api_name() == name), value) {
            (None, _) => Err(FieldError::other(&name, ErrorKind::Unknown)),
            (Some(field), Member::Text(text)) => draft.set(field, text),
            (Some(_), Member::Null) => Ok(()),
            (Some(field), Member::Other) => Err(FieldError::known(field, ErrorKind::NotText)),
        };
        errors.extend(filled.err());
    }
    Ok((draft, errors))
}

/// The members of a JSON object, in order.
pub(crate) fn members(body: &[u8]) -> Result<Vec<(String, Member)>, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let members = reader.deserialize_map(Members).and_then(|members| reader.end().map(|()| members));
    members.map_err(|error| JsonError::Broken(BrokenJson::of(&error)))?.ok_or(JsonError::TooManyFields)
}

/// The contact that a submission is. Everything follows from what was said and how it arrived.
pub fn contact(submission: &Submission, arrival: Arrival) -> Contact {
    let mangled =
        Field::ALL.into_iter().any(|field| submission.get(field).contains(char::REPLACEMENT_CHARACTER));
    let (parse_status, parse_problem) = if mangled {
        (ParseStatus::Partial, "some characters could not be read".to_owned())
    } else {
        (ParseStatus::Parsed, String::new())
    };
    Contact {
        id: arrival.contact_id,
        channel: arrival.channel,
        account: arrival.account,
        received_at: arrival.received_at,
        recorded_at: arrival.received_at,
        parse_status,
        parse_problem,
        sender: sender(submission),
        text: submission.what_happened.clone(),
        language: language_of(submission, arrival.page_language),
        raw: Some(Raw { media_type: arrival.media_type, sha256: arrival.sha256, ..Raw::default() }),
        fields: named_values(submission),
        reference: Some(arrival.reference),
        ..Contact::default()
    }
}

/// The language that was chosen for the answer; otherwise the one they wrote in; otherwise the one they were asked in.
fn language_of(submission: &Submission, page_language: String) -> String {
    if submission.language.is_empty() {
        return language::tell(&submission.what_happened, &[]).map_or(page_language, str::to_owned);
    }
    submission.language.clone()
}

/// The email address when there is one, the phone number otherwise.
fn sender(submission: &Submission) -> Option<Address> {
    let (kind, value) = match (submission.email.as_str(), submission.phone.as_str()) {
        ("", "") => return None,
        ("", phone) => (AddressKind::Phone, phone),
        (email, _) => (AddressKind::Email, email),
    };
    Some(Address { kind, value: value.to_owned(), display_name: submission.name.clone() })
}

/// What has no place of its own in a contact. A name and a phone number are kept here too where the sender's address
/// does not hold them.
fn named_values(submission: &Submission) -> Vec<NamedValue> {
    let placed = |field: Field| match field {
        Field::WhatHappened | Field::Email | Field::Language => true,
        Field::Phone => submission.email.is_empty(),
        Field::Name => !(submission.email.is_empty() && submission.phone.is_empty()),
        Field::Remedy | Field::Product | Field::OrderNumber => false,
    };
    Field::ALL
        .into_iter()
        .filter(|field| !placed(*field) && !submission.get(*field).is_empty())
        .map(|field| NamedValue {
            name: field.form_name().to_owned(),
            value: submission.get(field).to_owned(),
        })
        .collect()
}

impl fmt::Debug for FormBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormBody(***)")
    }
}

impl BrokenJson {
    fn of(error: &serde_json::Error) -> Self {
        let problem = match error.classify() {
            serde_json::error::Category::Eof => "the body ends too early",
            serde_json::error::Category::Data => "the body must be a JSON object",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => "this is not JSON",
        };
        Self { line: error.line().max(1), column: error.column().max(1), problem }
    }
}

/// Reads an object as its members in order: a map would drop the first of two equal names in silence. None: more
/// members than are taken.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Option<Vec<(String, Member)>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while members.len() < PARTS_MAX {
            let Some(member) = map.next_entry()? else { return Ok(Some(members)) };
            members.push(member);
        }
        let mut too_many = false;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            too_many = true;
        }
        Ok((!too_many).then_some(members))
    }
}

/// The value of a member. What is no text is not kept: a tree of small values takes many times the bytes it came in.
pub(crate) enum Member {
    Text(String),
    Null,
    Other,
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(AnyMember)
    }
}

struct AnyMember;

impl<'de> Visitor<'de> for AnyMember {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Member, E> {
        Ok(Member::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Member, E> {
        Ok(Member::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Member, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Member, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }
}

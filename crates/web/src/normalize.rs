//! Pure: bytes of a form or of JSON → fields as typed, and a checked submission → contact.

use std::fmt;

use jiff::Timestamp;
use redress_contract::contact::{Address, Call, Field as NamedValue, Raw, RecordedBy};
use redress_contract::{AddressKind, Channel, Contact, ContactId, ParseStatus, Reference};
use redress_intake::language;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::config::Demands;
use crate::submission::{Draft, ErrorKind, Field, FieldError, FieldName, GIVEN, Submission};

/// Hidden field: the idempotency key.
pub const KEY_FIELD: &str = "submission_key";
/// Hidden field: the form stamp.
pub const STAMP_FIELD: &str = "form_stamp";
/// A field that people do not see and that programs like to fill in.
pub const TRAP_FIELD: &str = "website";
/// Hidden field: the key that the form was sent with before, with other words.
pub const SENT_BEFORE_FIELD: &str = "sent_before";
/// The button that adds the words to the complaint that was sent before.
pub const ADD_FIELD: &str = "as_addition";
/// Member: the form that is filled in.
const FORM_MEMBER: &str = "form";
/// Most fields of one body: pairs, parts or members. Each may become an error that names it, so this also bounds what
/// an answer holds.
pub const PARTS_MAX: usize = 96;

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
    /// The key of what was sent before; empty when there was none.
    pub sent_before: String,
    /// Not empty when it is to be added to what was sent before.
    pub add: String,
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
    pub recorded_at: Timestamp,
    /// What whoever sent it may state about it.
    pub stated: Stated,
    /// Of the body.
    pub media_type: String,
    /// Of the body, hex.
    pub sha256: String,
}

/// What a clerk, or a system with an API key, states about a complaint that somebody else made. The public states nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stated {
    /// When it reached the organisation, when that was not at the time of the request.
    pub received_at: Option<Timestamp>,
    /// Who answers for it.
    pub recorded_by: Option<RecordedBy>,
    /// True when they vouch that the sender is who they say.
    pub sender_authenticated: bool,
    /// The telephone call that it is a note of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
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

/// A form from its pairs, as far as these demands ask for them.
pub fn read_form(pairs: Vec<(String, String)>, demands: &Demands) -> FormBody {
    let mut form = FormBody::default();
    for (name, value) in pairs {
        let hidden = match name.as_str() {
            KEY_FIELD => &mut form.key,
            STAMP_FIELD => &mut form.stamp,
            TRAP_FIELD => &mut form.trap,
            SENT_BEFORE_FIELD => &mut form.sent_before,
            ADD_FIELD => &mut form.add,
            _ => {
                let filled = match demands.name_of(&name, Field::form_name) {
                    Some(name) => form.draft.set(name, value),
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

/// A complaint as it came in JSON.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct JsonBody {
    /// The form it fills in; empty when it does not say.
    pub form: String,
    members: Vec<(String, Member)>,
}

/// The members of a JSON body.
///
/// # Errors
/// When it is no JSON object, or one with more than [`PARTS_MAX`] members.
pub fn read_json(body: &[u8]) -> Result<JsonBody, JsonError> {
    let mut members = members(body)?;
    Ok(JsonBody { form: take_form(&mut members), members })
}

/// The form that the members name first; another one stays, to be named as an error.
fn take_form(members: &mut Vec<(String, Member)>) -> String {
    let first =
        members.iter().position(|(name, value)| name == FORM_MEMBER && matches!(value, Member::Text(_)));
    match first.map(|at| members.remove(at).1) {
        Some(Member::Text(form)) => form,
        _ => String::new(),
    }
}

impl JsonBody {
    /// The same from the texts of a multipart body.
    pub(crate) fn of_texts(texts: Vec<(String, String)>) -> Self {
        let mut members: Vec<_> = texts.into_iter().map(|(name, text)| (name, Member::Text(text))).collect();
        Self { form: take_form(&mut members), members }
    }

    /// Takes out the members of these names.
    pub(crate) fn take(&mut self, names: &[&str]) -> Vec<(String, Member)> {
        self.members.extract_if(.., |(name, _)| names.contains(&name.as_str())).collect()
    }

    /// The fields, as far as these demands ask for them, and what is wrong with some.
    pub fn fill_in(self, demands: &Demands) -> (Draft, Vec<FieldError>) {
        let (mut draft, mut errors) = (Draft::default(), Vec::new());
        for (name, value) in self.members {
            let filled = match (demands.name_of(&name, Field::api_name), value) {
                (None, Member::Text(_)) if name == FORM_MEMBER => {
                    Err(FieldError::other(&name, ErrorKind::Repeated))
                }
                (None, _) => Err(FieldError::other(&name, ErrorKind::Unknown)),
                // In a part of a multipart body everything is text.
                (Some(name @ FieldName::Known(Field::Consent)), Member::Text(text)) if text == "true" => {
                    draft.set(name, GIVEN.to_owned())
                }
                (Some(name), Member::Text(text)) => draft.set(name, text),
                (Some(name @ FieldName::Known(Field::Consent)), Member::Bool(given)) => {
                    draft.set(name, if given { GIVEN.to_owned() } else { String::new() })
                }
                (Some(_), Member::Null) => Ok(()),
                (Some(name), Member::Bool(_) | Member::Other) => {
                    Err(FieldError { field: name, kind: ErrorKind::NotText })
                }
            };
            errors.extend(filled.err());
        }
        (draft, errors)
    }
}

impl fmt::Debug for JsonBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonBody(***)")
    }
}

/// The members of a JSON object, in order.
pub(crate) fn members(body: &[u8]) -> Result<Vec<(String, Member)>, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let members = reader.deserialize_map(Members).and_then(|members| reader.end().map(|()| members));
    members.map_err(|error| JsonError::Broken(BrokenJson::of(&error)))?.ok_or(JsonError::TooManyFields)
}

/// The contact that a submission is. Everything follows from what was said and how it arrived.
pub fn contact(submission: &Submission, arrival: Arrival) -> Contact {
    let mangled = submission.values().any(|(_, value)| value.contains(char::REPLACEMENT_CHARACTER));
    let (parse_status, parse_problem) = if mangled {
        (ParseStatus::Partial, "some characters could not be read".to_owned())
    } else {
        (ParseStatus::Parsed, String::new())
    };
    Contact {
        id: arrival.contact_id,
        channel: arrival.channel,
        account: arrival.account,
        received_at: arrival.stated.received_at.unwrap_or(arrival.recorded_at),
        recorded_at: arrival.recorded_at,
        parse_status,
        parse_problem,
        sender: sender(submission),
        sender_authenticated: arrival.stated.sender_authenticated,
        recorded_by: arrival.stated.recorded_by,
        call: arrival.stated.call,
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

/// The email address when there is one, else the phone number, else the postal address.
fn sender(submission: &Submission) -> Option<Address> {
    let (kind, value) = match (submission.email.as_str(), submission.phone.as_str()) {
        ("", "") if submission.postal_address.is_empty() => return None,
        ("", "") => (AddressKind::Postal, submission.postal_address.as_str()),
        ("", phone) => (AddressKind::Phone, phone),
        (email, _) => (AddressKind::Email, email),
    };
    Some(Address { kind, value: value.to_owned(), display_name: submission.name.clone() })
}

/// What has no place of its own in a contact. A name and a phone number are kept here too where the sender's address
/// does not hold them.
fn named_values(submission: &Submission) -> Vec<NamedValue> {
    let has_email = !submission.email.is_empty();
    let can_be_called = has_email || !submission.phone.is_empty();
    let has_sender = can_be_called || !submission.postal_address.is_empty();
    let placed = |name: &str| match name {
        "what_happened" | "email" | "language" => true,
        "phone" => !has_email,
        "name" => has_sender,
        "postal_address" => !can_be_called,
        _ => false,
    };
    let rest = submission.values().filter(|(name, value)| !placed(name) && !value.is_empty());
    rest.map(|(name, value)| NamedValue { name: name.to_owned(), value: value.to_owned() }).collect()
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
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Member {
    Text(String),
    Null,
    Bool(bool),
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

    fn visit_bool<E>(self, value: bool) -> Result<Member, E> {
        Ok(Member::Bool(value))
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

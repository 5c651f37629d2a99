//! What a person or system submits: fields as typed ([`Draft`]), then checked ([`Submission`]).
//!
//! Nothing said is dropped in silence: a field nobody knows, one given twice, or one that is no text is an error that
//! names it. Errors keep their kind, so that another language can word them.

use std::collections::BTreeMap;
use std::fmt;

use redress_identity::address::is_email;
use serde::Serialize;

use crate::config::{Anonymous, Demands, OwnKind, is_language_tag};

/// What the field `consent` holds when its box is ticked.
pub const GIVEN: &str = "yes";

/// What a postal address is called in a record.
const POSTAL_ADDRESS: &str = "postal_address";

/// The fields a submission may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Who complains.
    Name,
    /// Where to answer.
    Email,
    /// Where to call.
    Phone,
    /// The complaint itself.
    WhatHappened,
    /// What the person would like us to do.
    Remedy,
    /// What it is about.
    Product,
    /// Order or customer number.
    OrderNumber,
    /// What kind of complaint it is, of those that the form offers.
    Category,
    /// Where it happened.
    Location,
    /// Language of the answer.
    Language,
    /// In which form somebody needs our answers: large print, easy language, by telephone.
    Accessibility,
    /// For whom somebody complains who does not complain for themselves.
    Representative,
    /// What we should know of somebody's situation, so that we take care.
    Circumstances,
    /// That what was told may be used.
    Consent,
}

/// Fields as they were typed; absent ones are empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Draft {
    values: BTreeMap<FieldName, String>,
}

/// A submission that may be recorded: texts trimmed, line ends and control characters in order, limits kept.
///
/// Its JSON form is what a repeat is compared by; empty fields stay out of it, so that a field added later does not
/// make old submissions look changed.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Submission {
    /// Who complains; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// An email address, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// A phone number as written, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// The complaint itself; never empty.
    pub what_happened: String,
    /// What the person would like us to do; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// What it is about; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product: String,
    /// Order or customer number; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub order_number: String,
    /// A BCP 47 tag, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// Where to write to; only a clerk is asked for it. May be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub postal_address: String,
    /// Everything else that was filled in, by its name in the form.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, String>,
}

/// One thing wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Which field.
    pub field: FieldName,
    /// What is wrong with it.
    pub kind: ErrorKind,
}

/// A field, known or not. `Debug` shows no name that the sender made up.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldName {
    /// One of ours.
    Known(Field),
    /// One of the form's own, by its name.
    Own(String),
    /// A name the sender made up, shortened and made safe to show.
    Other(String),
}

/// What may be wrong with a field. `Display` says it in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// What happened must be told.
    Missing,
    /// The form requires it.
    Required,
    /// The box must be ticked.
    NotAgreed,
    /// It is none of the choices.
    NotChoice,
    /// Neither an email address nor a phone number was given.
    NoWayToAnswer,
    /// It is too long.
    TooLong {
        /// Characters it has.
        chars: usize,
        /// Characters it may have.
        max: usize,
    },
    /// It is no email address.
    NotEmail,
    /// It is no phone number.
    NotPhone,
    /// It is no language tag.
    NotLanguage,
    /// It is no field.
    Unknown,
    /// It was given more than once.
    Repeated,
    /// It is something else than a text.
    NotText,
    /// More files than are taken.
    TooManyFiles {
        /// Files that are taken.
        max: usize,
    },
    /// A file is too large.
    FileTooLarge {
        /// MiB that a file may have.
        mebibytes_max: usize,
    },
    /// All files together are too large.
    FilesTooLarge {
        /// MiB that they may have together.
        mebibytes_max: usize,
    },
    /// It is no kind of file that is taken.
    FileType,
    /// A file has no content.
    FileEmpty,
}

impl Field {
    /// Every field, in the order in which the form asks.
    pub const ALL: [Self; 14] = [
        Self::Category,
        Self::WhatHappened,
        Self::Remedy,
        Self::Product,
        Self::OrderNumber,
        Self::Location,
        Self::Name,
        Self::Email,
        Self::Phone,
        Self::Language,
        Self::Accessibility,
        Self::Representative,
        Self::Circumstances,
        Self::Consent,
    ];

    /// What a form asks for that does not say what it asks for, in its order.
    pub fn usual() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|field| field.is_usual())
    }

    /// Whether a form asks for it that does not say what it asks for.
    pub fn is_usual(self) -> bool {
        !matches!(self, Self::Category | Self::Location | Self::Consent)
    }

    /// Its name in the form.
    pub fn form_name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::WhatHappened => "what_happened",
            Self::Remedy => "remedy",
            Self::Product => "product",
            Self::OrderNumber => "order_number",
            Self::Category => "category",
            Self::Location => "location",
            Self::Language => "language",
            Self::Accessibility => "accessibility",
            Self::Representative => "representative",
            Self::Circumstances => "circumstances",
            Self::Consent => "consent",
        }
    }

    /// Its name in the API.
    pub fn api_name(self) -> &'static str {
        match self {
            Self::WhatHappened => "whatHappened",
            Self::OrderNumber => "orderNumber",
            other => other.form_name(),
        }
    }

    /// Whether it is more than one line.
    pub(crate) fn takes_several_lines(self) -> bool {
        matches!(self, Self::WhatHappened | Self::Remedy | Self::Circumstances)
    }

    pub(crate) fn chars_max(self, demands: &Demands) -> usize {
        let limits = &demands.limits;
        let max = match self {
            Self::Name => limits.name_chars_max,
            Self::Email => limits.email_chars_max,
            Self::Phone => limits.phone_chars_max,
            Self::WhatHappened => limits.what_happened_chars_max,
            Self::Remedy => limits.remedy_chars_max,
            Self::Product => limits.product_chars_max,
            Self::OrderNumber => limits.order_number_chars_max,
            Self::Location => limits.location_chars_max,
            Self::Accessibility | Self::Representative | Self::Circumstances => limits.needs_chars_max,
            Self::Category => 100,
            Self::Language => 35,
            Self::Consent => 3,
        };
        max as usize
    }
}

impl Draft {
    /// What was typed into a field; empty when nothing was.
    pub fn get(&self, name: &FieldName) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// Fills in a field.
    ///
    /// # Errors
    /// When it was filled in before; the first value stays.
    pub fn set(&mut self, name: FieldName, value: String) -> Result<(), FieldError> {
        if self.values.contains_key(&name) {
            return Err(FieldError { field: name, kind: ErrorKind::Repeated });
        }
        self.values.insert(name, value);
        Ok(())
    }

    /// The submission this makes.
    ///
    /// # Errors
    /// Everything that is wrong, in the order in which the form asks.
    pub fn check(&self, demands: &Demands) -> Result<Submission, Vec<FieldError>> {
        let clean: BTreeMap<FieldName, String> =
            demands.names().map(|name| (name.clone(), self.clean(&name, demands))).collect();
        let wrong =
            |name: FieldName| Some(FieldError { kind: wrong_with(&name, &clean, demands)?, field: name });
        let errors: Vec<FieldError> = demands.names().filter_map(wrong).collect();
        if errors.is_empty() { Ok(Submission::of(clean)) } else { Err(errors) }
    }

    fn clean(&self, name: &FieldName, demands: &Demands) -> String {
        let several_lines = match name {
            FieldName::Known(field) => field.takes_several_lines(),
            FieldName::Own(name) => demands.own(name).is_some_and(|own| own.kind == OwnKind::Text),
            FieldName::Other(_) => false,
        };
        if several_lines { clean_text(self.get(name)) } else { clean_line(self.get(name)) }
    }
}

impl Submission {
    fn of(mut clean: BTreeMap<FieldName, String>) -> Self {
        let mut take = |field| clean.remove(&FieldName::Known(field)).unwrap_or_default();
        let submission = Self {
            name: take(Field::Name),
            email: take(Field::Email),
            phone: take(Field::Phone),
            what_happened: take(Field::WhatHappened),
            remedy: take(Field::Remedy),
            product: take(Field::Product),
            order_number: take(Field::OrderNumber),
            language: take(Field::Language),
            postal_address: String::new(),
            more: BTreeMap::new(),
        };
        let more = clean.into_iter().filter(|(_, value)| !value.is_empty());
        Self { more: more.map(|(name, value)| (name.form_name().to_owned(), value)).collect(), ..submission }
    }

    /// All of it as one text: what happened first, then everything else under its name.
    pub(crate) fn in_words(&self) -> String {
        let rest = self.values().skip(1).filter(|(_, value)| !value.is_empty());
        let rest: Vec<String> = rest.map(|(name, value)| format!("{name}: {value}")).collect();
        [self.what_happened.clone(), rest.join("\n")].join("\n\n").trim().to_owned()
    }

    /// Every value, by its name in the form, what happened first; absent ones are empty.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let standard = [
            (Field::WhatHappened, &self.what_happened),
            (Field::Remedy, &self.remedy),
            (Field::Product, &self.product),
            (Field::OrderNumber, &self.order_number),
            (Field::Name, &self.name),
            (Field::Email, &self.email),
            (Field::Phone, &self.phone),
            (Field::Language, &self.language),
        ];
        let standard = standard.into_iter().map(|(field, value)| (field.form_name(), value.as_str()));
        let standard = standard.chain([(POSTAL_ADDRESS, self.postal_address.as_str())]);
        standard.chain(self.more.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

fn wrong_with(name: &FieldName, clean: &BTreeMap<FieldName, String>, demands: &Demands) -> Option<ErrorKind> {
    let value = clean.get(name).map_or("", String::as_str);
    let (chars, max) = (value.chars().count(), name.chars_max(demands));
    if chars > max {
        return Some(ErrorKind::TooLong { chars, max });
    }
    let wrong = match name {
        FieldName::Known(field) => wrong_with_known(*field, value, clean, demands),
        FieldName::Own(name) => demands.own(name).and_then(|own| {
            let offered = own.kind != OwnKind::Choice || own.choices.iter().any(|choice| choice.id == value);
            (!value.is_empty() && !offered).then_some(ErrorKind::NotChoice)
        }),
        FieldName::Other(_) => None,
    };
    let required = value.is_empty() && demands.required.contains(name);
    wrong.or_else(|| required.then_some(name.required()))
}

fn wrong_with_known(
    field: Field,
    value: &str,
    clean: &BTreeMap<FieldName, String>,
    demands: &Demands,
) -> Option<ErrorKind> {
    let is_missing = |field| clean.get(&FieldName::Known(field)).is_none_or(String::is_empty);
    if value.is_empty() {
        let unreachable = is_missing(Field::Email) && is_missing(Field::Phone);
        let asked_first = [Field::Email, Field::Phone].into_iter().find(|way| demands.asks.contains(way));
        let is_named = unreachable && demands.anonymous == Anonymous::Refused && asked_first == Some(field);
        return match field {
            Field::WhatHappened => Some(ErrorKind::Missing),
            _ => is_named.then_some(ErrorKind::NoWayToAnswer),
        };
    }
    match field {
        Field::Email if !is_email(value) => Some(ErrorKind::NotEmail),
        Field::Phone if !is_phone(value) => Some(ErrorKind::NotPhone),
        Field::Language if !is_language_tag(value) => Some(ErrorKind::NotLanguage),
        Field::Category if demands.categories.iter().all(|choice| choice.id != value) => {
            Some(ErrorKind::NotChoice)
        }
        Field::Consent if value != GIVEN => Some(ErrorKind::NotAgreed),
        _ => None,
    }
}

impl FieldName {
    /// Its name in the form.
    pub fn form_name(&self) -> &str {
        match self {
            Self::Known(field) => field.form_name(),
            Self::Own(name) | Self::Other(name) => name,
        }
    }

    /// Its name in the API.
    pub fn api_name(&self) -> &str {
        match self {
            Self::Known(field) => field.api_name(),
            Self::Own(name) | Self::Other(name) => name,
        }
    }

    pub(crate) fn chars_max(&self, demands: &Demands) -> usize {
        match self {
            Self::Known(field) => field.chars_max(demands),
            Self::Own(name) => demands.own(name).map_or(0, |own| own.chars_max as usize),
            Self::Other(_) => 0,
        }
    }

    fn required(&self) -> ErrorKind {
        if *self == Self::Known(Field::Consent) { ErrorKind::NotAgreed } else { ErrorKind::Required }
    }
}

impl FieldError {
    /// An error of one of our fields.
    pub fn known(field: Field, kind: ErrorKind) -> Self {
        Self { field: FieldName::Known(field), kind }
    }

    /// An error of a field whose name somebody made up.
    pub fn other(name: &str, kind: ErrorKind) -> Self {
        Self { field: FieldName::Other(clean_line(name).chars().take(64).collect()), kind }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("Tell us what happened."),
            Self::Required => f.write_str("This must be filled in."),
            Self::NotAgreed => f.write_str("This must be agreed to."),
            Self::NotChoice => f.write_str("This is none of the choices."),
            Self::NoWayToAnswer => {
                f.write_str("Give an email address or a phone number, so that you can be answered.")
            }
            Self::TooLong { chars, max } => {
                write!(f, "This has {chars} characters; at most {max} can be taken. Please shorten it.")
            }
            Self::NotEmail => {
                f.write_str("This is not an email address. It should look like name@example.com.")
            }
            Self::NotPhone => {
                f.write_str("This is not a phone number. It should look like +44 20 7946 0958.")
            }
            Self::NotLanguage => f.write_str("This is not a language tag such as “en” or “pt-BR”."),
            Self::Unknown => f.write_str("There is no such field."),
            Self::Repeated => f.write_str("This was given more than once."),
            Self::NotText => f.write_str("This must be a text."),
            Self::TooManyFiles { max } => write!(f, "At most {max} files are taken."),
            Self::FileTooLarge { mebibytes_max } => write!(f, "A file may have {mebibytes_max} MiB at most."),
            Self::FilesTooLarge { mebibytes_max } => {
                write!(f, "All files together may have {mebibytes_max} MiB at most.")
            }
            Self::FileType => f.write_str("This kind of file is not taken."),
            Self::FileEmpty => f.write_str("This file is empty."),
        }
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draft(***)")
    }
}

impl fmt::Debug for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(field) => write!(f, "Known({field:?})"),
            Self::Own(name) => write!(f, "Own({name:?})"),
            Self::Other(_) => f.write_str("Other(***)"),
        }
    }
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Submission(***)")
    }
}

/// One line: control characters and those that turn the direction of what follows become blanks, runs of blanks one.
pub(crate) fn clean_line(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    let plain: String = text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Several lines: line ends become `\n`, other control characters but tabs go.
pub(crate) fn clean_text(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let plain: String = lines.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    plain.trim().to_owned()
}

/// Generous: people write numbers in many ways (“my daughter's: 07700 900123”), and a wrong refusal costs a complaint.
fn is_phone(text: &str) -> bool {
    text.chars().filter(|c| c.is_numeric()).count() >= 5 && !text.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(values: &[(Field, &str)]) -> Draft {
        let mut draft = Draft::default();
        for (field, value) in values {
            draft.set(FieldName::Known(*field), (*value).to_owned()).unwrap();
        }
        draft
    }

    fn errors(values: &[(Field, &str)]) -> Vec<(Field, ErrorKind)> {
        let wrong = draft(values).check(&Demands::default()).expect_err("something is wrong");
        wrong
            .into_iter()
            .map(|error| match error.field {
                FieldName::Known(field) => (field, error.kind),
                FieldName::Own(name) | FieldName::Other(name) => panic!("unknown field {name}"),
            })
            .collect()
    }

    const TOLD: (Field, &str) = (Field::WhatHappened, "The lamp broke.");
    const MAIL: (Field, &str) = (Field::Email, "kim@example.org");

    #[test]
    fn a_complaint_and_a_way_to_answer_are_enough() {
        let submission = draft(&[TOLD, MAIL]).check(&Demands::default()).unwrap();
        assert_eq!((submission.what_happened.as_str(), submission.email.as_str()), (TOLD.1, MAIL.1));
        draft(&[TOLD, (Field::Phone, "+44 (0)20 7946-0958 ext. 4")]).check(&Demands::default()).unwrap();
    }

    #[test]
    fn everything_wrong_is_named_at_once_in_the_order_of_the_form() {
        use ErrorKind::{Missing, NoWayToAnswer, NotLanguage};
        assert_eq!(
            errors(&[(Field::WhatHappened, " \r\n\u{0} "), (Field::Language, "d e")]),
            [(Field::WhatHappened, Missing), (Field::Email, NoWayToAnswer), (Field::Language, NotLanguage)]
        );
        assert_eq!(
            errors(&[TOLD, (Field::Email, "kim at example"), (Field::Phone, "call me")]),
            [(Field::Email, ErrorKind::NotEmail), (Field::Phone, ErrorKind::NotPhone)]
        );
    }

    #[test]
    fn length_is_counted_in_characters() {
        let demands = Demands::default();
        let longest = "é".repeat(demands.limits.what_happened_chars_max as usize);
        draft(&[MAIL, (Field::WhatHappened, &longest)]).check(&demands).unwrap();
        let kind = ErrorKind::TooLong { chars: 15_001, max: 15_000 };
        assert_eq!(errors(&[MAIL, (Field::WhatHappened, &(longest + "!"))]), [(Field::WhatHappened, kind)]);
    }

    #[test]
    fn anonymous_complaints_are_taken_where_the_settings_say_so() {
        let demands = Demands { anonymous: Anonymous::Taken, ..Demands::default() };
        draft(&[TOLD]).check(&demands).unwrap();
    }

    #[test]
    fn texts_are_put_in_order_but_keep_their_words() {
        let typed = [
            (Field::WhatHappened, " one\r\n\ttwo\rthree\u{1b}[31m \u{0}"),
            MAIL,
            (Field::Name, "A\r\nBcc:\u{202e} x"),
        ];
        let submission = draft(&typed).check(&Demands::default()).unwrap();
        assert_eq!(submission.what_happened, "one\n\ttwo\nthree[31m");
        assert_eq!(submission.name, "A Bcc: x");
    }

    #[test]
    fn a_field_is_filled_in_once() {
        let mut draft = draft(&[MAIL]);
        let email = FieldName::Known(Field::Email);
        let error = draft.set(email.clone(), "other@example.org".to_owned()).unwrap_err();
        assert_eq!(error, FieldError::known(Field::Email, ErrorKind::Repeated));
        assert_eq!(draft.get(&email), MAIL.1);
    }
}

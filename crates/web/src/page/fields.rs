//! The fields of a form, as its page shows them.

use std::collections::BTreeMap;

use minijinja::{Value, context};

use super::FormView;
use crate::config::{Choice, Form, OwnField, OwnKind, Texts};
use crate::file::{FILES_FIELD, FileLimits, MEBIBYTE};
use crate::submission::{ErrorKind, Field, FieldError, FieldName, GIVEN};
use crate::words::{Language, Words};

/// Each standard field that the form asks for, by its name.
pub(super) fn standard(words: &Words, form: &Form, texts: &Texts, view: &FormView<'_>) -> Value {
    let of = |field: &Field| {
        let name = FieldName::Known(*field);
        let value = view.draft.get(&name);
        let choices = match field {
            Field::Language => languages(&form.answer_languages, value),
            Field::Category => choices(words, &form.demands.categories, value),
            _ => Vec::new(),
        };
        let shown = context! {
            label => label(words, texts, *field),
            is_checked => value == GIVEN,
            choices => choices,
            ..common(words, form, view, &name)
        };
        (field.form_name(), shown)
    };
    Value::from(form.demands.asks.iter().map(of).collect::<BTreeMap<_, _>>())
}

/// The fields of the form's own, in order.
pub(super) fn own(words: &Words, form: &Form, view: &FormView<'_>) -> Value {
    let of = |own: &OwnField| {
        let name = FieldName::Own(own.name.clone());
        context! {
            label => own_label(own, words.language),
            hint => own.hint.get(words.language.tag),
            kind => match own.kind { OwnKind::Line => "line", OwnKind::Text => "text", OwnKind::Choice => "choice" },
            choices => choices(words, &own.choices, view.draft.get(&name)),
            ..common(words, form, view, &name)
        }
    };
    form.demands.own.iter().map(of).collect()
}

/// The field for files; none when none are taken.
pub(super) fn files(words: &Words, limits: &FileLimits, wrong: Option<&ErrorKind>, again: bool) -> Value {
    let figures = [
        ("files", limits.files_max),
        ("each", limits.file_bytes_max / MEBIBYTE),
        ("total", limits.total_bytes_max / MEBIBYTE),
    ];
    context! {
        are_taken => limits.files_max > 0,
        name => FILES_FIELD,
        label => words.say("files"),
        // Browsers let no page choose a file again.
        hint => [words.say_with("files-hint", &figures), if again { words.say("files-again") } else { String::new() }].join(" ").trim(),
        error => wrong.map(|kind| wrong_words(words, kind)),
        mark => words.say("error-mark"),
        required => (),
        types => limits.media_types.join(","),
        sending => words.say("sending"),
        broken => words.say("sending-broken"),
    }
}

fn common(words: &Words, form: &Form, view: &FormView<'_>, name: &FieldName) -> Value {
    let wrong = view.errors.iter().find(|error| error.field == *name);
    let required = *name == FieldName::Known(Field::WhatHappened) || form.demands.required.contains(name);
    context! {
        name => name.form_name(),
        value => view.draft.get(name),
        error => wrong.map(|error| wrong_words(words, &error.kind)),
        mark => words.say("error-mark"),
        required => required.then(|| words.say("required-mark")),
    }
}

/// What the list on top of the form says: where to (when there is a place), whose name, what.
pub(super) fn summary(words: &Words, form: &Form, texts: &Texts, errors: &[FieldError]) -> Value {
    let entry = |error: &FieldError| {
        let (target, name) = match &error.field {
            FieldName::Known(field) => (Some(field.form_name()), label(words, texts, *field)),
            FieldName::Own(name) => {
                let label =
                    form.demands.own(name).map_or(name.as_str(), |own| own_label(own, words.language));
                (Some(name.as_str()), label.to_owned())
            }
            FieldName::Other(name) if name == FILES_FIELD => (Some(FILES_FIELD), words.say("files")),
            FieldName::Other(name) => (None, name.clone()),
        };
        context! { target, name, message => wrong_words(words, &error.kind) }
    };
    errors.iter().map(entry).collect()
}

fn own_label<'f>(own: &'f OwnField, language: &Language) -> &'f str {
    own.label.get(language.tag).unwrap_or(&own.name)
}

/// What stands above a field; what is agreed to, in the organisation's own words.
fn label(words: &Words, texts: &Texts, field: Field) -> String {
    let consent = texts.consent.trim();
    if field == Field::Consent && !consent.is_empty() {
        consent.to_owned()
    } else {
        words.say(message(field))
    }
}

fn message(field: Field) -> &'static str {
    match field {
        Field::Name => "name",
        Field::Email => "email",
        Field::Phone => "phone",
        Field::WhatHappened => "what-happened",
        Field::Remedy => "remedy",
        Field::Product => "product",
        Field::OrderNumber => "order-number",
        Field::Category => "category",
        Field::Location => "location",
        Field::Language => "language",
        Field::Accessibility => "accessibility",
        Field::Representative => "representative",
        Field::Circumstances => "circumstances",
        Field::Consent => "consent",
    }
}

pub(super) fn wrong_words(words: &Words, kind: &ErrorKind) -> String {
    let name = match kind {
        ErrorKind::TooLong { chars, max } => {
            return words.say_with("error-too-long", &[("chars", *chars), ("max", *max)]);
        }
        ErrorKind::TooManyFiles { max } => return words.say_with("error-too-many-files", &[("max", *max)]),
        ErrorKind::FileTooLarge { mebibytes_max } => {
            return words.say_with("error-file-too-large", &[("max", *mebibytes_max)]);
        }
        ErrorKind::FilesTooLarge { mebibytes_max } => {
            return words.say_with("error-files-too-large", &[("max", *mebibytes_max)]);
        }
        ErrorKind::Missing => "error-missing",
        ErrorKind::Required => "error-required",
        ErrorKind::NotAgreed => "error-not-agreed",
        ErrorKind::NotChoice => "error-not-choice",
        ErrorKind::NoWayToAnswer => "error-no-way-to-answer",
        ErrorKind::NotEmail => "error-not-email",
        ErrorKind::NotPhone => "error-not-phone",
        ErrorKind::NotLanguage => "error-not-language",
        ErrorKind::Unknown => "error-unknown",
        ErrorKind::Repeated => "error-repeated",
        ErrorKind::NotText => "error-not-text",
        ErrorKind::FileType => "error-file-type",
        ErrorKind::FileEmpty => "error-file-empty",
    };
    words.say(name)
}

fn choices(words: &Words, choices: &[Choice], chosen: &str) -> Vec<Value> {
    let choice = |choice: &Choice| {
        context! { value => &choice.id, name => choice.label(words.language.tag), chosen => choice.id == chosen }
    };
    choices.iter().map(choice).collect()
}

/// Languages to choose from, under their own names; the tag where we do not know it.
fn languages(tags: &[String], chosen: &str) -> Vec<Value> {
    let choice =
        |tag: &String| context! { value => tag, tag, name => own_name(tag), chosen => tag == chosen };
    tags.iter().map(choice).collect()
}

fn own_name(tag: &str) -> &str {
    match tag {
        "it" => "Italiano",
        "nl" => "Nederlands",
        "pl" => "Polski",
        "pt" => "Português",
        "tr" => "Türkçe",
        "uk" => "Українська",
        other => Language::of(other).map_or(other, |language| language.own_name),
    }
}

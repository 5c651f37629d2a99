//! What people see: the form, the thank-you page, and a plain page for everything that goes wrong without a form.
//!
//! Pure: values in, HTML out, escaped by the template engine (names end in `.html`), in the language asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use redress_contract::Reference;

use crate::config::{Anonymous, Config, Texts};
use crate::normalize::{KEY_FIELD, STAMP_FIELD, TRAP_FIELD};
use crate::submission::{Draft, ErrorKind, Field, FieldError, FieldName, Submission};
use crate::words::{Language, Words};

mod docs;
mod guide;
mod status;

pub(crate) use guide::Guide;
pub(crate) use status::{Asked, Shown};

/// Styles of all pages.
pub(crate) const STYLESHEET: &str = include_str!("../assets/web.css");

/// The pages of one installation.
#[derive(Debug)]
pub(crate) struct Pages {
    templates: Environment<'static>,
    config: Config,
    stylesheet: String,
    words: Vec<Arc<Words>>,
}

/// A form to be filled in, or to be sent once more.
#[derive(Debug, Default)]
pub(crate) struct FormView<'a> {
    /// What was typed before.
    pub(crate) draft: Draft,
    /// Idempotency key.
    pub(crate) key: &'a str,
    /// Form stamp.
    pub(crate) stamp: &'a str,
    /// What is wrong.
    pub(crate) errors: &'a [FieldError],
    /// Why it is shown again.
    pub(crate) notice: Option<Notice>,
}

/// Why a form is shown again although its fields are right. What was typed is always kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// It came back too soon for a person.
    TooSoon,
    /// It lay open for long.
    Expired,
    /// It is no copy of ours.
    Unsigned,
    /// The trap was filled in.
    Trap,
    /// Nobody could say in time that it is on record.
    NotRecorded,
    /// Its key was used with other words.
    OtherWords,
    /// One sender sent too much.
    TooOften,
    /// A page of another site sent it.
    Elsewhere,
}

/// What the thank-you page shows.
pub(crate) struct Thanks<'a> {
    /// What to quote.
    pub(crate) reference: &'a Reference,
    /// What to keep secret.
    pub(crate) receipt_code: &'a str,
    /// When it arrived.
    pub(crate) received_at: Timestamp,
    /// What was sent.
    pub(crate) submission: &'a Submission,
}

/// What a page without a form says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message {
    /// Too many requests are in hand.
    Busy,
    /// The body is no form.
    Unreadable,
    /// There is nothing at this address for this method.
    WrongMethod,
    /// The body is too large.
    TooLarge,
    /// The body has too many fields.
    TooManyFields,
    /// The body came too slowly.
    TooSlow,
    /// A complaint cannot be looked up now.
    Unavailable,
    /// One sender tried too often.
    TooManyTries,
    /// Nobody could say in time that what was added is on record.
    NotAdded,
    /// What is to be added was sent before, with other words.
    SentBefore,
}

impl Pages {
    /// Pages with these texts; `stylesheet` is the path of [`STYLESHEET`].
    pub(crate) fn new(config: &Config, stylesheet: String) -> Self {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_syntax(syntax());
        for (name, source) in [
            ("base.html", include_str!("../templates/base.html")),
            ("fields.html", include_str!("../templates/fields.html")),
            ("form.html", include_str!("../templates/form.html")),
            ("thanks.html", include_str!("../templates/thanks.html")),
            ("message.html", include_str!("../templates/message.html")),
            ("docs.html", include_str!("../templates/docs.html")),
            ("guide.html", include_str!("../templates/guide.html")),
            ("ask.html", include_str!("../templates/ask.html")),
            ("status.html", include_str!("../templates/status.html")),
        ] {
            templates.add_template(name, source).expect("the templates are part of the program and tested");
        }
        let words = config.languages.iter().map(|language| Arc::new(Words::of(language))).collect();
        Self { templates, config: config.clone(), stylesheet, words }
    }

    /// The form.
    pub(crate) fn form(&self, language: &'static Language, view: &FormView<'_>) -> String {
        let (words, texts) = (self.words(language), self.texts(language));
        let form = &self.config.form;
        let values = context! {
            title => or_else(&texts.title, || words.say("form-title")),
            introduction => or_else(&texts.introduction, || words.say("form-introduction")),
            anonymous => self.config.demands.anonymous == Anonymous::Taken,
            // Whoever has typed already would lose it by going elsewhere.
            languages => if view.is_fresh() { self.languages(language, "") } else { none() },
            fields => fields(&words, view),
            choices => choices(&form.answer_languages, view.draft.get(Field::Language)),
            errors => summary(&words, view.errors),
            notice => view.notice.map(|notice| titled(&words, notice.name())),
            hidden => context! {
                key_field => KEY_FIELD, key => view.key,
                stamp_field => STAMP_FIELD, stamp => view.stamp,
                trap_field => TRAP_FIELD,
            },
        };
        self.render(words, "form.html", values)
    }

    /// The thank-you page.
    pub(crate) fn thanks(&self, language: &'static Language, thanks: &Thanks<'_>) -> String {
        let words = self.words(language);
        let steps = steps_ahead(&words, &self.texts(language));
        let values = context! {
            languages => none(),
            reference => thanks.reference.to_string(),
            receipt_code => in_groups(thanks.receipt_code),
            proof => status::proof(thanks.reference.as_str(), thanks.receipt_code),
            received_at => thanks.received_at.to_string(),
            received => words.time(thanks.received_at, &self.config.time_zone),
            steps => steps,
            what_happened => &thanks.submission.what_happened,
            remedy => &thanks.submission.remedy,
        };
        self.render(words, "thanks.html", values)
    }

    /// A page without a form.
    pub(crate) fn message(&self, language: &'static Language, message: Message) -> String {
        let words = self.words(language);
        let values = context! { languages => self.languages(language, ""), ..titled(&words, message.name()) };
        self.render(words, "message.html", values)
    }

    fn render(&self, words: Arc<Words>, name: &str, values: Value) -> String {
        let language = words.language;
        let common = context! {
            language => language.tag,
            direction => language.direction,
            organisation => &self.config.organisation,
            stylesheet => &self.stylesheet,
            say => Value::from_function(move |name: &str| words.say(name)),
            ..values
        };
        let page = self.templates.get_template(name).and_then(|template| template.render(common));
        page.expect("the templates are part of the program and tested with every value they use")
    }

    /// The words of a language that is offered.
    fn words(&self, language: &'static Language) -> Arc<Words> {
        let words = self.words.iter().find(|words| words.language == language);
        Arc::clone(words.unwrap_or(&self.words[0]))
    }

    fn texts(&self, language: &'static Language) -> Texts {
        self.config.texts.get(language.tag).cloned().unwrap_or_default()
    }

    /// Where else the page at this path can be read; empty when it speaks one language only.
    fn languages(&self, current: &'static Language, path: &str) -> Value {
        let offered = self.config.languages.iter().filter(|_| self.config.languages.len() > 1);
        offered
            .map(|language| {
                let is_current = *language == current;
                context! {
                    href => format!("/{}{path}", language.tag), tag => language.tag, name => language.own_name,
                    direction => language.direction, is_current,
                }
            })
            .collect()
    }
}

/// Tags on lines of their own leave no blank lines behind.
fn syntax() -> SyntaxConfig {
    let built = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    built.expect("the usual delimiters do not clash")
}

impl FormView<'_> {
    fn is_fresh(&self) -> bool {
        self.errors.is_empty() && self.notice.is_none()
    }
}

fn none() -> Value {
    Value::from(Vec::<Value>::new())
}

impl Notice {
    /// Of its message.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TooSoon => "notice-too-soon",
            Self::Expired => "notice-expired",
            Self::Unsigned => "notice-unsigned",
            Self::Trap => "notice-trap",
            Self::NotRecorded => "notice-not-recorded",
            Self::OtherWords => "notice-other-words",
            Self::TooOften => "notice-too-often",
            Self::Elsewhere => "notice-elsewhere",
        }
    }
}

impl Message {
    fn name(self) -> &'static str {
        match self {
            Self::Busy => "message-busy",
            Self::Unreadable => "message-unreadable",
            Self::WrongMethod => "message-wrong-method",
            Self::TooLarge => "message-too-large",
            Self::TooManyFields => "message-too-many-fields",
            Self::TooSlow => "message-too-slow",
            Self::Unavailable => "message-unavailable",
            Self::TooManyTries => "message-too-many-tries",
            Self::NotAdded => "message-not-added",
            Self::SentBefore => "message-sent-before",
        }
    }
}

fn titled(words: &Words, name: &str) -> Value {
    context! { title => words.say(name), text => words.say(&format!("{name}.text")) }
}

/// What happens to a complaint.
fn steps_ahead(words: &Words, texts: &Texts) -> Vec<String> {
    if texts.next_steps.is_empty() {
        return ["next-1", "next-2", "next-3"].map(|name| words.say(name)).to_vec();
    }
    texts.next_steps.clone()
}

fn or_else(own: &str, built_in: impl FnOnce() -> String) -> String {
    if own.trim().is_empty() { built_in() } else { own.to_owned() }
}

/// Each field by its name, with its value and what is wrong with it.
fn fields(words: &Words, view: &FormView<'_>) -> Value {
    let of = |field: Field| {
        let wrong = view.errors.iter().find(|error| error.field == FieldName::Known(field));
        let error = wrong.map(|error| wrong_words(words, &error.kind));
        let mark = words.say("error-mark");
        (
            field.form_name(),
            context! { name => field.form_name(), value => view.draft.get(field), error, mark },
        )
    };
    Value::from(Field::ALL.into_iter().map(of).collect::<BTreeMap<_, _>>())
}

/// What the list on top of the form says: where to (when there is a place), whose name, what.
fn summary(words: &Words, errors: &[FieldError]) -> Value {
    let entry = |error: &FieldError| {
        let (target, name) = match &error.field {
            FieldName::Known(field) => (Some(field.form_name()), words.say(label(*field))),
            FieldName::Other(name) => (None, name.clone()),
        };
        context! { target, name, message => wrong_words(words, &error.kind) }
    };
    errors.iter().map(entry).collect()
}

fn label(field: Field) -> &'static str {
    match field {
        Field::Name => "name",
        Field::Email => "email",
        Field::Phone => "phone",
        Field::WhatHappened => "what-happened",
        Field::Remedy => "remedy",
        Field::Product => "product",
        Field::OrderNumber => "order-number",
        Field::Language => "language",
    }
}

fn wrong_words(words: &Words, kind: &ErrorKind) -> String {
    let name = match kind {
        ErrorKind::TooLong { chars, max } => {
            return words.say_with("error-too-long", &[("chars", *chars), ("max", *max)]);
        }
        ErrorKind::Missing => "error-missing",
        ErrorKind::NoWayToAnswer => "error-no-way-to-answer",
        ErrorKind::NotEmail => "error-not-email",
        ErrorKind::NotPhone => "error-not-phone",
        ErrorKind::NotLanguage => "error-not-language",
        ErrorKind::Unknown => "error-unknown",
        ErrorKind::Repeated => "error-repeated",
        ErrorKind::NotText => "error-not-text",
        ErrorKind::File => "error-file",
    };
    words.say(name)
}

/// Languages to choose from, under their own names; the tag where we do not know it.
fn choices(tags: &[String], chosen: &str) -> Value {
    let choice = |tag: &String| context! { tag, name => own_name(tag), chosen => tag == chosen };
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

/// `abcdefgh…` → `abcd efgh …`, to be read and typed.
fn in_groups(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;

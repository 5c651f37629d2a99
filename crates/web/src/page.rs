//! What people see: the form, the thank-you page, and a plain page for everything that goes wrong without a form.
//!
//! Pure: values in, HTML out, escaped by the template engine (names end in `.html`). The words of the pages stand in
//! `templates/`, those that depend on what happened in [`Notice`].

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use redress_contract::Reference;

use crate::config::{Anonymous, Config};
use crate::normalize::{KEY_FIELD, STAMP_FIELD, TRAP_FIELD};
use crate::submission::{Draft, Field, FieldError, FieldName, Submission};

/// Styles of all pages.
pub(crate) const STYLESHEET: &str = include_str!("../assets/web.css");

/// The pages of one installation.
#[derive(Debug)]
pub(crate) struct Pages {
    templates: Environment<'static>,
    config: Config,
    stylesheet: String,
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

/// A page without a form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message {
    /// Headline.
    pub(crate) title: &'static str,
    /// What to do.
    pub(crate) text: &'static str,
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
        ] {
            templates.add_template(name, source).expect("the templates are part of the program and tested");
        }
        Self { templates, config: config.clone(), stylesheet }
    }

    /// The form.
    pub(crate) fn form(&self, view: &FormView<'_>) -> String {
        let form = &self.config.form;
        self.render(
            "form.html",
            context! {
                title => &form.title,
                introduction => &form.introduction,
                anonymous => self.config.demands.anonymous == Anonymous::Taken,
                fields => fields(view),
                languages => languages(&form.answer_languages, view.draft.get(Field::Language)),
                errors => summary(view.errors),
                notice => view.notice.map(Notice::values),
                hidden => context! {
                    key_field => KEY_FIELD, key => view.key,
                    stamp_field => STAMP_FIELD, stamp => view.stamp,
                    trap_field => TRAP_FIELD,
                },
            },
        )
    }

    /// The thank-you page.
    pub(crate) fn thanks(&self, thanks: &Thanks<'_>) -> String {
        self.render(
            "thanks.html",
            context! {
                reference => thanks.reference.to_string(),
                receipt_code => in_groups(thanks.receipt_code),
                received_at => thanks.received_at.to_string(),
                received => shown(thanks.received_at, &self.config.time_zone),
                steps => self.config.next_steps.iter().collect::<Value>(),
                what_happened => &thanks.submission.what_happened,
                remedy => &thanks.submission.remedy,
            },
        )
    }

    /// A page without a form.
    pub(crate) fn message(&self, message: Message) -> String {
        self.render("message.html", context! { title => message.title, text => message.text })
    }

    fn render(&self, name: &str, values: Value) -> String {
        let common = context! {
            language => &self.config.language,
            organisation => &self.config.organisation,
            stylesheet => &self.stylesheet,
            ..values
        };
        let page = self.templates.get_template(name).and_then(|template| template.render(common));
        page.expect("the templates are part of the program and tested with every value they use")
    }
}

/// Tags on lines of their own leave no blank lines behind.
fn syntax() -> SyntaxConfig {
    let built = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    built.expect("the usual delimiters do not clash")
}

impl Notice {
    fn values(self) -> Value {
        let (title, text) = self.words();
        context! { title, text }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::TooSoon => (
                "Please send it once more",
                "The form came back sooner than we expect of a person. Nothing you typed is lost: please check it and \
                 press “Send complaint” again.",
            ),
            Self::Expired => (
                "Please send it once more",
                "This page has been open for a long time. Nothing you typed is lost: please press “Send complaint” \
                 again.",
            ),
            Self::Unsigned => (
                "Please send it once more",
                "We did not recognise this copy of the form. Nothing you typed is lost: please check it and press \
                 “Send complaint” again in a few seconds.",
            ),
            Self::Trap => (
                "Please send it once more",
                "A hidden field was filled in, perhaps by a program that fills in forms for you. It is empty again: \
                 please press “Send complaint” once more.",
            ),
            Self::NotRecorded => (
                "We could not confirm that your complaint was recorded",
                "Nothing you typed is lost. Please wait a moment and press “Send complaint” again: sending again is \
                 safe, your complaint will not be counted twice.",
            ),
            Self::OtherWords => (
                "This form was sent before, with other words",
                "What was sent before is not changed by this. If you want to send these words too, as a complaint of \
                 their own, press “Send complaint” again.",
            ),
        }
    }
}

/// Each field by its name, with its value and what is wrong with it.
fn fields(view: &FormView<'_>) -> Value {
    let of = |field: Field| {
        let wrong = view.errors.iter().find(|error| error.field == FieldName::Known(field));
        let error = wrong.map(|error| error.kind.to_string());
        context! { name => field.form_name(), value => view.draft.get(field), error }
    };
    context! {
        name => of(Field::Name),
        email => of(Field::Email),
        phone => of(Field::Phone),
        what_happened => of(Field::WhatHappened),
        remedy => of(Field::Remedy),
        product => of(Field::Product),
        order_number => of(Field::OrderNumber),
        language => of(Field::Language),
    }
}

/// What the list on top of the form says: where to (when there is a place), whose name, what.
fn summary(errors: &[FieldError]) -> Value {
    let entry = |error: &FieldError| {
        let (target, name) = match &error.field {
            FieldName::Known(field) => (Some(field.form_name()), label(*field)),
            FieldName::Other(name) => (None, name.as_str()),
        };
        context! { target, name, message => error.kind.to_string() }
    };
    errors.iter().map(entry).collect()
}

fn label(field: Field) -> &'static str {
    match field {
        Field::Name => "Your name",
        Field::Email => "Email address",
        Field::Phone => "Phone number",
        Field::WhatHappened => "What happened?",
        Field::Remedy => "What would you like us to do?",
        Field::Product => "Product or service",
        Field::OrderNumber => "Order or customer number",
        Field::Language => "Language",
    }
}

/// Languages under their own names; the tag where we do not know it.
fn languages(tags: &[String], chosen: &str) -> Value {
    let choice = |tag: &String| context! { tag, name => own_name(tag), chosen => tag == chosen };
    tags.iter().map(choice).collect()
}

fn own_name(tag: &str) -> &str {
    match tag {
        "ar" => "العربية",
        "de" => "Deutsch",
        "en" => "English",
        "es" => "Español",
        "fr" => "Français",
        "it" => "Italiano",
        "nl" => "Nederlands",
        "pl" => "Polski",
        "pt" => "Português",
        "tr" => "Türkçe",
        "uk" => "Українська",
        other => other,
    }
}

/// `abcdefgh…` → `abcd efgh …`, to be read and typed.
fn in_groups(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

fn shown(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%-d %B %Y, %H:%M %Z").to_string()
}

#[cfg(test)]
mod tests;

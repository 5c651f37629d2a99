//! What people see: the form, the thank-you page, and a plain page for everything that goes wrong without a form.
//!
//! Pure: values in, HTML out, escaped by the template engine (names end in `.html`), in the language asked for.

use std::sync::Arc;

use jiff::Timestamp;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use redress_contract::Reference;

use crate::config::{Anonymous, Config, DEFAULT_FORM, Form, Texts};
use crate::file::FILES_FIELD;
use crate::normalize::{ADD_FIELD, KEY_FIELD, SENT_BEFORE_FIELD, STAMP_FIELD, TRAP_FIELD};
use crate::submission::{Draft, ErrorKind, FieldError, Submission};
use crate::words::{Language, Words};

mod act;
mod docs;
mod escalation;
mod fields;
mod guide;
mod staff;
mod status;

pub(crate) use act::{Considered, path as act_path};
pub(crate) use escalation::{Escalated, Overdue};
pub(crate) use guide::Guide;
pub(crate) use staff::{SignIn, StaffForm, StaffNotice, StaffReceipt};
pub(crate) use status::{Asked, Done, Shown, Standing};

/// The pages of one installation.
#[derive(Debug)]
pub(crate) struct Pages {
    templates: Environment<'static>,
    config: Config,
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
    /// The key that it was sent with before, with other words.
    pub(crate) sent_before: Option<&'a str>,
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
    /// Its files could not be taken now.
    FilesMissing,
    /// Whoever typed it in is signed out.
    SignedOut,
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
    /// The form it was sent with.
    pub(crate) form: &'a Form,
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
    /// There is no form of this name.
    NoSuchForm,
    /// No link of ours leads to this escalation.
    NoSuchEscalation,
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
    /// Files could not be taken now.
    FilesMissing,
    /// Nobody could say in time that an act is on record.
    ActNotRecorded,
    /// An act was sent before, with other words.
    ActSentBefore,
}

impl Pages {
    /// Pages with these texts.
    pub(crate) fn new(config: &Config) -> Self {
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
            ("escalation.html", include_str!("../templates/escalation.html")),
            ("guide.html", include_str!("../templates/guide.html")),
            ("ask.html", include_str!("../templates/ask.html")),
            ("act.html", include_str!("../templates/act.html")),
            ("objection.html", include_str!("../templates/objection.html")),
            ("receipt.html", include_str!("../templates/receipt.html")),
            ("told.html", include_str!("../templates/told.html")),
            ("status.html", include_str!("../templates/status.html")),
            ("staff_bar.html", include_str!("../templates/staff_bar.html")),
            ("staff_form.html", include_str!("../templates/staff_form.html")),
            ("staff_receipt.html", include_str!("../templates/staff_receipt.html")),
            ("staff_sign_in.html", include_str!("../templates/staff_sign_in.html")),
        ] {
            templates.add_template(name, source).expect("the templates are part of the program and tested");
        }
        let words = config.languages.iter().map(|language| Arc::new(Words::of(language))).collect();
        Self { templates, config: config.clone(), words }
    }

    /// A form.
    pub(crate) fn form(&self, language: &'static Language, form: &Form, view: &FormView<'_>) -> String {
        let (words, texts) = (self.words(language), texts(form, language));
        let path = path_of(form);
        let values = context! {
            title => or_else(&texts.title, || words.say("form-title")),
            introduction => or_else(&texts.introduction, || words.say("form-introduction")),
            anonymous => form.demands.anonymous == Anonymous::Taken,
            draft => &form.name,
            is_sender => true,
            // Not the address of the empty form: browsers forget that one when something is posted to it.
            action => format!("/{}{path}?sent", language.tag),
            // Whoever has typed already would lose it by going elsewhere.
            languages => if view.is_fresh() { self.languages(language, &path) } else { none() },
            fields => fields::standard(&words, form, &texts, view),
            own => fields::own(&words, form, view),
            files => fields::files(&words, &self.config.uploads, view.file_error(), !view.is_fresh()),
            errors => fields::summary(&words, form, &texts, view.errors),
            notice => view.notice.map(|notice| titled(&words, notice.name())),
            hidden => context! {
                key_field => KEY_FIELD, key => view.key,
                stamp_field => STAMP_FIELD, stamp => view.stamp,
                trap_field => TRAP_FIELD,
                sent_before_field => SENT_BEFORE_FIELD, sent_before => view.sent_before,
                add_field => ADD_FIELD,
            },
        };
        self.render(words, form, "form.html", values)
    }

    /// The thank-you page.
    pub(crate) fn thanks(&self, language: &'static Language, thanks: &Thanks<'_>) -> String {
        let words = self.words(language);
        let steps = steps_ahead(&words, &texts(thanks.form, language));
        let values = context! {
            languages => none(),
            reference => thanks.reference.to_string(),
            receipt_code => in_groups(thanks.receipt_code),
            draft => &thanks.form.name,
            proof => status::proof(thanks.reference.as_str(), thanks.receipt_code),
            received_at => thanks.received_at.to_string(),
            received => words.time(thanks.received_at, &self.config.time_zone),
            steps => steps,
            what_happened => &thanks.submission.what_happened,
            remedy => &thanks.submission.remedy,
        };
        self.render(words, thanks.form, "thanks.html", values)
    }

    /// A page without a form.
    pub(crate) fn message(&self, language: &'static Language, message: Message) -> String {
        let words = self.words(language);
        let values = context! { languages => self.languages(language, ""), ..titled(&words, message.name()) };
        self.render_plain(words, "message.html", values)
    }

    /// A page that belongs to no form looks as the one at `/` does.
    fn render_plain(&self, words: Arc<Words>, name: &str, values: Value) -> String {
        self.render(words, self.config.first_form(), name, values)
    }

    fn render(&self, words: Arc<Words>, form: &Form, name: &str, values: Value) -> String {
        let language = words.language;
        let common = context! {
            language => language.tag,
            direction => language.direction,
            organisation => &form.organisation,
            stylesheet => &form.stylesheet.path,
            script => &self.config.script.path,
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
    fn file_error(&self) -> Option<&ErrorKind> {
        let wrong = self.errors.iter().find(|error| error.field.form_name() == FILES_FIELD);
        wrong.map(|error| &error.kind)
    }

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
            Self::FilesMissing => "notice-files-missing",
            Self::SignedOut => "notice-signed-out",
        }
    }
}

impl Message {
    fn name(self) -> &'static str {
        match self {
            Self::Busy => "message-busy",
            Self::Unreadable => "message-unreadable",
            Self::WrongMethod => "message-wrong-method",
            Self::NoSuchEscalation => "message-no-such-escalation",
            Self::NoSuchForm => "message-no-such-form",
            Self::TooLarge => "message-too-large",
            Self::TooManyFields => "message-too-many-fields",
            Self::TooSlow => "message-too-slow",
            Self::Unavailable => "message-unavailable",
            Self::TooManyTries => "message-too-many-tries",
            Self::NotAdded => "message-not-added",
            Self::SentBefore => "message-sent-before",
            Self::FilesMissing => "message-files-missing",
            Self::ActNotRecorded => "message-act-not-recorded",
            Self::ActSentBefore => "message-act-sent-before",
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

fn texts(form: &Form, language: &Language) -> Texts {
    form.texts.get(language.tag).cloned().unwrap_or_default()
}

/// Where a form lies, below the language.
fn path_of(form: &Form) -> String {
    if form.name == DEFAULT_FORM { String::new() } else { format!("/f/{}", form.name) }
}

fn or_else(own: &str, built_in: impl FnOnce() -> String) -> String {
    if own.trim().is_empty() { built_in() } else { own.to_owned() }
}

/// `abcdefgh…` → `abcd efgh …`, to be read and typed.
fn in_groups(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;

//! One matcher for routing rules and policies: an ordered table of field → allowed values or patterns.
//!
//! All fields must fit, each by one of its patterns. Case never counts. `*` stands for any run of characters (in
//! `text` and `subject`: within one word), `!` alone for nothing there. In `text` and `subject` a pattern is a phrase
//! that may stand anywhere, on word boundaries; spacing and punctuation between words do not count. Time is linear
//! in the text, of which at most [`TEXT_MAX_BYTES`] are looked at.

use std::collections::BTreeMap;

use redress_contract::{
    CallDirection, CallState, Channel, Class, Disposition, MachineKind, PostKind, Severity, Stage, Visibility,
};

use crate::settings::Problem;

mod pattern;

pub use pattern::TEXT_MAX_BYTES;
pub(crate) use pattern::{Pattern, fold_text, fold_word};

const PATTERNS_MAX: usize = 1_000;

/// Which fields a table may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// What is known of a contact when it is routed.
    Contact,
    /// What is known of a complaint when its policies are chosen.
    Complaint,
}

/// A field of a contact or complaint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// How it came.
    Channel,
    /// By which account.
    Account,
    /// Its subject line.
    Subject,
    /// Its words.
    Text,
    /// Its language.
    Language,
    /// The product it names.
    Product,
    /// What stands after the `@` of its sender.
    SenderDomain,
    /// What kind of machine wrote it; nothing for people.
    Machine,
    /// Who called whom.
    CallDirection,
    /// What became of a call: `ringing`, `answered`, `unanswered`, …; of a whole call once its decision is due.
    CallState,
    /// The queue, or the number of ours, that a call came in at.
    Queue,
    /// The social platform.
    Platform,
    /// How a post concerns us.
    PostKind,
    /// Who may read a post.
    Visibility,
    /// Stars of a review.
    Rating,
    /// Who is named in a post.
    Mentions,
    /// A named field of a form.
    Form(String),
    /// Its primary category.
    Category,
    /// How much harm.
    Severity,
    /// Who may see it.
    Class,
    /// What it is.
    Disposition,
    /// Round of the procedure.
    Stage,
    /// Whose law it falls under.
    Jurisdiction,
    /// What the party needs; fits when any of it does.
    Needs,
}

/// A compiled table.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    conditions: Vec<(Field, Vec<Pattern>)>,
}

impl Matcher {
    /// Checks and compiles a table; keys of problems are `<key>.<field>`.
    ///
    /// # Errors
    /// Every problem: unknown fields, values a field never has, empty or endless patterns.
    pub fn compile(
        key: &str,
        when: &BTreeMap<String, Vec<String>>,
        vocabulary: Vocabulary,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut conditions = Vec::with_capacity(when.len());
        for (name, values) in when {
            let key = format!("{key}.{name}");
            let Some(field) = Field::named(name, vocabulary) else {
                let message = format!("is no field; fields are {}", vocabulary.fields());
                problems.push(Problem { key, message });
                continue;
            };
            let patterns = patterns(&key, &field, values, &mut problems);
            conditions.push((field, patterns));
        }
        // Long texts last: cheap fields decide first.
        conditions.sort_by_key(|(field, _)| field.is_text());
        if problems.is_empty() { Ok(Self { conditions }) } else { Err(problems) }
    }

    /// True when every field fits. `value` gives each field's folded value, empty when there is none.
    pub(crate) fn fits<'v>(&self, value: impl Fn(&Field) -> &'v str) -> bool {
        self.conditions.iter().all(|(field, patterns)| {
            let value = value(field);
            patterns.iter().any(|pattern| pattern.fits(value))
        })
    }

    /// As [`fits`](Self::fits), of fields that may have several values: one that fits is enough.
    pub(crate) fn fits_any<'v>(&self, values: impl Fn(&Field) -> Vec<&'v str>) -> bool {
        self.conditions.iter().all(|(field, patterns)| {
            values(field).iter().any(|value| patterns.iter().any(|pattern| pattern.fits(value)))
        })
    }

    /// The fields it looks at.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.conditions.iter().map(|(field, _)| field)
    }
}

impl Field {
    /// The field as the settings name it, when the vocabulary has it.
    pub fn named(name: &str, vocabulary: Vocabulary) -> Option<Self> {
        if vocabulary == Vocabulary::Contact
            && let Some(form) = name.strip_prefix("form.")
        {
            return (!form.is_empty()).then(|| Self::Form(form.to_owned()));
        }
        vocabulary.table().iter().find(|(known, _)| *known == name).map(|(_, field)| field.clone())
    }

    /// The key of its value in [`crate::Facts::fields`].
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Form(name) => format!("form.{name}"),
            known => known.word().to_owned(),
        }
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::Subject | Self::Text | Self::Mentions)
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Account => "account",
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Language => "language",
            Self::Product => "product",
            Self::SenderDomain => "sender_domain",
            Self::Machine => "machine",
            Self::CallDirection => "call_direction",
            Self::CallState => "call_state",
            Self::Queue => "queue",
            Self::Platform => "platform",
            Self::PostKind => "post_kind",
            Self::Visibility => "visibility",
            Self::Rating => "rating",
            Self::Mentions => "mentions",
            Self::Form(_) => "form",
            Self::Category => "category",
            Self::Severity => "severity",
            Self::Class => "class",
            Self::Disposition => "disposition",
            Self::Stage => "stage",
            Self::Jurisdiction => "jurisdiction",
            Self::Needs => "needs",
        }
    }

    /// The values it may have; none when any text may stand there.
    fn tokens(&self) -> Option<Vec<&'static str>> {
        Some(match self {
            Self::Channel => Channel::ALL.iter().map(|value| value.token()).collect(),
            Self::Machine => MachineKind::ALL.iter().map(|value| value.token()).collect(),
            Self::CallDirection => CallDirection::ALL.iter().map(|value| value.token()).collect(),
            Self::PostKind => PostKind::ALL.iter().map(|value| value.token()).collect(),
            Self::Visibility => Visibility::ALL.iter().map(|value| value.token()).collect(),
            Self::CallState => CallState::ALL.iter().map(|value| value.token()).collect(),
            Self::Severity => Severity::ALL.iter().map(|value| value.token()).collect(),
            Self::Class => Class::ALL.iter().map(|value| value.token()).collect(),
            Self::Disposition => Disposition::ALL.iter().map(|value| value.token()).collect(),
            Self::Stage => Stage::ALL.iter().map(|value| value.token()).collect(),
            _ => return None,
        })
    }
}

impl Vocabulary {
    fn table(self) -> &'static [(&'static str, Field)] {
        match self {
            Self::Contact => &[
                ("account", Field::Account),
                ("call_direction", Field::CallDirection),
                ("call_state", Field::CallState),
                ("channel", Field::Channel),
                ("language", Field::Language),
                ("machine", Field::Machine),
                ("mentions", Field::Mentions),
                ("platform", Field::Platform),
                ("post_kind", Field::PostKind),
                ("product", Field::Product),
                ("queue", Field::Queue),
                ("rating", Field::Rating),
                ("sender_domain", Field::SenderDomain),
                ("subject", Field::Subject),
                ("text", Field::Text),
                ("visibility", Field::Visibility),
            ],
            Self::Complaint => &[
                ("account", Field::Account),
                ("category", Field::Category),
                ("channel", Field::Channel),
                ("class", Field::Class),
                ("disposition", Field::Disposition),
                ("jurisdiction", Field::Jurisdiction),
                ("language", Field::Language),
                ("needs", Field::Needs),
                ("product", Field::Product),
                ("severity", Field::Severity),
                ("stage", Field::Stage),
            ],
        }
    }

    fn fields(self) -> String {
        let names = self.table().iter().map(|(name, _)| *name);
        let form = (self == Self::Contact).then_some("form.<name>");
        names.chain(form).collect::<Vec<_>>().join(", ")
    }
}

fn patterns(key: &str, field: &Field, values: &[String], problems: &mut Vec<Problem>) -> Vec<Pattern> {
    let mut problem = |message| problems.push(Problem { key: key.to_owned(), message });
    if values.is_empty() || values.len() > PATTERNS_MAX {
        problem(format!("has {} values; 1 to {PATTERNS_MAX} are allowed", values.len()));
        return Vec::new();
    }
    let tokens = field.tokens();
    let mut patterns = Vec::with_capacity(values.len());
    for value in values {
        let known = |tokens: &Vec<&str>| tokens.iter().any(|token| token.eq_ignore_ascii_case(value.trim()));
        match &tokens {
            Some(tokens) if value.trim() != "!" && !known(tokens) => {
                problem(format!("`{value}` is never its value; values are {}", tokens.join(", ")));
            }
            _ => match Pattern::compile(value, field.is_text()) {
                Ok(pattern) => patterns.push(pattern),
                Err(message) => problem(message),
            },
        }
    }
    patterns
}

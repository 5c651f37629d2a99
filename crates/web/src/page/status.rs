//! The status page: the two questions, and where the complaint stands.

use minijinja::{Value, context};
use redress_contract::Reference;
use sha2::{Digest as _, Sha256};

use super::act::acts;
use super::fields::{self, wrong_words};
use super::{Message, Pages, none, titled};
use crate::addition::{CODE_FIELD, REFERENCE_FIELD, StatusBody, TEXT_FIELD};
use crate::normalize::KEY_FIELD;
use crate::progress::Progress;
use crate::sent::Letters;
use crate::submission::ErrorKind;
use crate::words::{Language, Words};

/// What the page that asks for a reference and a receipt code shows.
#[derive(Default)]
pub(crate) struct Asked<'a> {
    /// What was typed before. The code is typed anew: it is secret, and no page may be left open with it.
    pub(crate) reference: &'a str,
    /// True when what was typed does not belong together.
    pub(crate) is_wrong: bool,
}

/// Where a complaint stands.
pub(crate) struct Standing<'a> {
    /// What its receipt is for.
    pub(crate) reference: &'a Reference,
    /// None until it is registered.
    pub(crate) progress: Option<&'a Progress>,
    /// What was written to the complainant.
    pub(crate) letters: &'a Letters,
}

/// What somebody did just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// They added something.
    Added,
    /// They took the complaint back.
    Withdrawn,
    /// They did, and somebody looks at it first.
    WithdrawalSeen,
    /// They asked for a review.
    ReviewRequested,
}

impl Done {
    /// The name of its message.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Withdrawn => "withdrawn",
            Self::WithdrawalSeen => "withdrawal-seen",
            Self::ReviewRequested => "review-requested",
        }
    }
}

/// What the status page shows beside where the complaint stands.
pub(crate) struct Shown<'a> {
    /// The receipt code, to go along with what is added.
    pub(crate) receipt_code: &'a str,
    /// What was typed and is not on record.
    pub(crate) text: &'a str,
    /// Idempotency key of what is added next.
    pub(crate) key: String,
    /// What is wrong with it.
    pub(crate) error: Option<ErrorKind>,
    /// What is wrong with its files.
    pub(crate) file_error: Option<ErrorKind>,
    /// Why it is not on record although nothing is wrong with it.
    pub(crate) notice: Option<Message>,
    /// What was done just now.
    pub(crate) done: Option<Done>,
    /// The form that it was added with, when it was not this page's.
    pub(crate) form: Option<&'a str>,
}

impl<'a> Shown<'a> {
    /// Where a complaint stands, with what was typed.
    pub(crate) fn of(typed: &'a StatusBody, key: String) -> Self {
        let (receipt_code, text) = (&typed.receipt_code, &typed.text);
        Self { receipt_code, text, key, error: None, file_error: None, notice: None, done: None, form: None }
    }
}

impl Pages {
    /// The page that asks for a reference and a receipt code.
    pub(crate) fn ask(&self, language: &'static Language, asked: &Asked<'_>) -> String {
        let words = self.words(language);
        let field = |name: &str, value: &str, label: &str| {
            context! { name, value, label => words.say(label), error => (), mark => "", required => () }
        };
        let values = context! {
            languages => self.languages(language, "/status"),
            is_wrong => asked.is_wrong,
            fields => context! {
                reference => field(REFERENCE_FIELD, asked.reference, "reference"),
                code => field(CODE_FIELD, "", "receipt-code"),
            },
        };
        self.render_plain(words, "ask.html", values)
    }

    /// The status page.
    pub(crate) fn status(
        &self,
        language: &'static Language,
        standing: &Standing<'_>,
        shown: &Shown<'_>,
    ) -> String {
        // A file says enough.
        let required =
            (self.config.uploads.files_max == 0).then(|| self.words(language).say("required-mark"));
        let Standing { reference, progress, letters } = *standing;
        let words = self.words(language);
        let error = shown.error.as_ref().map(|error| match error {
            ErrorKind::Missing => words.say("add-missing"),
            other => wrong_words(&words, other),
        });
        // What was done just now is not offered again while it has yet to show.
        let offers = shown.done.is_none_or(|done| done == Done::Added);
        let again = shown.error.is_some() || shown.file_error.is_some() || shown.notice.is_some();
        let values = context! {
            languages => none(),
            proof => proof(reference.as_str(), shown.receipt_code),
            key_field => KEY_FIELD,
            key => &shown.key,
            notice => shown.notice.map(|notice| titled(&words, notice.name())),
            done => shown.done.map(|done| titled(&words, done.name())),
            acts => progress.filter(|_| offers).map(|progress| acts(&words, &progress.acts)),
            // One draft for each complaint; a tab may see several.
            draft => format!("addition-{}", data_encoding::HEXLOWER.encode(&Sha256::digest(shown.receipt_code)[..8])),
            form_draft => shown.form,
            now => words.say(progress.map_or("now-not-registered", |progress| progress.now)),
            team => progress.and_then(|progress| progress.team.as_ref()).map(ToString::to_string),
            expected => progress.map(|progress| self.expected(&words, progress)),
            steps => progress.map(|progress| self.steps(&words, progress)),
            letters => self.letters(&words, letters),
            letters_missing => letters.is_more,
            is_open => progress.is_none_or(|progress| progress.is_open),
            files => fields::files(&words, &self.config.uploads, shown.file_error.as_ref(), again),
            fields => context! {
                text => context! {
                    name => TEXT_FIELD, value => shown.text, label => words.say("add-text"), error,
                    mark => words.say("error-mark"), required,
                },
            },
        };
        self.render_plain(words, "status.html", values)
    }

    fn expected(&self, words: &Words, progress: &Progress) -> Value {
        let owed = progress.expected.iter().map(|owed| {
            context! {
                what => words.say(owed.what),
                due_at => owed.due_at.to_string(),
                due => words.deadline(owed.due_at, &self.config.time_zone),
                is_late => owed.is_late,
            }
        });
        owed.collect()
    }

    fn letters(&self, words: &Words, letters: &Letters) -> Value {
        let shown = letters.shown.iter().map(|letter| {
            context! {
                sent_at => letter.at.to_string(),
                sent => words.time(letter.at, &self.config.time_zone),
                subject => &letter.subject,
                text => &letter.text,
            }
        });
        shown.collect()
    }

    fn steps(&self, words: &Words, progress: &Progress) -> Value {
        let steps = progress.steps.iter().map(|step| {
            context! {
                what => words.say(step.what),
                happened_at => step.at.to_string(),
                happened => words.time(step.at, &self.config.time_zone),
            }
        });
        steps.collect()
    }
}

/// What shows whose a complaint is, to be sent along unseen.
pub(super) fn proof(reference: &str, code: &str) -> Value {
    context! { reference_field => REFERENCE_FIELD, reference, code_field => CODE_FIELD, code }
}

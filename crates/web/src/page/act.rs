//! The page that asks, before somebody takes their complaint back or asks for a review.

use minijinja::{Value, context};
use redress_contract::{Act, Reference};

use super::fields::wrong_words;
use super::status::proof;
use super::{Message, Pages, none, titled};
use crate::addition::{StatusBody, TEXT_FIELD};
use crate::normalize::KEY_FIELD;
use crate::submission::ErrorKind;
use crate::words::{Language, Words};

/// What the page that asks shows.
pub(crate) struct Considered<'a> {
    /// What is to be done.
    pub(crate) act: Act,
    /// What its receipt is for.
    pub(crate) reference: &'a Reference,
    /// What was typed and is not on record.
    pub(crate) typed: &'a StatusBody,
    /// Idempotency key of the act.
    pub(crate) key: &'a str,
    /// True when somebody looks at it before it is closed.
    pub(crate) outlives_withdrawal: bool,
    /// What is wrong with the words.
    pub(crate) error: Option<ErrorKind>,
    /// Why it is not on record although nothing is wrong with it.
    pub(crate) notice: Option<Message>,
}

/// The last part of the address at which an act is considered.
pub(crate) fn path(act: Act) -> &'static str {
    match act {
        Act::Withdraw => "withdraw",
        Act::RequestReview | Act::Unspecified => "review",
    }
}

/// The acts that are offered.
pub(super) fn acts(words: &Words, acts: &[Act]) -> Value {
    acts.iter()
        .map(|act| context! { path => path(*act), label => words.say(&format!("act-{}", path(*act))) })
        .collect()
}

impl Pages {
    /// The page that asks.
    pub(crate) fn consider(&self, language: &'static Language, considered: &Considered<'_>) -> String {
        let words = self.words(language);
        let path = path(considered.act);
        let say = |part: &str| words.say(&format!("act-{path}-{part}"));
        let error = considered.error.as_ref().map(|error| wrong_words(&words, error));
        let stays = considered.act == Act::Withdraw && considered.outlives_withdrawal;
        let values = context! {
            languages => none(),
            path,
            title => say("title"),
            means => if stays { say("seen") } else { say("means") },
            send => say("send"),
            proof => proof(considered.reference.as_str(), &considered.typed.receipt_code),
            key_field => KEY_FIELD,
            key => considered.key,
            notice => considered.notice.map(|notice| titled(&words, notice.name())),
            field => context! {
                name => TEXT_FIELD, value => &considered.typed.text, label => words.say("act-text"), error,
                mark => words.say("error-mark"), required => (),
            },
        };
        self.render_plain(words, "act.html", values)
    }
}

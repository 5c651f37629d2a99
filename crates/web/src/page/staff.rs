//! The pages for clerks: signing in, the form with what only they are asked, and the receipt to hand over.

use std::collections::BTreeMap;

use jiff::Timestamp;
use minijinja::{Value, context};
use redress_contract::Reference;
use redress_domain::Complaint;

use super::{FormView, Pages, fields, in_groups, none, path_of, texts, titled};
use crate::config::{Form, STATED_CHANNELS};
use crate::normalize::KEY_FIELD;
use crate::staff::statement::{Detail, Typed, Wrong};
use crate::submission::{GIVEN, Submission};
use crate::words::{Language, Words};

/// The page where clerks sign in.
#[derive(Default)]
pub(crate) struct SignIn<'a> {
    /// What was typed as the account.
    pub(crate) account: &'a str,
    /// What to say first.
    pub(crate) notice: Option<StaffNotice>,
}

/// Why somebody is asked to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StaffNotice {
    /// Account and password do not belong together.
    NoMatch,
    /// Too many tries.
    TooManyTries,
    /// Too many sign in at this moment.
    Busy,
    /// A page of another site sent it.
    Elsewhere,
    /// They signed out.
    SignedOut,
}

/// The form of a clerk.
pub(crate) struct StaffForm<'a> {
    /// The complaint itself; it has no stamp.
    pub(crate) view: &'a FormView<'a>,
    /// What the clerk states.
    pub(crate) typed: &'a Typed,
    /// What is wrong with that.
    pub(crate) wrong: &'a [(Detail, Wrong)],
    /// Who is signed in; empty when nobody is.
    pub(crate) clerk: &'a str,
    /// Where complaints come in.
    pub(crate) counters: &'a [String],
    /// The open complaints of whoever calls; none where nobody looked.
    pub(crate) callers: Option<&'a [Complaint]>,
}

/// What a clerk hands over.
pub(crate) struct StaffReceipt<'a> {
    pub(crate) reference: &'a Reference,
    pub(crate) receipt_code: &'a str,
    pub(crate) received_at: Timestamp,
    pub(crate) submission: &'a Submission,
    pub(crate) form: &'a Form,
    /// Who is signed in.
    pub(crate) clerk: &'a str,
    /// The public status page, without the language.
    pub(crate) public_url: &'a str,
    /// The telephone call that it is a note of; empty when of none.
    pub(crate) call: &'a str,
}

impl Pages {
    /// The page where clerks sign in.
    pub(crate) fn sign_in(&self, language: &'static Language, sign_in: &SignIn<'_>) -> String {
        let words = self.words(language);
        let field = |name: &str, label: &str, value: &str| {
            context! { name, value, label => words.say(label), error => (), required => (), mark => "" }
        };
        let values = context! {
            languages => self.languages(language, "/sign-in"),
            notice => sign_in.notice.map(|notice| titled(&words, notice.name())),
            fields => context! {
                account => field("account", "staff-account", sign_in.account),
                password => field("password", "staff-password", ""),
            },
        };
        self.render_plain(words, "staff_sign_in.html", values)
    }

    /// The form of a clerk.
    pub(crate) fn staff_form(
        &self,
        language: &'static Language,
        form: &Form,
        staff: &StaffForm<'_>,
    ) -> String {
        let (words, texts, view) = (self.words(language), texts(form, language), staff.view);
        let path = path_of(form);
        let is_fresh = view.is_fresh() && staff.wrong.is_empty();
        let wrong = staff.wrong.iter().map(|(detail, wrong)| {
            let target = Some(detail.form_name());
            context! { target, name => words.say(label(*detail)), message => wrong_words(&words, *wrong) }
        });
        let others = fields::summary(&words, form, &texts, view.errors);
        let errors: Vec<Value> = wrong.chain(others.try_iter().into_iter().flatten()).collect();
        let values = context! {
            title => words.say("staff-title"),
            introduction => words.say("staff-introduction"),
            anonymous => true,
            // A note of a call outlives a reload while it is written; anything else a clerk leaves behind is nobody's to find.
            draft => draft_of(staff.typed.get(Detail::Call)),
            draft_over => true,
            callers => staff.callers.map(|callers| self.callers(&words, callers)),
            // Browsers are not to offer a clerk themselves, nor who complained before.
            is_sender => false,
            action => format!("/{}{path}?sent", language.tag),
            languages => if is_fresh { self.languages(language, &path) } else { none() },
            fields => fields::standard(&words, form, &texts, view),
            own => fields::own(&words, form, view),
            files => fields::files(&words, &self.config.uploads, view.file_error(), !is_fresh),
            errors,
            notice => view.notice.map(|notice| titled(&words, notice.name())),
            hidden => context! {
                key_field => KEY_FIELD, key => view.key, stamp => (), trap_field => (), sent_before => (),
            },
            details => details(&words, staff),
            received_at_hint => format!("{} ({})", words.say("staff-received-at-hint"), self.zone()),
            clerk => staff.clerk,
            forms => self.forms(language, form),
        };
        self.render(words, form, "staff_form.html", values)
    }

    /// The page that says that it is on record.
    pub(crate) fn staff_receipt(&self, language: &'static Language, receipt: &StaffReceipt<'_>) -> String {
        let words = self.words(language);
        let values = context! {
            languages => none(),
            reference => receipt.reference.to_string(),
            receipt_code => in_groups(receipt.receipt_code),
            received_at => receipt.received_at.to_string(),
            received => words.time(receipt.received_at, &self.config.time_zone),
            what_happened => &receipt.submission.what_happened,
            remedy => &receipt.submission.remedy,
            status_url => format!("{}/{}/status", receipt.public_url, language.tag),
            another => format!("/{}{}", language.tag, path_of(receipt.form)),
            clerk => receipt.clerk,
            draft => draft_of(receipt.call),
        };
        self.render(words, receipt.form, "staff_receipt.html", values)
    }

    fn callers(&self, words: &Words, callers: &[Complaint]) -> Vec<Value> {
        let of = |complaint: &Complaint| {
            context! {
                reference => complaint.reference.as_str(),
                category => &complaint.category,
                received_at => complaint.received_at.to_string(),
                received => words.time(complaint.received_at, &self.config.time_zone),
            }
        };
        callers.iter().map(of).collect()
    }

    fn zone(&self) -> &str {
        self.config.time_zone.iana_name().unwrap_or("UTC")
    }

    /// Every form, to choose from.
    fn forms(&self, language: &'static Language, current: &Form) -> Vec<Value> {
        let of = |form: &Form| {
            let href = format!("/{}{}", language.tag, path_of(form));
            context! { href, name => &form.name, is_current => form.name == current.name }
        };
        self.config.forms.iter().map(of).collect()
    }
}

/// Under which name a browser keeps what is typed about a call; none where it is about none.
fn draft_of(call: &str) -> Option<String> {
    (!call.is_empty()).then(|| format!("call:{call}"))
}

fn details(words: &Words, staff: &StaffForm<'_>) -> Value {
    let of = |detail: Detail| {
        let value = staff.typed.get(detail);
        let wrong = staff.wrong.iter().find(|(named, _)| *named == detail);
        let shown = context! {
            name => detail.form_name(),
            label => words.say(label(detail)),
            value,
            is_checked => value == GIVEN,
            choices => choices(words, detail, staff),
            error => wrong.map(|(_, wrong)| wrong_words(words, *wrong)),
            mark => words.say("error-mark"),
            required => (detail == Detail::Channel).then(|| words.say("required-mark")),
        };
        (detail.form_name(), shown)
    };
    Value::from(Detail::ALL.into_iter().map(of).collect::<BTreeMap<_, _>>())
}

fn choices(words: &Words, detail: Detail, staff: &StaffForm<'_>) -> Vec<Value> {
    let chosen = staff.typed.get(detail);
    match detail {
        Detail::Channel => STATED_CHANNELS
            .iter()
            .map(|channel| {
                let (value, name) =
                    (channel.token(), words.say(&format!("staff-channel-{}", channel.token())));
                context! { value, name, chosen => value == chosen }
            })
            .collect(),
        Detail::Counter => staff
            .counters
            .iter()
            .map(|counter| context! { value => counter, name => counter, chosen => counter == chosen })
            .collect(),
        _ => Vec::new(),
    }
}

impl StaffNotice {
    fn name(self) -> &'static str {
        match self {
            Self::NoMatch => "staff-no-match",
            Self::TooManyTries => "staff-too-many-tries",
            Self::Busy => "staff-busy",
            Self::Elsewhere => "staff-elsewhere",
            Self::SignedOut => "staff-signed-out",
        }
    }
}

fn label(detail: Detail) -> &'static str {
    match detail {
        Detail::Channel => "staff-channel",
        Detail::Counter => "staff-counter",
        Detail::ReceivedAt => "staff-received-at",
        Detail::BackdatingReason => "staff-backdating-reason",
        Detail::Arrival => "staff-arrival",
        Detail::Call => "staff-call",
        Detail::ReadBack => "staff-read-back",
        Detail::PostalAddress => "staff-postal-address",
        Detail::IdentityChecked => "staff-identity-checked",
    }
}

fn wrong_words(words: &Words, wrong: Wrong) -> String {
    let name = match wrong {
        Wrong::TooLong { chars, max } => {
            return words.say_with("error-too-long", &[("chars", chars), ("max", max)]);
        }
        Wrong::TooLongAgo { days_max } => {
            return words.say_with("staff-error-too-long-ago", &[("max", days_max)]);
        }
        Wrong::NotChosen => "error-not-choice",
        Wrong::Repeated => "error-repeated",
        Wrong::NotTime => "staff-error-time",
        Wrong::InFuture => "staff-error-future",
        Wrong::NoReason => "staff-error-reason",
        Wrong::NobodyNamed => "staff-error-nobody",
    };
    words.say(name)
}

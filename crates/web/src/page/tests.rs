//! The pages as they are sent, kept as snapshots: a change of a word or an attribute shows in review.

use jiff::SignedDuration;
use redress_contract::{Act, MilestoneId, Reference};
use redress_domain::deadline::Span;

use super::*;
use crate::addition::StatusBody;
use crate::config::Settings;
use crate::progress::{Expected, Progress, Step};
use crate::sent::{Letters, Sent};
use crate::submission::{ErrorKind, Field, FieldName};
use crate::words::LANGUAGES;

static EN: &Language = &LANGUAGES[0];

fn pages() -> Pages {
    let settings = Settings {
        organisation: "Example Lamps".to_owned(),
        answer_languages: ["en", "de", "ar"].map(str::to_owned).to_vec(),
        time_zone: "Europe/Berlin".to_owned(),
        ..Settings::default()
    };
    let mut config = Config::check(&settings).unwrap();
    config.forms[0].stylesheet.path = "/assets/web.css".to_owned();
    config.script.path = "/assets/web.js".to_owned();
    Pages::new(&config)
}

fn form(language: &'static Language, view: &FormView<'_>) -> String {
    let pages = pages();
    pages.form(language, pages.config.first_form(), view)
}

fn draft(values: &[(Field, &str)]) -> Draft {
    let mut draft = Draft::default();
    for (field, value) in values {
        draft.set(FieldName::Known(*field), (*value).to_owned()).unwrap();
    }
    draft
}

#[test]
fn the_empty_form() {
    insta::assert_snapshot!(form(
        EN,
        &FormView { key: "the-key", stamp: "the-stamp", ..FormView::default() }
    ));
}

#[test]
fn a_form_with_errors_names_them_and_keeps_what_was_typed() {
    let errors = [
        FieldError::known(Field::WhatHappened, ErrorKind::Missing),
        FieldError::known(Field::Email, ErrorKind::NotEmail),
        FieldError::other("attachments", ErrorKind::FileType),
    ];
    let draft = draft(&[
        (Field::Remedy, "A new lamp,\nplease."),
        (Field::Email, "kim at example"),
        (Field::Language, "de"),
    ]);
    let view = FormView {
        draft,
        key: "the-key",
        stamp: "the-stamp",
        errors: &errors,
        notice: None,
        sent_before: None,
    };
    insta::assert_snapshot!(form(EN, &view));
}

#[test]
fn a_form_that_could_not_be_recorded_says_that_sending_again_is_safe() {
    let draft = draft(&[(Field::WhatHappened, "The lamp broke."), (Field::Phone, "+49 30 901820")]);
    let notice = Some(Notice::NotRecorded);
    let view = FormView { draft, key: "the-key", stamp: "the-stamp", errors: &[], notice, sent_before: None };
    insta::assert_snapshot!(form(EN, &view));
}

#[test]
fn the_thank_you_page() {
    let submission = Submission {
        what_happened: "The lamp broke.\nTwice.".to_owned(),
        remedy: "A new lamp, please.".to_owned(),
        ..Submission::default()
    };
    let pages = pages();
    let thanks = Thanks {
        reference: &Reference::new("RD-4F7K-2QMX").unwrap(),
        receipt_code: "abcdefghijklmnopqrstuvwxyz",
        received_at: "2026-03-02T09:30:00Z".parse().unwrap(),
        submission: &submission,
        form: pages.config.first_form(),
    };
    insta::assert_snapshot!(pages.thanks(EN, &thanks));
}

#[test]
fn a_page_without_a_form() {
    insta::assert_snapshot!(pages().message(EN, Message::TooSlow));
}

#[test]
fn each_notice_has_words_of_its_own_in_each_language() {
    use Notice::{Elsewhere, Expired, NotRecorded, OtherWords, TooOften, TooSoon, Trap, Unsigned};
    let all = [TooSoon, Expired, Unsigned, Trap, NotRecorded, OtherWords, TooOften, Elsewhere];
    for language in &LANGUAGES {
        let words = Words::of(language);
        let texts: std::collections::BTreeSet<_> =
            all.iter().map(|notice| words.say(&format!("{}.text", notice.name()))).collect();
        assert_eq!(texts.len(), all.len(), "{}", language.tag);
        for notice in all {
            let page = form(language, &FormView { notice: Some(notice), ..FormView::default() });
            assert!(page.contains(&words.say(notice.name()).replace('\'', "&#x27;")), "{notice:?}");
        }
    }
}

#[test]
fn every_page_speaks_every_language() {
    use ErrorKind::{
        FileEmpty, FileType, Missing, NoWayToAnswer, NotAgreed, NotChoice, NotEmail, NotLanguage, NotPhone,
        NotText, Repeated, Required, Unknown,
    };
    use Message::{Busy, NoSuchForm, TooLarge, TooManyFields, TooSlow, Unreadable, WrongMethod};
    let kinds = [
        FileEmpty,
        FileType,
        Missing,
        NoWayToAnswer,
        NotAgreed,
        NotChoice,
        NotEmail,
        NotLanguage,
        NotPhone,
        NotText,
        Repeated,
        Required,
        Unknown,
    ];
    let errors: Vec<_> = kinds
        .into_iter()
        .chain([
            ErrorKind::TooLong { chars: 300, max: 200 },
            ErrorKind::TooManyFiles { max: 5 },
            ErrorKind::FileTooLarge { mebibytes_max: 10 },
            ErrorKind::FilesTooLarge { mebibytes_max: 20 },
        ])
        .map(|kind| FieldError::known(Field::Name, kind))
        .collect();
    let english = Words::of(EN);
    for language in LANGUAGES.iter().skip(1) {
        let pages = pages();
        let form = form(language, &FormView { errors: &errors, ..FormView::default() });
        let head = format!("<html lang=\"{}\" dir=\"{}\">", language.tag, language.direction);
        assert!(
            form.contains(&head) && form.contains(&format!("action=\"/{}?sent\"", language.tag)),
            "{form}"
        );
        assert!(form.contains("300") && form.contains("200"), "{form}");
        for name in ["send", "what-happened", "error-missing", "reach", "form-introduction"] {
            assert!(!form.contains(&english.say(name)), "{name} is English in {}", language.tag);
        }
        for message in [Busy, NoSuchForm, TooLarge, TooManyFields, TooSlow, Unreadable, WrongMethod] {
            assert!(!pages.message(language, message).contains(&english.say(message.name())), "{message:?}");
        }
    }
}

#[test]
fn texts_of_the_organisation_stand_before_those_of_ours() {
    let texts = Texts {
        title: "Sagen Sie uns die Meinung".to_owned(),
        next_steps: vec!["Wir rufen an.".to_owned()],
        ..Default::default()
    };
    let settings = Settings {
        languages: vec!["de".to_owned(), "en".to_owned()],
        texts: [("de".to_owned(), texts)].into(),
        ..Settings::default()
    };
    let pages = Pages::new(&Config::check(&settings).unwrap());
    let german = Language::of("de").unwrap();
    let shown = |language| pages.form(language, pages.config.first_form(), &FormView::default());
    let page = shown(german);
    assert!(
        page.contains("<h1>Sagen Sie uns die Meinung</h1>") && page.contains("Jede Beschwerde"),
        "{page}"
    );
    assert!(!shown(EN).contains("Meinung"));
}

#[test]
fn a_form_asks_what_its_settings_say() {
    let settings: Settings = toml::from_str(
        r##"
        organisation = "Example Lamps"
        languages = ["en", "de"]
        [forms.returns]
        asks = ["category", "what_happened", "email", "consent"]
        requires = ["serial_number", "consent", "email"]
        organisation = "Example Returns"
        accent_color = "#7a1f5c"
        categories = [{ id = "broken", label = { en = "It arrived broken" } }, { id = "other" }]
        texts.en = { title = "Send a lamp back", consent = "You may send this to the maker of the lamp." }
        [[forms.returns.fields]]
        name = "serial_number"
        label = { en = "Serial number", de = "Seriennummer" }
        hint = { en = "It stands below the foot." }
        [[forms.returns.fields]]
        name = "colour"
        kind = "choice"
        label = { en = "Colour", de = "Farbe" }
        choices = [{ id = "red", label = { en = "Red", de = "Rot" } }, { id = "blue" }]
        "##,
    )
    .unwrap();
    let mut config = Config::check(&settings).unwrap();
    config.forms[1].stylesheet.path = "/assets/returns.css".to_owned();
    config.script.path = "/assets/web.js".to_owned();
    let pages = Pages::new(&config);
    let errors = [
        FieldError { field: FieldName::Own("serial_number".to_owned()), kind: ErrorKind::Required },
        FieldError::known(Field::Consent, ErrorKind::NotAgreed),
    ];
    let mut draft = draft(&[(Field::Category, "broken")]);
    draft.set(FieldName::Own("colour".to_owned()), "red".to_owned()).unwrap();
    let view = FormView {
        draft,
        key: "the-key",
        stamp: "the-stamp",
        errors: &errors,
        notice: None,
        sent_before: None,
    };
    insta::assert_snapshot!(pages.form(EN, pages.config.form("returns").unwrap(), &view));
}

#[test]
fn whatever_was_typed_is_shown_as_text() {
    let hostile = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&lt;";
    let all: Vec<_> = Field::ALL.into_iter().map(|field| (field, hostile)).collect();
    let errors = [FieldError::other(hostile, ErrorKind::Unknown)];
    let view = FormView {
        draft: draft(&all),
        key: hostile,
        stamp: hostile,
        errors: &errors,
        notice: None,
        sent_before: None,
    };
    let submission =
        Submission { what_happened: hostile.to_owned(), remedy: hostile.to_owned(), ..Submission::default() };
    let pages = pages();
    let thanks = Thanks {
        reference: &Reference::new("RD-4F7K-2QMX").unwrap(),
        receipt_code: "code",
        received_at: Timestamp::UNIX_EPOCH,
        submission: &submission,
        form: pages.config.first_form(),
    };
    for page in [form(EN, &view), pages.thanks(EN, &thanks)] {
        assert!(!page.contains("<script>") && !page.contains("<img") && !page.contains("\"'>"), "{page}");
        assert!(page.contains("&lt;script&gt;"), "{page}");
    }
}

fn typed(text: &str) -> StatusBody {
    let receipt_code = "abcdefghijklmnopqrstuvwxyz".to_owned();
    StatusBody { receipt_code, text: text.to_owned(), ..StatusBody::default() }
}

#[test]
fn the_page_that_asks_for_the_receipt() {
    let asked = Asked { reference: "RD-4F7K-2QM\"", is_wrong: true };
    insta::assert_snapshot!(pages().ask(EN, &asked));
}

#[test]
fn the_status_page() {
    let at = |text: &str| text.parse().unwrap();
    let progress = Progress {
        now: "now-in-investigation",
        team: Some("lamps".parse().unwrap()),
        expected: vec![
            Expected { what: "due-review-reply", due_at: at("2026-03-03T09:30:00Z"), is_late: true },
            Expected { what: "due-final-response", due_at: at("2026-03-30T22:00:00Z"), is_late: false },
        ],
        steps: vec![
            Step { what: "step-received", at: at("2026-03-02T09:30:00Z") },
            Step { what: "step-acknowledged", at: at("2026-03-02T09:31:00Z") },
        ],
        is_open: true,
        acts: vec![Act::Withdraw, Act::RequestReview],
        outlives_withdrawal: false,
    };
    let reference = Reference::new("RD-4F7K-2QMX").unwrap();
    let too_long = Some(ErrorKind::TooLong { chars: 3, max: 2 });
    let typed = typed("</textarea>");
    let shown = Shown { error: too_long, ..Shown::of(&typed, "the-key".to_owned()) };
    let letter =
        |at, subject: &str, text: &str| Sent { at, subject: subject.to_owned(), text: text.to_owned() };
    let letters = Letters {
        shown: vec![
            letter(at("2026-03-04T09:31:00Z"), "Your complaint <1>", "It takes longer.\n\n</blockquote>"),
            letter(at("2026-03-02T09:31:00Z"), "We have received your complaint", "Hello."),
        ],
        is_more: true,
    };
    let standing = Standing { reference: &reference, progress: Some(&progress), letters: &letters };
    insta::assert_snapshot!(pages().status(EN, &standing, &shown));
}

#[test]
fn the_page_that_says_how_to_complain() {
    let mut settings = Settings { organisation: "Example Lamps".to_owned(), ..Settings::default() };
    let own = Texts {
        other_ways: vec!["By letter: Complaints, 1 High Street".to_owned()],
        escalation: "The ombudsman helps free of charge.".to_owned(),
        ..Texts::default()
    };
    settings.texts.insert("en".to_owned(), own);
    let pages = Pages::new(&Config::check(&settings).unwrap());
    let promises = [
        ("acknowledge", Span::BusinessTime(SignedDuration::from_hours(4))),
        ("triage", Span::BusinessDays(2)),
        ("final_response", Span::BusinessDays(20)),
    ]
    .map(|(id, span)| (MilestoneId::new(id).unwrap(), span));
    let guide = Guide { mailboxes: &["help@example.org".to_owned()], promises: &promises };
    insta::assert_snapshot!(pages.guide(EN, &guide));
}

#[test]
fn spans_are_said_as_people_say_them() {
    let said = |language: usize, count: u32| {
        let spans =
            [Span::Elapsed(SignedDuration::from_mins(i64::from(count) * 60 + 30)), Span::BusinessDays(count)];
        let promises = spans.map(|span| (MilestoneId::new("acknowledge").unwrap(), span));
        let guide = Guide { mailboxes: &[], promises: &promises };
        let page = pages().guide(&LANGUAGES[language], &guide);
        let limits = page.split("<dd>").skip(1).filter_map(|rest| rest.split_once("</dd>"));
        limits.map(|(limit, _)| limit.to_owned()).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(said(0, 1), "within 90 minutes, within one working day");
    assert_eq!(said(1, 3), "innerhalb von 210 Minuten, innerhalb von 3 Arbeitstagen");
    assert!(said(4, 2).ends_with("خلال يومي عمل"), "{}", said(4, 2));
    assert!(said(4, 3).ends_with("خلال 3 أيام عمل"), "{}", said(4, 3));
}

#[test]
fn every_word_of_the_status_page_is_there_in_every_language() {
    use redress_contract::CloseReason;
    let nows =
        CloseReason::ALL.iter().map(|reason| format!("now-closed-{}", reason.token().replace('_', "-")));
    let words = [Message::Unavailable, Message::TooManyTries, Message::NotAdded, Message::SentBefore];
    for language in &LANGUAGES {
        for name in nows.clone() {
            assert!(!Words::of(language).say(&name).is_empty(), "{name}");
        }
        for message in words {
            assert!(pages().message(language, message).contains("<h1>"));
        }
    }
}

fn considered<'a>(act: Act, typed: &'a StatusBody, reference: &'a Reference) -> Considered<'a> {
    let key = "the-key";
    Considered { act, reference, typed, key, outlives_withdrawal: false, error: None, notice: None }
}

#[test]
fn the_page_that_asks_before_a_complaint_is_taken_back() {
    let (typed, reference) = (typed("</textarea>"), Reference::new("RD-4F7K-2QMX").unwrap());
    let too_long = Some(ErrorKind::TooLong { chars: 3, max: 2 });
    let considered = Considered { error: too_long, ..considered(Act::Withdraw, &typed, &reference) };
    insta::assert_snapshot!(pages().consider(EN, &considered));
}

#[test]
fn every_act_is_asked_and_answered_in_every_language() {
    let (typed, reference) = (typed(""), Reference::new("RD-4F7K-2QMX").unwrap());
    for language in &LANGUAGES {
        let mut seen = std::collections::BTreeSet::new();
        for act in Act::ALL {
            for outlives_withdrawal in [false, true] {
                let considered = Considered { outlives_withdrawal, ..considered(*act, &typed, &reference) };
                seen.insert(pages().consider(language, &considered));
            }
            for notice in [Message::ActNotRecorded, Message::ActSentBefore] {
                let considered = Considered { notice: Some(notice), ..considered(*act, &typed, &reference) };
                seen.insert(pages().consider(language, &considered));
            }
        }
        assert_eq!(seen.len(), 7, "a review is the same however much harm was done");
        for done in [Done::Added, Done::Withdrawn, Done::WithdrawalSeen, Done::ReviewRequested] {
            let shown = Shown { done: Some(done), ..Shown::of(&typed, String::new()) };
            let letters = Letters::default();
            let standing = Standing { reference: &reference, progress: None, letters: &letters };
            let said = Words::of(language).say(&format!("{}.text", done.name()));
            assert!(
                pages().status(language, &standing, &shown).contains(&said.replace('\'', "&#x27;")),
                "{done:?}"
            );
        }
        for name in ["now-under-review", "now-withdrawal", "step-withdrawal", "step-review"] {
            assert!(!Words::of(language).say(name).is_empty());
        }
    }
}

#[test]
fn the_page_where_clerks_sign_in() {
    let sign_in = SignIn { account: "ina", notice: Some(StaffNotice::NoMatch) };
    insta::assert_snapshot!(pages().sign_in(EN, &sign_in));
}

#[test]
fn the_form_of_a_clerk_names_what_is_wrong_and_keeps_what_was_typed() {
    use crate::staff::statement::{Detail, Typed, Wrong};
    let pages = pages();
    let sent = [
        ("staff_channel", "letter"),
        ("staff_counter", "counter"),
        ("staff_received_at", "2026-02-25T08:15"),
        ("staff_identity_checked", "yes"),
    ];
    let (typed, ..) = Typed::take(sent.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec());
    let errors = [FieldError::known(Field::WhatHappened, ErrorKind::Missing)];
    let view = FormView { key: "the-key", errors: &errors, ..FormView::default() };
    let wrong = [(Detail::BackdatingReason, Wrong::NoReason), (Detail::IdentityChecked, Wrong::NobodyNamed)];
    let counters = ["post-room", "counter"].map(str::to_owned);
    let form = StaffForm {
        view: &view,
        typed: &typed,
        wrong: &wrong,
        clerk: "ina",
        counters: &counters,
        callers: None,
    };
    insta::assert_snapshot!(pages.staff_form(EN, pages.config.first_form(), &form));
}

#[test]
fn the_receipt_that_a_clerk_hands_over() {
    let pages = pages();
    let submission = Submission { what_happened: "The lamp broke.".to_owned(), ..Submission::default() };
    let receipt = StaffReceipt {
        reference: &Reference::new("RD-4F7K-2QMX").unwrap(),
        receipt_code: "abcdefghijklmnopqrstuvwxyz",
        received_at: "2026-03-02T09:30:00Z".parse().unwrap(),
        submission: &submission,
        form: pages.config.first_form(),
        clerk: "ina",
        public_url: "https://complaints.example.org",
        call: "",
    };
    insta::assert_snapshot!(pages.staff_receipt(EN, &receipt));
}

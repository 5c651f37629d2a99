//! The pages as they are sent, kept as snapshots: a change of a word or an attribute shows in review.

use redress_contract::Reference;

use super::*;
use crate::config::Settings;
use crate::submission::ErrorKind;

fn pages() -> Pages {
    let settings = Settings {
        organisation: "Example Lamps".to_owned(),
        answer_languages: ["en", "de", "ar"].map(str::to_owned).to_vec(),
        time_zone: "Europe/Berlin".to_owned(),
        ..Settings::default()
    };
    Pages::new(&Config::check(&settings).unwrap(), "/assets/web.css".to_owned())
}

fn draft(values: &[(Field, &str)]) -> Draft {
    let mut draft = Draft::default();
    for (field, value) in values {
        draft.set(*field, (*value).to_owned()).unwrap();
    }
    draft
}

#[test]
fn the_empty_form() {
    insta::assert_snapshot!(pages().form(&FormView {
        key: "the-key",
        stamp: "the-stamp",
        ..FormView::default()
    }));
}

#[test]
fn a_form_with_errors_names_them_and_keeps_what_was_typed() {
    let errors = [
        FieldError::known(Field::WhatHappened, ErrorKind::Missing),
        FieldError::known(Field::Email, ErrorKind::NotEmail),
        FieldError::other("photo", ErrorKind::File),
    ];
    let draft = draft(&[
        (Field::Remedy, "A new lamp,\nplease."),
        (Field::Email, "kim at example"),
        (Field::Language, "de"),
    ]);
    let view = FormView { draft, key: "the-key", stamp: "the-stamp", errors: &errors, notice: None };
    insta::assert_snapshot!(pages().form(&view));
}

#[test]
fn a_form_that_could_not_be_recorded_says_that_sending_again_is_safe() {
    let draft = draft(&[(Field::WhatHappened, "The lamp broke."), (Field::Phone, "+49 30 901820")]);
    let notice = Some(Notice::NotRecorded);
    let view = FormView { draft, key: "the-key", stamp: "the-stamp", errors: &[], notice };
    insta::assert_snapshot!(pages().form(&view));
}

#[test]
fn the_thank_you_page() {
    let submission = Submission {
        what_happened: "The lamp broke.\nTwice.".to_owned(),
        remedy: "A new lamp, please.".to_owned(),
        ..Submission::default()
    };
    let thanks = Thanks {
        reference: &Reference::new("RD-4F7K-2QMX").unwrap(),
        receipt_code: "abcdefghijklmnopqrstuvwxyz",
        received_at: "2026-03-02T09:30:00Z".parse().unwrap(),
        submission: &submission,
    };
    insta::assert_snapshot!(pages().thanks(&thanks));
}

#[test]
fn a_page_without_a_form() {
    insta::assert_snapshot!(pages().message(Message { title: "A title", text: "A text." }));
}

#[test]
fn each_notice_has_words_of_its_own() {
    use Notice::{Expired, NotRecorded, OtherWords, TooSoon, Trap, Unsigned};
    let all = [TooSoon, Expired, Unsigned, Trap, NotRecorded, OtherWords];
    let texts: std::collections::BTreeSet<_> = all.iter().map(|notice| notice.words().1).collect();
    assert_eq!(texts.len(), all.len());
    for notice in all {
        let page = pages().form(&FormView { notice: Some(notice), ..FormView::default() });
        assert!(page.contains(notice.words().1), "{notice:?}");
    }
}

#[test]
fn whatever_was_typed_is_shown_as_text() {
    let hostile = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&lt;";
    let all: Vec<_> = Field::ALL.into_iter().map(|field| (field, hostile)).collect();
    let errors = [FieldError::other(hostile, ErrorKind::Unknown)];
    let view = FormView { draft: draft(&all), key: hostile, stamp: hostile, errors: &errors, notice: None };
    let submission =
        Submission { what_happened: hostile.to_owned(), remedy: hostile.to_owned(), ..Submission::default() };
    let thanks = Thanks {
        reference: &Reference::new("RD-4F7K-2QMX").unwrap(),
        receipt_code: "code",
        received_at: Timestamp::UNIX_EPOCH,
        submission: &submission,
    };
    for page in [pages().form(&view), pages().thanks(&thanks)] {
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("\"'>"), "{page}");
        assert!(page.contains("&lt;script&gt;"), "{page}");
    }
}

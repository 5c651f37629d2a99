//! Real shapes of mail, written for this purpose: each becomes a contact, whatever is wrong with it.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test by panicking")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use proptest::prelude::*;
use redress_contract::{Contact, MachineKind, ParseStatus};
use redress_email::normalize::limits::Limits;
use redress_email::normalize::trust::Trust;
use redress_email::normalize::{Envelope, normalize};
use redress_identity::Keys;

fn read_with(raw: &[u8], limits: &Limits) -> Contact {
    let keys = Keys::from_master(&[7; 32]);
    let own = ["help@example.org".to_owned()];
    let received_at: Timestamp = "2026-03-02T08:16:00Z".parse().unwrap();
    let envelope = Envelope {
        account: "help",
        received_at,
        own_addresses: &own,
        keys: &keys,
        trust: &Trust::default(),
        verified: None,
        limits,
        whole: None,
        sent: false,
    };
    normalize(raw, &envelope)
}

fn read(raw: &[u8]) -> Contact {
    read_with(raw, &Limits::default())
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
    files.sort();
    files
}

#[test]
fn fixtures_become_contacts() {
    let files = fixtures();
    assert!(files.len() >= 20, "{} fixtures", files.len());
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let contact = read(&std::fs::read(&path).unwrap());
        insta::with_settings!({ snapshot_path => "fixtures/snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_json_snapshot!(name, contact);
        });
    }
}

fn header() -> String {
    "From: ann@example.com\r\nTo: help@example.org\r\nSubject: bomb\r\nMIME-Version: 1.0\r\n".to_owned()
}

/// Reads a bomb, checks that it is quick (unoptimised, on a busy machine) and that the raw mail is named.
fn defused(raw: &[u8]) -> Contact {
    let begun = Instant::now();
    let contact = read(raw);
    assert!(begun.elapsed().as_secs() < 60, "took {:?}", begun.elapsed());
    assert_eq!(contact.raw.as_ref().unwrap().size_bytes as usize, raw.len());
    let json = serde_json::to_vec(&contact).unwrap();
    assert!(json.len() < 460 * 1024, "{} bytes", json.len());
    contact
}

#[test]
fn ten_thousand_nested_multiparts_are_read_in_part() {
    let level = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n");
    let levels: Vec<String> = (0..10_000).map(level).collect();
    let raw = format!("{}{}Content-Type: text/plain\r\n\r\ndeep words\r\n", header(), levels.concat());
    let contact = defused(raw.as_bytes());
    assert_eq!(contact.parse_status, ParseStatus::Partial);
    assert_eq!(contact.parse_problem.split(';').next(), Some("parts nested more than 20 deep"));
    assert_eq!(contact.sender.unwrap().value, "ann@example.com");
}

#[test]
fn twenty_thousand_nested_messages_are_read_in_part() {
    let mut raw = header();
    raw.push_str(&"Content-Type: message/rfc822\r\n\r\n".repeat(20_000));
    let contact = defused(raw.as_bytes());
    assert_eq!(contact.parse_status, ParseStatus::Partial);
    assert_eq!(contact.subject, "bomb");
}

#[test]
fn a_hundred_thousand_parts_are_read_in_part() {
    let mut raw = header();
    raw.push_str("Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    raw.push_str(&"--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n".repeat(100_000));
    let contact = defused(raw.as_bytes());
    assert_eq!(contact.parse_status, ParseStatus::Partial);
    assert!(contact.parse_problem.contains("more than 200 parts"), "{}", contact.parse_problem);
    assert!((150..=200).contains(&contact.attachments.len()));
}

#[test]
fn boundaries_that_never_come_do_not_cost_a_search_each() {
    let mut raw = header();
    raw.push_str("Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    raw.push_str(&"--b\r\nContent-Type: multipart/mixed; boundary=never\r\n\r\nx\r\n".repeat(50_000));
    let limits = Limits { parts_max: 1_000_000, ..Limits::default() };
    let begun = Instant::now();
    let contact = read_with(raw.as_bytes(), &limits);
    assert!(begun.elapsed().as_secs() < 60, "took {:?}", begun.elapsed());
    assert_eq!(contact.parse_status, ParseStatus::Partial);
}

#[test]
fn a_huge_header_field_is_cut_and_the_body_still_read() {
    let raw = format!(
        "{}X-Padding: {}\r\nContent-Type: text/plain\r\n\r\nthe words",
        header(),
        "x".repeat(10 << 20)
    );
    let contact = defused(raw.as_bytes());
    assert_eq!(contact.parse_status, ParseStatus::Partial);
    assert_eq!(contact.text, "the words");
    let raw = format!("Subject: {}\r\nFrom: ann@example.com\r\n\r\nthe words", "long ".repeat(1 << 20));
    let contact = defused(raw.as_bytes());
    assert_eq!(contact.sender.unwrap().value, "ann@example.com");
    assert!(contact.subject.starts_with("long long") && contact.subject.len() <= 1000);
}

#[test]
fn two_hundred_thousand_header_fields_are_read_in_part() {
    let raw = format!("{}{}\r\nthe words", header(), "X-Many: y\r\n".repeat(200_000));
    let contact = defused(raw.as_bytes());
    assert_eq!((contact.parse_status, contact.text.as_str()), (ParseStatus::Partial, "the words"));
}

#[test]
fn unclosed_encoded_words_are_no_bomb() {
    for word in ["=?u?q?", "=?utf-8?b?", "=?", "=?utf-8?q?a", "<", "(", "\"", "<a@b,"] {
        let raw = format!(
            "Subject: {0}\r\nFrom: {0}\r\nReferences: {0}\r\n\r\nthe words",
            word.repeat(60_000 / word.len())
        );
        assert_eq!(defused(raw.as_bytes()).text, "the words", "{word}");
    }
}

#[test]
fn html_bombs_are_read_all_the_same() {
    for (open, close) in
        [("<div>", "</div>"), ("<table><tr><td>", ""), ("<b><p>", ""), ("<a><p>", ""), ("<ul><li>", "")]
    {
        let html = format!("{}words{}", open.repeat(15_000), close.repeat(15_000));
        let raw = format!("{}Content-Type: text/html\r\n\r\n{html}", header());
        assert!(defused(raw.as_bytes()).text.contains("words"), "{open}");
    }
}

#[test]
fn much_text_is_cut_until_it_fits_into_a_message() {
    for line in ["words and words\r\n", "\"\"\"\"\"\"\"\\\\\\\\\\\r\n", "\u{1f600}\u{1f600}\r\n"] {
        let raw =
            format!("{}Content-Type: text/plain; charset=utf-8\r\n\r\n{}", header(), line.repeat(100_000));
        let contact = defused(raw.as_bytes());
        assert_eq!(contact.parse_status, ParseStatus::Partial);
        assert!(contact.text.len() > 100_000, "{} bytes kept", contact.text.len());
    }
}

#[test]
fn of_a_mail_that_is_too_large_the_beginning_is_read() {
    let mut raw = header();
    raw.push_str("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nthe words\r\n");
    raw.push_str("--b\r\nContent-Type: application/pdf; name=small.pdf\r\n\r\n%PDF\r\n");
    raw.push_str("--b\r\nContent-Type: application/pdf; name=large.pdf\r\n\r\n");
    raw.push_str(&"x".repeat(2 << 20));
    raw.push_str("\r\n--b--\r\n");
    let limits = Limits { mail_bytes_max: 1 << 20, ..Limits::default() };
    let contact = read_with(raw.as_bytes(), &limits);
    assert_eq!((contact.parse_status, contact.text.as_str()), (ParseStatus::Partial, "the words"));
    let names: Vec<&str> = contact.attachments.iter().map(|file| file.file_name.as_str()).collect();
    assert_eq!(names, ["small.pdf"], "a file that is not whole has no digest worth keeping");
}

/// A mail that passes every limit of these.
fn beyond(limits: &Limits) -> Vec<u8> {
    let to: Vec<String> = (0..=limits.recipients_max).map(|n| format!("p{n}@example.org")).collect();
    let mut mail =
        format!("{}Cc: {}\r\nX-Long: {}\r\n", header(), to.join(","), "x".repeat(limits.header_bytes_max));
    mail.extend((0..limits.headers_max).map(|n| format!("X-{n}: y\r\n")));
    mail.into_bytes()
}

#[test]
fn each_limit_is_settable_and_is_told_of_when_it_is_passed() {
    let small = Limits {
        mail_bytes_max: 4000,
        headers_max: 20,
        header_bytes_max: 1024,
        parts_max: 3,
        depth_max: 2,
        text_part_bytes_max: 100,
        recipients_max: 2,
        references_max: 2,
    };
    let part = |body: &str| format!("--b\r\nContent-Type: text/plain\r\n\r\n{body}\r\n");
    let multipart = format!("{}Content-Type: multipart/mixed; boundary=b\r\n\r\n", header());
    let nested = "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nx\r\n";
    for (raw, problem) in [
        (format!("{}\r\n{}", header(), "x".repeat(5000)), "only the first 4000 were read"),
        (format!("{}\r\n{}", header(), "x".repeat(200)), "only the first 100 were kept"),
        (format!("{multipart}{}--b--\r\n", part("x").repeat(9)), "more than 3 parts"),
        (format!("{multipart}--b\r\n{nested}"), "nested more than 2 deep"),
        (format!("{}{}\r\nx\r\n", header(), "X-Y: z\r\n".repeat(30)), "more than 20 header fields"),
        (format!("{}X-Y: {}\r\n\r\nx\r\n", header(), "z".repeat(2000)), "a header field of"),
        (String::from_utf8(beyond(&small)).unwrap(), "more than 2 recipients"),
    ] {
        let contact = read_with(raw.as_bytes(), &small);
        assert_eq!(contact.parse_status, ParseStatus::Partial, "{problem}: {}", contact.parse_problem);
        assert!(contact.parse_problem.contains(problem), "{problem}: {}", contact.parse_problem);
        let kept = contact.raw.unwrap();
        assert_eq!(usize::try_from(kept.size_bytes).unwrap(), raw.len(), "the bytes are kept whole");
        let unlimited = read(raw.as_bytes());
        assert!(!unlimited.parse_problem.contains(problem), "{}", unlimited.parse_problem);
    }
}

#[test]
fn a_signed_id_in_a_bounce_is_preferred() {
    let keys = Keys::from_master(&[7; 32]);
    let complaint = redress_contract::ComplaintId::new("abcdefghijklmnopqrstuvwxyz").unwrap();
    let communication = redress_contract::CommunicationId::new("zyxwvutsrqponmlkjihgfedcba").unwrap();
    let ours = keys.message_id(&communication, &complaint, "example.org");
    let raw = format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@example.net\r\nSubject: failure notice\r\n\r\n\
         <ann@example.com>:\r\n550 no\r\n\r\nMessage-ID: <other@example.net>\r\nMessage-ID: <{ours}>\r\n"
    );
    let machine = read(raw.as_bytes()).machine.unwrap();
    assert_eq!(machine.kind, MachineKind::Bounce);
    assert_eq!(machine.deliveries.first().unwrap().original_message_id, ours);
}

#[test]
fn our_own_signed_mail_is_ours_whoever_sent_it() {
    let keys = Keys::from_master(&[7; 32]);
    let complaint = redress_contract::ComplaintId::new("abcdefghijklmnopqrstuvwxyz").unwrap();
    let communication = redress_contract::CommunicationId::new("zyxwvutsrqponmlkjihgfedcba").unwrap();
    let ours = keys.message_id(&communication, &complaint, "example.org");
    let raw = format!("From: no-reply@example.com\r\nMessage-ID: <{ours}>\r\n\r\nhello");
    assert_eq!(read(raw.as_bytes()).machine.unwrap().kind, MachineKind::Own);
}

#[test]
fn the_same_bytes_are_the_same_contact_and_others_are_not() {
    let raw = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/plain.eml")).unwrap();
    let other = [raw.as_slice(), b" "].concat();
    assert_eq!(read(&raw).id, read(&raw).id);
    assert_ne!(read(&raw).id, read(&other).id);
}

fn structured_mail() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("Content-Type: multipart/mixed; boundary=b".to_owned()),
        Just("Content-Type: message/rfc822".to_owned()),
        Just("Content-Type: text/html; charset=utf-16".to_owned()),
        Just("Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"".to_owned()),
        Just("Content-Type: message/delivery-status".to_owned()),
        Just("Content-Transfer-Encoding: base64".to_owned()),
        Just("Content-Transfer-Encoding: quoted-printable".to_owned()),
        Just("Final-Recipient: rfc822;a@b".to_owned()),
        Just("Action: failed".to_owned()),
        Just("From: =?utf-8?q?=ff?= <a@b>".to_owned()),
        Just("--b".to_owned()),
        Just("--b--".to_owned()),
        Just(String::new()),
        "[ -~]{0,40}",
        "\\PC{0,20}",
    ];
    proptest::collection::vec((line, prop_oneof![Just("\r\n"), Just("\n")]), 0..40)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect::<String>().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_become_a_contact_that_names_them(raw in proptest::collection::vec(any::<u8>(), 0..3000)) {
        check_any(&raw)?;
    }

    #[test]
    fn any_structure_becomes_a_contact_that_names_it(raw in structured_mail()) {
        check_any(&raw)?;
    }
}

fn check_any(raw: &[u8]) -> Result<(), TestCaseError> {
    let contact = read(raw);
    let described = contact.raw.clone().unwrap();
    prop_assert_eq!(described.size_bytes as usize, raw.len());
    prop_assert_eq!(described.sha256.len(), 64);
    prop_assert!(!contact.id.is_empty());
    prop_assert!(contact.parse_status != ParseStatus::Unspecified);
    prop_assert!(contact.parse_status == ParseStatus::Parsed || !contact.parse_problem.is_empty());
    // "The parser gave up" would hide a panic: our own code must not need the net below it.
    prop_assert!(contact.parse_problem != "the parser gave up");
    let json = serde_json::to_string(&contact).unwrap();
    prop_assert_eq!(serde_json::from_str::<Contact>(&json).unwrap(), contact);
    Ok(())
}

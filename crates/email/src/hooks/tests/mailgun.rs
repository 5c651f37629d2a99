//! Mailgun: its signature, and what it posts.

use super::*;

fn mailgun_key() -> MailgunKey {
    MailgunKey { signing_key: Secret::new("key-of-the-tests"), age_max: std::time::Duration::from_hours(12) }
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef01";
/// Made by `openssl dgst -sha256 -hmac key-of-the-tests`.
const MAILGUN_SIGNATURE: &str = "99d036dc759dfdec4d0d3638ab60979af725f1303c61422a9a2b35a869b3b3b2";

fn mailgun_post(time: &str, token: &str, signature: &str) -> Post {
    urlencoded(&[
        ("recipient", "help@example.org"),
        ("body-mime", "From: ann@example.com\r\n\r\nThe lamp broke.\r\n"),
        ("timestamp", time),
        ("token", token),
        ("signature", signature),
    ])
}

#[test]
fn mailgun_is_known_by_its_signature() {
    let webhook = Webhook::Mailgun(mailgun_key());
    let time = NOW.to_string();
    let read = |post: &Post, now| read(&webhook, post, now).map(|posted| posted.received_at);
    let good = mailgun_post(&time, TOKEN, MAILGUN_SIGNATURE);
    assert_eq!(read(&good, now()), Ok(Some(now())));
    let shouted = mailgun_post(&time, TOKEN, &MAILGUN_SIGNATURE.to_uppercase());
    assert_eq!(read(&shouted, now()), Ok(Some(now())));

    let hours = |hours| now() + SignedDuration::from_hours(hours);
    assert!(read(&good, hours(12)).is_ok(), "Mailgun tries again for eight hours");
    for (why, post, at) in [
        ("too old", &good, hours(13)),
        ("from the future", &good, hours(-1)),
        ("wrong", &mailgun_post("1785000001", TOKEN, MAILGUN_SIGNATURE), now()),
        ("wrong", &mailgun_post(&time, "another", MAILGUN_SIGNATURE), now()),
        ("wrong", &mailgun_post(&time, TOKEN, "99"), now()),
        ("wrong", &mailgun_post(&time, TOKEN, "no hex"), now()),
    ] {
        let refusal = read(post, at).unwrap_err();
        assert!(matches!(&refusal, Refusal::WrongSignature(words) if words.contains(why)), "{refusal:?}");
    }
    for post in [mailgun_post("", TOKEN, MAILGUN_SIGNATURE), mailgun_post(&time, TOKEN, "")] {
        assert!(matches!(read(&post, now()).unwrap_err(), Refusal::Unsigned(_)));
    }
}

#[test]
fn mailgun_tells_what_it_read() {
    let headers = r#"[["Received", "by mx.example.net; Mon, 2 Mar 2026 08:16:00 +0000"],
        ["From", "Ann <ann@example.com>"], ["Subject", "Lampe \u2013 kaputt"],
        ["Message-Id", "<1@example.com>"], ["Message-Id", "<2@example.com>"],
        ["Content-Type", "multipart/mixed; boundary=\"theirs\""], ["Mime-Version", "1.0"],
        ["X-Note", "one\r\nBcc: all@example.org"], ["Bad Name\r\nX", "1"]]"#;
    let post = multipart(&[
        ("recipient", "", b"help+abc@example.org"),
        ("sender", "", b"ann@example.com"),
        ("message-headers", "", headers.as_bytes()),
        ("body-plain", "", "Die Lampe ist kaputt.\r\n".as_bytes()),
        ("body-html", "", b"<p>Die Lampe ist kaputt. <img src=\"cid:pic\"></p>"),
        ("stripped-text", "", b"Die Lampe"),
        ("content-id-map", "", br#"{"<pic>": "attachment-1"}"#),
        (
            "attachment-1",
            "; filename=\"lamp.png\"\r\nContent-Type: image/png",
            b"\x89PNG\r\n--=_redress_mixed--\0",
        ),
        ("attachment-2", "; filename=\"Quä st.pdf\"\r\nContent-Type: application/pdf; x=y", b"%PDF"),
    ]);
    let posted = mail(Provider::Mailgun, &post).unwrap();
    insta::assert_snapshot!(text(&posted).replace('\r', ""));
    assert_eq!(posted.raw, mail(Provider::Mailgun, &post).unwrap().raw, "the same post makes the same bytes");
    let files = attached(&posted.raw);
    assert_eq!(
        files[0],
        (
            "lamp.png".to_owned(),
            "image/png".to_owned(),
            "pic".to_owned(),
            b"\x89PNG\r\n--=_redress_mixed--\0".to_vec()
        )
    );
    assert_eq!((files[1].0.as_str(), files[1].1.as_str()), ("Quä st.pdf", "application/pdf"));
}

#[test]
fn mailgun_without_its_list_of_headers_gives_each_as_a_field() {
    let post = urlencoded(&[
        ("recipient", "help@example.org"),
        ("sender", ""),
        ("from", "Mail system <mailer@example.net>"),
        ("Received", "first"),
        ("Received", "second"),
        ("Message-Id", "<1@example.net>"),
        ("body-plain", "Not delivered."),
    ]);
    let mail = text(&mail(Provider::Mailgun, &post).unwrap());
    assert!(mail.starts_with(
        "Received: first\r\nReceived: second\r\nMessage-Id: <1@example.net>\r\nFrom: Mail system"
    ));
    assert!(mail.contains("Return-Path: <>\r\nDelivered-To: help@example.org\r\n"), "{mail}");
}

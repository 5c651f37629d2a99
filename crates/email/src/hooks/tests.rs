//! Posts in the shape of each provider, their signatures, and mails put together and read back.

use axum::http::HeaderValue;
use jiff::SignedDuration;
use mail_parser::{Address, MessageParser, MimeHeaders as _, PartType};
use proptest::prelude::*;
use redress_runtime::Secret;

use super::compose::{Draft, File, Words, mailbox};
use super::*;
use crate::config::webhook::{Basic, MailgunKey, Topic};

const NOW: i64 = 1_785_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn post(headers: &[(&'static str, &str)], body: impl AsRef<[u8]>) -> Post {
    let headers =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    Post { headers, body: Bytes::copy_from_slice(body.as_ref()) }
}

fn urlencoded(pairs: &[(&str, &str)]) -> Post {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| {
            let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            format!("{name}={value}")
        })
        .collect();
    post(&[("content-type", "application/x-www-form-urlencoded")], pairs.join("&"))
}

/// Parts of a form: name, further parameters and header fields, content.
fn multipart(parts: &[(&str, &str, &[u8])]) -> Post {
    let mut body = Vec::new();
    for (name, more, content) in parts {
        body.extend_from_slice(
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--x--\r\n");
    post(&[("content-type", "multipart/form-data; boundary=x")], body)
}

fn json(value: &serde_json::Value) -> Post {
    post(&[("content-type", "application/json; charset=utf-8")], value.to_string())
}

fn text(posted: &Posted) -> String {
    String::from_utf8_lossy(&posted.raw).into_owned()
}

/// One attachment as it is read back: name, media type, Content-ID, bytes.
type Attached = (String, String, String, Vec<u8>);

fn attached(raw: &[u8]) -> Vec<Attached> {
    let mail = MessageParser::default().parse(raw).unwrap();
    let read = |part: &mail_parser::MessagePart<'_>| {
        let kind = part.content_type().unwrap();
        let content = match &part.body {
            PartType::Text(text) | PartType::Html(text) => text.as_bytes().to_vec(),
            _ => part.contents().to_vec(),
        };
        (
            part.attachment_name().unwrap_or_default().to_owned(),
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()),
            part.content_id().unwrap_or_default().to_owned(),
            content,
        )
    };
    mail.attachments().map(read).collect()
}

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
fn user_and_password_are_asked_for_before_anything_is_read() {
    let basic = Basic { user: "postmark".to_owned(), password: Secret::new("long: and secret") };
    for webhook in [Webhook::Postmark(basic.clone()), Webhook::SendgridBasic(basic)] {
        let read = |login: &str| {
            let encoded = data_encoding::BASE64.encode(login.as_bytes());
            let headers = [("authorization".parse().unwrap(), format!("Basic {encoded}").parse().unwrap())];
            check_headers(&webhook, &headers.into_iter().collect())
        };
        assert_eq!(read("postmark:long: and secret"), Ok(()));
        for wrong in ["postmark:long", "postmark:long: and secret ", "Postmark:long: and secret", ":", ""] {
            assert!(matches!(read(wrong), Err(Refusal::WrongSignature(_))), "{wrong}");
        }
        assert!(matches!(check_headers(&webhook, &HeaderMap::new()), Err(Refusal::Unsigned(_))));
        for header in ["Bearer cG9zdG1hcms6bG9uZzogYW5kIHNlY3JldA==", "Basic", "Basic ***"] {
            let headers: HeaderMap =
                [(header::AUTHORIZATION, HeaderValue::from_static(header))].into_iter().collect();
            assert!(matches!(check_headers(&webhook, &headers), Err(Refusal::WrongSignature(_))), "{header}");
        }
    }
}

/// Both made by `openssl`, whose key is not kept.
const SENDGRID_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhti/duleMyazT9TaVBoUV4nmqUE6WDNnWCkroqoH8ci6fcFIdzCNQBNNHJR6bgMy8xMqdOLOZH3IKiWaK+/0Mw==";
const SENDGRID_SIGNATURE: &str =
    "MEQCIHOnbLtZ5QVicz/uB0K+lLzJu9z4mlJ7JQ/IssHS/UxfAiB+N8hkZcsSlgTgYtZMLOfT0PQZL9xLHSQIUNvy6bK1uA==";

#[test]
fn sendgrid_is_known_by_the_signature_over_the_whole_body() {
    let key = data_encoding::BASE64.decode(SENDGRID_KEY.as_bytes()).unwrap();
    let webhook = Webhook::SendgridKey(key[26..].to_vec());
    let signed = |signature: &str, time: &str, content: &[u8]| {
        let mut post = multipart(&[("email", "", content)]);
        post.headers.insert("x-twilio-email-event-webhook-signature", signature.parse().unwrap());
        post.headers.insert("x-twilio-email-event-webhook-timestamp", time.parse().unwrap());
        read(&webhook, &post, now()).map(|posted| text(&posted))
    };
    let mail = b"From: ann@example.com\r\n\r\nThe lamp broke.\r\n";
    assert_eq!(signed(SENDGRID_SIGNATURE, "1785000000", mail).unwrap().as_bytes(), mail);
    for refused in [
        signed(SENDGRID_SIGNATURE, "1785000001", mail),
        signed(SENDGRID_SIGNATURE, "1785000000", b"From: eve@example.com\r\n\r\n"),
        signed("MEQC", "1785000000", mail),
        signed("***", "1785000000", mail),
    ] {
        assert!(matches!(refused, Err(Refusal::WrongSignature(_))), "{refused:?}");
    }
    let unsigned = read(&webhook, &multipart(&[("email", "", mail)]), now());
    assert!(matches!(unsigned.err(), Some(Refusal::Unsigned(_))));
}

const CERTIFICATE: &[u8] = include_bytes!("../../tests/fixtures/sns/certificate.pem");
/// Signed by `openssl`, whose key is not kept, over the text that the documentation of SNS says.
const NOTICES: [&str; 3] = [
    include_str!("../../tests/fixtures/sns/notification_v1.json"),
    include_str!("../../tests/fixtures/sns/notification_v2.json"),
    include_str!("../../tests/fixtures/sns/confirmation.json"),
];

fn topic() -> Topic {
    Topic::named("arn:aws:sns:eu-west-1:123456789012:complaints").unwrap()
}

fn said(body: &str) -> Result<Said, Refusal> {
    let post = post(&[("content-type", "text/plain; charset=UTF-8")], body);
    notice(&topic(), &post)?.verified(&topic(), CERTIFICATE)
}

#[test]
fn ses_is_known_by_the_signature_of_sns() {
    let mail = |body| match said(body) {
        Ok(Said::Mail(posted)) => (posted.raw.to_vec(), posted.received_at.unwrap().to_string()),
        other => panic!("{:?}", other.err()),
    };
    let lines = "From: Ann <ann@example.com>\r\nTo: help@example.org\r\nSubject: The lamp\r\n\
                 Message-ID: <1@example.com>\r\n\r\nIt broke. Gr";
    let at = "2026-03-02T08:16:00Z".to_owned();
    assert_eq!(mail(NOTICES[0]), ([lines.as_bytes(), "üße\r\n".as_bytes()].concat(), at.clone()));
    assert_eq!(mail(NOTICES[1]), ([lines.as_bytes(), &b"\xfc\xdfe\r\n"[..]].concat(), at));
    let Ok(Said::Confirm(url)) = said(NOTICES[2]) else { panic!("a confirmation") };
    assert!(url.starts_with("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&"));

    for notice in NOTICES {
        for (was, is) in [
            ("\"Message\": \"", "\"Message\": \"x"),
            ("2026-03-02T08:16:01", "2026-03-02T08:16:02"),
            ("Token=0123abcd", "Token=x"),
            ("\"SignatureVersion\": \"1\"", "\"SignatureVersion\": \"2\""),
            ("\"Type\": \"", "\"Type\": \"Un"),
            (":complaints", ":others"),
            (
                "\"https://sns.eu-west-1.amazonaws.com/Simple",
                "\"https://sns.eu-west-1.amazonaws.com.example/Simple",
            ),
            ("\"https://sns.eu-west-1.amazonaws.com/Simple", "\"http://sns.eu-west-1.amazonaws.com/Simple"),
        ] {
            let changed = notice.replace(was, is);
            assert!(changed == *notice || said(&changed).is_err(), "{was} → {is}");
        }
    }
    assert!(matches!(said("{\"Type\": \"Notification\"}"), Err(Refusal::WrongSignature(_))));
    assert!(matches!(said("{}"), Err(Refusal::Shape(_))));
}

#[test]
fn addresses_of_sns_are_known_by_their_host() {
    assert!(topic().owns("https://sns.eu-west-1.amazonaws.com/x.pem"));
    for other in [
        "https://sns.eu-west-1.amazonaws.com",
        "https://sns.eu-west-1.amazonaws.com:8443/x",
        "https://sns.eu-west-1.amazonaws.com@example.org/x",
        "https://sns.us-east-1.amazonaws.com/x",
        "https://example.org/sns.eu-west-1.amazonaws.com/x",
        "",
    ] {
        assert!(!topic().owns(other), "{other}");
    }
    for wrong in [
        "",
        "arn:aws:sns:eu-west-1:1",
        "arn:aws:sqs:eu-west-1:1:x",
        "arn:aws:sns:evil.org/:1:x",
        "arn:x:sns:a:1:x",
    ] {
        assert!(Topic::named(wrong).is_none(), "{wrong}");
    }
    assert!(
        Topic::named("arn:aws-cn:sns:cn-north-1:1:x")
            .unwrap()
            .owns("https://sns.cn-north-1.amazonaws.com.cn/x")
    );
}

#[test]
fn a_mail_that_comes_as_it_was_is_taken_byte_for_byte() {
    let whole = b"From: ann@example.com\r\nSubject: Gr\xfc\xdfe\n\r\nDas W\xf6rtchen + 100%\r\n";
    let encoded = percent_encoding::percent_encode(whole, percent_encoding::NON_ALPHANUMERIC);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let mailgun = post(&form, format!("recipient=help%40example.org&body-mime={encoded}"));
    let sendgrid = multipart(&[("email", "", whole)]);
    for (provider, post) in [(Provider::Mailgun, &mailgun), (Provider::Sendgrid, &sendgrid)] {
        let posted = mail(provider, post).unwrap();
        assert_eq!((posted.form, &posted.raw[..]), (Form::Raw, &whole[..]), "{provider:?}");
    }
    let raw = "From: ann@example.com\r\n\r\nGrüße\r\n";
    let posted =
        mail(Provider::Postmark, &json(&serde_json::json!({ "From": "x", "RawEmail": raw }))).unwrap();
    assert_eq!((posted.form, &posted.raw[..]), (Form::Raw, raw.as_bytes()));
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

#[test]
fn postmark_tells_what_it_read() {
    let value = serde_json::json!({
        "From": "ann@example.com",
        "FromFull": { "Email": "ann@example.com", "Name": "Ann \"Lamp\" Müller" },
        "ToFull": [{ "Email": "help@example.org", "Name": "" }, { "Email": "bob@example.com", "Name": "Bob" }],
        "Cc": "", "CcFull": [], "ReplyTo": "ann@home.example", "Subject": "The lamp",
        "MessageID": "00000000-0000-4000-8000-000000000000", "Date": "Mon, 2 Mar 2026 09:16:00 +0100",
        "TextBody": "It broke.\n", "HtmlBody": "", "OriginalRecipient": "help+abc@example.org",
        "Headers": [
            { "Name": "Message-ID", "Value": "<1@example.com>" },
            { "Name": "DKIM-Signature", "Value": "v=1; a=b;\r\n        c=d" },
        ],
        "Attachments": [
            { "Name": "lamp.txt", "Content": "VGhlIGxhbXAu", "ContentType": "text/plain; charset=utf-8", "ContentID": "" },
            { "Name": "odd", "Content": "no base64!", "ContentType": "x", "ContentID": null },
            { "Name": "old.eml", "Content": "U3ViamVjdDogaQ0KDQpiDQo=", "ContentType": "message/rfc822" },
        ],
    });
    let posted = mail(Provider::Postmark, &json(&value)).unwrap();
    insta::assert_snapshot!(text(&posted).replace('\r', ""));
    let files = attached(&posted.raw);
    assert_eq!((files[0].0.as_str(), &files[0].3[..]), ("lamp.txt", &b"The lamp."[..]));
    assert_eq!((files[1].0.as_str(), &files[1].3[..]), ("odd", &b"no base64!"[..]));
    assert_eq!((files[2].0.as_str(), &files[2].3[..]), ("old.eml", &b"Subject: i\r\n\r\nb\r\n"[..]));
}

#[test]
fn sendgrid_tells_what_it_read_each_in_its_charset() {
    let headers = "Received: by mx.example.net\r\n\twith SMTP\r\nFrom: Ann <ann@example.com>\r\n\
                   Content-Type: text/plain; charset=windows-1252\r\nno field\r\n";
    let post = multipart(&[
        ("headers", "", headers.as_bytes()),
        ("subject", "", b"Hello \x80"),
        ("text", "", b"World \x80"),
        ("charsets", "", br#"{"subject":"windows-1252","text":"windows-1252"}"#),
        ("envelope", "", br#"{"to":["help@example.org","a\r\nb@example.org"],"from":"ann@example.com"}"#),
        ("SPF", "", b"pass"),
        ("attachments", "", b"1"),
        (
            "attachment-info",
            "",
            br#"{"attachment1":{"filename":"a.txt","type":"text/plain","content-id":"<pic>"}}"#,
        ),
        ("attachment1", "; filename=\"a.txt\"", b"one"),
    ]);
    let posted = mail(Provider::Sendgrid, &post).unwrap();
    insta::assert_snapshot!(text(&posted).replace('\r', ""));
    let mail = MessageParser::default().parse(&posted.raw[..]).unwrap();
    assert_eq!((mail.subject(), mail.body_text(0).as_deref()), (Some("Hello €"), Some("World €")));
}

#[test]
fn what_is_no_mail_of_the_provider_is_refused_in_words() {
    let other = [("content-type", "text/html")];
    for provider in [Provider::Mailgun, Provider::Postmark, Provider::Sendgrid] {
        assert!(matches!(mail(provider, &post(&other, "x")).err(), Some(Refusal::MediaType(_))));
        assert!(matches!(mail(provider, &post(&[], "x")).err(), Some(Refusal::MediaType(_))));
    }
    let stored =
        urlencoded(&[("recipient", "help@example.org"), ("attachments", "[{\"url\":\"https://…\"}]")]);
    for (provider, post) in [
        (Provider::Mailgun, &urlencoded(&[("event", "delivered")])),
        (Provider::Mailgun, &stored),
        (Provider::Sendgrid, &multipart(&[("event", "", b"open")])),
        (
            Provider::Sendgrid,
            &post(&[("content-type", "multipart/form-data; boundary=x")], "--x\r\nContent-"),
        ),
        (Provider::Sendgrid, &post(&[("content-type", "multipart/form-data")], "--x")),
        (
            Provider::Postmark,
            &json(&serde_json::json!({ "RecordType": "Bounce", "Email": "ann@example.com" })),
        ),
        (Provider::Postmark, &json(&serde_json::json!([]))),
        (Provider::Postmark, &post(&[("content-type", "application/json")], "{")),
    ] {
        let refusal = mail(provider, post).err();
        let Some(Refusal::Shape(words)) = refusal else { panic!("{provider:?}: {refusal:?}") };
        assert!(!words.contains('@'));
    }
}

/// Text without what a header cannot hold, and without blanks at its ends or in rows.
fn line() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9äöüß€🙂,;.!'()-]{1,12}( [a-zA-Z0-9äöüß€🙂,;.!'()-]{1,12}){0,6}"
}

fn file() -> impl Strategy<Value = (String, Vec<u8>)> {
    ("[a-zA-Z0-9äöü€ \"'%*;=&._-]{1,30}", proptest::collection::vec(any::<u8>(), 0..300))
        .prop_map(|(name, content)| (name.trim().to_owned() + "x", content))
}

proptest! {
    #[test]
    fn what_was_put_together_is_read_back(
        subject in line(),
        name in r#"[a-zA-ZäöüŁ"\\,<>@.]{1,8}( [a-zA-Z"\\,]{1,8})?"#,
        plain in any::<String>(),
        html in proptest::option::of("<p>[^\r\0]{0,80}</p>"),
        files in proptest::collection::vec(file(), 0..4),
    ) {
        prop_assume!(!plain.is_empty() && !plain.contains(['\0', '\u{feff}']));
        let mut draft = Draft::default();
        draft.field("From", mailbox(&name, "ann@example.com"));
        draft.field("Subject", &subject);
        draft.text(Words::utf8(&plain));
        draft.html(Words::utf8(html.as_deref().unwrap_or_default()));
        for (name, content) in &files {
            draft.file(File {
                name: name.clone(),
                media_type: "application/x-any".to_owned(),
                content_id: String::new(),
                content: content.clone().into(),
            });
        }
        let raw = draft.write();
        prop_assert_eq!(&raw, &draft.write());
        let mail = MessageParser::default().parse(&raw[..]).unwrap();
        prop_assert_eq!(mail.subject(), Some(subject.as_str()));
        let Some(Address::List(from)) = mail.from() else { panic!("no sender") };
        prop_assert_eq!((from.len(), from[0].address(), from[0].name()), (1, Some("ann@example.com"), Some(name.as_str())));
        let body = mail.text_part(0).and_then(|part| part.text_contents());
        prop_assert_eq!(body, Some(plain.as_str()));
        if let Some(html) = &html {
            prop_assert_eq!(mail.html_part(0).and_then(|part| part.text_contents()), Some(html.as_str()));
        }
        let read: Vec<(String, Vec<u8>)> = attached(&raw).into_iter().map(|(name, _, _, content)| (name, content)).collect();
        prop_assert_eq!(read, files);
    }

    #[test]
    fn nothing_that_somebody_wrote_begins_a_field_or_a_part(
        name in ".{0,30}", value in any::<Vec<u8>>(), media_type in any::<String>(), id in any::<String>(), charset in any::<String>(),
    ) {
        let mut draft = Draft::default();
        draft.field(&name, &value);
        draft.text(Words { charset, content: "--=_redress_mixed--\r\n".into() });
        draft.file(File { name, media_type, content_id: id, content: value.into() });
        let raw = draft.write();
        let head = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let lines = raw[..head].split(|byte| *byte == b'\n').count();
        prop_assert!(lines <= 3, "the field, MIME-Version and Content-Type");
        let mail = MessageParser::default().parse(&raw[..]).unwrap();
        prop_assert_eq!(mail.attachment_count(), 1);
        prop_assert_eq!(mail.parts.len(), 3);
    }

    #[test]
    fn hostile_posts_never_panic(body in any::<Vec<u8>>(), middle in any::<Vec<u8>>()) {
        let form = [b"--x\r\nContent-Disposition: form-data; name=\"headers\"\r\n\r\n", &middle[..], b"\r\n--x--\r\n"].concat();
        for media_type in ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            for provider in [Provider::Mailgun, Provider::Postmark, Provider::Sendgrid, Provider::Ses] {
                for body in [&body, &form] {
                    let _ = mail(provider, &post(&[("content-type", media_type)], body));
                }
            }
        }
    }
}

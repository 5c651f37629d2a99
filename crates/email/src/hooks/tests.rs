//! Posts in the shape of each provider, their signatures, and mails put together and read back.

mod compose;
mod mailgun;
mod postmark;
mod sendgrid;
mod ses;

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

proptest! {
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

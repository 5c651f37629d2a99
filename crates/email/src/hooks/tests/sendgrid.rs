//! `SendGrid`: its signature, and what it posts.

use super::*;

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

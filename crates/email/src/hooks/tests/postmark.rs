//! Postmark: user and password, and what it posts.

use super::*;

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

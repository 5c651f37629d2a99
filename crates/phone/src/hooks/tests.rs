//! Posts of each kind, of our own writing.

use axum::http::HeaderValue;
use redress_contract::CallDirection;
use redress_runtime::Secret;

use super::*;
use crate::map::Names;

fn webhook(provider: Provider) -> Webhook {
    let (user, signature_header) = ("pbx".to_owned(), "x-signature-256".to_owned());
    Webhook { provider, secret: Secret::new("s3cret"), user, signature_header, archive: None }
}

fn reading(webhook: &Webhook) -> Reading {
    Reading { names: Names::of(webhook.names()), ..Reading::default() }
}

fn post(body: &str, media_type: &'static str) -> Post {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    let url = "https://example.org/hooks/phone/pbx".to_owned();
    Post { headers, url, rest: String::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn form(body: &str) -> Post {
    post(body, "application/x-www-form-urlencoded")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn read_form(provider: Provider, body: &str) -> Entry {
    let webhook = webhook(provider);
    read(&webhook, &reading(&webhook), &form(body), at(100)).unwrap()
}

#[test]
fn cti_tells_a_call_from_its_first_ring_to_its_end() {
    let ring =
        "event=newCall&direction=in&from=4930901820&to=4930600000&callId=1-2&user%5B%5D=Ann&user%5B%5D=Bob";
    let entry = read_form(Provider::Sipgate, ring);
    assert_eq!((entry.call.state, entry.call.started_at), (CallState::Ringing, Some(at(100))));
    assert_eq!((entry.call.staff.as_str(), entry.call.direction), ("Ann, Bob", CallDirection::Inbound));
    let entry = read_form(Provider::Cti, "event=answer&direction=in&call_id=1-2&user=voicemail");
    assert_eq!((entry.call.state, entry.call.answered_at), (CallState::Voicemail, Some(at(100))));
    let entry = read_form(Provider::Placetel, "event=HungUp&direction=in&call_id=1-2&type=missed");
    assert_eq!((entry.call.state, entry.call.cause.as_str()), (CallState::Ended, "missed"));
    let entry = read_form(Provider::Placetel, "event=IncomingCall&from=030901820&to=030600000&call_id=1-2");
    assert_eq!(entry.call.direction, CallDirection::Inbound);
}

#[test]
fn twilio_says_when_a_call_was_over() {
    let body = "CallSid=CA1&CallStatus=completed&CallDuration=22&Direction=inbound&From=%2B4930901820\
                &Timestamp=Sun%2C+01+Feb+2026+10%3A31%3A02+%2B0000";
    let call = read_form(Provider::Twilio, body).call;
    assert_eq!(call.ended_at.unwrap().to_string(), "2026-02-01T10:31:02Z");
    assert_eq!(call.answered_at.unwrap().to_string(), "2026-02-01T10:30:40Z");
    let missed = read_form(Provider::Twilio, "CallSid=CA1&CallStatus=no-answer&Direction=inbound").call;
    assert_eq!((missed.state, missed.ended_at), (CallState::Unanswered, Some(at(100))));
    let words =
        read_form(Provider::Twilio, "CallSid=CA1&TranscriptionText=It+leaks.&RecordingUrl=https%3A%2F%2Fx");
    assert_eq!((words.text.as_str(), words.recording.as_str()), ("It leaks.", "https://x"));
}

#[test]
fn freeswitch_may_post_in_three_ways() {
    let cdr = r#"{"variables":{"uuid":"u-1","start_epoch":"1769941834","end_epoch":"1769941840","duration":"6","billsec":"0"}}"#;
    let encoded: String = form_urlencoded::byte_serialize(cdr.as_bytes()).collect();
    let base64 = data_encoding::BASE64.encode(cdr.as_bytes());
    let encoded64: String = form_urlencoded::byte_serialize(base64.as_bytes()).collect();
    let webhook = webhook(Provider::Freeswitch);
    for body in [cdr.to_owned(), format!("uuid=u-1&cdr={encoded}"), format!("cdr={encoded64}")] {
        let entry = read(&webhook, &reading(&webhook), &form(&body), at(0)).unwrap();
        assert_eq!(entry.call.call_id, "u-1");
    }
    assert!(read(&webhook, &reading(&webhook), &form("cdr=%21"), at(0)).is_err());
}

#[test]
fn nobody_is_believed_without_proof() {
    for provider in [
        Provider::Twilio,
        Provider::Freeswitch,
        Provider::Sipgate,
        Provider::Placetel,
        Provider::Cti,
        Provider::Signed,
    ] {
        let webhook = webhook(provider);
        let bare = form("call_id=1&event=newCall");
        assert!(matches!(check(&webhook, &bare), Err(Refusal::Unsigned(_))), "{provider:?}");
        let mut forged = form("call_id=1&event=newCall");
        forged.rest = "guess/in".to_owned();
        for (name, value) in [
            ("x-twilio-signature", "AAAA"),
            ("x-signature-256", "sha256=00"),
            ("authorization", "Basic cGJ4Omd1ZXNz"),
        ] {
            forged.headers.insert(name, HeaderValue::from_static(value));
        }
        assert!(matches!(check(&webhook, &forged), Err(Refusal::WrongSignature(_))), "{provider:?}");
    }
}

#[test]
fn whoever_knows_the_secret_is_believed() {
    let mut right = form("a=1");
    right.rest = "s3cret/in".to_owned();
    check(&webhook(Provider::Cti), &right).unwrap();
    right.headers.insert("authorization", HeaderValue::from_static("Basic cGJ4OnMzY3JldA=="));
    check(&webhook(Provider::Freeswitch), &right).unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"s3cret");
    let tag = data_encoding::HEXLOWER.encode(ring::hmac::sign(&key, b"a=1").as_ref());
    right.headers.insert("x-signature-256", HeaderValue::from_str(&format!("sha256={tag}")).unwrap());
    check(&webhook(Provider::Signed), &right).unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"s3cret");
    for url in ["https://example.org/hooks/phone/pbx", "https://example.org:443/hooks/phone/pbx"] {
        let tag =
            data_encoding::BASE64.encode(ring::hmac::sign(&key, format!("{url}a1").as_bytes()).as_ref());
        right.headers.insert("x-twilio-signature", HeaderValue::from_str(&tag).unwrap());
        check(&webhook(Provider::Twilio), &right).unwrap();
    }
}

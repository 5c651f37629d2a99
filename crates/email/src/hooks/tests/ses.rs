//! Amazon SES: the notices of SNS and their signatures.

use super::*;

const CERTIFICATE: &[u8] = include_bytes!("../../../tests/fixtures/sns/certificate.pem");
/// Signed by `openssl`, whose key is not kept, over the text that the documentation of SNS says.
const NOTICES: [&str; 3] = [
    include_str!("../../../tests/fixtures/sns/notification_v1.json"),
    include_str!("../../../tests/fixtures/sns/notification_v2.json"),
    include_str!("../../../tests/fixtures/sns/confirmation.json"),
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

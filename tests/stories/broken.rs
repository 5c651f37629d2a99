//! What cannot be read is on record all the same, and nothing falls over.

use redress_contract::{ContactId, Disposition, ParseStatus, SuppressReason};
use redress_domain::{Complaint, DeliveryStatus};
use redress_tests::stage::Stage;

use crate::letters::Letter;

/// A megabyte.
const MB: usize = 1024 * 1024;

async fn kept(stage: &Stage, id: &ContactId, raw: &[u8]) -> (Complaint, ParseStatus) {
    let complaint = stage.holder(id).await;
    let contact = stage.contact(&complaint, id).await;
    let bytes = stage.house.vault.raw(&contact).await.expect("the broker answers");
    assert!(bytes.expect("there are raw bytes")[..] == *raw, "the bytes are kept as they came");
    (complaint, contact.parse_status)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_mail_is_a_complaint_that_somebody_must_read() {
    let stage = Stage::set().await;
    let noise: Vec<u8> = (0..10_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let endless = [b"Subject: ".to_vec(), vec![b'a'; 2 * MB], b"\r\n\r\nwords".to_vec()].concat();
    let nested = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".repeat(5000);
    for raw in [b"no header at all".to_vec(), noise, Vec::new(), endless, nested.into_bytes(), vec![0; 5000]]
    {
        let id = stage.mail(&raw);
        let (complaint, status) = kept(&stage, &id, &raw).await;
        assert_ne!(status, ParseStatus::Parsed);
        assert_eq!(complaint.disposition, Disposition::Complaint);
        assert!(!complaint.pending().is_empty(), "its clock runs");
        let told = |it: &Complaint| {
            it.communications
                .iter()
                .any(|it| it.status == DeliveryStatus::Suppressed(SuppressReason::NoAddress))
        };
        stage.once(&complaint.id, "nobody can be answered", told).await;
    }
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_in_an_unknown_alphabet_is_acknowledged() {
    let stage = Stage::set().await;
    let letter = Letter::from("=?x-klingon?B?4pyT?= <kim@example.com>", "=?x-klingon?Q?=FF=FE?=", "")
        .body("text/plain; charset=x-klingon", b"\xff\xfe It leaks \x81\x8d\r\n");
    let raw = letter.bytes();
    let id = stage.mail(&raw);
    let (complaint, _) = kept(&stage, &id, &raw).await;
    let sent = stage.sent_to("kim@example.com").await;
    assert!(sent.text().contains(complaint.reference.as_str()), "{}", sent.text());
    // Neither an id to answer to, nor a header that says who: the sender alone.
    let bare = Letter::from("lee@example.com", "", "It leaks.\r\n").without_id().bytes();
    let id = stage.mail(&bare);
    stage.holder(&id).await;
    let sent = stage.sent_to("lee@example.com").await;
    assert_eq!((sent.header("In-Reply-To"), sent.header("References")), (String::new(), String::new()));
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_of_sixty_megabytes_is_on_record_whole_and_acknowledged() {
    let stage = Stage::set().await;
    let line = [vec![b'A'; 76], b"\r\n".to_vec()].concat();
    let words = b"--b\r\nContent-Type: text/plain\r\n\r\nIt leaks, see the film.\r\n--b\r\n\
        Content-Type: video/mp4; name=film.mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    let body = [words, line.repeat(60 * MB / line.len()), b"\r\n--b--\r\n".to_vec()].concat();
    let letter =
        Letter::from("kim@example.com", "The kettle leaks", "").body("multipart/mixed; boundary=b", &body);
    let raw = letter.bytes();
    let id = stage.mail(&raw);
    let (complaint, status) = kept(&stage, &id, &raw).await;
    assert_eq!(status, ParseStatus::Partial);
    let contact = stage.contact(&complaint, &id).await;
    assert!(contact.text.contains("It leaks, see the film."), "{}", contact.text);
    stage.sent_to("kim@example.com").await;
    stage.finish().await;
}

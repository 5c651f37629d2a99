//! Files shown to a real clamd while they are stored: whatever it says, or does not, the complaint is on record.

use std::time::{Duration, Instant};

use redress_contract::{Contact, ScanState};
use redress_runtime::health::State;
use redress_testkit::clamd::{Clamd, FILE_BYTES_MAX, MALICIOUS, SIGNATURE};
use redress_testkit::eventually;
use redress_vault::OpenFileError;
use redress_web::Settings;
use redress_web::config::Uploads;
use reqwest::multipart::Form;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::stage::{Stage, TOLD};
use crate::uploads::{file, filled_in, only_contact, send};

const CLEAN: &str = "Dear all, the lamp is broken.";

fn scanned_by(address: String, seconds: u32) -> Settings {
    let uploads = Uploads { clamd: address, clamd_seconds: seconds, ..Uploads::default() };
    Settings { uploads, ..Settings::default() }
}

fn malicious() -> Vec<u8> {
    format!("{CLEAN} {MALICIOUS} {CLEAN}").into_bytes()
}

fn found(contact: &Contact) -> Vec<(ScanState, &str)> {
    contact.attachments.iter().map(|file| (file.scan, file.scan_finding.as_str())).collect()
}

/// How the part that stands for clamd is.
fn health(stage: &Stage) -> State {
    stage.health.report()["web.clamd"].clone()
}

async fn kept_out_of_reach(stage: &Stage, contact: &Contact, at: usize) {
    let file = &contact.attachments[at];
    let refused = stage.vault.file(file).await;
    assert!(
        matches!(&refused, Err(OpenFileError::Infected { finding }) if finding == SIGNATURE),
        "{refused:?}"
    );
    let blob = file.blob.as_ref().unwrap().as_str();
    let listed = stage.bus.blobs().list().await.unwrap();
    assert!(listed.iter().any(|there| there.name.as_deref() == Some(blob)), "it is kept as evidence");
}

#[tokio::test]
async fn an_infected_file_of_a_form_is_out_of_reach_its_complaint_is_not_and_nobody_is_told() {
    let Some(mut clamd) = Clamd::start() else { return };
    let stage = Stage::start_with(&scanned_by(clamd.unix_address(), 60)).await;
    let hidden = stage.open().await;
    let form = || {
        let form = filled_in(&hidden).part("attachments", file("letter.txt", CLEAN.as_bytes()));
        form.part("attachments", file("invoice.txt", malicious()))
    };
    let answer = send(&stage, form()).await;
    assert_eq!(answer.status(), 202);
    let page = answer.text().await.unwrap();
    assert!(!page.contains(SIGNATURE) && !page.contains("infected") && !page.contains("virus"), "{page}");
    clamd.kill();
    assert_eq!(
        send(&stage, form()).await.status(),
        202,
        "a repeat is one, whatever the scanner says this time"
    );
    let contact = only_contact(&stage).await;
    assert_eq!(found(&contact), [(ScanState::Scanned, ""), (ScanState::Infected, SIGNATURE)]);
    assert_eq!(stage.vault.file(&contact.attachments[0]).await.unwrap().unwrap(), CLEAN);
    kept_out_of_reach(&stage, &contact, 1).await;
}

#[tokio::test]
async fn files_of_systems_are_scanned_too() {
    let Some(clamd) = Clamd::start() else { return };
    let stage = Stage::start_with(&scanned_by(clamd.tcp_address(), 60)).await;
    let post = |bytes: Vec<u8>| {
        let form = Form::new().text("whatHappened", TOLD).text("email", "kim@example.org");
        let form = form.part("attachments", file("letter.txt", bytes));
        stage.client.post(stage.path("/v1/complaints")).multipart(form).send()
    };
    assert_eq!(post(malicious()).await.unwrap().status(), 202);
    let contact = only_contact(&stage).await;
    assert_eq!(found(&contact), [(ScanState::Infected, SIGNATURE)]);
    kept_out_of_reach(&stage, &contact, 0).await;
    assert_eq!(post(CLEAN.into()).await.unwrap().status(), 202);
    let contacts = stage.contacts().await;
    assert!(contacts.iter().any(|contact| found(contact) == [(ScanState::Scanned, "")]), "{contacts:?}");
    assert_eq!(health(&stage), State::Ready);
}

#[tokio::test]
async fn a_file_larger_than_clamd_takes_is_unscanned_and_somebody_is_to_look() {
    let Some(clamd) = Clamd::start() else { return };
    let stage = Stage::start_with(&scanned_by(clamd.unix_address(), 60)).await;
    let hidden = stage.open().await;
    let large = file("large.txt", vec![b'a'; 3 * FILE_BYTES_MAX]);
    let form = filled_in(&hidden).part("attachments", large);
    assert_eq!(send(&stage, form.part("attachments", file("small.txt", malicious()))).await.status(), 202);
    let contact = only_contact(&stage).await;
    let (scan, finding) = found(&contact)[0];
    assert_eq!(scan, ScanState::Unscanned);
    // It may hang up before its words are read.
    assert!(finding.contains("StreamMaxLength") || finding == "clamd hung up", "{finding}");
    assert_eq!(found(&contact)[1], (ScanState::Infected, SIGNATURE), "the next one is looked at");
    let bytes = stage.vault.file(&contact.attachments[0]).await.unwrap().unwrap();
    assert_eq!(bytes.len(), 3 * FILE_BYTES_MAX, "it is stored whole");
}

#[tokio::test]
async fn clamd_that_dies_in_the_middle_of_a_file_holds_up_nobody() {
    let Some(mut clamd) = Clamd::start() else { return };
    let stage = Stage::start_with(&scanned_by(clamd.unix_address(), 60)).await;
    let head = format!(
        "--x\r\nContent-Disposition: form-data; name=\"whatHappened\"\r\n\r\n{TOLD}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nkim@example.org\r\n\
         --x\r\nContent-Disposition: form-data; name=\"attachments\"; filename=\"a.txt\"\r\n\r\n"
    );
    let (half, end) = ("a".repeat(FILE_BYTES_MAX / 4), "\r\n--x--\r\n");
    let size = head.len() + 2 * half.len() + end.len();
    let address = stage.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /v1/complaints HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {size}\r\n\
         Content-Type: multipart/form-data; boundary=x\r\n\r\n{head}{half}"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    eventually("clamd has some of the file", async || clamd.is_receiving().then_some(())).await;
    clamd.kill();
    connection.write_all(format!("{half}{end}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    let contact = only_contact(&stage).await;
    assert_eq!(found(&contact), [(ScanState::Unscanned, "clamd hung up")]);
    assert_eq!(stage.vault.file(&contact.attachments[0]).await.unwrap().unwrap().len(), 2 * half.len());
    assert!(matches!(health(&stage), State::Degraded(why) if why.contains("clamd hung up")));
    assert!(stage.health.is_ready(), "complaints are taken all the same");
}

#[tokio::test]
async fn clamd_that_never_answers_costs_its_time_once_and_no_complaint() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp://{}", silent.local_addr().unwrap());
    let stage = Stage::start_with(&scanned_by(address, 3)).await;
    let hidden = stage.open().await;
    let form = (0..5).fold(filled_in(&hidden), |form, n: u32| {
        form.part("attachments", file("letter.txt", format!("{CLEAN} {n}").into_bytes()))
    });
    let begun = Instant::now();
    assert_eq!(send(&stage, form).await.status(), 202);
    assert!(begun.elapsed() < Duration::from_secs(5 * 3), "the limit is for all files together");
    let contact = only_contact(&stage).await;
    assert_eq!(found(&contact), [(ScanState::Unscanned, "clamd took too long"); 5]);
}

#[tokio::test]
async fn files_are_taken_while_nobody_listens() {
    let port = redress_testkit::Port::claim();
    let stage = Stage::start_with(&scanned_by(format!("tcp://127.0.0.1:{}", port.number()), 60)).await;
    let hidden = stage.open().await;
    let form = filled_in(&hidden).part("attachments", file("letter.txt", CLEAN.as_bytes()));
    assert_eq!(send(&stage, form).await.status(), 202);
    let contact = only_contact(&stage).await;
    let refused = "clamd could not be reached: connection refused";
    assert_eq!(found(&contact), [(ScanState::Unscanned, refused)]);
    assert_eq!(stage.vault.file(&contact.attachments[0]).await.unwrap().unwrap(), CLEAN);
}

#[tokio::test]
async fn clamd_says_who_it_is_and_whether_it_takes_files_of_a_size() {
    let Some(clamd) = Clamd::start() else { return };
    for address in [clamd.unix_address(), clamd.tcp_address()] {
        let clamd =
            redress_web::clamd::Clamd { address: address.parse().unwrap(), patience: Duration::from_mins(1) };
        assert!(clamd.version().await.unwrap().starts_with("ClamAV"));
        assert_eq!(clamd.try_size(FILE_BYTES_MAX).await, Ok(()));
        assert!(clamd.try_size(2 * FILE_BYTES_MAX).await.is_err());
    }
}

//! Telephone calls: what is known of a call comes together in one complaint, in whatever order it arrives.

use jiff::SignedDuration;
use redress_contract::subject::name;
use redress_contract::{Channel, Disposition};
use redress_domain::Complaint;
use redress_tests::stage::Stage;
use redress_web::staff::hash;

const PASSWORD: &str = "correct horse battery";
const CLERK: (&str, &str) = ("ina", PASSWORD);
const CALL: &str = "2061882034.17";

/// A telephone system of which there is a call log, and transcripts; a clerk who takes notes of its calls.
fn settings() -> String {
    let hash = hash(PASSWORD).expect("the password can be hashed");
    format!(
        r#"
[phone]
rescan_seconds = 1
[phone.accounts.calls]
kind = "folder"
system = "berlin"
country = "DE"
path = "{{folder}}/calls"
format = "queue_log"
follow = ["queue_log"]
[phone.accounts.transcripts]
kind = "folder"
system = "berlin"
path = "{{folder}}/transcripts"
format = "transcript"
settle_seconds = 0
[staff]
listen = "127.0.0.1:0"
[staff.accounts.ina]
password_hash = "{hash}"
"#
    )
}

async fn set() -> Stage {
    let stage = Stage::with(&settings()).set().await;
    for folder in ["calls", "transcripts"] {
        std::fs::create_dir_all(stage.folder().join(folder)).expect("the folder can be made");
    }
    stage
}

/// Appends to the call log what the telephone system says, one line an event.
fn log(stage: &Stage, call: &str, events: &[&str]) {
    use std::io::Write as _;
    let path = stage.folder().join("calls/queue_log");
    let mut file =
        std::fs::OpenOptions::new().create(true).append(true).open(path).expect("the log can be opened");
    for (second, event) in events.iter().enumerate() {
        writeln!(file, "{}|{call}|help|SIP/7140|{event}", 2_056_698_000 + second)
            .expect("the log can be written");
    }
}

const ANSWERED: [&str; 3] = ["ENTERQUEUE||+4930901820|1", "CONNECT|6|x|3", "COMPLETECALLER|6|25|1"];
const GIVEN_UP: [&str; 2] = ["ENTERQUEUE||+4930901820|1", "ABANDON|1|1|68"];

async fn note(stage: &Stage, words: &str) {
    let fields = [
        ("staff_channel", "phone"),
        ("staff_call", CALL),
        ("what_happened", words),
        ("email", "kim@example.com"),
    ];
    stage.type_in(CLERK, &fields).await;
}

fn transcript(stage: &Stage, words: &str) {
    let path = stage.folder().join(format!("transcripts/{CALL}.vtt"));
    let text = format!("WEBVTT\n\n00:01.000 --> 00:02.000\n{words}\n");
    std::fs::write(path, text).expect("the transcript can be written");
}

/// Waits until so many contacts are on record and handled.
async fn recorded(stage: &Stage, count: u64) {
    stage
        .until("all of it is on record", async || {
            stage.house.bus().last_seq(name::INTAKE).await.unwrap_or(0) >= count
        })
        .await;
    stage.settle().await;
}

/// The one complaint there is.
async fn only(stage: &Stage) -> Complaint {
    let all = stage.house.ledger.complaints().await.expect("the log can be read");
    assert_eq!(all.len(), 1, "complaints: {:?}", all.iter().map(|one| &one.category).collect::<Vec<_>>());
    all.into_iter().next().expect("there is one")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_before_the_call_is_logged_two_notes_and_a_transcript_a_day_later_are_one_complaint() {
    let stage = set().await;
    note(&stage, "The kettle leaks, says the caller.").await;
    recorded(&stage, 1).await;
    stage.sent_to("kim@example.com").await;
    log(&stage, CALL, &ANSWERED);
    recorded(&stage, 4).await;
    note(&stage, "The caller wants a new one.").await;
    recorded(&stage, 5).await;
    stage.advance(SignedDuration::from_hours(24));
    transcript(&stage, "Good morning, my kettle leaks.");
    recorded(&stage, 6).await;
    let complaint = only(&stage).await;
    assert_eq!(complaint.contacts.len(), 6, "three entries of the log, two notes, the transcript");
    let shown = stage.contact(&complaint, &complaint.contacts[5].id).await;
    assert_eq!(shown.text, "Good morning, my kettle leaks.");
    assert_eq!(shown.call.unwrap().call_id, CALL);
    stage.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_logged_before_its_note_waits_for_it() {
    let stage = set().await;
    log(&stage, CALL, &ANSWERED);
    recorded(&stage, 3).await;
    assert!(stage.house.ledger.complaints().await.unwrap().is_empty(), "nobody complained yet");
    note(&stage, "The kettle leaks, says the caller.").await;
    recorded(&stage, 4).await;
    stage.sent_to("kim@example.com").await;
    let complaint = only(&stage).await;
    assert_eq!(complaint.contacts.len(), 4);
    assert_eq!(complaint.channel, Channel::Phone);
    // The time to decide about the call comes, and nothing is left to decide.
    stage.advance(SignedDuration::from_mins(16));
    stage.settle().await;
    assert_eq!(only(&stage).await.contacts.len(), 4);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_nobody_answered_must_be_returned_and_one_without_words_is_no_complaint() {
    let stage = set().await;
    log(&stage, CALL, &GIVEN_UP);
    log(&stage, "2061882099.20", &ANSWERED);
    log(&stage, "not about a call", &["QUEUESTART|"]);
    recorded(&stage, 6).await;
    assert!(stage.house.ledger.complaints().await.unwrap().is_empty(), "it waits");
    stage.advance(SignedDuration::from_mins(16));
    stage
        .until("the call is to be returned", async || {
            stage
                .house
                .ledger
                .complaints()
                .await
                .is_ok_and(|all| all.first().is_some_and(|one| one.contacts.len() == 2))
        })
        .await;
    stage.settle().await;
    let complaint = only(&stage).await;
    assert_eq!(
        (complaint.category.as_str(), complaint.disposition),
        ("missed_call", Disposition::ServiceRequest)
    );
    stage.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_takes_a_call_sees_what_the_caller_complained_of_before() {
    let stage = Stage::with(&settings()).and("[router]\ndefault_country = \"DE\"\n").set().await;
    let nothing = stage.staff_page(CLERK, "/en?call=1.2&from=%2B4930901820").await;
    assert!(nothing.contains("None from this number."), "{nothing}");
    // On the web form it is written as people write it.
    let fields =
        [("what_happened", "The kettle leaks."), ("phone", "030 / 90 18 20"), ("email", "kim@example.com")];
    stage.form(&fields).await;
    stage.sent_to("kim@example.com").await;
    stage.settle().await;
    let fields = [("staff_channel", "phone"), ("what_happened", "Still leaks."), ("phone", "+49 30 901820")];
    stage.type_in(CLERK, &fields).await;
    stage.settle().await;
    let complaints = stage.house.ledger.complaints().await.unwrap();
    let page = stage.staff_page(CLERK, "/en?call=1.2&from=030901820").await;
    assert!(page.contains("value=\"1.2\"") && page.contains("value=\"030901820\""), "{page}");
    let by_phone = complaints.iter().find(|one| one.channel == Channel::Phone).unwrap();
    assert!(page.contains(by_phone.reference.as_str()), "{page}");
    stage.leave().await;
}

//! Folders that are written on, cut off, rotated, and read by a service that is killed.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use redress_contract::CallState;
use redress_phone::config::{AccountSettings, Kind};
use redress_phone::formats::Format;
use redress_phone::reconcile::Summary;
use redress_testkit::eventually;
use tempfile::TempDir;

use crate::world::{World, config};

fn account(path: &Path, format: Format) -> AccountSettings {
    AccountSettings {
        kind: Some(Kind::Folder),
        path: Some(path.to_owned()),
        format: Some(format),
        zone: "Europe/Berlin".to_owned(),
        country: "DE".to_owned(),
        settle_seconds: 1,
        ..AccountSettings::default()
    }
}

/// The n-th of many rows that differ.
fn row(n: usize) -> String {
    format!(
        "\"\",\"030 {:06}\",\"7100\",\"in\",\"\"\"Ann\"\" <1>\",\"SIP/a-{n}\",\"SIP/b-{n}\",\"Dial\",\"x\",\
         \"2026-02-01 11:30:34\",\"\",\"2026-02-01 11:30:50\",\"16\",\"0\",\"NO ANSWER\",\"DOCUMENTATION\",\"17699.{n}\"\n",
        100_000 + n
    )
}

fn rows(range: std::ops::Range<usize>) -> String {
    range.map(row).collect()
}

fn append(path: &Path, text: &str) {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let master = folder.path().join("Master.csv");
    (folder, master)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_is_a_contact_and_what_is_none_is_kept_apart_with_its_line() {
    let world = World::start().await;
    let (folder, master) = folder();
    append(&master, &format!("{}\"a\",\"b\"\n{}", rows(0..3), rows(3..5)));
    let settings = config(account(folder.path(), Format::AsteriskCsv));
    let running = world.run(&settings).await;
    let contacts = world.once_recorded(6).await;
    assert_eq!(world.problems().await, ["line 4 of Master.csv: has 2 columns, not 16 to 21"]);
    let read: Vec<_> = contacts.values().filter(|contact| contact.call.is_some()).collect();
    let numbers: Vec<&str> =
        read.iter().map(|contact| contact.sender.as_ref().unwrap().value.as_str()).collect();
    assert!(numbers.contains(&"+4930100000"), "{numbers:?}");
    assert!(read.iter().all(|contact| contact.call.as_ref().unwrap().state == CallState::Unanswered));
    let summary = redress_phone::reconcile(&settings, "pbx", &world.vault, |_| Ok(())).await.unwrap();
    assert_eq!(summary, Summary { recorded: 5, quarantined: 1, gaps: 0 });
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_written_line_waits_and_a_rotated_file_is_read_to_its_end() {
    let world = World::start().await;
    let (folder, master) = folder();
    let (half, rest) = (row(1)[..40].to_owned(), row(1)[40..].to_owned());
    append(&master, &(row(0) + &half));
    let settings = config(account(folder.path(), Format::AsteriskCsv));
    let running = world.run(&settings).await;
    world.once_recorded(1).await;
    append(&master, &rest);
    world.once_recorded(2).await;
    // Rotation: the old file gets a last row under its new name, the new one begins.
    let rotated = folder.path().join("Master.csv.1");
    std::fs::rename(&master, &rotated).unwrap();
    append(&rotated, &row(2));
    append(&master, &row(3));
    world.once_recorded(4).await;
    eventually("the rotated file is done", || async {
        folder.path().join("done/Master.csv.1").exists().then_some(())
    })
    .await;
    assert!(master.exists(), "what is written on stays");
    // The same file under another name, and all of it again after a restart.
    std::fs::copy(folder.path().join("done/Master.csv.1"), folder.path().join("copy.csv")).unwrap();
    eventually("the copy is done", || async { folder.path().join("done/copy.csv").exists().then_some(()) })
        .await;
    running.stop().await;
    let running = world.run(&settings).await;
    append(&master, &row(4));
    world.once_recorded(5).await;
    assert!(world.problems().await.is_empty());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_cut_off_anywhere_and_written_again_loses_nothing() {
    let world = World::start().await;
    let (folder, master) = folder();
    let settings = config(account(folder.path(), Format::AsteriskCsv));
    let all = rows(0..40);
    let running = world.run(&settings).await;
    for cut in (0..all.len()).step_by(all.len() / 9) {
        std::fs::write(&master, &all[..cut]).unwrap();
        eventually("what is there of it is read", || async {
            let whole = all[..cut].matches('\n').count() as u64;
            (world.bus.last_seq("INTAKE").await.unwrap_or(0) >= whole).then_some(())
        })
        .await;
    }
    std::fs::write(&master, &all).unwrap();
    world.once_recorded(40).await;
    assert!(world.problems().await.is_empty());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_killed_again_and_again_reads_each_row_once() {
    let world = World::start().await;
    let (folder, master) = folder();
    let settings = config(account(folder.path(), Format::AsteriskCsv));
    for round in 0..6 {
        append(&master, &rows(round * 300..(round + 1) * 300));
        let running = world.run(&settings).await;
        eventually("some of it is read", || async {
            (world.bus.last_seq("INTAKE").await.unwrap_or(0) > round as u64 * 300).then_some(())
        })
        .await;
        running.kill().await;
    }
    let running = world.run(&settings).await;
    world.once_recorded(1800).await;
    assert!(world.problems().await.is_empty());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_alike_and_name_no_call_are_told_apart_across_a_restart() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue_log");
    let account = AccountSettings {
        fields: [("caller".to_owned(), vec!["from".to_owned()])].into(),
        columns: vec!["from".to_owned()],
        ..account(folder.path(), Format::Table)
    };
    let settings = config(account);
    append(&file, "4930901820\n4930901820\n");
    let running = world.run(&settings).await;
    world.once_recorded(2).await;
    running.stop().await;
    append(&file, "4930901820\n");
    let running = world.run(&settings).await;
    let contacts = world.once_recorded(3).await;
    let calls: std::collections::BTreeSet<_> =
        contacts.into_values().map(|contact| contact.call.unwrap().call_id).collect();
    assert_eq!(calls.len(), 3, "each is a call of its own");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcript_is_taken_when_it_is_complete_and_names_its_call() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = config(account(folder.path(), Format::Transcript));
    let running = world.run(&settings).await;
    std::fs::write(folder.path().join("17699.1.txt"), "It leaks.\n").unwrap();
    std::fs::write(folder.path().join("17699.2.vtt"), "").unwrap();
    let contacts = world.once_recorded(2).await;
    let words = contacts.values().find(|contact| contact.call.is_some()).unwrap();
    assert_eq!(
        (words.text.as_str(), words.call.as_ref().unwrap().call_id.as_str()),
        ("It leaks.", "17699.1")
    );
    assert_eq!(world.problems().await, ["17699.2.vtt: holds no words"]);
    running.stop().await;
}

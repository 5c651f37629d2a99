//! `redress backup` and `redress restore` beside `redress up`: lost data come back, and nothing is overwritten.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::run::Desk;
use crate::up::{MAIL, SETTINGS, Up, ask, deliver, queue, ready};

/// What a restore is told besides the folder.
fn restore(desk: &Desk, more: &[&str]) -> crate::run::Answer {
    desk.ask_with_broker(&[&["restore", "copy", "--json"], more].concat())
}

fn mode(desk: &Desk, file: &str) -> u32 {
    std::fs::metadata(desk.path(file)).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_comes_back_and_is_not_overwritten() {
    let desk = Desk::with(SETTINGS);
    let up = Up::start(&desk);
    ready(&up).await;
    deliver(&desk, "m1", MAIL);
    let before = queue(&desk, 1).await;
    let backed_up = ask(&desk, &["backup", "copy", "--keys", "keys.json", "--json"]);
    assert_eq!(backed_up.lines()[0]["keys"], 5, "identity, and two pairs");
    assert!(!backed_up.err.contains("KEYS"), "{}", backed_up.err);
    assert_eq!(
        (mode(&desk, "keys.json"), mode(&desk, "copy"), mode(&desk, "copy/manifest.json")),
        (0o600, 0o700, 0o600)
    );
    let reminded = ask(&desk, &["backup", "second"]);
    assert!(reminded.err.contains("THE KEYS ARE NOT IN IT"), "{}", reminded.err);
    ask(&desk, &["backup", "third", "--keys", "keys.json"]);
    let again = desk.ask(&["backup", "copy"]);
    assert!(again.code == 1 && again.err.contains("is there already"), "{}", again.err);
    // A house that runs is not restored over, nor one that holds anything.
    assert!(restore(&desk, &[]).err.contains("another redress up"), "{}", restore(&desk, &[]).err);
    up.stop();
    let refused = restore(&desk, &[]);
    assert!(refused.code == 1 && refused.err.contains("it holds"), "{}", refused.err);
    assert!(refused.err.contains("INTAKE (1 messages)"), "{}", refused.err);

    std::fs::remove_dir_all(desk.path("house")).unwrap();
    let without_key = restore(&desk, &[]);
    assert!(without_key.code == 1 && without_key.err.contains("identity key"), "{}", without_key.err);
    let restored = restore(&desk, &["--keys", "keys.json"]);
    assert_eq!(restored.code, 0, "{}", restored.err);
    let told: Value = restored.lines()[0].clone();
    assert_eq!((&told["complaints"], told["faults"].as_array().unwrap().len()), (&1.into(), 0));
    assert_eq!(mode(&desk, "house/identity.key"), 0o600);

    let up = Up::start(&desk);
    ready(&up).await;
    assert_eq!(queue(&desk, 1).await[0]["reference"], before[0]["reference"]);
    let shown = ask(&desk, &["show", before[0]["reference"].as_str().unwrap()]).out;
    assert!(shown.contains("The kettle burst"), "what was sealed opens again: {shown}");
    ask(&desk, &["verify"]);
    up.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_not_whole_is_refused_before_anything_is_touched() {
    let desk = Desk::with(SETTINGS);
    let up = Up::start(&desk);
    ready(&up).await;
    ask(&desk, &["backup", "copy"]);
    up.stop();
    assert_eq!(restore(&desk, &["--check"]).lines()[0]["whole"], true);
    let mut bytes = std::fs::read(desk.path("copy/KV_policies.archive")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(desk.path("copy/KV_policies.archive"), bytes).unwrap();
    std::fs::remove_dir_all(desk.path("house/nats")).unwrap();
    for more in [&["--check"][..], &[]] {
        let refused = restore(&desk, more);
        assert!(refused.code == 1 && refused.err.contains("not as it was written"), "{}", refused.err);
    }
    assert!(!desk.path("house/nats").exists());
}

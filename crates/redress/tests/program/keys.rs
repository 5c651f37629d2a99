//! Sealing keys changed and a person erased, while everything runs.

use redress_testkit::eventually;
use serde_json::Value;

use crate::run::Desk;
use crate::up::{MAIL, SETTINGS, Up, ask, deliver, queue, ready};

const WORDS: &str = "The kettle burst";

fn shown(desk: &Desk, complaint: &Value) -> String {
    ask(desk, &["show", complaint["reference"].as_str().unwrap()]).out
}

fn finding(desk: &Desk, what: &str) -> Vec<Value> {
    let findings = desk.ask(&["doctor", "--json"]).lines();
    findings.into_iter().filter(|finding| finding["what"] == what).collect()
}

async fn acknowledged(desk: &Desk, count: usize) {
    eventually("all are acknowledged", || async {
        (std::fs::read_dir(desk.path("out/new")).ok()?.count() == count).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_while_everything_runs_and_a_person_is_erased() {
    // Destroying the old key waits for as long as an attempt may.
    let desk = Desk::with(&format!("{SETTINGS}[bus]\npublish_patience_seconds = 5\n"));
    let up = Up::start(&desk);
    ready(&up).await;
    deliver(&desk, "m1", MAIL);
    let first = queue(&desk, 1).await.remove(0);
    acknowledged(&desk, 1).await;
    assert!(shown(&desk, &first).contains(WORDS));
    let before = std::fs::read_to_string(desk.path("house/sealing.key")).unwrap();
    let ring = std::fs::read_to_string(desk.path("house/sealing.pub")).unwrap();

    let said = ask(&desk, &["keys", "rotate"]).out;
    assert!(
        said.contains("3 data keys were wrapped anew"),
        "contact, mail, and that for the status page: {said}"
    );
    let after = std::fs::read_to_string(desk.path("house/sealing.key")).unwrap();
    assert_ne!(after, before);
    assert_ne!(std::fs::read_to_string(desk.path("house/sealing.pub")).unwrap(), ring);
    assert_eq!(std::fs::read_to_string(desk.path("house/sealing.key.retired")).unwrap(), before);
    assert!(shown(&desk, &first).contains(WORDS));
    assert!(
        finding(&desk, "sealing key").iter().any(|found| found["verdict"] == "warn"),
        "of the retired key"
    );
    assert_eq!(finding(&desk, "data keys")[0]["verdict"], "ok");
    let said = ask(&desk, &["keys", "rotate", "--destroy-old"]).out;
    assert!(said.contains("3 data keys were wrapped anew"), "{said}");
    assert!(!std::fs::read_to_string(desk.path("house/sealing.key.retired")).unwrap().contains(after.trim()));

    let other = String::from_utf8_lossy(MAIL).replace("ann@", "bob@").replace("k1@", "k2@");
    deliver(&desk, "m2", other.as_bytes());
    let open = queue(&desk, 2).await;
    acknowledged(&desk, 2).await;
    let second = open.iter().find(|complaint| complaint["reference"] != first["reference"]).unwrap();
    assert!(shown(&desk, second).contains(WORDS), "services took up the new keys");

    erased(&desk, &first, second).await;
    assert_eq!(ask(&desk, &["dead", "list"]).out.trim(), "No dead letters.");
    up.stop();
}

async fn erased(desk: &Desk, first: &Value, second: &Value) {
    let dry = ask(desk, &["erase", "--party", "Ann+x@Example.com", "--dry-run", "--json"]).lines().remove(0);
    assert_eq!(dry["erased"]["complaints"][0]["contacts"], 1);
    assert!(shown(desk, first).contains(WORDS), "a dry run changes nothing");
    let said = ask(desk, &["erase", "--party", "ann@example.com"]).out;
    assert!(said.contains("remains at the source") && said.contains("email help"), "{said}");
    assert!(!said.contains("ann@"), "{said}");
    let shown_now = shown(desk, first);
    assert!(!shown_now.contains(WORDS) && shown_now.contains("ErasureCompleted"), "{shown_now}");
    assert!(shown(desk, second).contains(WORDS));
    assert_eq!(ask(desk, &["erase", "--party", "ann@example.com"]).out.trim(), "Nothing is left to erase.");
    let unknown = desk.ask(&["erase", "--reference", "RD-0000-0000"]);
    assert_eq!(
        (unknown.code, unknown.err.contains("no complaint RD-0000-0000")),
        (1, true),
        "{}",
        unknown.err
    );
    // The same mail lies in the mailbox again.
    deliver(desk, "m3", MAIL);
    eventually("it is read again", || async {
        (std::fs::read_dir(desk.path("mail/new")).ok()?.count() == 0).then_some(())
    })
    .await;
    assert!(!shown(desk, first).contains(WORDS));
    assert_eq!(queue(desk, 2).await.len(), 2);
}

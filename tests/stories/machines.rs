//! Machines write: on record, marked, never answered.

use redress_contract::{Disposition, MachineKind};
use redress_tests::stage::Stage;

use crate::letters::Letter;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_machines_write_is_on_record_and_not_answered() {
    let stage = Stage::set().await;
    let letter = |from: &str, subject: &str| Letter::from(from, subject, "These are words.\r\n");
    let away = letter("lee@example.com", "Out of office").header("Auto-Submitted", "auto-replied");
    let list = letter("news@list.example.com", "Our offers").header("List-Id", "<offers.list.example.com>");
    let list = list.header("Precedence", "bulk").header("List-Unsubscribe", "<https://list.example.com/u>");
    let own = letter("help@example.org", "Your complaint");
    let mails = [(away, MachineKind::AutoReply), (list, MachineKind::List), (own, MachineKind::Own)];
    for (letter, kind) in mails {
        let contact = stage.mail(&letter.bytes());
        let complaint = stage.holder(&contact).await;
        assert_eq!(complaint.disposition, Disposition::Machine, "{letter:?}");
        assert_eq!(complaint.contacts[0].machine, kind, "{letter:?}");
        let owed: Vec<_> =
            complaint.pending().iter().map(|(_, milestone)| milestone.id.to_string()).collect();
        assert_eq!(owed, ["triage"]);
    }
    stage.settle().await;
    assert_eq!(stage.house.ledger.complaints().await.unwrap().len(), 3);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absence_notice_to_our_acknowledgement_starts_no_conversation() {
    let stage = Stage::set().await;
    let contact = stage.mail(&Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n").bytes());
    let complaint = stage.holder(&contact).await;
    let acknowledgement = stage.sent_to("kim@example.com").await;
    let away = Letter::from("kim@example.com", "Away until Monday", "I am away.\r\n")
        .answering(&acknowledgement)
        .header("Auto-Submitted", "auto-replied");
    let notice = stage.mail(&away.bytes());
    let looped = stage.mail(&acknowledgement.raw);
    assert_eq!(stage.holder(&notice).await.id, complaint.id);
    assert_eq!(stage.holder(&looped).await.id, complaint.id);
    stage.settle().await;
    let complaint = stage.complaint(&complaint.id).await;
    assert_eq!(complaint.contact(&notice).unwrap().machine, MachineKind::AutoReply);
    assert_eq!(complaint.contact(&looped).unwrap().machine, MachineKind::Own);
    assert_eq!(complaint.disposition, Disposition::Complaint);
    stage.finish().await;
}

//! A member of staff answers from the mailbox itself, in a mail program of their own.

use redress_contract::{Channel, CommunicationPurpose, Disposition, MachineKind};
use redress_domain::DeliveryStatus;
use redress_tests::stage::Stage;
use redress_tests::stage::settings::HELP;

use crate::letters::Letter;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_sent_by_hand_is_a_communication_and_opens_nothing() {
    let stage = Stage::set().await;
    let contact = stage.mail(&Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n").bytes());
    let complaint = stage.holder(&contact).await;
    let acknowledgement = stage.sent_to("kim@example.com").await;
    stage.settle().await;
    let owed = stage.complaint(&complaint.id).await.pending().len();

    let subject = format!("Re: The kettle leaks [{}]", complaint.reference);
    let reply = Letter::from(HELP, &subject, "We send you a new kettle.\r\n").to("kim@example.com");
    let sent = stage.sent_by_hand(&reply.bytes());
    assert_eq!(stage.holder(&sent).await.id, complaint.id);
    // As it reached the mailbox too, by a copy to itself; a stranger's, in our name; a mail about something else; and the copy
    // of our own acknowledgement that the mail server kept.
    let copied = stage.mail(&reply.clone().header("Received", "from mx.example.com").bytes());
    let forged = stage.mail(&Letter::from(HELP, &format!("{subject}!"), "Send money.\r\n").bytes());
    let other =
        stage.sent_by_hand(&Letter::from(HELP, "Lunch?", "At noon.\r\n").to("lee@example.com").bytes());
    let copy = stage.sent_by_hand(&acknowledgement.raw);
    assert_eq!(stage.holder(&copied).await.id, complaint.id);
    assert_eq!(
        stage.holder(&forged).await.disposition,
        Disposition::Machine,
        "anybody can write our address"
    );
    stage.settle().await;

    let after = stage.complaint(&complaint.id).await;
    let told: Vec<_> = after.communications.iter().map(|it| (it.purpose, it.status.clone())).collect();
    let accepted = DeliveryStatus::Accepted;
    assert_eq!(
        told,
        [(CommunicationPurpose::Acknowledgement, accepted.clone()), (CommunicationPurpose::Reply, accepted)]
    );
    assert_eq!(after.contact(&sent).unwrap().machine, MachineKind::Own);
    assert!(after.contact(&forged).is_none(), "it is kept apart, for a person to look at");
    assert_eq!(after.pending().len(), owed, "a reply by hand is no final response");
    for passed_over in [other, copy] {
        let known = stage.house.vault.contact(Channel::Email, &passed_over).await.unwrap();
        assert!(known.is_none(), "what else was sent is nobody's business");
    }

    // The answer to it names nothing but it.
    let thanks = Letter::from("kim@example.com", "Re: your mail", "Thank you.\r\n");
    let thanks = thanks.header("In-Reply-To", &format!("<{}>", reply.message_id()));
    let answer = stage.mail(&thanks.bytes());
    assert_eq!(stage.holder(&answer).await.id, complaint.id);
    stage.finish().await;
}

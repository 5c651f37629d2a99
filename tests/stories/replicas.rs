//! Two of each: everything happens once all the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use redress::cli::Service;
use redress_contract::{CommunicationPurpose, Event};
use redress_domain::DeliveryStatus;
use redress_tests::stage::{Builder, Stage};

use crate::letters::Letter;

const MAILS: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_of_each_service_do_everything_once() {
    let sales = "[email.accounts.sales]\nkind = \"maildir\"\naddress = \"sales@example.org\"\npath = \"{folder}/sales\"\npoll_seconds = 0.05";
    let twice = [Service::Email, Service::Router, Service::Sla, Service::Notifier, Service::Feed];
    let stage = twice.into_iter().fold(Stage::with(sales), Builder::twice).set().await;
    let from = |n: usize| format!("person{n}@example.com");
    for n in 0..MAILS {
        let raw = Letter::from(&from(n), &format!("Matter {n}"), &format!("It broke, case {n}.\r\n")).bytes();
        stage.mail(&raw);
        // Every third is in two mailboxes.
        if n % 3 == 0 {
            stage.mail_to("sales", &raw, stage.clock.now());
        }
    }
    let mut sent = BTreeMap::new();
    for _ in 0..MAILS {
        let mail = stage.sent().await;
        *sent.entry(mail.to).or_insert(0) += 1;
    }
    assert_eq!(sent, (0..MAILS).map(|n| (from(n), 1)).collect());
    stage.settle().await;

    let complaints = stage.house.ledger.complaints().await.unwrap();
    assert_eq!(complaints.len(), MAILS);
    let contacts: Vec<_> = complaints.iter().flat_map(|complaint| &complaint.contacts).collect();
    let distinct: BTreeSet<_> = contacts.iter().map(|contact| &contact.id).collect();
    assert_eq!((contacts.len(), distinct.len()), (MAILS + MAILS / 3, MAILS + MAILS / 3));
    let references: BTreeSet<_> = complaints.iter().map(|complaint| &complaint.reference).collect();
    assert_eq!(references.len(), MAILS);
    for complaint in &complaints {
        let told: Vec<_> =
            complaint.communications.iter().map(|it| (it.purpose, it.status.clone())).collect();
        assert_eq!(told, [(CommunicationPurpose::Acknowledgement, DeliveryStatus::Accepted)]);
    }

    // Half of the time for the final response is used up: both replicas of the sweep may see it, one warns.
    let half =
        complaints.iter().filter_map(|it| it.pending()[0].1.next_rung().map(|(_, rung)| rung.at)).max();
    stage.advance_to(half.unwrap() + SignedDuration::from_secs(1));
    for _ in 0..MAILS {
        stage.sent_to("owner@staff.example.net").await;
    }
    stage.settle().await;
    for complaint in &complaints {
        let events = stage.events(&complaint.id).await;
        let warned = events.iter().filter(|event| matches!(event, Event::WarningReached(_))).count();
        assert_eq!(warned, 1);
    }
    stage.finish().await;
}

//! A deadline passes in silence.

use jiff::{SignedDuration, Timestamp};
use redress::cli::Service;
use redress_contract::event::Rung;
use redress_contract::{ComplaintId, Event, HandlerId};
use redress_domain::command::{Acknowledge, Acknowledger};
use redress_domain::{Command, Complaint};
use redress_tests::stage::Stage;

use crate::letters::Letter;

const OWNER: &str = "owner@staff.example.net";
const LEAD: &str = "lead@staff.example.net";
const SUPERVISOR: &str = "supervisor@staff.example.net";
const MANAGER: &str = "manager@staff.example.net";
const HEAD: &str = "head@staff.example.net";
const EXECUTIVE: &str = "executive@staff.example.net";

/// An acknowledged complaint, and the rungs of its final response.
async fn acknowledged(stage: &Stage) -> (Complaint, Vec<Rung>) {
    let contact = stage.mail(&Letter::from("kim@example.com", "The kettle leaks", "It leaks.\r\n").bytes());
    let complaint = stage.holder(&contact).await;
    stage.sent_to("kim@example.com").await;
    stage.settle().await;
    let complaint = stage.complaint(&complaint.id).await;
    let (_, milestone) = complaint.pending()[0];
    assert_eq!(milestone.id.as_str(), "final_response");
    let rungs = milestone.rungs.clone();
    (complaint, rungs)
}

/// What was recorded of the ladder: `WarningReached 1 late 0`, `Escalated 4 late 5 overtaken`.
async fn ladder(stage: &Stage, id: &ComplaintId) -> Vec<String> {
    let said = |overtaken: bool| if overtaken { " overtaken" } else { "" };
    let events = stage.events(id).await;
    let words = events.iter().filter_map(|event| match event {
        Event::WarningReached(e) => {
            Some(format!("warning {} late {}{}", e.rung, e.late_by_s, said(e.overtaken)))
        }
        Event::MilestoneBreached(e) => Some(format!("breach late {}", e.late_by_s)),
        Event::Escalated(e) => {
            Some(format!("escalated {} late {}{}", e.rung, e.late_by_s, said(e.overtaken)))
        }
        _ => None,
    });
    words.collect()
}

fn seconds_between(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_rung_of_the_ladder_tells_its_roles_once() {
    let stage = Stage::set().await;
    let (complaint, rungs) = acknowledged(&stage).await;
    let told: [&[&str]; 6] = [&[OWNER], &[OWNER, LEAD], &[SUPERVISOR], &[MANAGER], &[HEAD], &[EXECUTIVE]];
    assert_eq!(rungs.len(), told.len());
    let mut expected = Vec::new();
    for (index, (rung, roles)) in rungs.iter().zip(told).enumerate() {
        let number = index + 1;
        stage.advance_to(rung.at - SignedDuration::from_mins(2));
        stage.settle().await;
        assert_eq!(stage.waiting_mails(), Vec::<String>::new(), "before rung {number}");
        assert_eq!(ladder(&stage, &complaint.id).await, expected);

        stage.advance_to(rung.at + SignedDuration::from_secs(5));
        for role in roles {
            let sent = stage.sent_to(role).await;
            assert_eq!(sent.header("Auto-Submitted"), "auto-generated");
            assert!(sent.text().contains(complaint.reference.as_str()), "{}", sent.text());
            assert!(!sent.text().contains("kim@example.com"), "{}", sent.text());
        }
        if number < 4 {
            expected.push(format!("warning {number} late 5"));
        } else {
            expected.extend((number == 4).then(|| "breach late 5".to_owned()));
            expected.push(format!("escalated {number} late 5"));
        }
        stage.settle().await;
        assert_eq!(ladder(&stage, &complaint.id).await, expected);
    }
    stage.advance(SignedDuration::from_hours(24 * 30));
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_outage_every_rung_is_recorded_and_only_the_highest_tells() {
    let mut stage = Stage::set().await;
    let (complaint, rungs) = acknowledged(&stage).await;
    stage.stop(Service::Sla).await;
    stage.advance_to(rungs[3].at + SignedDuration::from_hours(1));
    stage.settle().await;
    assert_eq!(ladder(&stage, &complaint.id).await, Vec::<String>::new());

    stage.start(Service::Sla).await;
    let sent = stage.sent_to(MANAGER).await;
    assert!(sent.text().contains(complaint.reference.as_str()), "{}", sent.text());
    stage.settle().await;
    let now = stage.clock.now();
    let late = |index: usize| seconds_between(rungs[index].at, now);
    assert_eq!(late(3), 3600);
    assert_eq!(
        ladder(&stage, &complaint.id).await,
        [
            format!("warning 1 late {} overtaken", late(0)),
            format!("warning 2 late {} overtaken", late(1)),
            format!("warning 3 late {} overtaken", late(2)),
            "breach late 3600".to_owned(),
            "escalated 4 late 3600".to_owned(),
        ]
    );
    // The ladder goes on from there.
    stage.advance_to(rungs[4].at);
    stage.sent_to(HEAD).await;
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_after_what_is_late_spares_those_above_for_one_rung() {
    let stage = Stage::set().await;
    let (complaint, rungs) = acknowledged(&stage).await;
    stage.advance_to(rungs[3].at);
    stage.sent_to(MANAGER).await;
    let by = Acknowledger::Handler(HandlerId::new("h-17").unwrap());
    let wish = Acknowledge { clock: None, milestone: None, told: None, by };
    let done = stage.act(&complaint.id, &Command::Acknowledge(wish)).await;
    assert!(matches!(&done[..], [Event::EscalationAcknowledged(e)] if e.rung == 4), "{done:?}");

    stage.settle().await;
    let mails = stage.waiting_mails();
    stage.advance_to(rungs[4].at);
    let reached = |it: &Complaint| it.pending().iter().any(|(_, owed)| owed.rungs_reached == 5);
    stage.once(&complaint.id, "rung 5 is recorded", reached).await;
    stage.settle().await;
    assert_eq!(stage.waiting_mails(), mails, "the head of the unit is not told");

    stage.advance_to(rungs[5].at);
    stage.sent_to(EXECUTIVE).await;
    stage.finish().await;
}

/// The address in the mail that leads to the button, below the stage's own.
fn path(text: &str) -> String {
    let link = text.lines().find(|line| line.contains("/escalations/")).expect("the mail holds a link");
    link.trim().trim_start_matches("https://complaints.example.net").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_button_behind_the_link_in_the_mail_spares_the_next_rung() {
    let stage = Stage::with("[web]\npublic_url = \"https://complaints.example.net\"\n").set().await;
    let (complaint, rungs) = acknowledged(&stage).await;
    stage.advance_to(rungs[3].at);
    let path = path(&stage.sent_to(MANAGER).await.text());

    // Programs that look into mails follow links: that changes nothing.
    let client = redress_runtime::http::client().unwrap();
    let page = client.get(stage.public(&path)).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(complaint.reference.as_str()) && page.contains("I look after it"), "{page}");
    assert!(!page.contains("kim@example.com"), "{page}");
    stage.settle().await;
    let is_acknowledged = |it: &Complaint| it.pending().iter().any(|(_, owed)| owed.acknowledged_rung == 4);
    assert!(!is_acknowledged(&stage.complaint(&complaint.id).await));

    for _ in 0..2 {
        let answer = client.post(stage.public(&path)).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        assert!(answer.text().await.unwrap().contains("Somebody looks after it"));
        stage.once(&complaint.id, "the escalation is acknowledged", is_acknowledged).await;
    }
    stage.settle().await;
    let names = stage.event_names(&complaint.id).await;
    assert_eq!(names.iter().filter(|name| *name == "EscalationAcknowledged").count(), 1, "{names:?}");

    let mails = stage.waiting_mails();
    stage.advance_to(rungs[4].at);
    let reached = |it: &Complaint| it.pending().iter().any(|(_, owed)| owed.rungs_reached == 5);
    stage.once(&complaint.id, "rung 5 is recorded", reached).await;
    stage.settle().await;
    assert_eq!(stage.waiting_mails(), mails, "the head of the unit is not told");

    // The same for programs; and a link that nobody signed, or that is of another rung, leads nowhere.
    let token = path.trim_start_matches("/escalations/");
    let api = async |token: &str| {
        let path = format!("/v1/escalations/{token}");
        let answer = client.post(stage.public(&path)).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<serde_json::Value>().await.unwrap())
    };
    let (status, answer) = api(token).await;
    assert_eq!((status, answer["stands"].as_str()), (202, Some("acknowledged")), "{answer}");
    let (status, answer) = api(&token.replace(".4.", ".5.")).await;
    assert_eq!((status, answer["type"].as_str()), (404, Some("urn:redress:problem:no-match")), "{answer}");

    stage.accept(&complaint.id).await;
    stage.decide(&complaint.id, redress_contract::Outcome::Upheld, "You are right.").await;
    stage.sent_to("kim@example.com").await;
    stage.settle().await;
    let (status, answer) = api(token).await;
    assert_eq!((status, answer["stands"].as_str()), (202, Some("over")), "{answer}");
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_of_a_deadline_that_was_met_meanwhile() {
    let mut stage = Stage::set().await;
    let (complaint, rungs) = acknowledged(&stage).await;
    stage.stop(Service::Sla).await;
    stage.accept(&complaint.id).await;
    stage.decide(&complaint.id, redress_contract::Outcome::Upheld, "You are right.").await;
    stage.sent_to("kim@example.com").await;
    stage.once(&complaint.id, "the final response is met", |it| it.pending().is_empty()).await;
    stage.advance_to(rungs[4].at);
    stage.start(Service::Sla).await;
    stage.settle().await;
    assert_eq!(ladder(&stage, &complaint.id).await, Vec::<String>::new());
    stage.finish().await;
}

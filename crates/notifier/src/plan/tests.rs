//! Tables: which commit calls for which messages.

use redress_contract::event::{
    CommunicationAccepted, CommunicationBounced, CommunicationFailed, Decided, Escalated, MilestoneBreached,
    Registered, Released, WarningReached,
};
use redress_contract::{StopReason, SuppressReason};
use redress_domain::DeliveryStatus;

use super::*;
use crate::sample::{at, commit, complaint, delivery};

/// `<event number> <rule> → <role>`, one for each step.
fn planned(events: Vec<Event>, complaint: &Complaint) -> Vec<String> {
    let commit = commit(events);
    assert_eq!(
        may_concern(&serde_json::to_vec(&commit).unwrap()),
        concerns(&commit),
        "the quick look agrees"
    );
    let steps = plan(&commit, complaint);
    steps.iter().map(|s| format!("{} {} → {}", s.event_id, s.body.rule(), s.recipient)).collect()
}

fn concerns(commit: &Commit) -> bool {
    let rest =
        |event: &Event| !matches!(event, Event::CommunicationAccepted(_) | Event::MilestoneBreached(_));
    commit.events.iter().any(|recorded| rest(&recorded.event))
}

fn registered() -> Event {
    Registered { contact_id: ContactId::new("contact1").unwrap(), ..Registered::default() }.into()
}

fn warning(rung: u32, overtaken: bool) -> Event {
    WarningReached {
        clock: ClockId::new("house").unwrap(),
        milestone: MilestoneId::new("final_response").unwrap(),
        rung,
        percent: 75,
        recipients: vec![Recipient::Owner, Recipient::TeamLead],
        generation: 1,
        overtaken,
        ..WarningReached::default()
    }
    .into()
}

fn escalated(rung: u32) -> Event {
    Escalated {
        clock: ClockId::new("house").unwrap(),
        milestone: MilestoneId::new("final_response").unwrap(),
        rung,
        recipients: vec![Recipient::ComplaintsManager],
        generation: 1,
        ..Escalated::default()
    }
    .into()
}

#[test]
fn whoever_writes_is_told_that_we_have_it() {
    let mut complaint = complaint();
    assert_eq!(planned(vec![registered()], &complaint), ["complaint1.1 acknowledgement → complainant"]);
    complaint.disposition = Disposition::Enquiry;
    assert_eq!(planned(vec![registered()], &complaint).len(), 1);
    for silent in [Disposition::Machine, Disposition::Spam] {
        complaint.disposition = silent;
        assert!(planned(vec![registered()], &complaint).is_empty(), "{silent}");
    }
}

#[test]
fn a_decision_is_communicated() {
    let decided = Decided { reasons_content_id: ContentId::new("why").unwrap(), ..Decided::default() };
    let steps = plan(&commit(vec![decided.into()]), &complaint());
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].body, Body::FinalResponse { reasons: Some(ContentId::new("why").unwrap()) });
    assert_eq!(steps[0].recipient, Recipient::Complainant);
}

#[test]
fn each_named_role_is_told_of_a_deadline() {
    let both = ["complaint1.1 warning → owner", "complaint1.1 warning → team_lead"];
    assert_eq!(planned(vec![warning(2, false)], &complaint()), both);
    assert_eq!(planned(vec![escalated(4)], &complaint()), ["complaint1.1 escalation → complaints_manager"]);
}

#[test]
fn a_rung_that_is_held_back_tells_nobody() {
    let Event::Escalated(escalated) = escalated(4) else { panic!("another event") };
    let held_back = Escalated { held_back: true, ..escalated };
    assert!(planned(vec![held_back.into()], &complaint()).is_empty());
}

#[test]
fn after_an_outage_only_the_highest_rung_speaks() {
    let events = vec![warning(1, true), warning(2, true), MilestoneBreached::default().into(), escalated(4)];
    let mut complaint = complaint();
    complaint.clocks[0].milestones[1].rungs_reached = 4;
    assert_eq!(planned(events.clone(), &complaint), ["complaint1.4 escalation → complaints_manager"]);
    // Somebody who knew of it looks after it: the mail would come too late.
    complaint.clocks[0].milestones[1].acknowledged_rung = 4;
    assert!(planned(events, &complaint).is_empty());
}

#[test]
fn a_complaint_that_has_moved_on_since_needs_no_warning() {
    let current = complaint();
    let changes: [fn(&mut Complaint); 4] = [
        |c| c.clocks[0].milestones[1].met_at = Some(at("2026-03-07T00:00:00Z")),
        |c| c.clocks[0].milestones[1].generation = 2,
        |c| c.clocks[0].milestones[1].rungs_reached = 3,
        |c| c.clocks[0].stopped = Some(StopReason::Closed),
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let mut complaint = current.clone();
        change(&mut complaint);
        assert!(planned(vec![warning(2, false)], &complaint).is_empty(), "change {n}");
    }
}

#[test]
fn staff_are_told_when_the_complainant_could_not_be_reached() {
    let told = ["complaint1.1 delivery_problem → owner", "complaint1.1 delivery_problem → team_lead"];
    let failed = |recipient| CommunicationFailed {
        purpose: CommunicationPurpose::Acknowledgement,
        recipient,
        ..CommunicationFailed::default()
    };
    assert_eq!(planned(vec![failed(Recipient::Complainant).into()], &complaint()), told);
    assert!(planned(vec![failed(Recipient::Owner).into()], &complaint()).is_empty());

    let bounced = |permanent| CommunicationBounced {
        communication_id: CommunicationId::new("m1").unwrap(),
        permanent,
        ..CommunicationBounced::default()
    };
    for (recipient, permanent, steps) in [
        (Recipient::Complainant, true, 2),
        (Recipient::Unspecified, true, 2),
        (Recipient::Complainant, false, 0),
        (Recipient::TeamLead, true, 0),
    ] {
        let mut complaint = complaint();
        let lost = delivery(CommunicationPurpose::Acknowledgement, recipient, DeliveryStatus::Bounced);
        complaint.communications.push(Delivery { at: commit(Vec::new()).recorded_at, ..lost });
        let report = || vec![bounced(permanent).into()];
        assert_eq!(planned(report(), &complaint).len(), steps, "{recipient} {permanent}");
        complaint.communications[0].at = at("2026-03-06T09:00:00Z");
        assert!(planned(report(), &complaint).is_empty(), "an earlier report of it was told");
    }
    assert!(planned(vec![bounced(true).into()], &complaint()).is_empty(), "nothing is known of the message");
}

#[test]
fn what_was_kept_back_goes_under_its_own_id_when_released() {
    let id = CommunicationId::new("m1").unwrap();
    let mut complaint = complaint();
    let released = DeliveryStatus::Released;
    complaint.communications.push(delivery(
        CommunicationPurpose::Acknowledgement,
        Recipient::Complainant,
        released,
    ));
    let unknown = CommunicationId::new("unknown").unwrap();
    let event = Released { communication_ids: vec![id.clone(), unknown], ..Released::default() };
    let steps = plan(&commit(vec![event.into()]), &complaint);
    assert_eq!(steps.len(), 1);
    assert_eq!((steps[0].id.as_ref(), steps[0].released), (Some(&id), true));
    assert_eq!(steps[0].body, Body::Acknowledgement);
}

#[test]
fn our_own_notes_call_for_nothing() {
    let suppressed = DeliveryStatus::Suppressed(SuppressReason::Machine);
    let mut complaint = complaint();
    complaint.communications.push(delivery(
        CommunicationPurpose::Acknowledgement,
        Recipient::Complainant,
        suppressed,
    ));
    assert!(planned(vec![CommunicationAccepted::default().into()], &complaint).is_empty());
}

#[test]
fn what_cannot_be_peeked_at_is_read_whole() {
    assert!(may_concern(b"not a commit"));
    assert!(!may_concern(b"{}"));
}

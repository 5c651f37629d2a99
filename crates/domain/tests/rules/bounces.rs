//! Reports of non-delivery.

use redress_contract::{CloseReason, CommunicationPurpose};
use redress_domain::{Command, DeliveryStatus};

use crate::stage::{accepted, bounce, close, day, given, machine, person, register, rules, under};

const ACK: CommunicationPurpose = CommunicationPurpose::Acknowledgement;

fn taken(id: &str) -> Command {
    accepted(id, ACK, day(1, "09:30"))
}

fn lost() -> Command {
    bounce("bounce-1", "ack-1", day(1, "10:00"), true)
}

#[test]
fn a_bounced_acknowledgement_is_owed_again_one_business_day_after_the_report() {
    let stage = given([taken("ack-1")])
        .when(lost())
        .then([
            "ContactLinked bounce-1",
            "CommunicationBounced ack-1 permanent",
            "MilestoneReopened house.acknowledge due 2026-06-03T00:00:00Z gen 2 bounced",
        ])
        .when(lost())
        .then_nothing();
    let milestone = &stage.complaint().clocks[0].milestones[0];
    assert_eq!((milestone.first_due_at, milestone.rungs_reached), (day(1, "13:00"), 0));
    assert_eq!(stage.complaint().communications[0].status, DeliveryStatus::Bounced);
    assert_eq!(milestone.rungs[3].at, milestone.due_at);
}

#[test]
fn another_acknowledgement_meets_it_again() {
    given([taken("ack-1"), lost()])
        .when(accepted("ack-2", ACK, day(2, "10:00")))
        .then(["CommunicationAccepted", "MilestoneMet house.acknowledge at 2026-06-02T10:00:00Z"]);
}

#[test]
fn a_second_acknowledgement_that_arrived_keeps_the_milestone_met() {
    given([taken("ack-1"), taken("ack-2")])
        .when(lost())
        .then(["ContactLinked bounce-1", "CommunicationBounced ack-1 permanent"]);
}

#[test]
fn a_report_that_comes_before_the_acceptance_was_noted_is_kept_and_wins() {
    let stage = given([lost()]).when(taken("ack-1")).then_nothing();
    assert!(stage.complaint().pending().iter().any(|(_, m)| m.id.as_str() == "acknowledge"));
}

#[test]
fn a_report_of_delay_is_recorded_only() {
    let waits = || bounce("bounce-1", "ack-1", day(1, "10:00"), false);
    let stage = given([taken("ack-1")])
        .when(waits())
        .then(["ContactLinked bounce-1", "CommunicationBounced ack-1 transient"])
        .when(waits())
        .then_nothing();
    assert_eq!(stage.complaint().communications[0].status, DeliveryStatus::Accepted);
    given([waits()])
        .when(taken("ack-1"))
        .then(["CommunicationAccepted", "MilestoneMet house.acknowledge at 2026-06-01T09:30:00Z"]);
}

#[test]
fn a_second_report_about_the_same_mail_is_linked_and_reopens_nothing() {
    given([taken("ack-1"), lost()])
        .when(bounce("bounce-2", "ack-1", day(2, "10:00"), true))
        .then(["ContactLinked bounce-2", "CommunicationBounced ack-1 permanent"]);
}

#[test]
fn a_report_in_a_contact_that_is_linked_already_is_noted() {
    given([taken("ack-1"), Command::Link(machine("bounce-1", day(1, "10:00")))]).when(lost()).then([
        "CommunicationBounced ack-1 permanent",
        "MilestoneReopened house.acknowledge due 2026-06-03T00:00:00Z gen 2 bounced",
    ]);
}

#[test]
fn a_closed_complaint_owes_no_acknowledgement_again() {
    given([taken("ack-1"), close(CloseReason::Withdrawn)])
        .when(lost())
        .then(["ContactLinked bounce-1", "CommunicationBounced ack-1 permanent"]);
}

#[test]
fn a_full_complaint_still_learns_that_its_acknowledgement_did_not_arrive() {
    let full = rules(r#"{"limits": {"contacts_per_complaint": 1}}"#);
    let stage = under(full).and([register(), taken("ack-1")]).and([lost()]);
    assert_eq!(stage.complaint().clocks[0].milestones[0].generation, 2);
    let answer = stage.when(bounce("bounce-2", "ack-1", day(2, "10:00"), true)).answer;
    assert_eq!(answer, Err(redress_domain::Refusal::TooManyContacts { limit: 1 }));
}

#[test]
fn people_and_reports_do_not_mix() {
    let stage = given([taken("ack-1"), lost(), Command::Link(person("contact-2", day(2, "10:00")))]);
    let machines = stage.complaint().contacts.iter().filter(|c| !c.machine.is_unspecified());
    assert_eq!(machines.count(), 1);
}

//! What became of communications.

use redress_contract::{CommunicationPurpose, Recipient, SuppressReason};
use redress_domain::command::Fate;
use redress_domain::{Command, CommunicationFact, DeliveryStatus, Refusal};

use crate::stage::{accepted, close, day, fact, given, id};

const ACK: CommunicationPurpose = CommunicationPurpose::Acknowledgement;

fn queued() -> Command {
    fact("ack-1", ACK, Fate::Queued("4.7.1".to_owned()))
}

fn failed() -> Command {
    fact("ack-1", ACK, Fate::Failed("5.0.0".to_owned()))
}

fn suppressed(reason: SuppressReason) -> Command {
    fact("ack-1", ACK, Fate::Suppressed(reason))
}

fn taken() -> Command {
    accepted("ack-1", ACK, day(1, "09:30"))
}

#[test]
fn an_accepted_acknowledgement_meets_its_milestone_in_the_same_commit() {
    given([])
        .when(taken())
        .then(["CommunicationAccepted", "MilestoneMet house.acknowledge at 2026-06-01T09:30:00Z"])
        .when(taken())
        .then_nothing();
}

#[test]
fn late_is_late() {
    let stage = given([])
        .when(accepted("ack-1", ACK, day(1, "13:01")))
        .then(["CommunicationAccepted", "MilestoneMet house.acknowledge at 2026-06-01T13:01:00Z late"]);
    assert!(stage.complaint().clocks[0].milestones[0].breached);
}

#[test]
fn on_the_second_is_in_time() {
    given([])
        .when(accepted("ack-1", ACK, day(1, "13:00")))
        .then(["CommunicationAccepted", "MilestoneMet house.acknowledge at 2026-06-01T13:00:00Z"]);
}

#[test]
fn what_was_not_taken_at_first_is_queued_once_and_accepted_later() {
    given([]).when(queued()).then(["CommunicationQueued"]).when(queued()).then_nothing().and([taken()]);
}

#[test]
fn news_that_comes_late_changes_nothing() {
    given([taken()]).when(queued()).then_nothing();
    given([taken()]).when(suppressed(SuppressReason::Machine)).then_nothing();
    given([failed()]).when(taken()).then_nothing();
    given([failed()]).when(queued()).then_nothing();
    given([suppressed(SuppressReason::Machine)]).when(queued()).then_nothing();
}

#[test]
fn an_acknowledgement_that_was_given_up_after_all_is_owed_again() {
    given([taken()]).at(day(1, "15:00")).when(failed()).then([
        "CommunicationFailed",
        "MilestoneReopened house.acknowledge due 2026-06-03T00:00:00Z gen 2 failed",
    ]);
}

#[test]
fn giving_up_what_was_never_accepted_leaves_the_deadline_as_it_is() {
    given([queued()]).when(failed()).then(["CommunicationFailed"]).when(failed()).then_nothing();
}

#[test]
fn what_goes_to_staff_meets_nothing() {
    let to_staff = Command::NoteCommunication(CommunicationFact {
        communication_id: id("mail-1"),
        purpose: ACK,
        recipient: Recipient::Owner,
        medium: redress_contract::Medium::Email,
        contact_id: None,
        fate: Fate::Accepted { at: day(1, "09:30"), provides: Vec::new() },
    });
    given([]).when(to_staff).then(["CommunicationAccepted"]);
}

#[test]
fn an_acknowledgement_kept_back_as_old_goes_out_after_a_person_released_it() {
    let kept = || suppressed(SuppressReason::ReceivedLongAgo);
    let stage = given([kept()]).when(Command::Release).then(["Released"]);
    assert_eq!(stage.complaint().communications[0].status, DeliveryStatus::Released);
    stage
        .when(kept())
        .then_nothing()
        .when(taken())
        .then(["CommunicationAccepted", "MilestoneMet house.acknowledge at 2026-06-01T09:30:00Z"])
        .when(Command::Release)
        .then_refused(&Refusal::NotHeld);
}

#[test]
fn what_a_restore_left_in_doubt_may_be_released_after_closing_too() {
    let doubtful = || suppressed(SuppressReason::PerhapsSent);
    given([doubtful(), close(redress_contract::CloseReason::Withdrawn)])
        .when(Command::Release)
        .then(["Released"])
        .when(doubtful())
        .then_nothing();
}

#[test]
fn another_guard_may_stop_what_was_released() {
    given([suppressed(SuppressReason::ReceivedLongAgo), Command::Release])
        .when(suppressed(SuppressReason::NoAddress))
        .then(["CommunicationSuppressed"])
        .when(Command::Release)
        .then_refused(&Refusal::NotHeld);
}

#[test]
fn an_acknowledgement_that_is_accepted_after_closing_is_noted_only() {
    given([close(redress_contract::CloseReason::Withdrawn)]).when(taken()).then(["CommunicationAccepted"]);
}

//! Somebody says that they look after an escalation: whom that spares, and when it counts.

use redress_contract::{CommunicationPurpose, Event, Recipient};
use redress_domain::command::{Acknowledge, Acknowledger, Told};
use redress_domain::{Command, Refusal};

use crate::stage::{Stage, accepted, at, bounce, day, fire, given, id, register};

fn acknowledge() -> Command {
    by(Acknowledger::Handler(id("h-1")), None)
}

fn from_the_mail(generation: u32, rung: u32) -> Command {
    by(Acknowledger::Role(Recipient::ComplaintsManager), Some(Told { generation, rung }))
}

fn by(by: Acknowledger, told: Option<Told>) -> Command {
    Command::Acknowledge(Acknowledge { clock: None, milestone: Some(id("acknowledge")), told, by })
}

/// The deadline of the acknowledgement passed: the complaints manager is told, as rung 4.
fn escalated() -> Stage {
    given([register()]).at(day(1, "13:00")).and([fire("house", "acknowledge", 1)])
}

#[test]
fn who_acknowledges_spares_the_next_rung_and_not_the_one_after() {
    escalated()
        .when(acknowledge())
        .then(["EscalationAcknowledged house.acknowledge 4 by h-1"])
        .at(day(3, "00:00"))
        .when(fire("house", "acknowledge", 1))
        .then(["Escalated 5 head_of_unit held back"])
        .at(day(5, "00:00"))
        .when(fire("house", "acknowledge", 1))
        .then(["Escalated 6 executive"]);
}

#[test]
fn acknowledged_anew_it_spares_the_rung_after_as_well() {
    escalated()
        .and([acknowledge()])
        .at(day(3, "00:00"))
        .and([fire("house", "acknowledge", 1)])
        .when(acknowledge())
        .then(["EscalationAcknowledged house.acknowledge 5 by h-1"])
        .at(day(5, "00:00"))
        .when(fire("house", "acknowledge", 1))
        .then(["Escalated 6 executive held back"]);
}

#[test]
fn after_an_outage_the_highest_rung_tells_though_a_lower_one_was_acknowledged() {
    escalated()
        .and([acknowledge()])
        .at(day(5, "00:00"))
        .when(fire("house", "acknowledge", 1))
        .then(["Escalated 5 head_of_unit overtaken held back", "Escalated 6 executive"]);
}

#[test]
fn acknowledged_twice_counts_once() {
    escalated().and([acknowledge()]).when(acknowledge()).then_nothing();
}

#[test]
fn a_mail_is_answered_once() {
    let next_day = escalated().and([from_the_mail(1, 4)]).at(day(3, "00:00"));
    next_day
        .and([fire("house", "acknowledge", 1)])
        .when(from_the_mail(1, 4))
        .then_nothing()
        .when(from_the_mail(1, 5))
        .then(["EscalationAcknowledged house.acknowledge 5 by complaints_manager"]);
}

#[test]
fn a_mail_that_is_answered_late_counts_for_the_highest_rung() {
    escalated()
        .at(day(3, "00:00"))
        .and([fire("house", "acknowledge", 1)])
        .when(from_the_mail(1, 4))
        .then(["EscalationAcknowledged house.acknowledge 5 by complaints_manager"]);
}

#[test]
fn what_is_not_late_is_not_acknowledged() {
    let warned = given([register()]).at(day(1, "12:00")).and([fire("house", "acknowledge", 1)]);
    warned.when(acknowledge()).then_refused(&Refusal::NotEscalated);
}

#[test]
fn what_is_done_is_not_acknowledged() {
    escalated()
        .and([accepted("comm-1", CommunicationPurpose::Acknowledgement, day(1, "14:00"))])
        .when(acknowledge())
        .then_refused(&Refusal::NotEscalated);
}

#[test]
fn owed_again_it_is_escalated_and_acknowledged_anew() {
    let again = escalated()
        .and([
            acknowledge(),
            accepted("comm-1", CommunicationPurpose::Acknowledgement, day(1, "14:00")),
            bounce("contact-2", "comm-1", day(1, "15:00"), true),
        ])
        .at(at("2026-07-01T00:00:00Z"));
    let outcome = again.when(fire("house", "acknowledge", 2));
    let held_back = |event: &Event| matches!(event, Event::Escalated(e) if e.held_back);
    assert!(!outcome.answer.iter().flatten().any(held_back));
}

#[test]
fn a_mail_from_before_it_was_owed_again_is_stale() {
    escalated()
        .and([
            accepted("comm-1", CommunicationPurpose::Acknowledgement, day(1, "14:00")),
            bounce("contact-2", "comm-1", day(1, "15:00"), true),
        ])
        .at(at("2026-07-01T00:00:00Z"))
        .and([fire("house", "acknowledge", 2)])
        .when(from_the_mail(1, 4))
        .then_refused(&Refusal::NotEscalated);
}

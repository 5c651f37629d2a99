//! Opening a complaint.

use redress_contract::{Disposition, Severity};
use redress_domain::{Command, Refusal, Register};

use crate::stage::{at, given, id, nothing, person, register, registered_as, registration, rules, under};

#[test]
fn a_complaint_is_on_the_clock_in_the_commit_that_registers_it() {
    nothing().when(register()).then([
        "Registered",
        "ContactLinked contact-1",
        "Classified",
        "Assigned",
        "ClockStarted house 2026-06-01T08:00:00Z",
        "MilestoneSet house.acknowledge due 2026-06-01T13:00:00Z gen 1",
        "MilestoneSet house.final_response due 2026-06-30T00:00:00Z gen 1",
    ]);
}

#[test]
fn harm_gets_a_clock_of_its_own() {
    nothing().when(registered_as(Disposition::Complaint, Severity::S1)).then([
        "Registered",
        "ContactLinked contact-1",
        "Classified",
        "Assigned",
        "ClockStarted house 2026-06-01T08:00:00Z",
        "MilestoneSet house.acknowledge due 2026-06-01T13:00:00Z gen 1",
        "MilestoneSet house.final_response due 2026-06-30T00:00:00Z gen 1",
        "ClockStarted safety 2026-06-01T08:00:00Z",
        "MilestoneSet safety.immediate_action due 2026-06-01T09:00:00Z gen 1",
    ]);
}

#[test]
fn whatever_is_no_complaint_owes_triage() {
    for disposition in Disposition::ALL.iter().filter(|d| **d != Disposition::Complaint) {
        let stage = nothing().and([registered_as(*disposition, Severity::S3)]);
        let [(clock, milestone)] = stage.complaint().pending()[..] else { panic!("one thing is owed") };
        assert_eq!((clock.id.as_str(), milestone.id.as_str()), ("triage", "triage"));
        assert_eq!(milestone.due_at, at("2026-06-04T00:00:00Z"));
    }
}

#[test]
fn a_complaint_that_no_policy_of_the_settings_covers_is_on_the_clock_all_the_same() {
    let rules = rules(
        r#"{"policies": [{"id": "banking", "applies_when": {"category": ["banking"]},
            "milestones": [{"id": "final_response", "span": {"business_days": "15"}}]}]}"#,
    );
    let stage = under(rules).and([register()]);
    let owed: Vec<_> =
        stage.complaint().pending().iter().map(|(clock, m)| format!("{}.{}", clock.id, m.id)).collect();
    assert_eq!(owed, ["fallback.acknowledge", "fallback.final_response"]);
}

#[test]
fn every_policy_that_applies_starts_a_clock_under_its_own_version() {
    let rules = rules(
        r#"{"policies": [
            {"id": "house", "milestones": [{"id": "acknowledge", "span": {"elapsed": "PT4S"}}]},
            {"id": "regulator", "regulator": true, "milestones": [{"id": "final_response", "span": {"weeks": "8"}}]}]}"#,
    );
    let stage = under(rules).and([register()]);
    let clocks = &stage.complaint().clocks;
    assert_eq!(clocks.iter().map(|c| c.policy.as_str()).collect::<Vec<_>>(), ["house", "regulator"]);
    for clock in clocks {
        assert!(stage.rules().versions().contains_key(&clock.policy_version));
    }
    assert_eq!(clocks[0].milestones[0].due_at, at("2026-06-01T08:00:04Z"));
    assert_eq!(clocks[1].milestones[0].due_at, at("2026-07-28T00:00:00Z"));
}

#[test]
fn the_clock_runs_from_the_moment_the_organisation_received_it() {
    let mut late = registration();
    late.link.received_at = at("2026-05-29T10:00:00Z");
    let stage = nothing().and([Command::Register(late)]);
    assert_eq!(stage.complaint().clocks[0].milestones[0].due_at, at("2026-05-29T14:00:00Z"));
}

#[test]
fn the_same_contact_opens_it_once() {
    given([]).when(register()).then_nothing();
}

#[test]
fn a_contact_that_was_linked_later_does_not_open_it_again() {
    let again = Register { link: person("contact-2", at("2026-06-01T09:00:00Z")), ..registration() };
    given([Command::Link(again.link.clone())]).when(Command::Register(again)).then_nothing();
}

#[test]
fn another_contact_cannot_open_it() {
    let other = Register { link: person("contact-9", at("2026-06-01T09:00:00Z")), ..registration() };
    given([]).when(Command::Register(other)).then_refused(&Refusal::AlreadyRegistered);
}

#[test]
fn nothing_but_a_registration_comes_first() {
    nothing().when(Command::Release).then_refused(&Refusal::NoSuchComplaint);
    nothing().when(Command::Accept { handler: id("h-1") }).then_refused(&Refusal::NoSuchComplaint);
}

#[test]
fn a_registration_without_its_ids_is_refused() {
    let mut nameless = registration();
    nameless.reference = redress_contract::Reference::default();
    nothing().when(Command::Register(nameless)).then_refused(&Refusal::Missing { what: "the reference" });
}

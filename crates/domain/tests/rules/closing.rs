//! The end of a complaint, and its return.

use redress_contract::{CloseReason, CommunicationPurpose, Disposition, Outcome, Severity};
use redress_domain::{Command, Refusal, Register, Status};

use crate::stage::{
    accept, accepted, bounce, close, day, decide_it, given, id, nothing, person, register, registered_as,
    registration, rules, under,
};

const FINAL: CommunicationPurpose = CommunicationPurpose::FinalResponse;

fn reopen() -> Command {
    Command::Reopen { reason: "dissatisfied".to_owned(), contact_id: None }
}

#[test]
fn a_decision_needs_a_handler_who_took_it_on() {
    given([]).when(decide_it()).then_refused(&Refusal::NotAccepted);
    given([accept()]).when(decide_it()).then(["Decided"]).when(decide_it()).then_nothing();
}

#[test]
fn a_decision_needs_a_category() {
    let mut bare = registration();
    bare.classification.category = String::new();
    nothing()
        .and([Command::Register(bare), accept()])
        .when(decide_it())
        .then_refused(&Refusal::NotClassified);
}

#[test]
fn a_decision_names_its_remedy_and_outcome() {
    let decision = |outcome, remedy: &str| Command::Decide {
        outcome,
        reasons_content_id: id("reasons-1"),
        remedy: remedy.to_owned(),
        handler: id("h-1"),
    };
    given([accept()]).when(decision(Outcome::Upheld, "  ")).then_refused(&Refusal::NoRemedy);
    given([accept()])
        .when(decision(Outcome::Upheld, "Refund to Ms Example"))
        .then_refused(&Refusal::NotAWord { what: "the remedy" });
    given([accept()])
        .when(decision(Outcome::Unspecified, "none"))
        .then_refused(&Refusal::Missing { what: "the outcome" });
    given([accept(), decide_it()])
        .when(decision(Outcome::NotUpheld, "none"))
        .then_refused(&Refusal::AlreadyDecided);
}

#[test]
fn closing_as_decided_needs_a_decision_the_complainant_was_sent() {
    given([accept()]).when(close(CloseReason::Decided)).then_refused(&Refusal::NotDecided);
    let decided = given([accept(), decide_it()])
        .when(close(CloseReason::Decided))
        .then_refused(&Refusal::DecisionNotCommunicated);
    decided
        .when(accepted("final-1", FINAL, day(2, "10:00")))
        .then(["CommunicationAccepted", "MilestoneMet house.final_response at 2026-06-02T10:00:00Z"])
        .when(close(CloseReason::Decided))
        .then(["Closed", "ClockStopped house closed"])
        .when(close(CloseReason::Decided))
        .then_nothing();
}

#[test]
fn a_final_response_that_bounced_communicated_nothing() {
    given([accept(), decide_it(), accepted("final-1", FINAL, day(2, "10:00"))])
        .when(bounce("bounce-1", "final-1", day(2, "11:00"), true))
        .then([
            "ContactLinked bounce-1",
            "CommunicationBounced final-1 permanent",
            "MilestoneReopened house.final_response due 2026-06-04T00:00:00Z gen 2 bounced",
        ])
        .when(close(CloseReason::Decided))
        .then_refused(&Refusal::DecisionNotCommunicated);
}

#[test]
fn the_response_to_an_earlier_decision_does_not_communicate_the_next() {
    given([accept(), decide_it(), accepted("final-1", FINAL, day(2, "10:00")), close(CloseReason::Decided)])
        .at(day(10, "09:00"))
        .and([reopen(), decide_it()])
        .when(close(CloseReason::Decided))
        .then_refused(&Refusal::DecisionNotCommunicated)
        .and([accepted("final-2", FINAL, day(10, "10:00"))])
        .when(close(CloseReason::Decided))
        .then(["Closed", "ClockStopped house-2 closed"]);
}

#[test]
fn other_reasons_close_it_at_once() {
    for reason in CloseReason::ALL.iter().filter(|reason| **reason != CloseReason::Decided) {
        let stage = given([]).and([close(*reason)]);
        assert!(!stage.complaint().is_open());
        assert_eq!(stage.complaint().running_clocks().count(), 0);
    }
    given([]).when(close(CloseReason::Unspecified)).then_refused(&Refusal::Missing { what: "the reason" });
}

#[test]
fn closing_meets_triage() {
    nothing()
        .and([registered_as(Disposition::Enquiry, Severity::S3)])
        .at(day(2, "10:00"))
        .when(close(CloseReason::NotAComplaint))
        .then([
            "Closed",
            "MilestoneMet triage.triage at 2026-06-02T10:00:00Z",
            "ClockStopped triage not_a_complaint",
        ]);
}

#[test]
fn only_a_closed_complaint_is_reopened() {
    given([]).when(reopen()).then_refused(&Refusal::NotClosed);
}

#[test]
fn reopening_starts_a_new_clock_without_a_second_acknowledgement() {
    let stage = given([close(CloseReason::Withdrawn)]).at(day(8, "10:00")).when(reopen()).then([
        "Reopened",
        "ClockStarted house-2 2026-06-08T10:00:00Z",
        "MilestoneSet house-2.final_response due 2026-07-07T00:00:00Z gen 1",
    ]);
    assert_eq!(stage.complaint().status, Status::InAssessment);
}

#[test]
fn reopening_because_of_a_reply_answers_its_review_and_counts_from_it() {
    let because = Command::Reopen { reason: "dissatisfied".to_owned(), contact_id: Some(id("contact-2")) };
    given([close(CloseReason::Withdrawn), Command::Link(person("contact-2", day(5, "10:00")))])
        .at(day(8, "10:00"))
        .when(because)
        .then([
            "Reopened",
            "MilestoneMet house-2.review_reply at 2026-06-08T10:00:00Z",
            "ClockStopped house-2 replaced",
            "ClockStarted house-3 2026-06-05T10:00:00Z",
            "MilestoneSet house-3.final_response due 2026-07-04T00:00:00Z gen 1",
        ]);
}

#[test]
fn what_counts_from_decision_or_closing_is_owed_from_then_on() {
    let rules = rules(
        r#"{"policies": [{"id": "house", "milestones": [
            {"id": "final_response", "span": {"weeks": "8"}},
            {"id": "remedy_done", "anchor": "decided", "span": {"business_days": "10"}, "met_by": ["closed"]},
            {"id": "satisfaction", "anchor": "closed", "span": {"calendar_days": "7"}, "met_by": ["any_outbound"]}]}]}"#,
    );
    under(rules)
        .and([Command::Register(Register { ..registration() }), accept()])
        .when(decide_it())
        .then(["Decided", "MilestoneSet house.remedy_done due 2026-06-16T00:00:00Z gen 1"])
        .when(close(CloseReason::Withdrawn))
        .then([
            "Closed",
            "MilestoneMet house.remedy_done at 2026-06-01T08:00:00Z",
            "ClockStopped house closed",
            "ClockStarted house-2 2026-06-01T08:00:00Z",
            "MilestoneSet house-2.satisfaction due 2026-06-09T00:00:00Z gen 1",
        ]);
}

#[test]
fn a_policy_that_the_settings_dropped_still_knows_its_milestones_by_name() {
    let old = rules(
        r#"{"policies": [{"id": "old", "milestones": [{"id": "acknowledge", "span": {"elapsed": "PT1H"}}]}]}"#,
    );
    let complaint = under(old).and([register()]).complaint().clone();
    let command = accepted("ack-1", CommunicationPurpose::Acknowledgement, day(1, "08:30"));
    let events = redress_domain::decide(Some(&complaint), &command, &rules("{}"), day(1, "08:30")).unwrap();
    assert_eq!(
        events.iter().map(redress_contract::Event::name).collect::<Vec<_>>(),
        ["CommunicationAccepted", "MilestoneMet"]
    );
}

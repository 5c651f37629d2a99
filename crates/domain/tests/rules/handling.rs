//! What handlers do with an open complaint.

use redress_contract::{CloseReason, CommunicationPurpose, Disposition, Hold, Severity};
use redress_domain::{Assignment, Classification, Command, Refusal, Status};

use crate::stage::{
    accept, accepted, classification, close, day, given, id, nothing, register, registered_as, rules, under,
};

fn classified_by_a_person(disposition: Disposition, severity: Severity) -> Command {
    Command::Classify(Classification { rule: String::new(), ..classification(disposition, severity) })
}

fn assigned(team: &str, handler: Option<&str>) -> Command {
    Command::Assign(Assignment { team: id(team), handler: handler.map(id), rule: String::new() })
}

#[test]
fn taking_it_on_begins_the_assessment() {
    let stage = given([]).when(accept()).then(["Accepted"]).when(accept()).then_nothing();
    assert_eq!(stage.complaint().status, Status::InAssessment);
    assert_eq!(stage.complaint().handler, Some(id("h-1")));
}

#[test]
fn a_colleague_may_take_over() {
    given([accept()]).when(Command::Accept { handler: id("h-2") }).then(["Accepted"]);
}

#[test]
fn taking_it_on_is_the_immediate_action_that_harm_asks_for() {
    nothing()
        .and([registered_as(Disposition::Complaint, Severity::S1)])
        .at(day(1, "08:20"))
        .when(accept())
        .then(["Accepted", "MilestoneMet safety.immediate_action at 2026-06-01T08:20:00Z"]);
}

#[test]
fn harm_found_later_asks_its_handler_to_act_now() {
    let harm = || classified_by_a_person(Disposition::Complaint, Severity::S1);
    given([accept()])
        .at(day(3, "10:00"))
        .when(harm())
        .then([
            "Classified",
            "ClockStarted safety 2026-06-01T08:00:00Z",
            "MilestoneSet safety.immediate_action due 2026-06-03T11:00:00Z gen 1",
        ])
        .when(harm())
        .then_nothing()
        .when(accept())
        .then(["Accepted", "MilestoneMet safety.immediate_action at 2026-06-03T10:00:00Z"]);
}

#[test]
fn harm_that_was_none_stops_its_clock() {
    nothing()
        .and([registered_as(Disposition::Complaint, Severity::S1)])
        .when(classified_by_a_person(Disposition::Complaint, Severity::S3))
        .then(["Classified", "ClockStopped safety replaced"]);
}

#[test]
fn triage_that_finds_a_complaint_starts_its_clock_from_receipt() {
    nothing()
        .and([registered_as(Disposition::Enquiry, Severity::S3)])
        .and([accepted("ack-1", CommunicationPurpose::Acknowledgement, day(1, "08:05"))])
        .at(day(1, "08:05"))
        .and([accept()])
        .at(day(2, "10:00"))
        .when(classified_by_a_person(Disposition::Complaint, Severity::S3))
        .then([
            "Classified",
            "MilestoneMet triage.triage at 2026-06-02T10:00:00Z",
            "ClockStopped triage replaced",
            "ClockStarted house 2026-06-01T08:00:00Z",
            "MilestoneSet house.acknowledge due 2026-06-01T13:00:00Z gen 1",
            "MilestoneSet house.final_response due 2026-06-30T00:00:00Z gen 1",
            "MilestoneMet house.acknowledge at 2026-06-01T08:00:00Z",
        ]);
}

#[test]
fn a_person_who_confirms_what_stands_has_looked_at_it() {
    let confirm = || classified_by_a_person(Disposition::Enquiry, Severity::S3);
    nothing()
        .and([registered_as(Disposition::Enquiry, Severity::S3)])
        .at(day(2, "10:00"))
        .when(confirm())
        .then(["Classified", "MilestoneMet triage.triage at 2026-06-02T10:00:00Z"])
        .when(confirm())
        .then_nothing();
}

#[test]
fn a_person_who_finds_that_it_is_no_complaint_has_triaged_it() {
    let enquiry = || classified_by_a_person(Disposition::Enquiry, Severity::S3);
    given([])
        .when(enquiry())
        .then([
            "Classified",
            "ClockStopped house replaced",
            "ClockStarted triage 2026-06-01T08:00:00Z",
            "MilestoneSet triage.triage due 2026-06-04T00:00:00Z gen 1",
            "MilestoneMet triage.triage at 2026-06-01T08:00:00Z",
        ])
        .when(enquiry())
        .then_nothing();
}

#[test]
fn a_policy_of_a_category_or_a_product_begins_when_a_person_says_it_is_one() {
    for (field, category, product) in [("category", "gas", ""), ("product", "general", "boiler")] {
        let value = if product.is_empty() { category } else { product };
        let json = format!(
            r#"{{"policies": [
                {{"id": "house", "milestones": [{{"id": "final_response", "span": {{"weeks": "8"}}}}]}},
                {{"id": "gas", "regulator": true, "applies_when": {{"{field}": ["{value}"]}},
                  "milestones": [{{"id": "final_response", "span": {{"weeks": "1"}}}}]}}]}}"#
        );
        let wish = Classification {
            category: category.to_owned(),
            product: product.to_owned(),
            rule: String::new(),
            ..classification(Disposition::Complaint, Severity::S3)
        };
        let stage = under(rules(&json)).and([register(), Command::Classify(wish)]);
        let running: Vec<_> =
            stage.complaint().running_clocks().map(|clock| clock.policy.to_string()).collect();
        assert!(running.contains(&"gas".to_owned()), "{field}: {running:?}");
    }
}

#[test]
fn a_rule_that_confirms_what_stands_says_nothing() {
    nothing()
        .and([registered_as(Disposition::Enquiry, Severity::S3)])
        .when(Command::Classify(classification(Disposition::Enquiry, Severity::S3)))
        .then_nothing();
}

#[test]
fn a_class_needs_all_its_parts() {
    let mut bare = classification(Disposition::Complaint, Severity::S3);
    bare.category = " ".to_owned();
    given([]).when(Command::Classify(bare)).then_refused(&Refusal::Missing { what: "the category" });
    let unknown = classification(Disposition::Unspecified, Severity::S3);
    given([]).when(Command::Classify(unknown)).then_refused(&Refusal::Missing { what: "the disposition" });
}

#[test]
fn it_is_assigned_once() {
    let stage = given([])
        .when(assigned("billing", Some("h-2")))
        .then(["Assigned"])
        .when(assigned("billing", Some("h-2")))
        .then_nothing();
    assert_eq!(stage.complaint().team, Some(id("billing")));
}

#[test]
fn it_is_held_and_released() {
    let hold = || Command::Hold { hold: Hold::AwaitingComplainant, content_id: None };
    let stage = given([]).when(hold()).then(["Held"]).when(hold()).then_nothing();
    assert_eq!(stage.complaint().pending().len(), 2);
    stage.when(Command::Release).then(["Released"]).when(Command::Release).then_refused(&Refusal::NotHeld);
}

#[test]
fn a_hold_says_for_whom() {
    given([])
        .when(Command::Hold { hold: Hold::Unspecified, content_id: None })
        .then_refused(&Refusal::Missing { what: "what it waits for" });
}

#[test]
fn a_note_may_be_added_at_any_time() {
    let note = || Command::AddNote { content_id: id("note-1"), author: id("h-1") };
    given([]).when(note()).then(["NoteAdded"]);
    given([close(CloseReason::Withdrawn)]).when(note()).then(["NoteAdded"]);
}

#[test]
fn a_closed_complaint_is_not_handled() {
    let closed = || given([close(CloseReason::Withdrawn)]);
    closed().when(accept()).then_refused(&Refusal::Closed);
    closed().when(assigned("billing", None)).then_refused(&Refusal::Closed);
    closed().when(classified_by_a_person(Disposition::Spam, Severity::S4)).then_refused(&Refusal::Closed);
    closed().when(Command::Hold { hold: Hold::LegalStay, content_id: None }).then_refused(&Refusal::Closed);
}

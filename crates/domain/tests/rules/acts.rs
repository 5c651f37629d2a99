//! What a party does about their complaint: takes it back, asks for a review.

use proptest::prelude::*;
use redress_contract::{
    Act, CloseReason, CommunicationPurpose, Disposition, Hold, MachineKind, PartyStanding, Severity,
};
use redress_domain::{Command, Link, Refusal, Status};

use crate::stage::{
    accept, accepted, close, day, decide_it, given, nothing, person, registered_as, registration, rules,
    under,
};

fn act(contact: &str, act: Act) -> Command {
    Command::NoteAct { link: person(contact, day(2, "10:00")), act }
}

fn withdraw() -> Command {
    act("contact-2", Act::Withdraw)
}

fn review() -> Command {
    act("contact-2", Act::RequestReview)
}

fn told() -> Command {
    accepted("final-1", CommunicationPurpose::FinalResponse, day(2, "09:00"))
}

#[test]
fn what_is_taken_back_is_closed_with_the_contact_that_says_so() {
    given([accept()])
        .when(withdraw())
        .then(["ContactLinked contact-2", "Closed", "ClockStopped house closed"])
        .when(withdraw())
        .then_nothing()
        // Sent again with another key: it is closed already, and nobody need read why.
        .when(act("contact-3", Act::Withdraw))
        .then(["ContactLinked contact-3"]);
    let held = Command::Hold { hold: Hold::AwaitingComplainant, content_id: None };
    let stage = given([held, withdraw()]);
    let Status::Closed { reason, .. } = stage.complaint().status else { panic!("it is open") };
    assert_eq!((reason, stage.complaint().hold), (CloseReason::Withdrawn, Hold::Unspecified));
}

#[test]
fn harm_is_looked_at_although_its_complaint_is_taken_back() {
    let stage = nothing()
        .and([registered_as(Disposition::Complaint, Severity::S1)])
        .when(withdraw())
        .then(["ContactLinked contact-2", "WithdrawalRequested"])
        .when(act("contact-3", Act::Withdraw))
        .then(["ContactLinked contact-3"]);
    assert!(stage.complaint().is_open() && stage.complaint().running_clocks().count() > 0);
    assert!(stage.complaint().withdrawal_requested_at.is_some());
    let stage = stage.and([close(CloseReason::Withdrawn)]);
    assert_eq!(stage.complaint().withdrawal_requested_at, None);
}

#[test]
fn what_a_regulator_or_a_court_waits_for_is_not_closed_by_its_complainant() {
    for hold in [Hold::AwaitingRegulator, Hold::LegalStay] {
        let held = Command::Hold { hold, content_id: None };
        given([held]).when(withdraw()).then(["ContactLinked contact-2", "WithdrawalRequested"]);
    }
}

#[test]
fn a_decision_is_not_taken_back() {
    let stage = given([accept(), decide_it()]).when(withdraw()).then(["ContactLinked contact-2"]);
    assert!(matches!(stage.complaint().status, Status::Decided { .. }));
    given([close(CloseReason::NoContact)]).when(withdraw()).then([
        "ContactLinked contact-2",
        "ClockStarted house-2 2026-06-02T10:00:00Z",
        "MilestoneSet house-2.review_reply due 2026-06-05T00:00:00Z gen 1",
    ]);
}

#[test]
fn a_review_opens_again_what_was_closed_and_gives_it_back_to_the_team() {
    let stage = given([accept(), decide_it(), told(), close(CloseReason::Decided)])
        .at(day(3, "10:00"))
        .when(review())
        .then([
            "ContactLinked contact-2",
            "ReviewRequested",
            "Assigned",
            "Reopened",
            "ClockStarted house-2 2026-06-02T10:00:00Z",
            "MilestoneSet house-2.final_response due 2026-07-01T00:00:00Z gen 1",
        ])
        .when(review())
        .then_nothing()
        .when(decide_it())
        .then_refused(&Refusal::NotAccepted);
    assert_eq!(stage.complaint().status, Status::InAssessment);
    assert_eq!(stage.complaint().review_requested_at, Some(day(3, "10:00")));
    let stage = stage.and([accept(), decide_it()]);
    assert_eq!(stage.complaint().review_requested_at, None);
}

#[test]
fn a_review_meets_what_was_owed_for_an_earlier_reply() {
    let replied = Command::Link(person("contact-9", day(1, "12:00")));
    given([close(CloseReason::NoContact), replied]).at(day(3, "10:00")).when(review()).then([
        "ContactLinked contact-2",
        "ReviewRequested",
        "Reopened",
        "MilestoneMet house-2.review_reply at 2026-06-03T10:00:00Z",
        "ClockStopped house-2 replaced",
        "ClockStarted house-3 2026-06-02T10:00:00Z",
        "MilestoneSet house-3.final_response due 2026-07-01T00:00:00Z gen 1",
    ]);
}

#[test]
fn a_decision_that_was_told_and_is_not_closed_may_be_reviewed_and_one_on_its_way_not_yet() {
    given([accept(), decide_it()]).when(review()).then(["ContactLinked contact-2"]);
    let stage = given([accept(), decide_it(), told()]).when(review());
    let names: Vec<_> = stage.answer.unwrap().iter().map(|event| event.name().to_owned()).collect();
    let clocks = ["ClockStopped", "ClockStarted", "MilestoneSet"];
    assert_eq!(names, [&["ContactLinked", "ReviewRequested", "Assigned", "Reopened"][..], &clocks].concat());
}

#[test]
fn before_a_decision_a_review_is_a_link() {
    given([accept()]).when(review()).then(["ContactLinked contact-2"]).when(review()).then_nothing();
}

#[test]
fn only_a_party_acts() {
    let unverified =
        Link { standing: PartyStanding::UnverifiedParty, ..person("contact-2", day(2, "10:00")) };
    let machine = Link { machine: MachineKind::AutoReply, ..unverified.clone() };
    for link in [unverified, machine] {
        for act in [Act::Withdraw, Act::RequestReview] {
            let command = Command::NoteAct { link: link.clone(), act };
            let stage = given([accept()]).when(command).then(["ContactLinked contact-2"]);
            assert!(stage.complaint().is_open());
        }
    }
}

#[test]
fn what_changes_a_complaint_finds_room_in_a_full_one() {
    let full = || {
        let rules = rules(r#"{"limits": {"contacts_per_complaint": 1}}"#);
        under(rules).and([Command::Register(registration())])
    };
    full()
        .when(Command::Link(person("contact-2", day(2, "10:00"))))
        .then_refused(&Refusal::TooManyContacts { limit: 1 });
    full().when(review()).then_refused(&Refusal::TooManyContacts { limit: 1 });
    full().when(withdraw()).then(["ContactLinked contact-2", "Closed", "ClockStopped house closed"]);
}

proptest! {
    #[test]
    fn no_act_closes_a_complaint_about_harm(acts in prop::collection::vec(prop::sample::select(Act::ALL), 1..8)) {
        let mut stage = nothing().and([registered_as(Disposition::Complaint, Severity::S1)]);
        for (n, what) in acts.into_iter().enumerate() {
            let outcome = stage.when(act(&format!("act-{n}"), what));
            prop_assert!(outcome.answer.is_ok());
            stage = outcome.stage;
            prop_assert!(stage.complaint().is_open());
        }
    }
}

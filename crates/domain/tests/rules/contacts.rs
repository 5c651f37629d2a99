//! Contacts that come later.

use redress_contract::{
    CloseReason, CommunicationId, CommunicationPurpose, MachineKind, PartyStanding, StopReason,
};
use redress_domain::{Command, Link, Refusal};

use crate::stage::{accepted, close, day, given, machine, person, register, rules, under};

#[test]
fn a_reply_on_an_open_complaint_is_linked_and_owes_nothing() {
    given([]).when(Command::Link(person("contact-2", day(2, "10:00")))).then(["ContactLinked contact-2"]);
}

#[test]
fn a_contact_is_linked_once() {
    let link = || Command::Link(person("contact-2", day(2, "10:00")));
    given([link()]).when(link()).then_nothing();
}

#[test]
fn a_reply_on_a_closed_complaint_owes_a_review_and_does_not_reopen() {
    let stage = given([close(CloseReason::Withdrawn)])
        .when(Command::Link(person("contact-2", day(2, "10:00"))))
        .then([
            "ContactLinked contact-2",
            "ClockStarted house-2 2026-06-02T10:00:00Z",
            "MilestoneSet house-2.review_reply due 2026-06-05T00:00:00Z gen 1",
        ]);
    assert!(!stage.complaint().is_open());
    stage.when(Command::Link(person("contact-3", day(3, "10:00")))).then(["ContactLinked contact-3"]);
}

#[test]
fn an_unverified_sender_owes_a_review_too_and_is_no_party() {
    let link = Link {
        standing: PartyStanding::UnverifiedParty,
        party: "ffff".to_owned(),
        ..person("contact-2", day(2, "10:00"))
    };
    let stage = given([close(CloseReason::Withdrawn)]).and([Command::Link(link)]);
    assert_eq!(stage.complaint().pending().len(), 1);
    assert!(!stage.complaint().has_party("ffff"));
    assert!(stage.complaint().has_party("0a1b"));
}

#[test]
fn a_machine_owes_nothing_on_a_closed_complaint() {
    let out_of_office = Link { machine: MachineKind::AutoReply, ..person("contact-2", day(2, "10:00")) };
    given([close(CloseReason::Withdrawn)])
        .when(Command::Link(out_of_office))
        .then(["ContactLinked contact-2"])
        .when(Command::Link(machine("contact-3", day(2, "10:00"))))
        .then(["ContactLinked contact-3"]);
}

#[test]
fn an_answer_meets_the_review_and_its_clock_stops() {
    let stage = given([close(CloseReason::Withdrawn), Command::Link(person("contact-2", day(2, "10:00")))])
        .when(accepted("comm-9", CommunicationPurpose::HoldingResponse, day(3, "12:00")))
        .then([
            "CommunicationAccepted",
            "MilestoneMet house-2.review_reply at 2026-06-03T12:00:00Z",
            "ClockStopped house-2 completed",
        ]);
    assert_eq!(stage.complaint().clocks[1].stopped, Some(StopReason::Completed));
    stage.when(Command::Link(person("contact-3", day(8, "10:00")))).then([
        "ContactLinked contact-3",
        "ClockStarted house-3 2026-06-08T10:00:00Z",
        "MilestoneSet house-3.review_reply due 2026-06-11T00:00:00Z gen 1",
    ]);
}

#[test]
fn a_reply_by_hand_is_an_answer_and_no_final_response() {
    let reply = |contact: &str| Command::NoteReply {
        link: machine(contact, day(3, "12:00")),
        communication_id: CommunicationId::new("comm-9").unwrap(),
    };
    given([]).when(reply("contact-2")).then(["ContactLinked contact-2", "CommunicationAccepted"]);
    given([close(CloseReason::Withdrawn), Command::Link(person("contact-2", day(2, "10:00")))])
        .when(reply("contact-3"))
        .then([
            "ContactLinked contact-3",
            "CommunicationAccepted",
            "MilestoneMet house-2.review_reply at 2026-06-03T12:00:00Z",
            "ClockStopped house-2 completed",
        ])
        .when(reply("contact-3"))
        .then_nothing()
        // Its copy, come in another way.
        .when(reply("contact-4"))
        .then(["ContactLinked contact-4"]);
}

#[test]
fn closing_again_says_that_the_reply_was_read() {
    given([close(CloseReason::Withdrawn), Command::Link(person("contact-2", day(2, "10:00")))])
        .at(day(2, "11:00"))
        .when(close(CloseReason::Withdrawn))
        .then(["MilestoneMet house-2.review_reply at 2026-06-02T11:00:00Z", "ClockStopped house-2 completed"])
        .when(close(CloseReason::Withdrawn))
        .then_nothing();
}

#[test]
fn a_policy_without_a_review_of_its_own_gets_the_house_review() {
    let rules = rules(
        r#"{"policies": [{"id": "bare", "milestones": [{"id": "final_response", "span": {"weeks": "8"}}]}]}"#,
    );
    under(rules)
        .and([register(), close(CloseReason::Withdrawn)])
        .when(Command::Link(person("contact-2", day(2, "10:00"))))
        .then([
            "ContactLinked contact-2",
            "ClockStarted fallback 2026-06-02T10:00:00Z",
            "MilestoneSet fallback.review_reply due 2026-06-05T00:00:00Z gen 1",
        ]);
}

#[test]
fn a_review_is_owed_from_the_reply_on_whatever_it_counts_from() {
    for anchor in ["received", "last_inbound", "decided", "closed"] {
        let milestones = format!(
            r#"[{{"id": "final_response", "span": {{"weeks": "8"}}}},
                {{"id": "review_reply", "anchor": "{anchor}", "span": {{"calendar_days": "1"}}, "on_demand": true}}]"#
        );
        let rules = rules(&format!(r#"{{"policies": [{{"id": "house", "milestones": {milestones}}}]}}"#));
        under(rules)
            .and([register(), close(CloseReason::Withdrawn)])
            .when(Command::Link(person("contact-2", day(2, "10:00"))))
            .then([
                "ContactLinked contact-2",
                "ClockStarted house-2 2026-06-02T10:00:00Z",
                "MilestoneSet house-2.review_reply due 2026-06-04T00:00:00Z gen 1",
            ]);
    }
}

#[test]
fn a_full_complaint_takes_no_more_but_knows_what_it_has() {
    let limit = rules(r#"{"limits": {"contacts_per_complaint": 2}}"#);
    let second = || Command::Link(person("contact-2", day(2, "10:00")));
    under(limit)
        .and([register(), second()])
        .when(Command::Link(person("contact-3", day(2, "11:00"))))
        .then_refused(&Refusal::TooManyContacts { limit: 2 })
        .when(second())
        .then_nothing();
}

#[test]
fn what_counts_from_the_last_contact_is_owed_again_once_it_was_answered() {
    let rules = rules(
        r#"{"policies": [{"id": "house", "milestones": [
            {"id": "answer", "anchor": "last_inbound", "span": {"business_days": "2"}, "met_by": ["any_outbound"]}]}]}"#,
    );
    under(rules)
        .and([register()])
        .when(Command::Link(person("contact-2", day(2, "10:00"))))
        .then(["ContactLinked contact-2"])
        .and([accepted("comm-1", CommunicationPurpose::HoldingResponse, day(2, "12:00"))])
        .when(Command::Link(person("contact-3", day(3, "10:00"))))
        .then(["ContactLinked contact-3", "MilestoneSet house.answer due 2026-06-06T00:00:00Z gen 2"]);
}

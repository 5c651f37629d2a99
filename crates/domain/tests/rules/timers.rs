//! What happens when a timer fires.

use redress_contract::{CloseReason, CommunicationPurpose, Disposition, Event, Severity};

use crate::stage::{
    accepted, at, bounce, close, day, fire, given, nothing, register, registered_as, rules, under,
};

const ACK: CommunicationPurpose = CommunicationPurpose::Acknowledgement;

#[test]
fn each_rung_is_recorded_when_it_is_due() {
    given([])
        .at(day(1, "10:59"))
        .when(fire("house", "acknowledge", 1))
        .then_nothing()
        .at(day(1, "11:00"))
        .when(fire("house", "acknowledge", 1))
        .then(["WarningReached 1 50% owner"])
        .when(fire("house", "acknowledge", 1))
        .then_nothing()
        .at(day(1, "12:00"))
        .when(fire("house", "acknowledge", 1))
        .then(["WarningReached 2 75% owner,team_lead"])
        .at(day(1, "12:36"))
        .when(fire("house", "acknowledge", 1))
        .then(["WarningReached 3 90% supervisor"])
        .at(day(1, "13:00"))
        .when(fire("house", "acknowledge", 1))
        .then(["MilestoneBreached house.acknowledge late by 0", "Escalated 4 complaints_manager"])
        .at(day(3, "00:00"))
        .when(fire("house", "acknowledge", 1))
        .then(["Escalated 5 head_of_unit"])
        .at(day(5, "00:00"))
        .when(fire("house", "acknowledge", 1))
        .then(["Escalated 6 executive"])
        .at(day(30, "00:00"))
        .when(fire("house", "acknowledge", 1))
        .then_nothing();
}

#[test]
fn after_an_outage_every_rung_is_recorded_and_only_the_highest_tells() {
    let outcome = given([]).at(day(3, "00:30")).when(fire("house", "acknowledge", 1));
    let late: Vec<_> = outcome
        .answer
        .iter()
        .flatten()
        .map(|event| match event {
            Event::WarningReached(e) => e.late_by_s,
            Event::Escalated(e) => e.late_by_s,
            Event::MilestoneBreached(e) => e.late_by_s,
            _ => 0,
        })
        .collect();
    let stage = outcome.then([
        "WarningReached 1 50% owner overtaken",
        "WarningReached 2 75% owner,team_lead overtaken",
        "WarningReached 3 90% supervisor overtaken",
        "MilestoneBreached house.acknowledge late by 127800",
        "Escalated 4 complaints_manager overtaken",
        "Escalated 5 head_of_unit",
    ]);
    assert_eq!(late, [135_000, 131_400, 129_240, 127_800, 127_800, 1_800]);
    assert!(stage.complaint().clocks[0].milestones[0].breached);
}

#[test]
fn the_next_rung_is_the_one_after_the_last_that_was_recorded() {
    let next = |complaint: &redress_domain::Complaint| {
        let milestones = complaint.clocks.iter().flat_map(|clock| &clock.milestones);
        let milestone = milestones.into_iter().find(|milestone| milestone.id.as_str() == "acknowledge");
        milestone.and_then(|milestone| milestone.next_rung()).map(|(number, _)| number)
    };
    let stage = given([]);
    assert_eq!(next(stage.complaint()), Some(1));
    let stage = stage.at(day(3, "00:30")).when(fire("house", "acknowledge", 1)).stage;
    let reached = next(stage.complaint()).unwrap();
    let stage = stage.at(day(5, "00:00")).when(fire("house", "acknowledge", 1)).stage;
    assert_eq!((reached, next(stage.complaint())), (6, None));
}

#[test]
fn a_stale_timer_is_harmless() {
    let later = day(9, "10:00");
    given([]).at(later).when(fire("house", "acknowledge", 7)).then_nothing();
    given([]).at(later).when(fire("nobody", "acknowledge", 1)).then_nothing();
    given([]).at(later).when(fire("house", "nothing", 1)).then_nothing();
    given([accepted("ack-1", ACK, day(1, "09:30"))])
        .at(later)
        .when(fire("house", "acknowledge", 1))
        .then_nothing();
    given([close(CloseReason::Withdrawn)]).at(later).when(fire("house", "acknowledge", 1)).then_nothing();
}

#[test]
fn a_reopened_milestone_climbs_its_ladder_again() {
    let stage =
        given([accepted("ack-1", ACK, day(1, "09:30")), bounce("b-1", "ack-1", day(1, "10:00"), true)])
            .at(day(9, "10:00"));
    stage
        .when(fire("house", "acknowledge", 1))
        .then_nothing()
        .at(day(3, "00:00"))
        .when(fire("house", "acknowledge", 2))
        .then([
            "WarningReached 1 50% owner overtaken",
            "WarningReached 2 75% owner,team_lead overtaken",
            "WarningReached 3 90% supervisor overtaken",
            "MilestoneBreached house.acknowledge late by 0",
            "Escalated 4 complaints_manager",
        ]);
}

#[test]
fn harm_starts_two_rungs_up() {
    nothing()
        .and([registered_as(Disposition::Complaint, Severity::S1)])
        .at(day(1, "08:45"))
        .when(fire("safety", "immediate_action", 1))
        .then([
            "WarningReached 1 50% owner,supervisor overtaken",
            "WarningReached 2 75% owner,team_lead,supervisor",
        ]);
}

#[test]
fn deadlines_may_be_seconds_away() {
    let rules = rules(
        r#"{"policies": [{"id": "demo", "ladder": "quick", "milestones": [
              {"id": "final_response", "span": {"elapsed": "PT4S"}}]}],
            "ladders": {"quick": [{"at": "50%", "tell": ["owner"]}, {"at": "due", "tell": ["supervisor"]},
              {"at": "+2s", "tell": ["executive"]}]}}"#,
    );
    under(rules)
        .and([register()])
        .at(at("2026-06-01T08:00:02Z"))
        .when(fire("demo", "final_response", 1))
        .then(["WarningReached 1 50% owner"])
        .at(at("2026-06-01T08:00:04.5Z"))
        .when(fire("demo", "final_response", 1))
        .then(["MilestoneBreached demo.final_response late by 0", "Escalated 2 supervisor"])
        .at(at("2026-06-01T08:00:06Z"))
        .when(fire("demo", "final_response", 1))
        .then(["Escalated 3 executive"]);
}

#[test]
fn a_ladder_that_tells_nobody_at_the_deadline_still_tells_whom_it_warned_last() {
    let rules = rules(
        r#"{"policies": [{"id": "p", "milestones": [{"id": "final_response", "span": {"elapsed": "PT4S"}}]}],
            "ladders": {"default": [{"at": "50%", "tell": ["owner"]}]}}"#,
    );
    under(rules).and([register()]).at(day(1, "09:00")).when(fire("p", "final_response", 1)).then([
        "WarningReached 1 50% owner",
        "MilestoneBreached p.final_response late by 3596",
        "Escalated 2  overtaken",
    ]);
}

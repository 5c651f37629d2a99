//! When the rungs of a ladder are reached.

use jiff::Timestamp;
use redress_contract::event::Rung;

use crate::stage::{at, register, registration, rules, under};
use redress_domain::{Command, Register};

fn rungs(span: &str, ladder: &str) -> Vec<Rung> {
    let json = format!(
        r#"{{"policies": [{{"id": "p", "milestones": [{{"id": "final_response", {span}}}]}}], "ladders": {{"default": [{ladder}]}}}}"#
    );
    let stage = under(rules(&json)).and([register()]);
    stage.complaint().clocks[0].milestones[0].rungs.clone()
}

#[track_caller]
fn check(span: &str, rung: &str, expected: &str) {
    let ladder = format!(r#"{{"at": "{rung}", "tell": ["owner"]}}"#);
    let told = rungs(span, &ladder).into_iter().find(|rung| !rung.recipients.is_empty());
    assert_eq!(told.map(|rung| rung.at), Some(at(expected)), "{rung} of {span}");
}

#[test]
fn shares_are_of_working_time_for_business_spans() {
    // Received on Monday at 08:00, an hour before the office opens.
    check(r#""span": {"business_time": "PT4H"}"#, "50%", "2026-06-01T11:00:00Z");
    check(r#""span": {"business_days": "1"}"#, "50%", "2026-06-01T17:00:00Z");
    check(r#""span": {"business_days": "1"}"#, "75%", "2026-06-02T13:00:00Z");
    check(r#""span": {"business_days": "5"}"#, "50%", "2026-06-03T17:00:00Z");
    check(r#""span": {"business_days": "5"}"#, "90%", "2026-06-08T12:12:00Z");
}

#[test]
fn shares_are_of_elapsed_time_otherwise() {
    check(r#""span": {"elapsed": "PT4S"}"#, "75%", "2026-06-01T08:00:03Z");
    check(r#""span": {"calendar_days": "1"}"#, "50%", "2026-06-02T04:00:00Z");
}

#[test]
fn rungs_after_the_deadline_count_from_it() {
    check(r#""span": {"elapsed": "PT4S"}"#, "+2s", "2026-06-01T08:00:06Z");
    check(r#""span": {"elapsed": "PT1H"}"#, "+30m", "2026-06-01T09:30:00Z");
    check(r#""span": {"elapsed": "PT1H"}"#, "+PT2H business_time", "2026-06-01T11:00:00Z");
    check(r#""span": {"business_time": "PT4H"}"#, "+1 business_days", "2026-06-03T00:00:00Z");
}

#[test]
fn midnight_at_the_end_of_a_day_belongs_to_that_day() {
    // Due at the end of Tuesday: one business day later is the end of Wednesday.
    check(r#""span": {"business_days": "1"}"#, "+1 business_days", "2026-06-04T00:00:00Z");
    // Due at the end of Friday: one business day later is the end of Monday.
    check(r#""span": {"business_days": "4"}"#, "+1 business_days", "2026-06-09T00:00:00Z");
    check(
        r#""span": {"business_days": "4"}, "end": "close_of_business""#,
        "+1 business_days",
        "2026-06-08T17:00:00Z",
    );
}

#[test]
fn rungs_come_in_the_order_of_their_times_with_the_deadline_among_them() {
    let found = rungs(
        r#""span": {"elapsed": "PT1H"}"#,
        r#"{"at": "+3 business_days", "tell": ["executive"]}, {"at": "90%", "tell": ["supervisor"]},
           {"at": "+30m", "tell": ["head_of_unit"]}, {"at": "50%", "tell": ["owner"]}"#,
    );
    let times: Vec<Timestamp> = found.iter().map(|rung| rung.at).collect();
    assert!(times.is_sorted());
    assert_eq!(found.iter().map(|rung| rung.percent).collect::<Vec<_>>(), [50, 90, 100, 0, 0]);
}

#[test]
fn twenty_business_days_over_a_holiday_share_out_what_is_worked() {
    let json = r#"{"calendars": {"office": {"zone": "Europe/London", "closed": {"2026-06-03": "Founders' Day"}}},
        "policies": [{"id": "p", "milestones": [{"id": "final_response", "span": {"business_days": "2"}}]}]}"#;
    let received = Register { ..registration() };
    let stage = under(rules(json)).and([Command::Register(received)]);
    let milestone = &stage.complaint().clocks[0].milestones[0];
    // 09:00 British Summer Time at receipt; Tuesday and Thursday are the two days.
    assert_eq!(milestone.due_at, at("2026-06-04T23:00:00Z"));
    assert_eq!(milestone.rungs[0].at, at("2026-06-02T12:00:00Z"));
}

//! The order of urgency.

use std::cmp::Ordering;

use redress_contract::{Disposition, Severity};
use redress_domain::queue::by_urgency;
use redress_domain::{Command, Complaint, Register, Rules};

use crate::stage::{classification, day, id, registration, rules, under};

fn two_policies() -> Rules {
    rules(
        r#"{"policies": [
            {"id": "house", "milestones": [{"id": "final_response", "span": {"business_days": "20"}}]},
            {"id": "law", "regulator": true, "applies_when": {"category": ["banking"]},
             "milestones": [{"id": "final_response", "span": {"weeks": "8"}}]}]}"#,
    )
}

fn complaint(name: &str, severity: Severity, category: &str, received: u8) -> Complaint {
    let mut register = Register {
        complaint_id: id(name),
        classification: classification(Disposition::Complaint, severity),
        ..registration()
    };
    category.clone_into(&mut register.classification.category);
    register.link.received_at = day(received, "08:00");
    under(two_policies()).and([Command::Register(register)]).complaint().clone()
}

#[test]
fn safety_then_the_regulator_then_severity_then_our_own_promise_then_receipt() {
    let rules = two_policies();
    let ordered = [
        complaint("safety", Severity::S1, "general", 9),
        complaint("regulator-soon", Severity::S4, "banking", 1),
        complaint("regulator-later", Severity::S2, "banking", 2),
        complaint("serious", Severity::S2, "general", 9),
        complaint("older", Severity::S3, "general", 1),
        complaint("newer", Severity::S3, "general", 2),
        complaint("newer-too", Severity::S3, "general", 2),
    ];
    for (index, left) in ordered.iter().enumerate() {
        for (other, right) in ordered.iter().enumerate() {
            assert_eq!(by_urgency(&rules, left, right), index.cmp(&other), "{} and {}", left.id, right.id);
        }
    }
    assert_eq!(by_urgency(&rules, &ordered[0], &ordered[0]), Ordering::Equal);
}

#[test]
fn a_promise_that_was_kept_presses_nobody() {
    let rules = two_policies();
    let waiting = complaint("b", Severity::S3, "general", 2);
    let mut kept = complaint("a", Severity::S3, "general", 1);
    kept.clocks[0].milestones[0].met_at = Some(day(3, "08:00"));
    assert_eq!(by_urgency(&rules, &waiting, &kept), Ordering::Less);
}

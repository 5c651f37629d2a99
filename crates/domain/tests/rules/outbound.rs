//! May this communication go out now?

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use redress_contract::{CommunicationPurpose, MachineKind, Recipient, SuppressReason};
use redress_domain::guard::{GuardLimits, Outgoing, Verdict, may_go_out};

use crate::stage::{at, day};

fn acknowledgement() -> Outgoing {
    Outgoing {
        purpose: CommunicationPurpose::Acknowledgement,
        recipient: Recipient::Complainant,
        machine: MachineKind::Unspecified,
        has_address: true,
        to_own_address: false,
        authenticated: false,
        received_at: day(1, "08:00"),
        recorded_at: day(1, "08:00"),
        perhaps_sent: false,
        released: false,
        recently: Vec::new(),
    }
}

fn asked(outgoing: &Outgoing) -> Verdict {
    may_go_out(outgoing, &GuardLimits::default(), day(1, "12:00"))
}

#[test]
fn an_ordinary_acknowledgement_goes() {
    assert_eq!(asked(&acknowledgement()), Verdict::Go);
}

#[test]
fn never_to_machines_to_ourselves_or_to_nowhere() {
    for machine in MachineKind::ALL {
        let outgoing = Outgoing { machine: *machine, ..acknowledgement() };
        assert_eq!(asked(&outgoing), Verdict::Suppress(SuppressReason::Machine));
    }
    let own = Outgoing { to_own_address: true, ..acknowledgement() };
    assert_eq!(asked(&own), Verdict::Suppress(SuppressReason::OwnAddress));
    let nowhere = Outgoing { has_address: false, ..acknowledgement() };
    assert_eq!(asked(&nowhere), Verdict::Suppress(SuppressReason::NoAddress));
}

#[test]
fn staff_are_told_whatever_the_contact_was() {
    let limits = GuardLimits { hold_all: true, ..GuardLimits::default() };
    let outgoing = Outgoing {
        purpose: CommunicationPurpose::Escalation,
        recipient: Recipient::Owner,
        machine: MachineKind::Bounce,
        received_at: at("2020-01-01T00:00:00Z"),
        recently: vec![day(1, "11:59"); 100],
        ..acknowledgement()
    };
    assert_eq!(may_go_out(&outgoing, &limits, day(1, "12:00")), Verdict::Go);
    let own = Outgoing { to_own_address: true, ..outgoing };
    assert_eq!(asked(&own), Verdict::Suppress(SuppressReason::OwnAddress));
}

#[test]
fn in_hold_mode_nothing_goes_to_complainants() {
    let limits = GuardLimits { hold_all: true, ..GuardLimits::default() };
    for purpose in [CommunicationPurpose::Acknowledgement, CommunicationPurpose::FinalResponse] {
        let outgoing = Outgoing { purpose, released: true, ..acknowledgement() };
        assert_eq!(
            may_go_out(&outgoing, &limits, day(1, "12:00")),
            Verdict::Suppress(SuppressReason::HoldMode)
        );
    }
}

#[test]
fn what_was_received_long_ago_is_acknowledged_after_a_person_released_it() {
    let aged = |hours| Outgoing {
        recorded_at: day(1, "08:00") + SignedDuration::from_hours(hours),
        ..acknowledgement()
    };
    assert_eq!(asked(&aged(72)), Verdict::Go);
    assert_eq!(asked(&aged(73)), Verdict::Suppress(SuppressReason::ReceivedLongAgo));
    assert_eq!(asked(&Outgoing { released: true, ..aged(73) }), Verdict::Go);
    let response = Outgoing { purpose: CommunicationPurpose::FinalResponse, ..aged(73) };
    assert_eq!(asked(&response), Verdict::Go);
}

#[test]
fn what_a_restore_left_in_doubt_goes_out_after_a_person_released_it() {
    for purpose in [CommunicationPurpose::Acknowledgement, CommunicationPurpose::FinalResponse] {
        let doubtful = Outgoing { purpose, perhaps_sent: true, ..acknowledgement() };
        assert_eq!(asked(&doubtful), Verdict::Suppress(SuppressReason::PerhapsSent));
        assert_eq!(asked(&Outgoing { released: true, ..doubtful }), Verdict::Go);
    }
    let to_staff = Outgoing { recipient: Recipient::Owner, perhaps_sent: true, ..acknowledgement() };
    assert_eq!(asked(&to_staff), Verdict::Go);
}

#[test]
fn a_flood_waits_until_its_window_frees() {
    let recently = |times: &[&str]| Outgoing {
        recently: times.iter().map(|time| day(1, time)).collect(),
        ..acknowledgement()
    };
    assert_eq!(asked(&recently(&["11:30"])), Verdict::Go);
    assert_eq!(asked(&recently(&["11:45", "11:30"])), Verdict::NotBefore(day(1, "12:30")));
    assert_eq!(asked(&recently(&["11:00", "11:30"])), Verdict::Go);
    let many = recently(&["08:00", "08:01", "08:02", "08:03", "08:04"]);
    assert_eq!(asked(&many), Verdict::NotBefore(day(2, "08:00")));
    let vouched = Outgoing { authenticated: true, ..recently(&["11:50", "11:30", "11:40", "11:20"]) };
    assert_eq!(asked(&vouched), Verdict::NotBefore(day(1, "12:20")));
    let response = Outgoing { purpose: CommunicationPurpose::FinalResponse, ..many };
    assert_eq!(asked(&response), Verdict::Go);
}

#[test]
fn a_limit_of_none_lets_none_go() {
    let limits = GuardLimits { anonymous_per_hour: 0, ..GuardLimits::default() };
    assert_eq!(may_go_out(&acknowledgement(), &limits, day(1, "12:00")), Verdict::NotBefore(day(1, "13:00")));
}

proptest! {
    #[test]
    fn sending_whenever_it_is_permitted_keeps_both_limits(waits in prop::collection::vec(0i64..4_000, 1..60)) {
        let limits = GuardLimits::default();
        let mut now = day(1, "08:00");
        let mut sent: Vec<Timestamp> = Vec::new();
        for wait in waits {
            now += SignedDuration::from_secs(wait);
            let outgoing = Outgoing { recently: sent.clone(), ..acknowledgement() };
            match may_go_out(&outgoing, &limits, now) {
                Verdict::Go => {}
                Verdict::NotBefore(free) => {
                    prop_assert!(free > now);
                    now = free;
                    prop_assert_eq!(may_go_out(&outgoing, &limits, now), Verdict::Go);
                }
                Verdict::Suppress(_) => prop_assert!(false),
            }
            sent.push(now);
            let within = |hours| {
                sent.iter().filter(|t| now.duration_since(**t) < SignedDuration::from_hours(hours)).count()
            };
            prop_assert!(within(1) <= 2);
            prop_assert!(within(24) <= 5);
        }
    }
}

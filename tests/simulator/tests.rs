//! The simulator finds what is broken, and nothing where nothing is.

use crate::defect::Defect;
use crate::house;
use crate::run::{first_wrong, run};

/// Seeds within which every defect is found.
const SEEDS: u64 = 400;

#[test]
fn every_broken_rule_is_found() {
    for defect in Defect::ALL {
        let found = first_wrong(&house(Some(defect)), 1..SEEDS);
        assert!(found.is_some(), "{defect:?} was not found within {SEEDS} seeds");
    }
}

#[test]
fn sound_rules_are_found_sound() {
    assert_eq!(first_wrong(&house(None), 1..60), None);
}

#[test]
fn a_seed_is_the_same_run_again() {
    let house = house(None);
    for seed in 1..10 {
        let (first, again) = (run(seed, &house), run(seed, &house));
        assert_eq!(format!("{first:?}"), format!("{again:?}"));
    }
}

//! Every seed and a few hundred changes of each, with the ordinary tests.

use std::path::Path;

use crate::changes::Dice;
use crate::{folder, seeds, targets};

/// Changes of each seed.
const CHANGES: u64 = 150;

#[test]
fn seeds_and_their_changes_are_borne() {
    for (name, target) in targets::TARGETS {
        let seeds = seeds(name).unwrap();
        for seed in &seeds {
            target(seed);
            let mut dice = Dice(seed.len() as u64);
            for _ in 0..CHANGES {
                target(&dice.changed(seed, &seeds));
            }
        }
        target(b"");
    }
}

#[test]
fn every_target_is_fuzzed_too() {
    let folder = folder();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let manifest = read(&folder.join("Cargo.toml"));
    for (name, _) in targets::TARGETS {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is no binary");
        let source = read(&folder.join(format!("fuzz_targets/{name}.rs")));
        assert!(source.contains(&format!("redress_fuzz::{name}(data)")), "fuzz_targets/{name}.rs");
    }
}

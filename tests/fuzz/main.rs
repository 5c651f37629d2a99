//! The fuzz targets without libFuzzer: every seed of `fuzz/seeds`, and a few hundred changes of each, determined by its
//! bytes. `make fuzz` looks further; what it finds is kept as a seed.
#![cfg(test)]

#[expect(unreachable_pub, reason = "a library of its own for libFuzzer")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

/// Changes of each seed.
const CHANGES: u64 = 150;

#[test]
fn seeds_and_their_changes_are_borne() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    for (name, target) in targets::TARGETS {
        let seeds = files(&folder.join(name));
        assert!(!seeds.is_empty(), "fuzz/seeds/{name} holds no seed");
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for (name, _) in targets::TARGETS {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is no binary");
        let source = std::fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(source.contains(&format!("redress_fuzz::{name}(data)")), "fuzz_targets/{name}.rs");
    }
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Numbers of the same order every time (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit.max(1) as u64).unwrap()
    }

    /// A seed with one to four changes: bytes flipped, cut, doubled, moved, or taken from another seed.
    fn changed(&mut self, seed: &[u8], seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let to = (at + 1 + self.below(40)).min(bytes.len());
            match self.below(7) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                1 if !bytes.is_empty() => bytes[at] = b"\0\r\n\"\\<>@.=?{}[],:;-"[self.below(19)],
                2 => drop(bytes.drain(at..to)),
                3 => bytes.truncate(at),
                4 => {
                    let piece = bytes.get(at..to).unwrap_or_default().to_vec();
                    let place = self.below(bytes.len());
                    bytes.splice(place..place, piece.repeat(1 + self.below(8)));
                }
                5 => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len());
                    let piece = other.get(from..(from + 60).min(other.len())).unwrap_or_default().to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => bytes.insert(at, u8::try_from(self.below(256)).unwrap()),
            }
        }
        bytes
    }
}

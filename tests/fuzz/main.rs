//! The fuzz targets without libFuzzer: seeds of `fuzz/seeds`, and changes of them for as long as is said. What is found is
//! written into `fuzz/artifacts` as libFuzzer would; mended, it becomes a seed. `make fuzz` looks further, since it sees
//! which code an input reaches.
//!
//! `fuzz [--seconds 60] [--seed 1] TARGET…`

mod changes;
#[expect(unreachable_pub, reason = "a library of its own for libFuzzer")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;
#[cfg(test)]
mod tests;

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use redress_tests::results::{Bar, Results, say};

use changes::Dice;

/// Longest an input may take, in seconds.
const SLOWEST: f64 = 1.0;

fn main() -> anyhow::Result<()> {
    let (mut seconds, mut number, mut names) = (60, 1, Vec::new());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut figure = || words.next().and_then(|word| word.parse().ok());
        match word.as_str() {
            "--seconds" => seconds = figure().context("--seconds wants a number")?,
            "--seed" => number = figure().context("--seed wants a number")?,
            _ => names.push(word),
        }
    }
    if names.is_empty() {
        let all: Vec<&str> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
        bail!("usage: fuzz [--seconds 60] [--seed 1] TARGET…, where the targets are: {}", all.join(", "));
    }
    let mut results = Results::default();
    for name in &names {
        go_on(name, Duration::from_secs(seconds), number, &mut results)?;
    }
    results.finish()
}

/// Changes seeds until the time is over or something is found.
fn go_on(name: &str, time: Duration, number: u64, results: &mut Results) -> anyhow::Result<()> {
    let target = targets::TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.with_context(|| format!("there is no target {name}"))?;
    let seeds = seeds(name)?;
    let (mut dice, begun) = (Dice(number), Instant::now());
    let (mut runs, mut finds, mut slowest) = (0, 0, Duration::ZERO);
    while begun.elapsed() < time && finds == 0 {
        let seed = &seeds[dice.below(seeds.len())];
        let input = dice.changed(seed, &seeds);
        let started = Instant::now();
        finds = usize::from(catch_unwind(|| target(&input)).is_err());
        slowest = slowest.max(started.elapsed());
        runs += 1;
        if finds > 0 || started.elapsed().as_secs_f64() > SLOWEST {
            say(&format!("kept as {}", keep(name, &input)?.display()));
        }
    }
    results.count(&format!("core.changes_{name}"), runs, "runs", Bar::None);
    results.tell(&format!("core.changes_{name}_slowest"), slowest.as_secs_f64(), "s", Bar::AtMost(SLOWEST));
    results.count(&format!("core.changes_{name}_finds"), finds, "finds", Bar::exactly(0));
    Ok(())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// The seeds of a target.
fn seeds(name: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let folder = folder().join("seeds").join(name);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
        paths.push(entry?.path());
    }
    ensure!(!paths.is_empty(), "{} holds no seed", folder.display());
    paths.sort();
    Ok(paths.iter().map(std::fs::read).collect::<Result<_, _>>()?)
}

fn keep(name: &str, input: &[u8]) -> anyhow::Result<PathBuf> {
    let folder = folder().join("artifacts").join(name);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(redress_contract::Commit::hash(input));
    std::fs::write(&path, input)?;
    Ok(path)
}

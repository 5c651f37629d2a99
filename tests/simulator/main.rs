//! The simulator: the pure cores of all services against a model of the broker, under every order of events that a seed
//! can think of. Deliveries come twice, in any order, and end between any two effects; effects fail, or are done and
//! their answer is lost; readers are behind; clocks differ. Whatever happens, the state at the end is the model's.
//!
//! `simulator --form short|long`, `--seeds N [--from S]`, or `--seed N` for one that failed. A run is determined by its
//! seed and the code: the same seed fails again. `--defect NAME` breaks a rule on purpose, to see it found.

mod check;
mod defect;
mod dice;
mod feed;
mod notifier;
mod router;
mod run;
mod service;
mod sla;
mod story;
#[cfg(test)]
mod tests;
mod world;

use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, bail};
use redress_domain::{Rules, RulesSettings};
use redress_identity::Keys;
use redress_tests::results::{Bar, Results, say};

use defect::Defect;
use run::{Seen, run};
use service::House;

/// A run is little else than small values made and dropped.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seeds that failed and are told one by one.
const TOLD_MAX: usize = 10;

/// After so many seeds it is told how far the run is.
const TOLD_EVERY: u64 = 50_000;

/// Short ladders, small complaints: everything happens within a few hundred turns.
const RULES: &str = r#"{
    "limits": {"contacts_per_complaint": 4},
    "ladders": {"default": [
        {"at": "50%", "tell": ["owner"]}, {"at": "due", "tell": ["complaints_manager"]}, {"at": "+30m", "tell": ["owner"]}]},
    "rules": [
        {"id": "banking", "when": {"subject": ["banking"]}, "category": "banking"},
        {"id": "danger", "when": {"subject": ["danger"]}, "severity": "S1"}],
    "policies": [
        {"id": "house", "applies_when": {"disposition": ["complaint"]}, "milestones": [
            {"id": "acknowledge", "span": {"business_time": "PT2H"}},
            {"id": "final_response", "span": {"business_days": "2"}},
            {"id": "answer", "anchor": "last_inbound", "span": {"elapsed": "PT6H"}, "met_by": ["any_outbound"]},
            {"id": "review_reply", "span": {"business_days": "1"}, "on_demand": true}]},
        {"id": "safety", "applies_when": {"disposition": ["complaint"], "severity": ["S1"]}, "milestones": [
            {"id": "immediate_action", "anchor": "became_aware", "span": {"elapsed": "PT1H"}}]},
        {"id": "law", "regulator": true, "applies_when": {"category": ["banking"]}, "milestones": [
            {"id": "final_response", "span": {"weeks": "1"}, "met_by": ["final_response_accepted", "decided"]}]}]}"#;

fn main() -> anyhow::Result<()> {
    let Asked { from, count, defect } = arguments()?;
    if count == 1 {
        let (world, _, _) = run::told(from, &house(defect));
        for line in check::told(&world.borrow()) {
            say(&line);
        }
    }
    let (seen, failed) = many(from, count, defect)?;
    for (seed, wrong) in failed.iter().take(TOLD_MAX) {
        say(&format!("seed {seed}: {}", wrong.join("; ")));
        say(&format!("  again: cargo run --release -p redress-tests --bin simulator -- --seed {seed}"));
    }
    say(&format!(
        "{} contacts, {} commits, {} mails, {} rungs; {} turns, {} handlers cut off, {} deliveries repeated",
        seen.contacts, seen.commits, seen.mails, seen.rungs, seen.turns, seen.cuts, seen.repeats
    ));
    let good = count - failed.len() as u64;
    let mut results = Results::default();
    #[expect(clippy::cast_precision_loss, reason = "counts of seeds are far below 2^52")]
    results.tell("core.simulator_seeds", good as f64, "seeds", Bar::Exactly(count as f64));
    results.finish()
}

/// What is asked for.
struct Asked {
    from: u64,
    count: u64,
    defect: Option<Defect>,
}

fn arguments() -> anyhow::Result<Asked> {
    let mut asked = Asked { from: 1, count: 20_000, defect: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{argument} needs a value"))?;
        let number =
            || value.parse::<u64>().with_context(|| format!("{argument} wants a number, not {value}"));
        match argument.as_str() {
            "--form" => match value.as_str() {
                "short" => asked.count = 20_000,
                "long" => asked.count = 1_000_000,
                other => bail!("the form is short or long, not {other}"),
            },
            "--seeds" => asked.count = number()?,
            "--from" => asked.from = number()?,
            "--seed" => (asked.from, asked.count) = (number()?, 1),
            "--defect" => {
                let known = Defect::named(&value);
                asked.defect =
                    Some(known.with_context(|| {
                        format!("there is no defect {value}; there are {:?}", Defect::ALL)
                    })?);
            }
            other => bail!(
                "unknown argument {other}; usage: simulator [--form short|long] [--seeds N] [--from N] [--seed N] [--defect NAME]"
            ),
        }
    }
    Ok(asked)
}

type Failures = Vec<(u64, Vec<String>)>;

/// Runs many seeds on all processors.
fn many(from: u64, count: u64, defect: Option<Defect>) -> anyhow::Result<(Seen, Failures)> {
    let next = AtomicU64::new(from);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let work = || {
        let house = house(defect);
        let (mut total, mut failed) = (Seen::default(), Failures::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + count {
                return (total, failed);
            }
            if seed > from && (seed - from).is_multiple_of(TOLD_EVERY) {
                say(&format!("{} of {count} seeds", seed - from));
            }
            let (wrong, sights) = run(seed, &house);
            total.add(sights);
            if !wrong.is_empty() {
                failed.push((seed, wrong));
            }
        }
    };
    let ended: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let (mut total, mut failed) = (Seen::default(), Failures::new());
    for worker in ended {
        let Ok((seen, wrong)) = worker else { bail!("a run panicked; see above") };
        total.add(seen);
        failed.extend(wrong);
    }
    failed.sort();
    Ok((total, failed))
}

/// The house all runs are in.
fn house(defect: Option<Defect>) -> Rc<House> {
    let settings: RulesSettings = serde_json::from_str(RULES).expect("the rules are written well");
    let rules = Rules::compile(&settings).expect("the rules are sound");
    let router = redress_router::Config::check(&redress_router::Settings::default());
    Rc::new(House {
        rules,
        keys: Keys::from_master(&[7; 32]),
        router: router.expect("the defaults are sound"),
        limits: redress_domain::guard::GuardLimits::default(),
        defect,
    })
}

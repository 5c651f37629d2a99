//! `make soak FORM=short|long`: faults on real processes, and then the record is compared with what complainants were
//! told (`redress_tests::checker`). Each part has a file of its own; `soak <part>…` runs some of them.
//!
//! `--mails <folder>` takes `mail/*.eml` and `manifest.jsonl` from a folder instead of mails of our own making;
//! `--append <file>` adds a row with date, commit, seed and figures to a page.

mod kills;
mod load;
mod mutations;
mod outage;
mod permissions;
mod points;
mod points_load;
mod points_scene;
mod poison;
mod processes;
mod quiet;
mod restore;
mod threads;
mod verification;
mod workload;

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use redress_tests::results::{Results, say};

/// The parts, in the order in which they run, each with what it does.
const PARTS: [(&str, &str); 8] = [
    ("threads", "two routers, threads of four mails in random order, a tenth of the mails in two mailboxes"),
    ("kills", "services and broker are killed while mails and forms come in"),
    ("points", "each service dies at each of its fail points in turn"),
    ("poison", "contacts that nobody can handle among many that anybody can"),
    ("outage", "the mail server is away for an hour"),
    ("mutations", "the log is changed behind the back of everybody, and `redress verify` is asked"),
    ("restore", "a backup of a running house, its broker lost, the backup put back"),
    ("permissions", "every user tries every class of subject on a broker told what `provision` prints"),
];

/// How much is done.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    long: bool,
    /// Seed of everything random.
    pub(crate) seed: u64,
    /// Kills, when asked for.
    pub(crate) kills: Option<usize>,
    /// Folder with mails of somebody else's making.
    pub(crate) folder: Option<std::path::PathBuf>,
    /// Page to which the run is added.
    append: Option<std::path::PathBuf>,
}

impl Form {
    /// The figure of this form.
    pub(crate) fn pick<T>(&self, short: T, long: T) -> T {
        if self.long { long } else { short }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    redress_runtime::http::install_tls();
    match soak().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            say(&format!("failed to {problem:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn soak() -> anyhow::Result<()> {
    let (form, chosen) = arguments()?;
    say(&format!("seed {}", form.seed));
    let mut results = Results::default();
    let chosen: Vec<(&str, &str)> = PARTS
        .into_iter()
        .filter(|(part, _)| chosen.is_empty() || chosen.iter().any(|it| it == part))
        .collect();
    for (part, what) in &chosen {
        say(&format!("\ncore.{part}: {what}"));
        let started = std::time::Instant::now();
        run(part, &form, &mut results).await.with_context(|| format!("soak {part}"))?;
        say(&format!("core.{part}: {} s", started.elapsed().as_secs()));
    }
    if let Some(page) = &form.append {
        let parts: Vec<&str> = chosen.iter().map(|(part, _)| *part).collect();
        verification::append(page, (form.seed, &parts.join(" ")), &results)?;
    }
    results.finish()
}

async fn run(part: &str, form: &Form, results: &mut Results) -> anyhow::Result<()> {
    match part {
        "threads" => threads::run(form, results).await,
        "kills" => kills::run(form, results).await,
        "points" => points::run(form, results).await,
        "poison" => poison::run(form, results).await,
        "permissions" => permissions::run(results).await,
        "outage" => outage::run(form, results).await,
        "restore" => restore::run(form, results).await,
        "mutations" => mutations::run(form, results).await,
        other => bail!("there is no part {other}"),
    }
}

fn arguments() -> anyhow::Result<(Form, Vec<String>)> {
    let mut form = Form { long: false, seed: 1, kills: None, folder: None, append: None };
    let mut seed = None;
    let mut parts = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--form" => match value()?.as_str() {
                "short" => form.long = false,
                "long" => form.long = true,
                other => bail!("the form is short or long, not {other}"),
            },
            "--seed" => seed = Some(value()?.parse().context("the seed is a number")?),
            "--append" => form.append = Some(value()?.into()),
            "--kills" => form.kills = Some(value()?.parse().context("kills are a number")?),
            "--mails" => form.folder = Some(value()?.into()),
            part if PARTS.iter().any(|(name, _)| *name == part) => parts.push(part.to_owned()),
            other => {
                let parts = PARTS.map(|(name, _)| name).join("|");
                bail!(
                    "unknown argument {other}; usage: soak [--form short|long] [--seed N] [--kills N] [--mails FOLDER] [--append PAGE] [{parts}]…"
                )
            }
        }
    }
    // What CI runs is the same each time; a long run looks where nobody has looked yet, and says where.
    form.seed = seed.unwrap_or_else(|| form.pick(1, fresh_seed()));
    Ok((form, parts))
}

fn fresh_seed() -> u64 {
    u64::try_from(redress_runtime::Clock::system().now().as_microsecond()).unwrap_or(1) % 1_000_000_000
}

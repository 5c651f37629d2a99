//! `make soak FORM=short|long`: real processes are killed with SIGKILL at random while mails come in through a real IMAP
//! server; then the record is compared with what was promised. Two replicas of the router race over threads.
//!
//! `--mails <folder>` takes `mail/*.eml` and `manifest.jsonl` from a folder instead of mails of our own making.

mod check;
mod crash;
mod restore;
mod threads;
mod workload;

use anyhow::{Context as _, bail};
use redress_tests::results::{Results, say};

/// How much is done.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// Mails of the crash test.
    pub(crate) mails: usize,
    /// Kills of the crash test.
    pub(crate) kills: usize,
    /// Threads of four mails for two routers.
    pub(crate) threads: usize,
    /// Seed of everything random.
    pub(crate) seed: u64,
    /// Folder with mails of somebody else's making.
    pub(crate) folder: Option<std::path::PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    redress_runtime::http::install_tls();
    let (form, parts) = arguments()?;
    say(&format!("seed {}", form.seed));
    let mut results = Results::default();
    if parts.is_empty() || parts.iter().any(|part| part == "threads") {
        say(
            "\ncore.threads: two routers, threads of four mails in random order, a tenth of the mails in two mailboxes",
        );
        threads::run(&form, &mut results).await?;
    }
    if parts.is_empty() || parts.iter().any(|part| part == "crash") {
        say("\ncore.crash: services and broker are killed while mails come in");
        crash::run(&form, &mut results).await?;
    }
    if parts.is_empty() || parts.iter().any(|part| part == "restore") {
        say("\ncore.restore: a backup of a running house, its broker lost, the backup put back");
        restore::run(&form, &mut results).await?;
    }
    results.finish()
}

fn arguments() -> anyhow::Result<(Form, Vec<String>)> {
    let mut form = Form { mails: 300, kills: 12, threads: 100, seed: 1, folder: None };
    let mut parts = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--form" => match value()?.as_str() {
                "short" => {}
                "long" => form = Form { mails: 2000, kills: 40, threads: 500, ..form },
                other => bail!("the form is short or long, not {other}"),
            },
            "--seed" => form.seed = value()?.parse().context("the seed is a number")?,
            "--kills" => form.kills = value()?.parse().context("kills are a number")?,
            "--mails" => form.folder = Some(value()?.into()),
            part if !part.starts_with('-') => parts.push(part.to_owned()),
            other => bail!(
                "unknown argument {other}; usage: soak [--form short|long] [--seed N] [--kills N] [--mails FOLDER] [threads|crash|restore]"
            ),
        }
    }
    Ok((form, parts))
}

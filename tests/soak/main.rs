//! `make soak FORM=short|long`: faults on real processes, and then the record is compared with what complainants were
//! told (`redress_tests::checker`). Each part has a file of its own; `soak <part>…` runs some of them.
//!
//! `--mails <folder>` takes `mail/*.eml` and `manifest.jsonl` from a folder instead of mails of our own making;
//! `--append <file>` adds a row with date, commit, seed and figures to a page.

mod battlefield;
mod bluesky;
mod borders;
mod broker;
mod clock;
mod dial;
mod disk;
mod erasing;
mod imap;
mod kills;
mod load;
mod mutations;
mod nodes;
mod outage;
mod partitions;
mod permissions;
mod phone;
mod points;
mod points_load;
mod points_scene;
mod poison;
mod power;
mod processes;
mod quiet;
mod restore;
mod room;
mod rungs;
mod social;
mod threads;
mod verification;
mod web;
mod workload;
mod writers;

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use redress_tests::results::{Results, say};

/// The parts, in the order in which they run, each with what it does.
const PARTS: &[(&str, &str)] = &[
    ("threads", "two routers, threads of four mails in random order, a tenth of the mails in two mailboxes"),
    ("kills", "services and broker are killed while mails and forms come in"),
    ("imap", "a real mailbox: IDLE, backlog, UIDVALIDITY, a killed server, tokens, replicas; then reconcile"),
    (
        "phone",
        "a call log that is appended to, cut off, written by two and rotated while its reader is killed; then reconcile",
    ),
    (
        "social",
        "a platform that is unwell: refused, broken and hanging answers, limits, and the service killed meanwhile",
    ),
    (
        "bluesky",
        "a whole Bluesky network: mentions, and answers in their threads, while the service is killed",
    ),
    ("points", "each service dies at each of its fail points in turn"),
    ("poison", "contacts that nobody can handle among many that anybody can"),
    ("outage", "the mail server is away for an hour"),
    ("mutations", "the log is changed behind the back of everybody, and `redress verify` is asked"),
    ("restore", "a backup of a running house, its broker lost, the backup put back"),
    ("permissions", "every user tries every class of subject on a broker told what `provision` prints"),
    ("broker", "a broker is killed while writers publish"),
    (
        "cluster",
        "random ones of three brokers are killed while writers publish; then each goes as a lame duck",
    ),
    ("nodes", "every service on three brokers, whose leaders go"),
    ("disk", "the broker's store, then its disk, runs full under real services"),
    ("clock", "the clock of the machine that keeps the deadlines jumps by two hours, ahead and back"),
    (
        "rungs",
        "replicas that keep the deadlines are killed, schedules vanish, their clock jumps an hour both ways",
    ),
    ("power", "the power is cut while writers publish"),
    ("tokens", "each kind of reply token, from each kind of sender, with each word about its authentication"),
    ("forgeries", "reply tokens changed, cut, exchanged and written otherwise"),
    ("headers", "hostile names, subjects and ids through the mail builder and back"),
    ("bombing", "forms that all name one victim"),
    ("markers", "marked personal data and secrets, looked for where none may be, while services are killed"),
    (
        "erasing",
        "a person is erased, the keys are rotated, the source is read again; on one node and on three",
    ),
    ("partitions", "three nodes are parted at random while writers publish on each side"),
    ("idempotency", "one key a thousand times, two hundred times at once, and with other words"),
    ("web-kills", "`web` and broker are killed while forms and posts come in"),
    ("cut-answers", "three in ten answers are cut on their way, and the senders send again"),
    ("overload", "a few senders ask fifty times as much as `web` can do, and another behaves"),
    ("large-upload", "bodies of a gibibyte, and two hundred senders who send a byte a second"),
];

/// Parts about the web channel alone.
const WEB: [&str; 5] = ["idempotency", "web-kills", "cut-answers", "overload", "large-upload"];

/// Runs only when it is named: it fetches a network of its own.
const NAMED: &str = "bluesky";

/// These mostly wait, and run beside the others, one after the other.
const BESIDE: [&str; 4] = ["poison", "points", "rungs", "partitions"];

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
    /// The part that runs in namespaces of its own: this process.
    inside: Option<String>,
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
    let mut results = Results::default();
    if let Some(part) = &form.inside {
        inside(part, &form, &mut results).await.with_context(|| format!("soak {part}"))?;
        return results.finish();
    }
    say(&format!("seed {}", form.seed));
    let chosen: Vec<(&str, &str)> = PARTS
        .iter()
        .copied()
        .filter(|(part, _)| chosen.is_empty() && *part != NAMED || chosen.iter().any(|it| it == part))
        .collect();
    let (beside, own): (Vec<_>, Vec<_>) = chosen.iter().partition(|(part, _)| BESIDE.contains(part));
    let (lane, own) = if own.is_empty() { (None, beside) } else { (room::beside(&beside, &form)?, own) };
    for (part, what) in own {
        let area = if WEB.contains(part) { "web" } else { "core" };
        say(&format!("\n{area}.{part}: {what}"));
        let started = std::time::Instant::now();
        run(part, &form, &mut results).await.with_context(|| format!("soak {part}"))?;
        say(&format!("{area}.{part}: {} s", started.elapsed().as_secs()));
    }
    if let Some(lane) = lane {
        say("\nbeside the others:");
        lane.leave(&mut results)?;
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
        "imap" => Box::pin(imap::run(form, results)).await,
        "phone" => Box::pin(phone::run(form, results)).await,
        "social" => Box::pin(social::run(form, results)).await,
        "bluesky" => Box::pin(bluesky::run(form, results)).await,
        "points" => points::run(form, results).await,
        "poison" => poison::run(form, results).await,
        "rungs" => rungs::run(form, results).await,
        "permissions" => permissions::run(results).await,
        "erasing" => erasing::run(results).await,
        "outage" => outage::run(form, results).await,
        "restore" => restore::run(form, results).await,
        "mutations" => mutations::run(form, results).await,
        "broker" => broker::one_node(form, results).await,
        "cluster" => broker::three_nodes(form, results).await,
        "nodes" => nodes::run(form, results).await,
        "tokens" => borders::tokens::run(results),
        "forgeries" => borders::forgeries::run(results),
        "headers" => borders::headers::run(form.seed, form.pick(20_000, 1_000_000), results),
        "bombing" => Box::pin(borders::bombing::run(form.seed, 10_000, results)).await,
        "markers" => borders::markers::run(form.seed, form.pick(200, 5_000), results).await,
        "idempotency" => web::idempotency::run(results).await,
        "web-kills" => web::kills::run(form, results).await,
        "cut-answers" => web::cut_answers::run(form, results).await,
        "overload" => web::overload::run(form, results).await,
        "large-upload" => web::large_upload::run(form, results).await,
        _ => room::enter(part, form)?.map_or(Ok(()), |room| room.leave(results)),
    }
}

/// What runs in namespaces of its own.
async fn inside(part: &str, form: &Form, results: &mut Results) -> anyhow::Result<()> {
    room::furnish()?;
    match part {
        "disk" => disk::run(results).await,
        "clock" => clock::run(results).await,
        "power" => power::run(form, results).await,
        "partitions" => partitions::run(form, results).await,
        other => bail!("there is no part {other}"),
    }
}

fn arguments() -> anyhow::Result<(Form, Vec<String>)> {
    let mut form = Form { long: false, seed: 1, kills: None, folder: None, append: None, inside: None };
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
            room::INSIDE => form.inside = Some(value()?),
            "--mails" => form.folder = Some(value()?.into()),
            part if PARTS.iter().any(|(name, _)| *name == part) => parts.push(part.to_owned()),
            other => {
                let parts = PARTS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("|");
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

//! One file per command. Each answers on standard output and fails with what it was doing.

mod act;
mod backup;
mod config;
mod dead;
mod deadline;
mod doctor;
mod erase;
mod events;
mod explain;
mod fold;
mod keys;
mod policy;
mod provision;
mod queue;
mod read;
mod reconcile;
mod reparse;
mod restore;
mod rotate;
mod run;
mod sender;
mod show;
mod simulate;
mod staff;
mod timeline;
mod up;
mod verify;

use std::collections::BTreeMap;
use std::process::ExitCode;

use redress_bus::users::{BACKUP, ERASE, OPERATOR};
use redress_runtime::logs;
use redress_runtime::settings::Problems;

use crate::cli::{Cli, Command, Keys, Policy, Staff};
use crate::house::{House, with_broker};
use crate::out::Out;
use crate::sealing::Need;
use crate::services::allowed;
use crate::settings::{self, Config};
use fold::Shown;
use rotate::Leftover;

/// Reads the settings and runs the command.
///
/// # Errors
/// What it was doing and why that failed; [`Problems`] for bad settings.
pub async fn run(cli: Cli, environment: &BTreeMap<String, String>, out: Out) -> anyhow::Result<ExitCode> {
    // Before there are settings: they are to hold what it prints.
    if let Command::Staff { what: Staff::HashPassword } = &cli.command {
        staff::hash_password(out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (settings, config) = settings::read(cli.config.as_deref(), environment)?;
    match cli.command {
        Command::Up => {
            start_logs(&config, None)?;
            up::run(config, environment, out).await?;
        }
        Command::Run { services } => {
            start_logs(&config, None)?;
            Box::pin(run::run(config, services, out)).await?;
        }
        Command::Config => config::run(&settings, out)?,
        Command::Deadline(asked) => deadline::run(&config.rules, &asked, out)?,
        Command::Policy { what: Policy::List { presets } } => policy::list(&config.rules, presets, out)?,
        Command::Policy { what: Policy::Show { policy } } => policy::show(&config.rules, &policy, out)?,
        Command::Policy { what: Policy::Check { file } } => {
            policy::check(&settings.rules, file.as_deref(), out)?;
        }
        Command::Keys { what: Keys::Init } => keys::init(&config, out)?,
        Command::Keys { what: Keys::Api { client } } => keys::api(&client, out)?,
        Command::Read { what } => return read::run(&config, &what, out),
        Command::Restore(restore) => {
            start_logs(&config, Some("warn"))?;
            return restore::run(config, &restore, environment, out).await;
        }
        Command::Provision(asked) => {
            start_logs(&config, Some("warn"))?;
            Box::pin(provision::run(&config, &asked, out)).await?;
        }
        Command::Simulate(asked) => {
            start_logs(&config, Some("warn"))?;
            let house = House::open(&with_broker(&config)?, OPERATOR, Need::NOTHING).await?;
            let told = async {
                simulate::run(&house, &settings.rules, &asked, out).await.map(|()| ExitCode::SUCCESS)
            };
            return allowed(house.bus(), told).await;
        }
        Command::Doctor => {
            start_logs(&config, Some("error"))?;
            return doctor::run(&settings, &config, out).await;
        }
        asked => {
            start_logs(&config, Some("warn"))?;
            let house = House::open(&with_broker(&config)?, user_of(&asked), need(&asked)).await?;
            return allowed(house.bus(), Box::pin(ask(asked, &config, &house, out))).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Which sealing keys a command needs.
fn need(command: &Command) -> Need {
    match command {
        Command::Show { .. } | Command::Reparse { .. } | Command::Erase(_) => Need::OPENS,
        Command::Act(_) => Need::SEALS,
        Command::Keys { .. } => Need::BOTH,
        _ => Need::NOTHING,
    }
}

/// Commands that ask a running system.
async fn ask(command: Command, config: &Config, house: &House, out: Out) -> anyhow::Result<ExitCode> {
    match command {
        Command::Queue { team, limit } => queue::run(house, team.as_ref(), limit, out).await?,
        Command::Show { complaint, whole } => {
            let shown = if whole { Shown::Whole } else { Shown::Folded };
            let country = config.router.default_country.as_deref();
            show::run(house, &complaint, (shown, country), out).await?;
        }
        Command::Reparse { contacts } => Box::pin(reparse::run(config, house, contacts, out)).await?,
        Command::Erase(erase) => erase::run(config, house, &erase, out).await?,
        Command::Explain { complaint } => {
            explain::run(&house.clone().remembering().await?, &complaint, out).await?;
        }
        Command::Policy { what: Policy::Repin { policy, dry_run } } => {
            policy::repin(&house.clone().remembering().await?, &policy, dry_run, out).await?;
        }
        Command::Act(act) => act::run(&house.clone().remembering().await?, act, out).await?,
        Command::Events(events) => events::run(config, house, &events, out).await?,
        Command::Dead { what } => dead::run(house, &what, out).await?,
        Command::Reconcile { account, gaps } => {
            return reconcile::run(config, house, (&account, reconcile::Shown::of(gaps)), out).await;
        }
        Command::Verify(verify) => return verify::run(house, &verify, out).await,
        Command::Backup(backup) => return backup::run(config, house, &backup, out).await,
        Command::Keys { what: Keys::Rotate { destroy_old } } => {
            return rotate::run(config, house, Leftover::of(destroy_old), out).await;
        }
        Command::Up
        | Command::Deadline(_)
        | Command::Policy { .. }
        | Command::Simulate(_)
        | Command::Restore(_)
        | Command::Run { .. }
        | Command::Config
        | Command::Keys { what: Keys::Init | Keys::Api { .. } }
        | Command::Provision(_)
        | Command::Staff { .. }
        | Command::Read { .. }
        | Command::Doctor => unreachable!("these are run without a connection"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Who a command logs in as.
fn user_of(command: &Command) -> &'static str {
    match command {
        Command::Backup(_) => BACKUP,
        Command::Erase(_) | Command::Keys { .. } => ERASE,
        _ => OPERATOR,
    }
}

/// Services log as the settings say; a command that answers a person is quiet unless something is wrong.
fn start_logs(config: &Config, quiet: Option<&str>) -> Result<(), Problems> {
    let filter = quiet.unwrap_or(&config.log.filter);
    let started = logs::start(config.log.format, filter);
    if quiet.is_none() {
        logs::guard_panics();
    }
    started.map_err(|message| {
        let mut problems = Problems::none();
        problems.note("log.filter", message);
        problems
    })
}

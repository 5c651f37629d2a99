//! `redress provision`: streams, buckets and consumers as the settings say, by the one identity that may change them;
//! and the identities themselves.

use std::path::Path;

use anyhow::Context as _;
use redress_bus::Bus;
use redress_bus::provision::{Act, Step};
use redress_bus::users::{PROVISION, configuration, roster, seed};
use serde_json::json;

use crate::cli::Provision;
use crate::house::with_broker;
use crate::out::Out;
use crate::services::allowed;
use crate::settings::Config;

pub(super) async fn run(config: &Config, asked: &Provision, out: Out) -> anyhow::Result<()> {
    if let Some(folder) = &asked.init_users {
        init_users(folder, if asked.print_nats_conf { None } else { Some(out) })?;
    }
    if asked.print_nats_conf {
        let folder = asked.init_users.clone().or_else(|| config.bus.users_folder.clone());
        let folder = folder.context("find the users: set [bus] users_folder, or name --init-users FOLDER")?;
        let text = configuration::accounts(&roster(), |user| seed::public_key(&folder, user))?;
        return Ok(out.line(text.trim_end())?);
    }
    if asked.init_users.is_some() {
        return Ok(());
    }
    let bus = Bus::connect(&with_broker(config)?.bus, PROVISION).await?;
    allowed(&bus, streams(&bus, asked, out)).await
}

fn init_users(folder: &Path, out: Option<Out>) -> anyhow::Result<()> {
    let users = roster();
    let made = seed::make_missing(folder, users.iter().map(|user| user.name))?;
    let Some(out) = out else { return Ok(()) };
    let value = json!({ "folder": folder, "made": made });
    let text = || match made.len() {
        0 => format!("{} holds the seeds of all users already.", folder.display()),
        _ => format!("Made the seeds of {} in {}.", made.join(", "), folder.display()),
    };
    Ok(out.either(&value, text)?)
}

async fn streams(bus: &Bus, asked: &Provision, out: Out) -> anyhow::Result<()> {
    let plan = bus.plan().await?;
    let mut kept = 0;
    for step in plan.steps() {
        if step.act == Act::Keep && !out.is_json() {
            kept += 1;
            continue;
        }
        out.either(step, || described(step))?;
    }
    if kept > 0 {
        out.line(format!("{kept} are as they must be."))?;
    }
    plan.refused()?;
    if !asked.dry_run {
        bus.apply(plan).await?;
    }
    Ok(())
}

fn described(step: &Step) -> String {
    let word = match step.act {
        Act::Keep => "keep",
        Act::Create => "create",
        Act::Change => "change",
        Act::Refuse => "refuse",
    };
    let differs: Vec<String> = step.differs.iter().map(ToString::to_string).collect();
    let colon = if differs.is_empty() { "" } else { ": " };
    format!("{word:<7} {}{colon}{}", step.name, differs.join("; "))
}

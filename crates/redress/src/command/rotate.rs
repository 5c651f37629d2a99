//! `redress keys rotate`: new sealing keys, every data key wrapped for them, the old ones put out of use.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use redress_vault::keyring::LOOK_AGAIN;
use redress_vault::rotate::Pass;
use redress_vault::{PrivateKey, PublicKey, Ring, Vault};
use serde_json::json;

use crate::data::replace;
use crate::house::House;
use crate::out::Out;
use crate::settings::Config;

/// Passes over the bucket before it is said that somebody goes on sealing for the old pair.
const PASSES_MAX: usize = 20;

/// What becomes of the old private keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leftover {
    /// They are kept in a file beside, until a person destroys it.
    Retired,
    /// Nothing is left of them.
    Destroyed,
}

impl Leftover {
    pub(super) fn of(destroy_old: bool) -> Self {
        if destroy_old { Self::Destroyed } else { Self::Retired }
    }
}

pub(super) async fn run(
    config: &Config,
    house: &House,
    leftover: Leftover,
    out: Out,
) -> anyhow::Result<ExitCode> {
    let pairs = config.sealing.pairs();
    for (private, public) in pairs.iter().filter(|(private, _)| private.exists()) {
        let newest = begin(private, public)?;
        out.either(&json!({ "key_file": private, "newest": newest }), || {
            format!("{newest} seals from now on ({})", public.display())
        })?;
    }
    // By then every process of this machine has looked at its key files again; and what is to be destroyed for good must
    // not be needed by an attempt that a slow broker still keeps waiting.
    let patience = if leftover == Leftover::Destroyed { config.bus.publish_patience } else { Duration::ZERO };
    tokio::time::sleep(LOOK_AGAIN * 3 + patience).await;
    let seals = config.sealing.read(crate::sealing::Need::BOTH)?;
    let vault = Vault::new(house.bus().clone(), std::sync::Arc::new(house.vault.keys().clone()), seals);
    let pass = rewrap(&vault).await?;
    for (private, public) in pairs.iter().filter(|(private, _)| private.exists()) {
        end(private, public, leftover, out)?;
    }
    tell(pass, out)
}

/// Adds a fresh key to both files, unless an earlier rotation was broken off: then its key is the newest already.
fn begin(private_file: &Path, public_file: &Path) -> anyhow::Result<String> {
    let ring: Ring<PrivateKey> = Ring::read(private_file)?;
    let mut keys = ring.keys().to_vec();
    if keys.len() == 1 {
        keys.push(PrivateKey::draw());
        // Whoever opens must have the key before anybody seals with it.
        replace(private_file, &private_lines(&keys))?;
    }
    let public: Vec<PublicKey> = keys.iter().map(PrivateKey::public).collect();
    replace(public_file, &public_lines(&public))?;
    Ok(keys.last().map(|newest| newest.id.to_string()).unwrap_or_default())
}

/// Until a whole pass finds nothing to do.
async fn rewrap(vault: &Vault) -> anyhow::Result<Pass> {
    let mut all = Pass::default();
    for _ in 0..PASSES_MAX {
        let pass = vault.rewrap().await.context("wrap every data key anew; do it again to go on")?;
        all = Pass { rewrapped: all.rewrapped + pass.rewrapped, ..pass };
        if pass.rewrapped == 0 {
            return Ok(all);
        }
    }
    bail!(
        "put the old key out of use: somebody goes on sealing for it; give every process the new public key"
    )
}

/// Only the newest key stays; what becomes of the others is the operator's choice.
fn end(private_file: &Path, public_file: &Path, leftover: Leftover, out: Out) -> anyhow::Result<()> {
    let ring: Ring<PrivateKey> = Ring::read(private_file)?;
    let keys = ring.keys();
    let Some((newest, old)) = keys.split_last() else { return Ok(()) };
    if leftover == Leftover::Retired && !old.is_empty() {
        let retired = retired(private_file);
        let mut kept: Vec<PrivateKey> =
            if retired.exists() { Ring::read(&retired)?.keys().to_vec() } else { Vec::new() };
        kept.extend(old.iter().cloned());
        replace(&retired, &private_lines(&kept))?;
        out.either(&json!({ "retired": retired }), || {
            format!(
                "The old private key lies in {} now: destroy it when nothing needs it.",
                retired.display()
            )
        })?;
    }
    replace(public_file, &public_lines(&[newest.public()]))?;
    replace(private_file, &private_lines(std::slice::from_ref(newest)))
}

/// Where old private keys lie until they are destroyed.
pub(super) fn retired(private_file: &Path) -> PathBuf {
    let mut name = private_file.as_os_str().to_owned();
    name.push(".retired");
    PathBuf::from(name)
}

fn tell(pass: Pass, out: Out) -> anyhow::Result<ExitCode> {
    let answer = json!({ "rewrapped": pass.rewrapped, "left": pass.left });
    out.either(&answer, || {
        let left = match pass.left {
            0 => String::new(),
            left => format!(" {left} are wrapped for keys that are not here: `redress doctor` names them."),
        };
        format!("{} data keys were wrapped anew.{left}", pass.rewrapped)
    })?;
    Ok(if pass.left == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn private_lines(keys: &[PrivateKey]) -> String {
    lines(keys.iter().map(|key| key.line().to_string()))
}

fn public_lines(keys: &[PublicKey]) -> String {
    lines(keys.iter().map(PublicKey::line))
}

/// Each with its end, the last one too.
fn lines(keys: impl Iterator<Item = String>) -> String {
    let mut lines: Vec<String> = keys.collect();
    lines.push(String::new());
    lines.join("\n")
}

//! What a service or command works with: one connection with an identity of its own, one log, one door, one clock.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use redress_bus::{Bus, Created};
use redress_contract::ComplaintId;
use redress_contract::subject::name::POLICIES;
use redress_intake::{Intake, references};
use redress_ledger::Ledger;
use redress_runtime::{Clock, Health};
use redress_vault::Vault;

use crate::data::read_keys;
use crate::sealing::Need;
use crate::settings::Config;

/// The shared parts.
#[derive(Debug, Clone)]
pub struct House {
    /// The door to personal content, over the broker connection.
    pub vault: Vault,
    /// The log.
    pub ledger: Ledger,
    /// The door for contacts.
    pub intake: Intake,
    /// The time.
    pub clock: Clock,
    /// What every part says about itself.
    pub health: Health,
}

impl House {
    /// Connects and shares.
    ///
    /// # Errors
    /// When a key that is needed cannot be read or the broker cannot be reached.
    pub async fn open(config: &Config, name: &str, need: Need) -> anyhow::Result<Self> {
        let keys = read_keys(&config.key_file)?;
        let seals = config.sealing.read(need)?;
        let bus = Bus::connect(&config.bus, name).await?;
        Ok(Self::of(config, Vault::new(bus, Arc::new(keys), seals)))
    }

    fn of(config: &Config, vault: Vault) -> Self {
        let clock = Clock::system();
        let ledger = Ledger::new(vault.clone(), Arc::new(config.rules.clone()), clock.clone());
        // Channels open nothing, also where router runs in the same process.
        let intake = Intake::new(vault.for_channels(), clock.clone());
        Self { vault, ledger, intake, clock, health: Health::new() }
    }

    /// The same, with health told at a place that several houses share.
    #[must_use]
    pub fn reporting_to(self, health: &Health) -> Self {
        Self { health: health.clone(), ..self }
    }

    /// The broker connection.
    pub fn bus(&self) -> &Bus {
        self.vault.bus()
    }

    /// Keeps the policies and calendars in force for as long as the log: decisions name them.
    ///
    /// # Errors
    /// When the broker does not take them.
    pub async fn pin_policies(&self) -> anyhow::Result<()> {
        let policies = self.bus().kv(POLICIES);
        let mut pinned = 0;
        for (hash, policy) in self.ledger.rules().versions() {
            match policies.create(&hash, policy.into()).await.context("pin the policies in force")? {
                Created::New => pinned += 1,
                Created::Exists(_) => {}
            }
        }
        if pinned > 0 {
            tracing::info!("Pinned {pinned} new versions of policies");
        }
        Ok(())
    }

    /// The same, with rules that also know every policy as it once was: running clocks follow the one they started with.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn remembering(self) -> anyhow::Result<Self> {
        let kept = self.bus().kv(POLICIES).entries("").await.context("read the policies that ever ran")?;
        let text = |(hash, json)| Some((hash, str::from_utf8(json).ok()?.to_owned()));
        let versions =
            kept.iter().map(|(hash, json)| (hash.clone(), json.as_ref())).filter_map(text).collect();
        let (rules, problems) = self.ledger.rules().clone().remembering(&versions);
        for problem in problems {
            tracing::warn!(
                "Cannot read an older policy, whose clocks now follow the one in force: {problem}"
            );
        }
        let ledger = Ledger::new(self.vault.clone(), Arc::new(rules), self.clock.clone());
        Ok(Self { ledger, ..self })
    }

    /// The complaint a person means: by its reference, or by its id.
    ///
    /// # Errors
    /// When there is none, or the broker does not answer.
    pub async fn find(&self, text: &str) -> anyhow::Result<ComplaintId> {
        if let Some(reference) = redress_identity::reference::parse(text) {
            let claim = references::look_up(&self.vault, &reference).await?;
            let Some(claim) = claim else { bail!("find {reference}: nobody was given this reference") };
            return Ok(claim
                .complaint_id
                .unwrap_or_else(|| self.vault.keys().complaint_id(&claim.contact_id)));
        }
        ComplaintId::new(text).with_context(|| format!("read {text:?} as a reference or a complaint id"))
    }
}

/// The settings with the broker that is meant: `[bus] servers`, else the one that `redress up` runs on the data folder.
///
/// # Errors
/// When there is neither.
pub fn with_broker(config: &Config) -> anyhow::Result<Config> {
    let mut config = config.clone();
    if config.bus.servers.is_empty() {
        let Some(record) = config.data.noted_broker() else {
            bail!(
                "find a broker: [bus] servers is empty, and no redress up runs on {}",
                config.data.path().display()
            );
        };
        config.bus.users_folder = Some(config.data.users());
        config.bus.monitor_urls = vec![record.monitor];
        config.bus.store_bytes_max = config.bus.store_bytes_max.or(Some(record.streams_bytes_max));
        config.bus.servers = vec![record.url];
    }
    Ok(config)
}

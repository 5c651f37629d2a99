//! What the streams hold: read straight from the broker, to compare with what was promised.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use futures::StreamExt as _;
use redress::data::BrokerRecord;
use redress_bus::Bus;
use redress_bus::config::Settings;
use redress_bus::users::OPERATOR;
use redress_contract::subject::name;
use redress_contract::{CloudEvent, Event};
use redress_domain::{Rules, RulesSettings};
use redress_identity::Keys;
use redress_ledger::Ledger;
use redress_runtime::Clock;
use redress_vault::{Ring, Seals, Vault};

/// A reader beside the running house.
#[derive(Debug, Clone)]
pub struct Records {
    /// The log.
    pub ledger: Ledger,
}

impl Records {
    /// Connects to a broker that asks for no login; the key file derives the same ids.
    ///
    /// # Errors
    /// When the key cannot be read or the broker is not there.
    pub async fn open(broker: &str, key_file: &Path) -> anyhow::Result<Self> {
        let settings = Settings { servers: vec![broker.to_owned()], ..Settings::default() };
        Self::connect(&settings, key_file).await
    }

    /// Connects to the broker of the `redress up` that runs on this data folder.
    ///
    /// # Errors
    /// When there is none.
    pub async fn beside(data: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(data.join("broker.json")).context("read how the broker is reached")?;
        let record: BrokerRecord = serde_json::from_str(&text)?;
        let users_folder = Some(data.join("users"));
        let settings = Settings { servers: vec![record.url], users_folder, ..Settings::default() };
        Self::connect(&settings, &data.join("identity.key")).await
    }

    async fn connect(settings: &Settings, key_file: &Path) -> anyhow::Result<Self> {
        let bus = Bus::connect(&redress_bus::Config::check(settings)?, OPERATOR).await?;
        let keys = Keys::from_hex(&std::fs::read_to_string(key_file).context("read the identity key")?)?;
        let beside = |name| key_file.with_file_name(name);
        let seals = Seals::default()
            .making(Ring::read(&beside("sealing.pub"))?)
            .opening(Ring::read(&beside("sealing.key"))?);
        Ok(Self::over(bus, keys, seals))
    }

    /// Over a connection that is there.
    ///
    /// # Panics
    /// Never: the house rules compile.
    pub fn over(bus: Bus, keys: Keys, seals: Seals) -> Self {
        let rules = Rules::compile(&RulesSettings::default()).expect("the house rules compile");
        let vault = Vault::new(bus, Arc::new(keys), seals);
        Self { ledger: Ledger::new(vault, Arc::new(rules), Clock::system()) }
    }

    /// The broker connection.
    pub fn bus(&self) -> &Bus {
        self.ledger.vault().bus()
    }

    /// Ids of all contacts on record.
    ///
    /// # Errors
    /// When INTAKE cannot be read.
    pub async fn contacts(&self) -> anyhow::Result<BTreeSet<String>> {
        let mut scan = self.bus().scan(name::INTAKE, "intake.>", 1).await?;
        let mut found = BTreeSet::new();
        while let Some(stored) = scan.next().await {
            found.insert(stored?.subject.rsplit('.').next().unwrap_or_default().to_owned());
        }
        Ok(found)
    }

    /// Every event of every complaint, as the log says: complaint → events in order.
    ///
    /// # Errors
    /// When COMPLAINTS cannot be read.
    pub async fn events(&self) -> anyhow::Result<BTreeMap<String, Vec<Event>>> {
        let mut entries = self.ledger.entries(1).await?;
        let mut found: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        while let Some(entry) = entries.next().await {
            let entry = entry?;
            let events = found.entry(entry.commit.complaint_id.to_string()).or_default();
            events.extend(entry.commit.events.into_iter().map(|e| e.event));
        }
        Ok(found)
    }

    /// The published feed: complaint → (seq, type) in the order of EVENTS.
    ///
    /// # Errors
    /// When EVENTS cannot be read or holds something that is no `CloudEvent`.
    pub async fn feed(&self) -> anyhow::Result<BTreeMap<String, Vec<(u32, String)>>> {
        let mut scan = self.bus().scan(name::EVENTS, "event.>", 1).await?;
        let mut found: BTreeMap<String, Vec<(u32, String)>> = BTreeMap::new();
        while let Some(stored) = scan.next().await {
            let event: CloudEvent =
                serde_json::from_slice(&stored?.body).context("read a published event")?;
            found.entry(event.subject.to_string()).or_default().push((event.seq, event.r#type));
        }
        Ok(found)
    }
}

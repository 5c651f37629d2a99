//! What the broker says: is it set safely, are the streams as they must be, is anything stuck.

use redress_bus::provision::{Act, Step};
use redress_vault::{PrivateKey, PublicKey, Ring};

use super::finding::{Finding, fail, ok, warn};
use super::monitor;
use crate::house::House;
use crate::settings::Config;

const PROVISION: &str = "redress provision --dry-run shows it, redress provision mends it";
pub(super) async fn look(config: &Config, named: &Config, house: &House) -> Vec<Finding> {
    let servers = named.bus.servers.join(", ");
    let mut findings = vec![ok("broker", format!("connected to {servers}"))];
    for url in &named.bus.monitor_urls {
        findings.extend(monitor::look(url).await);
    }
    if named.bus.monitor_urls.is_empty() {
        findings.push(warn(
            "monitoring",
            "it is not known where the brokers' is, so whether they sync before they acknowledge is not known either",
            "name their `http` addresses in [bus] monitor_urls",
        ));
    }
    findings.extend([streams(house).await, wrapped(config, house).await, dead(house).await]);
    findings
}

async fn streams(house: &House) -> Finding {
    let plan = match house.bus().plan().await {
        Ok(plan) => plan,
        Err(error) => return fail("streams", format!("failed to {error}"), PROVISION),
    };
    let differs: Vec<&Step> = plan.steps().filter(|step| step.act != Act::Keep).collect();
    let named = |act: Act| differs.iter().filter(move |step| step.act == act).map(|step| step.name.as_str());
    if let Err(error) = plan.refused() {
        let mend = "change the setting back on the broker, or the settings of Redress";
        return fail("streams", error.to_string(), mend);
    }
    if named(Act::Create).next().is_some() {
        let missing: Vec<&str> = named(Act::Create).collect();
        return fail("streams", format!("missing: {}", missing.join(", ")), PROVISION);
    }
    if differs.is_empty() {
        return ok("streams", "all there, none drifted");
    }
    let changed: Vec<&str> = named(Act::Change).collect();
    warn("streams", format!("other settings than these: {}", changed.join(", ")), PROVISION)
}

/// Every data key must be wrapped for a pair whose private half is at hand.
async fn wrapped(config: &Config, house: &House) -> Finding {
    const WHAT: &str = "data keys";
    let Ok(ring) = Ring::<PrivateKey>::read(&config.sealing.private) else {
        return ok(WHAT, "no private sealing key is here to try them with");
    };
    // The status page's private half may be elsewhere: that page is an extra.
    let status: Vec<PublicKey> =
        Ring::read(&config.sealing.status_public).map(|ring| ring.keys().to_vec()).unwrap_or_default();
    let counts = match house.vault.wrapped_for().await {
        Ok(counts) => counts,
        Err(error) => {
            return warn(WHAT, format!("failed to {error}"), PROVISION);
        }
    };
    let held = ring.keys();
    let ids = held.iter().map(|private| &private.id).chain(status.iter().map(|public| &public.id));
    let has = |pair: &str| ids.clone().any(|id| id.as_str() == pair);
    let strange: Vec<String> = counts
        .iter()
        .filter(|(pair, _)| !has(pair))
        .map(|(pair, count)| format!("{count} for {pair}"))
        .collect();
    if strange.is_empty() {
        let count: u64 = counts.values().sum();
        return ok(WHAT, format!("{count}, each wrapped for a key that is here"));
    }
    fail(
        WHAT,
        format!("wrapped for keys that are not here: {}", strange.join(", ")),
        "put those private keys back into [keys] private_file, from sealing.key.retired or your backup, \
         and run `redress keys rotate`",
    )
}

async fn dead(house: &House) -> Finding {
    match house.bus().dead_letters().await {
        Ok(letters) if letters.is_empty() => ok("dead letters", "none"),
        Ok(letters) => warn("dead letters", format!("{} wait", letters.len()), "redress dead list"),
        Err(error) => warn("dead letters", format!("failed to {error}"), PROVISION),
    }
}

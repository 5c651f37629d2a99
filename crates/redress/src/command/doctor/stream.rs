//! What the broker says: is it set safely, are the streams as they must be, is anything stuck.

use redress_bus::provision::{Act, Step};

use super::finding::{Finding, fail, ok, warn};
use super::monitor;
use crate::house::House;
use crate::settings::Config;

const PROVISION: &str = "redress provision --dry-run shows it, redress provision mends it";
pub(super) async fn look(named: &Config, house: &House) -> Vec<Finding> {
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
    findings.extend([streams(house).await, dead(house).await]);
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

async fn dead(house: &House) -> Finding {
    match house.bus().dead_letters().await {
        Ok(letters) if letters.is_empty() => ok("dead letters", "none"),
        Ok(letters) => warn("dead letters", format!("{} wait", letters.len()), "redress dead list"),
        Err(error) => warn("dead letters", format!("failed to {error}"), PROVISION),
    }
}

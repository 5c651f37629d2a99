//! `redress doctor`: tries what the settings name and says what is wrong and how to mend it.

mod clamd;
mod deadlines;
mod finding;
mod host;
mod mail;
mod monitor;
mod phone;
mod social;
mod stream;

use std::process::ExitCode;

use redress_bus::users::OPERATOR;
use redress_vault::Vault;
use serde_json::json;

use crate::house::{House, with_broker};
use crate::out::Out;
use crate::sealing::Need;
use crate::services::allowed;
use crate::settings::{Config, Settings};

use finding::{Finding, Verdict, fail, ok};

pub(super) async fn run(settings: &Settings, config: &Config, out: Out) -> anyhow::Result<ExitCode> {
    let mut findings = vec![ok("settings", "every key is known and fits")];
    findings.extend(host::look(config));
    findings.extend(deadlines::look(config));
    let (broker, vault) = broker(config).await;
    findings.extend(broker);
    findings.extend(mail::look(settings, config, vault.as_ref()).await);
    findings.extend(phone::look(settings, config, vault.as_ref()).await);
    findings.extend(social::look(config, vault.as_ref()).await);
    findings.extend(clamd::look(config).await);
    let mut failed = false;
    for finding in &findings {
        failed |= finding.verdict == Verdict::Fail;
        tell(finding, out)?;
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What is found of the broker, and the way to it when there is one.
async fn broker(config: &Config) -> (Vec<Finding>, Option<Vault>) {
    let named = match with_broker(config) {
        Ok(named) => named,
        Err(error) => {
            let mend = "start `redress up`, or name brokers in [bus] servers";
            return (vec![fail("broker", format!("{error:#}"), mend)], None);
        }
    };
    match House::open(&named, OPERATOR, Need::NOTHING).await {
        Ok(house) => {
            let looked = async { Ok(stream::look(config, &named, &house).await) };
            let looked = allowed(house.bus(), looked).await.unwrap_or_else(|denied| {
                let mend = "give the broker what `redress provision --print-nats-conf` prints, and reload it";
                vec![fail("permissions", format!("failed to {denied:#}"), mend)]
            });
            (looked, Some(house.vault))
        }
        Err(error) => {
            let mend = "see that the broker runs, that [bus] servers and the login are right, and that the key is there";
            (vec![fail("broker", format!("failed to {error:#}"), mend)], None)
        }
    }
}

fn tell(finding: &Finding, out: Out) -> std::io::Result<()> {
    let value = json!({
        "verdict": finding.verdict.word(), "what": finding.what, "found": finding.found, "mend": finding.mend,
    });
    out.either(&value, || {
        let mend = finding.mend.as_ref().map(|mend| format!("\n      → {mend}")).unwrap_or_default();
        format!("{:<5} {}: {}{mend}", finding.verdict.word(), finding.what, finding.found)
    })
}

//! Accounts on social platforms: whether they can be signed in to, who reads them, how they fare.

use redress_intake::health::State;
use redress_intake::health::tell::{Event, last_told};
use redress_social::config::{Account, Config as SocialConfig};
use redress_vault::Vault;

use super::finding::{Finding, fail, ok, warn};
use crate::settings::Config;

pub(super) async fn look(config: &Config, vault: Option<&Vault>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let told = match vault {
        Some(vault) => last_told(vault.bus(), "social").await.unwrap_or_default(),
        None => Vec::new(),
    };
    for (name, account) in &config.social.accounts {
        let what = format!("{} account {name}", redress_social::platform_of(account).word());
        if let Some(vault) = vault {
            findings.push(signed_in(&what, (name, account), &config.social, vault).await);
        }
        findings.push(fares(&what, told.iter().find(|event| event.data.account == *name)));
    }
    findings
}

async fn signed_in(what: &str, (name, _): (&str, &Account), config: &SocialConfig, vault: &Vault) -> Finding {
    match redress_social::sign_in(name, config, vault, redress_runtime::Clock::system()).await {
        Ok(own) if own.is_empty() => ok(what, "it is read only"),
        Ok(own) => ok(what, format!("we are {} there", own.join(", "))),
        Err(trouble) => {
            let mend = match trouble.kind {
                redress_intake::health::Kind::Auth => {
                    "make a new token or app password, and put it into the settings"
                }
                redress_intake::health::Kind::Permission => {
                    "give the token the rights that docs/social.md names"
                }
                _ => "see whether url is right, and whether this machine reaches it",
            };
            fail(what, trouble.reason, mend)
        }
    }
}

/// How it fares by whoever reads it.
fn fares(what: &str, told: Option<&Event>) -> Finding {
    let Some(event) = told else {
        return warn(
            what,
            "nobody has read it yet".to_owned(),
            "start the service: redress run social, or redress up",
        );
    };
    let data = &event.data;
    match data.state {
        State::Healthy => ok(what, format!("healthy since {}", event.time)),
        State::Degraded => {
            warn(what, format!("degraded: {}", data.reason), "docs/social.md says what may be behind it")
        }
        state => {
            fail(what, format!("{}: {}", state.word(), data.reason), "docs/social.md says how to mend it")
        }
    }
}

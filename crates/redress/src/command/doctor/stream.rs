//! What the broker says: does it sync, are the streams as they must be, is anything stuck.

use redress_contract::subject::name::COMPLAINTS;
use serde_json::Value;

use super::finding::{Finding, fail, ok, warn};
use crate::house::House;
use crate::settings::Config;

const SYNC_MEND: &str = "set `sync_interval: \"always\"` in its jetstream block and restart it; without it, \
                         acknowledged data is lost when the power fails";

pub(super) async fn look(config: &Config, named: &Config, house: &House) -> Vec<Finding> {
    let servers = named.bus.servers.join(", ");
    vec![
        ok("broker", format!("connected to {servers}")),
        sync(config).await,
        streams(house).await,
        dead(house).await,
    ]
}

/// Only the broker of `redress up` tells us where its monitoring is.
async fn sync(config: &Config) -> Finding {
    let Some(record) = config.data.noted_broker().filter(|_| config.bus.servers.is_empty()) else {
        let found = "the monitoring of the brokers is not known here, so whether they sync before they acknowledge is not";
        return warn(
            "sync_interval",
            found,
            "look at jetstream.config.sync_always in their /varz; it must be true",
        );
    };
    match varz(&record.monitor).await {
        Ok(varz) if varz["jetstream"]["config"]["sync_always"] == true => {
            ok("sync_interval", "always: what is acknowledged is on disk")
        }
        Ok(_) => fail("sync_interval", "the broker acknowledges before it syncs", SYNC_MEND),
        Err(error) => {
            warn("sync_interval", format!("failed to ask {}: {error:#}", record.monitor), SYNC_MEND)
        }
    }
}

async fn varz(monitor: &str) -> anyhow::Result<Value> {
    let answer = redress_runtime::http::client()?.get(format!("{monitor}/varz")).send().await?;
    Ok(answer.error_for_status()?.json().await?)
}

async fn streams(house: &House) -> Finding {
    if house.bus().last_seq(COMPLAINTS).await.is_err() {
        return warn("streams", "they are not there yet", "start a service; the first one makes them");
    }
    match house.bus().prepare().await {
        Ok(()) => ok("streams", "all there, none drifted"),
        Err(error) => fail("streams", format!("failed to {error}"), "change the setting back on the broker"),
    }
}

async fn dead(house: &House) -> Finding {
    match house.bus().dead_letters().await {
        Ok(letters) if letters.is_empty() => ok("dead letters", "none"),
        Ok(letters) => warn("dead letters", format!("{} wait", letters.len()), "redress dead list"),
        Err(error) => {
            warn("dead letters", format!("failed to {error}"), "start a service; the first one makes DEAD")
        }
    }
}

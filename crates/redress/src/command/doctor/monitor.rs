//! What a broker's monitoring page says about settings that endanger data. Pure but for the asking.

use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use super::finding::{Finding, fail, ok, warn};

const SYNC_MEND: &str = "set `sync_interval: \"always\"` in its jetstream block and restart it; without it, \
                         acknowledged data is lost when the power fails";
const FULL_MEND: &str = "give it room (disk, then max_file, then bus.store_mebibytes_max and `redress provision`) before it refuses";
const DISK_MEND: &str = "set max_file in its jetstream block to at most four fifths of the disk: a disk that runs \
                         full stops the streams until the broker is restarted";

/// Parts of a whole above which somebody should act.
const FULL: f64 = 0.7;
/// The largest part of a disk that a store may take.
const OF_DISK: f64 = 0.8;

/// The disk a store lies on.
#[derive(Debug, Clone, Copy)]
struct Disk {
    bytes: f64,
    free: f64,
}

/// Asks one broker.
pub(super) async fn look(url: &str) -> Vec<Finding> {
    let asked = async {
        let varz = ask(url, "varz").await?;
        let jsz = ask(url, "jsz?accounts=true&streams=true&config=true").await?;
        anyhow::Ok((varz, jsz))
    };
    match asked.await {
        Ok((varz, jsz)) => {
            let store = varz["jetstream"]["config"]["store_dir"].as_str().map(Path::new);
            findings(&varz, &jsz, store.and_then(disk))
        }
        Err(error) => vec![warn(
            "monitoring",
            format!("failed to ask {url}: {error:#}"),
            "see that [bus] monitor_urls names the brokers' `http` addresses and that this machine may ask there",
        )],
    }
}

async fn ask(url: &str, page: &str) -> anyhow::Result<Value> {
    let address = format!("{}/{page}", url.trim_end_matches('/'));
    let answer =
        redress_runtime::http::client()?.get(&address).send().await.with_context(|| format!("get {page}"))?;
    Ok(answer.error_for_status()?.json().await?)
}

/// Only when it lies on this machine.
fn disk(store: &Path) -> Option<Disk> {
    let disk = rustix::fs::statvfs(store).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "a share of the disk, not a count")]
    let bytes = |blocks: u64| blocks as f64 * disk.f_frsize as f64;
    Some(Disk { bytes: bytes(disk.f_blocks), free: bytes(disk.f_bavail) })
}

fn findings(varz: &Value, jsz: &Value, disk: Option<Disk>) -> Vec<Finding> {
    let name = varz["server_name"].as_str().unwrap_or("broker");
    let mut findings = vec![sync(varz), store(varz, jsz, disk)];
    findings.extend(streams(varz, jsz));
    findings.extend(doors(varz));
    // In a cluster each says the same things about itself.
    if is_clustered(varz) {
        for finding in &mut findings {
            finding.what = format!("{} of {name}", finding.what);
        }
    }
    findings
}

fn sync(varz: &Value) -> Finding {
    if varz["jetstream"]["config"]["sync_always"] == true {
        ok("sync_interval", "always: what is acknowledged is on disk")
    } else {
        fail("sync_interval", "the broker acknowledges before it syncs", SYNC_MEND)
    }
}

fn store(varz: &Value, jsz: &Value, disk: Option<Disk>) -> Finding {
    let what = "max_file_store";
    let max = number(&varz["jetstream"]["config"]["max_storage"]);
    let used = number(&jsz["storage"]);
    if max <= 0.0 {
        return fail(what, "the broker has none", DISK_MEND);
    }
    if let Some(disk) = disk {
        if max > disk.bytes * OF_DISK {
            let found = format!("{} of a disk of {}", size(max), size(disk.bytes));
            return fail(what, found, DISK_MEND);
        }
        if max - used > disk.free {
            let found =
                format!("{} may still be stored, and the disk has {}", size(max - used), size(disk.free));
            return fail(what, found, DISK_MEND);
        }
    }
    if used > max * FULL {
        return warn(what, format!("{} of {} are used", size(used), size(max)), FULL_MEND);
    }
    let seen = if disk.is_some() { "" } else { "; its disk cannot be seen from here" };
    ok(what, format!("{} of {} are used{seen}", size(used), size(max)))
}

fn streams(varz: &Value, jsz: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let accounts = jsz["account_details"].as_array().into_iter().flatten();
    for stream in accounts.flat_map(|account| account["stream_detail"].as_array().into_iter().flatten()) {
        let config = &stream["config"];
        let what = format!("stream {}", config["name"].as_str().unwrap_or("?"));
        let (max, used) = (number(&config["max_bytes"]), number(&stream["state"]["bytes"]));
        // What is derived lies beyond the shares, and the oldest of it may go.
        let derived = config["discard"] == "old";
        if max <= 0.0 && !derived {
            findings.push(fail(&what, "it has no max_bytes: it can fill the store", "redress provision"));
        } else if max > 0.0 && used > max * FULL {
            findings.push(warn(&what, format!("{} of {} are used", size(used), size(max)), FULL_MEND));
        }
        if is_clustered(varz) && number(&config["num_replicas"]) < 2.0 {
            let mend = "bus.replicas = 3, and `redress provision`";
            findings.push(fail(&what, "one copy in a cluster: it goes with its node", mend));
        }
    }
    findings
}

fn doors(varz: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let host = |key: &str| varz[key].as_str().unwrap_or_default().to_owned();
    if number(&varz["http_port"]) > 0.0 && !is_loopback(&host("http_host")) {
        findings.push(fail(
            "monitoring",
            format!("it listens on {}, and asks nobody who they are", host("http_host")),
            "http: \"127.0.0.1:8222\"",
        ));
    }
    if varz["auth_required"] != true {
        findings.push(fail(
            "users",
            "the broker lets anybody in, to do anything",
            "include what `redress provision --print-nats-conf` prints in its configuration",
        ));
    }
    if !is_loopback(&host("host")) && varz["tls_required"] != true {
        let found = format!("it listens on {} without TLS", host("host"));
        findings.push(warn("tls", found, "a tls block in its configuration, and [bus] ca_file"));
    }
    findings
}

fn is_clustered(varz: &Value) -> bool {
    varz["cluster"]["name"].is_string()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

fn size(bytes: f64) -> String {
    const MEBIBYTE: f64 = 1024.0 * 1024.0;
    if bytes < 1024.0 * MEBIBYTE {
        format!("{:.1} MiB", bytes / MEBIBYTE)
    } else {
        format!("{:.1} GiB", bytes / MEBIBYTE / 1024.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::command::doctor::finding::Verdict;

    const MIB: u64 = 1024 * 1024;

    /// Pages of a broker as it should be.
    fn pages() -> (Value, Value) {
        let varz = json!({
            "server_name": "n1", "host": "127.0.0.1", "http_host": "127.0.0.1", "http_port": 8222, "auth_required": true,
            "cluster": {}, "jetstream": { "config": { "max_storage": 800 * MIB, "sync_always": true } },
        });
        let stream = json!({
            "config": { "name": "INTAKE", "max_bytes": 100 * MIB, "discard": "new", "num_replicas": 1 },
            "state": { "bytes": 10 * MIB },
        });
        let derived =
            json!({ "config": { "name": "EVENTS", "max_bytes": -1, "discard": "old", "num_replicas": 1 } });
        let jsz = json!({ "storage": 10 * MIB, "account_details": [{ "stream_detail": [stream, derived] }] });
        (varz, jsz)
    }

    #[expect(clippy::cast_precision_loss, reason = "a few thousand MiB")]
    fn gib() -> Disk {
        Disk { bytes: (1024 * MIB) as f64, free: (1000 * MIB) as f64 }
    }

    /// What is wrong when one thing is changed.
    fn wrong(page: &str, pointer: &str, value: Value) -> Vec<(String, Verdict)> {
        let (mut varz, mut jsz) = pages();
        let changed = if page == "varz" { &mut varz } else { &mut jsz };
        *changed.pointer_mut(pointer).unwrap() = value;
        let findings = findings(&varz, &jsz, Some(gib()));
        findings.into_iter().filter(|it| it.verdict != Verdict::Ok).map(|it| (it.what, it.verdict)).collect()
    }

    #[test]
    fn a_broker_as_it_should_be_has_nothing_wrong() {
        assert_eq!(wrong("varz", "/server_name", json!("n2")), []);
    }

    #[test]
    fn each_setting_that_endangers_data_is_named() {
        let stream = "/account_details/0/stream_detail/0";
        for (page, pointer, value, what, verdict) in [
            ("varz", "/jetstream/config/sync_always", json!(false), "sync_interval", Verdict::Fail),
            ("varz", "/jetstream/config/max_storage", json!(-1), "max_file_store", Verdict::Fail),
            ("varz", "/jetstream/config/max_storage", json!(900 * MIB), "max_file_store", Verdict::Fail),
            ("jsz", "/storage", json!(700 * MIB), "max_file_store", Verdict::Warn),
            ("varz", "/http_host", json!("0.0.0.0"), "monitoring", Verdict::Fail),
            ("varz", "/auth_required", json!(false), "users", Verdict::Fail),
            ("varz", "/host", json!("0.0.0.0"), "tls", Verdict::Warn),
            ("jsz", &format!("{stream}/config/max_bytes"), json!(-1), "stream INTAKE", Verdict::Fail),
            ("jsz", &format!("{stream}/state/bytes"), json!(80 * MIB), "stream INTAKE", Verdict::Warn),
        ] {
            assert_eq!(wrong(page, pointer, value), [(what.to_owned(), verdict)], "{pointer}");
        }
        let single = wrong("varz", "/cluster", json!({ "name": "redress" }));
        assert_eq!(single.len(), 2, "{single:?}");
        assert!(single.iter().all(|(what, verdict)| what.starts_with("stream") && *verdict == Verdict::Fail));
    }
}

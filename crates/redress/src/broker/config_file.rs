//! The configuration file of the supervised nats-server, and the files it writes.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use tracing::warn;

use crate::data::BrokerRecord;

const MEBIBYTE: u64 = 1024 * 1024;
/// A store with a limit below this cannot hold a message of every stream.
const STORE_BYTES_LEAST: u64 = 4 * MEBIBYTE;
/// How much of its log an error shows.
const LOG_LINES: usize = 8;

/// What the file says.
pub(super) struct Configuration {
    pub(super) folder: PathBuf,
    /// Who may do what.
    pub(super) accounts: String,
    /// 0 until the first start; then kept, so that connections find it again.
    pub(super) port: u16,
    pub(super) monitor_port: u16,
    pub(super) store_bytes_max: u64,
}

/// The file in which a nats-server says where it listens.
#[derive(Deserialize)]
struct Ports {
    nats: Vec<String>,
    monitoring: Vec<String>,
}

impl std::fmt::Debug for Configuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Configuration").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Configuration {
    pub(super) fn file(&self) -> PathBuf {
        file_in(&self.folder)
    }

    /// Writes the file, readable by its owner only, and clears away what an earlier server said about its ports.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        let write = || -> std::io::Result<()> {
            let _ = std::fs::remove_dir_all(self.ports());
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(self.ports())?;
            let _ = std::fs::remove_file(self.file());
            let mut file =
                std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.file())?;
            file.write_all(self.text().as_bytes())
        };
        write().with_context(|| format!("write {}", self.file().display()))
    }

    fn text(&self) -> String {
        let port = |port: u16| if port == 0 { "-1".to_owned() } else { port.to_string() };
        let in_folder = |name: &str| quoted(&self.folder.join(name));
        format!(
            "# Written by redress up at each start; changes are lost.\n\
             listen: \"127.0.0.1:{port}\"\n\
             http: \"127.0.0.1:{monitor}\"\n\
             pid_file: {pid}\n\
             ports_file_dir: {ports}\n\
             log_file: {log}\n\
             log_size_limit: 10MB\n\
             log_max_num: 3\n\
             {settings}\
             jetstream {{\n  store_dir: {store}\n  max_mem: 256MB\n  max_file: {max}\n  sync_interval: \"always\"\n}}\n{accounts}",
            settings = redress_bus::server::SETTINGS,
            port = port(self.port),
            monitor = port(self.monitor_port),
            pid = in_folder("nats.pid"),
            ports = quoted(&self.ports()),
            log = in_folder("nats.log"),
            accounts = self.accounts,
            store = in_folder("store"),
            max = self.store_bytes_max,
        )
    }

    fn ports(&self) -> PathBuf {
        self.folder.join("ports")
    }

    /// Where the server with this process id listens, once it has said so.
    pub(super) fn read_ports(&self, pid: u32) -> Option<BrokerRecord> {
        let suffix = format!("_{pid}.ports");
        let mut entries = std::fs::read_dir(self.ports()).ok()?.flatten();
        let file = entries.find(|entry| entry.file_name().to_string_lossy().ends_with(&suffix))?;
        let ports: Ports = serde_json::from_slice(&std::fs::read(file.path()).ok()?).ok()?;
        Some(BrokerRecord {
            url: ports.nats.first()?.clone(),
            monitor: ports.monitoring.first()?.clone(),
            pid,
            streams_bytes_max: streams_bytes_max(self.store_bytes_max),
        })
    }

    pub(super) fn keep_ports(&mut self, record: &BrokerRecord) {
        let port = |url: &str| url.rsplit(':').next().and_then(|port| port.parse().ok());
        self.port = port(&record.url).unwrap_or(self.port);
        self.monitor_port = port(&record.monitor).unwrap_or(self.monitor_port);
    }

    pub(super) fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(self.folder.join("nats.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

/// The configuration file in a broker's folder.
pub(super) fn file_in(folder: &Path) -> PathBuf {
    folder.join("nats.conf")
}

/// Four fifths of what the disk has free or holds of ours already, or less when the settings say so: a disk that runs full
/// silently breaks the server, a store that reaches its limit says so.
pub(super) fn store_bytes_max(folder: &Path, mebibytes_max: u32) -> anyhow::Result<u64> {
    let disk =
        rustix::fs::statvfs(folder).with_context(|| format!("ask how full {} is", folder.display()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let most = free.saturating_add(size_of(&folder.join("nats/store"))) / 5 * 4;
    if most < STORE_BYTES_LEAST {
        bail!("store anything in {}: {} KiB are free on its disk", folder.display(), free / 1024);
    }
    let wanted = u64::from(mebibytes_max) * MEBIBYTE;
    if wanted > most {
        warn!("broker.store_mebibytes_max is more than the disk can hold; using {} MiB", most / MEBIBYTE);
    }
    Ok(if wanted == 0 { most } else { wanted.min(most) })
}

/// Four fifths of the store, so that EVENTS and TIMERS have the rest; rounded down to two digits of base two, so that it
/// does not change at each start with what the disk happens to have free.
fn streams_bytes_max(store_bytes_max: u64) -> i64 {
    let most = store_bytes_max / 5 * 4;
    let step = 1_u64 << most.max(4).ilog2().saturating_sub(2);
    i64::try_from(most / step * step).unwrap_or(i64::MAX)
}

fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

fn quoted(path: &Path) -> String {
    let text = path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_never_gets_more_than_four_fifths_of_its_disk() {
        let folder = tempfile::tempdir().unwrap();
        let disk = rustix::fs::statvfs(folder.path()).unwrap();
        let disk_bytes = disk.f_blocks * disk.f_frsize;
        for asked in [0, u32::MAX] {
            let most = store_bytes_max(folder.path(), asked).unwrap();
            assert!(most <= disk_bytes / 5 * 4, "{asked}: {most} of {disk_bytes}");
            assert!(u64::try_from(streams_bytes_max(most)).unwrap() <= most / 5 * 4);
        }
        assert_eq!(store_bytes_max(folder.path(), 8).unwrap(), 8 * MEBIBYTE);
        assert!(streams_bytes_max(STORE_BYTES_LEAST) > 0);
    }
}

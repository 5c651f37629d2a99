//! Where a nats-server is, and whether it is new enough.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::settings::BrokerSettings;

/// Message schedules and group commit are needed; older servers lose timers (see `docs/operating.md`).
const OLDEST: [u32; 3] = [2, 15, 1];

/// A nats-server that will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The program.
    pub path: PathBuf,
    /// What it calls itself: `2.15.1`.
    pub version: String,
}

/// The one the settings name, else `$NATS_SERVER`, else `.tools/nats-server-2.15.1`, else the first on `$PATH`.
///
/// # Errors
/// When there is none, or it is too old.
pub fn find(settings: &BrokerSettings, environment: &BTreeMap<String, String>) -> anyhow::Result<Found> {
    let path = settings
        .program
        .clone()
        .or_else(|| environment.get("NATS_SERVER").filter(|path| !path.is_empty()).map(PathBuf::from))
        .or_else(|| Some(PathBuf::from(".tools/nats-server-2.15.1")).filter(|path| path.is_file()))
        .or_else(|| on_path(environment.get("PATH")?));
    let Some(path) = path else {
        bail!(
            "find a nats-server: set [broker] program or $NATS_SERVER, put one on $PATH, or fetch the pinned one \
             with `make test`"
        );
    };
    let version = version_of(&path)?;
    if !is_new_enough(&version) {
        let oldest = OLDEST.map(|part| part.to_string()).join(".");
        bail!("use {}: it is nats-server {version}, and {oldest} or newer is needed", path.display());
    }
    Ok(Found { path, version })
}

fn on_path(path: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join("nats-server")).find(|file| file.is_file())
}

fn version_of(path: &Path) -> anyhow::Result<String> {
    let doing = || format!("ask {} for its version", path.display());
    let output = Command::new(path).arg("--version").output().with_context(doing)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.trim().strip_prefix("nats-server: v");
    version.map(str::to_owned).with_context(|| format!("{}: it does not answer like a nats-server", doing()))
}

fn is_new_enough(version: &str) -> bool {
    let release = version.split(['-', '+']).next().unwrap_or_default();
    let parts: Option<Vec<u32>> = release.split('.').map(|part| part.parse().ok()).collect();
    parts.is_some_and(|parts| parts.as_slice() >= OLDEST.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        for good in ["2.15.1", "2.15.2", "2.16.0-RC.1", "3.0.0", "2.100.0"] {
            assert!(is_new_enough(good), "{good}");
        }
        for bad in ["2.15.0", "2.9.10", "1.99.99", "", "dev"] {
            assert!(!is_new_enough(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_no_nats_server_is_refused_by_name() {
        let settings =
            BrokerSettings { program: Some(PathBuf::from("/bin/true")), ..BrokerSettings::default() };
        let error = find(&settings, &BTreeMap::new()).unwrap_err().to_string();
        assert!(
            error.contains("/bin/true") && error.contains("does not answer like a nats-server"),
            "{error}"
        );
        let none =
            find(&BrokerSettings::default(), &BTreeMap::from([("PATH".to_owned(), "/nowhere".to_owned())]));
        assert!(none.unwrap_err().to_string().contains("$NATS_SERVER"));
    }
}

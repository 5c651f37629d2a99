//! The keys of an installation in one file of its own, readable by its owner only. Without them a backup is sealed
//! for ever; beside the backup they would unseal it for whoever finds it.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::settings::Config;

/// What each key is for → its file's text.
type Keys = BTreeMap<String, String>;

/// Writes the keys that the settings name into a new file, unless it holds just these; answers how many.
///
/// # Errors
/// When the file holds something else, or a key cannot be read.
pub fn write(config: &Config, file: &Path) -> anyhow::Result<usize> {
    let mut keys = Keys::new();
    for (role, path) in config.key_files() {
        match std::fs::read_to_string(&path) {
            Ok(text) => drop(keys.insert(role, text)),
            Err(_) if is_extra(&role) => {}
            Err(error) => return Err(error).context(format!("read {}", path.display())),
        }
    }
    let text = serde_json::to_string_pretty(&keys)?;
    if std::fs::read_to_string(file).is_ok_and(|there| there == text) {
        return Ok(keys.len());
    }
    new_file(file, &text).with_context(|| format!("write the keys to {}", file.display()))?;
    Ok(keys.len())
}

/// Puts keys where the settings want them; a key that is there already must be the same. Answers how many were
/// missing.
///
/// # Errors
/// When another key is there, or one cannot be written.
pub fn put_back(config: &Config, file: &Path) -> anyhow::Result<usize> {
    let doing = || format!("read the keys in {}", file.display());
    let keys: Keys = serde_json::from_slice(&std::fs::read(file).with_context(doing)?).with_context(doing)?;
    let mut missing = 0;
    for (role, path) in config.key_files() {
        let Some(text) = keys.get(&role) else {
            if is_extra(&role) {
                continue;
            }
            bail!("read the keys in {}: it holds no key {role}", file.display());
        };
        let there = std::fs::read_to_string(&path);
        match there {
            Ok(there) if there.trim() == text.trim() => continue,
            Ok(_) => bail!("put the key {role} back: {} holds another key", path.display()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).context(format!("read {}", path.display())),
        }
        if let Some(folder) = path.parent() {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.with_context(|| format!("make {}", folder.display()))?;
        }
        new_file(&path, text).with_context(|| format!("write {}", path.display()))?;
        missing += 1;
    }
    Ok(missing)
}

/// The status page's pair: everything goes on without it.
fn is_extra(role: &str) -> bool {
    role.starts_with("status.")
}

/// On disk before this returns; never instead of a file that is there.
fn new_file(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

//! The data folder of `redress up`: the broker's store, who runs here, the identity key, and the users of the broker.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use data_encoding::HEXLOWER;
use redress_identity::Keys;
use serde::{Deserialize, Serialize};

/// The data folder.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
}

/// Held as long as `redress up` runs on the folder.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// How to reach the broker that `redress up` runs, for the other commands (file `broker.json`, readable by its owner).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BrokerRecord {
    /// `nats://127.0.0.1:…`
    pub url: String,
    /// `http://127.0.0.1:…`, its monitoring.
    pub monitor: String,
    /// Its process.
    pub pid: u32,
    /// What all streams together may store.
    pub streams_bytes_max: i64,
}

impl DataFolder {
    /// The folder at this path; nothing is touched yet.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the broker's files lie.
    pub fn broker(&self) -> PathBuf {
        self.path.join("nats")
    }

    /// Where the seeds of the users lie.
    pub fn users(&self) -> PathBuf {
        self.path.join("users")
    }

    /// The identity key, unless the settings name another place.
    pub fn identity_key(&self) -> PathBuf {
        self.path.join("identity.key")
    }

    /// Makes the folder, readable by its owner only, and its path absolute.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(&mut self) -> anyhow::Result<()> {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path);
        made.and_then(|()| std::fs::canonicalize(&self.path))
            .map(|path| self.path = path)
            .with_context(|| format!("make the data folder {}", self.path.display()))
    }

    /// Takes the folder for this process.
    ///
    /// # Errors
    /// When another `redress up` holds it.
    pub fn lock(&self) -> anyhow::Result<Lock> {
        let path = self.path.join("lock");
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                bail!(
                    "use {}: another redress up (process {}) runs on it",
                    self.path.display(),
                    holder.trim()
                );
            }
            Err(TryLockError::Error(error)) => return Err(error).context(format!("lock {}", path.display())),
        }
        file.set_len(0)?;
        write!(file, "{}", std::process::id())?;
        Ok(Lock { _file: file })
    }

    /// Notes how the broker is reached.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn note_broker(&self, record: &BrokerRecord) -> anyhow::Result<()> {
        let text = serde_json::to_string(record)?;
        let (path, new) = (self.broker_file(), self.path.join("broker.json.new"));
        let _ = std::fs::remove_file(&new);
        let write = || -> std::io::Result<()> {
            owner_only(&new)?.write_all(text.as_bytes())?;
            std::fs::rename(&new, &path)
        };
        write().with_context(|| format!("write {}", path.display()))
    }

    /// Forgets how the broker was reached: it runs no more.
    pub fn forget_broker(&self) {
        let _ = std::fs::remove_file(self.broker_file());
    }

    /// How the broker is reached, when one runs here.
    pub fn noted_broker(&self) -> Option<BrokerRecord> {
        serde_json::from_slice(&std::fs::read(self.broker_file()).ok()?).ok()
    }

    fn broker_file(&self) -> PathBuf {
        self.path.join("broker.json")
    }
}

/// Reads the identity key.
///
/// # Errors
/// When the file is missing or is no key; its text is never shown.
pub fn read_keys(file: &Path) -> anyhow::Result<Keys> {
    let text = std::fs::read_to_string(file).with_context(|| {
        format!("read the identity key {} (restore it from your backup, or make one for a new installation: redress keys init)", file.display())
    })?;
    Keys::from_hex(&text).with_context(|| format!("use the identity key {}", file.display()))
}

/// Makes a fresh identity key, on disk before this returns; false when there was one.
///
/// # Errors
/// When it cannot be written.
pub fn make_keys(file: &Path) -> anyhow::Result<bool> {
    let mut master = [0_u8; 32];
    getrandom::fill(&mut master).context("draw random bytes")?;
    write_new(file, &format!("{}\n", HEXLOWER.encode(&master)))
}

/// Writes a key file that must not be there, readable by its owner only, on disk before this returns; false when it was
/// there, and then it stays as it is.
///
/// # Errors
/// When it cannot be written.
pub fn write_new(file: &Path, text: &str) -> anyhow::Result<bool> {
    if file.exists() {
        return Ok(false);
    }
    let doing = || format!("write the key file {}", file.display());
    let folder = folder_of(file);
    std::fs::create_dir_all(folder).with_context(doing)?;
    let new = beside(file);
    let _ = std::fs::remove_file(&new);
    let write = || -> std::io::Result<bool> {
        let mut key = owner_only(&new)?;
        key.write_all(text.as_bytes())?;
        key.sync_all()?;
        // Linking instead of renaming: a key that appeared in between is never replaced.
        let linked = std::fs::hard_link(&new, file);
        std::fs::remove_file(&new)?;
        match linked {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(false),
            other => other?,
        }
        File::open(folder)?.sync_all()?;
        Ok(true)
    };
    write().with_context(doing)
}

/// Puts another text in the place of a key file, whole or not at all, on disk before this returns.
///
/// # Errors
/// When it cannot be written.
pub fn replace(file: &Path, text: &str) -> anyhow::Result<()> {
    let new = beside(file);
    let _ = std::fs::remove_file(&new);
    let write = || -> std::io::Result<()> {
        let mut key = owner_only(&new)?;
        key.write_all(text.as_bytes())?;
        key.sync_all()?;
        std::fs::rename(&new, file)?;
        File::open(folder_of(file))?.sync_all()
    };
    write().with_context(|| format!("write the key file {}", file.display()))
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn beside(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    folder_of(file).join(format!(".{name}.{}", std::process::id()))
}

fn owner_only(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys/identity.key");
        assert!(make_keys(&file).unwrap());
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!make_keys(&file).unwrap());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        assert!(read_keys(&file).is_ok());
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_taken_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut data = DataFolder::at(folder.path().join("data"));
        data.make().unwrap();
        let lock = data.lock().unwrap();
        let refused = data.lock().unwrap_err().to_string();
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
        drop(lock);
        assert!(data.lock().is_ok());
    }
}

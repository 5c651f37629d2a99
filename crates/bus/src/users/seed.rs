//! Seeds: one file per user, `<user>.nk`, readable by its owner only. The broker knows only their public halves.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nkeys::{KeyPair, KeyPairType};
use redress_runtime::Secret;

/// A seed file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// It cannot be read.
    #[error("read the seed {file} of user {user} (redress provision --init-users makes it)")]
    Read {
        /// The file.
        file: PathBuf,
        /// The user.
        user: String,
        /// Why.
        source: std::io::Error,
    },
    /// It holds something else.
    #[error("use the seed {0}: it is not the seed of a user")]
    NoSeed(PathBuf),
    /// It cannot be written.
    #[error("write the seed {file}")]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Where a user's seed lies.
pub fn file(folder: &Path, user: &str) -> PathBuf {
    folder.join(format!("{user}.nk"))
}

/// Makes the seeds that are missing, on disk before this returns; answers the users they are of.
///
/// # Errors
/// [`SeedError::Write`].
pub fn make_missing<'a>(
    folder: &Path,
    users: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<&'a str>, SeedError> {
    let failed = |file: &Path| {
        let file = file.to_owned();
        move |source| SeedError::Write { file, source }
    };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed(folder))?;
    let mut made = Vec::new();
    for user in users {
        let file = file(folder, user);
        if !file.exists() {
            write(folder, &file).map_err(failed(&file))?;
            made.push(user);
        }
    }
    Ok(made)
}

/// Written beside and then given its name, so that a seed is whole or not there.
fn write(folder: &Path, file: &Path) -> std::io::Result<()> {
    let seed = KeyPair::new_user().seed().expect("a new pair has its private half");
    let new = file.with_extension(format!("new{}", std::process::id()));
    let _ = std::fs::remove_file(&new);
    let mut open = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    writeln!(open, "{seed}")?;
    open.sync_all()?;
    std::fs::rename(&new, file)?;
    std::fs::File::open(folder)?.sync_all()
}

/// A user's seed.
///
/// # Errors
/// [`SeedError::Read`], [`SeedError::NoSeed`].
pub fn read(folder: &Path, user: &str) -> Result<Secret, SeedError> {
    let file = file(folder, user);
    pair(&file, user).map(|(seed, _)| seed)
}

/// What the broker knows a user by.
///
/// # Errors
/// [`SeedError::Read`], [`SeedError::NoSeed`].
pub fn public_key(folder: &Path, user: &str) -> Result<String, SeedError> {
    let file = file(folder, user);
    pair(&file, user).map(|(_, pair)| pair.public_key())
}

fn pair(file: &Path, user: &str) -> Result<(Secret, KeyPair), SeedError> {
    let text = std::fs::read_to_string(file).map_err(|source| SeedError::Read {
        file: file.to_owned(),
        user: user.to_owned(),
        source,
    })?;
    let seed = text.trim();
    match KeyPair::from_seed(seed) {
        Ok(pair) if pair.key_pair_type() == KeyPairType::User => Ok((Secret::new(seed), pair)),
        _ => Err(SeedError::NoSeed(file.to_owned())),
    }
}

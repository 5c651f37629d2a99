//! The files of a Maildir: listing, looking, moving. Blocking calls run on threads made for them.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::source::gather::{self, Keep, Mail};

/// Entries taken in one look, so that the oldest of very many come first and memory stays bounded.
const ENTRIES_MAX: usize = 20_000;

/// A Maildir.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

/// An entry of `new` or `cur`.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Its name without the flags after the colon.
    pub(super) base: OsString,
    /// `new` or `cur`.
    pub(super) place: &'static str,
}

/// What `cur` holds.
pub(super) struct Listing {
    /// What was not looked at yet and came since.
    pub(super) fresh: Vec<Found>,
    /// The names of everything else.
    pub(super) old: HashSet<OsString>,
    /// False when more is fresh than is taken in one look.
    pub(super) whole: bool,
}

/// What is known of a file before it is read.
pub(super) struct File {
    pub(super) is_plain: bool,
    pub(super) size: u64,
    pub(super) modified: Timestamp,
    /// When its entry last changed.
    pub(super) changed: Timestamp,
}

impl Found {
    /// The mail in it.
    pub(super) async fn read(&self, keep: Keep) -> io::Result<Mail> {
        let path = self.path.clone();
        blocking(move || gather::file(&path, keep)).await
    }

    pub(super) fn is_new(&self) -> bool {
        self.place == "new"
    }
}

impl Folder {
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Makes what is missing inside the Maildir. The Maildir itself must be there: a mistyped path must not become an
    /// empty mailbox.
    pub(super) async fn prepare(&self) -> io::Result<()> {
        if !tokio::fs::metadata(&self.root).await?.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "the Maildir is no folder"));
        }
        for name in ["tmp", "new", "cur"] {
            match tokio::fs::create_dir(self.root.join(name)).await {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The time by the file system's own clock, which is the one that dates its entries.
    pub(super) async fn now(&self) -> io::Result<Timestamp> {
        let probe = self.root.join("tmp").join(format!("redress-{}", std::process::id()));
        tokio::fs::write(&probe, b"").await?;
        let metadata = tokio::fs::metadata(&probe).await;
        tokio::fs::remove_file(&probe).await?;
        Ok(changed(&metadata?))
    }

    /// What lies in `new`, oldest names first.
    pub(super) async fn new_mails(&self) -> io::Result<Vec<Found>> {
        let folder = self.root.join("new");
        blocking(move || {
            let mut found = entries(&folder, "new")?;
            found.sort_by(|one, other| one.base.cmp(&other.base));
            found.truncate(ENTRIES_MAX);
            Ok(found)
        })
        .await
    }

    /// What came to `cur` since a time and is not known.
    pub(super) async fn cur_mails(&self, known: &HashSet<OsString>, since: Timestamp) -> io::Result<Listing> {
        let folder = self.root.join("cur");
        let known = known.clone();
        blocking(move || Ok(listing(entries(&folder, "cur")?, &known, since, ENTRIES_MAX))).await
    }

    /// Everything in `new` and `cur`. What moves from one to the other meanwhile is met twice rather than missed.
    pub(super) async fn all(&self) -> io::Result<Vec<Found>> {
        let (new, cur) = (self.root.join("new"), self.root.join("cur"));
        blocking(move || {
            let mut all = entries(&new, "new")?;
            all.extend(entries(&cur, "cur")?);
            Ok(all)
        })
        .await
    }

    /// What an entry is; none when it is gone.
    pub(super) async fn stat(&self, found: &Found) -> io::Result<Option<File>> {
        match tokio::fs::symlink_metadata(&found.path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
            Ok(metadata) => Ok(Some(File {
                is_plain: metadata.is_file(),
                size: metadata.len(),
                modified: time(metadata.mtime(), metadata.mtime_nsec()),
                changed: changed(&metadata),
            })),
        }
    }

    /// Moves a mail from `new` to `cur`, without any flag: nobody has read it.
    pub(super) async fn move_to_cur(&self, found: &Found) -> io::Result<()> {
        let name = found.path.file_name().unwrap_or_default().to_owned();
        let (folder, from) = (self.root.join("cur"), found.path.clone());
        blocking(move || {
            let mut target = name.clone();
            if target == base(&name) {
                target.push(":2,");
            }
            let mut to = folder.join(&target);
            // A name that is taken belongs to another mail, which a rename would wipe out.
            for n in 1..=1000 {
                if !to.try_exists()? {
                    break;
                }
                let mut other = base(&name);
                other.push(format!("_{n}:2,"));
                to = folder.join(other);
            }
            match std::fs::rename(from, to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            }
        })
        .await
    }
}

fn entries(folder: &Path, place: &'static str) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if !name.as_bytes().starts_with(b".") {
            found.push(Found { path: entry.path(), base: base(&name), place });
        }
    }
    Ok(found)
}

/// Sorts entries into fresh ones, up to so many, and old ones.
fn listing(entries: Vec<Found>, known: &HashSet<OsString>, since: Timestamp, max: usize) -> Listing {
    let mut listing = Listing { fresh: Vec::new(), old: HashSet::new(), whole: true };
    for found in entries {
        let is_old = known.contains(&found.base)
            || std::fs::symlink_metadata(&found.path).is_ok_and(|metadata| changed(&metadata) < since);
        if is_old {
            listing.old.insert(found.base);
        } else if listing.fresh.len() < max {
            listing.fresh.push(found);
        } else {
            listing.whole = false;
        }
    }
    listing
}

fn base(name: &OsStr) -> OsString {
    let bytes = name.as_bytes();
    let end = bytes.iter().position(|byte| *byte == b':').unwrap_or(bytes.len());
    OsStr::from_bytes(bytes.get(..end).unwrap_or(bytes)).to_owned()
}

fn changed(metadata: &std::fs::Metadata) -> Timestamp {
    time(metadata.ctime(), metadata.ctime_nsec())
}

/// In whole microseconds, as all times that are kept.
fn time(seconds: i64, nanoseconds: i64) -> Timestamp {
    let micros = seconds.saturating_mul(1_000_000).saturating_add(nanoseconds / 1000);
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_was_cut_says_so_and_the_next_one_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("cur")).unwrap();
        for name in ["1.host:2,S", "2.host:2,S", "3.host:2,S"] {
            std::fs::write(folder.path().join("cur").join(name), b"").unwrap();
        }
        let list = |known: &HashSet<OsString>, max| {
            listing(entries(&folder.path().join("cur"), "cur").unwrap(), known, Timestamp::UNIX_EPOCH, max)
        };
        let cut = list(&HashSet::new(), 2);
        assert_eq!((cut.fresh.len(), cut.whole), (2, false));
        let mut known: HashSet<OsString> = cut.fresh.into_iter().map(|found| found.base).collect();
        let rest = list(&known, 2);
        assert_eq!((rest.fresh.len(), rest.old.len(), rest.whole), (1, 2, true));
        known.extend(rest.fresh.into_iter().map(|found| found.base));
        assert_eq!(known.len(), 3);
        assert!(list(&HashSet::new(), 3).whole, "as many as may be taken are not too many");
    }
}

//! A folder of files: looked through when the system says that something changed, and now and then besides. What is done is
//! moved to `done`; what is written on stays.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::TryStreamExt as _;
use notify::{RecursiveMode, Watcher as _};
use redress_bus::failure::chain;
use redress_bus::{Kv, KvError, Lease};
use redress_contract::subject::name;
use redress_intake::IntakeError;
use redress_runtime::Shutdown;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{info, warn};

use super::file::{self, Cursor, Followed, Step};
use super::{Read, Recorder};
use crate::config::Folder;

/// Where files go that are done.
pub(crate) const DONE: &str = "done";

/// Changes that come one after the other are looked at together.
const GATHER: Duration = Duration::from_millis(100);

/// Names of files that are not complete, or that hold nothing to read.
const LEFT_ALONE: [&str; 8] = [".tmp", ".part", ".filepart", ".gz", ".bz2", ".xz", ".zst", ".swp"];

/// One folder being read.
pub(crate) struct Source {
    folder: Arc<Folder>,
    recorder: Recorder,
    lease: Lease,
    rescan: Duration,
    rows_max: usize,
    row_bytes_max: usize,
    file_bytes_max: usize,
    cursors: Kv,
    /// When it was last known that no other replica reads the folder.
    held_at: Instant,
    open: BTreeMap<String, Watched>,
}

/// A file that was seen.
struct Watched {
    followed: Option<Followed>,
    seen: (u64, Option<SystemTime>),
    since: Instant,
}

/// Why a look ended early.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("read the folder")]
    Folder(#[from] io::Error),
    #[error("remember how far a file was read")]
    Cursor(#[from] KvError),
    #[error("record what was read")]
    Record(#[from] IntakeError),
    #[error("read a file")]
    Bug(#[from] tokio::task::JoinError),
}

impl Source {
    pub(crate) fn new(folder: Folder, recorder: Recorder, config: &crate::Config) -> Self {
        let bus = recorder.intake().vault().bus();
        let lease = Lease::new(bus, &format!("phone.{}", recorder.account()), config.lease);
        Self {
            folder: Arc::new(folder),
            lease,
            rescan: config.rescan,
            rows_max: config.in_flight_rows_max,
            row_bytes_max: config.row_bytes_max,
            file_bytes_max: config.file_bytes_max,
            cursors: bus.kv(name::CURSORS),
            held_at: Instant::now(),
            open: BTreeMap::new(),
            recorder,
        }
    }

    /// Reads whenever it holds the lease, until asked to stop.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let changed = Arc::new(Notify::new());
        let _watcher = watch(&self.folder.path, &changed);
        let beat = self.lease.beat();
        while !shutdown.is_asked() {
            match self.lease.hold().await {
                Ok(true) => match Box::pin(self.look(&shutdown)).await {
                    Ok(()) => self.recorder.well(),
                    Err(error) => self.tell(&error),
                },
                Ok(false) => {
                    self.open.clear();
                    self.recorder.well();
                }
                Err(error) => self.recorder.unwell(chain(&error)),
            }
            tokio::select! {
                () = shutdown.asked() => {}
                () = tokio::time::sleep(self.rescan.min(beat)) => {}
                () = changed.notified() => {
                    shutdown.or(tokio::time::sleep(GATHER)).await;
                }
            }
        }
        self.lease.release().await;
    }

    fn tell(&self, error: &LookError) {
        let reason = chain(error);
        warn!(channel = "phone", account = self.recorder.account(), "Failed to {reason}");
        self.recorder.unwell(reason);
    }

    async fn look(&mut self, shutdown: &Shutdown) -> Result<(), LookError> {
        let files = list(&self.folder.path)?;
        let keys: BTreeMap<String, PathBuf> =
            files.into_iter().filter_map(|path| Some((file::key(&path).ok()?, path))).collect();
        self.open.retain(|key, _| keys.contains_key(key));
        let mut first = Ok(());
        for (key, path) in keys {
            if shutdown.is_asked() {
                return Ok(());
            }
            // A file that cannot be read does not hold up the others.
            first = first.and(self.look_at(&key, &path, shutdown).await);
        }
        first
    }

    async fn look_at(&mut self, key: &str, path: &Path, shutdown: &Shutdown) -> Result<(), LookError> {
        // It may have been moved or deleted in between.
        let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
        let seen = (metadata.len(), metadata.modified().ok());
        let now = Instant::now();
        let watched = self.open.entry(key.to_owned()).or_insert(Watched { followed: None, seen, since: now });
        if watched.seen != seen {
            (watched.seen, watched.since) = (seen, now);
        }
        let is_followed =
            path.file_name().is_some_and(|name| self.folder.follow.iter().any(|it| name == it.as_str()));
        let is_done = !is_followed && watched.since.elapsed() >= self.folder.settle;
        if self.folder.parser.format.is_whole() {
            return if is_done { self.take_whole(key, path).await } else { Ok(()) };
        }
        self.read_on(key, path, is_done, shutdown).await?;
        if is_done && !shutdown.is_asked() {
            self.put_away(key, path, seen.0).await?;
        }
        Ok(())
    }

    /// Reads a file as far as it is written.
    async fn read_on(
        &mut self,
        key: &str,
        path: &Path,
        is_done: bool,
        shutdown: &Shutdown,
    ) -> Result<(), LookError> {
        let mut followed = match self.open.get_mut(key).and_then(|watched| watched.followed.take()) {
            Some(followed) if !followed.was_replaced()? => followed,
            Some(_) => {
                let account = self.recorder.account();
                info!(channel = "phone", account, "A file was written anew and is read from its beginning");
                Followed::open(path, &self.folder, self.row_bytes_max, None)?
            }
            None => Followed::open(path, &self.folder, self.row_bytes_max, self.cursor(key).await?)?,
        };
        let mut ahead: Option<Step> = None;
        loop {
            let folder = Arc::clone(&self.folder);
            let stepping = tokio::task::spawn_blocking(move || {
                let step = followed.step(&folder, is_done);
                (followed, step)
            });
            // While this is recorded, what follows is read. Should it not be, the file is opened again where it is known to be.
            let is_ours = match ahead.take() {
                Some(step) => self.take_rows(key, step).await?,
                None => true,
            };
            let (back, step) = stepping.await?;
            followed = back;
            let step = step?;
            if !is_ours || shutdown.is_asked() {
                return Ok(());
            }
            if step.cursor == followed.cursor {
                break;
            }
            followed.cursor = step.cursor.clone();
            ahead = Some(step);
        }
        if let Some(watched) = self.open.get_mut(key) {
            watched.followed = Some(followed);
        }
        Ok(())
    }

    /// Records rows, and remembers how far the file was read; false when another replica reads it now.
    async fn take_rows(&mut self, key: &str, step: Step) -> Result<bool, LookError> {
        self.record(step.read).await?;
        let json = serde_json::to_vec(&step.cursor).expect("plain data always becomes JSON");
        self.cursors.put(&self.cursor_key(key), json.into()).await?;
        if self.held_at.elapsed() < self.lease.beat() {
            return Ok(true);
        }
        self.held_at = Instant::now();
        Ok(self.lease.hold().await?)
    }

    async fn record(&self, read: Vec<Read>) -> Result<(), LookError> {
        let recorded = futures::stream::iter(
            read.into_iter().map(|read| Ok::<_, IntakeError>(self.recorder.record(read))),
        );
        recorded.try_buffer_unordered(self.rows_max).try_for_each(async |()| Ok(())).await?;
        Ok(())
    }

    async fn take_whole(&mut self, key: &str, path: &Path) -> Result<(), LookError> {
        let (folder, bytes_max, owned) = (Arc::clone(&self.folder), self.file_bytes_max, path.to_owned());
        let read = tokio::task::spawn_blocking(move || file::whole(&owned, &folder, bytes_max)).await??;
        let length = read.raw.len() as u64;
        let is_whole = std::fs::metadata(path)?.len() == length || read.entry.is_err();
        self.recorder.record(read).await?;
        // What was written on meanwhile is read again.
        if is_whole { self.put_away(key, path, std::fs::metadata(path)?.len()).await } else { Ok(()) }
    }

    /// Moves a file that is done. Should somebody have written on it in the last moment, it comes back, to be read on.
    async fn put_away(&mut self, key: &str, path: &Path, length: u64) -> Result<(), LookError> {
        let done = self.folder.path.join(DONE);
        std::fs::create_dir_all(&done)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let free = (0..).map(|n| if n == 0 { done.join(&name) } else { done.join(format!("{name}.{n}")) });
        let target = free.into_iter().find(|target| !target.exists()).unwrap_or_else(|| done.join(&name));
        std::fs::rename(path, &target)?;
        if std::fs::metadata(&target)?.len() != length && !path.exists() {
            std::fs::rename(&target, path)?;
            return Ok(());
        }
        self.open.remove(key);
        self.cursors.delete(&self.cursor_key(key)).await?;
        info!(channel = "phone", account = self.recorder.account(), "A file is done");
        Ok(())
    }

    async fn cursor(&self, key: &str) -> Result<Option<Cursor>, KvError> {
        let kept = self.cursors.get(&self.cursor_key(key)).await?;
        Ok(kept.and_then(|(value, _)| serde_json::from_slice(&value).ok()))
    }

    fn cursor_key(&self, key: &str) -> String {
        format!("phone.{}.{key}", self.recorder.account())
    }
}

/// The files to read, in the order of their names.
pub(crate) fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_left =
            name.starts_with('.') || LEFT_ALONE.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
        if !is_left && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// What is not told is found when the folder is looked through.
fn watch(path: &Path, changed: &Arc<Notify>) -> Option<notify::RecommendedWatcher> {
    let changed = Arc::clone(changed);
    let told = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access() || event.kind.is_remove()) {
            changed.notify_one();
        }
    };
    let mut watcher = notify::recommended_watcher(told).ok()?;
    watcher.watch(path, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

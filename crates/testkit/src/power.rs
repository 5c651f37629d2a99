//! A disk whose power can be cut: what was not synced is gone.
//!
//! A FUSE file system, wholly in memory. `disk` is what a disk may lose (pure), `layer` hands the kernel's calls to
//! it. Real page-cache loss is milder: this is its worst case, the same each time.

mod disk;
mod layer;

use std::path::Path;
use std::sync::{Arc, Mutex};

use fuser::{BackgroundSession, Config, MountOption};
use tempfile::TempDir;

use disk::Disk;
use layer::Layer;

/// A mounted disk.
#[derive(Debug)]
pub struct Power {
    // Before the folder, so that it is unmounted before its folder goes.
    session: Option<BackgroundSession>,
    folder: TempDir,
    disk: Arc<Mutex<Disk>>,
}

impl Power {
    /// Mounts an empty disk.
    ///
    /// # Errors
    /// Why this machine cannot (no `/dev/fuse`, no right to mount).
    pub fn on() -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("redress-power-").tempdir()?;
        let mut power = Self { session: None, folder, disk: Arc::default() };
        power.mount()?;
        Ok(power)
    }

    /// Where the disk is mounted.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Cuts the power and gives it back: what was not synced is gone. Kill first whoever has files open.
    ///
    /// # Errors
    /// When somebody still has.
    pub fn cut(&mut self) -> std::io::Result<()> {
        if let Some(session) = self.session.take() {
            match session.umount_and_join() {
                // The kernel's other word for an unmounted file system, to whoever was just asking for work.
                Err(problem) if problem.kind() == std::io::ErrorKind::ConnectionAborted => {}
                ended => ended?,
            }
        }
        self.disk.lock().expect("the file system does not panic").cut();
        self.mount()
    }

    fn mount(&mut self) -> std::io::Result<()> {
        let layer = Layer::over(self.disk.clone());
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("redress-power".to_owned()), MountOption::NoAtime];
        self.session = Some(fuser::spawn_mount(layer, self.folder.path(), &config)?);
        Ok(())
    }
}

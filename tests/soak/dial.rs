//! A clock that a process reads and this one turns: libfaketime, which goes by a file.

use std::path::{Path, PathBuf};

/// A file with the offset of the clock of whoever is started with its variables.
pub(crate) struct Dial {
    library: String,
    file: PathBuf,
}

impl Dial {
    /// Set to the right time; none where there is no libfaketime.
    pub(crate) fn make(file: PathBuf) -> anyhow::Result<Option<Self>> {
        let Some(library) = library() else { return Ok(None) };
        let dial = Self { library: library.display().to_string(), file };
        dial.set("+0")?;
        Ok(Some(dial))
    }

    /// The offset from now on: `+1h`, `-1h`, `+0`.
    pub(crate) fn set(&self, offset: &str) -> std::io::Result<()> {
        // Whole or not at all: the library reads it at any moment.
        let next = self.file.with_extension("next");
        std::fs::write(&next, format!("{offset}\n"))?;
        std::fs::rename(next, &self.file)
    }

    /// What a process is started with so that it goes by this dial.
    pub(crate) fn variables(&self) -> [(&str, &str); 4] {
        [
            ("LD_PRELOAD", self.library.as_str()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.to_str().unwrap_or_default()),
            ("FAKETIME_NO_CACHE", "1"),
            // A monotonic clock does not jump.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ]
    }
}

/// Where Debian and its kin put it.
fn library() -> Option<PathBuf> {
    let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    folders
        .into_iter()
        .map(|folder| Path::new(folder).join("faketime/libfaketime.so.1"))
        .find(|it| it.exists())
}

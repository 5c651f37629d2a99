//! Running the program in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder with settings, in which the program is run.
pub(crate) struct Desk {
    folder: TempDir,
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn with(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("redress.toml"), settings).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What stands in its settings file.
    pub(crate) fn settings(&self) -> String {
        std::fs::read_to_string(self.path("redress.toml")).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A command that knows nothing of the surroundings the tests run in.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_redress"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    pub(crate) fn ask(&self, arguments: &[&str]) -> Answer {
        Answer::of(self.command(arguments).output().unwrap())
    }

    /// Asks a command that starts a broker itself.
    pub(crate) fn ask_with_broker(&self, arguments: &[&str]) -> Answer {
        let server = redress_testkit::broker::server().canonicalize().unwrap();
        Answer::of(self.command(arguments).env("NATS_SERVER", server).output().unwrap())
    }
}

impl Answer {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The only file in a folder.
pub(crate) fn only_file(folder: &Path) -> Option<PathBuf> {
    let mut files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let first = files.next();
    assert!(files.next().is_none(), "{} holds several files", folder.display());
    first
}

//! One nats-server process in a folder of its own: started, signalled, waited for, killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A nats-server that runs, or ran.
#[derive(Debug)]
pub(crate) struct Process {
    folder: PathBuf,
    /// Words before the program: how to get into another network namespace.
    before: Vec<String>,
    child: Option<Child>,
}

impl Process {
    /// None runs yet.
    pub(crate) fn in_folder(folder: &Path, before: &[String]) -> Self {
        Self { folder: folder.to_owned(), before: before.to_vec(), child: None }
    }

    /// Starts one on this configuration; what it says goes to the end of `nats.log`.
    pub(crate) fn spawn(&mut self, configuration: &str) {
        self.kill();
        let config = self.folder.join("nats.conf");
        std::fs::write(&config, configuration).expect("the broker's configuration is written");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_file());
        let words: Vec<PathBuf> = self.before.iter().map(PathBuf::from).chain([server()]).collect();
        let child = Command::new(&words[0])
            .args(&words[1..])
            .arg("-c")
            .arg(&config)
            .envs(redress_bus::server::environment(redress_bus::server::usual_memory_mebibytes()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.expect("a log file"))
            .spawn();
        self.child = Some(child.expect("nats-server starts"));
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Sends a signal; harmless when nothing runs.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if self.is_running()
            && let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, signal);
        }
    }

    /// Waits until it has ended by itself; panics when it has not after a minute.
    pub(crate) async fn ended(&mut self) {
        let until = Instant::now() + Duration::from_mins(1);
        while self.is_running() {
            assert!(Instant::now() < until, "nats-server does not end within a minute:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.child = None;
    }

    /// SIGKILL: no goodbye.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// What it said, in all its lives.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("nats.log")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The nats-server to test with: `NATS_SERVER`, or the pinned one that `make test` fetches into `.tools`.
pub fn server() -> PathBuf {
    if let Some(path) = std::env::var_os("NATS_SERVER") {
        return path.into();
    }
    let pinned = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.tools/nats-server-2.15.1");
    assert!(pinned.exists(), "there is no nats-server; `make test` fetches it (or run tools/nats.sh)");
    pinned
}

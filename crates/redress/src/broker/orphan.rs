//! A nats-server that a killed `redress up` left behind on the data folder.

use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::config_file::file_in;
use super::{LOOK_EVERY, STOP_PATIENCE};
use crate::data::DataFolder;

/// How long a killed process may take to vanish.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// Stops it, when there is one and it is ours. Call with the folder locked.
pub(super) async fn stop(data: &DataFolder) -> anyhow::Result<()> {
    let folder = data.broker();
    let Some(pid) = noted_pid(&folder) else { return Ok(()) };
    if !is_ours(pid, &folder) {
        return Ok(());
    }
    info!("Stopping the nats-server that an earlier run left behind (process {})", pid.as_raw_nonzero());
    for (signal, patience) in [(Signal::TERM, STOP_PATIENCE), (Signal::KILL, KILL_PATIENCE)] {
        let _ = kill_process(pid, signal);
        if is_gone(pid, &folder, patience).await {
            return Ok(());
        }
        warn!("It does not end within {} s", patience.as_secs());
    }
    bail!("stop the nats-server of an earlier run (process {})", pid.as_raw_nonzero());
}

async fn is_gone(pid: Pid, folder: &Path, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        if !is_ours(pid, folder) {
            return true;
        }
        sleep(LOOK_EVERY).await;
    }
    false
}

/// The server itself wrote its process id here, before it opened its store.
fn noted_pid(folder: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(folder.join("nats.pid")).ok()?;
    Pid::from_raw(text.trim().parse().ok()?)
}

/// True when the process lives and was started with our configuration file (process ids are used again). Where the
/// system does not show command lines, a living process counts as ours.
fn is_ours(pid: Pid, folder: &Path) -> bool {
    let Ok(arguments) = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())) else {
        return !Path::new("/proc/self/cmdline").exists() && test_kill_process(pid).is_ok();
    };
    let file = file_in(folder);
    arguments.split(|byte| *byte == 0).any(|argument| argument == file.as_os_str().as_encoded_bytes())
}

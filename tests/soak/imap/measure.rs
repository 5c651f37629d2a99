//! What a process that reads a mailbox takes: memory of mails in flight, memory in all; and stopping it where it stands.

use anyhow::Context as _;
use redress_tests::program::metric;
use redress_tests::results::{Bar, Results};
use rustix::process::{Pid, Signal, kill_process};

/// Most that `[email.limits] in_flight_mebibytes_max` lets be held, by default.
const IN_FLIGHT_MEBIBYTES: f64 = 64.0;
const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// The most it ever held.
pub(super) struct Peaks {
    in_flight: f64,
}

impl Peaks {
    /// Asks a running process.
    pub(super) async fn of(health: &str) -> anyhow::Result<Self> {
        let client = redress_runtime::http::client()?;
        let text = client.get(format!("{health}/metrics")).send().await?.text().await?;
        let in_flight = metric(&text, "redress_email_in_flight_peak_bytes", "") / MEBIBYTE;
        Ok(Self { in_flight })
    }

    pub(super) fn tell(&self, name: &str, results: &mut Results) {
        let bar = Bar::AtMost(IN_FLIGHT_MEBIBYTES);
        results.tell(&format!("{name}_in_flight_peak"), self.in_flight, "MiB", bar);
    }
}

/// The most memory a process had.
pub(super) fn peak_kibibytes(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// Sends a signal.
pub(super) fn signal(pid: u32, signal: Signal) -> anyhow::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("it has a process id")?;
    kill_process(pid, signal).context("send a signal")
}

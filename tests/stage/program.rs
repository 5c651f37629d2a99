//! The program as a process: settings in a folder, services started and killed, addresses read from what it prints.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

/// Where the `redress` program lies: beside this one.
///
/// # Errors
/// When it was not built.
pub fn redress() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("find the running program")?;
    let mut folder = own.parent().context("find its folder")?;
    if folder.ends_with("deps") {
        folder = folder.parent().context("find its folder")?;
    }
    let program = folder.join("redress");
    ensure!(program.exists(), "{} is not there; build it with `cargo build -p redress`", program.display());
    Ok(program)
}

/// A running `redress` process; stopped when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Running {
    /// Starts `redress --json --config <config> <arguments>`, its log appended to `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(config: &Path, log: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        Self::start_with(config, log, arguments, &[])
    }

    /// As [`start`](Self::start), with more variables in its environment.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_with(
        config: &Path,
        log: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut child = Command::new(redress()?)
            .args(["--json", "--config"])
            .arg(config)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .context("start redress")?;
        let stdout = child.stdout.take().context("read what it prints")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, lines, log: log.to_owned() })
    }

    /// The address of a listener (`public`, `health`, `broker`), once it is told.
    ///
    /// # Errors
    /// When it is not told in time; the message holds the end of the log.
    pub fn address(&self, listener: &str) -> anyhow::Result<String> {
        let until = Instant::now() + Duration::from_mins(2);
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            let Ok(told) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
            if told["listener"] == listener
                && let Some(url) = told["url"].as_str()
            {
                return Ok(url.to_owned());
            }
        }
        anyhow::bail!("redress told no address of {listener}; its log ends:\n{}", tail(&self.log))
    }

    /// The next line it prints; none when it prints none in time or has ended.
    pub fn line(&self, patience: Duration) -> Option<String> {
        self.lines.recv_timeout(patience).ok()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// True while it runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// How it ended; none while it runs.
    pub fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn ask_to_stop(&self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let pid = pid.context("it has a process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).context("ask it to stop")
    }

    /// SIGTERM, and waits.
    ///
    /// # Errors
    /// When it does not end by itself, without an error, within two minutes.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.ask_to_stop()?;
        let until = Instant::now() + Duration::from_mins(2);
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "it ended with {status}; its log ends:\n{}", tail(&self.log));
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        anyhow::bail!("it does not stop; its log ends:\n{}", tail(&self.log))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Asked first, so that `up` ends the broker it runs; then made to.
        if self.is_running() && self.stop().is_err() {
            self.kill();
        }
    }
}

/// Runs a command of the program to its end and gives what it printed.
///
/// # Errors
/// When it fails; the message holds what it said.
pub fn ask(config: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(redress()?)
        .args(["--json", "--config"])
        .arg(config)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("start redress")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "redress {} failed: {said}", arguments.join(" "));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The end of a log.
pub fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(20).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

/// CPU seconds a process has used, its own and in the kernel (0 when it is gone).
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The second field may hold blanks; what follows the last bracket does not.
    let Some((_, rest)) = stat.rsplit_once(") ") else { return 0.0 };
    let ticks: f64 = rest.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// A value from `/metrics` text: the sum over all label sets that contain `having`.
pub fn metric(text: &str, name: &str, having: &str) -> f64 {
    text.lines()
        .filter(|line| line.starts_with(name) && !line.starts_with('#'))
        .filter(|line| line[name.len()..].starts_with(['{', ' ']) && line.contains(having))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

//! Parts in a process of their own: those that need mounts and networks of their own, in namespaces that vanish with it,
//! so that nothing of it shows outside and nothing is left behind, however it ends; and those that run beside others.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use redress_tests::results::{Bar, Results, say};

use crate::Form;

/// Says inside that one is inside.
pub(crate) const INSIDE: &str = "--inside";

/// A process that tells its figures when it is done.
pub(crate) struct Room {
    parts: String,
    child: Child,
}

/// Starts a part inside. None, and said so, where the machine cannot.
pub(crate) fn enter(part: &str, form: &Form) -> anyhow::Result<Option<Room>> {
    let Some(unshare) = unshare() else {
        say(&format!("SKIPPED: core.{part}: this machine lets us have no namespaces of our own (unshare)"));
        return Ok(None);
    };
    start(unshare, &[INSIDE, part], form).map(Some)
}

/// Starts parts, one after the other, beside what runs here; none when there are none.
pub(crate) fn beside(parts: &[&(&str, &str)], form: &Form) -> anyhow::Result<Option<Room>> {
    if parts.is_empty() {
        return Ok(None);
    }
    let names: Vec<&str> = parts.iter().map(|(part, _)| *part).collect();
    // `env` runs what it is given, as `unshare` does.
    start(Command::new("env"), &names, form).map(Some)
}

fn start(mut runner: Command, parts: &[&str], form: &Form) -> anyhow::Result<Room> {
    let child = runner
        .arg(std::env::current_exe().context("find the running program")?)
        .args(["--form", form.pick("short", "long"), "--seed", &form.seed.to_string()])
        .args(parts)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("start {runner:?}"))?;
    Ok(Room { parts: parts.join(" "), child })
}

impl Room {
    /// Waits for its end; its figures are told here.
    pub(crate) fn leave(mut self, results: &mut Results) -> anyhow::Result<()> {
        let mut fell_short = false;
        for line in BufReader::new(self.child.stdout.take().context("read what it prints")?).lines() {
            let line = line?;
            match read_result(&line) {
                Some((name, figure, unit, bar)) => {
                    results.tell(name, figure, unit, bar);
                    fell_short |= line.ends_with(" short");
                }
                None => say(&line),
            }
        }
        let status = self.child.wait()?;
        ensure!(status.success() || fell_short, "{} ended with {status}", self.parts);
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What must be done first inside.
pub(crate) fn furnish() -> anyhow::Result<()> {
    shell("ip link set lo up && mount -t tmpfs -o size=16m tmpfs /run")
}

/// Runs a line of shell.
pub(crate) fn shell(line: &str) -> anyhow::Result<()> {
    let output = Command::new("sh").args(["-c", line]).stdin(Stdio::null()).output().context("start sh")?;
    ensure!(output.status.success(), "`{line}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// `unshare` with what works here: as root, or as a user who becomes root inside.
fn unshare() -> Option<Command> {
    let plain = ["--mount", "--net"].as_slice();
    let mapped = ["--user", "--map-root-user", "--mount", "--net"].as_slice();
    let is_allowed = |words: &&[&str]| {
        let tried = Command::new("unshare").args(*words).arg("true").stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let words = [plain, mapped].into_iter().find(is_allowed)?;
    let mut command = Command::new("unshare");
    command.args(words);
    Some(command)
}

/// A line that [`Results`] printed, taken apart.
fn read_result(line: &str) -> Option<(&str, f64, &str, Bar)> {
    let mut words = line.strip_prefix("RESULT ")?.split(' ');
    let (name, figure, unit) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
    let bar = words.next()?.strip_prefix("bar=")?;
    let bar = match (bar.strip_prefix(">="), bar.strip_prefix("<="), bar) {
        (Some(least), _, _) => Bar::AtLeast(least.parse().ok()?),
        (_, Some(most), _) => Bar::AtMost(most.parse().ok()?),
        (_, _, "none") => Bar::None,
        (_, _, exact) => Bar::Exactly(exact.parse().ok()?),
    };
    Some((name, figure, unit, bar))
}

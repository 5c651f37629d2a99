//! Who holds a lease: a process, named so that a later one on the same machine can tell that it has ended. Where the
//! system tells no such names (or containers share none), a lease simply runs out.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A name for one holder in this process: something random, and where the process can be found.
pub(super) fn draw() -> String {
    // Randomly seeded by the standard library; only has to differ between holders.
    let random = format!("{:016x}", RandomState::new().build_hasher().finish());
    let pid = std::process::id();
    match (machine(), started(pid)) {
        (Some(machine), Some(started)) => format!("{random} {machine} {pid} {started}"),
        _ => random,
    }
}

/// True when the holder was a process of this machine and is no longer there. False when nobody knows.
pub(super) fn has_ended(owner: &[u8]) -> bool {
    let Ok(owner) = std::str::from_utf8(owner) else { return false };
    let [_, machine_of_owner, pid, started_at] = owner.split(' ').collect::<Vec<_>>()[..] else {
        return false;
    };
    let Ok(pid) = pid.parse() else { return false };
    machine().is_some_and(|machine| machine == machine_of_owner)
        && started(pid).is_none_or(|started| started != started_at)
}

/// This boot of this machine, and the space in which process numbers count.
fn machine() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}/{}", boot.trim(), space.to_str()?))
}

/// When the process of this number began, as the kernel counts; none when there is none.
fn started(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field may hold blanks; what follows the last bracket does not.
    let (_, rest) = stat.rsplit_once(") ")?;
    let (state, started) = (rest.split(' ').next()?, rest.split(' ').nth(19)?);
    (state != "Z").then(|| started.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_runs_has_not_ended() {
        assert!(!has_ended(draw().as_bytes()));
        assert_ne!(draw(), draw());
    }

    #[test]
    fn one_that_ended_has_unless_nobody_knows() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let (machine, started) = (machine().unwrap(), started(std::process::id()).unwrap());
        child.wait().unwrap();
        assert!(has_ended(format!("r {machine} {} {started}", child.id()).as_bytes()));
        assert!(
            has_ended(format!("r {machine} {} 1", std::process::id()).as_bytes()),
            "another had the number"
        );
        assert!(!has_ended(format!("r elsewhere {} {started}", child.id()).as_bytes()));
        assert!(!has_ended(b"0123456789abcdef"));
        assert!(!has_ended(b""));
    }
}

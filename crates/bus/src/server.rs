//! How a nats-server is started for this system, whoever starts it: `redress up`, tests, benches; `deploy/` says the same.

/// Lines of its configuration.
///
/// Nearly every message has a subject of its own (one per contact, complaint, key or timer), so a cache from subject to
/// subscriptions only costs: without it the broker needed a sixth less CPU per complaint.
pub const SETTINGS: &str = "max_payload: 1MB\ndisable_sublist_cache: true\n";

/// Least memory that its heap is given, in MiB.
const MEMORY_MEBIBYTES_MIN: u64 = 1024;
/// What a container may use, where the process runs in one (cgroup v2).
const CONTAINER_LIMIT: &str = "/sys/fs/cgroup/memory.max";
const MEBIBYTE: u64 = 1024 * 1024;

/// Its environment: the garbage collector runs when the heap has grown fivefold instead of twofold (a tenth less CPU), and
/// more often near `memory_mebibytes`, so that memory stays bounded.
///
/// Every message in the streams is indexed in memory. When that index nears the limit, the broker collects garbage all the
/// time: at 100,000 complaints and one gibibyte that doubled its CPU.
pub fn environment(memory_mebibytes: u32) -> [(&'static str, String); 2] {
    [("GOGC", "400".to_owned()), ("GOMEMLIMIT", format!("{memory_mebibytes}MiB"))]
}

/// What its heap may take where nobody says, in MiB: a quarter of what this machine or container has, 1,024 at least.
pub fn usual_memory_mebibytes() -> u32 {
    let machine = rustix::system::sysinfo();
    let has = machine.totalram.saturating_mul(machine.mem_unit.into());
    let allowed = std::fs::read_to_string(CONTAINER_LIMIT).ok().and_then(|text| text.trim().parse().ok());
    let most = allowed.map_or(has, |allowed: u64| allowed.min(has));
    u32::try_from((most / 4 / MEBIBYTE).max(MEMORY_MEBIBYTES_MIN)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_told_as_the_runtime_of_the_broker_reads_it() {
        assert_eq!(environment(2048)[1], ("GOMEMLIMIT", "2048MiB".to_owned()));
        assert!(usual_memory_mebibytes() >= 1024);
    }
}

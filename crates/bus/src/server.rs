//! How a nats-server is started for this system, whoever starts it: `redress up`, tests, benches; `deploy/` says the same.

/// Lines of its configuration.
///
/// Nearly every message has a subject of its own (one per contact, complaint, key or timer), so a cache from subject to
/// subscriptions only costs: without it the broker needed a sixth less CPU per complaint.
pub const SETTINGS: &str = "max_payload: 1MB\ndisable_sublist_cache: true\n";

/// Its environment: the garbage collector runs when the heap has grown fivefold instead of twofold (a tenth less CPU;
/// the heap is small), and more often near the limit, so that memory stays bounded.
pub const ENVIRONMENT: [(&str, &str); 2] = [("GOGC", "400"), ("GOMEMLIMIT", "1GiB")];

//! What lies on this machine: the identity key, the nats-server.

use std::os::unix::fs::PermissionsExt as _;

use redress_runtime::settings::environment;

use super::finding::{Finding, fail, ok, warn};
use crate::broker::find;
use crate::data::read_keys;
use crate::settings::Config;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![key(config)];
    // Where one runs, the broker's own answer says more.
    if config.bus.servers.is_empty() && config.data.noted_broker().is_none() {
        findings.push(server(config));
    }
    findings
}

fn key(config: &Config) -> Finding {
    let file = config.key_file.display();
    let Ok(metadata) = std::fs::metadata(&config.key_file) else {
        return fail(
            "identity key",
            format!("{file} is missing"),
            "restore it from your backup; for a new installation: redress keys init",
        );
    };
    if let Err(error) = read_keys(&config.key_file) {
        return fail("identity key", format!("failed to {error:#}"), "restore it from your backup");
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return warn(
            "identity key",
            format!("others may read {file} (mode {mode:o})"),
            format!("chmod 600 {file}"),
        );
    }
    ok("identity key", format!("{file}, read by its owner only; is it in your backup?"))
}

fn server(config: &Config) -> Finding {
    match find(&config.broker, &environment()) {
        Ok(found) => ok("nats-server", format!("{} at {}", found.version, found.path.display())),
        Err(error) => {
            fail("nats-server", format!("failed to {error:#}"), "fetch the pinned one with `make test`")
        }
    }
}

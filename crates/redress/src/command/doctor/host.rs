//! What lies on this machine: the identity key, the nats-server.

use std::os::unix::fs::PermissionsExt as _;

use redress_runtime::settings::environment;
use redress_vault::{PrivateKey, PublicKey, Ring};

use super::super::rotate::retired;
use super::finding::{Finding, fail, ok, warn};
use crate::broker::find;
use crate::data::read_keys;
use crate::sealing::KeyFiles;
use crate::settings::Config;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![key(config)];
    findings.extend(sealing(config));
    findings.extend(staff(config));
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

/// The sealing keys that are here: a machine that runs channels only has the public one.
fn sealing(config: &Config) -> Vec<Finding> {
    let files = &config.sealing;
    let (private, public): (Result<Ring<PrivateKey>, _>, Result<Ring<PublicKey>, _>) =
        (Ring::read(&files.private), Ring::read(&files.public));
    let missing = "restore it from your backup; for a new installation: redress keys init";
    let mut findings = Vec::new();
    match (files.private.exists(), &private, &public) {
        (_, _, Err(problem)) | (true, Err(problem), _) => {
            findings.push(fail("sealing key", format!("failed to {problem}"), missing));
        }
        (true, Ok(private), Ok(public)) if private.newest().id != public.newest().id => findings.push(fail(
            "sealing key",
            format!("{} seals, but the newest private key is {}", public.newest().id, private.newest().id),
            "give both files of one installation to this machine: what is sealed for a pair needs its private half",
        )),
        (true, Ok(private), _) => findings.push(ok(
            "sealing key",
            format!("{} seals and opens, {} live; is it in your backup, apart from the data?", private.newest().id, private.keys().len()),
        )),
        (false, _, Ok(public)) => findings.push(ok(
            "sealing key",
            format!("{} seals; no private key is here, so nothing is opened on this machine", public.newest().id),
        )),
    }
    findings.extend(status(files));
    for file in [&files.private, &files.status_private] {
        let mode = std::fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode() & 0o777);
        if mode & 0o077 != 0 {
            let (file, found) =
                (file.display(), format!("others may read {} (mode {mode:o})", file.display()));
            findings.push(warn("sealing key", found, format!("chmod 600 {file}")));
        }
        let retired = retired(file);
        if retired.exists() {
            let found = format!(
                "{} is kept: with it, what was erased can be read from old copies",
                retired.display()
            );
            findings.push(warn("sealing key", found, "destroy it once nothing is wrapped for it any more"));
        }
    }
    findings
}

/// The pair of the status page. What is missing of it takes its messages away and nothing else.
fn status(files: &KeyFiles) -> Option<Finding> {
    const WHAT: &str = "status key";
    let (private, public): (Result<Ring<PrivateKey>, _>, Result<Ring<PublicKey>, _>) =
        (Ring::read(&files.status_private), Ring::read(&files.status_public));
    let without = "the status page shows no messages";
    let mend = "where `web` and `notifier` run, give it both files of one installation ([keys] status_private_file, \
                status_public_file); for a new installation: redress keys init";
    match (private, public) {
        (Ok(private), Ok(public)) if private.newest().id != public.newest().id => {
            let (sealed, opens) = (public.newest().id, private.newest().id);
            Some(warn(
                WHAT,
                format!("{without}: they are sealed for {sealed}, and the key here is {opens}"),
                mend,
            ))
        }
        (Ok(_), Ok(_)) => None,
        (Err(problem), _) | (_, Err(problem)) => {
            Some(warn(WHAT, format!("{without}: failed to {problem}"), mend))
        }
    }
}

/// Where clerks type in what came by letter, in person or by telephone.
fn staff(config: &Config) -> Option<Finding> {
    let (accounts, url) = (config.staff.accounts(), &config.staff.public_url);
    let found = format!("{accounts} may sign in at {url}, served on {}", config.staff.listen);
    (accounts > 0).then(|| ok("staff intake", found))
}

fn server(config: &Config) -> Finding {
    match find(&config.broker, &environment()) {
        Ok(found) => ok("nats-server", format!("{} at {}", found.version, found.path.display())),
        Err(error) => {
            fail("nats-server", format!("failed to {error:#}"), "fetch the pinned one with `make test`")
        }
    }
}

//! What depends on what, read from `cargo metadata`.

use std::collections::BTreeMap;

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};

use crate::files::{self, File};
use crate::none_of;

/// Crates without I/O: the words and the rules.
const PURE: [&str; 3] = ["redress-contract", "redress-domain", "redress-identity"];
/// What a crate without I/O must not depend on.
const IO: [&str; 14] = [
    "tokio",
    "tokio-util",
    "futures",
    "async-nats",
    "async-imap",
    "reqwest",
    "lettre",
    "axum",
    "hyper",
    "rustls",
    "config",
    "tracing",
    "getrandom",
    "rand",
];
/// Crates that only one of ours may use; tests excepted.
const RESERVED: [(&str, &[&str]); 8] = [
    ("async-nats", &["redress-bus", "redress-tests"]),
    // `web` reads mails of our own making only.
    ("mail-parser", &["redress-email", "redress-web", "redress-tests"]),
    ("async-imap", &["redress-email"]),
    ("lettre", &["redress-notifier", "redress-tests"]),
    ("phonenumber", &["redress-identity"]),
    ("config", &["redress-runtime"]),
    ("tracing-subscriber", &["redress-runtime", "redress-tests"]),
    ("metrics-exporter-prometheus", &["redress-runtime"]),
];

fn metadata() -> Metadata {
    let manifest = files::root().join("Cargo.toml");
    let offline = ["--locked", "--offline"].map(str::to_owned).to_vec();
    MetadataCommand::new().manifest_path(manifest).no_deps().other_options(offline).exec().unwrap()
}

/// Normal and build dependencies: what ships.
fn shipped(package: &Package) -> impl Iterator<Item = &Dependency> {
    package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development)
}

fn floors(metadata: &Metadata) -> BTreeMap<String, u64> {
    let floor = |package: &&Package| package.metadata["redress"]["floor"].as_u64();
    let missing: Vec<_> =
        metadata.packages.iter().filter(|it| floor(it).is_none()).map(|it| it.name.to_string()).collect();
    none_of(&missing, "crates without [package.metadata.redress] floor");
    metadata.packages.iter().map(|it| (it.name.to_string(), floor(&it).unwrap())).collect()
}

#[test]
fn no_arrow_climbs_or_runs_sideways() {
    let metadata = metadata();
    let floors = floors(&metadata);
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let from = floors[package.name.as_str()];
        for dependency in shipped(package) {
            let Some(to) = floors.get(&dependency.name) else { continue };
            if *to >= from {
                wrong.push(format!("{} (floor {from}) uses {} (floor {to})", package.name, dependency.name));
            }
        }
    }
    none_of(&wrong, "arrows that do not go down");
}

#[test]
fn the_testkit_never_ships() {
    let wrong: Vec<_> = metadata()
        .packages
        .iter()
        .filter(|package| package.name.as_str() != "redress-tests")
        .filter(|package| shipped(package).any(|dependency| dependency.name == "redress-testkit"))
        .map(|package| package.name.to_string())
        .collect();
    none_of(&wrong, "crates that use redress-testkit outside tests");
}

#[test]
fn a_crate_that_few_may_name_is_named_by_no_other() {
    let mut wrong = Vec::new();
    for package in metadata().packages {
        for dependency in shipped(&package) {
            let reserved = RESERVED.iter().find(|(name, _)| *name == dependency.name);
            if let Some((name, users)) = reserved.filter(|(_, users)| !users.contains(&package.name.as_str()))
            {
                wrong.push(format!("{} uses {name}, which belongs to {}", package.name, users.join(", ")));
            }
        }
    }
    none_of(&wrong, "dependencies that belong to another crate");
}

#[test]
fn words_and_rules_do_no_io() {
    let mut wrong = Vec::new();
    for package in metadata().packages.iter().filter(|package| PURE.contains(&package.name.as_str())) {
        let io = shipped(package).filter(|dependency| IO.contains(&dependency.name.as_str()));
        wrong.extend(io.map(|dependency| format!("{} uses {}", package.name, dependency.name)));
    }
    none_of(&wrong, "I/O in crates that have none");
}

#[test]
fn versions_and_features_stand_in_the_root_manifest_only() {
    let mut wrong = Vec::new();
    // The fuzz targets are a workspace of their own, built against the root's lock file.
    let ours = |file: &File| file.path.ends_with("/Cargo.toml") && file.path != "fuzz/Cargo.toml";
    for manifest in files::with_extension("toml").into_iter().filter(ours) {
        let table: toml::Table = manifest.text().parse().unwrap();
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, written) in table.get(section).and_then(toml::Value::as_table).into_iter().flatten() {
                if written.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                    wrong.push(format!("{}: [{section}] {name}", manifest.path));
                }
            }
        }
        if table.get("lints").and_then(|lints| lints.get("workspace")).is_none() {
            wrong.push(format!("{}: [lints] workspace = true is missing", manifest.path));
        }
    }
    none_of(&wrong, "not taken from the workspace");
}

#[test]
fn every_crate_stands_in_the_architecture_page() {
    let page =
        std::fs::read_to_string(files::root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let wrong: Vec<_> = metadata()
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .filter(|name| {
            let short = name.strip_prefix("redress-").unwrap_or(name);
            !page.contains(&format!("`{name}`"))
                && !page.contains(&format!("`{short}`"))
                && !page.contains(&format!("`-{short}`"))
        })
        .collect();
    none_of(&wrong, "crates that ARCHITECTURE.md does not name");
}

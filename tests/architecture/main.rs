//! The shape of the workspace: what depends on what, what files are called and how they begin, which words they may
//! hold, whether links and example settings are whole. Each test names every offender at once.
#![cfg(test)]

mod crates;
mod documents;
mod example;
mod files;
mod points;
mod private;
mod sources;

/// Fails with one line for each offender.
#[track_caller]
fn none_of(offenders: &[String], what: &str) {
    assert!(offenders.is_empty(), "{what}:\n  {}", offenders.join("\n  "));
}

//! The mails of a run, and what must become of them.

use std::path::Path;

use anyhow::Context as _;
use redress_tests::mails::{self, Made};

use crate::Form;

/// Mails in the order they are delivered.
pub(crate) struct Workload {
    /// Their bytes.
    pub(crate) mails: Vec<Vec<u8>>,
    /// How many complaints they are.
    pub(crate) complaints: usize,
}

/// Made by us, or taken from the folder that was named.
pub(crate) fn workload(form: &Form) -> anyhow::Result<Workload> {
    match &form.folder {
        Some(folder) => read(folder),
        None => Ok(of(mails::make(form.seed, form.mails))),
    }
}

fn of(made: Vec<Made>) -> Workload {
    let complaints = made.iter().filter(|mail| mail.answers.is_none()).count();
    Workload { mails: made.into_iter().map(|mail| mail.raw).collect(), complaints }
}

/// `manifest.jsonl`: one object a line, `file` and `reply_to` (null for a new complaint).
fn read(folder: &Path) -> anyhow::Result<Workload> {
    let manifest = folder.join("manifest.jsonl");
    let text = std::fs::read_to_string(&manifest).with_context(|| format!("read {}", manifest.display()))?;
    let mut work = Workload { mails: Vec::new(), complaints: 0 };
    for line in text.lines() {
        let mail: serde_json::Value = serde_json::from_str(line)?;
        let file = folder.join(mail["file"].as_str().context("a mail of the manifest names its file")?);
        work.mails.push(std::fs::read(&file).with_context(|| format!("read {}", file.display()))?);
        work.complaints += usize::from(mail["reply_to"].is_null());
    }
    Ok(work)
}

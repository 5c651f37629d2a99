//! The mails of a run, and which of them belong together.

use std::path::Path;

use anyhow::Context as _;
use redress_tests::mails::{self, Made};

use crate::Form;

/// One mail to be delivered.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// Its bytes, lines ended as on the wire.
    pub(crate) raw: Vec<u8>,
    /// The complaint it is part of.
    pub(crate) thread: String,
    /// Where its complaint is acknowledged; none when that is not known.
    pub(crate) address: Option<String>,
}

/// Made by us, or taken from the folder that was named.
pub(crate) fn mails(form: &Form, count: usize) -> anyhow::Result<Vec<Mail>> {
    match &form.folder {
        Some(folder) => read(folder),
        None => Ok(mails::make(form.seed, count).iter().map(Mail::of).collect()),
    }
}

impl Mail {
    /// Each sender of ours writes about one thing.
    pub(crate) fn of(made: &Made) -> Self {
        Self { raw: made.raw.clone(), thread: made.from.clone(), address: Some(made.from.clone()) }
    }
}

/// `manifest.jsonl`: one object a line, with its number `n`, `file` and `reply_to` (null for a new complaint, else the number
/// of the mail that opened the complaint).
fn read(folder: &Path) -> anyhow::Result<Vec<Mail>> {
    let manifest = folder.join("manifest.jsonl");
    let text = std::fs::read_to_string(&manifest).with_context(|| format!("read {}", manifest.display()))?;
    let mut mails = Vec::new();
    for line in text.lines() {
        let mail: serde_json::Value = serde_json::from_str(line)?;
        let file = mail["file"].as_str().context("a mail of the manifest names its file")?;
        let raw = std::fs::read(folder.join(file)).with_context(|| format!("read {file}"))?;
        let own = mail["n"].as_u64().context("a mail of the manifest has a number")?;
        let thread = match &mail["reply_to"] {
            serde_json::Value::Null => own,
            answered => answered.as_u64().with_context(|| format!("reply_to of {file} is no number"))?,
        };
        let thread = thread.to_string();
        mails.push(Mail { raw: on_the_wire(&raw), thread, address: None });
    }
    Ok(mails)
}

/// IMAP ends every line with CR LF, whatever the file does.
fn on_the_wire(raw: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(raw.len() + raw.len() / 32);
    for (index, byte) in raw.iter().enumerate() {
        if *byte == b'\n' && (index == 0 || raw[index - 1] != b'\r') {
            wire.push(b'\r');
        }
        wire.push(*byte);
    }
    wire
}

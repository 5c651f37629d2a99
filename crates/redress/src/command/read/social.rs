//! `redress read social`: payloads of social platforms through the same reader as the service.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use redress_contract::Contact;
use redress_identity::Keys;
use redress_social::normalize::{self, Envelope};
use redress_social::platform::items;
use redress_social::post::{Item, Own, Platform};
use serde_json::Value;

use crate::out::{Out, printable};

/// Of which platform payloads are, and as whom they are read.
pub(super) struct How<'a> {
    pub(super) platform: &'a str,
    pub(super) own: &'a [String],
    pub(super) account: &'a str,
}

/// A file that cannot be read does not hold up the others.
pub(super) fn run(how: &How<'_>, files: &[PathBuf], keys: &Keys, out: Out) -> anyhow::Result<ExitCode> {
    let platform = Platform::from_word(how.platform).ok_or_else(|| {
        let known: Vec<&str> = Platform::ALL.iter().map(|platform| platform.word()).collect();
        anyhow!("read as {}: the platforms are {}", how.platform, known.join(", "))
    })?;
    let own = Own(how.own.iter().map(|own| own.trim_start_matches('@').to_lowercase()).collect());
    let mut code = ExitCode::SUCCESS;
    for file in files {
        if let Err(error) = read(file, (platform, how.account), &own, (keys, out)) {
            out.complain(&format!("redress: failed to {error:#}"));
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn read(
    file: &Path,
    (platform, account): (Platform, &str),
    own: &Own,
    (keys, out): (&Keys, Out),
) -> anyhow::Result<()> {
    let doing = || format!("read {}", file.display());
    let bytes = std::fs::read(file).with_context(doing)?;
    let now = Timestamp::try_from(std::fs::metadata(file).and_then(|it| it.modified()).with_context(doing)?)?;
    // Feeds, and streams of events, are text.
    let payload = serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    let envelope = Envelope { account, now, keys };
    for item in items(platform, &payload, own) {
        match item {
            Item::Post(said) => {
                let contact = normalize::contact(&said, &envelope);
                out.json(&Contact { recorded_at: now, ..contact })?;
            }
            Item::Unread { why, raw } => {
                out.complain(&printable(&format!("redress: {}: kept apart: {why}", file.display())));
                let contact = normalize::unread(platform, &why, &normalize::raw(&raw), &envelope);
                out.json(&Contact { recorded_at: now, ..contact })?;
            }
            Item::Own(id) => {
                out.complain(&printable(&format!("redress: {}: our own: {id}", file.display())));
            }
            Item::Nothing(what) => {
                out.complain(&printable(&format!("redress: {}: nothing for us: {what}", file.display())));
            }
        }
    }
    Ok(())
}

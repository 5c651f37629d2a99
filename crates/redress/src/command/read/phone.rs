//! `redress read phone`: call logs and transcripts through the same reader as the service.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use redress_contract::Contact;
use redress_identity::Keys;
use redress_phone::config::{Account, AccountSettings, Folder, Kind, Place};
use redress_phone::{Config as PhoneConfig, Settings};
use serde_json::json;

use crate::out::{Out, printable};
use crate::settings::Config;

/// How files are read: as an account of the settings does, or by a format alone.
pub(super) struct How<'a> {
    pub(super) account: Option<&'a str>,
    pub(super) format: Option<&'a str>,
    pub(super) zone: Option<&'a str>,
}

/// A file that cannot be read does not hold up the others.
pub(super) fn run(
    config: &Config,
    how: &How<'_>,
    files: &[PathBuf],
    keys: &Keys,
    out: Out,
) -> anyhow::Result<ExitCode> {
    let own;
    let (name, phone) = if let Some(name) = how.account {
        (name, &config.phone)
    } else {
        own = by_format(how)?;
        ("read", &own)
    };
    let account =
        phone.accounts.get(name).ok_or_else(|| anyhow!("read as {name}: there is no such account"))?;
    let Account { place: Place::Folder(folder), .. } = account else {
        bail!("read as {name}: its entries are posted, so it has no files");
    };
    let mut code = ExitCode::SUCCESS;
    for file in files {
        if let Err(error) = read(phone, (name, account), folder, file, (keys, out)) {
            out.complain(&format!("redress: failed to {error:#}"));
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn read(
    phone: &PhoneConfig,
    account: (&str, &Account),
    folder: &Folder,
    file: &Path,
    (keys, out): (&Keys, Out),
) -> anyhow::Result<()> {
    let (mut read, mut unread) = (0_u64, 0_u64);
    let tell = |place: &str, contact: Contact| {
        if contact.call.is_some() {
            read += 1;
        } else {
            unread += 1;
            out.complain(&printable(&format!("redress: {}", contact.parse_problem)));
        }
        let contact = Contact { recorded_at: contact.received_at, ..contact };
        out.json(&contact).map_err(|error| std::io::Error::other(format!("{place}: {error}")))
    };
    let done = redress_phone::read_file(file, account, (folder, phone), keys, tell);
    done.with_context(|| format!("read {}", file.display()))?;
    if out.is_terminal() {
        out.complain(&printable(&format!("redress: {}: {read} read, {unread} kept apart", file.display())));
    }
    Ok(())
}

/// Settings of one account, made of what the command line says; checked as the settings file is.
fn by_format(how: &How<'_>) -> anyhow::Result<PhoneConfig> {
    let format = how.format.unwrap_or_default();
    let format =
        serde_json::from_value(json!(format)).with_context(|| format!("read the format {format:?}"))?;
    let account = AccountSettings {
        kind: Some(Kind::Folder),
        path: Some(".".into()),
        format: Some(format),
        zone: how.zone.unwrap_or_default().to_owned(),
        ..AccountSettings::default()
    };
    let settings = Settings { accounts: [("read".to_owned(), account)].into(), ..Settings::default() };
    PhoneConfig::check(&settings, "").map_err(|problems| {
        let told: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
        anyhow!(told.join("; ").replace("phone.accounts.read.", "--"))
    })
}

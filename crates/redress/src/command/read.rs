//! `redress read`: raw input through the same reader as the service; nothing is stored.

mod phone;
mod social;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use jiff::Timestamp;
use redress_contract::Contact;
use redress_identity::Keys;

use super::sender;
use crate::cli::Read;
use crate::data::read_keys;
use crate::out::{Out, printable};
use crate::settings::Config;

/// A file that cannot be read does not hold up the others.
pub(super) fn run(config: &Config, what: &Read, out: Out) -> anyhow::Result<ExitCode> {
    let keys = keys(config, out)?;
    let (account, files) = match what {
        Read::Email { account, files } => (account, files),
        Read::Phone { account, format, zone, files } => {
            let how =
                phone::How { account: account.as_deref(), format: format.as_deref(), zone: zone.as_deref() };
            return phone::run(config, &how, files, &keys, out);
        }
        Read::Social { platform, own, account, files } => {
            return social::run(&social::How { platform, own, account }, files, &keys, out);
        }
    };
    let mut code = ExitCode::SUCCESS;
    for file in files {
        match email(config, account, &keys, file) {
            Ok(contact) => {
                out.json(&contact)?;
                remark(&contact, out);
            }
            Err(error) => {
                out.complain(&format!("redress: failed to {error:#}"));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// For who looks on: whether the sender is who they say is not easily seen in JSON.
fn remark(contact: &Contact, out: Out) {
    if let Some(said) = sender::confirmed(contact).filter(|_| out.is_terminal()) {
        out.complain(&printable(&format!("redress: from {}: {said}", sender::sender(contact))));
    }
}

/// The time of the file stands for the time the mail came, as in a Maildir.
fn email(config: &Config, account: &str, keys: &Keys, file: &Path) -> anyhow::Result<Contact> {
    let doing = || format!("read {}", file.display());
    let metadata = std::fs::metadata(file).with_context(doing)?;
    let received_at = Timestamp::try_from(metadata.modified().with_context(doing)?).with_context(doing)?;
    let read = redress_email::read_file(file, account, received_at, &config.email, keys);
    let contact = read.with_context(doing)?;
    Ok(Contact { recorded_at: received_at, ..contact })
}

/// Without the installation's key all is as it would be but the ids.
fn keys(config: &Config, out: Out) -> anyhow::Result<Keys> {
    if config.key_file.exists() {
        return read_keys(&config.key_file);
    }
    out.complain("redress: there is no identity key here, so the ids are not those of an installation");
    Ok(Keys::from_master(&[0; 32]))
}

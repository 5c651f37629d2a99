//! Telephone systems: whether their folders can be read, who reads them, where posts go.

use jiff::SignedDuration;
use redress_contract::subject::name::LEASES;
use redress_phone::config::{Account, Folder, Place, Webhook};
use redress_runtime::Clock;
use redress_vault::Vault;

use super::finding::{Finding, fail, ok, warn};
use crate::settings::{Config, Settings};

/// Whoever reads a folder says so more often than this.
const READ_WITHIN: SignedDuration = SignedDuration::from_mins(5);

pub(super) async fn look(settings: &Settings, config: &Config, vault: Option<&Vault>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, account) in &config.phone.accounts {
        let what = format!("telephone system {name}");
        findings.extend(numbers(&what, account));
        match &account.place {
            Place::Webhook(webhook, _) => {
                findings.push(address(&what, webhook, (&settings.web.public_url, name)));
            }
            Place::Folder(place) => {
                findings.push(folder(&what, place));
                if let Some(vault) = vault {
                    findings.push(read_by(&what, name, vault).await);
                }
            }
        }
    }
    findings
}

/// Without a country, numbers that are written without one are nobody's who writes them with one.
fn numbers(what: &str, account: &Account) -> Option<Finding> {
    account.house.country.is_none().then(|| {
        let mend = "set country, so that a caller is the same party as whoever writes the number into a form";
        warn(what, "its numbers have no country".to_owned(), mend)
    })
}

fn address(what: &str, webhook: &Webhook, (public_url, name): (&str, &str)) -> Finding {
    let found = format!("it is to post to {}", webhook.address(public_url, name));
    if public_url.starts_with("https://") {
        return ok(what, found);
    }
    let mend = "set [web] public_url to the https:// address at which the public reaches this machine";
    warn(what, format!("{found}, which nobody can reach from outside, or not safely"), mend)
}

/// Files can be listed, and moved away when they are done.
fn folder(what: &str, folder: &Folder) -> Finding {
    let path = folder.path.display();
    match std::fs::read_dir(&folder.path) {
        Err(error) => fail(what, format!("{path}: {error}"), "make the folder, and let the service read it"),
        Ok(entries) => {
            let files =
                entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())).count();
            let is_read_only = std::fs::metadata(&folder.path).is_ok_and(|it| it.permissions().readonly());
            if is_read_only {
                let mend = "let the service write there: files that are done are moved to `done`";
                return warn(what, format!("{path} cannot be written to"), mend);
            }
            ok(what, format!("{path} holds {files} files, read as {}", folder.parser.format.word()))
        }
    }
}

/// Whether somebody reads it now.
async fn read_by(what: &str, name: &str, vault: &Vault) -> Finding {
    let (leases, key, now) = (vault.bus().kv(LEASES), format!("phone.{name}"), Clock::system().now());
    let held = leases.stored_at_leader("phone").await.unwrap_or_default();
    let held = held.iter().find(|stored| leases.key_of(stored) == Some(&key));
    match held.filter(|stored| !stored.body.is_empty() && now.duration_since(stored.stored_at) < READ_WITHIN)
    {
        Some(_) => ok(what, "somebody reads it"),
        None => {
            warn(what, "nobody reads it".to_owned(), "start the service: redress run phone, or redress up")
        }
    }
}

//! What the mail services talk to: mailboxes, the outgoing server, the roles that are told.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use redress_contract::Recipient;
use redress_contract::subject::name::LEASES;
use redress_email::config::{Account, Imap, Place, Webhook};
use redress_email::normalize::trust::Authserv;
use redress_intake::health::tell::{Event, last_told};
use redress_intake::health::{Kind, State};
use redress_runtime::Clock;
use redress_vault::Vault;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::finding::{Finding, fail, ok, warn};
use crate::settings::{Config, Settings};

const PATIENCE: Duration = Duration::from_secs(10);
/// Whoever reads an account says so more often than this.
const READ_WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);
/// Signing in may take asking for a token first.
const MAILBOX_PATIENCE: Duration = Duration::from_secs(40);

pub(super) async fn look(settings: &Settings, config: &Config, vault: Option<&Vault>) -> Vec<Finding> {
    let mut findings = vec![roles(settings)];
    let told = match vault {
        Some(vault) => last_told(vault.bus(), "email").await.unwrap_or_default(),
        None => Vec::new(),
    };
    for (name, account) in &config.email.accounts {
        findings.push(mailbox(name, account, (&settings.web.public_url, vault)).await);
        findings.push(senders(name, account));
        let told = told.iter().find(|event| event.data.account == *name);
        match (vault, &account.place) {
            (None, _) => {}
            (Some(_), Place::Webhook(_)) => findings.push(posted_to(name, told)),
            (Some(vault), _) => findings.push(read_by(name, told, vault).await),
        }
    }
    if settings.notifier.transport == "smtp" {
        findings.push(outgoing(settings).await);
    }
    findings
}

/// Whose word is taken on who wrote. To take nobody's is no fault: a signed reply address proves enough for an answer.
fn senders(name: &str, account: &Account) -> Finding {
    let what = format!("senders {name}");
    match &account.trust.authserv {
        Authserv::Named(id) => ok(&what, format!("are who the server {id} says they are")),
        Authserv::Unnamed => {
            ok(&what, "are who the server says they are, in its topmost Authentication-Results")
        }
        Authserv::Nobody => Finding {
            mend: Some(
                "name the server that checks mail in authserv_id (docs/email.md, \"Who wrote it\")"
                    .to_owned(),
            ),
            ..ok(&what, "are not checked: nobody is trusted to say who wrote")
        },
    }
}

/// A role without an address is told nothing.
fn roles(settings: &Settings) -> Finding {
    let staff =
        Recipient::ALL.iter().filter(|role| **role != Recipient::Complainant).map(|role| role.token());
    let missing: Vec<&str> = staff.filter(|role| !settings.notifier.roles.contains_key(*role)).collect();
    if missing.is_empty() {
        return ok("roles", "each has an address");
    }
    let found = format!("no address for {}", missing.join(", "));
    warn("roles", found, "name them under [notifier.roles], or per team under [notifier.teams]")
}

/// Whether it can be read: signed in to and opened, as the service would; or where it is posted to.
async fn mailbox(name: &str, account: &Account, (public_url, vault): (&str, Option<&Vault>)) -> Finding {
    let what = format!("mailbox {name}");
    match &account.place {
        Place::Maildir(path) => maildir(&what, path),
        Place::Imap(place) => imap(&what, (name, place), vault).await,
        Place::Webhook(webhook) => webhook_address(&what, webhook, (public_url, name)),
    }
}

/// The address that the provider is to be given.
fn webhook_address(what: &str, webhook: &Webhook, (public_url, name): (&str, &str)) -> Finding {
    let (address, provider) = (webhook.address(public_url, name), webhook.provider().name());
    let found = format!("{provider} is to post to {address}");
    if public_url.starts_with("https://") {
        return ok(what, found);
    }
    let mend = "set [web] public_url to the https:// address at which the public reaches this machine";
    warn(what, format!("{found}, which no provider can reach, or not safely"), mend)
}

/// How the service that is posted to says it fares; nobody holds it alone, so silence means nothing.
fn posted_to(name: &str, told: Option<&Event>) -> Finding {
    if let Some(event) = told {
        return health(name, event);
    }
    let mend = "start the service: redress run email, or redress up";
    warn(&format!("account {name}"), "nobody has taken posts so far", mend)
}

fn maildir(what: &str, path: &Path) -> Finding {
    let missing = ["new", "cur", "tmp"].into_iter().find(|folder| !path.join(folder).is_dir());
    match missing {
        None => ok(what, format!("{} is a Maildir", path.display())),
        Some(folder) => fail(
            what,
            format!("{} has no folder {folder}", path.display()),
            "make the three folders new, cur and tmp, or correct the path",
        ),
    }
}

async fn imap(what: &str, (name, place): (&str, &Imap), vault: Option<&Vault>) -> Finding {
    let clock = Clock::system();
    let looked = redress_email::look_into(name, place, vault, &clock);
    let Ok(looked) = tokio::time::timeout(MAILBOX_PATIENCE, looked).await else {
        let found =
            format!("{}:{} does not answer within {} s", place.host, place.port, MAILBOX_PATIENCE.as_secs());
        return fail(what, found, REACH);
    };
    match looked {
        Ok(folders) => {
            let folders: Vec<String> =
                folders.iter().map(|folder| format!("{} ({} mails)", folder.name, folder.mails)).collect();
            ok(what, format!("signed in to {}, can read {}", place.host, folders.join(", ")))
        }
        Err(error) => fail(what, format!("failed to {error}"), mend(error.kind)),
    }
}

const REACH: &str = "see that host, port and tls are right and that the server can be reached from here";

fn mend(kind: Kind) -> &'static str {
    match kind {
        Kind::Auth => {
            "see that user and password are right, or the oauth table; that the server allows IMAP for this mailbox, and this way of signing in (docs/email.md)"
        }
        Kind::Rate => "wait; and see that nothing else reads this mailbox all the time",
        Kind::Transient => REACH,
        Kind::Permanent | Kind::Permission => {
            "see that the folders are written as the server has them, that the certificate fits host, and what docs/email.md says of it"
        }
    }
}

/// Whether somebody reads the account at all, and what the reader says.
async fn read_by(name: &str, told: Option<&Event>, vault: &Vault) -> Finding {
    let leases = vault.bus().kv(LEASES);
    let (key, now) = (format!("email.{name}"), Clock::system().now());
    let held = leases.stored_at_leader("email").await.unwrap_or_default();
    let renewed =
        held.iter().find(|lease| leases.key_of(lease) == Some(key.as_str())).filter(|it| !it.body.is_empty());
    match (renewed.map(|lease| now.duration_since(lease.stored_at)), told) {
        (Some(ago), Some(event)) if ago < READ_WITHIN => health(name, event),
        (Some(ago), None) if ago < READ_WITHIN => {
            ok(&format!("account {name}"), "is being looked into for the first time")
        }
        _ => warn(
            &format!("account {name}"),
            "nobody reads it now",
            "start the service: redress run email, or redress up",
        ),
    }
}

/// How the service that reads it says it fares.
fn health(name: &str, event: &Event) -> Finding {
    let (what, told) = (format!("account {name}"), &event.data);
    let since = format!("{} since {:.0}", told.state.word(), event.time);
    let found = if told.reason.is_empty() { since } else { format!("{since}: {}", told.reason) };
    match told.state {
        State::Healthy => ok(&what, found),
        State::Degraded | State::AuthExpiring => warn(
            &what,
            found,
            format!("redress reconcile {name} --gaps names the mails that are left, and why"),
        ),
        State::Stalled | State::AuthFailed => fail(
            &what,
            found,
            "mend what is said of the mailbox; if that is well, see that the service email runs",
        ),
    }
}

/// Greeting and EHLO; whether the login is right shows with the first message.
async fn outgoing(settings: &Settings) -> Finding {
    let smtp = &settings.notifier.smtp;
    let usual = if smtp.tls == "implicit" { 465 } else { 587 };
    let port = if smtp.port == 0 { usual } else { smtp.port };
    let server = format!("{}:{port}", smtp.host);
    let tried = tokio::time::timeout(PATIENCE, greet(&smtp.host, port, smtp.tls == "implicit")).await;
    match tried.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {} s", PATIENCE.as_secs()))) {
        Ok(()) => ok("outgoing mail", format!("{server} answers")),
        Err(error) => fail(
            "outgoing mail",
            format!("failed to greet {server}: {error:#}"),
            "see that [notifier.smtp] host, port and tls are right and that the server can be reached from here",
        ),
    }
}

async fn greet(host: &str, port: u16, implicit_tls: bool) -> anyhow::Result<()> {
    let stream = TcpStream::connect((host, port)).await.context("connect")?;
    if implicit_tls {
        // The first words are part of the TLS session, which the service itself checks; that it listens is enough.
        return Ok(());
    }
    let mut stream = BufReader::new(stream);
    expect(&mut stream, "220").await?;
    stream.write_all(b"EHLO localhost\r\n").await?;
    expect(&mut stream, "250").await?;
    stream.write_all(b"QUIT\r\n").await?;
    Ok(())
}

/// Reads one answer, of any number of lines.
async fn expect(stream: &mut BufReader<TcpStream>, code: &str) -> anyhow::Result<()> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            bail!("it hung up");
        }
        if !line.starts_with(code) {
            bail!("it said {:?}", line.trim_end());
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(());
        }
    }
}

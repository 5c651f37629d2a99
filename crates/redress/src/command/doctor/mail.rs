//! What the mail services talk to: mailboxes, the outgoing server, the roles that are told.

use std::time::Duration;

use anyhow::{Context as _, bail};
use redress_contract::Recipient;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use redress_email::config::{AccountSettings, Kind, Tls};

use super::finding::{Finding, fail, ok, warn};
use crate::settings::Settings;

const PATIENCE: Duration = Duration::from_secs(10);
const MAILBOX_MEND: &str =
    "see that host, port and tls are right and that the server can be reached from here";

pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![roles(settings)];
    for (name, account) in &settings.email.accounts {
        findings.push(mailbox(name, account).await);
    }
    if settings.notifier.transport == "smtp" {
        findings.push(outgoing(settings).await);
    }
    findings
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

/// Whether it is there; whether the login is right shows in the health of the service.
async fn mailbox(name: &str, account: &AccountSettings) -> Finding {
    let what = format!("mailbox {name}");
    if account.kind == Some(Kind::Maildir) {
        let path = account.path.clone().unwrap_or_default();
        let missing = ["new", "cur", "tmp"].into_iter().find(|folder| !path.join(folder).is_dir());
        return match missing {
            None => ok(&what, format!("{} is a Maildir", path.display())),
            Some(folder) => fail(
                &what,
                format!("{} has no folder {folder}", path.display()),
                "make the three folders new, cur and tmp, or correct the path",
            ),
        };
    }
    let usual = if account.tls == Tls::Implicit { 993 } else { 143 };
    let port = if account.port == 0 { usual } else { account.port };
    let server = format!("{}:{port}", account.host);
    match tokio::time::timeout(PATIENCE, TcpStream::connect((account.host.as_str(), port))).await {
        Ok(Ok(_)) => ok(&what, format!("{server} takes connections")),
        Ok(Err(error)) => fail(&what, format!("failed to connect to {server}: {error}"), MAILBOX_MEND),
        Err(_) => {
            fail(&what, format!("{server} does not answer within {} s", PATIENCE.as_secs()), MAILBOX_MEND)
        }
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

//! Mails and forms that come in all the time, of every shape that leads somewhere: small, with large attachments, into a
//! mailbox, into a Maildir, by form and by API.

use std::fmt::Write as _;
use std::time::Duration;

use redress_runtime::Shutdown;
use redress_tests::mails;
use tokio::task::{JoinHandle, JoinSet};

use crate::points_scene::{Shared, World};
use crate::workload::Mail;

/// A second account: a Maildir.
pub(crate) const MAILDIR: &str = "[email.accounts.desk]\nkind = \"maildir\"\npath = \"{folder}/desk\"\n\
     address = \"desk@example.org\"\nstart = \"all\"\npoll_seconds = 1\n";

/// Between two mails.
const TICK: Duration = Duration::from_millis(250);
/// So many messages may wait for services, which is looked at after so many mails.
const BACKLOG_MAX: u64 = 60;
const LOOK_EACH: usize = 4;
/// Mails that are made ahead; then come others, from other people.
const MAILS: usize = 600;
/// One mail in so many has an attachment that does not fit into a message.
const LARGE_EACH: usize = 8;

/// The load, until it is stopped.
pub(crate) struct Stream {
    shutdown: Shutdown,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Stream {
    pub(crate) fn start(world: &Shared, seed: u64) -> Self {
        let (shutdown, world) = (Shutdown::new(), Shared::clone(world));
        let until = shutdown.clone();
        Self { running: tokio::spawn(async move { flow(&world, seed, until).await }), shutdown }
    }

    /// Ends it when everybody who was sending has heard something.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.ask();
        self.running.await?
    }
}

async fn flow(world: &World, seed: u64, shutdown: Shutdown) -> anyhow::Result<()> {
    let mut clients = JoinSet::new();
    let mut made = Vec::new();
    for n in 0.. {
        if n % MAILS == 0 {
            made = mails::make(seed + (n / MAILS) as u64 * 1_000, MAILS);
        }
        let mut mail = Mail::of(&made[n % MAILS]);
        mail.thread = format!("{seed} {} {}", n / MAILS, mail.thread);
        world.load.mail(&world.dovecot, &mail);
        if n % LARGE_EACH == 0 {
            world.load.mail(&world.dovecot, &large(n));
        }
        if n % 2 == 0 {
            world.drop_into_maildir(n)?;
        } else {
            world.load.person(&mut clients, n);
        }
        if shutdown.or(world.pause(n)).await.is_none() {
            break;
        }
    }
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    Ok(())
}

impl World {
    /// Until the next mail; longer while the house is behind, since what waits behind others comes late to its point.
    async fn pause(&self, n: usize) {
        tokio::time::sleep(TICK).await;
        while n.is_multiple_of(LOOK_EACH) && self.backlog().await > BACKLOG_MAX {
            tokio::time::sleep(TICK).await;
        }
    }

    fn drop_into_maildir(&self, n: usize) -> anyhow::Result<()> {
        let raw = format!(
            "From: desk{n}@example.com\r\nTo: desk@example.org\r\nSubject: A letter\r\n\
             Message-ID: <desk{n}@mail.example.com>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\nLetter {n} went astray.\r\n"
        );
        let address = format!("desk{n}@example.com");
        let mail = Mail { raw: raw.into_bytes(), thread: address.clone(), address: Some(address) };
        let name = self.load.mailed("desk", &mail).to_string();
        let folder = self.maildir();
        for part in ["tmp", "new", "cur"] {
            std::fs::create_dir_all(folder.join(part))?;
        }
        std::fs::write(folder.join("tmp").join(&name), &mail.raw)?;
        Ok(std::fs::rename(folder.join("tmp").join(&name), folder.join("new").join(name))?)
    }
}

/// A mail that does not fit into a message.
fn large(n: usize) -> Mail {
    let from = format!("large{n}@example.com");
    let mut raw = format!(
        "From: {from}\r\nTo: help@example.org\r\nSubject: With a file\r\nMessage-ID: <large{n}@mail.example.com>\r\n\
         Date: Mon, 2 Mar 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/plain\r\n\r\nSee the file, {n}.\r\n\
         --b1\r\nContent-Type: application/octet-stream; name=file.bin\r\n\r\n"
    );
    for line in 0..8_000 {
        let _ = write!(raw, "{line:076x}\r\n");
    }
    raw.push_str("\r\n--b1--\r\n");
    Mail { raw: raw.into_bytes(), thread: from.clone(), address: Some(from) }
}

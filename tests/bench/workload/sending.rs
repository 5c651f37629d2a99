//! Mails sent once more by a program that does nothing else, to a mail server in a process of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use futures::StreamExt as _;
use lettre::address::{Address, Envelope};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use redress_testkit::SmtpSink;
use redress_testkit::smtp::Mail;
use redress_tests::results::say;

const AT_ONCE: usize = 16;

/// Mails, and the server that takes them.
pub(crate) struct Sending {
    mails: Vec<(Envelope, Vec<u8>)>,
    port: u16,
    server: Child,
}

/// The word that makes this program the mail server of another: it says its port, and ends with its standard input.
pub(crate) const SINK: &str = "--be-sink";

impl Sending {
    pub(super) fn start(mails: &[Mail]) -> anyhow::Result<Self> {
        let mut server = Command::new(std::env::current_exe()?)
            .arg(SINK)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start a mail server")?;
        let mut line = String::new();
        BufReader::new(server.stdout.take().context("read its port")?).read_line(&mut line)?;
        let port = line.trim().parse().context("read its port")?;
        let mails = mails.iter().map(enveloped).collect::<anyhow::Result<_>>()?;
        Ok(Self { mails, port, server })
    }

    /// Sends them all.
    pub(crate) async fn send(&self) -> anyhow::Result<()> {
        let transport: AsyncSmtpTransport<Tokio1Executor> =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(self.port).build();
        let mut sending = futures::stream::iter(&self.mails)
            .map(|(envelope, bytes)| transport.send_raw(envelope, bytes))
            .buffer_unordered(AT_ONCE);
        while let Some(sent) = sending.next().await {
            sent?;
        }
        Ok(())
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn enveloped(mail: &Mail) -> anyhow::Result<(Envelope, Vec<u8>)> {
    let to = mail.recipients.iter().map(|it| it.parse::<Address>()).collect::<Result<Vec<_>, _>>()?;
    Ok((Envelope::new(mail.envelope_from.parse().ok(), to)?, mail.bytes.to_vec()))
}

/// A mail server until standard input ends.
pub(crate) async fn be_sink() -> anyhow::Result<()> {
    let sink = SmtpSink::start().await;
    say(&sink.address().port().to_string());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    drop(sink);
    Ok(())
}

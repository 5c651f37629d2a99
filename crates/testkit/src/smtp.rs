//! An SMTP server that keeps what it is given, and that can refuse, stall, delay and drop on command.
//!
//! It speaks to a real client over a real socket, so that what is tested is what goes out. A client that breaks the
//! protocol (a bare CR or LF, a line that is too long) is refused and remembered: [`SmtpSink::mails`] then panics.

mod conversation;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use conversation::listen;

use crate::eventually::PATIENCE;

/// A running sink; stops when dropped.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
}

/// How a sink presents itself.
#[derive(Clone, Default)]
pub struct Options {
    /// What it advertises after EHLO, in place of `PIPELINING`, `8BITMIME` and `SMTPUTF8`.
    pub extensions: Option<Vec<&'static str>>,
    /// User and password without which no mail is taken.
    pub login: Option<(String, String)>,
    /// TLS and when it begins.
    pub tls: Option<(TlsStart, Arc<rustls::ServerConfig>)>,
}

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsStart {
    /// With the connection.
    Implicit,
    /// After the command STARTTLS, without which no mail is taken.
    StartTls,
}

/// A mail that was taken.
#[derive(Debug, Clone)]
pub struct Mail {
    /// `MAIL FROM`, without angle brackets.
    pub envelope_from: String,
    /// Each `RCPT TO`, without angle brackets.
    pub recipients: Vec<String>,
    /// The message, dot-stuffing undone.
    pub bytes: Bytes,
    /// When its last line had come.
    pub at: Instant,
}

/// Something the sink does instead of taking a mail.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Where in the conversation.
    pub stage: Stage,
    /// Only for mails to a recipient that contains this (from [`Stage::Recipient`] on).
    pub recipient: Option<String>,
    /// How often; always when none.
    pub times: Option<u32>,
    /// What it does.
    pub act: Act,
}

/// A place in the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// In place of the greeting.
    Connect,
    /// At EHLO.
    Hello,
    /// At MAIL FROM.
    MailFrom,
    /// At RCPT TO.
    Recipient,
    /// At DATA.
    Data,
    /// While the message comes in, after its first line.
    Body,
    /// After the message, before the answer to it.
    EndOfData,
}

/// What the sink does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Answers with this line, such as `451 4.7.1 come again`; a mail it refuses is not kept.
    Reply(String),
    /// Closes the connection.
    Drop,
    /// At [`Stage::EndOfData`]: keeps the mail, then closes the connection without an answer.
    KeepAndDrop,
    /// At [`Stage::EndOfData`]: keeps the mail, then says nothing any more.
    KeepAndStall,
    /// Says nothing any more.
    Stall,
    /// Waits, then goes on as if nothing had been.
    Delay(Duration),
}

impl SmtpSink {
    /// A sink on a free port of the loopback interface.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// A sink that presents itself in a certain way.
    pub async fn start_with(options: Options) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), options).await
    }

    /// A sink at a certain address: one that comes back after it was away.
    pub async fn start_at(address: SocketAddr, options: Options) -> Self {
        let listener = TcpListener::bind(address).await.expect("the loopback interface has the port free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::new(options));
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(listen(
            listener,
            Arc::clone(&shared),
            stop.clone(),
        )));
        Self { address, shared, stop }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds a rule behind those there are; the first that fits is followed.
    pub fn script(&self, rule: Rule) {
        self.shared.rules().push(rule);
    }

    /// Answers a stage with a line, so many times.
    pub fn reply(&self, stage: Stage, times: u32, line: &str) {
        self.script(Rule { stage, recipient: None, times: Some(times), act: Act::Reply(line.to_owned()) });
    }

    /// Forgets all rules.
    pub fn behave(&self) {
        self.shared.rules().clear();
    }

    /// What was taken so far, in order.
    ///
    /// # Panics
    /// When a client broke the protocol.
    pub fn mails(&self) -> Vec<Mail> {
        let faults = self.shared.faults();
        assert!(faults.is_empty(), "the client broke SMTP: {faults:?}");
        self.shared.mails().clone()
    }

    /// How many mails were taken.
    pub fn count(&self) -> usize {
        *self.shared.count.borrow()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        *self.shared.connections.borrow()
    }

    /// Returns when at least `n` mails were taken.
    ///
    /// # Panics
    /// When they do not come within [`PATIENCE`].
    pub async fn wait_for(&self, n: usize) -> Vec<Mail> {
        let mut count = self.shared.count.subscribe();
        let waited = tokio::time::timeout(PATIENCE, count.wait_for(|count| *count >= n)).await;
        assert!(waited.is_ok(), "waited {PATIENCE:?} for {n} mails, {} came", self.count());
        self.mails()
    }

    /// Returns when at least `n` connections were made.
    ///
    /// # Panics
    /// When they are not made within [`PATIENCE`].
    pub async fn wait_for_connections(&self, n: usize) {
        let mut connections = self.shared.connections.subscribe();
        let made = tokio::time::timeout(PATIENCE, connections.wait_for(|made| *made >= n)).await;
        assert!(made.is_ok(), "waited {PATIENCE:?} for {n} connections, {} were made", self.connections());
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Shared {
    options: Options,
    mails: Mutex<Vec<Mail>>,
    rules: Mutex<Vec<Rule>>,
    faults: Mutex<Vec<String>>,
    count: watch::Sender<usize>,
    connections: watch::Sender<usize>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("count", &*self.count.borrow()).finish_non_exhaustive()
    }
}

impl Shared {
    fn new(options: Options) -> Self {
        Self {
            options,
            mails: Mutex::default(),
            rules: Mutex::default(),
            faults: Mutex::default(),
            count: watch::Sender::new(0),
            connections: watch::Sender::new(0),
        }
    }

    fn mails(&self) -> MutexGuard<'_, Vec<Mail>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Vec<String>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, mail: Mail) {
        self.mails().push(mail);
        self.count.send_modify(|count| *count += 1);
    }

    /// The first rule that fits, used up by one.
    fn act(&self, stage: Stage, recipients: &[String]) -> Option<Act> {
        let mut rules = self.rules();
        let at = rules.iter().position(|rule| rule.stage == stage && fits(rule, recipients))?;
        let act = rules[at].act.clone();
        if let Some(times) = &mut rules[at].times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                rules.remove(at);
            }
        }
        Some(act)
    }
}

fn fits(rule: &Rule, recipients: &[String]) -> bool {
    rule.times != Some(0)
        && rule.recipient.as_ref().is_none_or(|part| recipients.iter().any(|to| to.contains(part.as_str())))
}

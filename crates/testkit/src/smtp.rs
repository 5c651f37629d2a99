//! An SMTP server that keeps what it is given, and that can refuse, stall, delay and drop on command.
//!
//! It speaks to a real client over a real socket, so that what is tested is what goes out. A client that breaks the
//! protocol (a bare CR or LF, a line that is too long) is refused and remembered: [`SmtpSink::mails`] then panics.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

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
    /// When they do not come within 30 seconds.
    pub async fn wait_for(&self, n: usize) -> Vec<Mail> {
        let mut count = self.shared.count.subscribe();
        let waited = tokio::time::timeout(Duration::from_secs(30), count.wait_for(|count| *count >= n)).await;
        assert!(waited.is_ok(), "waited 30 s for {n} mails, {} came", self.count());
        self.mails()
    }

    /// Returns when at least `n` connections were made.
    ///
    /// # Panics
    /// When they are not made within 30 seconds.
    pub async fn wait_for_connections(&self, n: usize) {
        let mut connections = self.shared.connections.subscribe();
        let made =
            tokio::time::timeout(Duration::from_secs(30), connections.wait_for(|made| *made >= n)).await;
        assert!(made.is_ok(), "waited 30 s for {n} connections, {} were made", self.connections());
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

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

async fn listen(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        shared.connections.send_modify(|made| *made += 1);
        let shared = Arc::clone(&shared);
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            let stream: Option<Box<dyn Io>> = match &shared.options.tls {
                Some((TlsStart::Implicit, config)) => secure(Box::new(stream), config).await,
                _ => Some(Box::new(stream)),
            };
            if let Some(stream) = stream {
                Conversation::new(stream, shared).run().await;
            }
        }));
    }
}

async fn secure(stream: Box<dyn Io>, config: &Arc<rustls::ServerConfig>) -> Option<Box<dyn Io>> {
    let stream = tokio_rustls::TlsAcceptor::from(Arc::clone(config)).accept(stream).await.ok()?;
    Some(Box::new(stream))
}

/// What to do after a command.
enum Next {
    GoOn,
    StartTls,
    Close,
}

struct Conversation {
    stream: BufReader<Box<dyn Io>>,
    shared: Arc<Shared>,
    secured: bool,
    logged_in: bool,
    from: Option<String>,
    recipients: Vec<String>,
}

impl Conversation {
    fn new(stream: Box<dyn Io>, shared: Arc<Shared>) -> Self {
        let secured = matches!(shared.options.tls, Some((TlsStart::Implicit, _)));
        let logged_in = shared.options.login.is_none();
        Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            shared,
            secured,
            logged_in,
            from: None,
            recipients: Vec::new(),
        }
    }

    async fn run(mut self) {
        if !matches!(self.answer(Stage::Connect, "220 sink.example ESMTP").await, Some(true)) {
            return;
        }
        let mut line = Vec::with_capacity(1024);
        while self.line(&mut line).await.is_some() {
            let command = String::from_utf8_lossy(&line).into_owned();
            match self.command(command.trim_end()).await {
                Some(Next::GoOn) => {}
                Some(Next::StartTls) => {
                    let Some((_, config)) = self.shared.options.tls.clone() else { return };
                    let Some(stream) = secure(self.stream.into_inner(), &config).await else { return };
                    self.stream = BufReader::with_capacity(64 * 1024, stream);
                    self.secured = true;
                }
                Some(Next::Close) | None => return,
            }
        }
    }

    /// Handles one command; none when the connection is over.
    async fn command(&mut self, line: &str) -> Option<Next> {
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "EHLO" | "HELO" => {
                let hello = self.hello();
                self.answer(Stage::Hello, &hello).await?;
            }
            "STARTTLS" if self.shared.options.tls.is_some() && !self.secured => {
                self.say("220 go ahead").await?;
                return Some(Next::StartTls);
            }
            "AUTH" => self.login(line).await?,
            "MAIL" => self.mail_from(line).await?,
            "RCPT" => self.recipient(line).await?,
            "DATA" => self.data().await?,
            "RSET" => {
                self.forget();
                self.say("250 2.0.0 forgotten").await?;
            }
            "NOOP" => self.say("250 2.0.0 here").await?,
            "QUIT" => {
                self.say("221 2.0.0 bye").await?;
                return Some(Next::Close);
            }
            _ => self.say("500 5.5.1 what?").await?,
        }
        Some(Next::GoOn)
    }

    fn hello(&self) -> String {
        let options = &self.shared.options;
        let mut lines = vec!["sink.example"];
        match &options.extensions {
            Some(extensions) => lines.extend(extensions),
            None => lines.extend(["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]),
        }
        if options.login.is_some() {
            lines.push("AUTH PLAIN LOGIN");
        }
        if options.tls.is_some() && !self.secured {
            lines.push("STARTTLS");
        }
        let last = lines.len() - 1;
        let with_codes = lines.iter().enumerate().map(|(n, line)| {
            let mark = if n == last { ' ' } else { '-' };
            format!("250{mark}{line}")
        });
        with_codes.collect::<Vec<_>>().join("\r\n")
    }

    async fn login(&mut self, line: &str) -> Option<()> {
        let Some((user, password)) = self.shared.options.login.clone() else {
            return self.say("503 5.5.1 no need").await;
        };
        let given = line.split(' ').nth(2).unwrap_or_default();
        if given == base64(format!("\0{user}\0{password}").as_bytes()) {
            self.logged_in = true;
            return self.say("235 2.7.0 welcome").await;
        }
        self.say("535 5.7.8 no").await
    }

    async fn mail_from(&mut self, line: &str) -> Option<()> {
        if matches!(self.shared.options.tls, Some((TlsStart::StartTls, _))) && !self.secured {
            return self.say("530 5.7.0 say STARTTLS first").await;
        }
        if !self.logged_in {
            return self.say("530 5.7.0 log in first").await;
        }
        if self.answer(Stage::MailFrom, "250 2.1.0 fine").await? {
            self.forget();
            self.from = Some(path(line));
        }
        Some(())
    }

    async fn recipient(&mut self, line: &str) -> Option<()> {
        if self.from.is_none() {
            return self.say("503 5.5.1 from whom?").await;
        }
        self.recipients.push(path(line));
        let this = self.recipients[self.recipients.len() - 1..].to_vec();
        if !self.answer_for(Stage::Recipient, &this, "250 2.1.5 fine").await? {
            self.recipients.pop();
        }
        Some(())
    }

    async fn data(&mut self) -> Option<()> {
        let recipients = self.recipients.clone();
        if recipients.is_empty() {
            return self.say("503 5.5.1 to whom?").await;
        }
        if !self.answer_for(Stage::Data, &recipients, "354 go ahead").await? {
            return Some(());
        }
        let bytes = self.body(&recipients).await?;
        let mail = Mail {
            envelope_from: self.from.take().unwrap_or_default(),
            recipients: std::mem::take(&mut self.recipients),
            bytes: bytes.into(),
            at: Instant::now(),
        };
        match self.shared.act(Stage::EndOfData, &recipients) {
            Some(Act::KeepAndDrop) => {
                self.shared.keep(mail);
                return None;
            }
            Some(Act::KeepAndStall) => {
                self.shared.keep(mail);
                return std::future::pending().await;
            }
            Some(act) => {
                if !self.perform(act).await? {
                    return Some(());
                }
            }
            None => {}
        }
        self.shared.keep(mail);
        self.say("250 2.0.0 taken").await
    }

    /// Reads the message up to the lonely dot and undoes dot-stuffing.
    async fn body(&mut self, recipients: &[String]) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(16 * 1024);
        let mut line = Vec::with_capacity(1024);
        let mut first = true;
        loop {
            self.line(&mut line).await?;
            if line == b".\r\n" {
                return Some(bytes);
            }
            bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            if first {
                first = false;
                if let Some(act) = self.shared.act(Stage::Body, recipients) {
                    self.perform(act).await?;
                }
            }
        }
    }

    /// One line with its CRLF; none when the connection is over or the client broke the protocol.
    async fn line(&mut self, line: &mut Vec<u8>) -> Option<()> {
        line.clear();
        let read = self.stream.read_until(b'\n', line).await.ok()?;
        if read == 0 {
            return None;
        }
        let Some(text) = line.strip_suffix(b"\r\n") else {
            return self.fault("a line that does not end in CRLF");
        };
        if text.contains(&b'\r') {
            return self.fault("a bare CR");
        }
        if text.len() > 998 {
            return self.fault("a line of more than 998 octets");
        }
        Some(())
    }

    fn fault(&self, what: &str) -> Option<()> {
        self.shared.faults().push(what.to_owned());
        None
    }

    /// Says what a rule wants said at this stage, or `otherwise`; true when it was `otherwise`.
    async fn answer(&mut self, stage: Stage, otherwise: &str) -> Option<bool> {
        self.answer_for(stage, &[], otherwise).await
    }

    async fn answer_for(&mut self, stage: Stage, recipients: &[String], otherwise: &str) -> Option<bool> {
        if let Some(act) = self.shared.act(stage, recipients)
            && !self.perform(act).await?
        {
            return Some(false);
        }
        self.say(otherwise).await?;
        Some(true)
    }

    /// Does what a rule says; true to go on as usual, none when the connection is over.
    async fn perform(&mut self, act: Act) -> Option<bool> {
        match act {
            Act::Reply(line) => {
                self.say(&line).await?;
                Some(false)
            }
            Act::Drop | Act::KeepAndDrop => None,
            Act::Stall | Act::KeepAndStall => std::future::pending().await,
            Act::Delay(time) => {
                tokio::time::sleep(time).await;
                Some(true)
            }
        }
    }

    async fn say(&mut self, line: &str) -> Option<()> {
        let stream = self.stream.get_mut();
        stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
        stream.flush().await.ok()
    }

    fn forget(&mut self) {
        self.from = None;
        self.recipients.clear();
    }
}

/// The address between the angle brackets.
fn path(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(path, _)| path.to_owned()).unwrap_or_default()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0_u32, |n, byte| (n << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = usize::try_from((n >> (18 - 6 * place)) & 63).expect("six bits fit");
            text.push(if place > chunk.len() { '=' } else { char::from(LETTERS[letter]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_rfc_4648() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}

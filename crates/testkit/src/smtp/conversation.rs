//! The server's side of SMTP, command by command.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Act, Mail, Shared, Stage, TlsStart};

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Takes connections, one task each, until stopped.
pub(super) async fn listen(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
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
                let goes_on = self.perform(act).await?;
                if !goes_on {
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

//! To a mail server by SMTP, over connections that are used again.
//!
//! The conversation is led here, command by command, and not by lettre's pooled transport: so it is known whether a
//! failure came before the end of the message (then it may be sent again at once) or after (then it may have been
//! taken), and a conversation that was cut off is never handed to the next message.

use std::fmt;
use std::str::FromStr as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::address::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::time::{Instant, timeout};

use super::{Parcel, SendError, TransportError};
use crate::config::{SmtpConfig, Tls};

/// How long a connection may rest and still be used: servers close idle ones after a minute or more.
const REST_MAX: Duration = Duration::from_secs(30);

/// A mail server, with connections that rest.
pub(crate) struct Smtp {
    config: SmtpConfig,
    hello: ClientId,
    tls: Option<TlsParameters>,
    login: Option<Credentials>,
    resting: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
    resting_max: usize,
}

/// How a conversation about one message ended, when it was not taken.
enum Trouble {
    /// The connection broke before the message was complete: it was not taken.
    Lost(String),
    /// Nobody can say whether it was taken.
    Unknown(String),
    /// The server said no.
    Refused(u16, String),
    /// The server cannot take such an address.
    Unfit,
}

impl Smtp {
    pub(super) fn new(config: SmtpConfig, parallel: usize) -> Result<Self, TransportError> {
        let tls = match config.tls {
            Tls::None => None,
            Tls::Implicit | Tls::StartTls => Some(tls_parameters(&config)?),
        };
        Ok(Self {
            hello: ClientId::Domain(config.hello_name.clone()),
            tls,
            login: config
                .login
                .as_ref()
                .map(|(user, password)| Credentials::new(user.clone(), password.expose().to_owned())),
            resting: Mutex::default(),
            resting_max: parallel,
            config,
        })
    }

    pub(super) async fn send(&self, parcel: Parcel<'_>) -> Result<(), SendError> {
        let letter = Letter::new(parcel)?;
        if let Some(connection) = self.rested() {
            match self.converse(connection, &letter).await {
                // It rested too long after all; a fresh one decides.
                Err(Trouble::Lost(_)) => {}
                ended => return ended.map_err(judge),
            }
        }
        let connection = timeout(self.config.connect_timeout, self.connect()).await;
        let connection = connection.unwrap_or_else(|_| Err(unreachable("connecting took too long")))?;
        self.converse(connection, &letter).await.map_err(judge)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let server = (self.config.host.as_str(), self.config.port);
        let wait = Some(self.config.connect_timeout);
        let implicit = self.tls.clone().filter(|_| self.config.tls == Tls::Implicit);
        let connected = AsyncSmtpConnection::connect_tokio1(server, wait, &self.hello, implicit, None).await;
        let mut connection = connected.map_err(|e| unreachable(&describe(&e)))?;
        if self.config.tls == Tls::StartTls
            && let Some(tls) = self.tls.clone()
        {
            let started = connection.starttls(tls, &self.hello).await;
            started.map_err(|e| unreachable(&format!("STARTTLS: {}", describe(&e))))?;
        }
        if let Some(login) = &self.login {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let logged_in = connection.auth(&mechanisms, login).await;
            logged_in.map_err(|e| unreachable(&format!("logging in: {}", describe(&e))))?;
        }
        Ok(connection)
    }

    async fn converse(
        &self,
        mut connection: AsyncSmtpConnection,
        letter: &Letter<'_>,
    ) -> Result<(), Trouble> {
        let spoken = timeout(self.config.send_timeout, letter.hand_over(&mut connection)).await;
        match spoken {
            Ok(Ok(())) => {
                self.rest(connection);
                Ok(())
            }
            Ok(Err(Trouble::Refused(code, status))) => {
                // 421 and the like mean that the server hangs up.
                if code != 421 && matches!(timeout(REST_MAX, connection.command(Rset)).await, Ok(Ok(_))) {
                    self.rest(connection);
                }
                Err(Trouble::Refused(code, status))
            }
            Ok(Err(trouble)) => Err(trouble),
            Err(_) => Err(Trouble::Unknown("the mail server took too long".to_owned())),
        }
    }

    fn rested(&self) -> Option<AsyncSmtpConnection> {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain(|(_, since)| since.elapsed() < REST_MAX);
        resting.pop().map(|(connection, _)| connection)
    }

    fn rest(&self, connection: AsyncSmtpConnection) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        if resting.len() < self.resting_max {
            resting.push((connection, Instant::now()));
        }
    }
}

/// A message made ready for the wire.
struct Letter<'a> {
    from: Address,
    to: Address,
    message: &'a str,
}

impl<'a> Letter<'a> {
    fn new(parcel: Parcel<'a>) -> Result<Self, SendError> {
        let address = |text: &str, whose: &str| {
            Address::from_str(text)
                .map_err(|_| SendError::Never(format!("the {whose} address cannot be used")))
        };
        let message = std::str::from_utf8(parcel.message)
            .map_err(|_| SendError::Never("the message is not UTF-8".to_owned()))?;
        if has_bare_line_ends(message) {
            return Err(SendError::Never("the message holds bare line ends".to_owned()));
        }
        Ok(Self { from: address(parcel.from, "sender's")?, to: address(parcel.to, "recipient's")?, message })
    }

    async fn hand_over(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Trouble> {
        let options = self.options(connection)?;
        connection.command(Mail::new(Some(self.from.clone()), options)).await.map_err(|e| before(&e))?;
        connection.command(Rcpt::new(self.to.clone(), Vec::new())).await.map_err(|e| before(&e))?;
        connection.command(Data).await.map_err(|e| before(&e))?;
        connection.command(Stuffed(self.message)).await.map_err(|e| after(&e))?;
        Ok(())
    }

    fn options(&self, connection: &AsyncSmtpConnection) -> Result<Vec<MailParameter>, Trouble> {
        let mut options = Vec::new();
        let server = connection.server_info();
        let plain = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        if !plain(&self.from) || !plain(&self.to) {
            if !server.supports_feature(Extension::SmtpUtfEight) {
                return Err(Trouble::Unfit);
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !self.message.is_ascii() {
            if !server.supports_feature(Extension::EightBitMime) {
                return Err(Trouble::Unfit);
            }
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(options)
    }
}

/// The message with its dots stuffed and its end marked (RFC 5321 §4.5.2), written in one piece: two pieces would
/// wait for each other's acknowledgement.
struct Stuffed<'a>(&'a str);

impl fmt::Display for Stuffed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.split_inclusive("\r\n") {
            if line.starts_with('.') {
                f.write_str(".")?;
            }
            f.write_str(line)?;
        }
        if !self.0.is_empty() && !self.0.ends_with("\r\n") {
            f.write_str("\r\n")?;
        }
        f.write_str(".\r\n")
    }
}

/// True when a CR stands without LF or the other way round: what SMTP smuggling lives on.
fn has_bare_line_ends(message: &str) -> bool {
    let bytes = message.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| match byte {
        b'\n' => at == 0 || bytes[at - 1] != b'\r',
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    })
}

fn before(error: &Error) -> Trouble {
    refused(error).unwrap_or_else(|| Trouble::Lost(describe(error)))
}

fn after(error: &Error) -> Trouble {
    refused(error).unwrap_or_else(|| Trouble::Unknown(describe(error)))
}

fn refused(error: &Error) -> Option<Trouble> {
    error.status().map(|code| Trouble::Refused(code.into(), describe(error)))
}

fn judge(trouble: Trouble) -> SendError {
    match trouble {
        Trouble::Lost(what) | Trouble::Unknown(what) => SendError::NotNow(what),
        Trouble::Unfit => SendError::Never("the mail server takes no addresses beyond ASCII".to_owned()),
        // Logging in is our duty and not the message's.
        Trouble::Refused(530 | 534 | 535 | 538, status) => SendError::Unreachable(status),
        Trouble::Refused(500.., status) => SendError::Never(status),
        Trouble::Refused(_, status) => SendError::NotNow(status),
    }
}

fn unreachable(what: &str) -> SendError {
    SendError::Unreachable(format!("the mail server cannot be used: {what}"))
}

/// Code and enhanced code, such as `550 5.1.1`, or the kind of failure. What the server says may name people.
fn describe(error: &Error) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    if let Some(code) = error.status() {
        let enhanced = source.split_whitespace().next().filter(|word| is_enhanced(word));
        return enhanced.map_or_else(|| code.to_string(), |enhanced| format!("{code} {enhanced}"));
    }
    if error.is_response() {
        return "the connection ended in the middle of an answer".to_owned();
    }
    format!("the connection failed: {source}")
}

fn is_enhanced(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
}

fn tls_parameters(config: &SmtpConfig) -> Result<TlsParameters, TransportError> {
    let failed = |e: Error| TransportError(format!("TLS for {}: {e}", config.host));
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(ca) = &config.ca {
        builder = builder.add_root_certificate(Certificate::from_pem(ca).map_err(failed)?);
    }
    builder.build().map_err(failed)
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("config", &self.config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_stuffed_and_the_end_is_marked() {
        for (message, wire) in [
            ("a\r\n", "a\r\n.\r\n"),
            (".a\r\n..\r\n.\r\nb\r\n", "..a\r\n...\r\n..\r\nb\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            ("", ".\r\n"),
        ] {
            assert_eq!(Stuffed(message).to_string(), wire);
        }
    }

    #[test]
    fn bare_line_ends_are_seen() {
        for bad in ["a\nb", "\n", "a\rb", "a\r", "a\r\r\n", "a\n\r\n"] {
            assert!(has_bare_line_ends(bad), "{bad:?}");
        }
        assert!(!has_bare_line_ends("a\r\nb\r\n\r\n"));
    }

    #[test]
    fn enhanced_codes_are_told_from_words() {
        assert!(is_enhanced("5.1.1") && is_enhanced("4.7.650"));
        assert!(!is_enhanced("<someone@example.org>") && !is_enhanced("5.1") && !is_enhanced("5.1.1."));
    }
}

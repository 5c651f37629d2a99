//! What a server's no means: sorted by whether to sign in anew, to slow down, to come again, or to call a person. Its
//! words are read here and go no further, since they may name people.

use std::io;
use std::time::Duration;

use super::ImapError;
use super::session::SIGN_IN;
use redress_intake::health::Kind;

/// What is behind a no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Why {
    pub(crate) kind: Kind,
    /// How long the server wants to be left alone.
    pub(crate) wait: Option<Duration>,
}

/// Words by which servers say that they were asked too much.
const RATE: [&str; 7] = ["THROTTL", "TOO MANY", "[LIMIT]", "OVERQUOTA", "BACKOFF", "RATE LIMIT", "BANDWIDTH"];
/// Words by which they say that it passes.
const TRANSIENT: [&str; 7] =
    ["UNAVAILABLE", "[INUSE]", "[SERVERBUG]", "TRY AGAIN", "TEMPORAR", "SHUTTING DOWN", "INTERNAL ERROR"];
/// Words by which they say that the login will not do, whatever was asked.
const AUTH: [&str; 6] = [
    "AUTHENTICATIONFAILED",
    "AUTHORIZATIONFAILED",
    "[EXPIRED]",
    "ACCESSTOKENEXPIRED",
    "SESSION INVALIDATED",
    "NOT AUTHENTICATED",
];

impl Why {
    /// Reads the words of a no to this act.
    pub(super) fn of(act: &str, words: &str) -> Self {
        let words = words.to_uppercase();
        let says = |list: &[&str]| list.iter().any(|word| words.contains(word));
        let kind = if says(&RATE) {
            Kind::Rate
        } else if says(&TRANSIENT) {
            Kind::Transient
        } else if says(&AUTH) || act == SIGN_IN {
            Kind::Auth
        } else {
            Kind::Permanent
        };
        Self { kind, wait: suggested(&words).filter(|_| kind == Kind::Rate) }
    }
}

/// `Suggested Backoff Time: 19999 milliseconds`, as Exchange says it.
fn suggested(words: &str) -> Option<Duration> {
    let (_, after) = words.split_once("BACKOFF TIME:")?;
    let (number, unit) = after.trim_start().split_once(' ')?;
    let number: u64 = number.parse().ok()?;
    Some(if unit.starts_with("MILLI") { Duration::from_millis(number) } else { Duration::from_secs(number) })
}

/// The server said no to an act.
pub(super) fn refused(act: &'static str, answer: &'static str, words: &str) -> ImapError {
    let mut why = Why::of(act, words);
    if answer == "BYE" && why.kind == Kind::Permanent {
        why.kind = Kind::Transient;
    }
    ImapError::Refused { act, answer, why }
}

pub(super) fn lost(act: &'static str) -> ImapError {
    ImapError::Lost { act, source: io::ErrorKind::UnexpectedEof.into() }
}

/// What the connection ended with. The library's own errors hold what the server sent, mails included.
pub(super) fn broken(act: &'static str, error: io::Error) -> ImapError {
    if error.kind() == io::ErrorKind::Other {
        ImapError::Unusable(UNREADABLE)
    } else {
        ImapError::Lost { act, source: error }
    }
}

pub(super) fn failed(act: &'static str, error: async_imap::error::Error) -> ImapError {
    use async_imap::error::Error;
    match error {
        // A goodbye instead of an answer comes as this.
        Error::Io(source)
            if source.kind() == io::ErrorKind::Other && source.to_string().starts_with("status: Bye") =>
        {
            refused(act, "BYE", &source.to_string())
        }
        Error::Io(source) => broken(act, source),
        Error::No(words) => refused(act, "NO", &words),
        Error::Bad(words) => refused(act, "BAD", &words),
        Error::ConnectionLost => lost(act),
        _ => ImapError::Unusable(UNREADABLE),
    }
}

const UNREADABLE: &str = "the server's answer cannot be read";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_is_sorted_by_what_it_says() {
        let check = |act: &str, words: &str, kind: Kind, wait: Option<u64>| {
            assert_eq!(Why::of(act, words), Why { kind, wait: wait.map(Duration::from_millis) }, "{words}");
        };
        check(SIGN_IN, "AUTHENTICATE failed.", Kind::Auth, None);
        check(SIGN_IN, "[AUTHENTICATIONFAILED] Invalid credentials (Failure)", Kind::Auth, None);
        check(SIGN_IN, "[UNAVAILABLE] Temporary authentication failure.", Kind::Transient, None);
        check(SIGN_IN, "[ALERT] Too many simultaneous connections. (Failure)", Kind::Rate, None);
        check(
            "x",
            "Request is throttled. Suggested Backoff Time: 19999 milliseconds",
            Kind::Rate,
            Some(19_999),
        );
        check("x", "Session invalidated - AccessTokenExpired", Kind::Auth, None);
        check("open the folder", "Mailbox doesn't exist: Old", Kind::Permanent, None);
        check("x", "[INUSE] Mailbox in use", Kind::Transient, None);
    }

    #[test]
    fn what_the_server_sent_is_not_repeated() {
        let error = broken("fetch mails", io::Error::other("Error during parsing of \"ann@example.com\""));
        assert!(!format!("{error} {error:?}").contains("example.com"));
    }
}

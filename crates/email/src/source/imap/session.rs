//! A signed-in connection, and the few commands that are spoken over it. Every command's own answer is checked: a
//! server that says NO halfway must not look like one that has nothing more.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use async_imap::Client;
use async_imap::imap_proto::{AttributeValue, RequestId, Response, Status};
use bytes::Bytes;
use jiff::Timestamp;

use super::ImapError;
use super::connect::{self, Wire};
use crate::config::{Imap, Tls};

/// A signed-in connection.
pub(super) struct Session {
    inner: async_imap::Session<Wire>,
    can_move: bool,
}

/// The folder that was opened.
pub(super) struct Opened {
    pub(super) validity: u32,
    pub(super) next: Option<u32>,
    pub(super) exists: u32,
}

/// What the server says about one mail.
#[derive(Default)]
pub(super) struct Fetched {
    pub(super) uid: u32,
    pub(super) size: Option<u32>,
    pub(super) received_at: Option<Timestamp>,
    pub(super) raw: Option<Bytes>,
}

impl Session {
    /// Connects and signs in.
    pub(super) async fn open(place: &Imap) -> Result<Self, ImapError> {
        let mut client = Client::new(connect::open(place).await?);
        greet(&mut client).await?;
        if place.tls == Tls::Starttls {
            client
                .run_command_and_check_ok("STARTTLS", None)
                .await
                .map_err(|error| failed("ask for TLS", error))?;
            client = Client::new(connect::secure(place, client.into_inner()).await?);
        }
        let signed_in = client.login(&place.user, place.password.expose()).await;
        let mut inner = signed_in.map_err(|(error, _)| failed("sign in", error))?;
        let known = inner.capabilities().await.map_err(|error| failed("ask for capabilities", error))?;
        let can_move = known.has_str("MOVE");
        Ok(Self { inner, can_move })
    }

    /// Opens the folder; read-only when nothing is to be changed in it.
    pub(super) async fn select(&mut self, folder: &str, read_only: bool) -> Result<Opened, ImapError> {
        let opened =
            if read_only { self.inner.examine(folder).await } else { self.inner.select(folder).await };
        let opened = opened.map_err(|error| failed("open the folder", error))?;
        let validity = opened.uid_validity.ok_or(ImapError::Unusable("the server gives no UIDVALIDITY"))?;
        Ok(Opened { validity, next: opened.uid_next, exists: opened.exists })
    }

    /// Starts fetching; the answers come by [`next`](Self::next).
    pub(super) async fn fetch(&mut self, uids: &str, items: &str) -> Result<RequestId, ImapError> {
        let command = format!("UID FETCH {uids} ({items})");
        self.inner.run_command(command).await.map_err(|error| failed("fetch mails", error))
    }

    /// The next mail of a fetch; none when the server has said that it is done.
    pub(super) async fn next(&mut self, request: &RequestId) -> Result<Option<Fetched>, ImapError> {
        const ACT: &str = "fetch mails";
        loop {
            let answer =
                self.inner.read_response().await.map_err(|source| ImapError::Lost { act: ACT, source })?;
            let answer = answer.ok_or_else(|| lost(ACT))?;
            match answer.parsed() {
                Response::Fetch(_, attributes) => {
                    if let Some(fetched) = fetched(attributes) {
                        return Ok(Some(fetched));
                    }
                }
                Response::Done { tag, status, .. } if tag == request => {
                    return match status {
                        Status::Ok => Ok(None),
                        Status::No => Err(ImapError::Refused { act: ACT, answer: "NO" }),
                        _ => Err(ImapError::Refused { act: ACT, answer: "BAD" }),
                    };
                }
                Response::Data { status: Status::Bye, .. } => return Err(lost(ACT)),
                _ => {}
            }
        }
    }

    /// Gives mails a keyword.
    pub(super) async fn flag(&mut self, uids: &BTreeSet<u32>, keyword: &str) -> Result<(), ImapError> {
        let command = format!("UID STORE {} +FLAGS.SILENT ({keyword})", set(uids));
        self.inner.run_command_and_check_ok(command).await.map_err(|error| failed("flag mails", error))
    }

    /// Moves mails to another folder, which is made when it is missing.
    pub(super) async fn move_to(&mut self, uids: &BTreeSet<u32>, folder: &str) -> Result<(), ImapError> {
        if !self.can_move {
            return Err(ImapError::Unusable(
                "the server cannot move mails (RFC 6851); use after_ack = \"flag\"",
            ));
        }
        let uids = set(uids);
        if let Err(first) = self.inner.uid_mv(&uids, folder).await {
            if !matches!(first, async_imap::error::Error::No(_)) {
                return Err(failed("move mails", first));
            }
            self.inner.create(folder).await.map_err(|error| failed("create the folder to move to", error))?;
            self.inner.uid_mv(&uids, folder).await.map_err(|error| failed("move mails", error))?;
        }
        Ok(())
    }

    /// Says goodbye; nobody waits long for the answer.
    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(2), self.inner.logout()).await;
    }
}

async fn greet(client: &mut Client<Wire>) -> Result<(), ImapError> {
    const ACT: &str = "read the greeting";
    let greeting = client.read_response().await.map_err(|source| ImapError::Lost { act: ACT, source })?;
    match greeting.ok_or_else(|| lost(ACT))?.parsed() {
        Response::Data { status: Status::Ok, .. } => Ok(()),
        _ => Err(ImapError::Refused { act: ACT, answer: "anything but OK" }),
    }
}

fn lost(act: &'static str) -> ImapError {
    ImapError::Lost { act, source: io::ErrorKind::UnexpectedEof.into() }
}

fn failed(act: &'static str, error: async_imap::error::Error) -> ImapError {
    use async_imap::error::Error;
    match error {
        Error::Io(source) => ImapError::Lost { act, source },
        Error::No(_) => ImapError::Refused { act, answer: "NO" },
        Error::Bad(_) => ImapError::Refused { act, answer: "BAD" },
        Error::ConnectionLost => lost(act),
        _ => ImapError::Unusable("the server's answer cannot be read"),
    }
}

fn fetched(attributes: &[AttributeValue<'_>]) -> Option<Fetched> {
    let mut fetched = Fetched::default();
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => fetched.uid = *uid,
            AttributeValue::Rfc822Size(size) => fetched.size = Some(*size),
            AttributeValue::InternalDate(date) => fetched.received_at = internal_date(date),
            AttributeValue::BodySection { section: None, data: Some(data), .. } => {
                fetched.raw = Some(Bytes::copy_from_slice(data));
            }
            _ => {}
        }
    }
    (fetched.uid > 0).then_some(fetched)
}

/// `17-Jul-1996 02:44:25 -0700`, the day perhaps with a blank in front.
fn internal_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?.to_timestamp().ok()
}

/// A sequence set, runs joined: `1:3,7`.
pub(super) fn set(uids: &BTreeSet<u32>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for uid in uids {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*uid) => *last = *uid,
            _ => runs.push((*uid, *uid)),
        }
    }
    let runs = runs
        .into_iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}:{last}") });
    runs.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_join_runs() {
        let check = |uids: &[u32], expected: &str| assert_eq!(set(&uids.iter().copied().collect()), expected);
        check(&[1, 2, 3, 7, 9, 10], "1:3,7,9:10");
        check(&[u32::MAX], "4294967295");
        check(&[], "");
    }

    #[test]
    fn internal_dates_are_read() {
        let read = |text| internal_date(text).map(|at| at.to_string());
        assert_eq!(read("17-Jul-1996 02:44:25 -0700").as_deref(), Some("1996-07-17T09:44:25Z"));
        assert_eq!(read(" 7-Jul-1996 02:44:25 +0000").as_deref(), Some("1996-07-07T02:44:25Z"));
        assert_eq!(read("yesterday"), None);
    }
}

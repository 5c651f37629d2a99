//! A signed-in connection, and the few commands that are spoken over it. Every command's own answer is checked: a
//! server that says NO halfway must not look like one that has nothing more.

use std::collections::BTreeSet;
use std::time::Duration;

use async_imap::imap_proto::{MailboxDatum, RequestId, Response, Status};
use async_imap::types::UnsolicitedResponse;
use async_imap::{Authenticator, Client};
use redress_runtime::Shutdown;

use super::ImapError;
use super::connect::{self, SILENCE_MAX, Wire};
use super::fetched::{Fetched, body_of, fetched, keep};
use super::login::Credential;
use super::refusal::{broken, failed, lost, refused};
use super::token;
use super::uids::UidSet;
use crate::config::{Imap, Tls};

/// A signed-in connection.
pub(super) struct Session {
    inner: async_imap::Session<Wire>,
    credential: Credential,
    can_move: bool,
    can_idle: bool,
    /// True once the server told of new mail since the folder was opened last.
    has_news: bool,
}

/// The folder that was opened.
pub(super) struct Opened {
    pub(super) validity: u32,
    pub(super) next: Option<u32>,
    pub(super) exists: u32,
}

/// What the server said to commands of which several may be under way.
pub(super) enum Answer {
    /// One mail of what was asked for.
    Mail(Fetched),
    /// A command is done; if not well, why.
    Done(RequestId, Result<(), ImapError>),
}

impl Session {
    /// Connects and signs in.
    pub(super) async fn open(place: &Imap, credential: &Credential) -> Result<Self, ImapError> {
        let mut client = Client::new(connect::open(place).await?);
        greet(&mut client).await?;
        if place.tls == Tls::Starttls {
            client
                .run_command_and_check_ok("STARTTLS", None)
                .await
                .map_err(|error| failed("ask for TLS", error))?;
            client = Client::new(connect::secure(place, client.into_inner()).await?);
        }
        let mut inner = sign_in(client, &place.user, credential).await?;
        let known = inner.capabilities().await.map_err(|error| failed("ask for capabilities", error))?;
        let (can_move, can_idle) = (known.has_str("MOVE"), place.idle && known.has_str("IDLE"));
        Ok(Self { inner, credential: credential.clone(), can_move, can_idle, has_news: false })
    }

    /// True when this is what it signed in with.
    pub(super) fn signed_in_with(&self, credential: &Credential) -> bool {
        self.credential == *credential
    }

    /// Opens the folder; read-only when nothing is to be changed in it.
    pub(super) async fn select(&mut self, folder: &str, read_only: bool) -> Result<Opened, ImapError> {
        let opened =
            if read_only { self.inner.examine(folder).await } else { self.inner.select(folder).await };
        let opened = opened.map_err(|error| failed("open the folder", error))?;
        self.overheard();
        self.has_news = false;
        let validity = opened.uid_validity.ok_or(ImapError::Unusable("the server gives no UIDVALIDITY"))?;
        Ok(Opened { validity, next: opened.uid_next, exists: opened.exists })
    }

    /// True when the server can say when mail comes.
    pub(super) fn can_idle(&self) -> bool {
        self.can_idle
    }

    /// Waits until the server says that mail came, but not longer than this.
    pub(super) async fn idle(&mut self, longest: Duration, shutdown: &Shutdown) -> Result<(), ImapError> {
        const ACT: &str = "wait for mail";
        self.overheard();
        if self.has_news {
            return Ok(());
        }
        let request = self.inner.run_command("IDLE").await.map_err(|error| failed(ACT, error))?;
        let mut waits = false;
        let until = tokio::time::sleep(longest);
        let mut until = std::pin::pin!(until);
        self.inner.get_mut().be_patient(longest + SILENCE_MAX);
        while !(waits && self.has_news) {
            let answer = tokio::select! {
                answer = self.inner.read_response() => answer,
                () = &mut until, if waits => break,
                () = shutdown.asked(), if waits => break,
            };
            let answer = answer.map_err(|error| broken(ACT, error))?.ok_or_else(|| lost(ACT))?;
            match answer.parsed() {
                Response::Continue(_) => waits = true,
                Response::Done { tag, .. } if *tag == request => {
                    // It was offered and refused: then it is looked at now and then.
                    self.can_idle = waits;
                    self.inner.get_mut().be_patient(SILENCE_MAX);
                    return Ok(());
                }
                other => self.hear(ACT, other)?,
            }
        }
        self.inner.get_mut().be_patient(SILENCE_MAX);
        self.inner.run_command_untagged("DONE").await.map_err(|error| failed(ACT, error))?;
        while !matches!(self.answer(ACT).await?, Answer::Done(tag, _) if tag == request) {}
        Ok(())
    }

    /// Starts fetching; the answers come by [`answer`](Self::answer). Several fetches may be under way.
    pub(super) async fn fetch(&mut self, uids: &str, items: &str) -> Result<RequestId, ImapError> {
        let command = format!("UID FETCH {uids} ({items})");
        self.inner.run_command(command).await.map_err(|error| failed(FETCH, error))
    }

    /// The next thing that the server says to what was asked.
    pub(super) async fn answer(&mut self, act: &'static str) -> Result<Answer, ImapError> {
        loop {
            let answer = self.inner.read_response().await.map_err(|error| broken(act, error))?;
            let answer = answer.ok_or_else(|| lost(act))?;
            match answer.parsed() {
                Response::Fetch(_, attributes) => {
                    if let Some(mut mail) = fetched(attributes) {
                        let has_body = body_of(answer.parsed()).is_some();
                        mail.raw = has_body
                            .then(|| keep(answer, |answer| body_of(answer.parsed()).unwrap_or_default()));
                        return Ok(Answer::Mail(mail));
                    }
                }
                Response::Done { tag, status, outcome } => {
                    return Ok(Answer::Done(tag.clone(), checked(act, status, &format!("{outcome:?}"))));
                }
                other => self.hear(act, other)?,
            }
        }
    }

    /// The next mail of the only fetch under way; none when the server has said that it is done.
    pub(super) async fn next(&mut self, request: &RequestId) -> Result<Option<Fetched>, ImapError> {
        loop {
            match self.answer(FETCH).await? {
                Answer::Mail(mail) => return Ok(Some(mail)),
                Answer::Done(tag, ended) if tag == *request => return ended.map(|()| None),
                Answer::Done(..) => {}
            }
        }
    }

    /// The UIDs of all mails that lie in the folder and come before this one.
    pub(super) async fn present_below(&mut self, uid: u32) -> Result<BTreeSet<u32>, ImapError> {
        let last = uid.saturating_sub(1);
        if last == 0 {
            return Ok(BTreeSet::new());
        }
        let found = self.inner.uid_search(format!("UID 1:{last}")).await;
        let found = found.map_err(|error| failed("list the folder", error))?;
        // `1:9` may be read as `9:1` by a server whose last mail lies before.
        Ok(found.into_iter().filter(|found| *found <= last).collect())
    }

    /// Gives mails a keyword.
    pub(super) async fn flag(&mut self, uids: &UidSet, keyword: &str) -> Result<(), ImapError> {
        let command = format!("UID STORE {uids} +FLAGS.SILENT ({keyword})");
        self.inner.run_command_and_check_ok(command).await.map_err(|error| failed("flag mails", error))
    }

    /// Moves mails to another folder, which is made when it is missing.
    pub(super) async fn move_to(&mut self, uids: &UidSet, folder: &str) -> Result<(), ImapError> {
        if !self.can_move {
            return Err(ImapError::Unusable(
                "the server cannot move mails (RFC 6851); use after_ack = \"flag\"",
            ));
        }
        let uids = uids.to_string();
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

    /// Takes notice of what the server says unasked.
    fn hear(&mut self, act: &'static str, said: &Response<'_>) -> Result<(), ImapError> {
        match said {
            Response::MailboxData(MailboxDatum::Exists(_)) => self.has_news = true,
            Response::Data { status: Status::Bye, outcome } => {
                return Err(refused(act, "BYE", &format!("{outcome:?}")));
            }
            _ => {}
        }
        Ok(())
    }

    /// What was said unasked while a command was run for us.
    fn overheard(&mut self) {
        while let Ok(said) = self.inner.unsolicited_responses.try_recv() {
            self.has_news |= matches!(said, UnsolicitedResponse::Exists(_));
        }
    }
}

pub(super) const FETCH: &str = "fetch mails";
pub(super) const SIGN_IN: &str = "sign in";

async fn greet(client: &mut Client<Wire>) -> Result<(), ImapError> {
    const ACT: &str = "read the greeting";
    let greeting = client.read_response().await.map_err(|error| broken(ACT, error))?;
    match greeting.ok_or_else(|| lost(ACT))?.parsed() {
        Response::Data { status: Status::Ok, .. } => Ok(()),
        Response::Data { outcome, .. } => Err(refused(ACT, "anything but OK", &format!("{outcome:?}"))),
        _ => Err(refused(ACT, "anything but OK", "")),
    }
}

async fn sign_in(
    client: Client<Wire>,
    user: &str,
    credential: &Credential,
) -> Result<async_imap::Session<Wire>, ImapError> {
    let signed_in = match credential {
        Credential::Password(password) => client.login(user, password.expose()).await,
        Credential::Bearer(mechanism, token) => {
            let (mechanism, words) = token::words(*mechanism, user, token.expose());
            client.authenticate(mechanism, Bearer(Some(words))).await
        }
    };
    signed_in.map_err(|(error, _)| failed(SIGN_IN, error))
}

/// Says its words once; to what is asked after that, which is why they were refused, nothing.
struct Bearer(Option<String>);

impl Authenticator for Bearer {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.0.take().unwrap_or_default()
    }
}

fn checked(act: &'static str, status: &Status, words: &str) -> Result<(), ImapError> {
    match status {
        Status::Ok => Ok(()),
        Status::No => Err(refused(act, "NO", words)),
        _ => Err(refused(act, "BAD", words)),
    }
}

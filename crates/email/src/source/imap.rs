//! IMAP: mails are fetched by UID with BODY.PEEK, recorded, and only then flagged or moved and counted as done.
//!
//! How far a folder was read is kept as UIDs, never as dates or flags: a mail that somebody opened is still taken. A
//! mail that cannot be fetched or recorded becomes a gap, which is tried again and holds up no other. Between two looks the
//! server is asked to say when mail comes, where it can.

mod connect;
mod cursor;
mod everything;
mod fetch;
mod fetched;
pub(crate) mod login;
mod pass;
mod pieces;
mod refusal;
mod session;
mod token;
mod uids;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use redress_bus::KvError;
use redress_runtime::{Clock, Shutdown};
use tokio::time::Instant;
use tracing::{info, warn};

use super::{RecordError, Recorder, pause};
use crate::config::{Imap, Start};
use cursor::{Cursor, Stored};
use login::Login;
use redress_intake::health::tell::Teller;
use redress_intake::health::{Kind, Look, next_wait};
use session::Session;

pub use everything::Folder;
pub(crate) use everything::{everything, look};

/// A server that says when mail comes is looked at so often besides: what it says may get lost on the way.
const IDLE_FOR: Duration = Duration::from_mins(2);

/// What was left is tried again at the latest after this.
const AGAIN_AT_MOST: Duration = Duration::from_secs(15);

/// A connection that ended while nothing was asked is opened again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// One folder being read.
pub(crate) struct Source {
    place: Imap,
    folder: String,
    start: Start,
    poll: Duration,
    recorder: Recorder,
    teller: Arc<Teller>,
    login: Arc<Login>,
    clock: Clock,
    session: Option<Session>,
    cursor: Option<Stored>,
    /// When the whole folder was last listed.
    listed_at: Option<Instant>,
    /// UIDs at which the connection broke, and how often.
    suspects: BTreeMap<u32, u32>,
    /// The mail last asked for alone, to know whom to suspect.
    asked_alone: Option<u32>,
    /// True after the connection broke during a fetch: then mails are fetched one by one.
    careful: bool,
    passes: u64,
    told: String,
}

/// Why a look at the folder ended early. Server texts are left out: they may name people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImapError {
    /// No connection.
    #[error("connect to {host}:{port}")]
    Connect {
        /// The server.
        host: String,
        /// Its port.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// No secure connection can be set up.
    #[error("prepare TLS: {0}")]
    Tls(String),
    /// The server said no.
    #[error("{act}: the server answered {answer}")]
    Refused {
        /// What was being done.
        act: &'static str,
        /// NO, BAD or BYE.
        answer: &'static str,
        /// What is behind it.
        why: refusal::Why,
    },
    /// The connection broke.
    #[error("{act}: the connection broke")]
    Lost {
        /// What was being done.
        act: &'static str,
        /// How.
        source: std::io::Error,
    },
    /// The server sent something that cannot be used.
    #[error("{0}")]
    Unusable(&'static str),
    /// There is no token to sign in with.
    #[error(transparent)]
    Token(#[from] token::TokenError),
    /// How far it was read cannot be read or written.
    #[error("remember how far the folder was read")]
    Cursor(#[from] KvError),
    /// The broker did not take a mail.
    #[error("record a mail")]
    Record(#[source] Box<RecordError>),
}

impl ImapError {
    /// What helps.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Refused { why, .. } => why.kind,
            Self::Token(error) => error.kind,
            Self::Tls(_) | Self::Unusable(_) => Kind::Permanent,
            // A certificate that will not do is not mended by waiting.
            Self::Connect { source, .. } if source.kind() == std::io::ErrorKind::InvalidData => {
                Kind::Permanent
            }
            Self::Connect { .. } | Self::Lost { .. } | Self::Cursor(_) | Self::Record(_) => Kind::Transient,
        }
    }

    /// How long the server wants to be left alone.
    fn wait(&self) -> Option<Duration> {
        match self {
            Self::Refused { why, .. } => why.wait,
            Self::Token(error) => error.wait,
            _ => None,
        }
    }

    /// True when more can be asked over the same connection.
    fn leaves_the_connection(&self) -> bool {
        matches!(self, Self::Refused { answer: "NO" | "BAD", .. } | Self::Unusable(_))
    }

    /// False for a NO that may be about the mail that was asked for: others may still be had.
    fn ends_the_look(&self) -> bool {
        !matches!(self, Self::Refused { answer: "NO", why, .. } if !matches!(why.kind, Kind::Rate | Kind::Auth))
    }
}

impl Source {
    pub(crate) fn new(
        (place, folder, login): (Imap, String, Arc<Login>),
        (start, poll): (Start, Duration),
        recorder: Recorder,
        teller: Arc<Teller>,
        clock: Clock,
    ) -> Self {
        Self {
            place,
            folder,
            start,
            poll,
            recorder,
            teller,
            login,
            clock,
            session: None,
            cursor: None,
            listed_at: None,
            suspects: BTreeMap::new(),
            asked_alone: None,
            careful: false,
            passes: 0,
            told: String::new(),
        }
    }

    /// Looks again and again until asked to stop; what is in flight then is finished.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let mut wait = Duration::ZERO;
        while !shutdown.is_asked() {
            let looked = self.look(&shutdown).await;
            let waited = match looked {
                Ok(tally) => {
                    wait = Duration::ZERO;
                    let rests = self.tell(&tally);
                    self.until_news(rests, &shutdown).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = waited {
                wait = next_wait(error.kind(), wait, error.wait());
                self.failed(&error);
                pause(&self.clock, wait, &shutdown).await;
            }
        }
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }

    /// Waits for mail: until the server says so, where it can and nothing is left to be tried again.
    async fn until_news(&mut self, rests: bool, shutdown: &Shutdown) -> Result<(), ImapError> {
        match &mut self.session {
            Some(session) if rests && session.can_idle() => {
                let waited = session.idle(IDLE_FOR, shutdown).await;
                match waited {
                    Ok(()) if session.can_idle() => return Ok(()),
                    Ok(()) => {}
                    // Servers end connections now and then. That is no failure unless there is none to be had again.
                    Err(error) if error.kind() == Kind::Transient => {
                        self.session = None;
                        pause(&self.clock, AGAIN_AFTER, shutdown).await;
                        return Ok(());
                    }
                    Err(error) => return Err(error),
                }
            }
            _ => {}
        }
        let wait = if rests { self.poll } else { self.poll.min(AGAIN_AT_MOST) };
        pause(&self.clock, wait, shutdown).await;
        Ok(())
    }

    /// A broken connection is given up, and whoever was being fetched alone is suspected.
    fn failed(&mut self, error: &ImapError) {
        self.session = None;
        if let Some(uid) = self.asked_alone.take() {
            *self.suspects.entry(uid).or_default() += 1;
        }
        let reason = redress_bus::failure::chain(error);
        warn!(account = self.recorder.account(), "Reading the mailbox failed, trying again: {reason}");
        self.teller.looked(&self.folder, Look::Failed { kind: error.kind(), reason });
    }

    /// Tells what a look came to; true when nothing is left to be tried again soon.
    fn tell(&mut self, tally: &fetch::Tally) -> bool {
        let account = self.recorder.account();
        if tally.new + tally.again > 0 {
            info!(
                channel = "email",
                account,
                new = tally.new,
                again = tally.again,
                "Recorded {} mails",
                tally.new
            );
        }
        let gaps = self.cursor.as_ref().map_or(0, |stored| stored.cursor.gaps.len());
        let problem = tally.problem.clone().unwrap_or_default();
        if problem != self.told && !problem.is_empty() {
            warn!(channel = "email", account, "{problem}");
        }
        self.told.clone_from(&problem);
        let rests = gaps == 0 && problem.is_empty();
        self.teller.looked(&self.folder, Look::Done { taken: tally.new + tally.again, gaps, problem });
        rests
    }
}

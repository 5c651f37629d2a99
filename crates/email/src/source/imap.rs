//! IMAP: mails are fetched by UID with BODY.PEEK, recorded, and only then flagged or moved and counted as done.
//!
//! How far a folder was read is kept as UIDs, never as dates or flags: a mail that somebody opened is still taken. A
//! mail that cannot be fetched or recorded becomes a gap, which is tried again and holds up no other.

mod connect;
mod cursor;
mod fetch;
mod pass;
mod session;

use std::collections::BTreeMap;
use std::time::Duration;

use redress_bus::KvError;
use redress_runtime::health::Part;
use redress_runtime::{Clock, Shutdown};
use tracing::{info, warn};

use super::{RecordError, Recorder, pause};
use crate::config::{Imap, Start};
use cursor::{Cursor, Stored};
use session::Session;

/// Longest wait after a failure.
const BACK_OFF_MAX: Duration = Duration::from_mins(1);

/// One folder being read.
pub(crate) struct Source {
    place: Imap,
    start: Start,
    poll: Duration,
    recorder: Recorder,
    part: Part,
    clock: Clock,
    session: Option<Session>,
    cursor: Option<Stored>,
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
        /// NO or BAD.
        answer: &'static str,
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
    /// How far it was read cannot be read or written.
    #[error("remember how far the folder was read")]
    Cursor(#[from] KvError),
    /// The broker did not take a mail.
    #[error("record a mail")]
    Record(#[source] Box<RecordError>),
}

impl Source {
    pub(crate) fn new(
        place: Imap,
        (start, poll): (Start, Duration),
        recorder: Recorder,
        part: Part,
        clock: Clock,
    ) -> Self {
        Self {
            place,
            start,
            poll,
            recorder,
            part,
            clock,
            session: None,
            cursor: None,
            suspects: BTreeMap::new(),
            asked_alone: None,
            careful: false,
            passes: 0,
            told: String::new(),
        }
    }

    /// Looks again and again until asked to stop; what is in flight then is finished.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let mut wait = self.poll;
        while !shutdown.is_asked() {
            match self.look(&shutdown).await {
                Ok(tally) => {
                    wait = self.poll;
                    self.tell(&tally);
                }
                Err(error) => {
                    self.after();
                    wait = (wait * 2).clamp(Duration::from_secs(1), BACK_OFF_MAX);
                    let reason = redress_bus::failure::chain(&error);
                    warn!(
                        account = self.recorder.account(),
                        "Reading the mailbox failed, trying again: {reason}"
                    );
                    self.part.failing(reason);
                }
            }
            pause(&self.clock, wait, &shutdown).await;
        }
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }

    /// A broken connection is given up, and whoever was being fetched alone is suspected.
    fn after(&mut self) {
        self.session = None;
        if let Some(uid) = self.asked_alone.take() {
            *self.suspects.entry(uid).or_default() += 1;
        }
    }

    fn tell(&mut self, tally: &fetch::Tally) {
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
        let mut problems = Vec::new();
        if gaps > 0 {
            problems.push(format!("{gaps} mails of the folder cannot be fetched or recorded"));
        }
        problems.extend(tally.problem.clone());
        let problem = problems.join("; ");
        if problem.is_empty() {
            self.part.ready();
        } else {
            self.part.degraded(problem.clone());
        }
        if problem != self.told {
            if !problem.is_empty() {
                warn!(channel = "email", account, "{problem}");
            }
            self.told = problem;
        }
    }
}

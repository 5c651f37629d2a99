//! Who reads an account: one replica at a time, the one that holds its lease. It saves fetching twice; nothing depends on
//! it, since the broker refuses what it has.

use std::sync::Arc;
use std::time::Duration;

use redress_bus::Lease;
use redress_runtime::{Clock, Shutdown};
use tokio::task::{JoinError, JoinSet};
use tracing::{info, warn};

use super::imap::login::Login;
use super::{Recorder, imap, maildir};
use crate::config::{Account, Done, Imap, Place};
use redress_intake::health::tell::Teller;

/// Who waits for a lease asks this often at least.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// One account, and what reading it takes.
pub(crate) struct Reader {
    pub(crate) account: Account,
    pub(crate) recorder: Recorder,
    pub(crate) teller: Arc<Teller>,
    pub(crate) clock: Clock,
    pub(crate) lease: Lease,
    pub(crate) stalled_after: Duration,
}

impl Account {
    /// The names under which its folders are told of.
    pub(crate) fn folders(&self) -> Vec<String> {
        let read = match &self.place {
            Place::Maildir(_) | Place::Webhook(_) => vec![maildir::FOLDER.to_owned()],
            Place::Imap(place) => place.folders.clone(),
        };
        read.into_iter().chain(self.sent_folder.clone()).collect()
    }
}

impl Reader {
    /// Reads whenever it holds the lease, until asked to stop.
    ///
    /// # Errors
    /// Only by a bug in reading.
    pub(crate) async fn run(mut self, shutdown: Shutdown) -> Result<(), JoinError> {
        let mut stood_by = false;
        while !shutdown.is_asked() {
            match self.lease.hold().await {
                Ok(true) => {
                    stood_by = false;
                    self.teller.takes_over(&self.account.folders(), self.stalled_after);
                    self.read(&shutdown).await?;
                }
                Ok(false) => {
                    if !stood_by {
                        info!(account = self.recorder.account(), "Another replica reads the account");
                    }
                    stood_by = true;
                    self.teller.stands_by();
                }
                Err(error) => self.teller.cannot_tell(redress_bus::failure::chain(&error)),
            }
            shutdown.or(tokio::time::sleep(self.lease.beat().min(ASK_EVERY))).await;
        }
        Ok(())
    }

    /// Reads until the lease is lost or somebody asks to stop.
    async fn read(&mut self, shutdown: &Shutdown) -> Result<(), JoinError> {
        let stop = shutdown.child();
        let mut sources = self.start(&stop);
        let mut beat = tokio::time::interval(self.lease.beat());
        beat.tick().await;
        loop {
            tokio::select! {
                ended = sources.join_next() => match ended {
                    Some(ended) => ended?,
                    None => break,
                },
                _ = beat.tick() => {
                    match self.lease.hold().await {
                        Ok(true) => {}
                        Ok(false) if stop.is_asked() => {}
                        Ok(false) => {
                            warn!(account = self.recorder.account(), "Another replica took over the account");
                            stop.ask();
                        }
                        // What cannot be recorded is not lost: it stays in the mailbox.
                        Err(error) => warn!("Failed to keep the lease of an account: {error}"),
                    }
                    self.teller.tell().await;
                }
            }
        }
        self.teller.tell().await;
        if shutdown.is_asked() {
            self.lease.release().await;
        }
        Ok(())
    }

    fn start(&self, stop: &Shutdown) -> JoinSet<()> {
        let mut sources = JoinSet::new();
        let how = (self.account.start, self.account.poll);
        let parts = || (self.recorder.clone(), Arc::clone(&self.teller), self.clock.clone());
        match &self.account.place {
            Place::Maildir(path) => {
                let (recorder, teller, clock) = parts();
                let place = (path.as_path(), maildir::FOLDER);
                sources.spawn(maildir::Source::new(place, how, recorder, teller, clock).run(stop.clone()));
                if let Some(name) = &self.account.sent_folder {
                    let (recorder, teller, clock) = parts();
                    let (path, recorder) = (path.join(name), recorder.for_sent_mail());
                    let sent = maildir::Source::new((&path, name), how, recorder, teller, clock);
                    sources.spawn(sent.run(stop.clone()));
                }
            }
            // What is posted is not read here.
            Place::Webhook(_) => {}
            Place::Imap(place) => {
                let (account, vault) = (self.recorder.account(), self.recorder.intake().vault());
                let login = Arc::new(Login::new(account, place, Some(vault), &self.clock));
                for folder in &place.folders {
                    let (recorder, teller, clock) = parts();
                    let place = ((**place).clone(), folder.clone(), Arc::clone(&login));
                    sources.spawn(imap::Source::new(place, how, recorder, teller, clock).run(stop.clone()));
                }
                if let Some(folder) = &place.sent {
                    let (recorder, teller, clock) = parts();
                    // It is the mailbox's own record of what was sent: nothing is flagged in it or moved out of it.
                    let place = Imap { done: Done::Leave, ..(**place).clone() };
                    let place = (place, folder.clone(), Arc::clone(&login));
                    let recorder = recorder.for_sent_mail();
                    sources.spawn(imap::Source::new(place, how, recorder, teller, clock).run(stop.clone()));
                }
            }
        }
        sources
    }
}

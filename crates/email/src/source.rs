//! Raw mails in, from wherever they lie: [`account`] says who reads, [`maildir`] and [`imap`] read, [`hooks`] is posted to. Here is what all share: taking one mail through
//! the normaliser onto the record, within the limits on what is held in memory at once. What is about to be read is
//! noted first ([`tries`]), so that no mail can end the program more than a few times.

pub(crate) mod account;
pub(crate) mod gather;
pub(crate) mod hooks;
pub(crate) mod imap;
pub(crate) mod maildir;
pub(crate) mod tries;
mod verdicts;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redress_bus::KvError;
use redress_contract::Contact;
use redress_intake::{Intake, IntakeError, Receipt};
use redress_runtime::{Clock, Shutdown};
use redress_vault::PutError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{error, warn};

use crate::config::Config;
use crate::normalize::limits::Limits;
use crate::normalize::trust::{Authserv, Trust};
use crate::normalize::{Envelope, contact_id, normalize, unread};
use gather::{Keep, Mail};
use tries::{Tries, Turn};
use verdicts::Verdicts;

/// So many failures without a success between them mean that the broker is away, not that a mail is odd.
pub(crate) const FAILURES_MAX: usize = 4;

/// Takes mails of one account onto the record. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Recorder {
    shared: Arc<Shared>,
    /// True for what lies in the folder of sent mail.
    sent: bool,
}

struct Shared {
    account: String,
    intake: Intake,
    own_addresses: Vec<String>,
    trust: Trust,
    verdicts: Verdicts,
    limits: Limits,
    read_time_max: Duration,
    tries: Arc<Tries>,
    keep: Keep,
    mails_max: usize,
    bytes_max: usize,
    mails: Semaphore,
    /// Reading takes a processor; more readers than those only take memory.
    readers: Semaphore,
    kibibytes: Arc<Semaphore>,
    held_bytes: AtomicUsize,
    held_bytes_peak: AtomicUsize,
}

/// The right to ask for mails of a size and to hold them in memory.
pub(crate) struct Permit(OwnedSemaphorePermit);

impl Permit {
    /// The part of it that a mail of this size needs.
    pub(crate) fn split(&mut self, size: u64) -> Self {
        let wanted = usize::try_from(kibibytes(size)).unwrap_or(usize::MAX).min(self.0.num_permits());
        Self(self.0.split(wanted).expect("no more is split off than there is"))
    }
}

/// A mail in memory, counted.
struct Held<'a>(&'a Shared, usize);

impl<'a> Held<'a> {
    #[expect(clippy::cast_precision_loss, reason = "gauges")]
    fn new(shared: &'a Shared, bytes: usize) -> Self {
        let held = shared.held_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let peak = shared.held_bytes_peak.fetch_max(held, Ordering::Relaxed).max(held);
        let account = || shared.account.clone();
        metrics::gauge!("redress_email_in_flight_bytes", "account" => account()).set(held as f64);
        metrics::gauge!("redress_email_in_flight_peak_bytes", "account" => account()).set(peak as f64);
        Self(shared, bytes)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.held_bytes.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// Mails read at once: one may take long and others wait behind it, so a few more than processors.
fn readers() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get) + 2
}

/// What a mail takes in memory: its bytes as they came and as they are stored, and even an empty one something.
fn kibibytes(size: u64) -> u64 {
    size.saturating_mul(2).div_ceil(1024).max(1)
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// It is on record now.
    New,
    /// It was on record before.
    Again,
    /// It is sent mail that has nothing to do with complaints, and is left alone.
    PassedOver,
}

/// A mail that is not on record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    /// It could not be noted that it is being read.
    #[error("note what is being read")]
    Note(#[from] KvError),
    /// The broker did not take it.
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

impl Recorder {
    pub(crate) fn new(account: &str, config: &Config, intake: Intake, tries: Arc<Tries>) -> Self {
        let kibibytes = config.in_flight_bytes_max.div_ceil(1024).max(1);
        Self {
            sent: false,
            shared: Arc::new(Shared {
                account: account.to_owned(),
                intake,
                own_addresses: config.own_addresses.clone(),
                verdicts: Verdicts::new(account, config.trust(account).authserv != Authserv::Nobody),
                trust: config.trust(account),
                limits: config.limits.clone(),
                read_time_max: config.read_time_max,
                tries,
                keep: config.keep(),
                mails_max: config.in_flight_mails_max,
                bytes_max: config.in_flight_bytes_max,
                mails: Semaphore::new(config.in_flight_mails_max),
                readers: Semaphore::new(readers()),
                kibibytes: Arc::new(Semaphore::new(kibibytes)),
                held_bytes: AtomicUsize::new(0),
                held_bytes_peak: AtomicUsize::new(0),
            }),
        }
    }

    /// The same for the folder of sent mail, of which only answers to complaints are taken.
    pub(crate) fn for_sent_mail(&self) -> Self {
        Self { sent: true, ..self.clone() }
    }

    /// The account's name.
    pub(crate) fn account(&self) -> &str {
        &self.shared.account
    }

    /// The door.
    pub(crate) fn intake(&self) -> &Intake {
        &self.shared.intake
    }

    /// Mails at once.
    pub(crate) fn mails_max(&self) -> usize {
        self.shared.mails_max
    }

    /// Bytes at once.
    pub(crate) fn bytes_max(&self) -> usize {
        self.shared.bytes_max
    }

    /// How much of a mail is kept.
    pub(crate) fn keep(&self) -> Keep {
        self.shared.keep
    }

    /// Waits until mails of these sizes may be asked for and held in memory; the largest wait until they are alone.
    pub(crate) async fn permit(&self, sizes: impl Iterator<Item = u64>) -> Permit {
        let wanted = self.wanted(sizes);
        let permit = Arc::clone(&self.shared.kibibytes).acquire_many_owned(wanted).await;
        Permit(permit.expect("this semaphore is never closed"))
    }

    /// As [`permit`](Self::permit), but none when it would have to wait.
    pub(crate) fn permit_at_once(&self, sizes: impl Iterator<Item = u64>) -> Option<Permit> {
        Arc::clone(&self.shared.kibibytes).try_acquire_many_owned(self.wanted(sizes)).ok().map(Permit)
    }

    fn wanted(&self, sizes: impl Iterator<Item = u64>) -> u32 {
        let all = self.shared.bytes_max.div_ceil(1024).max(1) as u64;
        let wanted =
            sizes.map(|size| kibibytes(self.shared.keep.held(size))).fold(0_u64, u64::saturating_add);
        u32::try_from(wanted.clamp(1, all)).unwrap_or(u32::MAX)
    }

    /// Knows which mails the program died of before; nothing is taken from a mailbox until it does.
    pub(crate) async fn ready(&self) -> Result<(), RecordError> {
        Ok(self.shared.tries.ready().await?)
    }

    /// Reads a mail and records it; returns only when the broker has it.
    pub(crate) async fn record(&self, mail: Mail, received_at: Timestamp) -> Result<Recorded, RecordError> {
        let _held = Held::new(&self.shared, mail.raw.len());
        let _turn = self.shared.mails.acquire().await.expect("this semaphore is never closed");
        let id = contact_id(&mail.raw, &self.envelope(&mail, received_at));
        let contact = match self.shared.tries.begin(&id).await? {
            Turn::Leave => self.unread(&mail, received_at, "the program died reading it"),
            Turn::Read(reading) => {
                let contact = self.read(&mail, received_at).await;
                reading.came_through().await?;
                self.shared.verdicts.count(&contact);
                contact
            }
        };
        if self.sent && !contact.sent_by_hand {
            return Ok(Recorded::PassedOver);
        }
        let recorded = match self.shared.intake.record(contact, mail.raw.clone()).await {
            Err(IntakeError { contact_id, source: PutError::TooLarge { .. } }) => {
                error!(contact.id = %contact_id, "Contact {contact_id} fits into no message, so it is recorded unread");
                let contact = self.unread(&mail, received_at, "what was read fits into no message");
                self.shared.intake.record(contact, mail.raw.clone()).await
            }
            other => other,
        };
        self.count(&recorded, &mail);
        let receipt = recorded?;
        Ok(if receipt.already_recorded { Recorded::Again } else { Recorded::New })
    }

    /// Reads a mail on a thread where it holds up nobody, for as long as the settings allow. A reader that takes longer
    /// is left to itself.
    async fn read(&self, mail: &Mail, received_at: Timestamp) -> Contact {
        let _turn = self.shared.readers.acquire().await.expect("this semaphore is never closed");
        let (this, held) = (self.clone(), mail.clone());
        let read = move || normalize(&held.raw, &this.envelope(&held, received_at));
        let read = tokio::time::timeout(self.shared.read_time_max, tokio::task::spawn_blocking(read)).await;
        match read {
            Ok(Ok(contact)) => contact,
            Ok(Err(_)) => self.unread(mail, received_at, "the reader gave up"),
            Err(_) => {
                let seconds = self.shared.read_time_max.as_secs();
                self.unread(mail, received_at, &format!("reading it took more than {seconds} seconds"))
            }
        }
    }

    fn unread(&self, mail: &Mail, received_at: Timestamp, problem: &str) -> Contact {
        unread(&mail.raw, &self.envelope(mail, received_at), problem)
    }

    fn envelope<'a>(&'a self, mail: &'a Mail, received_at: Timestamp) -> Envelope<'a> {
        let shared = &self.shared;
        Envelope {
            account: &shared.account,
            received_at,
            own_addresses: &shared.own_addresses,
            keys: shared.intake.vault().keys(),
            trust: &shared.trust,
            verified: None,
            limits: &shared.limits,
            whole: mail.whole.as_ref(),
            sent: self.sent,
        }
    }

    fn count(&self, recorded: &Result<Receipt, IntakeError>, mail: &Mail) {
        let account = self.shared.account.clone();
        let outcome = match recorded {
            Ok(receipt) if receipt.already_recorded => "repeated",
            Ok(_) => "recorded",
            Err(_) => "failed",
        };
        metrics::counter!(format!("redress_email_{outcome}_total"), "account" => account.clone())
            .increment(1);
        let Ok(receipt) = recorded else { return };
        metrics::counter!("redress_email_bytes_total", "account" => account.clone())
            .increment(mail.raw.len() as u64);
        if let Some(whole) = mail.whole.as_ref().filter(|_| !receipt.already_recorded) {
            let (id, size, kept) = (&receipt.contact_id, whole.size_bytes, mail.raw.len());
            warn!(
                channel = "email", account, contact.id = %id,
                "Contact {id} is too large ({size} bytes): its first {kept} are on record, the mail stays where it is"
            );
            metrics::counter!("redress_email_cut_total", "account" => account).increment(1);
        }
    }
}

/// Waits between two looks: by the clock, so that a hand-moved one can hurry it, but never longer than as many real
/// seconds, since mail comes in real time. Ends early when asked to stop.
pub(crate) async fn pause(clock: &Clock, time: Duration, shutdown: &Shutdown) {
    let by_clock = clock.sleep(SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX));
    tokio::select! {
        () = by_clock => {}
        () = tokio::time::sleep(time) => {}
        () = shutdown.asked() => {}
    }
}

//! Where entries come from: folders and posts.

pub(crate) mod file;
pub(crate) mod folder;
pub(crate) mod hooks;
pub(crate) mod recordings;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use redress_contract::Contact;
use redress_identity::Keys;
use redress_intake::{Intake, IntakeError};
use redress_runtime::Clock;
use redress_runtime::health::Part;
use tracing::warn;

use crate::config::{Account, House};
use crate::entry::{Entry, Fault};
use crate::normalize::{self, Envelope};

/// Puts on record what one account brings. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Shared>);

struct Shared {
    account: String,
    house: House,
    intake: Intake,
    clock: Clock,
    part: Part,
    /// Rows and posts that could not be read, since the start.
    unread: AtomicU64,
}

/// What was read, and where it stood.
pub(crate) struct Read {
    /// What it says, or what is wrong with it.
    pub(crate) entry: Result<Entry, Fault>,
    /// Its bytes.
    pub(crate) raw: Bytes,
    /// What they are.
    pub(crate) media_type: &'static str,
    /// `line 7 of Master.csv`; empty for a post.
    pub(crate) place: String,
    /// Which of those that are alike in one file it is.
    pub(crate) ordinal: u32,
    /// Set when its bytes are a recording.
    pub(crate) audio: Option<Audio>,
}

/// What a recording is.
#[derive(Clone)]
pub(crate) struct Audio {
    /// The file's name.
    pub(crate) name: String,
    /// Its media type.
    pub(crate) media_type: String,
}

impl Recorder {
    pub(crate) fn new(name: &str, account: &Account, intake: Intake, clock: Clock, part: Part) -> Self {
        let (house, unread) = (account.house.clone(), AtomicU64::new(0));
        Self(Arc::new(Shared { account: name.to_owned(), house, intake, clock, part, unread }))
    }

    pub(crate) fn account(&self) -> &str {
        &self.0.account
    }

    pub(crate) fn intake(&self) -> &Intake {
        &self.0.intake
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Records what was read, or that it could not be; returns only when the broker has it.
    pub(crate) async fn record(&self, read: Read) -> Result<(), IntakeError> {
        let contact = self.contact(&read);
        let is_unread = contact.call.is_none();
        let receipt = self.0.intake.record(contact, read.raw.clone()).await?;
        let outcome = match (receipt.already_recorded, is_unread) {
            (true, _) => "repeated",
            (false, true) => "quarantined",
            (false, false) => "recorded",
        };
        if outcome == "quarantined" {
            self.0.unread.fetch_add(1, Ordering::Relaxed);
            let (account, contact) = (self.account(), &receipt.contact_id);
            if let Err(fault) = &read.entry {
                warn!(channel = "phone", account, contact.id = %contact, "Kept apart what could not be read, {}: {fault}", read.place);
            }
            self.well();
        }
        metrics::counter!("redress_phone_entries_total", "account" => self.0.account.clone(), "outcome" => outcome)
            .increment(1);
        Ok(())
    }

    /// What it becomes.
    pub(crate) fn contact(&self, read: &Read) -> Contact {
        contact(read, &self.0.account, &self.0.house, self.0.clock.now(), self.0.intake.vault().keys())
    }

    /// Says that the account is read, and what somebody should look at.
    pub(crate) fn well(&self) {
        match self.0.unread.load(Ordering::Relaxed) {
            0 => self.0.part.ready(),
            count => self.0.part.degraded(format!(
                "{count} could not be read and were kept apart since the start: redress reconcile {}",
                self.0.account
            )),
        }
    }

    /// Says that the account cannot be read.
    pub(crate) fn unwell(&self, reason: String) {
        self.0.part.failing(reason);
    }
}

/// What an account makes of what was read.
pub(crate) fn contact(
    read: &Read,
    account: &str,
    house: &House,
    now: jiff::Timestamp,
    keys: &Keys,
) -> Contact {
    let envelope = Envelope { account, house, now, keys };
    let bytes = normalize::Bytes {
        raw: &read.raw,
        media_type: read.media_type,
        place: &read.place,
        ordinal: read.ordinal,
    };
    let contact = match &read.entry {
        Ok(entry) => normalize::contact(entry.clone(), &envelope, &bytes),
        Err(fault) => normalize::unread(fault, &envelope, &bytes),
    };
    match &read.audio {
        Some(audio) if read.entry.is_ok() => {
            normalize::with_recording(contact, &audio.name, &audio.media_type, &read.raw)
        }
        _ => contact,
    }
}

//! Items → contacts on record.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use redress_contract::{Contact, PostChange};
use redress_intake::{FileError, Intake, IntakeError};
use redress_runtime::Clock;
use tracing::{debug, warn};

use crate::media::Fetcher;
use crate::normalize::{self, Envelope};
use crate::post::{Item, Platform, Said};
use crate::state::{Recent, State};

/// Puts on record what one account brings. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Shared>);

struct Shared {
    account: String,
    platform: Platform,
    intake: Intake,
    clock: Clock,
    fetcher: Fetcher,
    /// Items that could not be read, since the start.
    unread: AtomicUsize,
}

impl Recorder {
    pub(crate) fn new(
        account: &str,
        platform: Platform,
        intake: Intake,
        clock: Clock,
        fetcher: Fetcher,
    ) -> Self {
        let (account, unread) = (account.to_owned(), AtomicUsize::new(0));
        Self(Arc::new(Shared { account, platform, intake, clock, fetcher, unread }))
    }

    pub(crate) fn account(&self) -> &str {
        &self.0.account
    }

    pub(crate) fn unread(&self) -> usize {
        self.0.unread.load(Ordering::Relaxed)
    }

    /// Records an item, or that it could not be read; returns only when the broker has it. True when it is a contact.
    pub(crate) async fn record(&self, item: &Item) -> Result<bool, IntakeError> {
        let outcome = match item {
            Item::Post(said) => {
                let outcome = if said.post.change.is_unspecified() { "recorded" } else { "revised" };
                if self.record_post(said).await? { "repeated" } else { outcome }
            }
            Item::Unread { why, raw } => {
                let raw = normalize::raw(raw);
                let contact =
                    self.with_envelope(|envelope| normalize::unread(self.0.platform, why, &raw, envelope));
                let receipt = self.0.intake.record(contact, raw.into()).await?;
                if !receipt.already_recorded {
                    self.0.unread.fetch_add(1, Ordering::Relaxed);
                    warn!(channel = "social", account = self.account(), contact.id = %receipt.contact_id, "Kept apart what could not be read: {why}");
                }
                "quarantined"
            }
            Item::Own(_) => "own",
            Item::Nothing(what) => {
                debug!(channel = "social", account = self.account(), "Nothing for us: {what}");
                "nothing"
            }
        };
        metrics::counter!("redress_social_items_total", "account" => self.0.account.clone(), "outcome" => outcome)
            .increment(1);
        Ok(matches!(item, Item::Post(_) | Item::Unread { .. }))
    }

    async fn record_post(&self, said: &Said) -> Result<bool, IntakeError> {
        let mut contact = self.with_envelope(|envelope| normalize::contact(said, envelope));
        let raw = Bytes::from(normalize::raw(&said.raw));
        let mut files = self.0.intake.begin_files();
        for (index, file) in said.media.iter().enumerate() {
            let fetched = match self.0.fetcher.fetch(&file.url).await {
                Ok(fetched) => fetched,
                Err(why) => {
                    note(&mut contact, index, &why.to_string());
                    continue;
                }
            };
            let (bytes, media_type) = fetched;
            match files.put(&bytes[..]).await {
                Ok(stored) => attach(&mut contact, index, stored, media_type),
                Err(FileError::Read(_)) => note(&mut contact, index, "it could not be had"),
                Err(FileError::Put(source)) => {
                    return Err(IntakeError { contact_id: contact.id.clone(), source });
                }
            }
        }
        let headers = redress_bus::Headers::new();
        let receipt = self.0.intake.record_with_files(contact, raw, files, headers).await?;
        Ok(receipt.already_recorded)
    }

    fn with_envelope(&self, make: impl FnOnce(&Envelope<'_>) -> Contact) -> Contact {
        let (now, keys) = (self.0.clock.now(), self.0.intake.vault().keys());
        make(&Envelope { account: &self.0.account, now, keys })
    }

    /// What is remembered of a post that is on record.
    pub(crate) fn recent(&self, said: &Said) -> Recent {
        let now = self.0.clock.now();
        let thread = if said.thread.is_empty() { &said.in_reply_to } else { &said.thread };
        let thread = if thread.is_empty() { &said.post.post_id } else { thread };
        Recent {
            id: said.post.post_id.clone(),
            revision: said.post.revision.clone(),
            author: said.author.id.clone(),
            thread: thread.clone(),
            is_direct: said.post.visibility == redress_contract::Visibility::Direct,
            recorded_at: now,
            looked_at: now,
        }
    }
}

/// Where the bytes of a file lie.
fn attach(contact: &mut Contact, index: usize, stored: redress_intake::StoredFile, media_type: String) {
    let Some(attachment) = contact.attachments.get_mut(index) else { return };
    attachment.blob = Some(stored.blob);
    attachment.size_bytes = stored.size_bytes;
    attachment.sha256 = stored.sha256;
    if !attachment.media_type.contains('/') {
        attachment.media_type = media_type;
    }
}

/// That a file is only named, and why.
fn note(contact: &mut Contact, index: usize, why: &str) {
    let Some(attachment) = contact.attachments.get(index) else { return };
    let problem = format!("{} was not fetched: {why}", attachment.file_name.as_str());
    if !contact.parse_problem.is_empty() {
        contact.parse_problem.push_str("; ");
    }
    contact.parse_problem.push_str(&problem);
}

/// What an item is, given what is on record: none for one that is there already, an edit where the words changed.
pub(crate) fn told_anew(item: Item, state: &State) -> Option<Item> {
    let Item::Post(mut said) = item else { return Some(item) };
    let Some(known) = state.recent(&said.post.post_id) else { return Some(Item::Post(said)) };
    match said.post.change {
        PostChange::Unspecified | PostChange::Edited if known.revision == said.post.revision => return None,
        PostChange::Unspecified => said.post.change = PostChange::Edited,
        // Whoever takes a post away is not named: they are who wrote it.
        PostChange::Deleted => {
            if said.author.id.is_empty() {
                said.author.id.clone_from(&known.author);
            }
            said.thread.clone_from(&known.thread);
            if said.post.visibility.is_unspecified() && !known.is_direct {
                said.post.visibility = redress_contract::Visibility::Unlisted;
            }
        }
        PostChange::Edited => {}
    }
    Some(Item::Post(said))
}

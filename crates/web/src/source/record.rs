//! One submission on record, once: claim its reference, record it, and tell a repeat from other words under the same
//! key. What is added to a complaint that is there goes the same way, without a reference of its own.

use bytes::Bytes;
use jiff::Timestamp;
use redress_bus::{Headers, KvError, ReadError};
use redress_contract::{Act, Channel, Contact, ContactId, Reference};
use redress_intake::{IntakeError, references};
use redress_runtime::fault;
use redress_runtime::logs::chain;
use sha2::{Digest, Sha256};
use tracing::{info, warn};

use super::status::LookUpError;
use super::upload::Uploaded;
use super::{App, hex, is_key};
use crate::addition::{self, About};
use crate::config::STATED_CHANNELS;
use crate::file;
use crate::normalize::{self, Arrival, Stated};
use crate::submission::Submission;

/// Header: what a repeat is compared by. Keyed, because headers are not sealed and words can be guessed.
const DIGEST_HEADER: &str = "redress-submission-digest";
/// Header: what a repeat is answered with.
const RECEIVED_HEADER: &str = "redress-received-at";

/// A submission and how it came.
pub(super) struct Incoming {
    pub(super) submission: Submission,
    pub(super) channel: Channel,
    /// The form or the API client.
    pub(super) account: String,
    /// The form that was filled in.
    pub(super) form: String,
    /// Whose idempotency keys these are: nobody else's keys mean the same.
    pub(super) source: String,
    pub(super) stated: Stated,
    /// The language in which they were asked; empty when nobody asked.
    pub(super) page_language: String,
    pub(super) key: String,
    pub(super) media_type: String,
    pub(super) raw: Bytes,
    pub(super) uploaded: Uploaded,
}

/// It is on record: what the sender is told, the same for each repeat.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Recorded {
    pub(super) contact_id: ContactId,
    pub(super) reference: Reference,
    pub(super) receipt_code: String,
    pub(super) received_at: Timestamp,
}

/// Something to be added to a complaint whose receipt code was shown, and how it came.
pub(super) struct Addition {
    pub(super) text: String,
    /// What the sender does beside writing.
    pub(super) act: Act,
    pub(super) channel: Channel,
    pub(super) account: String,
    pub(super) page_language: String,
    /// The contact whose receipt code was shown.
    pub(super) first: ContactId,
    pub(super) reference: Reference,
    pub(super) key: String,
    pub(super) media_type: String,
    pub(super) raw: Bytes,
    pub(super) uploaded: Uploaded,
}

/// An addition is on record.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Added {
    pub(super) contact_id: ContactId,
    pub(super) received_at: Timestamp,
}

/// Why the sender does not hear yes.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The key stands for other words.
    #[error("the idempotency key was used with another body")]
    OtherWords,
    /// Nobody could say in time that it is on record. It may be; sending it again with the same key is safe.
    #[error("not known to be recorded")]
    NotRecorded(#[source] NotRecorded),
}

/// What was in the way.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotRecorded {
    #[error("the broker took longer than a sender is made to wait")]
    Patience,
    #[error(transparent)]
    Claim(#[from] KvError),
    #[error(transparent)]
    Intake(#[from] IntakeError),
    #[error(transparent)]
    Compare(#[from] ReadError),
}

/// Records a submission within the patience of the settings.
pub(super) async fn record(app: &App, incoming: Incoming) -> Result<Recorded, Refusal> {
    let channel = incoming.channel;
    let contact_id = app.keys().submission_contact_id(&incoming.source, &incoming.key);
    let recording = Box::pin(submission(app, &contact_id, incoming));
    within_patience(app, channel, &contact_id, recording).await
}

/// The contact that a form was recorded as under this key, and its reference; none when it was not.
///
/// # Errors
/// [`LookUpError`] when nobody could say in time.
pub(super) async fn sent_before(
    app: &App,
    form: &str,
    key: &str,
) -> Result<Option<(ContactId, Reference)>, LookUpError> {
    if !is_key(key) {
        return Ok(None);
    }
    let contact_id = app.keys().submission_contact_id(&source_name(Channel::Web, form), key);
    let look_up = async {
        let mut looks = 5;
        // A replica that is behind does not know it yet.
        while app.deps.intake.recorded_headers(Channel::Web, &contact_id).await?.is_none() {
            looks -= 1;
            if looks == 0 {
                return Ok(None);
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let reference = references::claim(app.deps.intake.vault(), &contact_id, None).await?;
        Ok(Some((contact_id, reference)))
    };
    tokio::time::timeout(app.config.patience, look_up).await.unwrap_or(Err(LookUpError::Patience))
}

/// Records an addition within the patience of the settings. Each complaint has idempotency keys of its own.
pub(super) async fn record_addition(app: &App, addition: Addition) -> Result<Added, Refusal> {
    let (channel, source) = (addition.channel, source_name(addition.channel, &addition.account));
    let source = format!("{source}/additions/{}", addition.first);
    let contact_id = app.keys().submission_contact_id(&source, &addition.key);
    let about = About {
        channel,
        account: addition.account,
        page_language: addition.page_language,
        contact_id: contact_id.clone(),
        first: addition.first,
        reference: addition.reference,
        received_at: app.deps.clock.now(),
        media_type: addition.media_type,
        sha256: hex(&Sha256::digest(&addition.raw)),
        act: addition.act,
    };
    let mut said = addition.text.clone();
    if !addition.act.is_unspecified() {
        said = serde_json::json!([addition.act, said]).to_string();
    }
    let contact = addition::contact(addition.text, about);
    let attempt = async {
        let received_at = put_once(app, contact, addition.raw, addition.uploaded, &said).await?;
        Ok(received_at.map(|received_at| Added { contact_id: contact_id.clone(), received_at }))
    };
    within_patience(app, channel, &contact_id, attempt).await
}

/// What an attempt comes to for the sender: its `None` is other words under the same key.
async fn within_patience<T>(
    app: &App,
    channel: Channel,
    contact_id: &ContactId,
    attempt: impl Future<Output = Result<Option<T>, NotRecorded>>,
) -> Result<T, Refusal> {
    let channel = channel.token();
    let attempt = tokio::time::timeout(app.config.patience, attempt).await;
    match attempt.unwrap_or(Err(NotRecorded::Patience)) {
        Ok(Some(recorded)) => {
            app.health.ready();
            info!(contact.id = %contact_id, channel, "Recorded contact {contact_id}");
            Ok(recorded)
        }
        Ok(None) => Err(Refusal::OtherWords),
        Err(problem) => {
            // Degraded, not failing: this process still answers every sender, and better than a balancer would.
            app.health.degraded("the last submission could not be recorded in time");
            warn!(contact.id = %contact_id, channel, error = chain(&problem), "Could not record contact {contact_id}");
            Err(Refusal::NotRecorded(problem))
        }
    }
}

async fn submission(
    app: &App,
    contact_id: &ContactId,
    incoming: Incoming,
) -> Result<Option<Recorded>, NotRecorded> {
    if incoming.stated.recorded_by.is_some() && is_on_another_channel(app, &incoming, contact_id).await? {
        return Ok(None);
    }
    let reference = references::claim(app.deps.intake.vault(), contact_id, None).await?;
    fault::point("web::claimed");
    let mut said = serde_json::to_string(&incoming.submission).expect("texts always become JSON");
    if incoming.stated != Stated::default() {
        let stated = serde_json::to_string(&incoming.stated).expect("plain data always becomes JSON");
        said = format!("{said}{stated}{}/{}", incoming.account, incoming.form);
    }
    let contact = normalize::contact(
        &incoming.submission,
        Arrival {
            channel: incoming.channel,
            account: incoming.account,
            page_language: incoming.page_language,
            contact_id: contact_id.clone(),
            reference: reference.clone(),
            recorded_at: app.deps.clock.now(),
            stated: incoming.stated.clone(),
            media_type: incoming.media_type,
            sha256: hex(&Sha256::digest(&incoming.raw)),
        },
    );
    let received_at = put_once(app, contact, incoming.raw, incoming.uploaded, &said).await?;
    Ok(received_at.map(|received_at| Recorded {
        contact_id: contact_id.clone(),
        receipt_code: app.keys().receipt_code(contact_id),
        reference,
        received_at,
    }))
}

/// Whether the contact is there on another channel than now: who may name the channel may name another in a repeat, and one
/// key is one contact. (Of two at the same time, each on a channel of its own, `router` takes the first.)
async fn is_on_another_channel(
    app: &App,
    incoming: &Incoming,
    contact_id: &ContactId,
) -> Result<bool, ReadError> {
    for channel in STATED_CHANNELS.into_iter().chain([Channel::Api]) {
        if channel != incoming.channel
            && app.deps.intake.recorded_headers(channel, contact_id).await?.is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Records a contact unless it is there; answers when it first was received, or none when the one that is there says
/// something else. They are compared by what was said, not by the bytes: a form sent again carries a newer stamp, a
/// client may order its members anew.
async fn put_once(
    app: &App,
    mut contact: Contact,
    raw: Bytes,
    uploaded: Uploaded,
    said: &str,
) -> Result<Option<Timestamp>, NotRecorded> {
    let (channel, contact_id, received_at) = (contact.channel, contact.id.clone(), contact.received_at);
    let said = format!("{said}{}", file::said(&uploaded.attachments));
    let digest = app.keys().name("submission", &[contact_id.as_str(), &said]);
    contact.attachments = uploaded.attachments;
    let files = uploaded.files.unwrap_or_else(|| app.deps.intake.begin_files());
    let headers = vec![
        (DIGEST_HEADER.to_owned(), digest.clone()),
        (RECEIVED_HEADER.to_owned(), received_at.to_string()),
    ];
    let recording = app.deps.intake.record_with_files(contact, raw, files, headers);
    let receipt = Box::pin(recording).await?;
    fault::point("web::recorded");
    if !receipt.already_recorded {
        return Ok(Some(received_at));
    }
    let first = first_headers(app, channel, &contact_id).await?;
    let is_same = header(&first, DIGEST_HEADER) == Some(&digest);
    let first_received_at = header(&first, RECEIVED_HEADER).and_then(|text| text.parse().ok());
    Ok(is_same.then(|| first_received_at.unwrap_or(received_at)))
}

/// The headers of what is on record. It is there, so a replica that does not have it yet is asked again; the patience
/// around this ends it.
async fn first_headers(app: &App, channel: Channel, contact_id: &ContactId) -> Result<Headers, ReadError> {
    loop {
        if let Some(headers) = app.deps.intake.recorded_headers(channel, contact_id).await? {
            return Ok(headers);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Forms and API clients have idempotency keys of their own.
pub(super) fn source_name(channel: Channel, account: &str) -> String {
    format!("{}/{account}", channel.token())
}

fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a String> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

//! One submission on record, once: claim its reference, record it, and tell a repeat from other words under the same
//! key.

use bytes::Bytes;
use jiff::Timestamp;
use redress_bus::{Headers, KvError, ReadError};
use redress_contract::{Channel, ContactId, Reference};
use redress_intake::{IntakeError, references};
use redress_runtime::fault;
use sha2::{Digest, Sha256};
use tracing::{info, warn};

use super::{App, hex};
use crate::normalize::{self, Arrival};
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
    /// The language in which they were asked; empty when nobody asked.
    pub(super) page_language: String,
    pub(super) key: String,
    pub(super) media_type: String,
    pub(super) raw: Bytes,
}

/// It is on record: what the sender is told, the same for each repeat.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Recorded {
    pub(super) contact_id: ContactId,
    pub(super) reference: Reference,
    pub(super) receipt_code: String,
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
    let contact_id = app.keys().submission_contact_id(&source_name(&incoming), &incoming.key);
    let channel = incoming.channel.token();
    let attempt = tokio::time::timeout(app.config.patience, attempt(app, &contact_id, incoming)).await;
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

/// None: other words are on record under this key.
async fn attempt(
    app: &App,
    contact_id: &ContactId,
    incoming: Incoming,
) -> Result<Option<Recorded>, NotRecorded> {
    let intake = &app.deps.intake;
    let received_at = app.deps.clock.now();
    let reference = references::claim(intake.vault(), contact_id, None).await?;
    fault::point("web::claimed");
    let digest = digest(app, contact_id, &incoming.submission);
    let channel = incoming.channel;
    let contact = normalize::contact(
        &incoming.submission,
        Arrival {
            channel,
            account: incoming.account,
            page_language: incoming.page_language,
            contact_id: contact_id.clone(),
            reference: reference.clone(),
            received_at,
            media_type: incoming.media_type,
            sha256: hex(&Sha256::digest(&incoming.raw)),
        },
    );
    let headers = vec![
        (DIGEST_HEADER.to_owned(), digest.clone()),
        (RECEIVED_HEADER.to_owned(), received_at.to_string()),
    ];
    let receipt = intake.record_with(contact, incoming.raw, Vec::new(), headers).await?;
    fault::point("web::recorded");
    let recorded = |received_at| Recorded {
        contact_id: contact_id.clone(),
        receipt_code: app.keys().receipt_code(contact_id),
        reference,
        received_at,
    };
    if !receipt.already_recorded {
        return Ok(Some(recorded(received_at)));
    }
    let first = first_headers(app, channel, contact_id).await?;
    let same = header(&first, DIGEST_HEADER) == Some(&digest);
    let first_received_at = header(&first, RECEIVED_HEADER).and_then(|text| text.parse().ok());
    Ok(same.then(|| recorded(first_received_at.unwrap_or(received_at))))
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
fn source_name(incoming: &Incoming) -> String {
    format!("{}/{}", incoming.channel.token(), incoming.account)
}

/// Of what was said, not of the bytes: a form sent again carries a newer stamp, a client may order its members anew.
fn digest(app: &App, contact_id: &ContactId, submission: &Submission) -> String {
    let said = serde_json::to_string(submission).expect("texts always become JSON");
    app.keys().name("submission", &[contact_id.as_str(), &said])
}

fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a String> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

//! What telephone systems post to us. Pure: headers, an address and a body in, an entry or a refusal out.

mod signature;

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use data_encoding::BASE64_MIME_PERMISSIVE;
use jiff::{SignedDuration, Timestamp};
use redress_contract::CallState;

use crate::config::{Provider, Webhook};
use crate::entry::{Entry, Fault};
use crate::formats::{self, Json};
use crate::map::{self, Reading};

pub use signature::twilio_signature_is_valid;

/// Fields of Twilio's callbacks (<https://www.twilio.com/docs/voice/twiml#request-parameters>, `…/messaging/twiml`).
pub(crate) const TWILIO_NAMES: [(&str, &[&str]); 13] = [
    ("call_id", &["ParentCallSid", "CallSid", "MessageSid", "SmsSid"]),
    ("leg", &["CallSid", "MessageSid"]),
    ("caller", &["From", "Caller"]),
    ("caller_name", &["CallerName"]),
    ("called", &["To", "Called"]),
    ("direction", &["Direction"]),
    ("state", &["CallStatus"]),
    ("at", &["Timestamp"]),
    ("talking", &["CallDuration"]),
    ("cause", &["ErrorCode"]),
    ("text", &["TranscriptionText", "Body"]),
    ("recording", &["RecordingUrl"]),
    ("queue", &["QueueSid"]),
];

/// Fields of sipgate.io (<https://github.com/sipgate/sipgate.io>), Placetel and generic CTI.
pub(crate) const CTI_NAMES: [(&str, &[&str]); 9] = [
    ("call_id", &["call_id", "callId"]),
    ("caller", &["from"]),
    ("called", &["to"]),
    ("direction", &["direction", "event"]),
    ("state", &["event"]),
    ("queue", &["queue"]),
    ("staff", &["user", "user[]", "peer", "answeringNumber"]),
    ("cause", &["cause", "type"]),
    ("text", &["note"]),
];

/// A post as it came.
pub struct Post {
    /// Its headers.
    pub headers: HeaderMap,
    /// The address it was posted to, as whoever posts knows it, query and all.
    pub url: String,
    /// What stands behind the account in the address; empty when nothing does.
    pub rest: String,
    /// Its body.
    pub body: Bytes,
}

/// Why a post is not taken, without personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not say who posts it.
    #[error("{0}")]
    Unsigned(&'static str),
    /// Whoever posts it is somebody else, or the secret in the settings is not the right one.
    #[error("{0}")]
    WrongSignature(&'static str),
}

/// What the headers and the address alone tell, before the body is read.
///
/// # Errors
/// [`Refusal`] when whoever posts does not prove who they are, where that is how it is known.
pub fn check_headers(webhook: &Webhook, headers: &HeaderMap, rest: &str) -> Result<(), Refusal> {
    match webhook.provider {
        Provider::Freeswitch => signature::basic(&webhook.user, &webhook.secret, headers),
        Provider::Sipgate | Provider::Placetel | Provider::Cti => {
            signature::in_address(&webhook.secret, rest)
        }
        Provider::Twilio | Provider::Signed => Ok(()),
    }
}

/// Makes sure who posts.
///
/// # Errors
/// [`Refusal`] says what is wrong.
pub fn check(webhook: &Webhook, post: &Post) -> Result<(), Refusal> {
    check_headers(webhook, &post.headers, &post.rest)?;
    match webhook.provider {
        Provider::Twilio => signature::twilio(&webhook.secret, post, &media_type(&post.headers)),
        Provider::Signed => signature::signed(&webhook.secret, &webhook.signature_header, post),
        _ => Ok(()),
    }
}

/// Reads what was posted, by whoever it was; `now` is when what it reports happened, where it does not say so.
///
/// # Errors
/// [`Fault`] says what is wrong with it.
pub fn read(webhook: &Webhook, reading: &Reading, post: &Post, now: Timestamp) -> Result<Entry, Fault> {
    let is_json = media_type(&post.headers).ends_with("json");
    let mut entry = match webhook.provider {
        Provider::Freeswitch => return formats::freeswitch_json(reading, &cdr(post)?),
        Provider::Signed => map::read(reading, &json(&post.body)?)?,
        _ if is_json => map::read(reading, &json(&post.body)?)?,
        _ => {
            let fields = fields(&post.body);
            map::read(reading, &|name| value(&fields, name))?
        }
    };
    if entry.call.call_id.is_empty() {
        return Err(Fault::new("names no call"));
    }
    if webhook.provider == Provider::Twilio {
        over(&mut entry, &fields(&post.body));
    }
    if entry.call.state == CallState::Answered && entry.call.staff.eq_ignore_ascii_case("voicemail") {
        entry.call.state = CallState::Voicemail;
    }
    map::happened(&mut entry.call, now);
    Ok(entry)
}

/// `completed` says that the call is over, and was answered.
fn over(entry: &mut Entry, fields: &[(String, String)]) {
    let call = &mut entry.call;
    if value(fields, "CallStatus").as_deref() != Some("completed") {
        return;
    }
    call.ended_at = call.ended_at.or(call.answered_at);
    call.answered_at = match (call.ended_at, call.talking_seconds) {
        (Some(end), Some(talked)) => Some(end - SignedDuration::from_secs(talked.into())),
        _ => None,
    };
}

/// What `mod_json_cdr` posts: JSON as it is, or in a form as `cdr`, or that in base64.
fn cdr(post: &Post) -> Result<Vec<u8>, Fault> {
    let body = &post.body;
    if body.trim_ascii_start().starts_with(b"{") {
        return Ok(body.to_vec());
    }
    let fields = fields(body);
    let cdr = value(&fields, "cdr").ok_or_else(|| Fault::new("is neither JSON nor a form with `cdr`"))?;
    if cdr.trim_start().starts_with('{') {
        return Ok(cdr.into_bytes());
    }
    // A form makes a blank of each plus.
    let encoded = cdr.replace(' ', "+");
    BASE64_MIME_PERMISSIVE
        .decode(encoded.as_bytes())
        .map_err(|_| Fault::new("`cdr` is neither JSON nor base64"))
}

fn json(body: &[u8]) -> Result<impl Fn(&str) -> Option<String>, Fault> {
    let json = Json::parse(body)?;
    Ok(move |name: &str| json.get(name))
}

fn fields(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

/// A field; what is there several times is a list.
fn value(fields: &[(String, String)], name: &str) -> Option<String> {
    let all: Vec<&str> =
        fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// The media type of a post, in lower case and without its parameters.
pub fn media_type(headers: &HeaderMap) -> String {
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests;

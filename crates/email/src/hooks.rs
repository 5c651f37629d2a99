//! What mail providers post to us, made raw mail again. Pure: headers and a body in, a mail or a refusal out.
//!
//! Where a provider sends the mail as it came, those bytes are the mail. Where it sends only what it read of it, a mail is
//! put together so that the same post always makes the same bytes, hence the same contact.
//!
//! Reading order: `fields` (forms taken apart), `signature` (is it the provider?), `compose` (a mail from its pieces), then
//! a file for each provider.

mod compose;
mod fields;
mod mailgun;
mod postmark;
mod sendgrid;
mod ses;
mod signature;

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use jiff::Timestamp;

use crate::config::webhook::{Provider, Webhook};

pub use ses::{Notice, Said, notice};

/// A post as it came.
pub struct Post {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// The mail in a post.
pub struct Posted {
    /// Its bytes.
    pub raw: Bytes,
    /// When the provider got it, where it says so.
    pub received_at: Option<Timestamp>,
    /// Whether the bytes are those that came, or were put together.
    pub form: Form,
}

/// Where the bytes of a mail are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it came to the provider.
    Raw,
    /// Put together from what the provider read.
    Composed,
}

/// Why a post is not taken, without personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not say who posts it.
    #[error("{0}")]
    Unsigned(&'static str),
    /// Whoever posts it is not the provider, or a secret in the settings is not the right one.
    #[error("{0}")]
    WrongSignature(&'static str),
    /// Its media type is none that the provider uses.
    #[error("{0}")]
    MediaType(&'static str),
    /// It is not what the provider posts for a mail.
    #[error("{0}")]
    Shape(&'static str),
}

/// What the headers alone tell, before the body is read.
///
/// # Errors
/// [`Refusal`] when whoever posts does not sign in, where that is how it is known.
pub fn check_headers(webhook: &Webhook, headers: &HeaderMap) -> Result<(), Refusal> {
    match webhook {
        Webhook::Postmark(basic) | Webhook::SendgridBasic(basic) => signature::basic(basic, headers),
        Webhook::Mailgun(_) | Webhook::SendgridKey(_) | Webhook::Ses(_) => Ok(()),
    }
}

/// Makes sure who posts, and reads the mail. A notice of SES takes fetching a certificate: see [`notice`].
///
/// # Errors
/// [`Refusal`] says what is wrong.
pub fn read(webhook: &Webhook, post: &Post, now: Timestamp) -> Result<Posted, Refusal> {
    check_headers(webhook, &post.headers)?;
    match webhook {
        Webhook::Mailgun(secret) => {
            let fields = fields::take_apart(post)?;
            signature::mailgun(secret, &fields, now)?;
            mailgun::mail(&fields)
        }
        Webhook::SendgridKey(key) => {
            signature::sendgrid(key, post)?;
            mail(webhook.provider(), post)
        }
        Webhook::Postmark(_) | Webhook::SendgridBasic(_) => mail(webhook.provider(), post),
        Webhook::Ses(_) => {
            Err(Refusal::Unsigned("the signature of a notice is checked by its certificate only"))
        }
    }
}

/// Reads the mail without asking who posts: for looking at posts that were kept.
///
/// # Errors
/// [`Refusal`] when it is not what the provider posts.
pub fn mail(provider: Provider, post: &Post) -> Result<Posted, Refusal> {
    match provider {
        Provider::Mailgun => mailgun::mail(&fields::take_apart(post)?),
        Provider::Postmark => postmark::mail(&fields::json(post)?),
        Provider::Sendgrid => sendgrid::mail(&fields::take_apart(post)?),
        Provider::Ses => ses::mail(post),
    }
}

impl Posted {
    fn raw(raw: Bytes, received_at: Option<Timestamp>) -> Self {
        Self { raw, received_at, form: Form::Raw }
    }

    fn composed(draft: &compose::Draft, received_at: Option<Timestamp>) -> Self {
        Self { raw: draft.write().into(), received_at, form: Form::Composed }
    }
}

/// The media type of a post, in lower case and without its parameters.
fn media_type(headers: &HeaderMap) -> String {
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests;

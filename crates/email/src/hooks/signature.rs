//! Is it the provider that posts? Each in its own way; all comparing is in constant time.

use axum::http::{HeaderMap, header};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use jiff::{SignedDuration, Timestamp};
use redress_runtime::Secret;
use ring::hmac::{self, HMAC_SHA256};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

use super::fields::Fields;
use super::{Post, Refusal};
use crate::config::webhook::{Basic, MailgunKey};

/// HTTP basic authentication with the user and password from the address that the provider was given.
pub(super) fn basic(wanted: &Basic, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(stated) = headers.get(header::AUTHORIZATION) else {
        return Err(Refusal::Unsigned(
            "user and password are missing: they belong into the address, https://user:password@…",
        ));
    };
    let wrong = Refusal::WrongSignature("user or password is wrong");
    let (scheme, encoded) = stated.to_str().ok().and_then(|it| it.split_once(' ')).ok_or(wrong.clone())?;
    let login = BASE64.decode(encoded.trim().as_bytes()).map_err(|_| wrong.clone())?;
    let right = format!("{}:{}", wanted.user, wanted.password.expose());
    if scheme.eq_ignore_ascii_case("basic") && is_same(&login, right.as_bytes()) {
        Ok(())
    } else {
        Err(wrong)
    }
}

/// Equal, compared in a time that says nothing of where they differ, nor of how long the right one is.
fn is_same(given: &[u8], right: &[u8]) -> bool {
    let key = hmac::Key::new(HMAC_SHA256, b"compare");
    hmac::verify(&key, given, hmac::sign(&key, right).as_ref()).is_ok()
}

/// Mailgun signs a time and a token, but not the mail: so a signature is good for a while only.
pub(super) fn mailgun(key: &MailgunKey, fields: &Fields, now: Timestamp) -> Result<(), Refusal> {
    let field = |name: &str| fields.get(name).filter(|value| !value.is_empty());
    let (Some(time), Some(token), Some(signature)) = (field("timestamp"), field("token"), field("signature"))
    else {
        return Err(Refusal::Unsigned("timestamp, token or signature is missing"));
    };
    let wrong =
        Refusal::WrongSignature("the signature is wrong; is signing_key the HTTP webhook signing key?");
    let stated = HEXLOWER_PERMISSIVE.decode(signature).map_err(|_| wrong.clone())?;
    let signed = [&time[..], &token[..]].concat();
    hmac::verify(&mac_key(&key.signing_key), &signed, &stated).map_err(|_| wrong)?;
    let at = mailgun_time(fields).ok_or(Refusal::Shape("timestamp is no time"))?;
    let age = now.duration_since(at);
    if age > SignedDuration::try_from(key.age_max).unwrap_or(SignedDuration::MAX) {
        return Err(Refusal::WrongSignature("the signature is too old"));
    }
    if age < -AHEAD_MAX {
        return Err(Refusal::WrongSignature("the signature is from the future; are the clocks right?"));
    }
    Ok(())
}

/// So far a provider's clock may be ahead of ours.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);

/// The time that Mailgun signed.
pub(super) fn mailgun_time(fields: &Fields) -> Option<Timestamp> {
    let seconds = fields.text("timestamp")?.parse().ok()?;
    Timestamp::from_second(seconds).ok()
}

fn mac_key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(HMAC_SHA256, secret.expose().as_bytes())
}

/// `SendGrid` signs a time and the whole body.
pub(super) fn sendgrid(point: &[u8], post: &Post) -> Result<(), Refusal> {
    let field = |name: &str| post.headers.get(name);
    let (Some(signature), Some(time)) =
        (field("x-twilio-email-event-webhook-signature"), field("x-twilio-email-event-webhook-timestamp"))
    else {
        return Err(Refusal::Unsigned(
            "the headers X-Twilio-Email-Event-Webhook-Signature and -Timestamp are missing",
        ));
    };
    let wrong =
        Refusal::WrongSignature("the signature is wrong; is public_key the one of the security policy?");
    let signature = BASE64.decode(signature.as_bytes()).map_err(|_| wrong.clone())?;
    let signed = [time.as_bytes(), &post.body[..]].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(&signed, &signature).map_err(|_| wrong)
}

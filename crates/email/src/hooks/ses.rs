//! Amazon SES: a receipt rule's SNS action, with the mail in the notice. SNS signs each notice with a key whose certificate lies
//! at an address of its own; who fetches it is not here.

use bytes::Bytes;
use data_encoding::BASE64_MIME_PERMISSIVE;
use jiff::Timestamp;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use rustls::server::ParsedCertificate;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;

use super::{Post, Posted, Refusal};
use crate::config::webhook::Topic;

/// A notice of our topic, whose signature is not checked yet.
pub struct Notice {
    fields: Value,
    certificate_url: String,
}

/// What a notice says.
pub enum Said {
    /// A mail came.
    Mail(Posted),
    /// The subscription is to be confirmed by opening this address, which is one of SNS.
    Confirm(String),
    /// Somebody ended the subscription.
    Ended,
    /// Nothing that we have to do with.
    Nothing,
}

/// Reads a notice, as far as is needed to check who sent it.
///
/// # Errors
/// [`Refusal`] when it is none of this topic, or its certificate would lie elsewhere than at SNS.
pub fn notice(topic: &Topic, post: &Post) -> Result<Notice, Refusal> {
    let fields = parsed(post)?;
    if text(&fields, "TopicArn") != topic.arn {
        return Err(Refusal::WrongSignature("the notice is not of the topic in the settings"));
    }
    let certificate_url = text(&fields, "SigningCertURL").to_owned();
    if !topic.owns(&certificate_url) {
        return Err(Refusal::WrongSignature("the certificate does not lie at SNS in the topic's region"));
    }
    Ok(Notice { fields, certificate_url })
}

/// The mail in a notice, whoever sent it.
pub(super) fn mail(post: &Post) -> Result<Posted, Refusal> {
    match said(&parsed(post)?)? {
        Said::Mail(posted) => Ok(posted),
        Said::Confirm(_) | Said::Ended | Said::Nothing => Err(Refusal::Shape("the notice is not of a mail")),
    }
}

impl Notice {
    /// Where the certificate lies whose key signed it.
    pub fn certificate_url(&self) -> &str {
        &self.certificate_url
    }

    /// What it says, once it is sure that the certificate's key (PEM) signed it.
    ///
    /// # Errors
    /// [`Refusal`] when the key did not, or when it says nothing that is known.
    pub fn verified(&self, topic: &Topic, certificate: &[u8]) -> Result<Said, Refusal> {
        let wrong = Refusal::WrongSignature("the signature is wrong");
        let algorithm: &dyn VerificationAlgorithm = match text(&self.fields, "SignatureVersion") {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(Refusal::Unsigned("SignatureVersion is neither 1 nor 2")),
        };
        let key = rsa_key(certificate).ok_or(Refusal::WrongSignature("the certificate holds no RSA key"))?;
        let signature = text(&self.fields, "Signature").as_bytes();
        let signature = BASE64_MIME_PERMISSIVE.decode(signature).map_err(|_| wrong.clone())?;
        UnparsedPublicKey::new(algorithm, key)
            .verify(signed(&self.fields).as_bytes(), &signature)
            .map_err(|_| wrong)?;
        match said(&self.fields)? {
            Said::Confirm(url) if !topic.owns(&url) => Err(Refusal::WrongSignature(
                "the address to confirm at is not one of SNS in the topic's region",
            )),
            said => Ok(said),
        }
    }
}

fn parsed(post: &Post) -> Result<Value, Refusal> {
    // SNS says text/plain, whatever the notice is.
    let fields: Value =
        serde_json::from_slice(&post.body).map_err(|_| Refusal::Shape("the body is no JSON"))?;
    if fields["Type"].is_string() { Ok(fields) } else { Err(Refusal::Shape("the body is no notice of SNS")) }
}

fn said(fields: &Value) -> Result<Said, Refusal> {
    match text(fields, "Type") {
        "Notification" => message(text(fields, "Message")),
        "SubscriptionConfirmation" => Ok(Said::Confirm(text(fields, "SubscribeURL").to_owned())),
        "UnsubscribeConfirmation" => Ok(Said::Ended),
        _ => Err(Refusal::Shape("the notice is of no known type")),
    }
}

fn message(message: &str) -> Result<Said, Refusal> {
    let Ok(message) = serde_json::from_str::<Value>(message) else { return Ok(Said::Nothing) };
    if text(&message, "notificationType") != "Received" {
        // A word of welcome when the rule is made, or reports on mail that we sent.
        return Ok(Said::Nothing);
    }
    let content = text(&message, "content");
    if content.is_empty() {
        return Err(Refusal::Shape(
            "the mail is not in the notice; use the rule's SNS action, not S3 with a topic",
        ));
    }
    let raw = match text(&message["receipt"]["action"], "encoding") {
        "BASE64" => {
            let decoded = BASE64_MIME_PERMISSIVE.decode(content.as_bytes());
            Bytes::from(decoded.map_err(|_| Refusal::Shape("the content is no base64"))?)
        }
        _ => Bytes::copy_from_slice(content.as_bytes()),
    };
    let received_at: Option<Timestamp> = text(&message["mail"], "timestamp").parse().ok();
    Ok(Said::Mail(Posted::raw(raw, received_at)))
}

/// The text that SNS signs: names and values of these fields, each on a line.
fn signed(fields: &Value) -> String {
    let names: &[&str] = match text(fields, "Type") {
        "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        _ => &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    };
    let present = names.iter().filter_map(|name| Some((*name, fields[*name].as_str()?)));
    present.flat_map(|(name, value)| [name, "\n", value, "\n"]).collect()
}

/// The RSA key of a certificate, out of its usual wrapping (X.509 `SubjectPublicKeyInfo`).
fn rsa_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let certificate = CertificateDer::from_pem_slice(certificate).ok()?;
    let wrapped = ParsedCertificate::try_from(&certificate).ok()?.subject_public_key_info();
    let wrapped: &[u8] = wrapped.as_ref();
    let inner = wrapped.get(4..)?.strip_prefix(&RSA[..])?;
    // A bit string of more than 255 bytes, without unused bits.
    match inner {
        [0x03, 0x82, _, _, 0x00, key @ ..] => Some(key.to_vec()),
        _ => None,
    }
}

/// What says that a key is RSA.
const RSA: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

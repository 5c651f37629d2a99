//! Is it who they say that posts? Each in its own way; all comparing is in constant time.

use axum::http::{HeaderMap, header};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use redress_contract::Commit;
use redress_runtime::Secret;
use ring::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256};

use super::{Post, Refusal};

/// HTTP basic authentication.
pub(super) fn basic(user: &str, password: &Secret, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(stated) = headers.get(header::AUTHORIZATION) else {
        return Err(Refusal::Unsigned(
            "user and password are missing: they belong into `cred` of json_cdr.conf.xml",
        ));
    };
    let wrong = Refusal::WrongSignature("user or password is wrong");
    let (scheme, encoded) = stated.to_str().ok().and_then(|it| it.split_once(' ')).ok_or(wrong.clone())?;
    let login = BASE64.decode(encoded.trim().as_bytes()).map_err(|_| wrong.clone())?;
    let right = format!("{user}:{}", password.expose());
    if scheme.eq_ignore_ascii_case("basic") && is_same(&login, right.as_bytes()) {
        Ok(())
    } else {
        Err(wrong)
    }
}

/// The word behind the account in the address.
pub(super) fn in_address(secret: &Secret, rest: &str) -> Result<(), Refusal> {
    let given = rest.split('/').next().unwrap_or_default();
    if given.is_empty() {
        return Err(Refusal::Unsigned("the secret is missing: it belongs behind the account in the address"));
    }
    let is_right = is_same(given.as_bytes(), secret.expose().as_bytes());
    if is_right { Ok(()) } else { Err(Refusal::WrongSignature("the secret in the address is wrong")) }
}

/// `sha256=<hex>` of the body, as GitHub and many others sign.
pub(super) fn signed(secret: &Secret, header: &str, post: &Post) -> Result<(), Refusal> {
    let Some(stated) = post.headers.get(header).and_then(|value| value.to_str().ok()) else {
        return Err(Refusal::Unsigned("the header with the signature is missing"));
    };
    let wrong = Refusal::WrongSignature("the signature is wrong");
    let stated = stated.trim();
    let hex = stated.strip_prefix("sha256=").unwrap_or(stated);
    let stated = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).map_err(|_| wrong.clone())?;
    let key = hmac::Key::new(HMAC_SHA256, secret.expose().as_bytes());
    hmac::verify(&key, &post.body, &stated).map_err(|_| wrong)
}

/// Twilio's signature of a form or of JSON.
pub(super) fn twilio(token: &Secret, post: &Post, media_type: &str) -> Result<(), Refusal> {
    let Some(stated) = post.headers.get("x-twilio-signature").and_then(|value| value.to_str().ok()) else {
        return Err(Refusal::Unsigned("X-Twilio-Signature is missing"));
    };
    let is_form = !media_type.ends_with("json");
    let fields: Vec<(String, String)> =
        if is_form { form_urlencoded::parse(&post.body).into_owned().collect() } else { Vec::new() };
    let body = (!is_form).then_some(&post.body[..]);
    if twilio_signature_is_valid(token.expose(), &post.url, &fields, body, stated) {
        Ok(())
    } else {
        Err(Refusal::WrongSignature(
            "the signature is wrong; is secret the auth token, and public_url the address that Twilio was given?",
        ))
    }
}

/// Whether Twilio signed a request to this address (<https://www.twilio.com/docs/usage/security>): the address as Twilio was
/// given it, with or without its port, and the fields of the form; of any other body its digest, which stands in the
/// address.
pub fn twilio_signature_is_valid(
    token: &str,
    url: &str,
    fields: &[(String, String)],
    body: Option<&[u8]>,
    signature: &str,
) -> bool {
    let Ok(stated) = BASE64.decode(signature.trim().as_bytes()) else { return false };
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort();
    sorted.dedup();
    let fields: String = sorted.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]).collect();
    let key = hmac::Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let fits = |url: &String| hmac::verify(&key, format!("{url}{fields}").as_bytes(), &stated).is_ok();
    spellings(url).iter().any(fits)
        && digest(url).is_none_or(|stated| body.is_some_and(|body| is_of(body, &stated)))
}

/// The address with its port and without.
fn spellings(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let usual = if scheme == "http" { 80 } else { 443 };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let (bare, port) = match host.rsplit_once(':').filter(|(_, port)| is_port(port)) {
        Some((bare, port)) => (bare, port.to_owned()),
        None => (host, usual.to_string()),
    };
    vec![format!("{scheme}://{bare}{path}"), format!("{scheme}://{bare}:{port}{path}")]
}

/// The digest of the body that stands in the address.
fn digest(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "bodySHA256");
    found.map(|(_, value)| value.into_owned())
}

fn is_of(body: &[u8], stated: &str) -> bool {
    is_same(Commit::hash(body).as_bytes(), stated.to_ascii_lowercase().as_bytes())
}

/// Equal, compared in a time that says nothing of where they differ, nor of how long the right one is.
fn is_same(given: &[u8], right: &[u8]) -> bool {
    let key = hmac::Key::new(HMAC_SHA256, b"compare");
    hmac::verify(&key, given, hmac::sign(&key, right).as_ref()).is_ok()
}

//! What SNS wants fetched from it: the certificate of its key, and the address that confirms a subscription. Both lie at hosts
//! of Amazon, which was made sure before.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use redress_runtime::http;

/// Largest certificate, or answer to a confirmation.
const BYTES_MAX: usize = 256 * 1024;

/// Certificates kept; SNS has one at a time and changes it now and then.
const KNOWN_MAX: usize = 8;

/// Something that could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("it is larger than {BYTES_MAX} bytes")]
    TooLarge,
}

/// The certificates that were fetched, by their address.
#[derive(Default)]
pub(super) struct Certificates {
    known: Mutex<BTreeMap<String, Bytes>>,
}

impl Certificates {
    /// The certificate at this address (PEM).
    pub(super) async fn get(&self, url: &str) -> Result<Bytes, FetchError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned();
        match known {
            Some(certificate) => Ok(certificate),
            None => fetch(url).await,
        }
    }

    /// Remembers one that has proved itself.
    pub(super) fn keep(&self, url: &str, certificate: Bytes) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(url.to_owned(), certificate);
    }
}

/// Opens the address that confirms a subscription.
pub(super) async fn confirm(url: &str) -> Result<(), FetchError> {
    fetch(url).await.map(drop)
}

async fn fetch(url: &str) -> Result<Bytes, FetchError> {
    // The address of a confirmation holds a token, and errors go into the log.
    let mut answer = http::client()?.get(url).send().await.map_err(reqwest::Error::without_url)?;
    answer.error_for_status_ref().map_err(reqwest::Error::without_url)?;
    let mut whole = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        if whole.len() + chunk.len() > BYTES_MAX {
            return Err(FetchError::TooLarge);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

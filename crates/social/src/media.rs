//! Fetching the files of posts: from public addresses only, checked where a name leads when it is connected to, without
//! following redirects, and never more than the settings allow.

use bytes::{Bytes, BytesMut};
use redress_runtime::http;
use reqwest::Client;

/// What fetches.
#[derive(Debug, Clone)]
pub(crate) struct Fetcher {
    client: Option<Client>,
    trusted: Vec<String>,
    bytes_max: usize,
}

/// A file that was not fetched; it is named all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotFetched {
    #[error("none are fetched")]
    Off,
    #[error("it lies at no public address")]
    NotPublic,
    #[error("it is larger than the settings allow")]
    TooLarge,
    #[error("it could not be had")]
    Broken,
}

impl Fetcher {
    /// At most so many bytes of each; `trusted` hosts (with port) may lie at private addresses.
    pub(crate) fn new(trusted: &[String], bytes_max: usize) -> Self {
        let client = (bytes_max > 0).then(|| http::guarded_client(trusted).ok()).flatten();
        Self { client, trusted: trusted.to_vec(), bytes_max }
    }

    /// The bytes of a file, and what the server says they are.
    pub(crate) async fn fetch(&self, url: &str) -> Result<(Bytes, String), NotFetched> {
        let client = self.client.as_ref().ok_or(NotFetched::Off)?;
        let url = url::Url::parse(url).map_err(|_| NotFetched::NotPublic)?;
        if !http::may_be_asked(&url, &self.trusted) {
            return Err(NotFetched::NotPublic);
        }
        let mut response = client.get(url).send().await.map_err(|_| NotFetched::Broken)?;
        if !response.status().is_success() {
            return Err(NotFetched::Broken);
        }
        let stated = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let media_type = stated.unwrap_or("application/octet-stream").to_owned();
        let mut bytes = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| NotFetched::Broken)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > self.bytes_max {
                return Err(NotFetched::TooLarge);
            }
        }
        Ok((bytes.freeze(), media_type))
    }
}

//! Requests to one platform, within what it grants: bounded answers, sorted errors.

use bytes::{Bytes, BytesMut};
use redress_intake::health::Kind;
use redress_runtime::{Clock, http};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

use crate::trouble::{Budget, Trouble, Use};

/// Where a platform is asked, and what it still grants.
#[derive(Debug)]
pub(crate) struct Api {
    /// What all addresses begin with, from the settings: nothing a platform says leads elsewhere.
    base: String,
    client: Client,
    budget: Budget,
    clock: Clock,
    bytes_max: usize,
}

/// What a platform answered.
pub(crate) struct Answered {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) status: u16,
}

impl Api {
    pub(crate) fn new(base: &str, clock: Clock, bytes_max: usize) -> Result<Self, Trouble> {
        let client = http::client()
            .map_err(|_| Trouble::new(Kind::Permanent, "the store of certificates cannot be read"))?;
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            client,
            budget: Budget::default(),
            clock,
            bytes_max,
        })
    }

    /// One address, as it is, without paths below it.
    pub(crate) fn whole(address: &str, clock: Clock, bytes_max: usize) -> Result<Self, Trouble> {
        Ok(Self { base: address.to_owned(), ..Self::new("", clock, bytes_max)? })
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A request to a path of the platform.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).header("user-agent", agent())
    }

    /// The JSON of an answer that says yes.
    pub(crate) async fn json(&self, request: RequestBuilder, wish: Use) -> Result<Value, Trouble> {
        let answered = self.ask(request, wish).await?;
        serde_json::from_slice(&answered.body)
            .map_err(|_| Trouble::new(Kind::Transient, "the platform's answer is no JSON"))
    }

    /// An answer that says yes (or 304: nothing new).
    pub(crate) async fn ask(&self, request: RequestBuilder, wish: Use) -> Result<Answered, Trouble> {
        if let Some(wait) = self.budget.wait(wish, self.clock.now()) {
            let trouble = Trouble::new(Kind::Rate, "the platform grants no more for now");
            return Err(Trouble { after: Some(wait), ..trouble });
        }
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        self.budget.learn(&headers, status.as_u16() == 429 || status.as_u16() == 503, self.clock.now());
        let body = read(response, self.bytes_max).await;
        if status.is_success() || status.as_u16() == 304 {
            return Ok(Answered { headers, body: body?, status: status.as_u16() });
        }
        let mut trouble = Trouble::of_status(status, &headers, self.clock.now());
        if let Some(word) = body.ok().and_then(|body| error_word(&body)) {
            trouble.reason = format!("{}: {word}", trouble.reason);
        }
        Err(trouble)
    }
}

/// Who asks, for those who look at their logs.
fn agent() -> String {
    format!("redress/{}", env!("CARGO_PKG_VERSION"))
}

async fn read(mut response: Response, bytes_max: usize) -> Result<Bytes, Trouble> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > bytes_max {
            return Err(Trouble::new(
                Kind::Permanent,
                format!("an answer is larger than {} MiB", bytes_max >> 20),
            ));
        }
    }
    Ok(bytes.freeze())
}

/// The address is left out: of some platforms it holds a token.
fn unreachable(error: &reqwest::Error) -> Trouble {
    let why = if error.is_timeout() {
        "the platform does not answer in time"
    } else if error.is_connect() {
        "the platform cannot be reached"
    } else {
        "the platform broke off"
    };
    Trouble::new(Kind::Transient, why)
}

/// The platform's own word for what is wrong: one word, so that nothing anybody wrote gets into a log.
fn error_word(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let word = body["error"].as_str().or_else(|| body["error"]["type"].as_str())?;
    let is_word = word.len() <= 40 && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_word.then(|| word.to_owned())
}

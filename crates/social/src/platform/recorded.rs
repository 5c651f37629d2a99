//! Payloads as they are recorded: exchanges of requests and answers, posts with their headers. Inside are the payloads.

use serde_json::Value;

use crate::json::text;

/// One payload of a recording.
pub(super) struct Recorded {
    /// What came.
    pub(super) body: Value,
    /// True when it answers a request of ours by which we posted, changed or took away something.
    pub(super) is_ours: bool,
}

/// The payloads in a recording; what is none is one payload.
pub(super) fn payloads(payload: &Value) -> Vec<Recorded> {
    let plain = || vec![Recorded { body: payload.clone(), is_ours: false }];
    match payload {
        Value::Array(exchanges) if !exchanges.is_empty() && exchanges.iter().all(is_exchange) => {
            exchanges.iter().map(exchange).collect()
        }
        Value::Object(_) if is_exchange(payload) => vec![exchange(payload)],
        Value::Object(post) if post.contains_key("headers") && post.contains_key("params") => {
            vec![Recorded { body: payload["params"].clone(), is_ours: false }]
        }
        _ => plain(),
    }
}

fn is_exchange(value: &Value) -> bool {
    let fields = ["method", "uri", "body"];
    value.as_object().is_some_and(|exchange| fields.iter().all(|field| exchange.contains_key(*field)))
}

fn exchange(exchange: &Value) -> Recorded {
    let method = text(&exchange["method"]).to_uppercase();
    let is_streaming = text(&exchange["uri"]).contains("/streaming");
    let body = match &exchange["body"] {
        Value::String(words) if !is_streaming => {
            serde_json::from_str(words).unwrap_or_else(|_| exchange["body"].clone())
        }
        other => other.clone(),
    };
    Recorded { body, is_ours: matches!(method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE") }
}

//! Payloads of platforms → what they say. Pure, tolerant: an unknown shape is named, never a failure of its neighbours.

pub(crate) mod bluesky;
mod feed;
pub(crate) mod mastodon;

use serde_json::Value;

use crate::post::{Item, Own, Platform};

/// Everything that one payload holds: the answer to a request, a post to our webhook, or recorded exchanges of either.
/// Each thing in it is one item, whatever the others are.
pub fn items(platform: Platform, payload: &Value, own: &Own) -> Vec<Item> {
    match platform {
        Platform::Mastodon => mastodon::items(payload, own),
        Platform::Bluesky => bluesky::items(payload, own),
        Platform::Feed => feed::items(payload, own),
        _ => Vec::new(),
    }
}

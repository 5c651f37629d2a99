//! Payloads of platforms → what they say. Pure, tolerant: an unknown shape is named, never a failure of its neighbours.

mod app_store;
pub(crate) mod bluesky;
mod facebook;
mod feed;
mod instagram;
pub(crate) mod mastodon;
mod meta;
mod recorded;
mod reddit;
mod telegram;
mod whatsapp;
mod x;

use serde_json::Value;

use crate::post::{Item, Own, Platform};

/// Everything that one payload holds: the answer to a request, a post to our webhook, or recorded exchanges of either.
/// Each thing in it is one item, whatever the others are; there is at least one.
pub fn items(platform: Platform, payload: &Value, own: &Own) -> Vec<Item> {
    let found: Vec<Item> = recorded::payloads(payload)
        .iter()
        .flat_map(|recorded| {
            let found = of_platform(platform, &recorded.body, own);
            // Of a whole conversation, each thing is by whom it says.
            let is_ours = recorded.is_ours && found.len() == 1;
            if is_ours { found.into_iter().map(as_ours).collect() } else { found }
        })
        .collect();
    if found.is_empty() { vec![Item::Nothing("an empty answer".to_owned())] } else { found }
}

fn of_platform(platform: Platform, payload: &Value, own: &Own) -> Vec<Item> {
    match platform {
        Platform::Mastodon => mastodon::items(payload, own),
        Platform::Bluesky => bluesky::items(payload, own),
        Platform::Feed => feed::items(payload, own),
        Platform::Facebook | Platform::Instagram | Platform::Whatsapp => meta::items(platform, payload, own),
        Platform::Telegram => telegram::items(payload, own),
        Platform::X => x::items(payload, own),
        Platform::Reddit => reddit::items(payload, own),
        Platform::AppStore => app_store::items(payload),
    }
}

/// What a request of ours made is ours.
fn as_ours(item: Item) -> Item {
    match item {
        Item::Post(said) => Item::Own(said.post.post_id),
        Item::Unread { .. } => Item::Nothing("an answer to a request of ours".to_owned()),
        other => other,
    }
}

#[cfg(test)]
mod tests;

//! Meta's platforms: one envelope for webhooks of Facebook pages, Instagram and `WhatsApp`
//! (developers.facebook.com/docs/graph-api/webhooks), and the answers of their interfaces.

use redress_contract::contact;
use redress_contract::{PostChange, PostKind, Visibility};
use serde_json::Value;

use super::{facebook, instagram, whatsapp};
use crate::json::{list, text};
use crate::post::{Item, Own, Platform, Said};

/// Messages can be answered for so long (Messenger, Instagram, `WhatsApp`: the 24-hour window).
pub(super) const ANSWER_WINDOW: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// Everything in a payload.
pub(super) fn items(platform: Platform, payload: &Value, own: &Own) -> Vec<Item> {
    if let Value::Array(entries) = payload {
        return entries.iter().flat_map(|entry| items(platform, entry, own)).collect();
    }
    let object = text(&payload["object"]);
    if object.is_empty() || !payload["entry"].is_array() {
        return vec![match platform {
            Platform::Instagram => instagram::answer(payload, own),
            Platform::Whatsapp => whatsapp::answer(payload),
            _ => Item::Nothing(
                if payload["error"].is_object() { "an error" } else { "an unknown answer" }.to_owned(),
            ),
        }];
    }
    let found: Vec<Item> =
        list(&payload["entry"]).iter().flat_map(|entry| of_entry(&object, entry, own)).collect();
    if found.is_empty() { vec![Item::Nothing("an empty envelope".to_owned())] } else { found }
}

fn of_entry(object: &str, entry: &Value, own: &Own) -> Vec<Item> {
    // Whatever the page or account itself writes is our own.
    let mut with_page = own.clone();
    with_page.0.extend(Some(text(&entry["id"])).filter(|id| !id.is_empty()));
    let platform = if object == "instagram" { Platform::Instagram } else { Platform::Facebook };
    let messages = list(&entry["messaging"]).iter().chain(list(&entry["standby"]));
    let mut found: Vec<Item> =
        messages.map(|event| facebook::message(platform, event, entry, &with_page)).collect();
    for change in list(&entry["changes"]) {
        match object {
            "whatsapp_business_account" => found.extend(whatsapp::change(change, &with_page)),
            "instagram" => found.push(instagram::change(change, entry, &with_page)),
            "page" => found.push(facebook::change(change, entry, &with_page)),
            other => found.push(Item::Nothing(format!("a change of a {other}: {}", text(&change["field"])))),
        }
    }
    found
}

/// A post of one of these platforms, with what all of them have.
pub(super) fn post(platform: Platform, id: String, kind: PostKind, change: PostChange) -> contact::Post {
    let visibility = if kind == PostKind::DirectMessage { Visibility::Direct } else { Visibility::Public };
    contact::Post {
        platform: platform.word().to_owned(),
        post_id: id,
        kind,
        visibility,
        change,
        ..contact::Post::default()
    }
}

/// What was said, unless it is our own, or has no id.
pub(super) fn item(said: Said, own: &Own) -> Item {
    if own.is(&said.author.id) || own.is(&said.author.handle) {
        return Item::Own(said.post.post_id);
    }
    if said.post.post_id.is_empty() {
        return Item::Unread { why: "a post without an id".to_owned(), raw: said.raw };
    }
    Item::Post(Box::new(said))
}

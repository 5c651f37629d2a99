//! `WhatsApp` Cloud API (developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components). Neither a number nor a name is
//! always there: accounts with a user name show an id of their own.

use redress_contract::{PostChange, PostKind, Visibility};
use serde_json::Value;

use super::meta::{ANSWER_WINDOW, item, post};
use crate::json::{list, text, time};
use crate::post::{Author, Item, Media, Own, Platform, Said};

/// Kinds of messages that hold a file.
const FILES: [&str; 5] = ["image", "video", "audio", "document", "sticker"];

/// A change that a business account is told of.
pub(super) fn change(change: &Value, own: &Own) -> Vec<Item> {
    let (field, value) = (text(&change["field"]), &change["value"]);
    let mut found: Vec<Item> = list(&value["messages"]).iter().map(|it| message(it, value, own)).collect();
    // What we sent from a telephone of ours.
    found.extend(list(&value["message_echoes"]).iter().map(|it| Item::Own(text(&it["id"]))));
    found.extend(
        list(&value["statuses"])
            .iter()
            .map(|it| Item::Nothing(format!("delivery receipt: {}", text(&it["status"])))),
    );
    if found.is_empty() {
        found.push(Item::Nothing(if field.is_empty() { "an unknown change".to_owned() } else { field }));
    }
    found
}

/// What our own requests are answered with.
pub(super) fn answer(answer: &Value) -> Item {
    let sent =
        list(&answer["messages"]).first().map(|message| text(&message["id"])).filter(|id| !id.is_empty());
    match sent {
        Some(id) => Item::Own(id),
        None if !answer["to"].is_null() => Item::Nothing("a message of ours to be sent".to_owned()),
        None if answer["participants"].is_array() => Item::Nothing("a group".to_owned()),
        None if !answer["format"].is_null() || !answer["buttons"].is_null() => {
            Item::Nothing("a part of a template".to_owned())
        }
        None if answer["error"].is_object() => Item::Nothing("an error".to_owned()),
        None => Item::Nothing("an unknown answer".to_owned()),
    }
}

fn message(message: &Value, value: &Value, own: &Own) -> Item {
    let kind = text(&message["type"]);
    match kind.as_str() {
        "reaction" => return Item::Nothing("reaction".to_owned()),
        "system" => return Item::Nothing("a change of a number".to_owned()),
        _ => {}
    }
    let (author, group) = (author(message, value), text(&message["group_id"]));
    let thread = if group.is_empty() { author.id.clone() } else { group.clone() };
    let change = match kind.as_str() {
        "edit" => PostChange::Edited,
        "revoke" => PostChange::Deleted,
        _ => PostChange::Unspecified,
    };
    let mut post = post(Platform::Whatsapp, text(&message["id"]), PostKind::DirectMessage, change);
    if !group.is_empty() {
        post.visibility = Visibility::Followers;
    }
    let written_at = time(&message["timestamp"]);
    post.answer_until = written_at.and_then(|at| at.checked_add(ANSWER_WINDOW).ok());
    let said = Said {
        author,
        written_at,
        text: words(message, &kind),
        in_reply_to: text(&message["context"]["id"]),
        thread,
        media: FILES
            .iter()
            .map(|kind| &message[*kind])
            .filter(|it| it.is_object())
            .map(|it| file(it, &kind))
            .collect(),
        raw: message.clone(),
        post,
        ..Said::default()
    };
    item(said, own)
}

/// Whatever kind it is, it says something: what was typed, pressed, shared.
fn words(message: &Value, kind: &str) -> String {
    let pressed = &message["interactive"];
    let typed = [
        &message["text"]["body"],
        &message["button"]["text"],
        &pressed["button_reply"]["title"],
        &pressed["list_reply"]["title"],
        &pressed["nfm_reply"]["body"],
        &message[kind]["caption"],
        &message["edit"]["message"]["text"]["body"],
    ];
    if let Some(typed) = typed.into_iter().map(text).find(|words| !words.is_empty()) {
        return typed;
    }
    let place = &message["location"];
    if place.is_object() {
        let parts = [&place["name"], &place["address"], &place["latitude"], &place["longitude"]].map(text);
        return parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    }
    let people = list(&message["contacts"]).iter().map(|person| {
        let name = text(&person["name"]["formatted_name"]);
        let numbers = list(&person["phones"])
            .iter()
            .map(|phone| text(&phone["phone"]))
            .filter(|number| !number.is_empty());
        std::iter::once(name).chain(numbers).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    });
    let ordered = list(&message["order"]["product_items"]).iter().map(|it| text(&it["product_retailer_id"]));
    people.chain(ordered).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn author(message: &Value, value: &Value) -> Author {
    let first = |of: &[&Value]| of.iter().map(|it| text(it)).find(|it| !it.is_empty()).unwrap_or_default();
    let from = first(&[&message["from"], &message["from_user_id"]]);
    let named = list(&value["contacts"]);
    let contact =
        named.iter().find(|it| text(&it["wa_id"]) == from || text(&it["user_id"]) == from).or(named.first());
    let contact = contact.unwrap_or(&Value::Null);
    Author {
        id: if from.is_empty() { first(&[&contact["wa_id"], &contact["user_id"]]) } else { from },
        handle: first(&[&contact["profile"]["username"], &contact["wa_id"]])
            .trim_start_matches('@')
            .to_owned(),
        name: text(&contact["profile"]["name"]),
        is_bot: false,
    }
}

/// Files are asked for by their id.
fn file(file: &Value, kind: &str) -> Media {
    let media_type = text(&file["mime_type"]);
    Media {
        url: String::new(),
        id: text(&file["id"]),
        media_type: if media_type.is_empty() { kind.to_owned() } else { media_type },
        description: String::new(),
        file_name: text(&file["filename"]),
    }
}

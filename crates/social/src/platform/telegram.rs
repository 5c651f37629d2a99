//! Telegram's Bot API (core.telegram.org/bots/api#update). A message's number is its own within a chat only.

use redress_contract::contact;
use redress_contract::{PostChange, PostKind, Visibility};
use serde_json::Value;

use crate::json::{is_true, list, text, time};
use crate::post::{Author, Item, Media, Own, Platform, Said};

/// Kinds of updates that hold a message, and whether it was there before.
const MESSAGES: [(&str, PostChange); 6] = [
    ("message", PostChange::Unspecified),
    ("business_message", PostChange::Unspecified),
    ("channel_post", PostChange::Unspecified),
    ("edited_message", PostChange::Edited),
    ("edited_business_message", PostChange::Edited),
    ("edited_channel_post", PostChange::Edited),
];

/// Fields of a message that hold a file, each with its media type where it names none.
const FILES: [(&str, &str); 7] = [
    ("document", "application/octet-stream"),
    ("video", "video/mp4"),
    ("voice", "audio/ogg"),
    ("audio", "audio/mpeg"),
    ("video_note", "video/mp4"),
    ("animation", "video/mp4"),
    ("sticker", "image/webp"),
];

/// Everything in a payload: an update, or the answer to `getUpdates`.
pub(super) fn items(payload: &Value, own: &Own) -> Vec<Item> {
    if let Value::Array(updates) = payload {
        return updates.iter().flat_map(|update| items(update, own)).collect();
    }
    if payload["result"].is_array() {
        let updates = list(&payload["result"]);
        return if updates.is_empty() {
            vec![Item::Nothing("no updates".to_owned())]
        } else {
            items(&payload["result"], own)
        };
    }
    // What we sent is answered with the message.
    if payload["result"]["message_id"].is_number() {
        return vec![Item::Own(id(&payload["result"]))];
    }
    let message = MESSAGES.iter().find(|(kind, _)| payload[*kind].is_object());
    if let Some((kind, change)) = message {
        return vec![item(&payload[*kind], *change, own)];
    }
    let deleted = &payload["deleted_business_messages"];
    if deleted.is_object() {
        return list(&deleted["message_ids"]).iter().map(|message| gone(&deleted["chat"], message)).collect();
    }
    if payload["callback_query"].is_object() {
        return vec![pressed(&payload["callback_query"], own)];
    }
    let kind = payload.as_object().and_then(|update| update.keys().find(|key| *key != "update_id")).cloned();
    vec![Item::Nothing(kind.unwrap_or_else(|| "an empty update".to_owned()))]
}

fn id(message: &Value) -> String {
    let (chat, number) = (text(&message["chat"]["id"]), text(&message["message_id"]));
    if chat.is_empty() || number.is_empty() { String::new() } else { format!("{chat}/{number}") }
}

fn item(message: &Value, change: PostChange, own: &Own) -> Item {
    let (id, author) = (id(message), author(message));
    if id.is_empty() {
        return Item::Unread { why: "a message without a chat or a number".to_owned(), raw: message.clone() };
    }
    if own.is(&author.id) || own.is(&author.handle) {
        return Item::Own(id);
    }
    let text = words(message);
    let media = media(message);
    if text.is_empty()
        && media.is_empty()
        && let Some(service) = service(message)
    {
        return Item::Nothing(service);
    }
    Item::Post(Box::new(said(message, (id, author), (text, media), change)))
}

fn said(
    message: &Value,
    (id, author): (String, Author),
    (words, media): (String, Vec<Media>),
    change: PostChange,
) -> Said {
    let chat = &message["chat"];
    let visibility = match text(&chat["type"]).as_str() {
        "group" | "supergroup" => Visibility::Followers,
        "channel" => Visibility::Public,
        _ => Visibility::Direct,
    };
    let kind = match visibility {
        Visibility::Direct => PostKind::DirectMessage,
        Visibility::Public => PostKind::Found,
        _ => PostKind::Mention,
    };
    let chat_id = text(&chat["id"]);
    let answered = text(&message["reply_to_message"]["message_id"]);
    let post = contact::Post {
        platform: Platform::Telegram.word().to_owned(),
        post_id: id,
        revision: text(&message["edit_date"]),
        change,
        kind,
        visibility,
        links: list(&message["entities"])
            .iter()
            .map(|entity| text(&entity["url"]))
            .filter(|url| !url.is_empty())
            .collect(),
        ..contact::Post::default()
    };
    Said {
        author,
        written_at: time(&message["date"]),
        reached_at: time(&message["edit_date"]).filter(|_| change == PostChange::Edited),
        text: words,
        language: text(&message["from"]["language_code"]),
        in_reply_to: if answered.is_empty() { String::new() } else { format!("{chat_id}/{answered}") },
        thread: if visibility == Visibility::Direct { chat_id } else { String::new() },
        media,
        raw: message.clone(),
        post,
        ..Said::default()
    }
}

fn author(message: &Value) -> Author {
    let who = ["from", "sender_chat", "chat"].iter().map(|field| &message[*field]).find(|it| it.is_object());
    let who = who.unwrap_or(&Value::Null);
    let name = [text(&who["first_name"]), text(&who["last_name"]), text(&who["title"])];
    Author {
        id: text(&who["id"]),
        handle: text(&who["username"]),
        name: name.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
        is_bot: is_true(&who["is_bot"]),
    }
}

fn words(message: &Value) -> String {
    let typed = [text(&message["text"]), text(&message["caption"])].into_iter().find(|it| !it.is_empty());
    let place = &message["location"];
    let shared = &message["contact"];
    typed.unwrap_or_else(|| {
        let parts = [
            text(&message["venue"]["title"]),
            text(&place["latitude"]),
            text(&place["longitude"]),
            text(&shared["first_name"]),
            text(&shared["phone_number"]),
            text(&message["sticker"]["emoji"]),
            text(&message["poll"]["question"]),
        ];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    })
}

/// The largest of the sizes of a photo; files are asked for by their id.
fn media(message: &Value) -> Vec<Media> {
    let size = |photo: &&Value| photo["width"].as_u64().unwrap_or(0) * photo["height"].as_u64().unwrap_or(0);
    let photo = list(&message["photo"]).iter().max_by_key(size);
    let photo = photo.map(|photo| Media {
        id: text(&photo["file_id"]),
        media_type: "image/jpeg".to_owned(),
        ..Media::default()
    });
    let files = FILES.iter().filter(|(field, _)| message[*field].is_object()).map(|(field, media_type)| {
        let (file, stated) = (&message[*field], text(&message[*field]["mime_type"]));
        let media_type = if stated.is_empty() { (*media_type).to_owned() } else { stated };
        Media {
            id: text(&file["file_id"]),
            media_type,
            file_name: text(&file["file_name"]),
            ..Media::default()
        }
    });
    photo.into_iter().chain(files).filter(|file| !file.id.is_empty()).collect()
}

/// What happened in a chat without anybody saying a word.
fn service(message: &Value) -> Option<String> {
    let known = [
        ("new_chat_members", "joined"),
        ("left_chat_member", "left"),
        ("pinned_message", "pinned"),
        ("new_chat_title", "a new title"),
        ("new_chat_photo", "a new photo"),
        ("migrate_to_chat_id", "a chat that moved"),
        ("migrate_from_chat_id", "a chat that moved"),
        ("group_chat_created", "a new group"),
        ("successful_payment", "payment"),
    ];
    known.iter().find(|(field, _)| !message[*field].is_null()).map(|(_, name)| (*name).to_owned())
}

/// What was pressed is what was said.
fn pressed(query: &Value, own: &Own) -> Item {
    let mut message = query["message"].clone();
    let id = format!("callback/{}", text(&query["id"]));
    message["from"] = query["from"].clone();
    let author = author(&message);
    if own.is(&author.id) {
        return Item::Own(id);
    }
    Item::Post(Box::new(said(
        &message,
        (id, author),
        (text(&query["data"]), Vec::new()),
        PostChange::Unspecified,
    )))
}

fn gone(chat: &Value, number: &Value) -> Item {
    let post = contact::Post {
        platform: Platform::Telegram.word().to_owned(),
        post_id: format!("{}/{}", text(&chat["id"]), text(number)),
        change: PostChange::Deleted,
        kind: PostKind::DirectMessage,
        visibility: Visibility::Direct,
        ..contact::Post::default()
    };
    Item::Post(Box::new(Said { post, raw: number.clone(), ..Said::default() }))
}

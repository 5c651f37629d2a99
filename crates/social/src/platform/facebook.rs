//! Facebook pages and Messenger (developers.facebook.com/docs/graph-api/webhooks/reference/page,
//! …/messenger-platform/reference/webhook-events). Instagram's messages come in the same shape.

use redress_contract::{PostChange, PostKind};
use serde_json::Value;

use super::meta::{ANSWER_WINDOW, item, post};
use crate::json::{is_true, list, text, time};
use crate::post::{Author, Item, Media, Own, Platform, Said};

/// Kinds of things that hold no words: told, and nothing for us.
const WORDLESS: [&str; 4] = ["like", "reaction", "follow", "event"];

/// A change that a page is told of.
pub(super) fn change(change: &Value, entry: &Value, own: &Own) -> Item {
    let (field, value) = (text(&change["field"]), &change["value"]);
    let (what, verb) = (text(&value["item"]), text(&value["verb"]));
    if WORDLESS.contains(&what.as_str()) {
        return Item::Nothing(what);
    }
    match verb.as_str() {
        "hide" => return Item::Nothing("hidden".to_owned()),
        "unhide" => return Item::Nothing("shown again".to_owned()),
        _ => {}
    }
    let is_said =
        matches!(field.as_str(), "feed" | "mention" | "ratings") || !text(&value["message"]).is_empty();
    if is_said && value.is_object() {
        return item(said(&field, &what, &verb, (value, entry)), own);
    }
    Item::Nothing(if field.is_empty() { "an unknown change".to_owned() } else { field })
}

fn said(field: &str, what: &str, verb: &str, (value, entry): (&Value, &Value)) -> Said {
    let first = |fields: &[&str]| {
        fields.iter().map(|field| text(&value[*field])).find(|it| !it.is_empty()).unwrap_or_default()
    };
    let id = match (field, what) {
        (_, "comment") => first(&["comment_id", "post_id"]),
        ("ratings", _) => first(&["open_graph_story_id", "review_id", "post_id"]),
        _ => first(&["post_id", "share_id", "photo_id", "video_id"]),
    };
    let change = match verb {
        "edit" | "edited" => PostChange::Edited,
        "remove" | "delete" => PostChange::Deleted,
        _ => PostChange::Unspecified,
    };
    let kind = match (field, what) {
        ("mention", _) => PostKind::Mention,
        ("ratings", "rating") => PostKind::Review,
        _ => PostKind::Comment,
    };
    let (thread, parent) = (text(&value["post_id"]), text(&value["parent_id"]));
    let mut post = post(Platform::Facebook, id, kind, change);
    let stars = value["rating"].as_u64().and_then(|stars| u32::try_from(stars).ok());
    post.rating = stars.or(match text(&value["recommendation_type"]).to_lowercase().as_str() {
        "positive" => Some(5),
        "negative" => Some(1),
        _ => None,
    });
    if change == PostChange::Edited {
        post.revision = text(&entry["time"]);
    }
    post.url = text(&value["permalink_url"]);
    let words = first(&["message", "review_text", "story"]);
    Said {
        author: author(value),
        written_at: time(&value["created_time"]),
        reached_at: time(&entry["time"]),
        text: if change == PostChange::Deleted { String::new() } else { words },
        in_reply_to: if what == "comment" { parent } else { String::new() },
        thread: if what == "comment" { thread } else { String::new() },
        media: if change == PostChange::Deleted { Vec::new() } else { media(what, value) },
        raw: value.clone(),
        post,
        ..Said::default()
    }
}

fn author(value: &Value) -> Author {
    let from = &value["from"];
    let first = |of: [&Value; 3]| of.into_iter().map(text).find(|it| !it.is_empty()).unwrap_or_default();
    Author {
        id: first([&from["id"], &value["sender_id"], &value["reviewer_id"]]),
        handle: text(&from["username"]),
        name: first([&from["name"], &value["sender_name"], &value["reviewer_name"]]),
        is_bot: false,
    }
}

fn media(what: &str, value: &Value) -> Vec<Media> {
    let linked = if matches!(what, "photo" | "video") { text(&value["link"]) } else { String::new() };
    let all = [
        ("image", text(&value["photo"])),
        ("video", text(&value["video"])),
        (if what == "video" { "video" } else { "image" }, linked),
    ];
    let more = list(&value["photos"]).iter().map(|photo| ("image", text(photo)));
    let all = all.into_iter().chain(more).filter(|(_, url)| url.starts_with("http"));
    all.map(|(media_type, url)| Media { url, media_type: media_type.to_owned(), ..Media::default() })
        .collect()
}

/// An event of a conversation.
pub(super) fn message(platform: Platform, event: &Value, entry: &Value, own: &Own) -> Item {
    let message = ["message", "message_edit"].iter().map(|name| &event[*name]).find(|it| it.is_object());
    let Some(message) = message else {
        return without_message(platform, event, entry, own);
    };
    let id = text(&message["mid"]);
    if is_true(&message["is_echo"]) {
        return Item::Own(id);
    }
    let change = if is_true(&message["is_deleted"]) {
        PostChange::Deleted
    } else if event["message_edit"].is_object() {
        PostChange::Edited
    } else {
        PostChange::Unspecified
    };
    let attachments = list(&message["attachments"]);
    let titles = attachments.iter().map(|file| text(&file["title"])).filter(|title| !title.is_empty());
    let words: Vec<String> =
        Some(text(&message["text"])).filter(|it| !it.is_empty()).into_iter().chain(titles).collect();
    let mut said = direct(platform, event, entry, (id, change));
    said.post.revision = text(&message["num_edit"]);
    said.post.links =
        attachments.iter().map(|file| text(&file["url"])).filter(|url| !url.is_empty()).collect();
    said.text = words.join("\n");
    said.in_reply_to = text(&message["reply_to"]["mid"]);
    said.media = attachments.iter().filter_map(attachment).collect();
    said.raw = event.clone();
    item(said, own)
}

/// What was pressed is what was said; the rest tells of the conversation.
fn without_message(platform: Platform, event: &Value, entry: &Value, own: &Own) -> Item {
    let pressed = &event["postback"];
    if pressed.is_object() {
        let words =
            [text(&pressed["title"]), text(&pressed["payload"])].into_iter().find(|it| !it.is_empty());
        let given = text(&pressed["mid"]);
        let id = if given.is_empty() {
            format!("postback:{}:{}", sender(event), text(&event["timestamp"]))
        } else {
            given
        };
        let mut said = direct(platform, event, entry, (id, PostChange::Unspecified));
        said.text = words.unwrap_or_default();
        said.raw = event.clone();
        return item(said, own);
    }
    let known = [
        ("delivery", "delivery receipt"),
        ("read", "read receipt"),
        ("reaction", "reaction"),
        ("typing", "typing"),
        ("optin", "opt-in"),
        ("referral", "referral"),
        ("payment", "payment"),
        ("account_linking", "account linking"),
        ("app_roles", "roles of apps"),
        ("pass_thread_control", "thread passed on"),
        ("take_thread_control", "thread taken over"),
        ("request_thread_control", "thread asked for"),
        ("policy-enforcement", "policy enforcement"),
    ];
    let name =
        known.iter().find(|(field, _)| event.get(field).is_some()).map_or("unknown event", |(_, name)| name);
    Item::Nothing(name.to_owned())
}

fn direct(platform: Platform, event: &Value, entry: &Value, (id, change): (String, PostChange)) -> Said {
    let (sender, written_at) = (sender(event), time(&event["timestamp"]));
    let mut post = post(platform, id, PostKind::DirectMessage, change);
    post.answer_until = written_at.and_then(|at| at.checked_add(ANSWER_WINDOW).ok());
    Said {
        thread: format!("{}:{sender}", text(&event["recipient"]["id"])),
        author: Author { id: sender, ..Author::default() },
        written_at,
        reached_at: time(&entry["time"]).filter(|at| written_at.is_none_or(|written| *at >= written)),
        post,
        ..Said::default()
    }
}

fn sender(event: &Value) -> String {
    let ids = [&event["sender"]["id"], &event["sender"]["user_ref"]];
    ids.into_iter().map(text).find(|id| !id.is_empty()).unwrap_or_default()
}

fn attachment(file: &Value) -> Option<Media> {
    let (url, kind) = (text(&file["payload"]["url"]), text(&file["type"]));
    let is_file = matches!(kind.as_str(), "image" | "video" | "audio" | "file");
    (is_file && !url.is_empty()).then(|| Media { url, media_type: kind, ..Media::default() })
}

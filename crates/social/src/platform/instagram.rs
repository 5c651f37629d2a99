//! Instagram (developers.facebook.com/docs/instagram-platform/webhooks): comments, live comments, mentions, and the answers of
//! its interface. Messages come as those of Messenger do.

use redress_contract::{PostChange, PostKind};
use serde_json::Value;

use super::meta::{item, post};
use crate::json::{text, time};
use crate::post::{Author, Item, Media, Own, Platform, Said};

/// A change that an account is told of.
pub(super) fn change(change: &Value, entry: &Value, own: &Own) -> Item {
    let (field, value) = (text(&change["field"]), &change["value"]);
    match field.as_str() {
        "comments" | "live_comments" => {
            item(Said { reached_at: time(&entry["time"]), ..comment(value, PostKind::Comment) }, own)
        }
        // Only where we are named: the words are to be asked for.
        "mentions" => item(Said { reached_at: time(&entry["time"]), ..mention(value) }, own),
        "" => Item::Nothing("an unknown change".to_owned()),
        _ if !text(&value["text"]).is_empty() => item(comment(value, PostKind::Comment), own),
        _ => Item::Nothing(field),
    }
}

/// What was asked for: comments, media, figures.
pub(super) fn answer(answer: &Value, own: &Own) -> Item {
    let mentioned =
        [&answer["mentioned_comment"], &answer["mentioned_media"]].into_iter().find(|it| it.is_object());
    if let Some(mentioned) = mentioned {
        return item(comment(mentioned, PostKind::Mention), own);
    }
    let is_comment = !answer["text"].is_null();
    let is_media = !answer["caption"].is_null();
    let name = match () {
        () if is_comment => return item(comment(answer, PostKind::Comment), own),
        () if is_media => return item(comment(answer, PostKind::Found), own),
        () if answer["status_code"].is_string() => "a container",
        () if answer["data"].is_array() => "figures",
        () if answer["error"].is_object() => "an error",
        () => "a medium without words",
    };
    Item::Nothing(name.to_owned())
}

fn comment(value: &Value, kind: PostKind) -> Said {
    let from = if value["from"].is_object() { &value["from"] } else { &value["user"] };
    let first = |of: [&Value; 2]| of.into_iter().map(text).find(|it| !it.is_empty()).unwrap_or_default();
    let handle = first([&from["username"], &value["username"]]);
    let owner = text(&value["owner"]["id"]);
    let id =
        [text(&from["id"]), owner, handle.clone()].into_iter().find(|id| !id.is_empty()).unwrap_or_default();
    let mut post = post(Platform::Instagram, text(&value["id"]), kind, PostChange::Unspecified);
    post.url = text(&value["permalink"]);
    let picture = text(&value["media_url"]);
    Said {
        author: Author { id, name: handle.clone(), handle, is_bot: false },
        written_at: when(&value["timestamp"]),
        text: first([&value["text"], &value["caption"]]),
        in_reply_to: text(&value["parent_id"]),
        thread: text(&value["media"]["id"]),
        media: Some(picture)
            .filter(|url| url.starts_with("http"))
            .map(|url| Media { url, media_type: "image".to_owned(), ..Media::default() })
            .into_iter()
            .collect(),
        raw: value.clone(),
        post,
        ..Said::default()
    }
}

fn mention(value: &Value) -> Said {
    let id = [&value["comment_id"], &value["media_id"]].into_iter().map(text).find(|id| !id.is_empty());
    let post = post(Platform::Instagram, id.unwrap_or_default(), PostKind::Mention, PostChange::Unspecified);
    Said { thread: text(&value["media_id"]), raw: value.clone(), post, ..Said::default() }
}

/// `2018-02-23T21:32:16+0000`: an offset without its colon.
fn when(value: &Value) -> Option<jiff::Timestamp> {
    time(value).or_else(|| {
        jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%z", text(value))
            .and_then(|parsed| parsed.to_timestamp())
            .ok()
    })
}

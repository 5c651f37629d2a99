//! Bluesky and the AT Protocol (lexicons `app.bsky.notification.listNotifications`, `app.bsky.feed.defs`,
//! `app.bsky.feed.post`): notifications, posts, feeds and threads. Texts are whole here: facets only say what in them is a
//! mention or a link.

use redress_contract::contact;
use redress_contract::{PostKind, Visibility};
use serde_json::Value;

use crate::json::{list, text, time};
use crate::post::{Author, Item, Media, Own, Platform, Said};

/// The type of a post's record.
const POST: &str = "app.bsky.feed.post";

/// Fields of an answer that hold lists of what we look for.
const LISTS: [&str; 6] = ["notifications", "posts", "feed", "thread", "replies", "hits"];

/// Most posts that one thread is followed over: deeper ones are asked for by themselves.
const DEPTH_MAX: usize = 100;

/// Everything in a payload.
pub(super) fn items(payload: &Value, own: &Own) -> Vec<Item> {
    at_depth(payload, own, 0)
}

fn at_depth(payload: &Value, own: &Own, depth: usize) -> Vec<Item> {
    if depth > DEPTH_MAX {
        return vec![Item::Unread { why: "a thread too deep".to_owned(), raw: payload.clone() }];
    }
    match payload {
        Value::Array(entries) => entries.iter().flat_map(|entry| at_depth(entry, own, depth + 1)).collect(),
        Value::Object(_) => object(payload, own, depth),
        _ => vec![Item::Nothing("an empty answer".to_owned())],
    }
}

fn object(entity: &Value, own: &Own, depth: usize) -> Vec<Item> {
    if entity["record"].is_object() && entity["author"].is_object() {
        return vec![item(entity, own)];
    }
    let mut found = Vec::new();
    // A post in a feed or thread, with what stands around it.
    for inner in [&entity["post"], &entity["parent"], &entity["value"], &entity["thread"]] {
        if inner.is_object() {
            found.extend(at_depth(inner, own, depth + 1));
        }
    }
    for name in LISTS {
        found.extend(list(&entity[name]).iter().flat_map(|entry| at_depth(entry, own, depth + 1)));
    }
    if found.is_empty() {
        found.push(Item::Nothing(name_of(entity).to_owned()));
    }
    found
}

/// What an answer without posts is.
fn name_of(entity: &Value) -> &'static str {
    let known = [
        ("notFound", "a post that is gone"),
        ("blocked", "a post that is blocked"),
        ("error", "an error"),
        ("lexicon", "a schema"),
        ("subject", "an event of moderation"),
        ("accessJwt", "a session"),
        ("did", "an account"),
        ("lists", "a thread gate"),
        ("notifications", "no notifications"),
    ];
    known.iter().find(|(field, _)| entity.get(field).is_some()).map_or("an empty answer", |(_, name)| name)
}

/// A notification, or the view of a post: both name author, record, address and version alike.
fn item(view: &Value, own: &Own) -> Item {
    let (record, reason) = (&view["record"], text(&view["reason"]));
    let record_type = text(&record["$type"]);
    if record_type != POST {
        let name = if reason.is_empty() { record_type } else { reason };
        return Item::Nothing(if name.is_empty() { "an unknown record".to_owned() } else { name });
    }
    // What we wrote and somebody liked, or showed around, is told with our own record.
    let (uri, author) = (text(&view["uri"]), author(&view["author"]));
    if own.is(&author.id) || own.is(&author.handle) {
        return Item::Own(uri);
    }
    if uri.is_empty() || author.id.is_empty() {
        let why = if uri.is_empty() { "a post without an address" } else { "a post without an author" };
        return Item::Unread { why: why.to_owned(), raw: view.clone() };
    }
    Item::Post(Box::new(said(view, uri, author, own)))
}

fn said(view: &Value, uri: String, author: Author, own: &Own) -> Said {
    let record = &view["record"];
    let reply = &record["reply"];
    let (mentions, mut links) = facets(record);
    let embed = Embed::of(&record["embed"], &view["embed"]);
    links.extend(embed.links);
    let post = contact::Post {
        platform: Platform::Bluesky.word().to_owned(),
        revision: text(&view["cid"]),
        kind: kind(view, &mentions, &embed.quotes, own),
        visibility: Visibility::Public,
        url: address(&uri),
        root_revision: text(&reply["root"]["cid"]),
        quotes: embed.quotes,
        mentions,
        links,
        post_id: uri,
        ..contact::Post::default()
    };
    Said {
        author,
        written_at: time(&record["createdAt"]),
        reached_at: time(&view["indexedAt"]),
        text: record["text"].as_str().unwrap_or_default().trim().to_owned(),
        language: text(&record["langs"][0]),
        in_reply_to: text(&reply["parent"]["uri"]),
        thread: text(&reply["root"]["uri"]),
        media: embed.media,
        raw: view.clone(),
        post,
        ..Said::default()
    }
}

fn kind(view: &Value, mentions: &[String], quotes: &str, own: &Own) -> PostKind {
    let by_us = |uri: &str| repository(uri).is_some_and(|did| own.is(did));
    match text(&view["reason"]).as_str() {
        "mention" => PostKind::Mention,
        "reply" => PostKind::Reply,
        "quote" => PostKind::Quote,
        _ if by_us(&text(&view["record"]["reply"]["parent"]["uri"])) => PostKind::Reply,
        _ if mentions.iter().any(|did| own.is(did)) => PostKind::Mention,
        _ if by_us(quotes) => PostKind::Quote,
        _ => PostKind::Found,
    }
}

/// Whose repository an address `at://<did>/<collection>/<key>` leads to.
pub(crate) fn repository(uri: &str) -> Option<&str> {
    uri.strip_prefix("at://")?.split('/').next()
}

/// Where a person reads a post.
fn address(uri: &str) -> String {
    let mut parts = uri.strip_prefix("at://").unwrap_or_default().split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(did), Some(POST), Some(key)) if !key.is_empty() => {
            format!("https://bsky.app/profile/{did}/post/{key}")
        }
        _ => String::new(),
    }
}

fn author(profile: &Value) -> Author {
    Author {
        id: text(&profile["did"]),
        handle: text(&profile["handle"]),
        name: text(&profile["displayName"]),
        is_bot: list(&profile["labels"]).iter().any(|label| text(&label["val"]) == "bot"),
    }
}

/// Who is named and what is linked.
fn facets(record: &Value) -> (Vec<String>, Vec<String>) {
    let (mut mentions, mut links) = (Vec::new(), Vec::new());
    for feature in list(&record["facets"]).iter().flat_map(|facet| list(&facet["features"])) {
        match text(&feature["$type"]).as_str() {
            "app.bsky.richtext.facet#mention" => mentions.push(text(&feature["did"])),
            "app.bsky.richtext.facet#link" => links.push(text(&feature["uri"])),
            _ => {}
        }
    }
    (mentions, links)
}

/// What stands below the words of a post.
#[derive(Default)]
struct Embed {
    media: Vec<Media>,
    links: Vec<String>,
    quotes: String,
}

impl Embed {
    /// From the record, and from the view of it where there is one: only that knows where files lie.
    fn of(record: &Value, view: &Value) -> Self {
        let mut embed = Self::default();
        embed.add(record, view);
        // `recordWithMedia` holds one of each.
        embed.add(&record["media"], &view["media"]);
        let quoted = [&record["record"]["uri"], &record["record"]["record"]["uri"]];
        embed.quotes = quoted.into_iter().map(text).find(|uri| !uri.is_empty()).unwrap_or_default();
        embed
    }

    fn add(&mut self, record: &Value, view: &Value) {
        for name in ["images", "items"] {
            let views = list(&view[name]);
            for (index, image) in list(&record[name]).iter().enumerate() {
                self.media.push(file(image, &image["image"], views.get(index).unwrap_or(&Value::Null)));
            }
        }
        if record["video"].is_object() {
            self.media.push(file(record, &record["video"], view));
        }
        let link = text(&record["external"]["uri"]);
        if !link.is_empty() {
            self.links.push(link);
        }
    }
}

fn file(of: &Value, blob: &Value, view: &Value) -> Media {
    Media {
        url: text(&view["fullsize"]),
        id: text(&blob["ref"]["$link"]),
        media_type: text(&blob["mimeType"]),
        description: text(&of["alt"]),
        file_name: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const URI: &str = "at://did:plc:ann/app.bsky.feed.post/3k2a";

    fn notification() -> Value {
        json!({
            "uri": URI, "cid": "bafyann", "reason": "mention", "indexedAt": "2026-02-01T10:30:35Z",
            "author": {"did": "did:plc:ann", "handle": "ann.example", "displayName": "Ann"},
            "record": {
                "$type": POST, "text": "@kettles.example it leaks 💧", "createdAt": "2026-02-01T10:30:34Z", "langs": ["en"],
                "facets": [
                    {"index": {"byteStart": 0, "byteEnd": 16},
                     "features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:kettles"}]},
                ],
                "reply": {"root": {"uri": "at://did:plc:bob/app.bsky.feed.post/1", "cid": "bafybob"},
                          "parent": {"uri": "at://did:plc:bob/app.bsky.feed.post/2", "cid": "bafybob2"}},
                "embed": {"$type": "app.bsky.embed.images", "images": [
                    {"alt": "a pool", "image": {"$type": "blob", "ref": {"$link": "bafyimage"}, "mimeType": "image/jpeg"}}]},
            },
        })
    }

    fn own() -> Own {
        Own(vec!["did:plc:kettles".to_owned()])
    }

    #[test]
    fn a_mention_names_its_thread_and_its_version() {
        let found = items(&json!({"notifications": [notification()], "cursor": "x"}), &own());
        let [Item::Post(said)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((said.post.post_id.as_str(), said.post.revision.as_str()), (URI, "bafyann"));
        assert_eq!(
            (said.thread.as_str(), said.post.root_revision.as_str()),
            ("at://did:plc:bob/app.bsky.feed.post/1", "bafybob")
        );
        assert_eq!((said.text.as_str(), said.post.kind), ("@kettles.example it leaks 💧", PostKind::Mention));
        assert_eq!((said.media[0].id.as_str(), said.media[0].description.as_str()), ("bafyimage", "a pool"));
        assert_eq!(said.post.url, "https://bsky.app/profile/did:plc:ann/post/3k2a");
    }

    #[test]
    fn each_post_of_a_thread_is_an_item_and_ours_are_our_own() {
        let mut ours = notification();
        ours["author"]["did"] = json!("did:plc:kettles");
        let mut theirs = notification();
        theirs["reason"] = json!(null);
        let gone = json!({"$type": "app.bsky.feed.defs#notFoundPost", "notFound": true, "uri": "at://x"});
        let thread = json!({"thread": {"post": ours, "parent": gone, "replies": [{"post": theirs}]}});
        let found = items(&thread, &own());
        assert!(
            matches!(&found[..], [Item::Own(_), Item::Nothing(gone), Item::Post(_)] if gone == "a post that is gone")
        );
    }

    #[test]
    fn likes_and_follows_are_nothing_for_us() {
        let like = json!({"uri": "at://x", "author": {"did": "did:plc:bob"}, "reason": "like", "record": {"$type": "app.bsky.feed.like"}});
        assert_eq!(items(&json!([like]), &own()), [Item::Nothing("like".to_owned())]);
        assert_eq!(
            items(&json!({"did": "did:plc:bob", "handle": "bob"}), &own()),
            [Item::Nothing("an account".to_owned())]
        );
    }
}

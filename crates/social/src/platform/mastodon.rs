//! Mastodon's API, and servers that speak it (docs.joinmastodon.org/entities): statuses, notifications, conversations,
//! contexts, and events of its streams.

use redress_contract::contact;
use redress_contract::{PostChange, PostKind, Visibility};
use serde_json::Value;

use crate::html;
use crate::json::{is_true, list, text, time};
use crate::post::{Author, Item, Media, Own, Platform, Said};

/// Lists by name that hold statuses: of contexts, searches and grouped notifications.
const STATUS_LISTS: [&str; 3] = ["ancestors", "descendants", "statuses"];

/// Everything in a payload.
pub(super) fn items(payload: &Value, own: &Own) -> Vec<Item> {
    match payload {
        Value::Array(entries) => entries.iter().flat_map(|entry| items(entry, own)).collect(),
        Value::String(stream) => events(stream, own),
        Value::Object(_) => vec_of(payload, own),
        _ => vec![Item::Nothing("an empty answer".to_owned())],
    }
}

fn vec_of(entity: &Value, own: &Own) -> Vec<Item> {
    if is_status(entity) {
        return vec![item(entity, own, "", PostChange::Unspecified)];
    }
    let kind = text(&entity["type"]);
    if entity["account"].is_object() && !kind.is_empty() {
        return vec![notification(entity, &kind, own)];
    }
    if let Some(last) = entity.get("last_status").filter(|last| last.is_object()) {
        return vec![item(last, own, "", PostChange::Unspecified)];
    }
    let statuses: Vec<Item> = STATUS_LISTS
        .iter()
        .flat_map(|list_name| list(&entity[*list_name]))
        .flat_map(|it| items(it, own))
        .collect();
    if !statuses.is_empty() {
        return statuses;
    }
    vec![Item::Nothing(name_of(entity, &kind))]
}

/// What an answer without statuses is.
fn name_of(entity: &Value, kind: &str) -> String {
    let known = [
        ("error", "an error"),
        ("acct", "an account"),
        ("followed_by", "a relationship"),
        ("options", "a poll"),
        ("preview_url", "a file"),
        ("for_not_following", "a policy of notifications"),
        ("registrations", "an instance"),
        ("action_taken", "a report"),
        ("merged", "a state of requests"),
        ("ancestors", "a thread of nobody else"),
        ("notification_groups", "groups of notifications"),
        ("last_status", "a conversation without a status"),
    ];
    let found = known.iter().find(|(field, _)| entity.get(field).is_some());
    match found {
        Some((_, name)) => (*name).to_owned(),
        None if kind.is_empty() => "an empty answer".to_owned(),
        None => format!("unknown: {kind}"),
    }
}

fn is_status(entity: &Value) -> bool {
    entity.get("visibility").is_some() && entity.get("account").is_some()
        || entity.get("content").is_some() && entity.get("uri").is_some()
}

/// Notifications that tell of a status somebody wrote. Of other kinds the status, if any, is our own.
fn notification(entity: &Value, kind: &str, own: &Own) -> Item {
    let status = &entity["status"];
    let at = time(&entity["created_at"]);
    let item = |change| match item(status, own, kind, change) {
        Item::Post(said) => Item::Post(Box::new(Said { reached_at: at, ..*said })),
        other => other,
    };
    match kind {
        "mention" | "status" | "quote" if status.is_object() => item(PostChange::Unspecified),
        "update" | "quoted_update" if status.is_object() => item(PostChange::Edited),
        // What its author took away stays as a notification of nothing: the deletion of what is on record is noticed there.
        "mention" | "quote" | "status" if entity.get("status").is_some_and(Value::is_null) => {
            Item::Nothing(format!("a {kind} that is gone"))
        }
        "mention" | "quote" => {
            Item::Unread { why: format!("a notification of a {kind} without a status"), raw: entity.clone() }
        }
        _ => Item::Nothing(kind.to_owned()),
    }
}

/// A stream of server-sent events: lines `event:` and `data:`; lines that begin with a colon keep it alive.
fn events(stream: &str, own: &Own) -> Vec<Item> {
    let mut found = Vec::new();
    let mut name = "";
    for line in stream.lines() {
        if let Some(event) = line.strip_prefix("event:") {
            name = event.trim();
        } else if let Some(data) = line.strip_prefix("data:") {
            found.extend(event(name, data.trim(), own));
        }
    }
    if found.is_empty() {
        found.push(Item::Nothing("a stream without events".to_owned()));
    }
    found
}

/// One event of a stream, by its name (docs.joinmastodon.org/methods/streaming#events).
pub(crate) fn event(name: &str, data: &str, own: &Own) -> Vec<Item> {
    if name == "delete" {
        return vec![deleted(data.trim_matches('"'))];
    }
    let Ok(entity) = serde_json::from_str::<Value>(data) else {
        let raw = Value::String(data.to_owned());
        return vec![Item::Unread { why: format!("an event {name:?} that is no JSON"), raw }];
    };
    if name == "status.update" {
        return vec![item(&entity, own, "", PostChange::Edited)];
    }
    items(&entity, own)
}

/// A status that its author took away. Who that is, is not said.
pub(crate) fn deleted(id: &str) -> Item {
    let post = contact::Post {
        platform: Platform::Mastodon.word().to_owned(),
        post_id: id.to_owned(),
        change: PostChange::Deleted,
        ..contact::Post::default()
    };
    Item::Post(Box::new(Said { post, raw: Value::String(id.to_owned()), ..Said::default() }))
}

/// A status, given what the notification that brought it says it is.
fn item(status: &Value, own: &Own, told_as: &str, change: PostChange) -> Item {
    // Whoever shows somebody else's status around says nothing themselves.
    if status.get("reblog").is_some_and(Value::is_object) {
        return Item::Nothing("reblog".to_owned());
    }
    let (id, author) = (text(&status["id"]), author(&status["account"], status));
    if id.is_empty() || author.id.is_empty() {
        let why = if id.is_empty() { "a status without an id" } else { "a status without an author" };
        return Item::Unread { why: why.to_owned(), raw: status.clone() };
    }
    if [&author.id, &author.handle, &text(&status["account"]["id"])].into_iter().any(|name| own.is(name)) {
        return Item::Own(id);
    }
    Item::Post(Box::new(said(status, author, own, (told_as, change))))
}

fn said(status: &Value, author: Author, own: &Own, (told_as, change): (&str, PostChange)) -> Said {
    let words = html::words(status["content"].as_str().unwrap_or_default());
    let visibility = visibility(&status["visibility"]);
    let quoted = &status["quote"]["quoted_status"];
    let mentions: Vec<String> = list(&status["mentions"]).iter().map(|it| text(&it["acct"])).collect();
    let people: Vec<String> = list(&status["mentions"]).iter().map(|it| text(&it["url"])).collect();
    let post = contact::Post {
        platform: Platform::Mastodon.word().to_owned(),
        post_id: text(&status["id"]),
        revision: text(&status["edited_at"]),
        change,
        kind: kind(status, own, told_as, visibility),
        visibility,
        url: [text(&status["url"]), text(&status["uri"])]
            .into_iter()
            .find(|it| !it.is_empty())
            .unwrap_or_default(),
        quotes: text(&quoted["id"]),
        mentions,
        links: words
            .links
            .into_iter()
            .filter(|link| !people.contains(link) && link.starts_with("http"))
            .collect(),
        ..contact::Post::default()
    };
    Said {
        author,
        written_at: time(&status["created_at"]),
        subject: text(&status["spoiler_text"]),
        text: with_poll(words.text, &status["poll"]),
        language: text(&status["language"]),
        in_reply_to: text(&status["in_reply_to_id"]),
        thread: String::new(),
        media: list(&status["media_attachments"]).iter().map(media).collect(),
        raw: status.clone(),
        post,
        reached_at: None,
    }
}

fn kind(status: &Value, own: &Own, told_as: &str, visibility: Visibility) -> PostKind {
    let is_ours = |value: &Value| own.is(&text(value));
    if visibility == Visibility::Direct {
        PostKind::DirectMessage
    } else if told_as == "quote" || is_ours(&status["quote"]["quoted_status"]["account"]["id"]) {
        PostKind::Quote
    } else if is_ours(&status["in_reply_to_account_id"]) {
        PostKind::Reply
    } else if told_as == "mention"
        || list(&status["mentions"]).iter().any(|it| is_ours(&it["id"]) || is_ours(&it["acct"]))
    {
        PostKind::Mention
    } else {
        PostKind::Found
    }
}

/// What is not known is taken to be for as few as can be.
fn visibility(value: &Value) -> Visibility {
    match text(value).as_str() {
        "public" => Visibility::Public,
        "unlisted" => Visibility::Unlisted,
        "private" | "followers" => Visibility::Followers,
        _ => Visibility::Direct,
    }
}

/// A poll is part of what was said.
fn with_poll(mut text_so_far: String, poll: &Value) -> String {
    for option in list(&poll["options"]) {
        text_so_far.push_str("\n- ");
        text_so_far.push_str(&text(&option["title"]));
    }
    text_so_far
}

fn media(file: &Value) -> Media {
    let url = [&file["url"], &file["remote_url"], &file["preview_url"]]
        .into_iter()
        .map(text)
        .find(|it| !it.is_empty());
    Media {
        url: url.unwrap_or_default(),
        id: text(&file["id"]),
        media_type: text(&file["type"]),
        description: text(&file["description"]),
        file_name: String::new(),
    }
}

/// Local accounts are named without their server: `ann` becomes `ann@social.example`, as everybody else knows her.
fn author(account: &Value, status: &Value) -> Author {
    let acct = text(&account["acct"]).to_lowercase();
    let host = [&account["url"], &account["uri"], &status["uri"], &status["url"]].into_iter().find_map(host);
    let id = match host {
        _ if acct.is_empty() || acct.contains('@') => acct,
        Some(host) => format!("{acct}@{host}"),
        None => acct,
    };
    Author { handle: id.clone(), id, name: text(&account["display_name"]), is_bot: is_true(&account["bot"]) }
}

fn host(address: &Value) -> Option<String> {
    let url = url::Url::parse(address.as_str()?).ok()?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    url.host_str().map(|host| format!("{host}{port}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(visibility: &str) -> Value {
        json!({
            "id": "1101", "created_at": "2026-02-01T10:30:34.000Z", "in_reply_to_id": "1100",
            "in_reply_to_account_id": "7", "visibility": visibility, "language": "en", "spoiler_text": "kettles",
            "uri": "https://social.example/users/ann/statuses/1101", "url": "https://social.example/@ann/1101",
            "content": "<p>It leaks &amp; hisses</p>", "edited_at": null, "reblog": null,
            "account": {"id": "9", "acct": "Ann", "url": "https://social.example/@Ann", "display_name": "Ann", "bot": false},
            "mentions": [{"id": "7", "acct": "kettles", "url": "https://social.example/@kettles"}],
            "media_attachments": [{"id": "5", "type": "image", "url": "https://social.example/5.jpg", "description": "a pool"}],
        })
    }

    fn only(payload: &Value) -> Item {
        let mut found = items(payload, &Own(vec!["7".to_owned(), "kettles@social.example".to_owned()]));
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn said(payload: &Value) -> Said {
        match only(payload) {
            Item::Post(said) => *said,
            other => panic!("{other:?} is no post"),
        }
    }

    #[test]
    fn a_mention_says_who_wrote_what_and_who_may_read_it() {
        let said = said(&json!([{"id": "3", "type": "mention", "account": {}, "status": status("public")}]));
        assert_eq!(
            (said.author.id.as_str(), said.text.as_str()),
            ("ann@social.example", "It leaks & hisses")
        );
        assert_eq!((said.post.kind, said.post.visibility), (PostKind::Reply, Visibility::Public));
        assert_eq!((said.post.post_id.as_str(), said.in_reply_to.as_str()), ("1101", "1100"));
        assert_eq!((said.subject.as_str(), said.media[0].description.as_str()), ("kettles", "a pool"));
    }

    #[test]
    fn what_few_may_read_is_direct_and_so_is_what_nobody_explains() {
        for word in ["direct", "limited", "whatever"] {
            let said = said(&status(word));
            assert_eq!(
                (said.post.kind, said.post.visibility),
                (PostKind::DirectMessage, Visibility::Direct),
                "{word}"
            );
        }
        assert_eq!(said(&status("private")).post.visibility, Visibility::Followers);
    }

    #[test]
    fn events_of_a_stream_edit_and_delete() {
        let edited = format!(":)\nevent: status.update\ndata: {}\n\n", status("public"));
        assert_eq!(said(&Value::String(edited)).post.change, PostChange::Edited);
        let deleted = said(&json!("event: delete\ndata: 1101\n\n"));
        assert_eq!((deleted.post.change, deleted.post.post_id.as_str()), (PostChange::Deleted, "1101"));
    }

    #[test]
    fn our_own_and_what_is_nothing_for_us_have_names() {
        let mut own = status("public");
        own["account"] = json!({"id": "7", "acct": "kettles", "url": "https://social.example/@kettles"});
        assert_eq!(only(&own), Item::Own("1101".to_owned()));
        let like = json!({"id": "4", "type": "favourite", "account": {"acct": "bob"}, "status": own});
        assert_eq!(only(&like), Item::Nothing("favourite".to_owned()));
        assert_eq!(only(&json!({"error": "Record not found"})), Item::Nothing("an error".to_owned()));
        let nobody = json!({"id": "5", "type": "mention", "account": {}, "status": {"id": "1", "content": "x", "uri": ""}});
        assert!(matches!(only(&nobody), Item::Unread { .. }));
        let gone = json!({"id": "6", "type": "mention", "account": {"acct": "bob"}, "status": null});
        assert_eq!(only(&gone), Item::Nothing("a mention that is gone".to_owned()));
        let odd = json!({"id": "6", "type": "mention", "account": {"acct": "bob"}});
        assert!(matches!(only(&odd), Item::Unread { .. }));
    }
}

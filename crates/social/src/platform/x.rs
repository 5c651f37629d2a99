//! X, once Twitter: account activity webhooks, answers of its interfaces 1.1 and 2 (docs.x.com). Ids are longer than a float
//! holds; edits have ids of their own and name the first.

use redress_contract::contact;
use redress_contract::{PostChange, PostKind, Visibility};
use serde_json::Value;

use crate::json::{list, text, time};
use crate::post::{Author, Item, Media, Own, Platform, Said};

/// Kinds of events that hold no words.
const WORDLESS: [(&str, &str); 9] = [
    ("favorite_events", "like"),
    ("follow_events", "follow"),
    ("unfollow_events", "unfollow"),
    ("block_events", "block"),
    ("mute_events", "mute"),
    ("user_event", "user event"),
    ("direct_message_indicate_typing_events", "typing"),
    ("direct_message_mark_read_events", "read receipt"),
    ("errors", "an error"),
];

/// Everything in a payload.
pub(super) fn items(payload: &Value, own: &Own) -> Vec<Item> {
    match payload {
        Value::Array(entries) => return entries.iter().flat_map(|entry| items(entry, own)).collect(),
        Value::Object(_) => {}
        _ => return vec![Item::Nothing("an empty answer".to_owned())],
    }
    let mut us = own.clone();
    us.0.extend(Some(text(&payload["for_user_id"])).filter(|id| !id.is_empty()));
    let mut found: Vec<Item> = Vec::new();
    for name in ["tweet_create_events", "statuses"] {
        found.extend(list(&payload[name]).iter().map(|tweet| first_version(tweet, &us)));
    }
    found.extend(list(&payload["tweet_delete_events"]).iter().map(gone));
    found.extend(
        list(&payload["direct_message_events"]).iter().map(|event| direct(event, &payload["users"], &us)),
    );
    if !payload["data"].is_null() {
        found.extend(second_version(payload, &us));
    }
    if payload["message_create"].is_object() {
        found.push(direct(payload, &Value::Null, &us));
    } else if is_tweet(payload) {
        found.push(first_version(payload, &us));
    }
    if found.is_empty() {
        found.push(Item::Nothing(name_of(payload)));
    }
    found
}

fn is_tweet(entity: &Value) -> bool {
    let has_words = !entity["text"].is_null() || !entity["full_text"].is_null();
    has_words && (!entity["id_str"].is_null() || !entity["id"].is_null())
}

fn name_of(payload: &Value) -> String {
    let wordless = WORDLESS.iter().find(|(field, _)| !payload[*field].is_null());
    let name = match wordless {
        Some((_, name)) => name,
        None if !payload["screen_name"].is_null() => "an account",
        None => "an empty answer",
    };
    name.to_owned()
}

/// A post as interface 1.1 and webhooks tell it.
fn first_version(tweet: &Value, own: &Own) -> Item {
    let user = &tweet["user"];
    let author = Author {
        id: id_of(user),
        handle: text(&user["screen_name"]),
        name: text(&user["name"]),
        is_bot: false,
    };
    let id = id_of(tweet);
    if own.is(&author.id) || own.is(&author.handle) {
        return Item::Own(id);
    }
    if tweet["retweeted_status"].is_object() {
        return Item::Nothing("retweet".to_owned());
    }
    if id.is_empty() {
        return Item::Unread { why: "a post without an id".to_owned(), raw: tweet.clone() };
    }
    // The long form of a post that was cut off.
    let long = if tweet["extended_tweet"].is_object() { &tweet["extended_tweet"] } else { tweet };
    let words =
        [&long["full_text"], &long["text"], &tweet["text"]].into_iter().map(text).find(|it| !it.is_empty());
    let entities = &long["entities"];
    let answered = text(&tweet["in_reply_to_status_id_str"]);
    let post = first_post(tweet, entities, (id, &author), own);
    let media = if tweet["extended_entities"].is_object() { &tweet["extended_entities"] } else { entities };
    Item::Post(Box::new(Said {
        author,
        written_at: when(&tweet["created_at"]).or_else(|| time(&tweet["timestamp_ms"])),
        text: decoded(&words.unwrap_or_default()),
        language: Some(text(&tweet["lang"])).filter(|tag| tag != "und").unwrap_or_default(),
        in_reply_to: answered,
        thread: text(&tweet["conversation_id_str"]),
        media: list(&media["media"]).iter().map(picture).collect(),
        raw: tweet.clone(),
        post,
        ..Said::default()
    }))
}

fn first_post(tweet: &Value, entities: &Value, (id, author): (String, &Author), own: &Own) -> contact::Post {
    let mentions: Vec<String> = list(&entities["user_mentions"]).iter().map(id_of).collect();
    let to_us = own.is(&text(&tweet["in_reply_to_user_id_str"]));
    let quotes_us = own.is(&id_of(&tweet["quoted_status"]["user"]));
    let is_protected = tweet["user"]["protected"].as_bool() == Some(true);
    let links = list(&entities["urls"]).iter().map(|url| text(&url["expanded_url"]));
    contact::Post {
        platform: Platform::X.word().to_owned(),
        kind: kind(to_us, mentions.iter().any(|id| own.is(id)), quotes_us),
        visibility: if is_protected { Visibility::Followers } else { Visibility::Public },
        url: address(&author.handle, &id),
        quotes: text(&tweet["quoted_status_id_str"]),
        post_id: id,
        mentions,
        links: links.filter(|url| !url.is_empty()).collect(),
        ..contact::Post::default()
    }
}

fn kind(is_reply: bool, is_mention: bool, is_quote: bool) -> PostKind {
    match () {
        () if is_reply => PostKind::Reply,
        () if is_quote => PostKind::Quote,
        () if is_mention => PostKind::Mention,
        () => PostKind::Found,
    }
}

fn picture(file: &Value) -> Media {
    let url = [&file["media_url_https"], &file["media_url"], &file["url"], &file["preview_image_url"]];
    Media {
        url: url.into_iter().map(text).find(|url| !url.is_empty()).unwrap_or_default(),
        id: [&file["id_str"], &file["media_key"]]
            .into_iter()
            .map(text)
            .find(|id| !id.is_empty())
            .unwrap_or_default(),
        media_type: if text(&file["type"]) == "photo" { "image".to_owned() } else { "video".to_owned() },
        description: [&file["ext_alt_text"], &file["alt_text"]]
            .into_iter()
            .map(text)
            .find(|it| !it.is_empty())
            .unwrap_or_default(),
        file_name: String::new(),
    }
}

/// Everything that interface 2 answers with: `data` is one or many, `includes` says who and what.
fn second_version(payload: &Value, own: &Own) -> Vec<Item> {
    let data = &payload["data"];
    let entries = data.as_array().map_or_else(|| std::slice::from_ref(data), Vec::as_slice);
    entries.iter().map(|entry| second(entry, &payload["includes"], own)).collect()
}

fn second(entry: &Value, includes: &Value, own: &Own) -> Item {
    let event = text(&entry["event_type"]);
    let is_message = !entry["dm_conversation_id"].is_null() || !event.is_empty();
    if is_message && entry["text"].is_null() {
        let id = text(&entry["dm_event_id"]);
        let joined = if event.is_empty() { "a conversation".to_owned() } else { event };
        return if id.is_empty() { Item::Nothing(joined) } else { Item::Own(id) };
    }
    if entry["text"].is_null() {
        return Item::Nothing(
            if entry["username"].is_null() { "an answer without words" } else { "an account" }.to_owned(),
        );
    }
    let person = [&entry["author_id"], &entry["sender_id"]]
        .into_iter()
        .map(text)
        .find(|id| !id.is_empty())
        .unwrap_or_default();
    let user =
        list(&includes["users"]).iter().find(|user| text(&user["id"]) == person).unwrap_or(&Value::Null);
    let author =
        Author { handle: text(&user["username"]), name: text(&user["name"]), id: person, is_bot: false };
    let id = text(&entry["id"]);
    if own.is(&author.id) || own.is(&author.handle) {
        return Item::Own(id);
    }
    if id.is_empty() {
        return Item::Unread { why: "a post without an id".to_owned(), raw: entry.clone() };
    }
    let referred = |kind: &str| {
        let found = list(&entry["referenced_tweets"]).iter().find(|it| text(&it["type"]) == kind);
        found.map(|it| text(&it["id"])).unwrap_or_default()
    };
    if !referred("retweeted").is_empty() {
        return Item::Nothing("retweet".to_owned());
    }
    Item::Post(Box::new(second_said(
        entry,
        (id, author),
        is_message,
        (referred("replied_to"), referred("quoted")),
        (includes, own),
    )))
}

fn second_said(
    entry: &Value,
    (id, author): (String, Author),
    is_message: bool,
    (answered, quotes): (String, String),
    (includes, own): (&Value, &Own),
) -> Said {
    // The newer name first: both are told.
    let history = [&entry["edit_history_post_ids"], &entry["edit_history_tweet_ids"]]
        .into_iter()
        .find(|it| it.is_array());
    let first = history.and_then(|ids| list(ids).first()).map(text).filter(|id| !id.is_empty());
    let is_edit = first.as_ref().is_some_and(|first| *first != id);
    let mentions: Vec<String> = list(&entry["entities"]["mentions"])
        .iter()
        .map(|it| text(&it["id"]))
        .filter(|id| !id.is_empty())
        .collect();
    let to_us = own.is(&text(&entry["in_reply_to_user_id"]));
    let post = contact::Post {
        platform: Platform::X.word().to_owned(),
        post_id: first.unwrap_or_else(|| id.clone()),
        revision: if is_edit { id.clone() } else { String::new() },
        change: if is_edit { PostChange::Edited } else { PostChange::Unspecified },
        kind: if is_message {
            PostKind::DirectMessage
        } else {
            kind(to_us, mentions.iter().any(|id| own.is(id)), false)
        },
        visibility: if is_message { Visibility::Direct } else { Visibility::Public },
        url: if is_message { String::new() } else { address(&author.handle, &id) },
        quotes,
        mentions,
        links: list(&entry["entities"]["urls"])
            .iter()
            .map(|url| text(&url["expanded_url"]))
            .filter(|url| !url.is_empty())
            .collect(),
        ..contact::Post::default()
    };
    let keys: Vec<String> = list(&entry["attachments"]["media_keys"]).iter().map(text).collect();
    let media = list(&includes["media"]).iter().filter(|file| keys.contains(&text(&file["media_key"])));
    Said {
        author,
        written_at: time(&entry["created_at"]),
        text: decoded(
            &[text(&entry["note_tweet"]["text"]), text(&entry["text"])]
                .into_iter()
                .find(|it| !it.is_empty())
                .unwrap_or_default(),
        ),
        language: text(&entry["lang"]),
        in_reply_to: answered,
        thread: [&entry["conversation_id"], &entry["dm_conversation_id"]]
            .into_iter()
            .map(text)
            .find(|it| !it.is_empty())
            .unwrap_or_default(),
        media: media.map(picture).collect(),
        raw: entry.clone(),
        post,
        ..Said::default()
    }
}

/// A direct message as webhooks tell it.
fn direct(event: &Value, users: &Value, own: &Own) -> Item {
    let (id, created) = (text(&event["id"]), &event["message_create"]);
    if !created.is_object() {
        return Item::Nothing(format!("unknown: {}", text(&event["type"])));
    }
    let sender = text(&created["sender_id"]);
    if own.is(&sender) {
        return Item::Own(id);
    }
    if id.is_empty() {
        return Item::Unread { why: "a message without an id".to_owned(), raw: event.clone() };
    }
    let (user, data) = (&users[&sender], &created["message_data"]);
    let post = contact::Post {
        platform: Platform::X.word().to_owned(),
        post_id: id,
        kind: PostKind::DirectMessage,
        visibility: Visibility::Direct,
        links: list(&data["entities"]["urls"])
            .iter()
            .map(|url| text(&url["expanded_url"]))
            .filter(|url| !url.is_empty())
            .collect(),
        ..contact::Post::default()
    };
    let file = &data["attachment"]["media"];
    Item::Post(Box::new(Said {
        thread: format!("direct:{sender}"),
        author: Author {
            id: sender,
            handle: text(&user["screen_name"]),
            name: text(&user["name"]),
            is_bot: false,
        },
        written_at: time(&event["created_timestamp"]),
        text: decoded(&text(&data["text"])),
        media: Some(file).filter(|file| file.is_object()).map(picture).into_iter().collect(),
        raw: event.clone(),
        post,
        ..Said::default()
    }))
}

fn gone(event: &Value) -> Item {
    let post = contact::Post {
        platform: Platform::X.word().to_owned(),
        post_id: text(&event["status"]["id"]),
        change: PostChange::Deleted,
        visibility: Visibility::Public,
        ..contact::Post::default()
    };
    let author = Author { id: text(&event["status"]["user_id"]), ..Author::default() };
    Item::Post(Box::new(Said {
        post,
        author,
        reached_at: time(&event["timestamp_ms"]),
        raw: event.clone(),
        ..Said::default()
    }))
}

/// The id as text, where there is one: as a number it may have lost digits on the way here.
fn id_of(entity: &Value) -> String {
    [&entity["id_str"], &entity["id"]].into_iter().map(text).find(|id| !id.is_empty()).unwrap_or_default()
}

fn address(handle: &str, id: &str) -> String {
    if handle.is_empty() { String::new() } else { format!("https://x.com/{handle}/status/{id}") }
}

/// `Thu Nov 15 23:31:30 +0000 2018`
fn when(value: &Value) -> Option<jiff::Timestamp> {
    let parsed = jiff::fmt::strtime::parse("%a %b %d %H:%M:%S %z %Y", text(value)).ok()?;
    parsed.to_timestamp().ok()
}

/// Three signs come as entities of HTML.
fn decoded(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

//! Reddit (reddit.com/dev/api): listings of comments (`t1`), submissions (`t3`) and messages (`t4`), and modmail.

use redress_contract::contact;
use redress_contract::{PostChange, PostKind, Visibility};
use serde_json::Value;

use crate::html;
use crate::json::{is_true, list, text, time};
use crate::post::{Author, Item, Own, Platform, Said};

/// What stands in place of words and names that were taken away.
const GONE: [&str; 2] = ["[deleted]", "[removed]"];

/// Everything in a payload.
pub(super) fn items(payload: &Value, own: &Own) -> Vec<Item> {
    let found = match payload {
        Value::Array(entries) => entries.iter().flat_map(|entry| items(entry, own)).collect(),
        Value::Object(_) => object(payload, own),
        _ => Vec::new(),
    };
    if found.is_empty() { vec![Item::Nothing("an empty answer".to_owned())] } else { found }
}

fn object(entity: &Value, own: &Own) -> Vec<Item> {
    let (kind, data) = (text(&entity["kind"]), &entity["data"]);
    match kind.as_str() {
        "Listing" => return list(&data["children"]).iter().flat_map(|child| object(child, own)).collect(),
        "t1" | "t3" | "t4" => {
            let mut found = vec![thing(&kind, data, own)];
            // Answers come inside what they answer.
            if data["replies"].is_object() {
                found.extend(object(&data["replies"], own));
            }
            return found;
        }
        "more" => return vec![Item::Nothing("more to be asked for".to_owned())],
        _ => {}
    }
    if entity["messages"].is_object() {
        return modmail(entity, own);
    }
    if entity["json"].is_object() {
        return object(&entity["json"]["data"], own);
    }
    let name =
        if entity["error"].is_null() && entity["errors"].is_null() { "an account" } else { "an error" };
    vec![Item::Nothing(name.to_owned())]
}

fn thing(kind: &str, data: &Value, own: &Own) -> Item {
    let given = text(&data["name"]);
    let id = if given.is_empty() && !text(&data["id"]).is_empty() {
        format!("{kind}_{}", text(&data["id"]))
    } else {
        given
    };
    let author = author(data);
    if own.is(&author.handle) || own.is(&author.id) {
        return Item::Own(id);
    }
    if id.is_empty() {
        return Item::Unread { why: "a thing without a name".to_owned(), raw: data.clone() };
    }
    let body = [&data["body"], &data["selftext"]]
        .into_iter()
        .map(text)
        .find(|it| !it.is_empty())
        .unwrap_or_default();
    let is_gone = GONE.contains(&body.as_str()) && author.id.is_empty();
    let is_message = kind == "t4";
    let post = contact::Post {
        platform: Platform::Reddit.word().to_owned(),
        post_id: id,
        revision: Some(text(&data["edited"]))
            .filter(|it| it.starts_with(|c: char| c.is_ascii_digit()))
            .unwrap_or_default(),
        change: if is_gone { PostChange::Deleted } else { PostChange::Unspecified },
        kind: kind_of(kind, data),
        visibility: if is_message { Visibility::Direct } else { Visibility::Public },
        url: [&data["permalink"], &data["context"]]
            .into_iter()
            .map(text)
            .find(|it| it.starts_with('/'))
            .map(|path| format!("https://www.reddit.com{path}"))
            .unwrap_or_default(),
        links: Some(text(&data["url"])).filter(|url| url.starts_with("http")).into_iter().collect(),
        ..contact::Post::default()
    };
    let thread = if is_message { text(&data["first_message_name"]) } else { text(&data["link_id"]) };
    Item::Post(Box::new(Said {
        author,
        written_at: time(&data["created_utc"]),
        subject: [&data["title"], &data["subject"]]
            .into_iter()
            .map(text)
            .find(|it| !it.is_empty())
            .unwrap_or_default(),
        text: if is_gone { String::new() } else { body },
        in_reply_to: Some(text(&data["parent_id"])).filter(|id| *id != post.post_id).unwrap_or_default(),
        thread,
        raw: data.clone(),
        post,
        ..Said::default()
    }))
}

fn kind_of(kind: &str, data: &Value) -> PostKind {
    match (kind, text(&data["type"]).as_str()) {
        ("t4", _) => PostKind::DirectMessage,
        (_, "username_mention") => PostKind::Mention,
        (_, "comment_reply" | "post_reply" | "selfpost_reply" | "submission_reply") => PostKind::Reply,
        _ => PostKind::Found,
    }
}

fn author(data: &Value) -> Author {
    let name = Some(text(&data["author"])).filter(|name| !GONE.contains(&name.as_str())).unwrap_or_default();
    let id = text(&data["author_fullname"]);
    Author {
        id: if id.is_empty() { name.to_lowercase() } else { id },
        handle: name.clone(),
        name,
        is_bot: false,
    }
}

/// Conversations of moderators: messages by their ids.
fn modmail(answer: &Value, own: &Own) -> Vec<Item> {
    let one = &answer["conversation"];
    let of = |id: &str| {
        let many = answer["conversations"].as_object().into_iter().flat_map(|all| all.values());
        let holds =
            |conversation: &&Value| list(&conversation["objIds"]).iter().any(|it| text(&it["id"]) == id);
        many.chain(Some(one).filter(|one| one.is_object()))
            .find(holds)
            .cloned()
            .unwrap_or_else(|| one.clone())
    };
    let messages = answer["messages"].as_object().into_iter().flatten();
    messages.map(|(id, message)| moderated(id, message, &of(id), own)).collect()
}

fn moderated(id: &str, message: &Value, conversation: &Value, own: &Own) -> Item {
    let writer = &message["author"];
    let name = text(&writer["name"]);
    if own.is(&name) || is_true(&message["isInternal"]) {
        return Item::Own(id.to_owned());
    }
    let words = html::words(message["body"].as_str().unwrap_or_default());
    let body = [words.text, text(&message["bodyMarkdown"])]
        .into_iter()
        .find(|it| !it.is_empty())
        .unwrap_or_default();
    let post = contact::Post {
        platform: Platform::Reddit.word().to_owned(),
        post_id: format!("modmail/{id}"),
        kind: PostKind::DirectMessage,
        visibility: Visibility::Direct,
        links: words.links,
        ..contact::Post::default()
    };
    let lasting = text(&writer["id"]);
    Item::Post(Box::new(Said {
        author: Author {
            id: if lasting.is_empty() { name.to_lowercase() } else { lasting },
            handle: name.clone(),
            name,
            is_bot: false,
        },
        written_at: time(&message["date"]),
        subject: text(&conversation["subject"]),
        text: body,
        thread: Some(text(&conversation["id"]))
            .filter(|id| !id.is_empty())
            .map(|id| format!("modmail/{id}"))
            .unwrap_or_default(),
        raw: message.clone(),
        post,
        ..Said::default()
    }))
}

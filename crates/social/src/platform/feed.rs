//! RSS, Atom and JSON feeds of forums and review sites (crate feed-rs). A feed is text, not JSON: it comes as a JSON string, so
//! that `read` and the connector go the same way.

use data_encoding::HEXLOWER;
use feed_rs::model::{Entry, Feed, Link};
use redress_contract::contact;
use redress_contract::{PostKind, Visibility};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::html;
use crate::post::{Author, Item, Media, Own, Platform, Said};

/// Everything in a feed.
pub(super) fn items(payload: &Value, own: &Own) -> Vec<Item> {
    let text = match payload {
        Value::String(text) => text.clone(),
        // A JSON feed that was read as JSON already.
        other => other.to_string(),
    };
    let unread = |why: &str| vec![Item::Unread { why: why.to_owned(), raw: payload.clone() }];
    match feed_rs::parser::parse(text.as_bytes()) {
        Ok(feed) if feed.entries.is_empty() => vec![Item::Nothing("a feed without entries".to_owned())],
        Ok(feed) => feed.entries.iter().map(|entry| item(entry, &feed, own)).collect(),
        Err(_) if text.trim().is_empty() => unread("an empty feed"),
        Err(_) => unread("no feed of a known kind"),
    }
}

fn item(entry: &Entry, feed: &Feed, own: &Own) -> Item {
    let said = said(entry, feed);
    if own.is(&said.author.handle) {
        return Item::Own(said.post.post_id);
    }
    if said.text.is_empty() && said.subject.is_empty() && said.post.url.is_empty() {
        return Item::Unread { why: "an entry that says nothing".to_owned(), raw: said.raw };
    }
    Item::Post(Box::new(said))
}

fn said(entry: &Entry, feed: &Feed) -> Said {
    let url = link(&entry.links).unwrap_or_default();
    let title = entry.title.as_ref().map(|title| html::words(&title.content).text).unwrap_or_default();
    let body = entry.content.as_ref().and_then(|content| content.body.clone());
    let body =
        body.or_else(|| entry.summary.as_ref().map(|summary| summary.content.clone())).unwrap_or_default();
    let words = html::words(&body);
    let author = entry.authors.first().or(feed.authors.first());
    let name = author.and_then(|person| person.name.as_deref()).unwrap_or_default().trim().to_owned();
    let revision = entry.updated.filter(|at| Some(*at) != entry.published).map(|at| at.to_rfc3339());
    let post = contact::Post {
        platform: Platform::Feed.word().to_owned(),
        post_id: id(entry, &url, &title),
        revision: revision.unwrap_or_default(),
        kind: PostKind::Found,
        visibility: Visibility::Public,
        url,
        links: words.links,
        ..contact::Post::default()
    };
    Said {
        author: Author { id: author_id(feed, &name), handle: name.clone(), name, is_bot: false },
        written_at: entry
            .published
            .or(entry.updated)
            .and_then(|at| jiff::Timestamp::from_second(at.timestamp()).ok()),
        raw: raw(entry, &title, &body),
        subject: title,
        text: words.text,
        language: entry.language.clone().or_else(|| feed.language.clone()).unwrap_or_default(),
        media: entry.media.iter().flat_map(|media| &media.content).filter_map(media).collect(),
        post,
        ..Said::default()
    }
}

/// A name is somebody only within one feed.
fn author_id(feed: &Feed, name: &str) -> String {
    if name.is_empty() {
        String::new()
    } else {
        format!("{} at {}", name, link(&feed.links).unwrap_or_else(|| feed.id.clone()))
    }
}

/// The guid or id where the feed gives one; else link and title. (The parser draws an id of its own where there is none: from
/// the link, or at random.)
fn id(entry: &Entry, url: &str, title: &str) -> String {
    let drawn_from_link = url.is_empty() && !entry.id.contains([':', '/', '-', '.']);
    if entry.id.is_empty() || drawn_from_link {
        let digest = Sha256::digest(format!("{url}\n{title}").as_bytes());
        return HEXLOWER.encode(&digest[..16]);
    }
    entry.id.clone()
}

fn link(links: &[Link]) -> Option<String> {
    let alternate = links.iter().find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"));
    alternate.or(links.first()).map(|link| link.href.clone())
}

fn media(content: &feed_rs::model::MediaContent) -> Option<Media> {
    let url = content.url.as_ref()?.to_string();
    let media_type = content.content_type.as_ref().map(ToString::to_string).unwrap_or_default();
    Some(Media { url, media_type, ..Media::default() })
}

/// What is kept of an entry as it came.
fn raw(entry: &Entry, title: &str, body: &str) -> Value {
    let links: Vec<&str> = entry.links.iter().map(|link| link.href.as_str()).collect();
    let authors: Vec<&str> = entry.authors.iter().filter_map(|author| author.name.as_deref()).collect();
    let times = [entry.published, entry.updated].map(|at| at.map(|at| at.to_rfc3339()));
    json!({ "id": entry.id, "title": title, "body": body, "links": links, "authors": authors, "published": times[0], "updated": times[1] })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSS: &str = r#"<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
        <title>Kettle forum</title><link>https://forum.example/</link><description>d</description><language>en</language>
        <item><guid isPermaLink="false">topic-77</guid><title>It &lt;b&gt;leaks&lt;/b&gt;</title><link>https://forum.example/77</link>
        <dc:creator>ann</dc:creator><pubDate>Sun, 01 Feb 2026 10:30:34 GMT</pubDate>
        <description>&lt;p&gt;My kettle leaks.&lt;/p&gt;&lt;p&gt;Help!&lt;/p&gt;</description></item></channel></rss>"#;

    #[test]
    fn an_entry_is_a_post_found() {
        let found = items(&Value::String(RSS.to_owned()), &Own::default());
        let [Item::Post(said)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((said.subject.as_str(), said.text.as_str()), ("It leaks", "My kettle leaks.\n\nHelp!"));
        assert_eq!(
            (said.post.post_id.as_str(), said.post.url.as_str()),
            ("topic-77", "https://forum.example/77")
        );
        assert_eq!(said.author.name, "ann");
        assert_eq!(said.written_at, Some("2026-02-01T10:30:34Z".parse().unwrap()));
        let again = items(&Value::String(RSS.to_owned()), &Own(vec!["ann".to_owned()]));
        assert_eq!(again, [Item::Own("topic-77".to_owned())]);
    }

    #[test]
    fn an_entry_without_an_id_keeps_the_one_it_is_given() {
        let bare = RSS.replace("<guid isPermaLink=\"false\">topic-77</guid>", "");
        let ids = || match &items(&Value::String(bare.clone()), &Own::default())[..] {
            [Item::Post(said)] => said.post.post_id.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(ids(), ids());
    }

    #[test]
    fn a_json_feed_is_read_too() {
        let feed = json!({"version": "https://jsonfeed.org/version/1.1", "title": "Forum", "items": [
            {"id": "78", "url": "https://forum.example/78", "title": "Broken", "content_text": "It broke.", "authors": [{"name": "bob"}]}]});
        assert!(matches!(&items(&feed, &Own::default())[..], [Item::Post(said)] if said.text == "It broke."));
        assert!(matches!(&items(&json!("<html>sorry</html>"), &Own::default())[..], [Item::Unread { .. }]));
    }
}

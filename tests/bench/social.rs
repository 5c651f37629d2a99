//! Posts of each platform a second on one core, from the bytes of a payload to contacts: reading and normalising alone.

use std::time::{Duration, Instant};

use redress_identity::Keys;
use redress_social::normalize::{self, Envelope};
use redress_social::platform::items;
use redress_social::post::{Item, Own, Platform};
use redress_tests::results::{Bar, Results};
use serde_json::{Value, json};

/// Each platform is read for so long.
const LASTS: Duration = Duration::from_secs(2);
/// Posts in a payload, as many as platforms give at once.
const POSTS: usize = 40;

const WORDS: &str = "my kettle leaks since Monday, I wrote three times and nobody answers. What now? https://ann.example/kettle";

pub(crate) fn run(results: &mut Results) -> anyhow::Result<()> {
    let keys = Keys::from_master(&[7; 32]);
    let now = redress_runtime::Clock::system().now();
    for platform in Platform::ALL {
        let payload = payload(platform);
        let bytes = serde_json::to_vec(&payload)?;
        let envelope = Envelope { account: "kettles", now, keys: &keys };
        let (began, mut posts) = (Instant::now(), 0_usize);
        while began.elapsed() < LASTS {
            let payload: Value = serde_json::from_slice(&bytes)?;
            for item in items(platform, &payload, &Own::default()) {
                if let Item::Post(said) = item {
                    let contact = normalize::contact(&said, &envelope);
                    posts += usize::from(!contact.text.is_empty());
                }
            }
        }
        let seconds = began.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a figure to be read")]
        let rate = posts as f64 / seconds;
        results.tell(&format!("social.{}", platform.word()), rate, "posts/s/core", Bar::None);
    }
    Ok(())
}

fn payload(platform: Platform) -> Value {
    let many = |one: fn(usize) -> Value| (0..POSTS).map(one).collect::<Vec<_>>();
    match platform {
        Platform::Mastodon => Value::from(many(mention)),
        Platform::Bluesky => json!({ "notifications": many(notification) }),
        Platform::Feed => Value::from(feed()),
        Platform::Facebook => {
            json!({"object": "page", "entry": [{"id": "7", "time": 1_769_941_834, "changes": many(comment)}]})
        }
        Platform::Instagram => {
            json!({"object": "instagram", "entry": [{"id": "7", "time": 1_769_941_834, "changes": many(picture)}]})
        }
        Platform::Whatsapp => {
            json!({"object": "whatsapp_business_account", "entry": [{"id": "7", "changes": [{"field": "messages", "value": {
            "contacts": [{"profile": {"name": "Ann"}, "wa_id": "4366"}], "messages": many(message)}}]}]})
        }
        Platform::Telegram => json!({ "ok": true, "result": many(update) }),
        Platform::X => {
            json!({ "data": many(tweet), "includes": {"users": [{"id": "99", "username": "ann", "name": "Ann"}]} })
        }
        Platform::Reddit => json!({"kind": "Listing", "data": {"children": many(thing)}}),
        Platform::AppStore => json!({"feed": {"entry": many(review)}}),
    }
}

fn mention(n: usize) -> Value {
    json!({"id": n.to_string(), "type": "mention", "created_at": "2026-02-01T10:30:34Z", "account": {"acct": "ann"}, "status": {
        "id": (n + 1000).to_string(), "created_at": "2026-02-01T10:30:34Z", "visibility": "public", "language": "en", "uri": "https://s.example/1",
        "content": format!("<p><span class=\"h-card\"><a href=\"https://s.example/@kettles\" class=\"u-url mention\">@<span>kettles</span></a></span> {WORDS}</p>"),
        "account": {"id": "9", "acct": "ann", "url": "https://s.example/@ann", "display_name": "Ann"}, "mentions": [{"id": "7", "acct": "kettles"}], "media_attachments": []}})
}

fn notification(n: usize) -> Value {
    json!({"uri": format!("at://did:plc:ann/app.bsky.feed.post/{n}"), "cid": "bafy", "reason": "mention", "indexedAt": "2026-02-01T10:30:35Z",
        "author": {"did": "did:plc:ann", "handle": "ann.example", "displayName": "Ann"},
        "record": {"$type": "app.bsky.feed.post", "text": format!("@kettles.example {WORDS}"), "createdAt": "2026-02-01T10:30:34Z", "langs": ["en"]}})
}

fn feed() -> String {
    let entries: Vec<String> = (0..POSTS)
        .map(|n| format!("<item><guid>topic-{n}</guid><title>Kettle {n}</title><link>https://forum.example/{n}</link><description>&lt;p&gt;{WORDS}&lt;/p&gt;</description></item>"))
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Forum</title><link>https://forum.example/</link>{}</channel></rss>",
        entries.concat()
    )
}

fn comment(n: usize) -> Value {
    json!({"field": "feed", "value": {"item": "comment", "verb": "add", "comment_id": format!("7_1_{n}"), "post_id": "7_1", "parent_id": "7_1",
        "from": {"id": "99", "name": "Ann"}, "message": WORDS, "created_time": 1_769_941_834}})
}

fn picture(n: usize) -> Value {
    json!({"field": "comments", "value": {"id": n.to_string(), "text": WORDS, "from": {"id": "99", "username": "ann"}, "media": {"id": "5"}}})
}

fn message(n: usize) -> Value {
    json!({"from": "4366", "id": format!("wamid.{n}"), "timestamp": "1769941834", "type": "text", "text": {"body": WORDS}})
}

fn update(n: usize) -> Value {
    json!({"update_id": n, "message": {"message_id": n + 1, "date": 1_769_941_834, "chat": {"id": 99, "type": "private"}, "from": {"id": 99, "first_name": "Ann"}, "text": WORDS}})
}

fn tweet(n: usize) -> Value {
    json!({"id": n.to_string(), "text": WORDS, "author_id": "99", "conversation_id": n.to_string(), "created_at": "2026-02-01T10:30:34Z", "lang": "en"})
}

fn thing(n: usize) -> Value {
    json!({"kind": "t1", "data": {"name": format!("t1_{n}"), "author": "ann", "author_fullname": "t2_a", "body": WORDS, "type": "username_mention",
        "link_id": "t3_p", "parent_id": "t3_p", "created_utc": 1_769_941_834}})
}

fn review(n: usize) -> Value {
    json!({"id": {"label": n.to_string()}, "im:rating": {"label": "1"}, "title": {"label": "Bad"}, "content": {"label": WORDS}, "author": {"name": {"label": "ann"}}})
}

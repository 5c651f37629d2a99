//! What each platform's payloads say, and that none is too odd.

use proptest::prelude::*;
use redress_contract::{PostChange, PostKind, Visibility};
use serde_json::json;

use super::*;
use crate::post::Said;

fn own() -> Own {
    Own(vec!["kettles".to_owned(), "7".to_owned()])
}

fn all(platform: Platform, payload: &Value) -> Vec<Item> {
    items(platform, payload, &own())
}

fn only(platform: Platform, payload: &Value) -> Item {
    let mut found = all(platform, payload);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn said(platform: Platform, payload: &Value) -> Said {
    match only(platform, payload) {
        Item::Post(said) => *said,
        other => panic!("{other:?} is no post"),
    }
}

fn page(field: &str, value: &Value) -> Value {
    json!({"object": "page", "entry": [{"id": "7", "time": 1_769_941_834, "changes": [{"field": field, "value": value}]}]})
}

#[test]
fn facebook_tells_comments_edits_removals_and_reviews() {
    let comment = |verb: &str| {
        json!({"item": "comment", "verb": verb, "comment_id": "7_1_9", "post_id": "7_1", "parent_id": "7_1",
               "from": {"id": 99, "name": "Ann"}, "message": "It leaks", "created_time": 1_769_941_834})
    };
    let added = said(Platform::Facebook, &page("feed", &comment("add")));
    assert_eq!(
        (added.author.id.as_str(), added.text.as_str(), added.thread.as_str()),
        ("99", "It leaks", "7_1")
    );
    assert_eq!(said(Platform::Facebook, &page("feed", &comment("edited"))).post.change, PostChange::Edited);
    let removed = said(Platform::Facebook, &page("feed", &comment("remove")));
    assert_eq!((removed.post.change, removed.text.as_str()), (PostChange::Deleted, ""));
    assert_eq!(only(Platform::Facebook, &page("feed", &comment("hide"))), Item::Nothing("hidden".to_owned()));
    let review = json!({"item": "rating", "verb": "add", "open_graph_story_id": 5, "reviewer_id": 99, "rating": 2, "review_text": "Meh"});
    let review = said(Platform::Facebook, &page("ratings", &review));
    assert_eq!((review.post.kind, review.post.rating), (PostKind::Review, Some(2)));
    let mut ours = comment("add");
    ours["from"]["id"] = json!("7");
    assert_eq!(only(Platform::Facebook, &page("feed", &ours)), Item::Own("7_1_9".to_owned()));
}

#[test]
fn messages_are_private_and_have_a_window() {
    let event = |message: Value| {
        json!({"object": "page", "entry": [{"id": 7, "messaging": [
            {"sender": {"id": 99}, "recipient": {"id": 7}, "timestamp": 1_769_941_834_000_i64, "message": message}]}]})
    };
    let message = said(Platform::Facebook, &event(json!({"mid": "m1", "text": "It leaks"})));
    assert_eq!((message.post.visibility, message.post.kind), (Visibility::Direct, PostKind::DirectMessage));
    assert_eq!(message.post.answer_until.unwrap().to_string(), "2026-02-02T10:30:34Z");
    let echo = event(json!({"mid": "m2", "is_echo": true, "text": "Hello"}));
    assert_eq!(only(Platform::Facebook, &echo), Item::Own("m2".to_owned()));
    let deleted = said(Platform::Facebook, &event(json!({"mid": "m1", "is_deleted": true})));
    assert_eq!(deleted.post.change, PostChange::Deleted);
}

#[test]
fn whatsapp_tells_whatever_a_customer_shares() {
    let value = |message: Value| {
        json!({"object": "whatsapp_business_account", "entry": [{"id": "7", "changes": [{"field": "messages", "value": {
            "contacts": [{"profile": {"name": "Ann"}, "wa_id": "4366"}], "messages": [message]}}]}]})
    };
    let message = |kind: &str, inside: Value| {
        value(json!({"from": "4366", "id": "wamid.1", "timestamp": "1769941834", "type": kind, kind: inside}))
    };
    let typed = said(Platform::Whatsapp, &message("text", json!({"body": "It leaks"})));
    assert_eq!(
        (typed.text.as_str(), typed.author.name.as_str(), typed.thread.as_str()),
        ("It leaks", "Ann", "4366")
    );
    let picture = said(
        Platform::Whatsapp,
        &message("image", json!({"id": "m9", "mime_type": "image/jpeg", "caption": "look"})),
    );
    assert_eq!((picture.text.as_str(), picture.media[0].id.as_str()), ("look", "m9"));
    let pressed = said(
        Platform::Whatsapp,
        &message("interactive", json!({"button_reply": {"id": "1", "title": "Complain"}})),
    );
    assert_eq!(pressed.text, "Complain");
    // Something the interface does not know was sent all the same.
    assert_eq!(said(Platform::Whatsapp, &message("unsupported", json!({}))).text, "");
}

#[test]
fn telegram_tells_edits_files_and_what_is_pressed() {
    let update = |kind: &str| {
        json!({"update_id": 1, kind: {"message_id": 5, "date": 1_769_941_834, "chat": {"id": 99, "type": "private"},
               "from": {"id": 99, "first_name": "Ann"}, "caption": "look", "photo": [{"file_id": "s", "width": 1, "height": 1}, {"file_id": "l", "width": 9, "height": 9}]}})
    };
    let message = said(Platform::Telegram, &update("message"));
    assert_eq!(
        (message.post.post_id.as_str(), message.media[0].id.as_str(), message.text.as_str()),
        ("99/5", "l", "look")
    );
    assert_eq!(said(Platform::Telegram, &update("edited_message")).post.change, PostChange::Edited);
    let joined = json!({"update_id": 2, "message": {"message_id": 6, "chat": {"id": 99, "type": "group"}, "from": {"id": 98}, "new_chat_members": []}});
    assert_eq!(only(Platform::Telegram, &joined), Item::Nothing("joined".to_owned()));
    assert_eq!(
        only(Platform::Telegram, &json!({"update_id": 3, "my_chat_member": {}})),
        Item::Nothing("my_chat_member".to_owned())
    );
}

#[test]
fn x_tells_mentions_edits_and_messages() {
    let tweet = json!({"for_user_id": "7", "tweet_create_events": [{"id": 1_063_212_927_510_081_536_u64, "created_at": "Thu Nov 15 23:31:30 +0000 2018",
        "truncated": true, "text": "It…", "extended_tweet": {"full_text": "It leaks &amp; hisses", "entities": {"user_mentions": [{"id_str": "7"}]}},
        "user": {"id_str": "99", "screen_name": "ann", "name": "Ann"}}]});
    let tweet = said(Platform::X, &tweet);
    assert_eq!(
        (tweet.post.post_id.as_str(), tweet.text.as_str(), tweet.post.kind),
        ("1063212927510081536", "It leaks & hisses", PostKind::Mention)
    );
    assert_eq!(tweet.written_at.unwrap().to_string(), "2018-11-15T23:31:30Z");
    let edited = json!({"data": [{"id": "12", "author_id": "99", "text": "It leaks", "edit_history_post_ids": ["11", "12"], "conversation_id": "11"}]});
    let edited = said(Platform::X, &edited);
    assert_eq!(
        (edited.post.post_id.as_str(), edited.post.revision.as_str(), edited.post.change),
        ("11", "12", PostChange::Edited)
    );
    let message = json!({"for_user_id": "7", "direct_message_events": [{"id": "5", "created_timestamp": "1769941834000",
        "message_create": {"sender_id": "99", "message_data": {"text": "hi"}}}]});
    assert_eq!(said(Platform::X, &message).post.visibility, Visibility::Direct);
}

#[test]
fn reddit_and_the_app_store() {
    let comment = json!({"kind": "Listing", "data": {"children": [{"kind": "t1", "data": {"name": "t1_a", "author": "ann", "author_fullname": "t2_x",
        "body": "u/kettles it leaks", "type": "username_mention", "link_id": "t3_p", "parent_id": "t1_b", "created_utc": 1_769_941_834.0}}]}});
    let comment = said(Platform::Reddit, &comment);
    assert_eq!(
        (comment.thread.as_str(), comment.in_reply_to.as_str(), comment.post.kind),
        ("t3_p", "t1_b", PostKind::Mention)
    );
    let review = json!({"feed": {"entry": {"id": {"label": "8"}, "im:rating": {"label": "1"}, "title": {"label": "Bad"}, "content": {"label": "Crashes"}, "author": {"name": {"label": "ann"}}}}});
    let review = said(Platform::AppStore, &review);
    assert_eq!(
        (review.post.rating, review.subject.as_str(), review.text.as_str()),
        (Some(1), "Bad", "Crashes")
    );
}

#[test]
fn of_recorded_exchanges_what_we_posted_is_ours() {
    let status = json!({"id": "1", "visibility": "public", "content": "<p>hi</p>", "uri": "https://s.example/1", "account": {"acct": "ann", "url": "https://s.example/@ann"}});
    let exchange = |method: &str| json!([{"method": method, "uri": "https://s.example/api/v1/statuses", "status": 200, "headers": {}, "body": status}]);
    assert!(matches!(only(Platform::Mastodon, &exchange("GET")), Item::Post(_)));
    assert!(matches!(only(Platform::Mastodon, &exchange("POST")), Item::Own(_)));
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "id",
        "text",
        "message",
        "entry",
        "changes",
        "value",
        "data",
        "feed",
        "object",
        "page",
        "messages",
        "kind",
        "t1",
        "Listing",
        "children",
        "from",
        "author",
        "account",
        "status",
        "content",
        "record",
        "uri",
        "post",
        "update_id",
        "photo",
        "tweet_create_events",
        "user",
        "visibility",
        "params",
        "headers",
        "body",
        "method",
        "type",
        "messaging",
        "sender",
        "notifications",
        "thread",
        "replies",
        "label",
        "https://x/",
        "2026-02-01",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(words.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_payload_is_too_odd(payload in any_json()) {
        for platform in Platform::ALL {
            prop_assert!(!items(platform, &payload, &own()).is_empty());
        }
    }
}

//! What people say below their own posts (lexicon `app.bsky.feed.getPostThread`): a complaint in three posts names us in the
//! first one only, and only that one is notified.

use serde_json::Value;

use crate::json::{list, text};
use crate::post::Said;

/// So deep is a thread asked for: what goes on further is found from its last post, when that is looked at again. Each post
/// is two levels of JSON, of which no more than 128 are read.
pub(super) const DEPTH: usize = 30;

/// True when there may be something below a post.
pub(super) fn is_answered(view: &Said) -> bool {
    view.raw["replyCount"].as_u64() != Some(0)
}

/// The posts that the author of a thread's first one put below it, each below another of theirs; the first is left out.
pub(super) fn follow_ups(thread: &Value, author: &str) -> Vec<Value> {
    let (mut found, mut open) = (Vec::new(), vec![thread]);
    while let Some(node) = open.pop() {
        for reply in list(&node["replies"]) {
            if text(&reply["post"]["author"]["did"]) == author {
                found.push(reply["post"].clone());
                open.push(reply);
            }
        }
    }
    found.sort_by_key(|post| text(&post["indexedAt"]));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(author: &str, at: u32, replies: &[Value]) -> Value {
        let post = json!({ "uri": format!("at://{author}/{at}"), "author": { "did": author },
            "indexedAt": format!("2026-02-01T10:00:{at:02}.000Z") });
        json!({ "post": post, "replies": replies })
    }

    #[test]
    fn only_what_the_author_goes_on_to_say_is_found_in_the_order_it_was_said() {
        let gone = json!({ "uri": "at://x", "notFound": true });
        let thread = node(
            "ann",
            1,
            &[
                node("ann", 4, &[]),
                gone,
                node("ann", 2, &[node("ann", 3, &[]), node("bob", 5, &[node("ann", 6, &[])])]),
                node("us", 7, &[node("ann", 8, &[])]),
            ],
        );
        let uris: Vec<String> = follow_ups(&thread, "ann").iter().map(|post| text(&post["uri"])).collect();
        // An answer to somebody else is not for us, and one to us is told as a notification.
        assert_eq!(uris, ["at://ann/2", "at://ann/3", "at://ann/4"]);
    }
}

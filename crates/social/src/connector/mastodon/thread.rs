//! What people say below their own posts (docs.joinmastodon.org/entities/Context): only those that name us are notified.

use std::collections::HashSet;

use serde_json::Value;

use crate::json::{list, text};
use crate::post::Said;

/// True when there may be something below a status.
pub(super) fn is_answered(said: &Said) -> bool {
    said.raw["replies_count"].as_u64() != Some(0)
}

/// The statuses that the author of `status` put below it, each below another of theirs. A context lists whatever is answered
/// before its answers.
pub(super) fn follow_ups<'a>(context: &'a Value, status: &Value) -> Vec<&'a Value> {
    let author = text(&status["account"]["id"]);
    let mut theirs = HashSet::from([text(&status["id"])]);
    let below = list(&context["descendants"]).iter().filter(|below| {
        text(&below["account"]["id"]) == author
            && theirs.contains(&text(&below["in_reply_to_id"]))
            && theirs.insert(text(&below["id"]))
    });
    below.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(id: &str, author: &str, to: &str) -> Value {
        json!({ "id": id, "account": { "id": author }, "in_reply_to_id": to })
    }

    #[test]
    fn only_what_the_author_goes_on_to_say_is_found() {
        let context = json!({ "descendants": [
            status("2", "ann", "1"), status("3", "ann", "2"), status("4", "bob", "1"), status("5", "ann", "4"),
            status("6", "us", "1"), status("7", "ann", "6"), status("3", "ann", "2"),
        ] });
        let found: Vec<String> =
            follow_ups(&context, &status("1", "ann", "")).iter().map(|it| text(&it["id"])).collect();
        assert_eq!(found, ["2", "3"]);
    }
}

//! Reviews in Apple's App Store: the public feed (itunes.apple.com/…/customerreviews/json) and App Store Connect
//! (developer.apple.com/documentation/appstoreconnectapi/customer-reviews).

use redress_contract::contact;
use redress_contract::{PostKind, Visibility};
use serde_json::Value;

use crate::json::{text, time};
use crate::post::{Author, Item, Platform, Said};

/// Everything in a payload.
pub(super) fn items(payload: &Value) -> Vec<Item> {
    if let Value::Array(payloads) = payload {
        return payloads.iter().flat_map(items).collect();
    }
    let entry = &payload["feed"]["entry"];
    // One alone is no list.
    let entries = entry.as_array().map_or_else(|| std::slice::from_ref(entry), Vec::as_slice);
    let data = &payload["data"];
    let reviews = data.as_array().map_or_else(|| std::slice::from_ref(data), Vec::as_slice);
    let from_feed = entries.iter().filter(|entry| entry.is_object()).map(of_feed);
    let found: Vec<Item> =
        from_feed.chain(reviews.iter().filter(|it| it.is_object()).map(of_connect)).collect();
    if found.is_empty() { vec![Item::Nothing("no reviews".to_owned())] } else { found }
}

fn of_feed(entry: &Value) -> Item {
    let label = |value: &Value| text(&value["label"]);
    let rating = stars(&label(&entry["im:rating"]));
    if rating.is_none() {
        return Item::Nothing("the app itself".to_owned());
    }
    let name = label(&entry["author"]["name"]);
    let page = label(&entry["author"]["uri"]);
    let said = said(label(&entry["id"]), rating, entry);
    item(Said {
        author: Author {
            id: page.rsplit('/').next().unwrap_or_default().to_owned(),
            handle: name.clone(),
            name,
            is_bot: false,
        },
        written_at: time(&entry["updated"]["label"]),
        subject: label(&entry["title"]),
        text: label(&entry["content"]),
        ..said
    })
}

fn of_connect(review: &Value) -> Item {
    let kind = text(&review["type"]);
    if kind != "customerReviews" {
        return Item::Nothing(if kind.is_empty() { "an unknown answer".to_owned() } else { kind });
    }
    let told = &review["attributes"];
    let name = text(&told["reviewerNickname"]);
    let said = said(text(&review["id"]), stars(&text(&told["rating"])), review);
    item(Said {
        author: Author { id: name.clone(), handle: name.clone(), name, is_bot: false },
        written_at: time(&told["createdDate"]),
        subject: text(&told["title"]),
        text: text(&told["body"]),
        ..said
    })
}

fn stars(rating: &str) -> Option<u32> {
    rating.parse().ok().filter(|stars| (1..=5).contains(stars))
}

fn said(id: String, rating: Option<u32>, raw: &Value) -> Said {
    let post = contact::Post {
        platform: Platform::AppStore.word().to_owned(),
        post_id: id,
        kind: PostKind::Review,
        visibility: Visibility::Public,
        rating,
        ..contact::Post::default()
    };
    Said { raw: raw.clone(), post, ..Said::default() }
}

fn item(said: Said) -> Item {
    if said.post.post_id.is_empty() {
        return Item::Unread { why: "a review without an id".to_owned(), raw: said.raw };
    }
    Item::Post(Box::new(said))
}

//! Bluesky (lexicons `app.bsky.notification.listNotifications`, `app.bsky.feed.searchPosts`, `com.atproto.repo.createRecord`):
//! lists that only go from the newest back, so that each look walks until it meets what is on record; answers under keys made
//! from the communication, so that the same one is never posted twice.

mod session;
mod thread;

use redress_contract::communication::PostRef;
use redress_contract::{PostChange, Visibility};
use redress_intake::health::Kind;
use redress_runtime::Clock;
use redress_vault::Vault;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tracing::debug;

use self::session::Sessions;
use super::length::{Limit, parts};
use super::place::{not_so_privately, visibility};
use super::{Page, Reply, Walk};
use crate::api::Api;
use crate::config::{self, Account, Start};
use crate::json::{text, time};
use crate::platform;
use crate::post::{Item, Own, Platform, Said};
use crate::state::{Gap, Mark, Recent, State};
use crate::trouble::{Trouble, Use};

/// Mentions, replies and quotes.
const NOTIFICATIONS: &str = "notifications";
/// Places that are searches begin so.
const SEARCH: &str = "search:";
/// Most items of a page (lexicon).
const PAGE: usize = 100;
/// Pages of one walk: longer outages are walked over in the next look, and told as a gap when the platform ends before.
const PAGES_MAX: usize = 200;
/// Most posts that are asked for at once (lexicon `app.bsky.feed.getPosts`).
const POSTS: usize = 25;
/// Threads that are asked for with one page: those of its other posts are when these are looked at again.
const THREADS_MOST: usize = 20;
/// What a post may hold (lexicon `app.bsky.feed.post`).
const LIMIT: Limit = Limit { graphemes: 300, bytes: 3_000, address: None };
/// Where posts lie in a repository.
const POST: &str = "app.bsky.feed.post";

/// One account.
pub(crate) struct Bluesky {
    api: Api,
    sessions: Sessions,
    search: Vec<String>,
    start: Start,
    more_own: Vec<String>,
}

impl Bluesky {
    pub(crate) fn new(
        (name, source): (&str, &config::Bluesky),
        account: &Account,
        clock: Clock,
        vault: &Vault,
        bytes_max: usize,
    ) -> Result<Self, Trouble> {
        Ok(Self {
            api: Api::new(&source.url, clock, bytes_max)?,
            sessions: Sessions::new(name, source, vault),
            search: source.search.clone(),
            start: account.start,
            more_own: account.own.clone(),
        })
    }

    pub(crate) fn places(&self) -> Vec<String> {
        let searches = self.search.iter().map(|words| format!("{SEARCH}{words}"));
        std::iter::once(NOTIFICATIONS.to_owned()).chain(searches).collect()
    }

    pub(crate) async fn own(&self) -> Result<Own, Trouble> {
        let session = self.sessions.current(&self.api).await?;
        Ok(Own([session.did, session.handle].into_iter().chain(self.more_own.clone()).collect()))
    }

    async fn get(&self, method: &str, query: &[(&str, &str)], wish: Use) -> Result<Value, Trouble> {
        let path = format!("/xrpc/{method}");
        self.sessions.ask(&self.api, wish, || self.api.request(Method::GET, &path).query(query)).await
    }

    async fn post(&self, method: &str, body: &Value) -> Result<Value, Trouble> {
        let path = format!("/xrpc/{method}");
        self.sessions.ask(&self.api, Use::Answer, || self.api.request(Method::POST, &path).json(body)).await
    }

    pub(crate) async fn page(&self, place: &str, state: &State, walk: Option<Walk>) -> Result<Page, Trouble> {
        let Some(mark) = state.marks.get(place) else {
            let newest = match self.start {
                Start::Now => self.api.clock().now().to_string(),
                Start::All => String::new(),
            };
            return Ok(Page {
                mark: Some(Mark { newest, ..Mark::default() }),
                more: true,
                ..Page::default()
            });
        };
        let own = self.own().await?;
        let (answer, entries) = self.list(place, walk.as_ref()).await?;
        let items =
            if entries.is_empty() { Vec::new() } else { platform::items(Platform::Bluesky, &answer, &own) };
        let mut page = walked(place, mark, walk, (&answer, &entries));
        page.items = items.into_iter().filter(|item| is_after(item, mark)).collect();
        self.complete(&mut page, state).await;
        Ok(page)
    }

    /// One page of a list, from the newest back.
    async fn list(&self, place: &str, walk: Option<&Walk>) -> Result<(Value, Vec<Value>), Trouble> {
        let limit = PAGE.to_string();
        let mut query = vec![("limit", limit.as_str())];
        if let Some(walk) = walk {
            query.push(("cursor", walk.cursor.as_str()));
        }
        let (method, field) = if let Some(words) = place.strip_prefix(SEARCH) {
            query.extend([("q", words), ("sort", "latest")]);
            ("app.bsky.feed.searchPosts", "posts")
        } else {
            query.extend([("reasons", "mention"), ("reasons", "reply"), ("reasons", "quote")]);
            ("app.bsky.notification.listNotifications", "notifications")
        };
        let answer = self.get(method, &query, Use::Fetch).await?;
        let entries = answer[field].as_array().cloned().ok_or_else(odd)?;
        Ok((answer, entries))
    }

    /// What is not told with a notification: where pictures lie, and what its author said below it. Without, it is recorded
    /// all the same.
    async fn complete(&self, page: &mut Page, state: &State) {
        let new = |said: &Said| state.recent(&said.post.post_id).is_none();
        let ids: Vec<String> = page
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Post(said) if new(said) => Some(said.post.post_id.clone()),
                _ => None,
            })
            .collect();
        for some in ids.chunks(POSTS) {
            let Ok(views) = self.views(some).await else { return };
            for view in &views {
                for item in &mut page.items {
                    if let Item::Post(said) = item
                        && said.post.post_id == view.post.post_id
                    {
                        said.media.clone_from(&view.media);
                    }
                }
            }
            let asked = THREADS_MOST.saturating_sub(page.below.len());
            match self.follow_ups(views.iter().filter(|view| thread::is_answered(view)).take(asked)).await {
                Ok(found) => page.below.extend(found),
                Err(trouble) => debug!("Failed to ask for threads: {trouble}"),
            }
        }
    }

    /// What the authors of these posts said below them, to themselves: that is told to nobody.
    async fn follow_ups(&self, views: impl Iterator<Item = &Said>) -> Result<Vec<Item>, Trouble> {
        let (own, depth) = (self.own().await?, thread::DEPTH.to_string());
        let mut found = Vec::new();
        for view in views {
            let query =
                [("uri", view.post.post_id.as_str()), ("depth", depth.as_str()), ("parentHeight", "0")];
            match self.get("app.bsky.feed.getPostThread", &query, Use::Fetch).await {
                Ok(answer) => {
                    let posts = thread::follow_ups(&answer["thread"], &view.author.id);
                    found
                        .extend(posts.iter().flat_map(|post| platform::items(Platform::Bluesky, post, &own)));
                }
                // Gone meanwhile, blocked, or larger than an answer may be.
                Err(trouble) if trouble.kind == Kind::Permanent => {
                    debug!("A thread cannot be had: {trouble}");
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(found)
    }

    /// The posts as they are now; those that are gone are left out.
    async fn views(&self, ids: &[String]) -> Result<Vec<Said>, Trouble> {
        let query: Vec<(&str, &str)> = ids.iter().map(|id| ("uris", id.as_str())).collect();
        let answer = self.get("app.bsky.feed.getPosts", &query, Use::Fetch).await?;
        if !answer["posts"].is_array() {
            return Err(odd());
        }
        let own = self.own().await?;
        let items = platform::items(Platform::Bluesky, &answer, &own);
        Ok(items
            .into_iter()
            .filter_map(|item| if let Item::Post(said) = item { Some(*said) } else { None })
            .collect())
    }

    /// Posts are never edited, but for their whole record being put anew under another version; or they are gone.
    pub(crate) async fn look_again(&self, posts: &[Recent]) -> Result<Page, Trouble> {
        let (mut changed, mut below) = (Vec::new(), Vec::new());
        for some in posts.chunks(POSTS) {
            let ids: Vec<String> = some.iter().map(|post| post.id.clone()).collect();
            let views = self.views(&ids).await?;
            for post in some {
                match views.iter().find(|view| view.post.post_id == post.id) {
                    Some(view) if view.post.revision == post.revision => {}
                    Some(view) => {
                        let mut said = view.clone();
                        said.post.change = PostChange::Edited;
                        changed.push(Item::Post(Box::new(said)));
                    }
                    None => changed.push(gone(&post.id)),
                }
            }
            below.extend(self.follow_ups(views.iter().filter(|view| thread::is_answered(view))).await?);
        }
        Ok(Page { items: changed, below, ..Page::default() })
    }

    pub(crate) async fn answer(&self, reply: Reply<'_>) -> Result<(), Trouble> {
        let answer = reply.answer;
        if visibility(Platform::Bluesky, answer.visibility, Visibility::Public).is_none() {
            return Err(not_so_privately());
        }
        let session = self.sessions.current(&self.api).await?;
        // A post that is gone cannot be answered, though the platform would take the answer.
        if self.views(std::slice::from_ref(&answer.to.id)).await?.is_empty() {
            return Err(Trouble { status: Some(404), ..Trouble::new(Kind::Permanent, "the post is gone") });
        }
        let root = if answer.root.id.is_empty() { &answer.to } else { &answer.root };
        let mut parent = answer.to.clone();
        for (index, part) in parts(&answer.text, "", LIMIT).iter().enumerate() {
            let key = record_key(&reply, index);
            parent = if let Some(posted) = self.posted(&session.did, &key, reply.again).await? {
                posted
            } else {
                let record = record(part, answer, (root, &parent), &self.api.clock().now().to_string());
                self.create(&session.did, &key, &record).await?
            };
        }
        Ok(())
    }

    /// Our post under this key, when it may have been made before.
    async fn posted(&self, did: &str, key: &str, again: bool) -> Result<Option<PostRef>, Trouble> {
        if !again {
            return Ok(None);
        }
        let query = [("repo", did), ("collection", POST), ("rkey", key)];
        match self.get("com.atproto.repo.getRecord", &query, Use::Answer).await {
            Ok(record) => Ok(Some(PostRef { id: text(&record["uri"]), revision: text(&record["cid"]) })),
            // RecordNotFound comes as a bad request.
            Err(trouble) if matches!(trouble.status, Some(400 | 404)) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    async fn create(&self, did: &str, key: &str, record: &Value) -> Result<PostRef, Trouble> {
        let body = json!({ "repo": did, "collection": POST, "rkey": key, "record": record });
        match self.post("com.atproto.repo.createRecord", &body).await {
            Ok(created) => Ok(PostRef { id: text(&created["uri"]), revision: text(&created["cid"]) }),
            // Made a moment ago, by another replica or before the answer got lost: a key that is taken is told as a bad request,
            // or as a failure of the server itself.
            Err(trouble) if trouble.kind == Kind::Permanent || trouble.status == Some(500) => {
                self.posted(did, key, true).await?.ok_or(trouble)
            }
            Err(trouble) => Err(trouble),
        }
    }
}

fn record(
    part: &str,
    answer: &redress_contract::communication::Answer,
    (root, parent): (&PostRef, &PostRef),
    created_at: &str,
) -> Value {
    let named = |post: &PostRef| json!({ "uri": post.id, "cid": post.revision });
    let mut record = json!({
        "$type": POST, "text": part, "createdAt": created_at,
        "reply": { "root": named(root), "parent": named(parent) },
    });
    if !answer.language.is_empty() {
        record["langs"] = json!([answer.language]);
    }
    record
}

/// A key of the kind that posts have (atproto.com/specs/tid): 53 bits of microseconds and 10 bits that tell communications
/// apart, in base 32. The same communication has the same key however often it is sent.
fn record_key(reply: &Reply<'_>, index: usize) -> String {
    const LETTERS: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";
    let digest = Sha256::digest(format!("{}/{index}", reply.key).as_bytes());
    let [a, b, c, d, ..] = digest.as_slice() else { return String::new() };
    // Two that were rendered in the same microsecond are told apart by more than the ten bits.
    let shift = u64::from(u32::from_be_bytes([0, *c, *d, *b])) % 1_000_000;
    let micros = u64::try_from(reply.rendered_at.as_microsecond()).unwrap_or(0).saturating_sub(shift);
    let bits = ((micros & ((1 << 53) - 1)) << 10) | (u64::from(u16::from_be_bytes([*a, *b])) & 0x3ff);
    (0..13).rev().map(|place| char::from(LETTERS[((bits >> (place * 5)) & 31) as usize])).collect()
}

/// Where a walk stands after a page.
fn walked(place: &str, mark: &Mark, walk: Option<Walk>, (answer, entries): (&Value, &[Value])) -> Page {
    let at = |entry: &Value| text(&entry["indexedAt"]);
    let newest = match &walk {
        Some(walk) => walk.newest.clone(),
        None => entries
            .iter()
            .map(at)
            .max()
            .filter(|newest| *newest > mark.newest)
            .unwrap_or_else(|| mark.newest.clone()),
    };
    let pages = walk.map_or(0, |walk| walk.pages) + 1;
    let cursor = text(&answer["cursor"]);
    let oldest = entries.iter().map(at).min().unwrap_or_default();
    // Times alike may be cut by a page: what is as old as the mark is looked at once more, which is harmless.
    let met = !mark.newest.is_empty() && !is_later(&oldest, &mark.newest);
    let ends = entries.is_empty() || cursor.is_empty();
    if !met && !ends && pages < PAGES_MAX {
        return Page { walk: Some(Walk { cursor, newest, pages }), more: true, ..Page::default() };
    }
    // The list ended before the mark was met: an account with little in it, or a platform that forgets.
    let is_short = pages == 1 && entries.len() < PAGE;
    let forgot = !met && !mark.newest.is_empty() && !is_short && !oldest.is_empty();
    let gap = forgot.then(|| Gap {
        place: place.to_owned(),
        after: mark.newest.clone(),
        before: oldest,
        found_at: jiff::Timestamp::UNIX_EPOCH,
    });
    Page { mark: Some(Mark { newest, ..mark.clone() }), gap, ..Page::default() }
}

/// Times are compared as times: they are not all written alike.
fn is_later(a: &str, b: &str) -> bool {
    let time = |text: &str| time(&Value::String(text.to_owned()));
    match (time(a), time(b)) {
        (Some(a), Some(b)) => a >= b,
        _ => a > b,
    }
}

/// What is older than the mark was read before it.
fn is_after(item: &Item, mark: &Mark) -> bool {
    let Item::Post(said) = item else { return true };
    match (said.reached_at, time(&Value::String(mark.newest.clone()))) {
        (Some(at), Some(newest)) => at >= newest,
        _ => true,
    }
}

fn gone(id: &str) -> Item {
    let post = redress_contract::contact::Post {
        platform: Platform::Bluesky.word().to_owned(),
        post_id: id.to_owned(),
        change: PostChange::Deleted,
        visibility: Visibility::Public,
        ..redress_contract::contact::Post::default()
    };
    let raw = json!({ "uri": id, "notFound": true });
    Item::Post(Box::new(Said { post, raw, ..Said::default() }))
}

fn odd() -> Trouble {
    Trouble::new(Kind::Transient, "the platform's answer has an unknown shape")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(times: &[&str]) -> Vec<Value> {
        times.iter().map(|at| json!({ "indexedAt": at })).collect()
    }

    fn mark(newest: &str) -> Mark {
        Mark { newest: newest.to_owned(), ..Mark::default() }
    }

    #[test]
    fn a_walk_goes_back_until_it_meets_the_mark() {
        let mark = mark("2026-02-01T10:00:00.000Z");
        let first = entries(&["2026-02-01T10:05:00.000Z", "2026-02-01T10:03:00.000Z"]);
        let page = walked("notifications", &mark, None, (&json!({"cursor": "c1"}), &first));
        assert_eq!(page.mark, None);
        let walk = page.walk.unwrap();
        assert_eq!((walk.cursor.as_str(), walk.newest.as_str()), ("c1", "2026-02-01T10:05:00.000Z"));
        let second = entries(&["2026-02-01T10:02:00.000Z", "2026-02-01T09:59:00.000Z"]);
        let page = walked("notifications", &mark, Some(walk), (&json!({"cursor": "c2"}), &second));
        assert_eq!(page.mark.unwrap().newest, "2026-02-01T10:05:00.000Z");
        assert_eq!((page.walk, page.gap), (None, None));
    }

    #[test]
    fn a_platform_that_forgets_leaves_a_gap_with_its_bounds() {
        let mark = mark("2026-02-01T10:00:00.000Z");
        let walk = Walk { cursor: "c".to_owned(), newest: "2026-02-04T10:00:00.000Z".to_owned(), pages: 3 };
        let last = entries(&["2026-02-02T10:00:00.000Z", "2026-02-01T18:00:00.000Z"]);
        let gap = walked("notifications", &mark, Some(walk), (&json!({}), &last)).gap.unwrap();
        assert_eq!(
            (gap.after.as_str(), gap.before.as_str()),
            ("2026-02-01T10:00:00.000Z", "2026-02-01T18:00:00.000Z")
        );
    }

    #[test]
    fn an_account_with_little_in_it_has_no_gap() {
        let page = walked(
            "notifications",
            &mark("2026-02-01T10:00:00Z"),
            None,
            (&json!({}), &entries(&["2026-02-02T10:00:00Z"])),
        );
        assert_eq!(page.gap, None);
        let nothing = walked("notifications", &mark("2026-02-01T10:00:00Z"), None, (&json!({}), &[]));
        assert_eq!((nothing.gap, nothing.mark.unwrap().newest.as_str()), (None, "2026-02-01T10:00:00Z"));
    }

    #[test]
    fn keys_of_records_are_of_the_kind_that_posts_have_and_always_the_same() {
        let id = redress_contract::CommunicationId::new("c1").unwrap();
        let answer = redress_contract::communication::Answer::default();
        let rendered_at = "2026-02-01T10:30:34Z".parse().unwrap();
        let reply = |again| Reply { answer: &answer, key: &id, rendered_at, again };
        let key = record_key(&reply(false), 0);
        assert_eq!(key, record_key(&reply(true), 0));
        assert_ne!(key, record_key(&reply(false), 1));
        assert!(key.len() == 13 && key.starts_with('3'), "{key}");
    }
}

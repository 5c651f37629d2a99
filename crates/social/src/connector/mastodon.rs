//! Mastodon's API (docs.joinmastodon.org/methods): notifications walked forward by `min_id`, which leaves nothing out;
//! conversations beside, for direct messages that told nobody; the stream only as a wake-up.

mod thread;

use std::collections::HashMap;
use std::time::Duration;

use redress_contract::{PostChange, Visibility};
use redress_intake::health::Kind;
use redress_runtime::{Clock, Secret};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::sync::OnceCell;
use tracing::debug;

use super::length::{Limit, parts};
use super::place::{not_so_privately, visibility};
use super::{Page, Reply};
use crate::api::Api;
use crate::config::{self, Account, Start};
use crate::html;
use crate::json::{list, text, time};
use crate::platform;
use crate::post::{Item, Own, Platform, Said};
use crate::state::{Mark, Recent, State};
use crate::trouble::{Trouble, Use};

/// Mentions, quotes, edits of what we boosted.
const NOTIFICATIONS: &str = "notifications";
/// Direct messages.
const CONVERSATIONS: &str = "conversations";
/// What is read.
pub(crate) const PLACES: [&str; 2] = [NOTIFICATIONS, CONVERSATIONS];

/// Most notifications that come at once.
const PAGE: usize = 80;
/// Threads that are asked for with one page: those of its other posts are when these are looked at again.
const THREADS_MOST: usize = 20;
/// Most characters of a status where the server does not say.
const CHARACTERS_MAX: u64 = 500;
/// What an address counts (docs.joinmastodon.org/user/posting#text).
const ADDRESS_COUNTS: usize = 23;
/// Most of what ids and handles take of a post.
const HANDLE_MAX: usize = 200;
/// A stream that is silent for so long is opened anew; servers send a line every 15 seconds.
const SILENCE_MAX: Duration = Duration::from_mins(2);
/// After a stream broke off.
const STREAM_AGAIN_AFTER: Duration = Duration::from_secs(15);

/// One account on a server.
pub(crate) struct Mastodon {
    api: Api,
    token: Secret,
    streaming: Option<Api>,
    start: Start,
    more_own: Vec<String>,
    own: OnceCell<Own>,
    characters_max: OnceCell<u64>,
}

impl Mastodon {
    pub(crate) fn new(
        source: &config::Mastodon,
        account: &Account,
        clock: Clock,
        bytes_max: usize,
    ) -> Result<Self, Trouble> {
        let streaming =
            source.streaming_url.as_ref().map(|url| Api::new(url, clock.clone(), bytes_max)).transpose()?;
        Ok(Self {
            api: Api::new(&source.url, clock, bytes_max)?,
            token: source.token.clone(),
            streaming,
            start: account.start,
            more_own: account.own.clone(),
            own: OnceCell::new(),
            characters_max: OnceCell::new(),
        })
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.api.request(Method::GET, path).bearer_auth(self.token.expose())
    }

    pub(crate) async fn own(&self) -> Result<Own, Trouble> {
        let ask = || async {
            let account = self.api.json(self.get("/api/v1/accounts/verify_credentials"), Use::Fetch).await?;
            let (id, acct) = (text(&account["id"]), text(&account["acct"]).to_lowercase());
            if id.is_empty() || acct.is_empty() {
                return Err(Trouble::new(Kind::Transient, "the platform does not say who we are"));
            }
            let host = url::Url::parse(&text(&account["url"])).ok();
            let host = host.as_ref().and_then(|url| {
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                url.host_str().map(|host| format!("{host}{port}"))
            });
            let full = host.map(|host| format!("{acct}@{host}"));
            Ok(Own([id, acct].into_iter().chain(full).chain(self.more_own.clone()).collect()))
        };
        self.own.get_or_try_init(ask).await.cloned()
    }

    pub(crate) async fn page(&self, place: &str, state: &State) -> Result<Page, Trouble> {
        let own = self.own().await?;
        let mut page = match state.marks.get(place) {
            None => return self.first(place).await,
            Some(mark) if place == NOTIFICATIONS => self.notifications(mark, &own).await?,
            Some(mark) => self.conversations(mark, &own).await?,
        };
        self.name_threads(&mut page.items, state).await?;
        let new = page.items.iter().filter_map(|item| match item {
            Item::Post(said) if state.recent(&said.post.post_id).is_none() => Some(&**said),
            _ => None,
        });
        let answered = new.filter(|said| thread::is_answered(said)).take(THREADS_MOST);
        match self.follow_ups(answered, &own).await {
            Ok(below) => page.below = below,
            // It is recorded all the same, and asked for when the post is looked at again.
            Err(trouble) => debug!("Failed to ask for threads: {trouble}"),
        }
        Ok(page)
    }

    /// What the authors of these posts said below them without naming us: that is told to nobody.
    async fn follow_ups(&self, posts: impl Iterator<Item = &Said>, own: &Own) -> Result<Vec<Item>, Trouble> {
        let mut found = Vec::new();
        for said in posts {
            let Some(context) = self.context(&said.post.post_id).await? else { continue };
            let root = if said.thread.is_empty() { &said.post.post_id } else { &said.thread };
            for status in thread::follow_ups(&context, &said.raw) {
                found.extend(platform::items(Platform::Mastodon, status, own).into_iter().map(|item| {
                    let Item::Post(said) = item else { return item };
                    Item::Post(Box::new(Said { thread: root.clone(), ..*said }))
                }));
            }
        }
        Ok(found)
    }

    /// What stands above and below a status; none when it is gone, or when so much does that nobody reads it: that keeps no
    /// post from being read.
    async fn context(&self, id: &str) -> Result<Option<Value>, Trouble> {
        let request = self.get(&format!("/api/v1/statuses/{}/context", segment(id)));
        match self.api.json(request, Use::Fetch).await {
            Ok(context) => Ok(Some(context)),
            Err(trouble) if trouble.kind == Kind::Permanent => {
                debug!("A thread cannot be had: {trouble}");
                Ok(None)
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Where reading begins.
    async fn first(&self, place: &str) -> Result<Page, Trouble> {
        let newest = if place == CONVERSATIONS || self.start == Start::All {
            "0".to_owned()
        } else {
            let request =
                self.get("/api/v1/notifications").query(&[("limit", "1"), ("include_filtered", "true")]);
            let answer = self.api.json(request, Use::Fetch).await?;
            Some(text(&answer[0]["id"])).filter(|id| !id.is_empty()).unwrap_or_else(|| "0".to_owned())
        };
        let mut mark = Mark { newest, ..Mark::default() };
        if place == CONVERSATIONS && self.start == Start::Now {
            // Conversations have no place to begin at but a time.
            mark.modified = self.api.clock().now().to_string();
        }
        Ok(Page { mark: Some(mark), more: true, ..Page::default() })
    }

    /// What came right after the mark: `min_id`, unlike `since_id`, leaves nothing out.
    async fn notifications(&self, mark: &Mark, own: &Own) -> Result<Page, Trouble> {
        let limit = PAGE.to_string();
        let query = [
            ("types[]", "mention"),
            ("types[]", "quote"),
            ("types[]", "quoted_update"),
            ("types[]", "update"),
            // Strangers' mentions are kept from view otherwise: just those who complain.
            ("include_filtered", "true"),
            ("min_id", mark.newest.as_str()),
            ("limit", limit.as_str()),
        ];
        let answer = self.api.json(self.get("/api/v1/notifications").query(&query), Use::Fetch).await?;
        let entries = answer.as_array().ok_or_else(odd)?;
        let ids = entries.iter().map(|entry| text(&entry["id"])).filter(|id| !id.is_empty());
        let newest = ids.chain([mark.newest.clone()]).max_by(|a, b| compare(a, b)).unwrap_or_default();
        // Without an id the mark would stay where it is, and the same page come again and again.
        let moved = newest != mark.newest;
        let items = platform::items(Platform::Mastodon, &answer, own);
        Ok(Page {
            items: if entries.is_empty() { Vec::new() } else { items },
            mark: moved.then(|| Mark { newest, ..mark.clone() }),
            more: moved,
            ..Page::default()
        })
    }

    /// The last message of each conversation, newest first: those of the first page that are newer than the mark.
    async fn conversations(&self, mark: &Mark, own: &Own) -> Result<Page, Trouble> {
        let request = self.get("/api/v1/conversations").query(&[("limit", "40")]);
        let answer = match self.api.json(request, Use::Fetch).await {
            // Servers of other makes know none.
            Err(trouble) if trouble.is_not_there() => return Ok(Page::default()),
            other => other?,
        };
        let since = time(&Value::String(mark.modified.clone()));
        let is_new = |last: &&Value| {
            let id = text(&last["id"]);
            let old = time(&last["created_at"]).zip(since).is_some_and(|(at, since)| at < since);
            !id.is_empty() && !old && compare(&id, &mark.newest).is_gt()
        };
        let last: Vec<&Value> = list(&answer)
            .iter()
            .map(|entry| &entry["last_status"])
            .filter(|it| it.is_object())
            .filter(is_new)
            .collect();
        let newest = last.iter().map(|it| text(&it["id"])).max_by(|a, b| compare(a, b));
        let items = last.iter().flat_map(|it| platform::items(Platform::Mastodon, it, own)).collect();
        let mark = newest.map(|newest| Mark { newest, ..mark.clone() });
        Ok(Page { items, mark, ..Page::default() })
    }

    /// A status names what it answers, not what began its thread: that is asked for, so that posts that come in any order
    /// come together.
    async fn name_threads(&self, items: &mut [Item], state: &State) -> Result<(), Trouble> {
        let mut known: HashMap<String, String> = HashMap::new();
        for item in items {
            let Item::Post(said) = item else { continue };
            if said.in_reply_to.is_empty() || !said.thread.is_empty() {
                continue;
            }
            let parent = said.in_reply_to.clone();
            let remembered =
                state.recent(&parent).map(|post| post.thread.clone()).filter(|thread| !thread.is_empty());
            said.thread = match remembered.or_else(|| known.get(&parent).cloned()) {
                Some(thread) => thread,
                None => self.root_of(&said.post.post_id).await?.unwrap_or_else(|| parent.clone()),
            };
            known.insert(said.post.post_id.clone(), said.thread.clone());
            known.insert(parent, said.thread.clone());
        }
        Ok(())
    }

    async fn root_of(&self, id: &str) -> Result<Option<String>, Trouble> {
        let context = self.context(id).await?.unwrap_or_default();
        let root = list(&context["ancestors"]).first().map(|status| text(&status["id"]));
        Ok(root.filter(|id| !id.is_empty()))
    }

    pub(crate) async fn look_again(&self, posts: &[Recent]) -> Result<Page, Trouble> {
        let own = self.own().await?;
        let (mut changed, mut below) = (Vec::new(), Vec::new());
        for post in posts {
            let status = match self.status(&post.id).await {
                Ok(status) => status,
                Err(trouble) if trouble.is_not_there() => {
                    changed.push(platform::mastodon::deleted(&post.id));
                    continue;
                }
                Err(trouble) => return Err(trouble),
            };
            let items = platform::items(Platform::Mastodon, &status, &own);
            if let [Item::Post(said)] = items.as_slice()
                && thread::is_answered(said)
            {
                let said = Said { thread: post.thread.clone(), ..(**said).clone() };
                below.extend(self.follow_ups(std::iter::once(&said), &own).await?);
            }
            if text(&status["edited_at"]) != post.revision {
                changed.extend(items);
            }
        }
        for item in &mut changed {
            if let Item::Post(said) = item
                && said.post.change.is_unspecified()
            {
                said.post.change = PostChange::Edited;
            }
        }
        Ok(Page { items: changed, below, ..Page::default() })
    }

    async fn status(&self, id: &str) -> Result<Value, Trouble> {
        self.api.json(self.get(&format!("/api/v1/statuses/{}", segment(id))), Use::Fetch).await
    }

    pub(crate) async fn answer(&self, reply: Reply<'_>) -> Result<(), Trouble> {
        let answer = reply.answer;
        // As it is now: it may have been taken away, or made more private.
        let status = self.status(&answer.to.id).await?;
        let own = self.own().await?;
        let now = match platform::items(Platform::Mastodon, &status, &own).into_iter().next() {
            Some(Item::Post(said)) => said.post.visibility,
            _ => Visibility::Direct,
        };
        let visibility =
            visibility(Platform::Mastodon, answer.visibility, now).ok_or_else(not_so_privately)?;
        let handle: String = answer.mention_handle.trim_start_matches('@').chars().take(HANDLE_MAX).collect();
        let limit = Limit {
            graphemes: usize::try_from(self.characters_max().await).unwrap_or(500),
            bytes: 64 * 1024,
            address: Some(ADDRESS_COUNTS),
        };
        let mut to = answer.to.id.clone();
        let told = if reply.again { self.told(&answer.to.id, &own).await? } else { Vec::new() };
        for (index, part) in parts(&answer.text, &format!("@{handle} "), limit).iter().enumerate() {
            let before =
                told.iter().find(|(_, words)| squeezed(words).ends_with(&squeezed(without(part, &handle))));
            to = match before {
                Some((id, _)) => id.clone(),
                None => self.post(part, &to, visibility, (reply.key.as_str(), index)).await?,
            };
        }
        Ok(())
    }

    async fn post(
        &self,
        part: &str,
        to: &str,
        visibility: Visibility,
        (key, index): (&str, usize),
    ) -> Result<String, Trouble> {
        let visibility = if visibility == Visibility::Followers { "private" } else { visibility.token() };
        let form = [("status", part), ("in_reply_to_id", to), ("visibility", visibility)];
        let request = self.api.request(Method::POST, "/api/v1/statuses").bearer_auth(self.token.expose());
        let request = request.header("idempotency-key", format!("{key}-{index}")).form(&form);
        let posted = self.api.json(request, Use::Answer).await?;
        let id = text(&posted["id"]);
        if id.is_empty() { Err(odd()) } else { Ok(id) }
    }

    /// Our own posts below a status, with their words: an answer that may have been sent before is looked for, since servers
    /// keep the idempotency key for an hour only.
    async fn told(&self, id: &str, own: &Own) -> Result<Vec<(String, String)>, Trouble> {
        let path = format!("/api/v1/statuses/{}/context", segment(id));
        let context = self.api.json(self.get(&path), Use::Answer).await?;
        let ours = list(&context["descendants"]).iter().filter(|status| {
            own.is(&text(&status["account"]["id"])) || own.is(&text(&status["account"]["acct"]))
        });
        Ok(ours
            .map(|status| {
                (text(&status["id"]), html::words(status["content"].as_str().unwrap_or_default()).text)
            })
            .collect())
    }

    async fn characters_max(&self) -> u64 {
        let ask = || async {
            let instance = self.api.json(self.get("/api/v2/instance"), Use::Answer).await?;
            Ok::<_, Trouble>(
                instance["configuration"]["statuses"]["max_characters"].as_u64().unwrap_or(CHARACTERS_MAX),
            )
        };
        self.characters_max.get_or_try_init(ask).await.copied().unwrap_or(CHARACTERS_MAX)
    }

    /// Returns when the stream tells of a notification; a stream that breaks off is opened anew.
    pub(crate) async fn news(&self) {
        let Some(streaming) = &self.streaming else { return std::future::pending().await };
        loop {
            if self.listen(streaming).await {
                return;
            }
            tokio::time::sleep(STREAM_AGAIN_AFTER).await;
        }
    }

    /// True when something was told, false when the stream ended.
    async fn listen(&self, streaming: &Api) -> bool {
        let request = streaming.request(Method::GET, "/api/v1/streaming/user/notification");
        let request = request.bearer_auth(self.token.expose()).timeout(Duration::from_hours(24));
        let Ok(mut stream) = request.send().await else { return false };
        if !stream.status().is_success() {
            return false;
        }
        let mut line = Vec::new();
        while let Ok(Ok(Some(chunk))) = tokio::time::timeout(SILENCE_MAX, stream.chunk()).await {
            for byte in chunk {
                if byte != b'\n' {
                    // Only the names of events matter here; they are short.
                    if line.len() < 64 {
                        line.push(byte);
                    }
                    continue;
                }
                if line.starts_with(b"event:") {
                    return true;
                }
                line.clear();
            }
        }
        false
    }
}

/// Ids are numbers of growing length: the longer is the later.
fn compare(a: &str, b: &str) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// An id in a path: what is no id finds nothing.
fn segment(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_').collect()
}

fn squeezed(words: &str) -> String {
    words.chars().filter(|c| !c.is_whitespace()).collect()
}

fn without<'a>(part: &'a str, handle: &str) -> &'a str {
    part.strip_prefix(&format!("@{handle} ")).unwrap_or(part)
}

fn odd() -> Trouble {
    Trouble::new(Kind::Transient, "the platform's answer has an unknown shape")
}

//! Feeds: asked with what was last known of them (RFC 9110 §13.1), so that what did not change is not sent.

use redress_intake::health::Kind;
use redress_runtime::Clock;
use reqwest::Method;
use serde_json::Value;

use super::Page;
use crate::api::Api;
use crate::config::{self, Account, Start};
use crate::platform;
use crate::post::{Item, Own, Platform};
use crate::state::{Gap, Mark, State};
use crate::trouble::{Trouble, Use};

/// What is read.
pub(crate) const PLACE: &str = "feed";

/// One feed.
pub(crate) struct Feed {
    api: Api,
    start: Start,
    own: Vec<String>,
}

impl Feed {
    pub(crate) fn new(
        source: &config::Feed,
        account: &Account,
        clock: Clock,
        bytes_max: usize,
    ) -> Result<Self, Trouble> {
        let api = Api::whole(&source.url, clock, bytes_max)?;
        Ok(Self { api, start: account.start, own: account.own.clone() })
    }

    pub(crate) fn own(&self) -> Own {
        Own(self.own.clone())
    }

    pub(crate) async fn page(&self, state: &State) -> Result<Page, Trouble> {
        let before = state.marks.get(PLACE);
        let mut request = self.api.request(Method::GET, "");
        for (name, value) in before
            .iter()
            .flat_map(|mark| [("if-none-match", &mark.etag), ("if-modified-since", &mark.modified)])
        {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        let answered = self.api.ask(request, Use::Fetch).await?;
        if answered.status == 304 {
            return Ok(Page::default());
        }
        let words = String::from_utf8_lossy(&answered.body).into_owned();
        let items = platform::items(Platform::Feed, &Value::String(words), &self.own());
        if matches!(items.as_slice(), [Item::Unread { .. }]) {
            return Err(Trouble::new(Kind::Transient, "the answer is no feed of a known kind"));
        }
        let header =
            |name: &str| answered.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let mark = Mark {
            newest: newest(&items).or_else(|| before.map(|mark| mark.newest.clone())).unwrap_or_default(),
            etag: header("etag").to_owned(),
            modified: header("last-modified").to_owned(),
        };
        if before.is_none() && self.start == Start::Now {
            return Ok(Page { seen: items, mark: Some(mark), ..Page::default() });
        }
        let gap = before.and_then(|before| gap(before, &items, state));
        Ok(Page { items, mark: Some(mark), gap, ..Page::default() })
    }
}

fn newest(items: &[Item]) -> Option<String> {
    written(items).max().map(|at| at.to_string())
}

fn written(items: &[Item]) -> impl Iterator<Item = jiff::Timestamp> {
    items.iter().filter_map(|item| if let Item::Post(said) = item { said.written_at } else { None })
}

/// A feed shows its last entries only. When even the oldest of them is newer than what was read last, and none is known, some
/// have gone by unseen.
fn gap(before: &Mark, items: &[Item], state: &State) -> Option<Gap> {
    let last: jiff::Timestamp = before.newest.parse().ok()?;
    let oldest = written(items).min()?;
    let is_known =
        |item: &Item| matches!(item, Item::Post(said) if state.recent(&said.post.post_id).is_some());
    let unseen = oldest > last && !state.recent.is_empty() && !items.iter().any(is_known);
    unseen.then(|| Gap {
        place: PLACE.to_owned(),
        after: before.newest.clone(),
        before: oldest.to_string(),
        found_at: jiff::Timestamp::UNIX_EPOCH,
    })
}

#[cfg(test)]
mod tests {
    use redress_contract::contact;

    use super::*;
    use crate::post::Said;
    use crate::state::Recent;

    fn entry(id: &str, written_at: &str) -> Item {
        let post = contact::Post { post_id: id.to_owned(), ..contact::Post::default() };
        Item::Post(Box::new(Said { post, written_at: written_at.parse().ok(), ..Said::default() }))
    }

    fn state(id: &str) -> State {
        let at = "2026-02-01T10:00:00Z".parse().unwrap();
        let recent = Recent {
            id: id.to_owned(),
            revision: String::new(),
            author: String::new(),
            thread: String::new(),
            is_direct: false,
            recorded_at: at,
            looked_at: at,
        };
        State { recent: [recent].into(), ..State::default() }
    }

    #[test]
    fn a_feed_that_went_on_for_three_days_leaves_a_gap_with_its_bounds() {
        let mark = Mark { newest: "2026-02-01T10:00:00Z".to_owned(), ..Mark::default() };
        let shown = [entry("9", "2026-02-04T09:00:00Z"), entry("8", "2026-02-03T18:00:00Z")];
        let gap = gap(&mark, &shown, &state("1")).unwrap();
        assert_eq!(
            (gap.after.as_str(), gap.before.as_str()),
            ("2026-02-01T10:00:00Z", "2026-02-03T18:00:00Z")
        );
    }

    #[test]
    fn a_feed_that_still_shows_what_was_read_has_none() {
        let mark = Mark { newest: "2026-02-01T10:00:00Z".to_owned(), ..Mark::default() };
        let shown = [entry("2", "2026-02-04T09:00:00Z"), entry("1", "2026-02-03T18:00:00Z")];
        assert_eq!(gap(&mark, &shown, &state("1")), None);
        assert_eq!(gap(&mark, &shown, &State::default()), None);
    }
}

//! The contract that every platform's connector keeps, and the connectors.
//!
//! A connector hands out pages of what came after a mark, oldest unread first or in one walk back to it; what it hands out is on
//! record before the next mark is kept. It answers on the thread it is told, never more publicly than it is told, and
//! answering again with the same key makes no second post.

pub(crate) mod bluesky;
pub(crate) mod feed;
pub(crate) mod length;
pub(crate) mod mastodon;
pub(crate) mod place;

use redress_contract::CommunicationId;
use redress_contract::communication::Answer;
use redress_runtime::Clock;
use redress_vault::Vault;

use crate::config::{Account, Source};
use crate::post::{Item, Own};
use crate::state::{Gap, Mark, Recent, State};
use crate::trouble::Trouble;

/// A part of what a place holds.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// What is in it.
    pub(crate) items: Vec<Item>,
    /// What belongs below these: it comes when they are on record.
    pub(crate) below: Vec<Item>,
    /// What was there before reading began: it is remembered, not recorded.
    pub(crate) seen: Vec<Item>,
    /// Up to where everything is on record once these items are; none in the middle of a walk.
    pub(crate) mark: Option<Mark>,
    /// How a walk goes on; none at its end.
    pub(crate) walk: Option<Walk>,
    /// True when there is more to be read at once.
    pub(crate) more: bool,
    /// A stretch that the platform does not know any more.
    pub(crate) gap: Option<Gap>,
}

/// A walk from the newest back to the mark, for platforms that only go that way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Walk {
    /// The platform's word for the next page.
    pub(crate) cursor: String,
    /// The mark at the end of the walk.
    pub(crate) newest: String,
    /// Pages so far.
    pub(crate) pages: usize,
}

/// What is said to one post, as it goes to the platform.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reply<'a> {
    pub(crate) answer: &'a Answer,
    /// What makes it one answer however often it is sent.
    pub(crate) key: &'a CommunicationId,
    /// When it was rendered: some ids are made from it.
    pub(crate) rendered_at: jiff::Timestamp,
    /// True when it may have been sent before.
    pub(crate) again: bool,
}

/// One account's connector.
pub(crate) enum Connector {
    Mastodon(mastodon::Mastodon),
    Bluesky(bluesky::Bluesky),
    Feed(feed::Feed),
}

impl Connector {
    pub(crate) fn new(
        name: &str,
        account: &Account,
        clock: Clock,
        vault: &Vault,
        bytes_max: usize,
    ) -> Result<Self, Trouble> {
        Ok(match &account.source {
            Source::Mastodon(source) => {
                Self::Mastodon(mastodon::Mastodon::new(source, account, clock, bytes_max)?)
            }
            Source::Bluesky(source) => {
                Self::Bluesky(bluesky::Bluesky::new((name, source), account, clock, vault, bytes_max)?)
            }
            Source::Feed(source) => Self::Feed(feed::Feed::new(source, account, clock, bytes_max)?),
        })
    }

    /// Who we are there.
    pub(crate) async fn own(&self) -> Result<Own, Trouble> {
        match self {
            Self::Mastodon(connector) => connector.own().await,
            Self::Bluesky(connector) => connector.own().await,
            Self::Feed(connector) => Ok(connector.own()),
        }
    }

    /// What is read: each has a mark of its own.
    pub(crate) fn places(&self) -> Vec<String> {
        match self {
            Self::Mastodon(_) => mastodon::PLACES.map(str::to_owned).to_vec(),
            Self::Bluesky(connector) => connector.places(),
            Self::Feed(_) => vec![feed::PLACE.to_owned()],
        }
    }

    /// The next page of a place.
    pub(crate) async fn page(&self, place: &str, state: &State, walk: Option<Walk>) -> Result<Page, Trouble> {
        match self {
            Self::Mastodon(connector) => connector.page(place, state).await,
            Self::Bluesky(connector) => connector.page(place, state, walk).await,
            Self::Feed(connector) => connector.page(state).await,
        }
    }

    /// Those of the posts that are gone or changed since, and what their authors said below them meanwhile.
    pub(crate) async fn look_again(&self, posts: &[Recent]) -> Result<Page, Trouble> {
        match self {
            Self::Mastodon(connector) => connector.look_again(posts).await,
            Self::Bluesky(connector) => connector.look_again(posts).await,
            Self::Feed(_) => Ok(Page::default()),
        }
    }

    /// Answers a post; returns when the platform has the answer.
    pub(crate) async fn answer(&self, reply: Reply<'_>) -> Result<(), Trouble> {
        match self {
            Self::Mastodon(connector) => connector.answer(reply).await,
            Self::Bluesky(connector) => connector.answer(reply).await,
            Self::Feed(_) => Err(place::nobody_answers_here()),
        }
    }

    /// Waits until the platform says that there is something new; for ever where it never does.
    pub(crate) async fn news(&self) {
        match self {
            Self::Mastodon(connector) => connector.news().await,
            Self::Bluesky(_) | Self::Feed(_) => std::future::pending().await,
        }
    }
}

//! All events from any point on: EVENTS, and before its first message the same events derived from the log.

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use jiff::Timestamp;
use redress_bus::{Bus, Stored};
use redress_contract::CloudEvent;
use redress_contract::subject::name;
use redress_ledger::{Ledger, LoadError};

use crate::{Error, Position, derive};

/// From when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Everything that was ever recorded.
    Beginning,
    /// What was recorded at this time or later.
    At(Timestamp),
}

/// Until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// What is published now.
    Present,
    /// And what is published later, until the stream is dropped.
    Forever,
}

/// Events in the order of the log, each once. `source` names the installation in what is derived.
///
/// # Errors
/// [`Error`] when the broker does not answer.
pub async fn read(
    ledger: &Ledger,
    source: &str,
    start: Start,
    until: Until,
) -> Result<BoxStream<'static, Result<CloudEvent, Error>>, Error> {
    let bus = ledger.vault().bus();
    let first = match bus.scan(name::EVENTS, ">", 1).await?.next().await {
        Some(stored) => Some(position(&stored?)?),
        None => None,
    };
    let derived = derived(ledger, source, first).await?;
    let published = published(bus, until).await?;
    // Without a first message, what appears in EVENTS from now on may have been derived already.
    let mut reached = Position::default();
    let all = derived.chain(published).filter_map(move |item| {
        let item = match item {
            Ok((position, _)) if position <= reached => None,
            Ok((position, event)) => {
                reached = position;
                Some(Ok(event))
            }
            Err(error) => Some(Err(error)),
        };
        std::future::ready(item)
    });
    let since = match start {
        Start::Beginning => Timestamp::MIN,
        Start::At(at) => at,
    };
    let wanted = move |item: &Result<CloudEvent, Error>| match item {
        Ok(event) => std::future::ready(event.recordedtime >= since),
        Err(_) => std::future::ready(true),
    };
    Ok(all.filter(wanted).boxed())
}

type Placed = Result<(Position, CloudEvent), Error>;

/// The events before `first`, or all of them.
async fn derived(
    ledger: &Ledger,
    source: &str,
    first: Option<Position>,
) -> Result<BoxStream<'static, Placed>, Error> {
    if first == Some(Position { commit_seq: 1, index: 0 }) {
        return Ok(stream::empty().boxed());
    }
    let source = source.to_owned();
    let entries = ledger.entries(1).await?;
    let events = entries.flat_map(move |entry| {
        let events: Vec<Placed> = match entry {
            Err(problem) => vec![Err(Error::Load(problem))],
            Ok(entry) => {
                let place = |index| Position { commit_seq: entry.stream_seq, index };
                (0..).map(place).zip(derive(&entry.commit, &source)).map(Ok).collect()
            }
        };
        stream::iter(events)
    });
    let before = move |placed: &Placed| match (placed, first) {
        (Ok((position, _)), Some(first)) => std::future::ready(*position < first),
        _ => std::future::ready(true),
    };
    Ok(events.take_while(before).boxed())
}

async fn published(bus: &Bus, until: Until) -> Result<BoxStream<'static, Placed>, Error> {
    let stored = match until {
        Until::Present => bus.scan(name::EVENTS, ">", 1).await?,
        Until::Forever => bus.follow(name::EVENTS, ">", 1).await?,
    };
    Ok(stored.map(|stored| placed(&stored?)).boxed())
}

fn placed(stored: &Stored) -> Placed {
    let event = serde_json::from_slice(&stored.body)
        .map_err(|e| LoadError::Broken { stream_seq: stored.seq, problem: format!("it is no event: {e}") })?;
    Ok((position(stored)?, event))
}

fn position(stored: &Stored) -> Result<Position, Error> {
    Position::of(stored).ok_or(Error::Foreign { seq: stored.seq })
}

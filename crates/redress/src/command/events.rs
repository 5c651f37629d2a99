//! `redress events`: the complaint stream as CloudEvents, one JSON object a line.

use futures::StreamExt as _;
use redress_contract::CloudEvent;
use redress_feed::{Start, Until};
use redress_runtime::signal::Signals;

use crate::cli::{Events, From};
use crate::house::House;
use crate::out::Out;
use crate::settings::Config;

/// Ends with the last event, or at a signal.
pub(super) async fn run(config: &Config, house: &House, asked: &Events, out: Out) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let until = if asked.follow { Until::Forever } else { Until::Present };
    let mut events =
        redress_feed::read(&house.ledger, &config.feed.source, start(house, asked), until).await?;
    loop {
        let next = tokio::select! {
            next = events.next() => next,
            _ = signals.next() => None,
        };
        let Some(event) = next else { return Ok(()) };
        let event = event?;
        if is_wanted(&event, &asked.types) {
            out.json(&event)?;
        }
    }
}

fn start(house: &House, asked: &Events) -> Start {
    let usual = if asked.follow { From::Now } else { From::Beginning };
    match asked.from.unwrap_or(usual) {
        From::Beginning => Start::Beginning,
        From::Now => Start::At(house.clock.now()),
        From::Time(at) => Start::At(at),
    }
}

/// The last word of the type, or all of it.
fn is_wanted(event: &CloudEvent, types: &[String]) -> bool {
    let last_word = event.r#type.rsplit('.').next().unwrap_or_default();
    types.is_empty() || types.iter().any(|wanted| wanted == last_word || *wanted == event.r#type)
}

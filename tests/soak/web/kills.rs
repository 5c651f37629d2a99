//! `web` and the broker are killed in turn, at random moments of a load of forms and posts, without Dovecot and without
//! the other services (`kills` has those). Most senders send again with the same key until they hear yes; some hang up
//! early first, some send once and never come back.

use std::time::Duration;

use anyhow::Context as _;
use redress_testkit::eventually_within;
use redress_tests::results::{Bar, Results, say};
use tokio::task::JoinSet;

use super::house::House;
use super::once;
use crate::Form;
use crate::battlefield::Battlefield;
use crate::load::Load;

/// How far behind the point in the load at which it is due a kill may fall.
const SPREAD: Duration = Duration::from_millis(120);
/// How long a part of the load may take.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let kills = form.kills.unwrap_or_else(|| form.pick(16, 100));
    let requests = form.pick(1_000, 5_000);
    let House { web, place, records, broker, .. } = House::start("").await?;
    let load = Load::new(place.web())?;
    let mut field = Battlefield::new(broker, vec![web], form.seed);
    let mut clients = JoinSet::new();
    for n in 0..requests {
        load.passer_by(&mut clients, n);
    }
    for round in 0..kills {
        // Somewhere within its share of the load, which goes on meanwhile.
        let due = requests * round / kills;
        eventually_within(PATIENCE, "the load goes on", || async {
            (load.promises.contacts() >= due).then_some(())
        })
        .await;
        field.strike_one(SPREAD).await?;
    }
    let under_way = requests - load.promises.promised().min(requests);
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    say(&format!("{requests} people, kills: {}", field.kills));
    results.count("web.kills_web", field.kills.services(), "kills", Bar::at_least(kills / 2));
    results.count("web.kills_broker", field.kills.broker(), "kills", Bar::at_least(kills / 2));
    results.count("web.kills_requests", load.promises.contacts(), "contacts", Bar::exactly(requests));
    results.count("web.kills_after_the_last", under_way, "contacts", Bar::None);
    once::tell("web.kills", &records, &load.promises, results).await.context("compare the record")?;
    results.count("web.kills_panics", place.panics()?, "panics", Bar::exactly(0));
    field.services.iter_mut().try_for_each(crate::processes::Service::stop)
}

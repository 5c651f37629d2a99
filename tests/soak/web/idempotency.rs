//! One `Idempotency-Key` sent a thousand times, and two hundred times at once: one contact, one and the same answer, over
//! the deaths of `web` and broker too. The key with other words: 422, which tells nothing of the first.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use redress_testkit::eventually_within;
use redress_tests::promises::Promises;
use redress_tests::results::{Bar, Results};
use redress_tests::wire::{Reply, Wire, complain, complaint};
use serde_json::Value;
use tokio::task::JoinSet;

use super::house::{House, post, promised};
use super::once;

const HOME: Ipv4Addr = Ipv4Addr::LOCALHOST;
const REPEATS: usize = 1_000;
const AT_ONCE: usize = 200;
const OTHER_WORDS: usize = 100;
/// Tries of one sender while it hears that nobody could say in time.
const TRIES_MAX: usize = 20;

pub(crate) async fn run(results: &mut Results) -> anyhow::Result<()> {
    let mut house = House::start("").await?;
    let promises = Promises::default();
    let first = repeats(&house, &promises, results).await?;
    at_once(&house, &promises, results).await?;
    race(&house, &promises, results).await?;
    other_words(&house, &first, results).await?;
    after_death(&mut house, &first, results).await?;
    let contacts = house.records.contacts().await?.len();
    results.count("web.idempotency_contacts", contacts, "contacts", Bar::exactly(KEYS.len()));
    once::tell("web.idempotency", &house.records, &promises, results).await?;
    results.count("web.idempotency_panics", house.place.panics()?, "panics", Bar::exactly(0));
    house.web.stop()
}

/// The keys that are used, one for each test.
const KEYS: [&str; 3] = ["repeated-one-after-the-other", "repeated-at-once-0001", "raced-for-by-two-0001"];

/// One after the other, on one connection.
async fn repeats(house: &House, promises: &Promises, results: &mut Results) -> anyhow::Result<Reply> {
    let request = complain(KEYS[0], &complaint(0));
    let mut wire = Wire::open(house.address()?, HOME).await?;
    let mut replies = Vec::new();
    for _ in 0..=REPEATS {
        replies.push(wire.ask(&request).await?);
    }
    note(house, promises, KEYS[0], &replies);
    let accepted = replies.iter().filter(|reply| reply.status == 202).count();
    results.count("web.idempotency_repeats", accepted - 1, "answers-202", Bar::exactly(REPEATS));
    results.count("web.idempotency_repeats_differing", distinct(&replies) - 1, "answers", Bar::exactly(0));
    replies.into_iter().next().context("there is a first answer")
}

/// A fresh key, by everybody at the same moment.
async fn at_once(house: &House, promises: &Promises, results: &mut Results) -> anyhow::Result<()> {
    let (replies, again) = all_at_once(house, vec![complain(KEYS[1], &complaint(1)); AT_ONCE]).await?;
    note(house, promises, KEYS[1], &replies);
    let accepted = replies.iter().filter(|reply| reply.status == 202).count();
    results.count("web.idempotency_at_once", accepted, "answers-202", Bar::exactly(AT_ONCE));
    results.count("web.idempotency_at_once_differing", distinct(&replies) - 1, "answers", Bar::exactly(0));
    results.count("web.idempotency_at_once_sent_again", again, "posts", Bar::None);
    Ok(())
}

/// A fresh key, at the same moment with these words by half of them and with those by the others: one half hears yes.
async fn race(house: &House, promises: &Promises, results: &mut Results) -> anyhow::Result<()> {
    let requests = (0..AT_ONCE).map(|n| complain(KEYS[2], &complaint(2 + n % 2))).collect();
    let (replies, _) = all_at_once(house, requests).await?;
    let (yes, no): (Vec<Reply>, Vec<Reply>) = replies.into_iter().partition(|reply| reply.status == 202);
    note(house, promises, KEYS[2], &yes);
    let refused = no.iter().filter(|reply| reply.status == 422).count();
    results.count("web.idempotency_race_accepted", yes.len(), "answers-202", Bar::exactly(AT_ONCE / 2));
    results.count("web.idempotency_race_refused", refused, "answers-422", Bar::exactly(AT_ONCE / 2));
    results.count("web.idempotency_race_differing", distinct(&yes) - 1, "answers", Bar::exactly(0));
    tell_nothing("web.idempotency_race_told", &no, yes.first().context("somebody hears yes")?, results)
}

/// Other words under a key that is used up.
async fn other_words(house: &House, first: &Reply, results: &mut Results) -> anyhow::Result<()> {
    let mut wire = Wire::open(house.address()?, HOME).await?;
    let mut replies = Vec::new();
    for n in 0..OTHER_WORDS {
        replies.push(wire.ask(&complain(KEYS[0], &complaint(1_000 + n))).await?);
    }
    let refused = replies.iter().filter(|reply| reply.status == 422).count();
    results.count("web.idempotency_other_words", refused, "answers-422", Bar::exactly(OTHER_WORDS));
    tell_nothing("web.idempotency_other_words_told", &replies, first, results)
}

/// The answer outlives the processes that gave it.
async fn after_death(house: &mut House, first: &Reply, results: &mut Results) -> anyhow::Result<()> {
    house.web.kill()?;
    house.broker.restart().await;
    let (request, server) = (complain(KEYS[0], &complaint(0)), house.address()?);
    let again = eventually_within(Duration::from_mins(1), "web is back", || async {
        post(server, HOME, &request).await.filter(|reply| reply.status == 202)
    })
    .await;
    let differing = usize::from(again.body != first.body);
    results.count("web.idempotency_after_death_differing", differing, "answers", Bar::exactly(0));
    Ok(())
}

/// Everybody is connected, then everybody sends; 503 means to send it again. Answers, and posts that were sent again.
async fn all_at_once(house: &House, requests: Vec<Vec<u8>>) -> anyhow::Result<(Vec<Reply>, usize)> {
    let mut connected = Vec::new();
    for request in requests {
        connected.push((Wire::open(house.address()?, HOME).await?, request));
    }
    let mut senders = JoinSet::new();
    for (mut wire, request) in connected {
        senders.spawn(async move {
            for tries in 0..TRIES_MAX {
                let reply = wire.ask(&request).await?;
                if reply.status != 503 {
                    return anyhow::Ok((reply, tries));
                }
            }
            anyhow::bail!("a sender heard 503 {TRIES_MAX} times")
        });
    }
    let (mut replies, mut again) = (Vec::new(), 0);
    while let Some(sender) = senders.join_next().await {
        let (reply, tries) = sender??;
        replies.push(reply);
        again += tries;
    }
    Ok((replies, again))
}

fn note(house: &House, promises: &Promises, key: &str, replies: &[Reply]) {
    let contact = house.contact(key);
    promises.sent(contact.clone(), key, None);
    for answer in replies.iter().filter_map(promised) {
        promises.told_yes(&contact, Some(answer));
    }
}

fn distinct(replies: &[Reply]) -> usize {
    replies.iter().map(|reply| (reply.status, &reply.body)).collect::<BTreeSet<_>>().len()
}

/// Refusals that hold anything of the first answer, or of its words.
fn tell_nothing(name: &str, refusals: &[Reply], first: &Reply, results: &mut Results) -> anyhow::Result<()> {
    let answer: Value = serde_json::from_str(&first.body)?;
    let members = answer.as_object().context("the answer is an object")?;
    let mut secrets: Vec<&str> = members.values().filter_map(Value::as_str).collect();
    ensure!(secrets.len() == 4, "the answer has {} members", secrets.len());
    secrets.extend(["parcel", "clients.example"]);
    let tells = |reply: &&Reply| {
        let said = format!("{}\n{}", reply.head, reply.body);
        secrets.iter().any(|secret| said.contains(secret))
    };
    results.count(name, refusals.iter().filter(tells).count(), "answers", Bar::exactly(0));
    Ok(())
}

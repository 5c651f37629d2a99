//! Three in ten answers are cut on their way, by proxies that let the whole request through: nobody hears yes, and the
//! contact is on record. Senders send again with the same key until they have heard yes.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use redress_testkit::proxy::{Proxy, Way};
use redress_tests::mails::Dice;
use redress_tests::promises::Promises;
use redress_tests::results::{Bar, Results};
use redress_tests::wire::{complain, complaint};

use super::house::{House, post, promised};
use super::once;
use crate::Form;

/// Of a hundred answers so many are cut.
const CUT_OF_HUNDRED: usize = 30;
/// How much of a cut answer passes: nothing, a part of the status line, of the headers, nearly all of it.
const CUT_AT_BYTES: [u64; 4] = [0, 9, 60, 400];
const AT_ONCE: usize = 16;
/// Tries of one sender before the run is given up.
const TRIES_MAX: usize = 60;
/// How long a sender waits who was told to come again.
const PAUSE: Duration = Duration::from_millis(50);

/// Ways to the server: one that is whole, and one for each place of a cut.
struct Ways {
    whole: Proxy,
    cutting: Vec<Proxy>,
}

impl Ways {
    async fn to(server: SocketAddr) -> Self {
        let mut cutting = Vec::new();
        for bytes in CUT_AT_BYTES {
            let proxy = Proxy::before(server).await;
            proxy.cut_at(Way::ToClient, bytes);
            cutting.push(proxy);
        }
        Self { whole: Proxy::before(server).await, cutting }
    }

    /// The way of one post; true when its answer is going to be cut.
    fn draw(&self, dice: &mut Dice) -> (SocketAddr, bool) {
        if dice.below(100) < CUT_OF_HUNDRED {
            (self.cutting[dice.below(self.cutting.len())].address(), true)
        } else {
            (self.whole.address(), false)
        }
    }
}

/// What one sender went through until the yes.
#[derive(Debug, Default)]
struct Sent {
    posts: usize,
    cut: usize,
    /// Answers other than yes that came whole.
    refused: usize,
}

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let count = form.pick(1_500, 10_000);
    let mut house = House::start("").await?;
    let ways = Ways::to(house.address()?).await;
    let promises = Promises::default();
    let senders = futures::stream::iter(0..count).map(|n| sender(&house, &ways, &promises, (form.seed, n)));
    let sent: Vec<Sent> = senders.buffer_unordered(AT_ONCE).try_collect().await?;
    let sum = |figure: fn(&Sent) -> usize| sent.iter().map(figure).sum::<usize>();
    let share = 100 * sum(|it| it.cut) / sum(|it| it.posts).max(1);
    results.count("web.cut_answers_posts", sum(|it| it.posts), "posts", Bar::None);
    results.count("web.cut_answers_cut", share, "percent", Bar::at_least(CUT_OF_HUNDRED - 5));
    results.count("web.cut_answers_refused", sum(|it| it.refused), "answers", Bar::None);
    results.count("web.cut_answers_heard_yes", promises.promised(), "contacts", Bar::exactly(count));
    let contacts = house.records.contacts().await?.len();
    results.count("web.cut_answers_contacts", contacts, "contacts", Bar::exactly(count));
    once::tell("web.cut_answers", &house.records, &promises, results).await?;
    results.count("web.cut_answers_panics", house.place.panics()?, "panics", Bar::exactly(0));
    house.web.stop()
}

/// Sends the `n`th complaint until it is accepted.
async fn sender(
    house: &House,
    ways: &Ways,
    promises: &Promises,
    (seed, n): (u64, usize),
) -> anyhow::Result<Sent> {
    let mut dice = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(n as u64));
    let key = format!("cut-answer-{n:08}-key");
    let (contact, request) = (house.contact(&key), complain(&key, &complaint(n)));
    promises.sent(contact.clone(), &key, None);
    let mut sent = Sent::default();
    while sent.posts < TRIES_MAX {
        let (way, cut) = ways.draw(&mut dice);
        let reply = post(way, Ipv4Addr::LOCALHOST, &request).await;
        sent.posts += 1;
        sent.cut += usize::from(cut);
        ensure!(!cut || reply.is_none(), "an answer that should be cut came whole");
        let Some(reply) = reply else { continue };
        if reply.status == 202 {
            promises.told_yes(&contact, Some(promised(&reply).context("read a 202")?));
            return Ok(sent);
        }
        ensure!(reply.status == 503, "a sender was answered {}", reply.status);
        sent.refused += 1;
        tokio::time::sleep(PAUSE).await;
    }
    anyhow::bail!("a sender sent {TRIES_MAX} times in vain")
}

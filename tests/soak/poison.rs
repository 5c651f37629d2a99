//! Contacts that nobody can handle, among many that anybody can: panics, deaths of the process, handlers that never come
//! back, with and without their thread. The good ones are done, the bad ones become dead letters, and after the fix a
//! replay handles each of them once.

use std::time::{Duration, Instant};

use anyhow::ensure;
use futures::{StreamExt as _, TryStreamExt as _};
use redress_identity::Keys;
use redress_intake::Intake;
use redress_runtime::Clock;
use redress_testkit::{Broker, SmtpSink};
use redress_tests::checker::{Seen, sort};
use redress_tests::house;
use redress_tests::mails::{Dice, make_small};
use redress_tests::program::ask;
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results, say};

use crate::Form;
use crate::load::Load;
use crate::processes::{KEY, Place, Service};
use crate::workload::Mail;

const GOOD: usize = 10_000;
/// What happens to whoever handles a bad one, and how many there are of each kind. What blocks takes its process along
/// only ten seconds after its time, again and again; so there are few where time is short.
const BAD: [(&str, usize); 4] = [("panic", 90), ("abort", 5), ("hang", 4), ("block", 1)];
const BAD_LONG: [(&str, usize); 4] = [("panic", 60), ("abort", 20), ("hang", 12), ("block", 8)];
/// Contacts that are recorded at once.
const AT_ONCE: usize = 32;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_mins(20);
const SETTINGS: &str = "[router]\nhandler_timeout_seconds = 2\n";

/// The house of this test: a router, and who starts it again whenever it dies.
struct House {
    place: Place,
    records: Records,
    load: Load,
    router: Service,
    restarts: usize,
}

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let broker = Broker::start().await;
    let sink = SmtpSink::start().await;
    let place = Place::make(&broker, &sink, "", SETTINGS)?;
    place.change("ack_wait_seconds = 5", "ack_wait_seconds = 2")?;
    let records = Records::open(&broker.url(), &place.key()).await?;
    place.provision()?;
    let load = Load::new(place.web())?;
    let kinds = form.pick(BAD, BAD_LONG);
    send(&load, &records, (form.seed, kinds)).await?;
    let bad: usize = kinds.iter().map(|(_, count)| count).sum();

    let acts: Vec<String> = kinds.iter().map(|(act, _)| format!("{act} at POISON-{act}")).collect();
    let poisoned = format!("router::opened=return({})", acts.join(","));
    let mut router = place.start("router")?;
    router.running().kill();
    let mut house = House { place, records, load, router, restarts: 0 };
    let started = Instant::now();
    house.work_off(&[("REDRESS_FAILPOINTS", &poisoned)], |linked, dead| linked + dead >= GOOD + bad).await?;
    say(&format!("{} s, the router was started again {} times", started.elapsed().as_secs(), house.restarts));
    let (linked, dead) = house.look().await?;
    results.count("core.poison_done", linked, "contacts", Bar::exactly(GOOD));
    results.count("core.poison_dead", dead, "letters", Bar::exactly(bad));

    // The faulty program must be gone before its letters come again, or it spoils them once more.
    house.router.running().kill();
    house.replay().await?;
    house.work_off(&[], |linked, dead| linked >= GOOD + bad && dead == 0).await?;
    let (linked, dead) = house.look().await?;
    results.count("core.poison_replayed", linked - GOOD, "contacts", Bar::exactly(bad));
    results.count("core.poison_dead_after", dead, "letters", Bar::exactly(0));
    let mut seen = Seen::look(&house.records, &[]).await?;
    // Nobody publishes here.
    seen.feed = seen.complaints.iter().map(|(id, it)| (id.clone(), it.events.clone())).collect();
    sort(&house.load.promises, &seen, false).tell("core.poison", 0, results);
    house.router.stop()
}

/// Puts all contacts on record, the bad ones at random places among the good.
async fn send(
    load: &Load,
    records: &Records,
    (seed, kinds): (u64, [(&str, usize); 4]),
) -> anyhow::Result<()> {
    let mut mails: Vec<Mail> = make_small(seed, GOOD).iter().map(Mail::of).collect();
    for (act, count) in kinds {
        mails.extend((0..count).map(|n| bad(act, n)));
    }
    Dice::new(seed).shuffle(&mut mails);
    let (keys, clock) = (Keys::from_master(&KEY), Clock::system());
    let intake = Intake::new(records.ledger.vault().clone(), clock.clone());
    let record = |mail: Mail| {
        let (keys, intake, now) = (&keys, &intake, clock.now());
        async move {
            let id = load.mailed("help", &mail);
            let contact = house::normalised(keys, "help", &mail.raw, now);
            intake.record(contact, mail.raw.into()).await?;
            load.promises.told_yes(&id, None);
            anyhow::Ok(())
        }
    };
    futures::stream::iter(mails).map(record).buffer_unordered(AT_ONCE).try_collect().await
}

fn bad(act: &str, n: usize) -> Mail {
    let from = format!("{act}{n}@example.com");
    let raw = format!(
        "From: {from}\r\nTo: help@example.org\r\nSubject: POISON-{act} {n}\r\nMessage-ID: <{act}{n}@mail.example.com>\r\n\
         Date: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\nWhoever handles this comes to harm.\r\n"
    );
    Mail { raw: raw.into_bytes(), thread: from.clone(), address: None }
}

impl House {
    /// (contacts linked, dead letters).
    async fn look(&self) -> anyhow::Result<(usize, usize)> {
        let seen: usize = self.records.events().await?.values().flatten().filter(|it| is_link(it)).count();
        Ok((seen, self.records.bus().dead_letters().await?.len()))
    }

    /// Runs the router, and again whenever it dies, until it has come so far.
    async fn work_off(
        &mut self,
        environment: &[(&str, &str)],
        is_done: impl Fn(usize, usize) -> bool,
    ) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        self.router.running().kill();
        self.router.start_again(environment)?;
        let mut looked_at = Instant::now();
        loop {
            if self.router.running().ended().is_some() {
                self.restarts += 1;
                self.router.start_again(environment)?;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            // Reading everything is work; the router needs the machine more.
            if looked_at.elapsed() > Duration::from_secs(3) {
                let (linked, dead) = self.look().await?;
                if is_done(linked, dead) {
                    return Ok(());
                }
                ensure!(
                    Instant::now() < until,
                    "{linked} contacts are done and {dead} are dead letters, then no more"
                );
                looked_at = Instant::now();
            }
        }
    }

    /// `redress dead replay` for every letter.
    async fn replay(&self) -> anyhow::Result<()> {
        let letters = self.records.bus().dead_letters().await?;
        let numbers: Vec<String> = letters.iter().map(|letter| letter.number.to_string()).collect();
        let mut arguments = vec!["dead", "replay"];
        arguments.extend(numbers.iter().map(String::as_str));
        ask(&self.place.config(), &arguments)?;
        Ok(())
    }
}

fn is_link(event: &redress_contract::Event) -> bool {
    matches!(event, redress_contract::Event::ContactLinked(_))
}

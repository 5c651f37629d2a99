//! Each service dies at each of its fail points in turn, while mails and forms come in: none is dead, nothing is lost.
//!
//! All services are led at the same time, each from point to point: started with the point armed, brought there, found
//! dead by its own abort, started clean, and left in peace until it has caught up.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use redress_contract::Event;
use redress_testkit::dovecot::Dovecot;
use redress_testkit::{Broker, SmtpSink};
use redress_tests::mails::Dice;
use redress_tests::points::{POINTS, Point, Scene};
use redress_tests::program::tail;
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results, say};
use tokio::task::JoinSet;

use crate::load::Load;
use crate::points_load::{MAILDIR, Stream};
use crate::points_scene::{POISON, World};
use crate::processes::{Place, SERVICES, Service, mailbox};
use crate::{Form, quiet};

/// The rest of a single clean life counts as caught up after this.
const CATCH_UP: Duration = Duration::from_secs(30);
/// How long a process is given to come to a fail point.
const REACH: Duration = Duration::from_mins(2);
/// SIGABRT.
const ABORT: i32 = 6;

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let Some(dovecot) = Dovecot::start() else {
        say("core.points is skipped: Dovecot is not here");
        return Ok(());
    };
    let broker = Broker::start().await;
    let sink = SmtpSink::start().await;
    let mailboxes = format!("{}{MAILDIR}", mailbox(&dovecot));
    let place = Place::make(&broker, &sink, &mailboxes, include_str!("points.toml"))?;
    // One person complains more often than this.
    place.change("anonymous_per_hour = 1000000", "anonymous_per_hour = 2")?;
    let records = Records::open(&broker.url(), &place.key()).await?;
    place.provision()?;
    let load = Load::new(place.web())?;
    let world = Arc::new(World::new(&broker, sink, dovecot, place, (load, records)).await?);
    let stream = Stream::start(&world, form.seed);
    let times = form.pick(1, 20);
    let mut drivers = JoinSet::new();
    for (n, name) in SERVICES.into_iter().enumerate() {
        let (world, dice) = (Arc::clone(&world), Dice::new(form.seed + n as u64));
        drivers.spawn(async move { drive(world, name, times, dice).await });
    }
    let mut services = Vec::new();
    let mut died = 0;
    while let Some(driven) = drivers.join_next().await {
        let (service, deaths) = driven??;
        died += deaths;
        services.push(service);
    }
    stream.stop().await?;
    world.replay_all().await?;
    results.count("core.points_reached", died, "aborts", Bar::exactly(POINTS.len() * times));
    settle(&world, times, results).await?;
    services.iter_mut().try_for_each(Service::stop)
}

/// Compares with what was promised, when all is quiet.
async fn settle(world: &World, times: usize, results: &mut Results) -> anyhow::Result<()> {
    let promises = &world.load.promises;
    let verdicts = quiet::verdicts(&world.records, promises, &world.sink).await.context("wait for quiet")?;
    world.load.look_at_flags(&world.dovecot);
    world.look_at_maildir()?;
    results.count("core.points_contacts", promises.contacts(), "contacts", Bar::None);
    results.count("core.points_promised", promises.promised(), "contacts", Bar::exactly(promises.contacts()));
    let deaths = POINTS.iter().filter(|point| point.service == "notifier").count() * times * 2;
    verdicts.tell("core.points", deaths * quiet::IN_FLIGHT, results);
    let events = world.records.events().await?;
    let fired =
        |events: &Vec<Event>| events.iter().filter(|it| matches!(it, Event::MilestoneBreached(_))).count();
    let twice = events.values().filter(|events| fired(events) > 1).count();
    results.count("core.points_breached_twice", twice, "complaints", Bar::exactly(0));
    quiet::tell_log("core.points", &world.records, results).await
}

/// Leads one service through all its points; answers it running clean, and how often it died as it should.
async fn drive(
    world: Arc<World>,
    name: &'static str,
    times: usize,
    mut dice: Dice,
) -> anyhow::Result<(Service, usize)> {
    let mut service = world.place.start(name)?;
    let mut died = 0;
    for point in POINTS.iter().filter(|point| point.service == name) {
        for _ in 0..times {
            let after = if point.scene == Scene::Load { dice.below(times.min(5)) } else { 0 };
            lead(&world, &mut service, point, after)
                .await
                .with_context(|| format!("lead {name} to {}", point.name))?;
            died += 1;
        }
    }
    // Who complained too often is answered two hours later.
    if name == "notifier" {
        service.running().kill();
        service.start_again(&[World::AHEAD])?;
    }
    Ok((service, died))
}

async fn lead(world: &World, service: &mut Service, point: &Point, after: usize) -> anyhow::Result<()> {
    world.prepare(point.scene).await?;
    if point.scene == Scene::AfterACrash {
        service.running().kill();
        service.start_again(&[("REDRESS_FAILPOINTS", "router::claimed=return(abort)")])?;
        die(world, service).await?;
    }
    let replays = matches!(point.scene, Scene::PoisonReplayed | Scene::Replay);
    if replays && world.has_no_letter().await? {
        service.running().kill();
        service.start_again(&[("REDRESS_FAILPOINTS", POISON)])?;
        world.bury_one().await?;
    }
    service.running().kill();
    world.before(point.scene).await?;
    let armed = format!("{}{}={after}*off->return(abort)", World::also(point.scene), point.name);
    let mut environment = vec![("REDRESS_FAILPOINTS", armed.as_str())];
    environment.extend((point.scene == Scene::CrowdAnswered).then_some(World::AHEAD));
    service.start_again(&environment)?;
    world.after(point.scene, service).await?;
    die(world, service).await?;
    service.start_again(&[])?;
    world.caught_up(service.name, CATCH_UP).await
}

/// Waits until it dies of its own hand.
async fn die(world: &World, service: &mut Service) -> anyhow::Result<()> {
    let until = Instant::now() + REACH;
    let ended = loop {
        if let Some(ended) = service.running().ended() {
            break ended;
        }
        if Instant::now() > until {
            bail!("it was not reached within {REACH:?}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let log = world.place.path().join(format!("{}.log", service.name));
    ensure!(ended.signal() == Some(ABORT), "it ended with {ended}; its log ends:\n{}", tail(&log));
    Ok(())
}

//! A platform that is unwell: answers that are refused, break off, hang, and limits; while the service that reads and answers is
//! killed. Afterwards every mention is on record once and answered once, no limit was exceeded, and the account, which fared
//! badly meanwhile, fares well.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use redress_bus::Bus;
use redress_intake::health::State;
use redress_intake::health::tell::last_told;
use redress_testkit::mastodon::{Fault, Mastodon, TOKEN};
use redress_testkit::{Broker, SmtpSink, Sync};
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results};

use crate::Form;
use crate::processes::{Place, Service};

/// Requests that the platform grants in five minutes: as the real one does, and more for the many mentions of the long form, of
/// which each takes two to be answered.
const GRANTED: usize = 300;
const GRANTED_TO_MANY: usize = 1_500;
/// One request in so many meets a fault.
const ONE_IN: usize = 6;
/// How long all of it may take after the last mention.
const PATIENCE: Duration = Duration::from_mins(12);
/// How long it may take until people are told how an account fares.
const TOLD_WITHIN: Duration = Duration::from_mins(3);

struct Scene<'a> {
    server: Mastodon,
    records: Records,
    bus: Bus,
    social: Service,
    states: Vec<State>,
    results: &'a mut Results,
}

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let (mentions, kills) = (form.pick(40, 1_000), form.pick(4, 20));
    let lasts = Duration::from_secs(u64::try_from(form.pick(20, 600))?);
    let broker = Broker::start_with(Sync::Default).await;
    let sink = SmtpSink::start().await;
    let server = Mastodon::start().await;
    server.grant(u32::try_from(form.pick(GRANTED, GRANTED_TO_MANY))?);
    let place = Place::make(&broker, &sink, &account(&server), "")?;
    place.provision()?;
    let records = Records::open(&broker.url(), &place.key()).await?;
    let bus = records.bus().clone();
    let mut others = [place.start("router")?, place.start("notifier")?];
    let social = place.start("social")?;
    let mut scene = Scene { server, records, bus, social, states: Vec::new(), results };
    scene.server.unwell(&[Fault::TooMany, Fault::Unavailable, Fault::Malformed, Fault::Hang], ONE_IN);
    let every = lasts / u32::try_from(mentions)?;
    for turn in 0..mentions {
        scene.server.set_time(now());
        scene.server.mention(&format!("ann{turn}"), &format!("@kettles number {turn} leaks"), "public", None);
        tokio::time::sleep(every).await;
        if turn % (mentions / kills).max(1) == 0 {
            scene.look().await;
            scene.social.kill()?;
        }
    }
    // In the end nothing works any more, until that is told.
    scene.server.unwell(&[Fault::Unavailable], 1);
    scene.until(|state| *state != State::Healthy).await;
    scene.server.unwell(&[], 0);
    scene.check(mentions).await?;
    scene.social.stop()?;
    others.iter_mut().try_for_each(Service::stop)
}

impl Scene<'_> {
    /// Notes how the account is told to fare.
    async fn look(&mut self) {
        let told = last_told(&self.bus, "social").await.unwrap_or_default();
        self.states.extend(told.first().map(|event| event.data.state));
    }

    /// Looks until the account fares so, for as long as that may take.
    async fn until(&mut self, fares: impl Fn(&State) -> bool) {
        let until = Instant::now() + TOLD_WITHIN;
        self.look().await;
        while !self.states.last().is_some_and(&fares) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(500)).await;
            self.look().await;
        }
    }

    async fn check(&mut self, mentions: usize) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        let mut answers = self.answers();
        while answers.len() < mentions && Instant::now() < until {
            self.look().await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            answers = self.answers();
        }
        self.until(|state| *state == State::Healthy).await;
        let recorded = self.records.contacts().await?.len();
        let twice = answers.values().filter(|count| **count > 1).count();
        let (requests, exceeded) = self.server.requests();
        let results = &mut *self.results;
        results.count("social.mentions", mentions, "mentions", Bar::None);
        results.count("social.not_recorded_once", mentions.abs_diff(recorded), "mentions", Bar::exactly(0));
        results.count(
            "social.unanswered",
            mentions.saturating_sub(answers.len()),
            "mentions",
            Bar::exactly(0),
        );
        results.count("social.answered_twice", twice, "mentions", Bar::exactly(0));
        results.count("social.requests", requests, "requests", Bar::None);
        results.count("social.limit_exceeded", exceeded, "requests", Bar::exactly(0));
        for (fault, met) in self.server.faults_met() {
            results.count(&format!("social.met_{fault}"), met, "answers", Bar::at_least(1));
        }
        let unwell = self.states.iter().filter(|state| **state != State::Healthy).count();
        results.count("social.seen_unwell", unwell, "times", Bar::at_least(1));
        let well = usize::from(self.states.last() == Some(&State::Healthy));
        results.count("social.healthy_in_the_end", well, "account", Bar::exactly(1));
        Ok(())
    }

    /// How many answers each mention got.
    fn answers(&self) -> BTreeMap<String, usize> {
        let mut answers = BTreeMap::new();
        for posted in self.server.posted() {
            *answers.entry(posted.in_reply_to).or_default() += 1;
        }
        answers
    }
}

fn account(server: &Mastodon) -> String {
    format!(
        r#"
[social]
lease_seconds = 2
[social.accounts.kettles]
platform = "mastodon"
url = "{}"
token = "{TOKEN}"
start = "all"
poll_seconds = 5
look_again_hours = 0
"#,
        server.url()
    )
}

fn now() -> jiff::Timestamp {
    redress_runtime::Clock::system().now()
}

//! Waiting until nothing is left to do, and looking whether all is as it should be then.

use std::time::Duration;

use futures::TryStreamExt as _;
use redress::cli::Service;
use redress_contract::CloudEvent;
use redress_contract::subject::name;
use redress_testkit::{PATIENCE, eventually};

use super::Stage;

/// Streams whose growth means that something is still going on.
const STREAMS: [&str; 7] =
    [name::INTAKE, name::COMPLAINTS, name::CONTENT, name::TIMERS, name::OUTBOX, name::EVENTS, name::DEAD];

impl Stage {
    /// Waits until every mail is taken, every message handled and acknowledged, every rung that is due recorded and
    /// every event published.
    ///
    /// # Panics
    /// When that does not come in time; says what is left.
    pub async fn settle(&self) {
        let mut before = None;
        let mut left = String::new();
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let ends = self.ends().await;
            left = match self.left().await {
                // Nothing was stored between two looks that found everything idle: nothing is going on.
                None if before.as_ref() == Some(&ends) => return,
                None => {
                    before = Some(ends);
                    left
                }
                Some(left) => {
                    before = None;
                    left
                }
            };
            assert!(tokio::time::Instant::now() < until, "does not settle within {PATIENCE:?}: {left}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The end of every story: settles, looks whether anything is left or wrong, and stops all services.
    ///
    /// # Panics
    /// When something is.
    pub async fn finish(mut self) {
        self.settle().await;
        let untaken: Vec<_> =
            self.outgoing.untaken().into_iter().map(|sent| (sent.subject(), sent.to)).collect();
        assert!(untaken.is_empty(), "mails went out that the story does not tell of: {untaken:?}");
        let dead = self.house.bus().dead_letters().await.expect("the dead letters can be read");
        assert!(dead.is_empty(), "dead letters: {dead:?}");
        assert_eq!(self.ended(), Vec::<&str>::new(), "services that ended by themselves");
        let report = self.house.ledger.verify(None).await.expect("the log can be read");
        assert!(report.faults.is_empty(), "the hash chain is broken: {:?}", report.faults);
        assert_eq!(self.feed().await, self.derived().await, "the feed is not the log");
        let secrets: Vec<String> = self.secrets.lock().expect("nobody holds it").iter().cloned().collect();
        let leaks = self.leaks(&secrets).await;
        assert!(leaks.is_empty(), "personal data where none may be: {leaks:#?}");
        self.stop_all().await;
        self.finished = true;
    }

    /// Stops everything and looks at nothing: the end of a run that measures.
    pub async fn leave(mut self) {
        self.stop_all().await;
        self.finished = true;
    }

    /// True when no service has anything left to read or to acknowledge.
    pub async fn is_idle(&self) -> bool {
        for stream in STREAMS {
            if self.unhandled(stream).await.is_some() {
                return false;
            }
        }
        true
    }

    /// What the feed should hold.
    async fn derived(&self) -> Vec<CloudEvent> {
        let entries = self.house.ledger.entries(1).await.expect("the log can be read");
        let entries: Vec<_> = entries.try_collect().await.expect("the log can be read");
        let source = &self.config.feed.source;
        entries.iter().flat_map(|entry| redress_feed::derive(&entry.commit, source)).collect()
    }

    /// The last sequence of each stream.
    async fn ends(&self) -> Vec<u64> {
        let mut ends = Vec::new();
        for stream in STREAMS {
            ends.push(self.house.bus().last_seq(stream).await.expect("the stream is there"));
        }
        ends
    }

    /// What is still to be done; none when nothing is.
    async fn left(&self) -> Option<String> {
        let untaken = self.untaken_mails();
        if untaken > 0 {
            return Some(format!("{untaken} mails lie in new"));
        }
        for stream in STREAMS {
            if let Some(left) = self.unhandled(stream).await {
                return Some(left);
            }
        }
        if let Some(left) = self.overdue().await.filter(|_| self.runs(Service::Sla)) {
            return Some(left);
        }
        let report = self.house.ledger.verify(None).await.expect("the log can be read");
        let published = self.house.bus().last_seq(name::EVENTS).await.expect("the stream is there");
        (published != report.events).then(|| format!("{published} of {} events are published", report.events))
    }

    /// Messages of a stream that the durable consumer of a service that runs has not handled or not acknowledged.
    async fn unhandled(&self, stream: &str) -> Option<String> {
        let found = self.jetstream.get_stream(stream).await.expect("the stream is there");
        let consumers: Vec<_> = found.consumers().try_collect().await.expect("its consumers can be listed");
        let durable = consumers.into_iter().filter(|consumer| {
            let durable = consumer.config.durable_name.as_deref();
            durable.is_some_and(|name| {
                self.runs_named(name.split_once('-').map_or(name, |(service, _)| service))
            })
        });
        let mut busy = durable.filter(|consumer| consumer.num_pending > 0 || consumer.num_ack_pending > 0);
        busy.next().map(|it| {
            format!("{} has {} to read and {} to acknowledge", it.name, it.num_pending, it.num_ack_pending)
        })
    }

    /// A rung whose time has come and which is not recorded.
    async fn overdue(&self) -> Option<String> {
        let now = self.clock.now();
        let complaints = self.house.ledger.complaints().await.expect("the log can be read");
        complaints.iter().find_map(|complaint| {
            let mut pending = complaint.pending().into_iter();
            let due = |milestone: &redress_domain::Milestone| {
                milestone.next_rung().is_some_and(|(_, rung)| rung.at <= now)
            };
            let (clock, milestone) = pending.find(|(_, milestone)| due(milestone))?;
            Some(format!("a rung of {}/{} of {} is due", clock.id, milestone.id, complaint.id))
        })
    }

    /// Waits until something is so.
    ///
    /// # Panics
    /// When it is not in time.
    pub async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        eventually(what, async || is_so().await.then_some(())).await;
    }
}

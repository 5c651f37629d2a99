//! The one loop: find the end of EVENTS, go on right after it.
//!
//! Whoever appends expects the end to be where he saw it. When it is not, somebody else was faster (a second replica)
//! or the broker lost its youngest events in a crash: in both cases the end is looked up again, and says what is left
//! to do.

use std::collections::VecDeque;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use redress_bus::append_stream::Message;
use redress_bus::failure::chain;
use redress_bus::{AppendError, Bus, KvError, ReadError, Stored};
use redress_contract::CommitText;
use redress_contract::subject::name;
use redress_runtime::{Part, Shutdown, fault};
use tokio::time::Instant;
use tracing::{debug, error, warn};

use crate::derive::messages;
use crate::{Config, Deps, Error, Position};

/// Key of the cursor in the bucket `cursors`.
const CURSOR: &str = "feed";
/// How long the feed must be quiet, or has been busy, before the cursor is written.
const CURSOR_EVERY: Duration = Duration::from_secs(30);
/// How long to let a faster replica go ahead; doubled up to the second while it stays faster.
const STAND_BACK: Duration = Duration::from_millis(25);
const STAND_BACK_MAX: Duration = Duration::from_secs(1);
/// How long to wait before trying again what failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Publishes until asked to stop.
pub(crate) async fn run(config: Config, deps: Deps, shutdown: Shutdown) {
    let part = deps.health.part("feed");
    let bus = deps.ledger.vault().bus().clone();
    let mut feed = Feed::new(bus, config, part);
    while !shutdown.is_asked() {
        if let Err(problem) = feed.publish(&shutdown).await {
            let reason = chain(&problem);
            warn!("The feed was interrupted and goes on: {reason}");
            feed.part.failing(reason);
            shutdown.or(tokio::time::sleep(PAUSE)).await;
        }
    }
    if let Err(problem) = feed.keep_cursor().await {
        warn!("The feed's cursor was not written: {}", chain(&problem));
    }
}

struct Feed {
    bus: Bus,
    config: Config,
    part: Part,
    /// The last event that this replica knows to be published.
    published: Position,
    /// What the cursor says.
    kept: Position,
    /// When the cursor was last written.
    kept_at: Instant,
}

/// The end of EVENTS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    /// Last sequence of the stream: what an append expects.
    seq: u64,
    /// The last event that was published.
    position: Position,
}

/// What was read and is not published yet.
type Backlog = VecDeque<(Position, Message)>;

impl Feed {
    fn new(bus: Bus, config: Config, part: Part) -> Self {
        let (published, kept) = (Position::default(), Position::default());
        Self { bus, config, part, published, kept, kept_at: Instant::now() }
    }

    /// From the end of EVENTS on, until asked to stop or until the end moves backwards.
    async fn publish(&mut self, shutdown: &Shutdown) -> Result<(), Error> {
        let mut end = self.end().await?;
        self.published = end.position;
        let log_seq = self.bus.last_seq(name::COMPLAINTS).await?;
        if log_seq < end.position.commit_seq {
            return Err(Error::Ahead { commit_seq: end.position.commit_seq, log_seq });
        }
        let mut log = self.bus.follow(name::COMPLAINTS, ">", end.position.commit_seq.max(1)).await?;
        let mut backlog = Backlog::new();
        let mut stand_back = STAND_BACK;
        self.part.ready();
        while self.fill(&mut log, &mut backlog, shutdown).await? {
            match self.append(end, &backlog).await {
                Ok(after) => {
                    end = after;
                    stand_back = STAND_BACK;
                }
                Err(AppendError::Publish(problem)) => return Err(AppendError::from(problem).into()),
                Err(AppendError::Conflict(_)) => {
                    debug!("another replica was faster");
                    shutdown.or(tokio::time::sleep(stand_back)).await;
                    stand_back = (stand_back * 2).min(STAND_BACK_MAX);
                    end = self.end().await?;
                    if end.position < self.published {
                        warn!("EVENTS lost its youngest events; they are published again");
                        return Ok(());
                    }
                }
            }
            self.published = end.position;
            backlog.retain(|(position, _)| *position > end.position);
            if self.kept_at.elapsed() >= CURSOR_EVERY {
                self.keep_cursor().await?;
            }
        }
        Ok(())
    }

    /// Waits until there is something to publish, then takes what there is, up to a window. False: asked to stop.
    async fn fill(
        &mut self,
        log: &mut BoxStream<'static, Result<Stored, ReadError>>,
        backlog: &mut Backlog,
        shutdown: &Shutdown,
    ) -> Result<bool, Error> {
        while backlog.len() < self.config.window {
            let next = if backlog.is_empty() {
                let Some(next) = self.next_or_quiet(log, shutdown).await? else {
                    return Ok(false);
                };
                next
            } else {
                match futures::poll!(log.next()) {
                    std::task::Poll::Ready(next) => next.ok_or(Error::BrokeOff)??,
                    std::task::Poll::Pending => break,
                }
            };
            self.take(&next, backlog);
        }
        Ok(!shutdown.is_asked())
    }

    /// The next commit; none when asked to stop. While nothing comes, the cursor is brought up to date.
    async fn next_or_quiet(
        &mut self,
        log: &mut BoxStream<'static, Result<Stored, ReadError>>,
        shutdown: &Shutdown,
    ) -> Result<Option<Stored>, Error> {
        loop {
            match shutdown.or(tokio::time::timeout(CURSOR_EVERY, log.next())).await {
                None => return Ok(None),
                Some(Ok(next)) => return Ok(Some(next.ok_or(Error::BrokeOff)??)),
                Some(Err(_quiet)) => self.keep_cursor().await?,
            }
        }
    }

    fn take(&self, stored: &Stored, backlog: &mut Backlog) {
        match serde_json::from_slice::<CommitText>(&stored.body) {
            Ok(commit) => {
                let all = messages(stored.seq, &commit, &self.config.source);
                backlog.extend(all.into_iter().filter(|(position, _)| *position > self.published));
            }
            Err(problem) => {
                // Only the ledger writes here, so this is damage; everybody else's events still have to go out.
                error!(
                    stream_seq = stored.seq,
                    "Left out of the feed: message {} is no commit: {problem}", stored.seq
                );
                self.part
                    .degraded(format!("message {} of COMPLAINTS is no commit and was left out", stored.seq));
            }
        }
    }

    /// Appends a window of the backlog; answers the new end.
    async fn append(&mut self, end: End, backlog: &Backlog) -> Result<End, AppendError> {
        let window: Vec<_> = backlog.iter().take(self.config.window).cloned().collect();
        let Some(position) = window.last().map(|(position, _)| *position) else {
            return Ok(end);
        };
        let count = window.len() as u64;
        let messages = window.into_iter().map(|(_, message)| message).collect();
        fault::point("feed::filled");
        let seq = self.bus.append_all(name::EVENTS, end.seq, messages).await?;
        fault::point("feed::appended");
        metrics::counter!("redress_feed_events_total").increment(count);
        Ok(End { seq, position })
    }

    /// Where EVENTS ends. The last sequence is read first: a last message below it means that the youngest ones were
    /// deleted or have aged out, and only the cursor still knows how far they went.
    async fn end(&self) -> Result<End, Error> {
        let last_seq = self.bus.last_seq(name::EVENTS).await?;
        if last_seq == 0 {
            // Nothing was ever stored in this stream: it is new, and is to hold everything.
            return Ok(End { seq: 0, position: Position::default() });
        }
        let last = self.bus.last_at_leader(name::EVENTS, ">").await?;
        let position = match &last {
            Some(stored) => Position::of(stored).ok_or(Error::Foreign { seq: stored.seq })?,
            None => Position::default(),
        };
        match last {
            Some(stored) if stored.seq >= last_seq => Ok(End { seq: stored.seq, position }),
            _ => Ok(End { seq: last_seq, position: position.max(self.cursor().await?.unwrap_or_default()) }),
        }
    }

    async fn cursor(&self) -> Result<Option<Position>, Error> {
        let value = self.bus.kv(name::CURSORS).get(CURSOR).await?;
        Ok(value.and_then(|(bytes, _)| serde_json::from_slice(&bytes).ok()))
    }

    /// Writes how far the feed came; only ever forward, whoever writes.
    async fn keep_cursor(&mut self) -> Result<(), Error> {
        if self.published <= self.kept {
            return Ok(());
        }
        let bucket = self.bus.kv(name::CURSORS);
        let (there, revision) = match bucket.get(CURSOR).await? {
            Some((bytes, revision)) => (serde_json::from_slice(&bytes).unwrap_or_default(), revision),
            None => (Position::default(), 0),
        };
        if self.published > there {
            let value = serde_json::to_vec(&self.published).expect("two numbers always become JSON");
            match bucket.update(CURSOR, value.into(), revision).await {
                Ok(_) | Err(KvError::Conflict { .. }) => {}
                Err(problem) => return Err(problem.into()),
            }
        }
        fault::point("feed::kept");
        self.kept = self.published;
        self.kept_at = Instant::now();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use redress_runtime::Health;
    use redress_testkit::{Broker, eventually};
    use serde_json::json;

    use super::*;
    use crate::Settings;

    /// Publishes one event by a feed that kept its cursor so long ago; answers what the cursor says then.
    async fn cursor_after_an_event(kept_ago: Duration) -> Option<Position> {
        let broker = Broker::start().await;
        let bus = broker.bus("feed").await;
        let event = json!({"seq": 1, "occurredAt": "2026-03-02T09:00:00Z",
            "type": "redress.complaint.v1.Accepted", "data": {"handler": "h1"}});
        let commit = json!({"version": 1, "complaintId": "x1", "number": 1,
            "recordedAt": "2026-03-02T09:00:00Z", "events": [event]});
        let body = serde_json::to_vec(&commit).unwrap();
        bus.append("complaint.x1", 0, Vec::new(), body.into()).await.unwrap();
        let config = Config::check(&Settings::default()).unwrap();
        let mut feed = Feed::new(bus.clone(), config, Health::new().part("feed"));
        feed.kept_at = Instant::now().checked_sub(kept_ago).unwrap();
        let shutdown = Shutdown::new();
        let published = async {
            eventually("the event is published", || async {
                (bus.last_seq(name::EVENTS).await.unwrap() == 1).then_some(())
            })
            .await;
            shutdown.ask();
        };
        let (done, ()) = futures::join!(feed.publish(&shutdown), published);
        done.unwrap();
        feed.cursor().await.unwrap()
    }

    #[tokio::test]
    async fn a_busy_feed_writes_its_cursor_at_times_but_not_for_each_event() {
        let event = Position { commit_seq: 1, index: 0 };
        assert_eq!(cursor_after_an_event(CURSOR_EVERY).await, Some(event));
        assert_eq!(cursor_after_an_event(Duration::ZERO).await, None);
    }
}

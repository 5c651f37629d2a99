//! Reading a stream in order, up to the present or for as long as the reader lives.
//!
//! Page by page, without a consumer: whoever may make a consumer could have the broker deliver one stream into
//! another, so no service has that right. Any replica answers; what it does not have yet comes from it or another a
//! moment later.

use std::collections::VecDeque;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::time::Instant;

use crate::read::PAGE_BYTES_MAX;
use crate::{Bus, ReadError, Stored};

/// Most messages that come at once. For each page of a stream in which messages were replaced the broker looks at every
/// subject: a million timers in small pages kept it busy for minutes.
const PAGE: usize = 4096;
/// How long to wait for what is not there yet; doubled while nothing comes.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(100);
/// How long a follower lets messages gather after a page that was not full: a question costs as much as many messages.
const GATHER: Duration = Duration::from_millis(20);

/// Where a reading stands.
struct Reading {
    bus: Bus,
    stream: String,
    filter: String,
    page: VecDeque<Stored>,
    from_seq: u64,
    /// Where it ends; none: it does not.
    last_seq: Option<u64>,
    /// The last page held all there was.
    short: bool,
    broken: bool,
}

impl Bus {
    /// Reads a stream in order from a sequence on (1: the beginning), subjects matching `filter`, up to the last
    /// message stored when it was called. Not for loading one complaint through a wildcard: for every page the broker
    /// counts what is left of the filter, which of all (`>`) it mostly knows, and of some takes a look at each subject of the stream.
    ///
    /// # Errors
    /// [`ReadError`] when the stream cannot be read.
    pub async fn scan(
        &self,
        stream: &str,
        filter: &str,
        from_seq: u64,
    ) -> Result<BoxStream<'static, Result<Stored, ReadError>>, ReadError> {
        let last_seq = self.last_seq(stream).await?;
        Ok(self.reading(stream, filter, from_seq, Some(last_seq)))
    }

    /// As [`scan`](Self::scan), but goes on with what is stored later, until it is dropped.
    ///
    /// # Errors
    /// [`ReadError`] when the stream cannot be read.
    pub async fn follow(
        &self,
        stream: &str,
        filter: &str,
        from_seq: u64,
    ) -> Result<BoxStream<'static, Result<Stored, ReadError>>, ReadError> {
        self.last_seq(stream).await?;
        Ok(self.reading(stream, filter, from_seq, None))
    }

    fn reading(
        &self,
        stream: &str,
        filter: &str,
        from_seq: u64,
        last_seq: Option<u64>,
    ) -> BoxStream<'static, Result<Stored, ReadError>> {
        let reading = Reading {
            bus: self.clone(),
            stream: stream.to_owned(),
            filter: filter.to_owned(),
            page: VecDeque::new(),
            from_seq: from_seq.max(1),
            last_seq,
            short: false,
            broken: false,
        };
        futures::stream::unfold(reading, Reading::next).boxed()
    }
}

impl Reading {
    async fn next(mut self) -> Option<(Result<Stored, ReadError>, Self)> {
        if self.broken {
            return None;
        }
        if self.page.is_empty()
            && let Err(problem) = self.turn().await
        {
            self.broken = true;
            return Some((Err(problem), self));
        }
        let stored = self.page.pop_front()?;
        self.from_seq = stored.seq + 1;
        if self.last_seq.is_some_and(|last| stored.seq > last) {
            return None;
        }
        Some((Ok(stored), self))
    }

    /// Turns to the next page; an empty one is the end.
    async fn turn(&mut self) -> Result<(), ReadError> {
        let until = Instant::now() + self.bus.config.publish_patience;
        let mut pause = PAUSE;
        if self.last_seq.is_none() && self.short {
            tokio::time::sleep(GATHER).await;
        }
        while self.last_seq.is_none_or(|last| self.from_seq <= last) {
            self.ask().await?;
            if !self.page.is_empty() {
                return Ok(());
            }
            if let Some(last) = self.last_seq {
                // The replica may lag behind, or what is left does not match or was deleted: the leader knows.
                match self.bus.next_at_leader(&self.stream, &self.filter, self.from_seq).await? {
                    Some(next) if next.seq <= last && Instant::now() < until => {}
                    Some(next) if next.seq <= last => {
                        return Err(ReadError::new(self.stream.as_str(), "no replica catches up"));
                    }
                    _ => return Ok(()),
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        Ok(())
    }

    async fn ask(&mut self) -> Result<(), ReadError> {
        let question = serde_json::json!({
            "seq": self.from_seq, "next_by_subj": self.filter, "batch": PAGE, "max_bytes": PAGE_BYTES_MAX,
        });
        let page = self.bus.batch(&self.stream, question.to_string().into()).await?;
        self.short = page.as_ref().is_none_or(|page| !page.more);
        self.page = page.map(|page| page.messages.into()).unwrap_or_default();
        Ok(())
    }
}

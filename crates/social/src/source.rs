//! Reading one account: whoever holds its lease looks into each of its places, puts on record what is new, and only then notes
//! how far it is read.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use jiff::Timestamp;
use redress_bus::failure::chain;
use redress_bus::{KvError, Lease};
use redress_intake::IntakeError;
use redress_intake::health::tell::Teller;
use redress_intake::health::{Kind, Look, next_wait};
use redress_runtime::{Clock, Shutdown};
use redress_vault::Vault;
use tokio::task::{JoinError, JoinSet};
use tracing::{info, warn};

use crate::config::Account;
use crate::connector::{Connector, Page, Walk};
use crate::post::Item;
use crate::record::{Recorder, told_anew};
use crate::state::{Kept, State};
use crate::trouble::Trouble;

/// Who waits for a lease asks this often at least.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Pages that one look reads at most: then the other places have their turn.
const PAGES_MAX: usize = 500;
/// Posts that are looked at again at once.
const LOOK_AGAIN_MOST: usize = 20;

/// One account, and what reading it takes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reader(Arc<Parts>);

/// What reading an account takes.
pub(crate) struct Parts {
    pub(crate) account: Account,
    pub(crate) connector: Arc<Connector>,
    pub(crate) recorder: Recorder,
    pub(crate) teller: Teller,
    pub(crate) clock: Clock,
    pub(crate) vault: Vault,
    pub(crate) in_flight_max: usize,
    pub(crate) stalled_after: Duration,
}

/// Why a look ended early.
enum Ended {
    /// By the platform.
    Trouble(Trouble),
    /// The broker did not take it, or not in time.
    NotRecorded(String),
    /// Another replica reads on.
    TakenOver,
}

impl Reader {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Reads whenever it holds the lease, until asked to stop.
    ///
    /// # Errors
    /// Only by a bug in reading.
    pub(crate) async fn run(self, mut lease: Lease, shutdown: Shutdown) -> Result<(), JoinError> {
        while !shutdown.is_asked() {
            match lease.hold().await {
                Ok(true) => {
                    self.0.teller.takes_over(&self.0.connector.places(), self.0.stalled_after);
                    self.read(&mut lease, &shutdown).await?;
                }
                Ok(false) => self.0.teller.stands_by(),
                Err(error) => self.0.teller.cannot_tell(chain(&error)),
            }
            shutdown.or(tokio::time::sleep(lease.beat().min(ASK_EVERY))).await;
        }
        Ok(())
    }

    /// Reads until the lease is lost or somebody asks to stop.
    async fn read(&self, lease: &mut Lease, shutdown: &Shutdown) -> Result<(), JoinError> {
        let stop = shutdown.child();
        let mut reading = JoinSet::new();
        reading.spawn(self.clone().follow(stop.clone()));
        let mut beat = tokio::time::interval(lease.beat());
        beat.tick().await;
        loop {
            tokio::select! {
                ended = reading.join_next() => match ended {
                    Some(ended) => ended?,
                    None => break,
                },
                _ = beat.tick() => {
                    match lease.hold().await {
                        Ok(true) => {}
                        Ok(false) if stop.is_asked() => {}
                        Ok(false) => {
                            warn!(account = self.0.recorder.account(), "Another replica took over the account");
                            stop.ask();
                        }
                        Err(error) => warn!("Failed to keep the lease of an account: {error}"),
                    }
                    self.0.teller.tell().await;
                }
            }
        }
        self.0.teller.tell().await;
        if shutdown.is_asked() {
            lease.release().await;
        }
        Ok(())
    }

    /// Looks again and again; after a failure ever later, and as late as the platform asks.
    async fn follow(self, stop: Shutdown) {
        let mut kept = Kept::new(self.0.recorder.account(), "state", &self.0.vault);
        let mut state: State = match kept.load().await {
            Ok(state) => state.unwrap_or_default(),
            Err(error) => {
                self.0.teller.cannot_tell(chain(&error));
                return;
            }
        };
        state.began_at.get_or_insert_with(|| self.0.clock.now());
        let mut waited = Duration::ZERO;
        let mut looked_again_at = self.0.clock.now();
        let mut news = self.news();
        while !stop.is_asked() {
            let mut ended = self.look_everywhere(&mut state, &mut kept, &stop).await;
            if ended.is_ok() && self.is_due(looked_again_at) {
                looked_again_at = self.0.clock.now();
                ended = self.look_again(&mut state, &mut kept).await;
                if let Err(Ended::Trouble(trouble)) = &ended {
                    warn!(account = self.0.recorder.account(), "Failed to look for edits: {trouble}");
                }
            }
            let wait = match ended {
                Ok(()) => {
                    waited = Duration::ZERO;
                    self.0.account.poll
                }
                Err(Ended::TakenOver) => {
                    info!(account = self.0.recorder.account(), "Another replica reads the account");
                    return;
                }
                Err(Ended::NotRecorded(_)) => {
                    waited = next_wait(Kind::Transient, waited, None);
                    waited
                }
                Err(Ended::Trouble(trouble)) => {
                    waited = next_wait(trouble.kind, waited, trouble.after);
                    trouble
                        .after
                        .map_or(waited, |after| if trouble.kind == Kind::Rate { after } else { waited })
                }
            };
            let waiting = async {
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    // Whoever is asked to wait does, whatever the stream tells.
                    () = &mut news, if waited.is_zero() => news = self.news(),
                }
            };
            stop.or(waiting).await;
        }
    }

    /// The next news of the platform's stream, which is listened to across looks.
    fn news(&self) -> BoxFuture<'static, ()> {
        let connector = Arc::clone(&self.0.connector);
        async move { connector.news().await }.boxed()
    }

    fn is_due(&self, last: Timestamp) -> bool {
        let since = Duration::try_from(self.0.clock.now().duration_since(last)).unwrap_or_default();
        !self.0.account.look_again_for.is_zero() && since >= self.0.account.look_again_every
    }

    async fn look_everywhere(
        &self,
        state: &mut State,
        kept: &mut Kept,
        stop: &Shutdown,
    ) -> Result<(), Ended> {
        for place in self.0.connector.places() {
            let looked = self.look(&place, state, kept, stop).await;
            match &looked {
                Ok(taken) => self.tell(&place, *taken, state),
                Err(Ended::Trouble(trouble)) => self.failed(&place, trouble.kind, trouble.reason.clone()),
                Err(Ended::NotRecorded(why)) => self.failed(&place, Kind::Transient, why.clone()),
                Err(Ended::TakenOver) => {}
            }
            looked?;
        }
        Ok(())
    }

    /// Reads a place to its end; how many contacts came in.
    async fn look(
        &self,
        place: &str,
        state: &mut State,
        kept: &mut Kept,
        stop: &Shutdown,
    ) -> Result<usize, Ended> {
        let (mut taken, mut walk): (usize, Option<Walk>) = (0, None);
        for _ in 0..PAGES_MAX {
            if stop.is_asked() {
                break;
            }
            let page = self.0.connector.page(place, state, walk.take()).await.map_err(Ended::Trouble)?;
            let more = page.more;
            walk.clone_from(&page.walk);
            taken += self.take(place, page, state, kept).await?;
            if taken > 0 {
                self.0.teller.goes_on(place);
            }
            if !more {
                break;
            }
        }
        Ok(taken)
    }

    /// Puts a page on record, and only then notes that it is.
    async fn take(
        &self,
        place: &str,
        page: Page,
        state: &mut State,
        kept: &mut Kept,
    ) -> Result<usize, Ended> {
        let before = state.clone();
        let mut taken = 0;
        for items in [page.items, page.below] {
            let items: Vec<Item> = items.into_iter().filter_map(|item| told_anew(item, state)).collect();
            taken += self.record_all(&items).await?;
            for item in &items {
                self.remember(item, state);
            }
        }
        for item in &page.seen {
            self.remember(item, state);
        }
        if let Some(gap) = page.gap {
            let now = self.0.clock.now();
            warn!(
                account = self.0.recorder.account(),
                place,
                after = gap.after,
                before = gap.before,
                "Posts may be missing: the platform does not know them any more"
            );
            state.gaps.push(crate::state::Gap { found_at: now, ..gap });
            state
                .gaps
                .retain(|gap| now.duration_since(gap.found_at) < jiff::SignedDuration::from_hours(24 * 30));
        }
        if let Some(mark) = page.mark {
            state.marks.insert(place.to_owned(), mark);
        }
        if *state != before {
            kept.save(state).await.map_err(not_kept)?;
        }
        Ok(taken)
    }

    async fn record_all(&self, items: &[Item]) -> Result<usize, Ended> {
        let recorder = &self.0.recorder;
        let all: Vec<_> = items.iter().map(|item| recorder.record(item)).collect();
        let mut recording = futures::stream::iter(all).buffer_unordered(self.0.in_flight_max);
        let (mut taken, mut failed) = (0, None::<IntakeError>);
        while let Some(recorded) = recording.next().await {
            match recorded {
                Ok(is_contact) => taken += usize::from(is_contact),
                // Those beside it are put on record all the same.
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(taken), |error| Err(Ended::NotRecorded(chain(&error))))
    }

    fn remember(&self, item: &Item, state: &mut State) {
        let Item::Post(said) = item else { return };
        if said.post.change == redress_contract::PostChange::Deleted {
            state.recent.retain(|known| known.id != said.post.post_id);
        } else {
            state.remember(self.0.recorder.recent(said));
        }
    }

    /// Looks for edits and deletions of what is on record.
    async fn look_again(&self, state: &mut State, kept: &mut Kept) -> Result<(), Ended> {
        let now = self.0.clock.now();
        let reach = jiff::SignedDuration::try_from(self.0.account.look_again_for)
            .unwrap_or(jiff::SignedDuration::MAX);
        let since = now.checked_sub(reach).unwrap_or(Timestamp::UNIX_EPOCH);
        let posts = state.next_to_look_at(since, now, LOOK_AGAIN_MOST);
        if posts.is_empty() {
            return Ok(());
        }
        let page = self.0.connector.look_again(&posts).await.map_err(Ended::Trouble)?;
        self.take("look_again", page, state, kept).await.map(drop)
    }

    fn tell(&self, place: &str, taken: usize, state: &State) {
        let now = self.0.clock.now();
        let gaps: Vec<_> = state.gaps(now).filter(|gap| gap.place == place).collect();
        let mut problem: Vec<String> = gaps
            .iter()
            .map(|gap| {
                format!(
                    "posts between {} and {} may be missing: the platform does not know them any more",
                    gap.after, gap.before
                )
            })
            .collect();
        if self.0.recorder.unread() > 0 {
            problem.push(format!(
                "{} could not be read and were kept apart since the start",
                self.0.recorder.unread()
            ));
        }
        self.0.teller.looked(place, Look::Done { taken, gaps: gaps.len(), problem: problem.join("; ") });
    }

    fn failed(&self, place: &str, kind: Kind, reason: String) {
        warn!(account = self.0.recorder.account(), place, "Failed to look: {reason}");
        self.0.teller.looked(place, Look::Failed { kind, reason });
    }
}

fn not_kept(error: KvError) -> Ended {
    match error {
        KvError::Conflict { .. } => Ended::TakenOver,
        other @ KvError::Failed { .. } => Ended::NotRecorded(chain(&other)),
    }
}

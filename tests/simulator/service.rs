//! What a service's handler is in a run: it sees the world only through reads and effects, and between any two of them
//! others may go first, or it may end.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;
use std::task::Poll;

use jiff::{SignedDuration, Timestamp};
use redress_contract::{Actor, Cause, ComplaintId};
use redress_domain::guard::GuardLimits;
use redress_domain::{Command, Complaint, Refusal, Rules};
use redress_identity::Keys;
use redress_ledger::{ExecuteError, Loaded, Prepared, Round, Wish};

use crate::defect::Defect;
use crate::world::World;

/// Rounds of load, decide, append, as the ledger has them.
const ROUNDS_MAX: u32 = 10;

/// What all runs share.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) rules: Rules,
    pub(crate) keys: Keys,
    pub(crate) router: redress_router::Config,
    pub(crate) limits: GuardLimits,
    /// A rule that is broken on purpose.
    pub(crate) defect: Option<Defect>,
}

/// One replica of a service.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) house: Rc<House>,
    world: Rc<RefCell<World>>,
    /// How far its clock is off.
    skew: SignedDuration,
}

/// A handler that did not come to its end: its delivery comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// Soon.
    Soon,
    /// After so long.
    After(SignedDuration),
}

/// A command that did nothing.
pub(crate) enum Failed {
    Refused(Refusal),
    Again(Again),
}

impl From<Again> for Failed {
    fn from(again: Again) -> Self {
        Self::Again(again)
    }
}

impl Service {
    pub(crate) fn new(house: Rc<House>, world: Rc<RefCell<World>>, skew: SignedDuration) -> Self {
        Self { house, world, skew }
    }

    /// The world at this instant, for what is no effect.
    pub(crate) fn world(&self) -> RefMut<'_, World> {
        self.world.borrow_mut()
    }

    /// The time by this replica's clock.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.world.borrow().now;
        now.saturating_add(self.skew).unwrap_or(now)
    }

    pub(crate) fn has(&self, defect: Defect) -> bool {
        self.house.defect == Some(defect)
    }

    /// Reads something.
    pub(crate) async fn read<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        turn().await;
        look(&mut self.world.borrow_mut())
    }

    /// Does something, unless the broker is away; its answer may be lost.
    pub(crate) async fn effect<T>(&self, act: impl FnOnce(&mut World) -> T) -> Result<T, Again> {
        turn().await;
        let mut world = self.world.borrow_mut();
        if !world.trouble(|trouble| trouble.faults) {
            return Ok(act(&mut world));
        }
        if world.dice.chance(50) {
            act(&mut world);
        }
        Err(Again::Soon)
    }

    /// Executes a command as the ledger does; answers the complaint after it.
    pub(crate) async fn execute(
        &self,
        complaint: &ComplaintId,
        command: &Command,
        actor: Actor,
        causation: &str,
    ) -> Result<Complaint, Failed> {
        let cause = Cause { causation_id: causation.to_owned(), ..Cause::default() };
        let mut loaded = match command {
            Command::Register(_) => None,
            _ => self.read(|world| world.anyone(complaint)).await,
        };
        let wish = Wish { complaint, command, actor: &actor, cause: &cause };
        let mut tried: Option<Prepared> = None;
        let fast = self.has(Defect::FiresEarly) && matches!(command, Command::Fire { .. });
        for round in 0..ROUNDS_MAX {
            let now = self.now() + SignedDuration::from_hours(i64::from(fast));
            let round_of = wish.round(loaded.as_ref(), tried.as_ref(), &self.house.rules, now);
            let prepared = match round_of {
                Err(ExecuteError::Refused(Refusal::NoSuchComplaint)) if round == 0 => {
                    loaded = self.read(|world| world.newest(complaint)).await;
                    continue;
                }
                Err(ExecuteError::Refused(refusal)) => return Err(Failed::Refused(refusal)),
                Err(_) => return Err(Failed::Again(Again::Soon)),
                Ok(Round::Done(done)) => return Ok(done.complaint),
                Ok(Round::Append(prepared)) => self.spoilt(prepared, loaded.as_ref()),
            };
            let expected = loaded.as_ref().map_or(0, |loaded| loaded.stream_seq);
            if self.append(complaint, expected, &prepared).await?.is_some() {
                return Ok(prepared.complaint);
            }
            loaded = self.read(|world| world.newest(complaint)).await;
            tried = Some(prepared);
        }
        Err(Failed::Again(Again::Soon))
    }

    /// Appends; none on a conflict. An append whose answer is lost is tried again with the same expectation, as the
    /// bus does, and then meets its own commit.
    async fn append(
        &self,
        complaint: &ComplaintId,
        expected: u64,
        prepared: &Prepared,
    ) -> Result<Option<u64>, Again> {
        let append = |world: &mut World| {
            let expected = if self.has(Defect::BlindAppend) {
                world.newest(complaint).map_or(0, |there| there.stream_seq)
            } else {
                expected
            };
            world.append(complaint, expected, prepared)
        };
        if let Ok(answer) = self.effect(append).await {
            return Ok(answer.ok());
        }
        self.effect(append).await.map(Result::ok)
    }

    /// What a broken rule makes of a commit.
    fn spoilt(&self, prepared: Prepared, loaded: Option<&Loaded>) -> Prepared {
        match self.house.defect {
            Some(defect) => defect.spoil(prepared, loaded),
            None => prepared,
        }
    }
}

/// Lets others go first.
pub(crate) async fn turn() {
    let mut waited = false;
    std::future::poll_fn(
        move |_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending },
    )
    .await;
}

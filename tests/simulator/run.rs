//! One run: services, people and the broker take turns in an order that the seed decides, until the story is told; then
//! everything comes to rest.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use redress_contract::{Actor, CommunicationId, ComplaintId, ContactId, TimerDue};
use redress_domain::Command;
use redress_notifier::under_way::UnderWay;

use crate::defect::Defect;
use crate::dice::Dice;
use crate::notifier::Notifier;
use crate::service::{Again, House, Service};
use crate::story::Story;
use crate::world::{Trouble, World};
use crate::{check, feed, router, sla};

/// Most handlers at work at once.
const RUNNING_MAX: usize = 6;
/// Turns after which a run that does not come to rest is given up.
const TURNS_MAX: usize = 200_000;
/// How far the clock is moved on at the end, at most, while something waits for its turn.
const REST_MAX: SignedDuration = SignedDuration::from_hours(24 * 14);

/// How long what waits is left alone when its turn came and it may still not go.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// What somebody has to do.
#[derive(Debug, Clone)]
enum Job {
    Route(usize),
    Follow(usize),
    Due(TimerDue),
    Sweep,
    Plan(usize),
    Send(CommunicationId),
    Gather,
    Publish,
    Act(ComplaintId, Box<Command>),
}

struct Pending {
    job: Job,
    attempt: u32,
    not_before: Timestamp,
}

struct Running {
    job: Job,
    attempt: u32,
    replica: usize,
    handler: Pin<Box<dyn Future<Output = Result<(), Again>>>>,
}

/// What was seen in a run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) contacts: usize,
    pub(crate) commits: usize,
    pub(crate) mails: usize,
    pub(crate) rungs: usize,
    pub(crate) turns: usize,
    pub(crate) cuts: usize,
    pub(crate) repeats: usize,
}

impl Seen {
    pub(crate) fn add(&mut self, other: Self) {
        self.contacts += other.contacts;
        self.commits += other.commits;
        self.mails += other.mails;
        self.rungs += other.rungs;
        self.turns += other.turns;
        self.cuts += other.cuts;
        self.repeats += other.repeats;
    }
}

struct Run {
    house: Rc<House>,
    world: Rc<RefCell<World>>,
    dice: Dice,
    pending: Vec<Pending>,
    running: Vec<Running>,
    notifiers: [Rc<UnderWay>; 2],
    contacts_left: usize,
    acts_left: usize,
    routed: usize,
    followed: usize,
    posted: usize,
    seen: Seen,
}

/// Runs one seed; answers what was wrong.
pub(crate) fn run(seed: u64, house: &Rc<House>) -> (Vec<String>, Seen) {
    let (world, wrong, sights) = told(seed, house);
    drop(world);
    (wrong, sights)
}

/// Runs one seed; answers the world as it is then, too.
pub(crate) fn told(seed: u64, house: &Rc<House>) -> (Rc<RefCell<World>>, Vec<String>, Seen) {
    let mut run = Run::new(seed, house);
    run.tell();
    let rested = run.rest();
    let world = run.world.borrow();
    let mut wrong = check::wrong(&world, house);
    if !rested {
        wrong.push("it does not come to rest".to_owned());
    }
    run.seen.contacts = world.intake.len();
    run.seen.commits = world.log.len();
    run.seen.mails = world.sent.len();
    run.seen.rungs = world
        .log
        .iter()
        .flat_map(|logged| &logged.commit.events)
        .filter(|event| matches!(event.event.name(), "WarningReached" | "Escalated"))
        .count();
    let sights = run.seen;
    drop(world);
    (run.world, wrong, sights)
}

impl Run {
    fn new(seed: u64, house: &Rc<House>) -> Self {
        let mut dice = Dice::new(seed);
        // A fifth of the runs has no trouble but disorder: there nothing may happen twice either.
        let calm = dice.chance(20);
        let lagging = dice.chance(30);
        let trouble = if calm {
            Trouble::default()
        } else {
            Trouble {
                repeats: 20,
                cuts: u32::try_from(dice.below(12)).unwrap_or_default(),
                faults: u32::try_from(dice.below(8)).unwrap_or_default(),
                lag: if lagging { 10 } else { 0 },
                lost_timers: 5,
                skew_ms: if dice.chance(50) { 1500 } else { 0 },
            }
        };
        let people = 1 + dice.below(4);
        let start: Timestamp = "2026-06-01T08:00:00Z".parse().expect("a time");
        let (contacts_left, acts_left) = (1 + dice.below(8), dice.below(8));
        let world = World::new(Dice::new(dice.next()), start, trouble, Story::new(people));
        Self {
            house: Rc::clone(house),
            world: Rc::new(RefCell::new(world)),
            dice,
            pending: Vec::new(),
            running: Vec::new(),
            notifiers: [Rc::default(), Rc::default()],
            contacts_left,
            acts_left,
            routed: 0,
            followed: 0,
            posted: 0,
            seen: Seen::default(),
        }
    }

    /// Tells the story, in trouble.
    fn tell(&mut self) {
        while self.contacts_left > 0 || self.acts_left > 0 {
            self.seen.turns += 1;
            match self.dice.below(100) {
                0..=2 => self.write(),
                3..=4 => self.wish(),
                5..=7 => self.pass_time(),
                8 => self.mishap(),
                9..=34 => self.start(),
                _ => self.turn(),
            }
        }
        for _ in 0..self.dice.below(200) {
            self.seen.turns += 1;
            match self.dice.below(100) {
                0..=2 => self.pass_time(),
                3 => self.mishap(),
                4..=34 => self.start(),
                _ => self.turn(),
            }
        }
    }

    /// Ends all trouble, and lets time pass until nobody has anything to do. False when that never happens.
    fn rest(&mut self) -> bool {
        self.world.borrow_mut().troubled = false;
        let began = self.world.borrow().now;
        let until = began + SignedDuration::from_hours(self.dice.between(1, 100));
        // How many commits there were when everybody last looked at everything.
        let mut looked_at = None;
        loop {
            self.seen.turns += 1;
            if self.seen.turns > TURNS_MAX {
                return false;
            }
            if self.running.len() < RUNNING_MAX && self.dice.chance(30) {
                self.start();
            }
            if !self.running.is_empty() {
                self.turn();
                continue;
            }
            self.start();
            if !self.running.is_empty() {
                continue;
            }
            let next = self.next_time();
            let waits = !self.world.borrow().waiting.is_empty() || !self.pending.is_empty();
            match next {
                Some(next) if next <= until || (waits && next <= began + REST_MAX) => {
                    self.move_clock_to(next);
                    looked_at = None;
                }
                _ if looked_at == Some(self.world.borrow().log.len()) => return !waits,
                _ => {
                    // Everybody looks at everything when what was done just now has settled, until there is nothing more
                    // to do: a sweep leaves alone whatever was committed to in the last seconds, by itself too.
                    looked_at = Some(self.world.borrow().log.len());
                    self.world.borrow_mut().now += SignedDuration::from_secs(15);
                    self.ring();
                    self.look_after_things();
                }
            }
        }
    }

    /// When something happens next by itself.
    fn next_time(&self) -> Option<Timestamp> {
        let world = self.world.borrow();
        let pending = self.pending.iter().map(|pending| pending.not_before);
        let timers = world.timers.values().map(|timer| timer.due_at);
        // What may still not go when its turn came is looked at again before long, as the notifier does.
        let look_again = world.now + LOOK_AGAIN;
        let turn = |at: Timestamp| if at > world.now { at } else { look_again };
        let waiting = world.waiting.values().map(|waiting| turn(waiting.not_before));
        pending.chain(timers).chain(waiting).filter(|at| *at > world.now).min()
    }

    fn move_clock_to(&mut self, to: Timestamp) {
        let now = self.world.borrow().now;
        self.world.borrow_mut().now = to.max(now);
        self.ring();
        let waits = self.world.borrow().waiting.values().any(|waiting| waiting.not_before <= to);
        if waits {
            self.push(Job::Gather);
        }
        if self.dice.chance(10) {
            self.look_after_things();
        }
    }

    fn look_after_things(&mut self) {
        if self.house.defect != Some(Defect::NoSweep) {
            self.push(Job::Sweep);
        }
        self.push(Job::Gather);
        self.push(Job::Publish);
    }

    fn pass_time(&mut self) {
        let seconds = match self.dice.below(20) {
            0 => self.dice.between(3_600, 100_000),
            1..=4 => self.dice.between(60, 3_600),
            _ => self.dice.between(0, 20),
        };
        self.world.borrow_mut().now += SignedDuration::from_secs(seconds);
        self.ring();
    }

    /// The broker delivers the timers that are due by its clock.
    fn ring(&mut self) {
        let mut due = Vec::new();
        {
            let mut world = self.world.borrow_mut();
            let skew = SignedDuration::from_millis(if world.troubled { world.trouble.skew_ms } else { 0 });
            let by_broker = world.now + skew;
            let places: Vec<String> = world
                .timers
                .iter()
                .filter(|(_, timer)| timer.due_at <= by_broker)
                .map(|(place, _)| place.clone())
                .collect();
            for place in places {
                due.extend(world.timers.remove(&place));
            }
        }
        for timer in due {
            self.push(Job::Due(timer));
        }
    }

    fn push(&mut self, job: Job) {
        let not_before = self.world.borrow().now;
        self.pending.push(Pending { job, attempt: 1, not_before });
    }

    /// Somebody writes.
    fn write(&mut self) {
        if self.contacts_left == 0 {
            return;
        }
        self.contacts_left -= 1;
        let mut world = self.world.borrow_mut();
        let world = &mut *world;
        let sent = self.dice.pick(&world.sent).and_then(|id| world.outbox.get(id)).cloned();
        let message = sent.as_ref().map(|mail| &mail.message);
        let mut contact = world.story.contact(&mut self.dice, world.now, message, &self.house.keys);
        if contact.channel == redress_contract::Channel::Web {
            // The public form promises a reference before it publishes.
            let keys = &self.house.keys;
            let mut candidates = (0..32).map(|n| keys.reference(&contact.id, n));
            let free = candidates.find(|reference| !world.references.contains_key(reference));
            if let Some(reference) = free {
                world.references.insert(reference.clone(), (contact.id.clone(), None));
                contact.reference = Some(reference);
            }
        }
        world.intake.push(Rc::new(contact));
    }

    /// A handler wishes something of a complaint.
    fn wish(&mut self) {
        if self.acts_left == 0 {
            return;
        }
        self.acts_left -= 1;
        let job = {
            let mut world = self.world.borrow_mut();
            let ids: Vec<ComplaintId> = world.chains.keys().cloned().collect();
            let Some(id) = self.dice.pick(&ids).cloned() else { return };
            let contacts: Vec<ContactId> = world
                .newest(&id)
                .map(|there| there.complaint.contacts.iter().map(|contact| contact.id.clone()).collect())
                .unwrap_or_default();
            Job::Act(id, Box::new(world.story.wish(&mut self.dice, &contacts)))
        };
        self.push(job);
    }

    /// A process is killed, somebody sweeps, or the broker loses its youngest events.
    fn mishap(&mut self) {
        match self.dice.below(4) {
            0 => self.kill_notifier(),
            1 => {
                let mut world = self.world.borrow_mut();
                if world.trouble(|trouble| trouble.faults * 5) {
                    let kept = world.events.len().saturating_sub(1 + self.dice.below(3));
                    world.events.truncate(kept);
                }
            }
            _ => self.look_after_things(),
        }
    }

    fn kill_notifier(&mut self) {
        if !self.world.borrow_mut().trouble(|trouble| trouble.cuts * 5) {
            return;
        }
        let killed = self.dice.below(2);
        let is_theirs = |running: &Running| {
            running.replica == killed && matches!(running.job, Job::Plan(_) | Job::Send(_) | Job::Gather)
        };
        let now = self.world.borrow().now;
        let (dead, alive): (Vec<_>, Vec<_>) = self.running.drain(..).partition(is_theirs);
        self.running = alive;
        for running in dead {
            self.seen.cuts += 1;
            self.pending.push(Pending { job: running.job, attempt: running.attempt + 1, not_before: now });
        }
        self.notifiers[killed] = Rc::default();
    }

    /// What was stored since is delivered to whoever follows it.
    fn deliver(&mut self) {
        let (intake, log) = {
            let world = self.world.borrow();
            (world.intake.len(), world.log.len())
        };
        for place in self.routed..intake {
            self.push(Job::Route(place));
        }
        for place in self.followed..log {
            self.push(Job::Follow(place));
            self.push(Job::Plan(place));
        }
        if log > self.followed {
            self.push(Job::Publish);
        }
        (self.routed, self.followed) = (intake, log);
        let posted: Vec<CommunicationId> = {
            let world = self.world.borrow();
            world.posted[self.posted..].to_vec()
        };
        self.posted += posted.len();
        for id in posted {
            self.push(Job::Send(id));
        }
    }

    /// Somebody takes up something that waits to be done, whatever came first.
    fn start(&mut self) {
        self.deliver();
        if self.running.len() >= RUNNING_MAX {
            return;
        }
        let now = self.world.borrow().now;
        let ready: Vec<usize> =
            (0..self.pending.len()).filter(|place| self.pending[*place].not_before <= now).collect();
        let Some(place) = self.dice.pick(&ready) else { return };
        let Pending { job, attempt, .. } = self.pending.swap_remove(*place);
        let replica = self.dice.below(2);
        let handler = self.handler(&job, attempt, replica);
        self.running.push(Running { job, attempt, replica, handler });
    }

    fn handler(
        &mut self,
        job: &Job,
        attempt: u32,
        replica: usize,
    ) -> Pin<Box<dyn Future<Output = Result<(), Again>>>> {
        let (troubled, skew) = {
            let world = self.world.borrow();
            (world.troubled, world.trouble.skew_ms)
        };
        let skew = if troubled && skew > 0 { self.dice.between(-skew, skew) } else { 0 };
        let service =
            Service::new(Rc::clone(&self.house), Rc::clone(&self.world), SignedDuration::from_millis(skew));
        let under_way = Rc::clone(&self.notifiers[replica]);
        let notifier = Notifier { service: service.clone(), under_way };
        let world = self.world.borrow();
        match job.clone() {
            Job::Route(place) => Box::pin(router::route(service, Rc::clone(&world.intake[place]), attempt)),
            Job::Follow(place) => Box::pin(sla::follow(service, Rc::clone(&world.log[place]))),
            Job::Due(timer) => Box::pin(sla::due(service, timer)),
            Job::Sweep => Box::pin(sla::sweep(service)),
            Job::Plan(place) => Box::pin(notifier.on_commit(Rc::clone(&world.log[place]), attempt)),
            Job::Send(id) => Box::pin(notifier.on_outbox(Rc::clone(&world.outbox[&id]), attempt)),
            Job::Gather => Box::pin(notifier.send_waiting()),
            Job::Publish => Box::pin(feed::publish(service)),
            Job::Act(complaint, command) => Box::pin(async move {
                // A person who is refused, or who got no answer, does not come again by himself.
                let actor = Actor::handler("h-1");
                let _ = service.execute(&complaint, &command, actor, "act").await;
                Ok(())
            }),
        }
    }

    /// Somebody goes on to the next effect, or is cut off before it.
    fn turn(&mut self) {
        if self.running.is_empty() {
            return;
        }
        let place = self.dice.below(self.running.len());
        if self.world.borrow_mut().trouble(|trouble| trouble.cuts) {
            let running = self.running.swap_remove(place);
            self.seen.cuts += 1;
            self.come_again(running, Again::Soon);
            return;
        }
        let polled = self.running[place].handler.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(result) = polled else { return };
        let running = self.running.swap_remove(place);
        match result {
            Ok(()) => self.repeat(running),
            Err(again) => self.come_again(running, again),
        }
    }

    fn come_again(&mut self, running: Running, again: Again) {
        let Running { job, attempt, .. } = running;
        let world = self.world.borrow();
        let done_with = match &job {
            Job::Route(place) => world.story.is_spared(&world.intake[*place].id),
            Job::Act(..) => true,
            _ => false,
        };
        if done_with {
            return;
        }
        let wait = match again {
            Again::Soon => SignedDuration::ZERO,
            Again::After(wait) => wait,
        };
        let not_before = world.now + wait;
        self.pending.push(Pending { job, attempt: attempt + 1, not_before });
    }

    /// The acknowledgement of a delivery may be lost: then it comes again although it was done.
    fn repeat(&mut self, running: Running) {
        let repeated = !matches!(running.job, Job::Act(..))
            && self.world.borrow_mut().trouble(|trouble| trouble.repeats);
        if repeated {
            self.seen.repeats += 1;
            self.come_again(running, Again::Soon);
        }
    }
}

#[cfg(test)]
pub(crate) fn first_wrong(house: &Rc<House>, seeds: std::ops::Range<u64>) -> Option<(u64, Vec<String>)> {
    seeds.map(|seed| (seed, run(seed, house).0)).find(|(_, wrong)| !wrong.is_empty())
}

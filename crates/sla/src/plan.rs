//! Which timers a commit sets or cancels, and what a fired one means: pure functions of events, state and time.
//!
//! A milestone has at most one pending timer, that of its next rung. Setting replaces; a timer that fires too late
//! or for nothing is harmless, so only timers that may still be pending are cancelled.

use jiff::{SignedDuration, Timestamp};
use redress_contract::{ClockId, CommitEvent, Event, MilestoneId, TimerDue};
use redress_domain::{Clock, Command, Complaint, Milestone};

/// One milestone of one clock: the place of one timer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The clock.
    pub clock: ClockId,
    /// The milestone.
    pub milestone: MilestoneId,
}

/// What is to be done with a timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Have it fire, replacing what is pending in its slot.
    Set(TimerDue),
    /// Have it fire no more.
    Cancel(Slot),
}

/// Clocks of machines differ by seconds. A timer that is earlier than this is not waited for: the sweep, which goes
/// by our own clock, finds it when it is due.
const SKEW_MAX: SignedDuration = SignedDuration::from_mins(10);

/// What a fired timer means by our own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fired {
    /// It is due: see [`fire`].
    Now,
    /// It comes again after so long.
    Early(SignedDuration),
    /// So early that it is left to the sweep.
    LeftToSweep(SignedDuration),
}

/// Judges a fired timer by the time. What became of its milestone the complaint knows.
pub fn fired(timer: &TimerDue, now: Timestamp) -> Fired {
    let early = timer.due_at.duration_since(now);
    if early > SKEW_MAX {
        Fired::LeftToSweep(early)
    } else if early.is_positive() {
        Fired::Early(early)
    } else {
        Fired::Now
    }
}

/// The command of a timer that is due.
pub fn fire(timer: &TimerDue) -> Command {
    Command::Fire {
        clock: timer.clock.clone(),
        milestone: timer.milestone.clone(),
        generation: timer.generation,
    }
}

/// The slots whose next rung a commit may have moved. `complaint` is the state after it.
pub fn touched(events: &[CommitEvent], complaint: &Complaint) -> Vec<Slot> {
    let mut slots: Vec<Slot> = events.iter().flat_map(|event| touched_by(&event.event, complaint)).collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

/// What the state asks of these slots.
pub fn steps(complaint: &Complaint, slots: &[Slot]) -> Vec<Step> {
    slots.iter().filter_map(|slot| step(complaint, slot)).collect()
}

/// Every timer the state asks for.
pub fn pending(complaint: &Complaint) -> Vec<TimerDue> {
    complaint
        .pending()
        .into_iter()
        .filter_map(|(clock, milestone)| next_timer(complaint, clock, milestone))
        .collect()
}

fn touched_by(event: &Event, complaint: &Complaint) -> Vec<Slot> {
    let slot = |clock: &ClockId, milestone: &MilestoneId| {
        vec![Slot { clock: clock.clone(), milestone: milestone.clone() }]
    };
    match event {
        Event::MilestoneSet(e) => slot(&e.clock, &e.milestone),
        Event::WarningReached(e) => slot(&e.clock, &e.milestone),
        Event::MilestoneMet(e) => slot(&e.clock, &e.milestone),
        Event::MilestoneBreached(e) => slot(&e.clock, &e.milestone),
        Event::MilestoneReopened(e) => slot(&e.clock, &e.milestone),
        Event::DeadlineChanged(e) => slot(&e.clock, &e.milestone),
        Event::Escalated(e) => slot(&e.clock, &e.milestone),
        Event::ClockStopped(e) => unmet(complaint, &e.clock),
        Event::Registered(_)
        | Event::ContactLinked(_)
        | Event::Classified(_)
        | Event::Assigned(_)
        | Event::Accepted(_)
        | Event::CommunicationQueued(_)
        | Event::CommunicationAccepted(_)
        | Event::CommunicationBounced(_)
        | Event::CommunicationFailed(_)
        | Event::CommunicationSuppressed(_)
        | Event::ClockStarted(_)
        | Event::ExtensionRequested(_)
        | Event::ExtensionGranted(_)
        | Event::EscalationAcknowledged(_)
        | Event::NoteAdded(_)
        | Event::Held(_)
        | Event::Released(_)
        | Event::Decided(_)
        | Event::Closed(_)
        | Event::Reopened(_)
        | Event::ReviewRequested(_)
        | Event::WithdrawalRequested(_)
        | Event::ErasureRequested(_)
        | Event::ErasureCompleted(_)
        | Event::Unknown { .. } => Vec::new(),
    }
}

/// Met milestones lost their timers in the commit that met them.
fn unmet(complaint: &Complaint, clock: &ClockId) -> Vec<Slot> {
    let milestones = complaint.clock(clock).map(|clock| clock.milestones.as_slice()).unwrap_or_default();
    milestones
        .iter()
        .filter(|milestone| milestone.met_at.is_none())
        .map(|milestone| Slot { clock: clock.clone(), milestone: milestone.id.clone() })
        .collect()
}

fn step(complaint: &Complaint, slot: &Slot) -> Option<Step> {
    let clock = complaint.clock(&slot.clock)?;
    let milestone = clock.milestone(&slot.milestone)?;
    if clock.stopped.is_none() && milestone.met_at.is_none() {
        return next_timer(complaint, clock, milestone).map(Step::Set);
    }
    let rungs_left = (milestone.rungs_reached as usize) < milestone.rungs.len();
    rungs_left.then(|| Step::Cancel(slot.clone()))
}

fn next_timer(complaint: &Complaint, clock: &Clock, milestone: &Milestone) -> Option<TimerDue> {
    let (_, rung) = milestone.next_rung()?;
    Some(TimerDue {
        complaint_id: complaint.id.clone(),
        clock: clock.id.clone(),
        milestone: milestone.id.clone(),
        generation: milestone.generation,
        due_at: rung.at,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use redress_contract::event::{
        ClockStarted, ClockStopped, Escalated, MilestoneMet, MilestoneReopened, MilestoneSet, Registered,
        Rung, WarningReached,
    };
    use redress_domain::replay;

    use super::*;

    pub(crate) fn at(text: &str) -> Timestamp {
        format!("2026-03-02T{text}:00Z").parse().unwrap()
    }

    fn clock() -> ClockId {
        ClockId::new("house").unwrap()
    }

    fn milestone(name: &str) -> MilestoneId {
        MilestoneId::new(name).unwrap()
    }

    fn rungs(times: &[&str]) -> Vec<Rung> {
        times.iter().map(|time| Rung { at: at(time), percent: 50, recipients: Vec::new() }).collect()
    }

    fn set(name: &str, times: &[&str]) -> Event {
        let due_at = at(times.last().unwrap());
        let (clock, milestone) = (clock(), milestone(name));
        MilestoneSet { clock, milestone, due_at, rungs: rungs(times), generation: 1, ..Default::default() }
            .into()
    }

    fn warned(name: &str, rung: u32) -> Event {
        WarningReached {
            clock: clock(),
            milestone: milestone(name),
            rung,
            generation: 1,
            ..Default::default()
        }
        .into()
    }

    fn met(name: &str) -> Event {
        MilestoneMet { clock: clock(), milestone: milestone(name), met_at: at("09:10"), ..Default::default() }
            .into()
    }

    fn numbered(events: Vec<Event>) -> Vec<CommitEvent> {
        (1..).zip(events).map(|(seq, event)| CommitEvent { seq, occurred_at: at("09:00"), event }).collect()
    }

    pub(crate) fn opened(id: &str, more: Vec<Event>) -> Vec<CommitEvent> {
        let mut events = vec![
            Registered {
                complaint_id: id.parse().unwrap(),
                contact_id: "k1".parse().unwrap(),
                ..Default::default()
            }
            .into(),
            ClockStarted { clock: clock(), policy: "house".parse().unwrap(), ..Default::default() }.into(),
            set("acknowledge", &["09:30", "10:00"]),
            set("final_response", &["12:00", "13:00"]),
        ];
        events.extend(more);
        numbered(events)
    }

    /// The steps asked for by the last `n` events of a history.
    fn check(history: &[CommitEvent], n: usize, expected: &[&str]) {
        let complaint = replay(history).unwrap();
        let slots = touched(&history[history.len() - n..], &complaint);
        let steps: Vec<String> = steps(&complaint, &slots)
            .into_iter()
            .map(|step| match step {
                Step::Set(timer) => {
                    format!("set {} {} {}", timer.milestone, timer.generation, timer.due_at.strftime("%H:%M"))
                }
                Step::Cancel(slot) => format!("cancel {}", slot.milestone),
            })
            .collect();
        assert_eq!(steps, expected);
    }

    #[test]
    fn registering_sets_the_first_rung_of_each_milestone() {
        let history = opened("c1", vec![]);
        check(&history, 4, &["set acknowledge 1 09:30", "set final_response 1 12:00"]);
    }

    #[test]
    fn a_reached_rung_sets_the_next_and_the_last_sets_none() {
        check(&opened("c1", vec![warned("acknowledge", 1)]), 1, &["set acknowledge 1 10:00"]);
        let escalated = Escalated {
            clock: clock(),
            milestone: milestone("acknowledge"),
            rung: 2,
            generation: 1,
            ..Default::default()
        };
        check(&opened("c1", vec![warned("acknowledge", 1), escalated.into()]), 1, &[]);
    }

    #[test]
    fn meeting_cancels_only_what_was_met() {
        check(&opened("c1", vec![met("acknowledge")]), 1, &["cancel acknowledge"]);
    }

    #[test]
    fn meeting_after_the_last_rung_has_nothing_to_cancel() {
        let late = vec![warned("acknowledge", 1), warned("acknowledge", 2), met("acknowledge")];
        check(&opened("c1", late), 1, &[]);
    }

    #[test]
    fn stopping_a_clock_cancels_what_was_still_owed() {
        let stopped: Event = ClockStopped { clock: clock(), ..Default::default() }.into();
        check(&opened("c1", vec![met("acknowledge"), stopped]), 1, &["cancel final_response"]);
    }

    #[test]
    fn reopening_sets_the_new_generation() {
        let reopened: Event = MilestoneReopened {
            clock: clock(),
            milestone: milestone("acknowledge"),
            due_at: at("15:00"),
            rungs: rungs(&["14:00", "15:00"]),
            generation: 2,
            ..Default::default()
        }
        .into();
        check(&opened("c1", vec![met("acknowledge"), reopened]), 1, &["set acknowledge 2 14:00"]);
    }

    #[test]
    fn facts_without_deadlines_touch_no_timer() {
        let note: Event = redress_contract::event::NoteAdded::default().into();
        check(&opened("c1", vec![note]), 1, &[]);
    }
}

//! A timer fired: what is due of this milestone is recorded, judged against the complaint as it is now.

use jiff::Timestamp;
use redress_contract::event::{Escalated, MilestoneBreached, Rung, WarningReached};
use redress_contract::{ClockId, Event, MilestoneId};

use super::Case;
use crate::complaint::Milestone;

impl Case<'_> {
    /// A stale timer, an early one and one for something that is no longer owed change nothing. Of several rungs
    /// that are due at once only the highest tells people.
    pub(super) fn fire(&self, clock: &ClockId, milestone: &MilestoneId, generation: u32) -> Vec<Event> {
        let running = self.complaint.running_clocks().find(|running| running.id == *clock);
        let owed = running.and_then(|clock| clock.milestone(milestone));
        let Some(owed) = owed.filter(|m| m.generation == generation && m.met_at.is_none()) else {
            return Vec::new();
        };
        let reached = usize::try_from(owed.rungs_reached).unwrap_or(usize::MAX);
        let due = || owed.rungs.iter().enumerate().skip(reached).take_while(|(_, rung)| rung.at <= self.now);
        let highest = due().map(|(index, _)| index).last();
        let teller = due().filter(|(_, rung)| !rung.recipients.is_empty()).map(|(index, _)| index).last();
        let mut events = Vec::new();
        for (index, rung) in due() {
            let overtaken = Some(index) != teller.or(highest);
            self.reach(clock, owed, (index, rung, overtaken), &mut events);
        }
        events
    }

    fn reach(
        &self,
        clock: &ClockId,
        owed: &Milestone,
        (index, rung, overtaken): (usize, &Rung, bool),
        events: &mut Vec<Event>,
    ) {
        let (clock, milestone, generation) = (clock.clone(), owed.id.clone(), owed.generation);
        let late_by_s = seconds_between(rung.at, self.now);
        let recipients = rung.recipients.clone();
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        if (1..100).contains(&rung.percent) {
            events.push(Event::from(WarningReached {
                clock,
                milestone,
                rung: number,
                percent: rung.percent,
                recipients,
                late_by_s,
                generation,
                overtaken,
            }));
            return;
        }
        if rung.percent == 100 {
            events.push(Event::from(MilestoneBreached {
                clock: clock.clone(),
                milestone: milestone.clone(),
                due_at: owed.due_at,
                late_by_s,
                generation,
            }));
        }
        // Somebody looks after the rung before it; who is told next hears of it should nobody do so anew.
        let held_back =
            rung.percent != 100 && owed.acknowledged_rung > 0 && owed.acknowledged_rung + 1 == number;
        events.push(Event::from(Escalated {
            clock,
            milestone,
            rung: number,
            recipients,
            late_by_s,
            generation,
            overtaken,
            held_back,
        }));
    }
}

fn seconds_between(due: Timestamp, now: Timestamp) -> u32 {
    u32::try_from(now.duration_since(due).as_secs().max(0)).unwrap_or(u32::MAX)
}

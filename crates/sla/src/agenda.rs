//! The due times of all complaints, in order, in memory: what the sweep goes by. Pure.
//!
//! A hundred thousand complaints owe a million things, so complaints and milestones stand here as numbers.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use redress_contract::{ClockId, ComplaintId, MilestoneId, TimerDue};
use redress_domain::Complaint;

use crate::plan;

/// When, of which complaint, and what of it: numbers of [`Agenda::complaints`] and [`Agenda::names`].
type Place = (Timestamp, u32, u32);

/// Which timer every milestone that is still owed has next.
#[derive(Debug, Default)]
pub struct Agenda {
    numbers: HashMap<ComplaintId, u32>,
    complaints: Vec<Known>,
    /// Numbers that nobody has any more.
    free: Vec<u32>,
    names: Names,
    /// The generation of each timer.
    timers: BTreeMap<Place, u32>,
}

/// A complaint that owes something.
#[derive(Debug)]
struct Known {
    id: ComplaintId,
    noted_at: Timestamp,
    timers: Box<[(Timestamp, u32)]>,
}

/// Clocks and milestones are called the same in all complaints.
#[derive(Debug, Default)]
struct Names {
    numbers: HashMap<(ClockId, MilestoneId), u32>,
    names: Vec<(ClockId, MilestoneId)>,
}

impl Names {
    fn number(&mut self, clock: ClockId, milestone: MilestoneId) -> u32 {
        let name = (clock, milestone);
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let number = number_of(self.names.len());
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }
}

impl Agenda {
    /// Replaces what was known of a complaint; its newest commit was stored at `noted_at`.
    pub fn note(&mut self, complaint: &Complaint, noted_at: Timestamp) {
        let timers = plan::pending(complaint);
        let number = match self.numbers.get(&complaint.id) {
            Some(number) => *number,
            None if timers.is_empty() => return,
            None => self.enter(&complaint.id),
        };
        for (due_at, name) in std::mem::take(&mut self.complaints[number as usize].timers) {
            self.timers.remove(&(due_at, number, name));
        }
        if timers.is_empty() {
            self.numbers.remove(&complaint.id);
            self.free.push(number);
            return;
        }
        let mut known = Vec::with_capacity(timers.len());
        for timer in timers {
            let name = self.names.number(timer.clock, timer.milestone);
            self.timers.insert((timer.due_at, number, name), timer.generation);
            known.push((timer.due_at, name));
        }
        let entry = &mut self.complaints[number as usize];
        (entry.timers, entry.noted_at) = (known.into_boxed_slice(), noted_at);
    }

    fn enter(&mut self, id: &ComplaintId) -> u32 {
        let known = Known { id: id.clone(), noted_at: Timestamp::MIN, timers: Box::default() };
        let number = if let Some(number) = self.free.pop() {
            self.complaints[number as usize] = known;
            number
        } else {
            self.complaints.push(known);
            number_of(self.complaints.len() - 1)
        };
        self.numbers.insert(id.clone(), number);
        number
    }

    /// How many timers are owed.
    pub fn len(&self) -> usize {
        self.timers.len()
    }

    /// True when nothing is owed.
    pub fn is_empty(&self) -> bool {
        self.timers.is_empty()
    }

    /// What is due, earliest first.
    pub fn overdue(&self, now: Timestamp) -> Vec<TimerDue> {
        self.timers.iter().take_while(|(place, _)| place.0 <= now).map(|entry| self.timer(entry)).collect()
    }

    /// What becomes due after `now` and not after `until`, of complaints whose newest commit is older than `noted_before`.
    pub fn upcoming(
        &self,
        now: Timestamp,
        until: Timestamp,
        noted_before: Timestamp,
    ) -> impl Iterator<Item = TimerDue> {
        self.timers
            .iter()
            .skip_while(move |(place, _)| place.0 <= now)
            .take_while(move |(place, _)| place.0 <= until)
            .filter(move |(place, _)| self.complaints[place.1 as usize].noted_at < noted_before)
            .map(|entry| self.timer(entry))
    }

    fn timer(&self, (place, generation): (&Place, &u32)) -> TimerDue {
        let (due_at, complaint, name) = *place;
        let (clock, milestone) = self.names.names[name as usize].clone();
        let complaint_id = self.complaints[complaint as usize].id.clone();
        TimerDue { complaint_id, clock, milestone, generation: *generation, due_at }
    }
}

fn number_of(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than four thousand million complaints owe anything")
}

#[cfg(test)]
mod tests {
    use redress_contract::event::{ClockStopped, MilestoneMet};
    use redress_domain::replay;

    use super::*;
    use crate::plan::tests::{at, opened};

    fn names(timers: impl IntoIterator<Item = TimerDue>) -> Vec<String> {
        timers.into_iter().map(|timer| format!("{} {}", timer.complaint_id, timer.milestone)).collect()
    }

    #[test]
    fn it_lists_what_is_due_in_order_and_forgets_what_is_met() {
        let mut agenda = Agenda::default();
        agenda.note(&replay(&opened("c1", vec![])).unwrap(), at("09:00"));
        agenda.note(&replay(&opened("c2", vec![])).unwrap(), at("09:00"));
        assert_eq!(agenda.len(), 4);
        assert_eq!(names(agenda.overdue(at("09:29"))), Vec::<String>::new());
        assert_eq!(names(agenda.overdue(at("09:30"))), ["c1 acknowledge", "c2 acknowledge"]);

        let met = MilestoneMet {
            clock: "house".parse().unwrap(),
            milestone: "acknowledge".parse().unwrap(),
            met_at: at("09:10"),
            ..Default::default()
        };
        agenda.note(&replay(&opened("c1", vec![met.into()])).unwrap(), at("09:10"));
        assert_eq!(
            names(agenda.overdue(at("12:00"))),
            ["c2 acknowledge", "c1 final_response", "c2 final_response"]
        );

        let stopped = ClockStopped { clock: "house".parse().unwrap(), ..Default::default() };
        agenda.note(&replay(&opened("c2", vec![stopped.into()])).unwrap(), at("09:20"));
        assert_eq!(names(agenda.overdue(at("23:00"))), ["c1 final_response"]);

        // Its place is taken by the next.
        agenda.note(&replay(&opened("c3", vec![])).unwrap(), at("09:30"));
        assert_eq!(agenda.complaints.len(), 2);
        assert_eq!(names(agenda.overdue(at("10:00"))), ["c3 acknowledge"]);
    }

    #[test]
    fn what_was_noted_just_now_is_not_missed_yet() {
        let mut agenda = Agenda::default();
        agenda.note(&replay(&opened("c1", vec![])).unwrap(), at("09:05"));
        let upcoming = |noted_before| names(agenda.upcoming(at("09:05"), at("10:00"), noted_before));
        assert_eq!(upcoming(at("09:05")), Vec::<String>::new());
        assert_eq!(upcoming(at("09:06")), ["c1 acknowledge"]);
    }
}

//! The due times of all complaints, in order, in memory: what the sweep goes by. Pure.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use redress_contract::{ClockId, ComplaintId, MilestoneId, TimerDue};
use redress_domain::Complaint;

use crate::plan;

type Place = (Timestamp, ComplaintId, ClockId, MilestoneId);

/// Which timer every milestone that is still owed has next.
#[derive(Debug, Default)]
pub struct Agenda {
    places: HashMap<ComplaintId, Vec<Place>>,
    timers: BTreeMap<Place, Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    generation: u32,
    noted_at: Timestamp,
}

impl Agenda {
    /// Replaces what was known of a complaint; its newest commit was stored at `noted_at`.
    pub fn note(&mut self, complaint: &Complaint, noted_at: Timestamp) {
        for place in self.places.remove(&complaint.id).unwrap_or_default() {
            self.timers.remove(&place);
        }
        let timers = plan::pending(complaint);
        if timers.is_empty() {
            return;
        }
        let mut places = Vec::with_capacity(timers.len());
        for timer in timers {
            let place = (timer.due_at, timer.complaint_id, timer.clock, timer.milestone);
            self.timers.insert(place.clone(), Entry { generation: timer.generation, noted_at });
            places.push(place);
        }
        self.places.insert(complaint.id.clone(), places);
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
        self.timers.iter().take_while(|(place, _)| place.0 <= now).map(timer).collect()
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
            .filter(move |(_, entry)| entry.noted_at < noted_before)
            .map(timer)
    }
}

fn timer((place, entry): (&Place, &Entry)) -> TimerDue {
    let (due_at, complaint_id, clock, milestone) = place.clone();
    TimerDue { complaint_id, clock, milestone, generation: entry.generation, due_at }
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
        agenda.note(&replay(&opened("c2", vec![])).unwrap(), at("09:00"));
        agenda.note(&replay(&opened("c1", vec![])).unwrap(), at("09:00"));
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

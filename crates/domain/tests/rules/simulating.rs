//! A history under other rules: what people did stays, each deadline is set anew.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use redress_contract::{CommitEvent, CommunicationPurpose};
use redress_domain::command::Fate;
use redress_domain::simulate::{self, owed};
use redress_domain::{Command, Complaint, Rules, decide, evolve};

use crate::histories::{POLICIES, command};
use crate::stage::{accept, accepted, at, decide_it, fact, register, registration, rules};

/// A house that is never late: every rung is recorded when it is reached.
#[derive(Default)]
struct House {
    state: Option<Complaint>,
    commits: Vec<Vec<CommitEvent>>,
}

impl House {
    fn takes(&mut self, command: &Command, rules: &Rules, now: Timestamp) {
        let mut commit = Vec::new();
        for event in decide(self.state.as_ref(), command, rules, now).unwrap_or_default() {
            let seq = u32::try_from(self.commits.iter().flatten().count() + commit.len() + 1).unwrap();
            self.state = evolve(self.state.take(), seq, now, &event);
            commit.push(CommitEvent { seq, occurred_at: now, event });
        }
        if !commit.is_empty() {
            self.commits.push(commit);
        }
    }

    fn waits(&mut self, rules: &Rules, until: Timestamp) {
        while let Some((at, command)) = self.next().filter(|(at, _)| *at < until) {
            self.takes(&command, rules, at);
        }
    }

    fn next(&self) -> Option<(Timestamp, Command)> {
        let now = self.commits.last()?.first()?.occurred_at;
        let pending = self.state.as_ref()?.pending();
        let rungs = pending.into_iter().filter_map(|(clock, owed)| {
            let fire = Command::Fire {
                clock: clock.id.clone(),
                milestone: owed.id.clone(),
                generation: owed.generation,
            };
            Some((owed.next_rung()?.1.at, fire))
        });
        rungs.min_by_key(|(at, _)| *at).map(|(at, fire)| (at.max(now), fire))
    }

    fn simulated(&self, rules: &Rules, until: Timestamp) -> Vec<CommitEvent> {
        simulate::simulate(self.commits.iter().map(Vec::as_slice), rules, until)
    }
}

fn told(events: &[CommitEvent]) -> Vec<String> {
    let words = |owed: simulate::Owed| {
        let how = if owed.breached { "breached" } else { "in time" };
        let team = owed.team.map(|team| team.to_string()).unwrap_or_default();
        format!("{} {} {} {how} {team}", owed.policy, owed.milestone, owed.due_at)
    };
    owed(events).into_iter().map(words).collect()
}

#[test]
fn a_shorter_span_breaches_what_a_longer_one_did_not() {
    let policy = |hours: u8| {
        rules(&format!(
            r#"{{"policies": [{{"id": "house", "milestones": [
                {{"id": "acknowledge", "span": {{"elapsed": "PT{hours}H"}}}},
                {{"id": "final_response", "span": {{"elapsed": "PT20H"}}, "met_by": ["decided"]}}]}}]}}"#
        ))
    };
    let (day, hour) = (registration().recorded_at, SignedDuration::from_hours);
    let mut house = House::default();
    let wishes = [
        (0, register()),
        (3, accepted("comm-1", CommunicationPurpose::Acknowledgement, day + hour(3))),
        (4, accept()),
        (25, decide_it()),
    ];
    for (after, wish) in wishes {
        house.waits(&policy(4), day + hour(after));
        house.takes(&wish, &policy(4), day + hour(after));
    }
    let until = day + hour(48);
    let due = |hours| (registration().link.received_at + hour(hours)).to_string();
    assert_eq!(
        told(&house.simulated(&policy(4), until)),
        [
            format!("house acknowledge {} in time complaints", due(4)),
            format!("house final_response {} breached complaints", due(20)),
        ]
    );
    assert_eq!(
        told(&house.simulated(&policy(2), until))[0],
        format!("house acknowledge {} breached complaints", due(2))
    );
}

#[test]
fn what_other_rules_would_refuse_still_happened() {
    // Under the rules of the record the complaint had room for a second contact.
    let strict = rules(r#"{"limits": {"contacts_per_complaint": 1}}"#);
    let (mut house, now) = (House::default(), registration().recorded_at);
    house.takes(&register(), &rules("{}"), now);
    let second = crate::stage::person("contact-2", at("2026-06-01T10:00:00Z"));
    house.takes(&Command::Link(second), &rules("{}"), now + SignedDuration::from_hours(2));
    house.takes(
        &fact("comm-1", CommunicationPurpose::Acknowledgement, Fate::Queued("4.0.0".to_owned())),
        &rules("{}"),
        now + SignedDuration::from_hours(3),
    );
    let simulated = house.simulated(&strict, now + SignedDuration::from_hours(4));
    let names: Vec<_> = simulated.iter().map(|recorded| recorded.event.name()).collect();
    assert!(names.windows(2).any(|pair| pair == ["ContactLinked", "CommunicationQueued"]), "{names:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Under the rules of the record a history comes to itself, event by event.
    #[test]
    fn the_same_rules_write_the_same_history(steps in prop::collection::vec((0i64..600, command()), 1..40)) {
        let rules = rules(POLICIES);
        let (mut house, mut now) = (House::default(), registration().recorded_at);
        house.takes(&register(), &rules, now);
        for (minutes, command) in steps {
            now += SignedDuration::from_mins(minutes);
            house.waits(&rules, now);
            // Timers are fired in time, and the policy stays as it is.
            if !matches!(command, Command::Fire { .. } | Command::Repin { .. }) {
                house.takes(&command, &rules, now);
            }
        }
        // What is reached just now is recorded in the simulation only.
        let end = now - SignedDuration::from_nanos(1);
        let recorded: Vec<_> = house.commits.iter().flatten().cloned().collect();
        let simulated = house.simulated(&rules, end);
        for (simulated, recorded) in simulated.iter().zip(&recorded) {
            prop_assert_eq!(simulated, recorded);
        }
        let more = simulated.get(recorded.len()..).unwrap_or_default();
        prop_assert_eq!((more, simulated.len()), (&[][..], recorded.len()));
    }
}

//! Whatever anybody wishes in whatever order: what holds of every history.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use redress_contract::{
    Act, ClockId, CloseReason, CommitEvent, CommunicationPurpose, Disposition, Event, Hold, MachineKind,
    MilestoneId, Outcome, PartyStanding, Recipient, Severity, SuppressReason,
};
use redress_domain::command::{Acknowledge, Acknowledger, Extend, Fate, Told};
use redress_domain::pause::{Pause, Pauses};
use redress_domain::rules::{Policy, PolicyMilestone, Timing};
use redress_domain::{
    Assignment, Classification, Clock, Command, CommunicationFact, Complaint, Link, Milestone, Refusal,
    Rules, decide, evolve, replay,
};

use crate::stage::{at, id, machine, person, register, registration, rules};

pub(crate) const POLICIES: &str = r#"{
    "limits": {"contacts_per_complaint": 6},
    "policies": [
        {"id": "house", "applies_when": {"disposition": ["complaint"]}, "milestones": [
            {"id": "acknowledge", "span": {"business_time": "PT4H"}},
            {"id": "final_response", "span": {"business_days": "3"}, "warn_at": [40, 80],
             "pause_on": ["awaiting_complainant", "legal_stay"], "extension": {"by": {"business_days": "2"}}},
            {"id": "call", "span": {"business_time": "PT9H"}, "met_by": ["marked_done"],
             "pause_on": ["awaiting_complainant"], "extension": {"total": {"business_time": "PT20H"}, "notice": false}},
            {"id": "update", "anchor": "last_outbound", "span": {"elapsed": "PT7H"}, "recurring": true,
             "pause_on": ["awaiting_third_party"]},
            {"id": "after_call", "anchor": "call", "span": {"calendar_days": "2"}, "met_by": ["marked_done"]},
            {"id": "answer", "anchor": "last_inbound", "span": {"elapsed": "PT30M"}, "met_by": ["any_outbound"]},
            {"id": "remedy", "anchor": "decided", "span": {"calendar_days": "1"}, "met_by": ["closed"]},
            {"id": "review_reply", "span": {"business_days": "2"}}]},
        {"id": "safety", "applies_when": {"disposition": ["complaint"], "severity": ["S1"]}, "milestones": [
            {"id": "immediate_action", "anchor": "became_aware", "span": {"elapsed": "PT1H"}}]},
        {"id": "law", "regulator": true, "applies_when": {"category": ["banking"]}, "milestones": [
            {"id": "final_response", "span": {"weeks": "1"}, "extension": {"total": {"weeks": "2"}}, "met_by": ["final_response_accepted", "decided"]}]}]}"#;

/// The same, and a day that nobody knew of is closed.
fn later_rules() -> Rules {
    let closed =
        r#"{"calendars": {"office": {"zone": "UTC", "closed": {"2026-06-03": "A day of mourning"}}}, "#;
    let later = rules(&POLICIES.replacen('{', closed, 1));
    let (rules, problems) = later.remembering(&rules(POLICIES).versions());
    assert_eq!(problems, []);
    rules
}

fn link() -> impl Strategy<Value = Link> {
    (0u8..9, any::<bool>(), 0i64..5_000, prop::sample::select(PartyStanding::ALL)).prop_map(
        |(contact, human, minutes, standing)| {
            let received_at = at("2026-06-01T08:00:00Z") + SignedDuration::from_mins(minutes);
            let name = format!("contact-{contact}");
            if human { Link { standing, ..person(&name, received_at) } } else { machine(&name, received_at) }
        },
    )
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Queued("4.0.0".to_owned())),
        (0i64..5_000).prop_map(|minutes| Fate::Accepted {
            at: at("2026-06-01T08:00:00Z") + SignedDuration::from_mins(minutes),
            provides: Vec::new(),
        }),
        Just(Fate::Failed("5.0.0".to_owned())),
        prop::sample::select(SuppressReason::ALL).prop_map(Fate::Suppressed),
    ]
}

/// A communication's purpose follows from its number, and its recipient from its purpose.
fn communication() -> impl Strategy<Value = CommunicationFact> {
    let purposes = [
        CommunicationPurpose::Acknowledgement,
        CommunicationPurpose::Acknowledgement,
        CommunicationPurpose::FinalResponse,
        CommunicationPurpose::Escalation,
        CommunicationPurpose::HoldingResponse,
        CommunicationPurpose::HoldingResponse,
    ];
    (0u8..6, fate()).prop_map(move |(number, fate)| CommunicationFact {
        communication_id: id(&format!("comm-{number}")),
        purpose: purposes[usize::from(number)],
        recipient: if number == 3 { Recipient::Owner } else { Recipient::Complainant },
        medium: redress_contract::Medium::Email,
        contact_id: None,
        fate,
    })
}

fn classification() -> impl Strategy<Value = Classification> {
    (
        prop::sample::select(Disposition::ALL),
        prop::sample::select(vec!["general", "banking", ""]),
        prop::sample::select(Severity::ALL),
        prop::sample::select(vec!["", "rule-1"]),
    )
        .prop_map(|(disposition, category, severity, rule)| Classification {
            jurisdiction: String::new(),
            needs: Vec::new(),
            evidence: Vec::new(),
            disposition,
            category: category.to_owned(),
            product: String::new(),
            severity,
            rule: rule.to_owned(),
        })
}

/// A wish, or the timer of something that is owed: which, by its place among them.
#[derive(Debug, Clone)]
enum Step {
    Wish(Box<Command>),
    Timer {
        place: usize,
        stale: bool,
    },
    /// A holiday is announced late.
    Holiday,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => command().prop_map(|command| Step::Wish(Box::new(command))),
        1 => prop::sample::select(vec![Step::Holiday]),
        6 => (0usize..8, prop::bool::weighted(0.1)).prop_map(|(place, stale)| Step::Timer { place, stale }),
    ]
}

pub(crate) fn command() -> impl Strategy<Value = Command> {
    let handler = || prop::sample::select(vec!["h-1", "h-2"]);
    prop_oneof![
        1 => Just(register()),
        3 => link().prop_map(Command::Link),
        3 => (link(), prop::sample::select(Act::ALL)).prop_map(|(link, act)| Command::NoteAct { link, act }),
        3 => classification().prop_map(Command::Classify),
        1 => (handler(), any::<bool>()).prop_map(|(handler, alone)| Command::Assign(Assignment {
            team: id("billing"),
            handler: alone.then(|| id(handler)),
            rule: String::new(),
        })),
        4 => handler().prop_map(|handler| Command::Accept { handler: id(handler) }),
        1 => Just(Command::AddNote { content_id: id("note-1"), author: id("h-1") }),
        4 => prop::sample::select(Hold::ALL).prop_map(|hold| Command::Hold { hold, content_id: None }),
        3 => Just(Command::Release),
        3 => (prop::sample::select(vec!["final_response", "call", "answer"]), 0u8..2).prop_map(|(milestone, words)| {
            Command::Extend(Extend {
                milestone: id(milestone),
                clock: None,
                content_id: Some(id(&format!("why-{words}"))),
                handler: id("h-1"),
            })
        }),
        1 => prop::sample::select(vec!["call", "after_call", "update"])
            .prop_map(|milestone| Command::MarkDone { milestone: id(milestone), handler: id("h-2") }),
        2 => (0u32..4, 1u32..7, any::<bool>()).prop_map(|(generation, rung, by_mail)| {
            let by = if by_mail { Acknowledger::Role(Recipient::Owner) } else { Acknowledger::Handler(id("h-1")) };
            let told = by_mail.then_some(Told { generation, rung });
            Command::Acknowledge(Acknowledge { clock: None, milestone: None, told, by })
        }),
        1 => Just(Command::Repin { policy: id("house") }),
        3 => (handler(), prop::sample::select(Outcome::ALL), prop::sample::select(vec!["none", "refund", ""]))
            .prop_map(|(handler, outcome, remedy)| Command::Decide {
                outcome,
                reasons_content_id: id("reasons-1"),
                remedy: remedy.to_owned(),
                handler: id(handler),
            }),
        1 => prop::sample::select(CloseReason::ALL).prop_map(|reason| Command::Close { reason }),
        2 => (0u8..9).prop_map(|contact| Command::Reopen {
            reason: "dissatisfied".to_owned(),
            contact_id: Some(id(&format!("contact-{contact}"))),
        }),
        6 => communication().prop_map(Command::NoteCommunication),
        3 => (link(), 0u8..6, any::<bool>()).prop_map(|(link, number, permanent)| Command::NoteBounce {
            link: Link { standing: PartyStanding::Machine, machine: MachineKind::Bounce, ..link },
            communication_id: id(&format!("comm-{number}")),
            status: String::new(),
            permanent,
        }),
    ]
}

/// A history as it is written: each command decided, its events numbered and applied.
struct History {
    rules: Rules,
    now: Timestamp,
    state: Option<Complaint>,
    events: Vec<CommitEvent>,
    rungs: BTreeSet<(ClockId, MilestoneId, u32, u32)>,
}

impl History {
    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Wish(command) => self.step(&command),
            Step::Timer { place, stale } => self.timer(place, stale),
            Step::Holiday => {
                self.rules = later_rules();
                self.step(&Command::Repin { policy: id("house") })
            }
        }
    }

    fn timer(&mut self, place: usize, stale: bool) -> Result<(), TestCaseError> {
        let Some(complaint) = &self.state else { return Ok(()) };
        let owed = complaint.pending();
        let Some((clock, milestone)) = owed.get(place % owed.len().max(1)) else { return Ok(()) };
        let generation = if stale { milestone.generation.wrapping_sub(1) } else { milestone.generation };
        let fire = Command::Fire { clock: clock.id.clone(), milestone: milestone.id.clone(), generation };
        let before = self.events.len();
        self.step(&fire)?;
        prop_assert!(!stale || self.events.len() == before, "a stale timer did something");
        Ok(())
    }

    fn step(&mut self, command: &Command) -> Result<(), TestCaseError> {
        let Ok(events) = decide(self.state.as_ref(), command, &self.rules, self.now) else { return Ok(()) };
        Self::check_tellers(&events)?;
        for event in events {
            self.note_rung(&event)?;
            let seq = u32::try_from(self.events.len()).unwrap() + 1;
            self.state = evolve(self.state.take(), seq, self.now, &event);
            self.events.push(CommitEvent { seq, occurred_at: self.now, event });
        }
        self.check_again(command)?;
        self.check_state()
    }

    /// Of the rungs recorded together one tells people: the highest.
    fn check_tellers(events: &[Event]) -> Result<(), TestCaseError> {
        let told = |event: &&Event| match event {
            Event::WarningReached(e) => !e.overtaken,
            Event::Escalated(e) => !e.overtaken,
            _ => false,
        };
        prop_assert!(events.iter().filter(told).count() <= 1);
        Ok(())
    }

    fn note_rung(&mut self, event: &Event) -> Result<(), TestCaseError> {
        let reached = match event {
            Event::WarningReached(e) => (e.clock.clone(), e.milestone.clone(), e.generation, e.rung),
            Event::Escalated(e) => (e.clock.clone(), e.milestone.clone(), e.generation, e.rung),
            _ => return Ok(()),
        };
        prop_assert!(self.rungs.insert(reached.clone()), "{reached:?} fired twice");
        Ok(())
    }

    /// A command that is delivered again changes nothing more.
    fn check_again(&self, command: &Command) -> Result<(), TestCaseError> {
        match decide(self.state.as_ref(), command, &self.rules, self.now) {
            Ok(events) => {
                let is_note = matches!(command, Command::AddNote { .. });
                prop_assert!(events.is_empty() || is_note, "{events:?}");
            }
            Err(refusal) => {
                let is_answer = matches!(refusal, Refusal::NotHeld | Refusal::NotClosed);
                prop_assert!(is_answer, "{command:?} was granted and then refused: {refusal}");
            }
        }
        Ok(())
    }

    /// What is due is due when a computation from scratch says so: from the events, without the state. What was due when
    /// a newer policy was pinned stays as it was.
    fn check_deadline(&self, clock: &Clock, milestone: &Milestone) -> Result<(), TestCaseError> {
        let policy = self.rules.policy_of(clock).expect("every version that runs is known");
        let known = policy.milestone(&milestone.id).expect("it is of this policy");
        let mut found = Scratch::default();
        for recorded in &self.events {
            found.read(recorded, &clock.id, &milestone.id, known);
        }
        let paused = found.open.is_some_and(|(since, _)| found.due_when(policy, known, since) > since);
        if found.is_behind {
            return Ok(());
        }
        prop_assert_eq!(milestone.paused, paused, "{} {}", clock.id, milestone.id);
        if !paused {
            let due = found.due_when(policy, known, self.now);
            prop_assert_eq!(milestone.due_at, due, "{} {}", clock.id, milestone.id);
        }
        Ok(())
    }

    fn check_state(&self) -> Result<(), TestCaseError> {
        let Some(complaint) = &self.state else { return Ok(()) };
        let json = serde_json::to_string(complaint).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Complaint>(&json).unwrap(), complaint);
        prop_assert_eq!(complaint.seq as usize, self.events.len());
        let running: Vec<_> = complaint.running_clocks().collect();
        if complaint.is_open() {
            prop_assert!(!running.is_empty(), "an open complaint without a clock");
        } else {
            let owed = running.iter().flat_map(|clock| &clock.milestones);
            prop_assert!(owed.into_iter().all(|m| m.id.as_str() == "review_reply" && m.met_at.is_none()));
            prop_assert!(running.len() <= 1);
        }
        let names: BTreeSet<_> = complaint.clocks.iter().map(|clock| &clock.id).collect();
        prop_assert_eq!(names.len(), complaint.clocks.len(), "two clocks of one name");
        for (clock, milestone) in complaint.pending() {
            self.check_deadline(clock, milestone)?;
        }
        for milestone in complaint.clocks.iter().flat_map(|clock| &clock.milestones) {
            prop_assert!(milestone.rungs.is_sorted_by_key(|rung| rung.at));
            let has_rungs = !milestone.paused && milestone.met_at.is_none();
            prop_assert!(!has_rungs || milestone.rungs_reached as usize <= milestone.rungs.len());
        }
        let contacts: BTreeSet<_> = complaint.contacts.iter().map(|contact| &contact.id).collect();
        prop_assert_eq!(contacts.len(), complaint.contacts.len(), "a contact linked twice");
        Ok(())
    }
}

/// What the events say of one milestone.
#[derive(Default)]
struct Scratch {
    anchor_at: Timestamp,
    reopened_at: Option<Timestamp>,
    extended: bool,
    pauses: Vec<Pause>,
    /// A pause that lasts: of this milestone since then, and of the complaint since then.
    open: Option<(Timestamp, Timestamp)>,
    /// It was due when the policy changed.
    is_behind: bool,
}

impl Scratch {
    fn read(&mut self, e: &CommitEvent, clock: &ClockId, milestone: &MilestoneId, known: &PolicyMilestone) {
        let is_it = |c: &ClockId, m: &MilestoneId| c == clock && m == milestone;
        match &e.event {
            Event::MilestoneSet(set) if is_it(&set.clock, &set.milestone) => {
                self.anchor_at = set.anchor_at;
                (self.reopened_at, self.extended, self.is_behind) = (None, false, false);
                self.open = self.open.map(|(_, since)| (e.occurred_at, since));
            }
            Event::MilestoneReopened(again) if is_it(&again.clock, &again.milestone) => {
                self.reopened_at = Some(again.since);
                self.is_behind = false;
                self.open = self.open.map(|(_, since)| (e.occurred_at, since));
            }
            Event::ExtensionGranted(granted) if is_it(&granted.clock, &granted.milestone) => {
                self.extended = true;
            }
            Event::DeadlineChanged(e) if e.clock == *clock && e.reason == "repinned" => {
                self.is_behind |= e.milestone != *milestone;
            }
            Event::Held(held) => {
                self.end(e.occurred_at);
                if known.pause_on.contains(&held.hold) {
                    self.open = Some((e.occurred_at, e.occurred_at));
                }
            }
            Event::Released(released) if !released.hold.is_unspecified() => self.end(e.occurred_at),
            Event::Closed(_) => self.end(e.occurred_at),
            _ => {}
        }
    }

    fn end(&mut self, at: Timestamp) {
        if let Some((_, from)) = self.open.take() {
            self.pauses.push(Pause { from, to: at });
        }
    }

    fn due_when(&self, policy: &Policy, known: &PolicyMilestone, now: Timestamp) -> Timestamp {
        let open = self.open.map(|(_, from)| Pause { from, to: now });
        let timing = Timing {
            anchor: self.anchor_at,
            reopened_at: self.reopened_at,
            extended: self.extended,
            pauses: Pauses::of(self.pauses.iter().copied().chain(open)),
            severity: Severity::S3,
        };
        policy.due_at(known, &timing)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_history_keeps_the_rules(steps in prop::collection::vec((0i64..600, step()), 1..60)) {
        let mut history = History {
            rules: rules(POLICIES),
            now: registration().recorded_at,
            state: None,
            events: Vec::new(),
            rungs: BTreeSet::new(),
        };
        history.step(&register())?;
        for (minutes, step) in steps {
            history.now += SignedDuration::from_mins(minutes);
            history.take(step)?;
        }
        prop_assert_eq!(replay(&history.events), history.state.clone());
        let json = serde_json::to_string(&history.events).unwrap();
        let read: Vec<CommitEvent> = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(replay(&read), history.state);
    }

    #[test]
    fn events_in_any_order_never_fail(steps in prop::collection::vec(command(), 1..30), keep in prop::collection::vec(any::<bool>(), 200)) {
        let rules = rules(POLICIES);
        let now = at("2026-06-03T08:00:00Z");
        let mut state = None;
        let mut seq = 0;
        for command in std::iter::once(register()).chain(steps) {
            let events = decide(state.as_ref(), &command, &rules, now).unwrap_or_default();
            for event in events {
                seq += 1;
                // A reader that lost some events, or meets unknown ones, still has a state.
                if keep.get(seq as usize).copied().unwrap_or(true) {
                    state = evolve(state, seq, now, &event);
                }
            }
        }
        let unknown = Event::Unknown { r#type: "redress.complaint.v9.Sung".to_owned(), data: serde_json::json!({}) };
        let after = evolve(state.clone(), seq + 1, now, &unknown);
        prop_assert_eq!(after.map(|c| c.status), state.map(|c| c.status));
    }
}

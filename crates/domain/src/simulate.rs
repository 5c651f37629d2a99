//! What a recorded history comes to under other rules: what people did stays as it was, each deadline is set anew.
//!
//! Facts (contacts, words of handlers, what became of mails) are put to the rules again, at their own times; between them
//! every rung is recorded the moment it is reached. What the old rules made of the facts (clocks, milestones, rungs) is
//! left out. Under the rules of the record a history comes to itself, as a service that is never late writes it.

use jiff::Timestamp;
use redress_contract::event::{CommunicationBounced, ContactLinked};
use redress_contract::{
    Act, ClockId, CloseReason, CommitEvent, ContactId, Event, MilestoneId, PolicyId, TeamId,
};

use crate::command::{
    Acknowledge, Acknowledger, Assignment, Classification, CommunicationFact, Erased, Erasing, Extend, Fate,
    Link, Register,
};
use crate::complaint::LinkedContact;
use crate::{Command, Complaint, Rules, Status, decide, evolve};

/// One thing that was owed, and how that went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// The policy of its clock.
    pub policy: PolicyId,
    /// What was owed.
    pub milestone: MilestoneId,
    /// Who dealt with the complaint when it was done or breached; while it is neither, who does.
    pub team: Option<TeamId>,
    /// By when, as it last stood.
    pub due_at: Timestamp,
    /// True once the deadline passed unmet.
    pub breached: bool,
}

/// What a history comes to under these rules until then: events in order, with the times at which they would be recorded.
/// Takes the recorded events commit by commit.
pub fn simulate<'a>(
    commits: impl IntoIterator<Item = &'a [CommitEvent]>,
    rules: &Rules,
    until: Timestamp,
) -> Vec<CommitEvent> {
    let mut course = Course { rules, state: None, events: Vec::new() };
    for commit in commits {
        course.take(commit);
    }
    course.pass(until, |rung, until| rung <= until);
    course.events
}

/// Everything that a history says was owed, in the order in which it began.
pub fn owed<'a>(events: impl IntoIterator<Item = &'a CommitEvent>) -> Vec<Owed> {
    let mut state: Option<Complaint> = None;
    let mut owed: Vec<(ClockId, Owed)> = Vec::new();
    for recorded in events {
        state = evolve(state, recorded.seq, recorded.occurred_at, &recorded.event);
        if let Some(complaint) = &state {
            note(complaint, recorded, &mut owed);
        }
    }
    let team = state.and_then(|complaint| complaint.team);
    owed.into_iter().map(|(_, owed)| Owed { team: owed.team.or_else(|| team.clone()), ..owed }).collect()
}

fn note(complaint: &Complaint, recorded: &CommitEvent, owed: &mut Vec<(ClockId, Owed)>) {
    let begun = |clock: &ClockId, milestone: &MilestoneId, due_at: Timestamp| {
        let policy = complaint.clock(clock).map(|clock| clock.policy.clone()).unwrap_or_default();
        (clock.clone(), Owed { policy, milestone: milestone.clone(), team: None, due_at, breached: false })
    };
    let (clock, milestone) = match &recorded.event {
        Event::MilestoneSet(e) => return owed.push(begun(&e.clock, &e.milestone, e.due_at)),
        Event::MilestoneReopened(e) => return owed.push(begun(&e.clock, &e.milestone, e.due_at)),
        Event::MilestoneMet(e) => (&e.clock, &e.milestone),
        Event::MilestoneBreached(e) => (&e.clock, &e.milestone),
        Event::DeadlineChanged(e) => (&e.clock, &e.milestone),
        _ => return,
    };
    let known = owed.iter_mut().rfind(|(of, known)| of == clock && known.milestone == *milestone);
    let now = complaint.clock(clock).and_then(|clock| clock.milestone(milestone));
    if let (Some((_, known)), Some(now)) = (known, now) {
        (known.due_at, known.breached) = (now.due_at, now.breached);
        known.team = (now.breached || now.met_at.is_some()).then(|| complaint.team.clone()).flatten();
    }
}

/// What a recorded event is to somebody who lives through it again.
enum Part {
    /// Somebody did this, and it stands whatever the rules make of it.
    Did(Command),
    /// Somebody wished this; whether it comes about is for the rules to say.
    Wished(Command),
    /// It stands, and nothing follows from it.
    Stands,
    /// The rules made it.
    Followed,
}

struct Course<'a> {
    rules: &'a Rules,
    state: Option<Complaint>,
    events: Vec<CommitEvent>,
}

impl Course<'_> {
    fn take(&mut self, commit: &[CommitEvent]) {
        let Some(at) = commit.first().map(|first| first.occurred_at) else { return };
        self.pass(at, |rung, at| rung < at);
        let mut made = Vec::new();
        for recorded in commit {
            if made.contains(&recorded.event) {
                continue;
            }
            match self.part(&recorded.event, commit) {
                Part::Did(command) => {
                    self.put(&command, at, &mut made);
                    if !made.contains(&recorded.event) {
                        self.record(recorded.event.clone(), at);
                    }
                }
                Part::Wished(command) => self.put(&command, at, &mut made),
                Part::Stands => self.record(recorded.event.clone(), at),
                Part::Followed => {}
            }
        }
    }

    /// Every rung that is reached before then (or by then), each at its time.
    fn pass(&mut self, then: Timestamp, is_in: impl Fn(Timestamp, Timestamp) -> bool) {
        while let Some((at, command)) = self.next_rung().filter(|(at, _)| is_in(*at, then)) {
            let before = self.events.len();
            self.put(&command, at, &mut Vec::new());
            if self.events.len() == before {
                return;
            }
        }
    }

    fn next_rung(&self) -> Option<(Timestamp, Command)> {
        let pending = self.state.as_ref()?.pending();
        let rungs =
            pending.into_iter().filter_map(|(clock, owed)| Some((owed.next_rung()?.1.at, clock, owed)));
        let (at, clock, owed) = rungs.min_by_key(|(at, ..)| *at)?;
        let (clock, milestone) = (clock.id.clone(), owed.id.clone());
        // What began late is late from its beginning.
        let last = self.events.last().map_or(at, |event| event.occurred_at);
        Some((at.max(last), Command::Fire { clock, milestone, generation: owed.generation }))
    }

    fn put(&mut self, command: &Command, at: Timestamp, made: &mut Vec<Event>) {
        for event in decide(self.state.as_ref(), command, self.rules, at).unwrap_or_default() {
            made.push(event.clone());
            self.record(event, at);
        }
    }

    fn record(&mut self, event: Event, at: Timestamp) {
        let seq = u32::try_from(self.events.len() + 1).unwrap_or(u32::MAX);
        self.state = evolve(self.state.take(), seq, at, &event);
        self.events.push(CommitEvent { seq, occurred_at: at, event });
    }

    fn part(&self, event: &Event, commit: &[CommitEvent]) -> Part {
        match event {
            Event::Registered(_) => register(commit).map_or(Part::Stands, Part::Did),
            Event::ContactLinked(e) => Part::Did(self.linked(e, commit)),
            Event::Classified(_)
            | Event::Assigned(_)
            | Event::Accepted(_)
            | Event::Held(_)
            | Event::Released(_)
            | Event::Decided(_)
            | Event::Closed(_)
            | Event::Reopened(_)
            | Event::ErasureRequested(_)
            | Event::ErasureCompleted(_) => handled(event).map_or(Part::Stands, Part::Did),
            Event::CommunicationBounced(e) => {
                self.contact(&e.contact_id).map_or(Part::Stands, |link| Part::Did(bounce(link, e)))
            }
            Event::CommunicationQueued(_)
            | Event::CommunicationAccepted(_)
            | Event::CommunicationFailed(_)
            | Event::CommunicationSuppressed(_) => told(event).map_or(Part::Stands, Part::Did),
            Event::ExtensionRequested(_)
            | Event::ExtensionGranted(_)
            | Event::EscalationAcknowledged(_)
            | Event::MilestoneMet(_) => self.wished(event, commit).map_or(Part::Followed, Part::Wished),
            Event::NoteAdded(_)
            | Event::ReviewRequested(_)
            | Event::WithdrawalRequested(_)
            | Event::Unknown { .. } => Part::Stands,
            Event::ClockStarted(_)
            | Event::ClockStopped(_)
            | Event::MilestoneSet(_)
            | Event::MilestoneBreached(_)
            | Event::MilestoneReopened(_)
            | Event::DeadlineChanged(_)
            | Event::WarningReached(_)
            | Event::Escalated(_) => Part::Followed,
        }
    }

    /// A contact, or what it reported or its party did by it.
    fn linked(&self, e: &ContactLinked, commit: &[CommitEvent]) -> Command {
        let found = commit.iter().find_map(|recorded| match &recorded.event {
            Event::CommunicationBounced(by) if by.contact_id == e.contact_id => Some(bounce(link(e), by)),
            Event::ReviewRequested(by) if by.contact_id == e.contact_id => Some(act(e, Act::RequestReview)),
            Event::WithdrawalRequested(by) if by.contact_id == e.contact_id => Some(act(e, Act::Withdraw)),
            Event::Closed(closed) if closed.reason == CloseReason::Withdrawn => Some(act(e, Act::Withdraw)),
            _ => None,
        });
        // Taken back again: that was put on record, and nobody had to look at it.
        let again = commit.len() == 1 && self.state.as_ref().is_some_and(is_taken_back);
        found.unwrap_or_else(|| if again { act(e, Act::Withdraw) } else { Command::Link(link(e)) })
    }

    fn contact(&self, id: &ContactId) -> Option<Link> {
        self.state.as_ref()?.contact(id).map(again)
    }

    fn is_open(&self) -> bool {
        self.state.as_ref().is_some_and(Complaint::is_open)
    }

    /// What somebody asked of a deadline. None for what only followed from something else.
    fn wished(&self, event: &Event, commit: &[CommitEvent]) -> Option<Command> {
        // Other rules may start other clocks: then it is asked of every one that owes it.
        let clock = |id: &ClockId| self.state.as_ref()?.clock(id).map(|clock| clock.id.clone());
        match event {
            Event::ExtensionRequested(e) => Some(Command::Extend(Extend {
                milestone: e.milestone.clone(),
                clock: clock(&e.clock),
                content_id: Some(e.content_id.clone()),
                handler: e.handler.clone(),
            })),
            Event::ExtensionGranted(e) if e.communication_id.is_none() => Some(Command::Extend(Extend {
                milestone: e.milestone.clone(),
                clock: clock(&e.clock),
                content_id: None,
                handler: e.handler.clone(),
            })),
            Event::MilestoneMet(e) => match e.handler.clone() {
                Some(handler) => Some(Command::MarkDone { milestone: e.milestone.clone(), handler }),
                // Somebody read the reply on a closed complaint, and said so by closing it again.
                None if commit.first().is_some_and(|first| first.event == *event) && !self.is_open() => {
                    Some(Command::Close { reason: CloseReason::Unspecified })
                }
                None => None,
            },
            Event::EscalationAcknowledged(e) => {
                let by = match &e.handler {
                    Some(handler) => Acknowledger::Handler(handler.clone()),
                    None => Acknowledger::Role(e.recipient),
                };
                let (clock, milestone) = (clock(&e.clock), Some(e.milestone.clone()));
                Some(Command::Acknowledge(Acknowledge { clock, milestone, told: None, by }))
            }
            _ => None,
        }
    }
}

fn register(commit: &[CommitEvent]) -> Option<Command> {
    let found = |pick: fn(&Event) -> bool| commit.iter().map(|recorded| &recorded.event).find(|e| pick(e));
    let Event::Registered(registered) = found(|e| matches!(e, Event::Registered(_)))? else { return None };
    let Event::ContactLinked(first) = found(|e| matches!(e, Event::ContactLinked(_)))? else { return None };
    let Command::Classify(classification) = handled(found(|e| matches!(e, Event::Classified(_)))?)? else {
        return None;
    };
    let Command::Assign(assignment) = handled(found(|e| matches!(e, Event::Assigned(_)))?)? else {
        return None;
    };
    Some(Command::Register(Register {
        complaint_id: registered.complaint_id.clone(),
        reference: registered.reference.clone(),
        link: link(first),
        recorded_at: registered.recorded_at,
        language: registered.language.clone(),
        classification,
        assignment,
    }))
}

fn is_taken_back(complaint: &Complaint) -> bool {
    let is_closed = matches!(complaint.status, Status::Closed { reason: CloseReason::Withdrawn, .. });
    is_closed || complaint.withdrawal_requested_at.is_some()
}

fn act(e: &ContactLinked, act: Act) -> Command {
    Command::NoteAct { link: link(e), act }
}

fn bounce(link: Link, e: &CommunicationBounced) -> Command {
    Command::NoteBounce {
        link: Link { received_at: e.received_at, ..link },
        communication_id: e.communication_id.clone(),
        status: e.status.clone(),
        permanent: e.permanent,
    }
}

fn link(e: &ContactLinked) -> Link {
    Link {
        contact_id: e.contact_id.clone(),
        channel: e.channel,
        account: e.account.clone(),
        received_at: e.received_at,
        standing: e.standing,
        party: e.party.clone(),
        machine: e.machine,
        confidence_percent: e.confidence_percent,
        reasons: e.reasons.clone(),
        possible_duplicate_of: e.possible_duplicate_of.clone(),
    }
}

/// A contact that is linked, as it stands; how sure that was is of no account any more.
fn again(contact: &LinkedContact) -> Link {
    Link {
        contact_id: contact.id.clone(),
        channel: contact.channel,
        account: contact.account.clone(),
        received_at: contact.received_at,
        standing: contact.standing,
        party: contact.party.clone(),
        machine: contact.machine,
        confidence_percent: 100,
        reasons: Vec::new(),
        possible_duplicate_of: None,
    }
}

/// What a handler, or the house in their place, did.
fn handled(event: &Event) -> Option<Command> {
    let command = match event {
        Event::Classified(e) => Command::Classify(Classification {
            disposition: e.disposition,
            category: e.category.clone(),
            product: e.product.clone(),
            severity: e.severity,
            jurisdiction: e.jurisdiction.clone(),
            needs: e.needs.clone(),
            evidence: e.evidence.clone(),
            rule: e.rule.clone(),
        }),
        Event::Assigned(e) => Command::Assign(Assignment {
            team: e.team.clone(),
            handler: e.handler.clone(),
            rule: e.rule.clone(),
        }),
        Event::Accepted(e) => Command::Accept { handler: e.handler.clone() },
        Event::Held(e) => Command::Hold { hold: e.hold, content_id: e.content_id.clone() },
        Event::Released(_) => Command::Release,
        Event::Decided(e) => Command::Decide {
            outcome: e.outcome,
            reasons_content_id: e.reasons_content_id.clone(),
            remedy: e.remedy.clone(),
            handler: e.handler.clone(),
        },
        Event::Closed(e) => Command::Close { reason: e.reason },
        Event::Reopened(e) => Command::Reopen { reason: e.reason.clone(), contact_id: e.contact_id.clone() },
        Event::ErasureRequested(e) => {
            Command::RequestErasure(Erasing { reason: e.reason.clone(), party: e.party.clone() })
        }
        Event::ErasureCompleted(e) => Command::CompleteErasure {
            erasing: Erasing { reason: e.reason.clone(), party: e.party.clone() },
            erased: Erased { contacts: e.contacts, contents: e.contents, communications: e.communications },
        },
        _ => return None,
    };
    Some(command)
}

/// What became of a communication.
fn told(event: &Event) -> Option<Command> {
    macro_rules! fact {
        ($e:ident, $fate:expr) => {
            CommunicationFact {
                communication_id: $e.communication_id.clone(),
                purpose: $e.purpose,
                recipient: $e.recipient,
                medium: $e.medium,
                contact_id: $e.contact_id.clone(),
                fate: $fate,
            }
        };
    }
    let fact = match event {
        Event::CommunicationQueued(e) => fact!(e, Fate::Queued(e.reason.clone())),
        Event::CommunicationAccepted(e) => {
            fact!(e, Fate::Accepted { at: e.accepted_at, provides: e.provides.clone() })
        }
        Event::CommunicationFailed(e) => fact!(e, Fate::Failed(e.reason.clone())),
        Event::CommunicationSuppressed(e) => fact!(e, Fate::Suppressed(e.reason)),
        _ => return None,
    };
    Some(Command::NoteCommunication(fact))
}

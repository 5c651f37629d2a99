//! The harness: `given([commands]).when(command).then([events])` or `.then_refused(refusal)`.

use jiff::Timestamp;
use redress_contract::{
    Channel, CommunicationPurpose, Disposition, Event, MachineKind, Medium, PartyStanding, Recipient,
    Severity,
};
use redress_domain::command::Fate;
use redress_domain::{
    Assignment, Classification, Command, CommunicationFact, Complaint, Link, Problem, Refusal, Register,
    Rules, RulesSettings, decide, evolve,
};

/// Monday, before the office opens an hour later.
pub(crate) const START: &str = "2026-06-01T08:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A moment of the first of June 2026, a Monday, or of a later day: `day(2, "10:00")`.
pub(crate) fn day(number: u8, time: &str) -> Timestamp {
    at(&format!("2026-06-{number:02}T{time}:00Z"))
}

pub(crate) fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

/// Rules as a settings file would say them; JSON stands in for the file.
pub(crate) fn rules(json: &str) -> Rules {
    Rules::compile(&settings(json)).unwrap()
}

pub(crate) fn problems(json: &str) -> Vec<Problem> {
    Rules::compile(&settings(json)).unwrap_err()
}

pub(crate) fn settings(json: &str) -> RulesSettings {
    serde_json::from_str(json).unwrap()
}

/// A complaint under way.
pub(crate) struct Stage {
    rules: Rules,
    now: Timestamp,
    state: Option<Complaint>,
    happened: Vec<String>,
}

/// What a command led to.
pub(crate) struct Outcome {
    pub(crate) answer: Result<Vec<Event>, Refusal>,
    pub(crate) stage: Stage,
}

/// Nothing yet, with the house rules.
pub(crate) fn nothing() -> Stage {
    under(rules("{}"))
}

pub(crate) fn under(rules: Rules) -> Stage {
    Stage { rules, now: at(START), state: None, happened: Vec::new() }
}

/// A registered complaint and then these commands, each of which must be granted.
pub(crate) fn given<const N: usize>(commands: [Command; N]) -> Stage {
    nothing().and([register()]).and(commands)
}

impl Stage {
    pub(crate) fn and<const N: usize>(mut self, commands: [Command; N]) -> Self {
        for command in commands {
            let outcome = self.when(command);
            outcome.answer.expect("what is given was granted");
            self = outcome.stage;
        }
        self
    }

    pub(crate) fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    #[expect(clippy::needless_pass_by_value, reason = "stories read better without borrows")]
    pub(crate) fn when(mut self, command: Command) -> Outcome {
        let answer = decide(self.state.as_ref(), &command, &self.rules, self.now);
        for event in answer.iter().flatten() {
            let seq = self.state.as_ref().map_or(1, |state| state.seq + 1);
            self.state = evolve(self.state, seq, self.now, event);
            self.happened.push(event.name().to_owned());
        }
        Outcome { answer, stage: self }
    }

    pub(crate) fn complaint(&self) -> &Complaint {
        self.state.as_ref().expect("something was registered")
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }
}

impl Outcome {
    /// The events in short: what matters of each in one line.
    #[track_caller]
    pub(crate) fn then<const N: usize>(self, expected: [&str; N]) -> Stage {
        let events = self.answer.expect("granted");
        assert_eq!(events.iter().map(short).collect::<Vec<_>>(), expected);
        self.stage
    }

    #[track_caller]
    pub(crate) fn then_nothing(self) -> Stage {
        self.then([])
    }

    #[track_caller]
    pub(crate) fn then_refused(self, refusal: &Refusal) -> Stage {
        assert_eq!(self.answer.as_ref(), Err(refusal));
        self.stage
    }
}

/// One line for an event.
pub(crate) fn short(event: &Event) -> String {
    let roles =
        |recipients: &[Recipient]| recipients.iter().map(|role| role.token()).collect::<Vec<_>>().join(",");
    let overtaken = |yes: bool| if yes { " overtaken" } else { "" };
    let rest = match event {
        Event::ClockStarted(e) => format!("{} {}", e.clock, e.anchor_at),
        Event::ClockStopped(e) => format!("{} {}", e.clock, e.reason),
        Event::MilestoneSet(e) => {
            format!("{}.{} due {} gen {}", e.clock, e.milestone, e.due_at, e.generation)
        }
        Event::MilestoneReopened(e) => {
            format!("{}.{} due {} gen {} {}", e.clock, e.milestone, e.due_at, e.generation, e.reason)
        }
        Event::MilestoneMet(e) => {
            format!("{}.{} at {}{}", e.clock, e.milestone, e.met_at, if e.late { " late" } else { "" })
        }
        Event::MilestoneBreached(e) => format!("{}.{} late by {}", e.clock, e.milestone, e.late_by_s),
        Event::WarningReached(e) => {
            format!("{} {}% {}{}", e.rung, e.percent, roles(&e.recipients), overtaken(e.overtaken))
        }
        Event::Escalated(e) => {
            let held_back = if e.held_back { " held back" } else { "" };
            format!("{} {}{}{held_back}", e.rung, roles(&e.recipients), overtaken(e.overtaken))
        }
        Event::EscalationAcknowledged(e) => {
            let by = e.handler.as_ref().map_or(e.recipient.token(), |handler| handler.as_str());
            format!("{}.{} {} by {by}", e.clock, e.milestone, e.rung)
        }
        Event::ContactLinked(e) => e.contact_id.to_string(),
        Event::CommunicationBounced(e) => {
            format!("{} {}", e.communication_id, if e.permanent { "permanent" } else { "transient" })
        }
        _ => String::new(),
    };
    format!("{} {rest}", event.name()).trim_end().to_owned()
}

pub(crate) fn register() -> Command {
    Command::Register(registration())
}

pub(crate) fn registration() -> Register {
    Register {
        complaint_id: id("complaint-1"),
        reference: id("RD-0000-0001"),
        link: person("contact-1", at(START)),
        recorded_at: at(START),
        language: "en".to_owned(),
        classification: classification(Disposition::Complaint, Severity::S3),
        assignment: Assignment { team: id("complaints"), handler: None, rule: "default".to_owned() },
    }
}

pub(crate) fn registered_as(disposition: Disposition, severity: Severity) -> Command {
    Command::Register(Register { classification: classification(disposition, severity), ..registration() })
}

pub(crate) fn classification(disposition: Disposition, severity: Severity) -> Classification {
    Classification {
        jurisdiction: String::new(),
        needs: Vec::new(),
        evidence: Vec::new(),
        disposition,
        category: "general".to_owned(),
        product: String::new(),
        severity,
        rule: "default".to_owned(),
    }
}

/// A contact of a person who is a party.
pub(crate) fn person(contact: &str, received_at: Timestamp) -> Link {
    Link {
        contact_id: id(contact),
        channel: Channel::Email,
        account: "inbox".to_owned(),
        received_at,
        standing: PartyStanding::Party,
        party: "0a1b".to_owned(),
        machine: MachineKind::Unspecified,
        confidence_percent: 100,
        reasons: vec!["token".to_owned()],
        possible_duplicate_of: None,
    }
}

pub(crate) fn machine(contact: &str, received_at: Timestamp) -> Link {
    Link {
        standing: PartyStanding::Machine,
        party: String::new(),
        machine: MachineKind::Bounce,
        ..person(contact, received_at)
    }
}

pub(crate) fn bounce(contact: &str, communication: &str, received_at: Timestamp, permanent: bool) -> Command {
    Command::NoteBounce {
        link: machine(contact, received_at),
        communication_id: id(communication),
        status: "5.1.1".to_owned(),
        permanent,
    }
}

pub(crate) fn accept() -> Command {
    Command::Accept { handler: id("h-1") }
}

pub(crate) fn decide_it() -> Command {
    Command::Decide {
        outcome: redress_contract::Outcome::Upheld,
        reasons_content_id: id("reasons-1"),
        remedy: "refund".to_owned(),
        handler: id("h-1"),
    }
}

pub(crate) fn close(reason: redress_contract::CloseReason) -> Command {
    Command::Close { reason }
}

pub(crate) fn fire(clock: &str, milestone: &str, generation: u32) -> Command {
    Command::Fire { clock: id(clock), milestone: id(milestone), generation }
}

pub(crate) fn fact(communication: &str, purpose: CommunicationPurpose, fate: Fate) -> Command {
    Command::NoteCommunication(CommunicationFact {
        communication_id: id(communication),
        purpose,
        recipient: Recipient::Complainant,
        medium: Medium::Email,
        contact_id: Some(id("contact-1")),
        fate,
    })
}

pub(crate) fn accepted(communication: &str, purpose: CommunicationPurpose, at: Timestamp) -> Command {
    fact(communication, purpose, Fate::Accepted { at, provides: vec!["reference".to_owned()] })
}

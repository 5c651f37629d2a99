//! What a command does to a complaint: events, or a refusal.

use jiff::Timestamp;
use redress_contract::Event;

use crate::{Command, Complaint, Refusal, Rules};

mod acknowledge;
mod act;
mod clocks;
mod communicate;
mod contact;
mod deadline;
mod erase;
mod fire;
mod handle;
mod register;
mod resolve;

pub(crate) use resolve::must_be_a_word;

/// Decides a command. An effect that already stands yields no events.
///
/// # Errors
/// A [`Refusal`]: the rules say no.
pub fn decide(
    state: Option<&Complaint>,
    command: &Command,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    match (state, command) {
        (None, Command::Register(wish)) => register::register(wish, rules),
        (None, _) => Err(Refusal::NoSuchComplaint),
        (Some(complaint), _) => {
            let case = Case { complaint, rules, now };
            let mut events = case.decide(command)?;
            case.pause_what_begins(&mut events);
            Ok(events)
        }
    }
}

/// A complaint on the table: what every rule looks at.
struct Case<'a> {
    complaint: &'a Complaint,
    rules: &'a Rules,
    now: Timestamp,
}

type Decision = Result<Vec<Event>, Refusal>;

impl Case<'_> {
    fn decide(&self, command: &Command) -> Decision {
        match command {
            Command::Register(wish) => self.register_again(wish),
            Command::Link(link) => self.link(link),
            Command::NoteBounce { link, communication_id, status, permanent } => {
                self.note_bounce(link, communication_id, status, *permanent)
            }
            Command::NoteReply { link, communication_id } => self.note_reply(link, communication_id),
            Command::NoteAct { link, act } => self.note_act(link, *act),
            Command::Classify(classification) => self.classify(classification),
            Command::Assign(assignment) => self.assign(assignment),
            Command::Accept { handler } => self.accept(handler),
            Command::AddNote { content_id, author } => handle::add_note(content_id, author),
            Command::Hold { hold, content_id } => self.hold(*hold, content_id.as_ref()),
            Command::Release => self.release(),
            Command::Extend(wish) => self.extend(wish),
            Command::MarkDone { milestone, handler } => self.mark_done(milestone, handler),
            Command::Acknowledge(wish) => self.acknowledge(wish),
            Command::Repin { policy } => Ok(self.repin(policy)),
            Command::Decide { outcome, reasons_content_id, remedy, handler } => {
                self.resolve(&resolve::Decision { outcome: *outcome, reasons_content_id, remedy, handler })
            }
            Command::Close { reason } => self.close(*reason),
            Command::Reopen { reason, contact_id } => self.reopen(reason, contact_id.as_ref()),
            Command::NoteCommunication(fact) => self.note_communication(fact),
            Command::RequestErasure(erasing) => self.request_erasure(erasing),
            Command::CompleteErasure { erasing, erased } => Ok(self.complete_erasure(erasing, *erased)),
            Command::Fire { clock, milestone, generation } => Ok(self.fire(clock, milestone, *generation)),
        }
    }

    fn must_be_open(&self) -> Result<(), Refusal> {
        if self.complaint.is_open() { Ok(()) } else { Err(Refusal::Closed) }
    }
}

/// Refuses a text or id that the command cannot do without.
fn must_be_given(text: &str, what: &'static str) -> Result<(), Refusal> {
    if text.trim().is_empty() { Err(Refusal::Missing { what }) } else { Ok(()) }
}

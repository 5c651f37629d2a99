//! Commands: what somebody wishes of a complaint. Refusals: what the rules answer when it may not be.

use jiff::Timestamp;
use redress_contract::event::Evidence;
use redress_contract::{
    Act, Channel, ClockId, CloseReason, CommunicationId, CommunicationPurpose, ComplaintId, ContactId,
    ContentId, Disposition, HandlerId, Hold, MachineKind, Medium, MilestoneId, Outcome, PartyStanding,
    PolicyId, Recipient, Reference, Severity, SuppressReason, TeamId,
};

/// A wish. A command whose effect already stands yields no events (it was delivered twice), never a refusal.
#[expect(clippy::large_enum_variant, reason = "a command is made once and borrowed from then on")]
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Open a complaint with its first contact, classify, assign, start its clocks: one commit.
    Register(Register),
    /// Link one more contact; on a closed complaint this owes `review_reply`.
    Link(Link),
    /// Set disposition, category and severity; other clocks may then apply.
    Classify(Classification),
    /// Give it to a team or handler.
    Assign(Assignment),
    /// A handler takes it on.
    Accept {
        /// Who.
        handler: HandlerId,
    },
    /// Add a note whose words lie in CONTENT.
    AddNote {
        /// The words.
        content_id: ContentId,
        /// Who wrote it.
        author: HandlerId,
    },
    /// Let it wait.
    Hold {
        /// For whom.
        hold: Hold,
        /// Why, in CONTENT.
        content_id: Option<ContentId>,
    },
    /// Let it wait no longer, and let go what was kept back as received long ago.
    Release,
    /// Put a milestone off, as its policy allows.
    Extend(Extend),
    /// Say that what a milestone asks for is done, where nothing else shows it.
    MarkDone {
        /// The milestone, on every clock that owes it.
        milestone: MilestoneId,
        /// Who says so.
        handler: HandlerId,
    },
    /// Say that somebody looks after what was escalated: the next rung need not be told.
    Acknowledge(Acknowledge),
    /// Let the clocks of a policy follow it as it is now: after a holiday that was announced late.
    Repin {
        /// The policy.
        policy: PolicyId,
    },
    /// Decide it.
    Decide {
        /// How.
        outcome: Outcome,
        /// Reasons, in CONTENT.
        reasons_content_id: ContentId,
        /// `none` or the remedy.
        remedy: String,
        /// Who decides.
        handler: HandlerId,
    },
    /// Close it.
    Close {
        /// Why. `Decided` needs a communicated decision.
        reason: CloseReason,
    },
    /// Open it again.
    Reopen {
        /// Why, in a word.
        reason: String,
        /// The contact that gave cause.
        contact_id: Option<ContactId>,
    },
    /// Note what became of a communication.
    NoteCommunication(CommunicationFact),
    /// Note that a report of non-delivery came back, contained in a contact that is (or gets) linked by the same command.
    NoteBounce {
        /// The contact that reports it.
        link: Link,
        /// The communication.
        communication_id: CommunicationId,
        /// Enhanced status code.
        status: String,
        /// Will not be tried again.
        permanent: bool,
    },
    /// Note that a member of staff answered by hand: a communication whose words are those of a contact that is (or gets)
    /// linked by the same command.
    NoteReply {
        /// The contact that holds it.
        link: Link,
        /// The communication.
        communication_id: CommunicationId,
    },
    /// Note what a party did, in a contact that is (or gets) linked by the same command: took the complaint back, or asked
    /// for a review.
    NoteAct {
        /// The contact in which they did.
        link: Link,
        /// What they did; nothing is a link.
        act: Act,
    },
    /// Note that personal data of this complaint is to be made unreadable. Open or closed, nothing is refused.
    RequestErasure(Erasing),
    /// Note that it was.
    CompleteErasure {
        /// What was requested.
        erasing: Erasing,
        /// How much it was.
        erased: Erased,
    },
    /// A timer fired (or the sweep found it due): record what is due now of this milestone, if it is still so.
    Fire {
        /// The clock.
        clock: ClockId,
        /// The milestone.
        milestone: MilestoneId,
        /// The generation the timer was set for.
        generation: u32,
    },
}

/// What opens a complaint.
#[derive(Debug, Clone, PartialEq)]
pub struct Register {
    /// Derived from the contact.
    pub complaint_id: ComplaintId,
    /// Claimed before.
    pub reference: Reference,
    /// Its first contact.
    pub link: Link,
    /// When that was recorded.
    pub recorded_at: Timestamp,
    /// BCP 47 tag; empty when unknown.
    pub language: String,
    /// What it is.
    pub classification: Classification,
    /// Who deals with it.
    pub assignment: Assignment,
}

/// A contact to link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The contact.
    pub contact_id: ContactId,
    /// How it came.
    pub channel: Channel,
    /// By which account.
    pub account: String,
    /// When it reached the organisation.
    pub received_at: Timestamp,
    /// Whether its sender is a party.
    pub standing: PartyStanding,
    /// Keyed hash of its sender; empty without one.
    pub party: String,
    /// Set when a machine wrote it.
    pub machine: MachineKind,
    /// How sure, in percent.
    pub confidence_percent: u32,
    /// Why.
    pub reasons: Vec<String>,
    /// A complaint that may be the same.
    pub possible_duplicate_of: Option<ComplaintId>,
}

/// What a complaint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classification {
    /// Complaint, enquiry, machine, …
    pub disposition: Disposition,
    /// Primary category.
    pub category: String,
    /// Product; empty when none was named.
    pub product: String,
    /// How much harm.
    pub severity: Severity,
    /// Whose law it falls under, as the settings name it; empty when nobody said.
    pub jurisdiction: String,
    /// What the party needs, in words the settings know: `large_print`, `interpreter`, `vulnerable`.
    pub needs: Vec<String>,
    /// The rule that said so.
    pub rule: String,
    /// Where in the text that was found which spoke for it.
    pub evidence: Vec<Evidence>,
}

/// Who deals with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The team.
    pub team: TeamId,
    /// The member of staff; none for the whole team.
    pub handler: Option<HandlerId>,
    /// The rule that said so; empty when a person did.
    pub rule: String,
}

/// A wish to put a milestone off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extend {
    /// The milestone.
    pub milestone: MilestoneId,
    /// The clock; none for every clock that owes it and may put it off.
    pub clock: Option<ClockId>,
    /// What the complainant is told, in CONTENT; needed where the policy asks for a notice.
    pub content_id: Option<ContentId>,
    /// Who wishes it.
    pub handler: HandlerId,
}

/// Somebody looks after what was escalated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledge {
    /// The clock; none for every clock.
    pub clock: Option<ClockId>,
    /// The milestone; none for every one that was escalated.
    pub milestone: Option<MilestoneId>,
    /// The rung of which they were told; none for the highest that was reached.
    pub told: Option<Told>,
    /// Who looks after it.
    pub by: Acknowledger,
}

/// The rung of which somebody was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Of the milestone.
    pub generation: u32,
    /// The rung, from 1.
    pub rung: u32,
}

/// Who acknowledges an escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledger {
    /// A member of staff.
    Handler(HandlerId),
    /// Whoever reads the mail that was sent to this role.
    Role(Recipient),
}

/// What is to be erased.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Erasing {
    /// `party`, `complaint` or `retention`.
    pub reason: String,
    /// Keyed hash of the party that asked; empty for all of the complaint.
    pub party: String,
}

/// How much was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Contacts.
    pub contacts: u32,
    /// Texts written inside.
    pub contents: u32,
    /// Communications.
    pub communications: u32,
}

/// What became of a communication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommunicationFact {
    /// The communication.
    pub communication_id: CommunicationId,
    /// What it is for.
    pub purpose: CommunicationPurpose,
    /// To which role.
    pub recipient: Recipient,
    /// By what.
    pub medium: Medium,
    /// The contact it answers.
    pub contact_id: Option<ContactId>,
    /// Its fate.
    pub fate: Fate,
}

/// The fate of a communication as its deliverer reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Not taken in the first try; the text is the SMTP status or kind of failure.
    Queued(String),
    /// Taken by the next hop at this time; the list is what its text states.
    Accepted {
        /// When.
        at: Timestamp,
        /// What its text states.
        provides: Vec<String>,
    },
    /// Given up; the text says why.
    Failed(String),
    /// A guard said no.
    Suppressed(SuppressReason),
}

/// What the rules answer to a wish that may not be. An answer, not an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing but `Register` may come first.
    #[error("there is no such complaint")]
    NoSuchComplaint,
    /// Another contact opened a complaint with this id.
    #[error("a complaint with this id was opened by another contact")]
    AlreadyRegistered,
    /// The complaint is closed.
    #[error("the complaint is closed; reopen it first")]
    Closed,
    /// The complaint is not closed.
    #[error("the complaint is not closed")]
    NotClosed,
    /// It has no primary category.
    #[error("the complaint has no category yet; classify it first")]
    NotClassified,
    /// It was decided before.
    #[error("the complaint is decided already")]
    AlreadyDecided,
    /// Nobody has accepted it.
    #[error("nobody has accepted the complaint yet; accept it first")]
    NotAccepted,
    /// Closing as decided without a decision.
    #[error("closing as decided needs a decision")]
    NotDecided,
    /// Closing as decided before the complainant was told.
    #[error("closing as decided needs a final response that was accepted for delivery")]
    DecisionNotCommunicated,
    /// The decision names no remedy (`none` is a remedy).
    #[error("a decision names its remedy, `none` for none")]
    NoRemedy,
    /// It is not held, and nothing is kept back.
    #[error("nothing is held or kept back")]
    NotHeld,
    /// Nothing of this name is owed.
    #[error("no clock of the complaint owes `{milestone}`")]
    NotOwed {
        /// The milestone.
        milestone: MilestoneId,
    },
    /// The policy does not put it off.
    #[error("no policy of the complaint lets `{milestone}` be put off")]
    NotExtendable {
        /// The milestone.
        milestone: MilestoneId,
    },
    /// Its time is over; what was due then stays so.
    #[error("`{milestone}` was due before; only what is not due yet can be put off")]
    DueBefore {
        /// The milestone.
        milestone: MilestoneId,
    },
    /// Nothing that was named is late and still owed.
    #[error("nothing of the complaint that was named is escalated: it is not late, or it is done")]
    NotEscalated,
    /// Something else shows that it is done.
    #[error("`{milestone}` is not met by somebody's word; its policy says what meets it")]
    NotByWord {
        /// The milestone.
        milestone: MilestoneId,
    },
    /// The complaint has as many contacts as the settings allow.
    #[error("the complaint holds {limit} contacts, the most the settings allow; open a linked continuation")]
    TooManyContacts {
        /// The limit.
        limit: u32,
    },
    /// Free text stands where a word belongs: events hold no sentences, since those may name people.
    #[error(
        "{what} is one word of a to z, 0 to 9, - and _, at most 40 characters; write sentences as a note"
    )]
    NotAWord {
        /// What.
        what: &'static str,
    },
    /// The command's own data is incomplete.
    #[error("{what} is missing")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
}

//! The events of a complaint: facts in the past tense, one meaning each.
//!
//! Proto package `redress.complaint.v1`; the message's full name is the CloudEvents `type` and the serde tag.
//! Events hold no personal data: words live in INTAKE and CONTENT and are named by id, senders are keyed hashes
//! that only the installation can compute, staff are opaque ids.
//! Fields are added, never renamed, renumbered or retyped; a new meaning is a new event. A reader keeps an event
//! it does not know as [`Event::Unknown`].

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::id::{
    ClockId, CommunicationId, ComplaintId, ContactId, ContentId, HandlerId, MilestoneId, PolicyId, Reference,
    TeamId,
};
use crate::words::{
    Channel, Class, CloseReason, CommunicationPurpose, Disposition, Hold, MachineKind, Medium, Outcome,
    PartyStanding, Recipient, Severity, Stage, StopReason, SuppressReason,
};

/// The proto package of all events.
pub const PACKAGE: &str = "redress.complaint.v1";

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
            #[serde(rename_all = "camelCase", default)]
            pub struct $name { $($(#[$fdoc])* pub $field: $type,)* }

            impl From<$name> for Event {
                fn from(event: $name) -> Self { Self::$name(event) }
            }
        )*

        /// What happened to a complaint.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Event {
            $($(#[$doc])* $name($name),)*
            /// An event of a newer version: kept as it came, ignored by the rules.
            Unknown {
                /// Its full type name.
                r#type: String,
                /// Its data, untouched.
                data: Value,
            },
        }

        impl Event {
            /// The last words of all types this version knows, in the order of the catalogue.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name),)*];

            /// The last word of the type: `Registered`.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                    Self::Unknown { r#type, .. } => r#type.rsplit('.').next().unwrap_or(r#type),
                }
            }

            /// The full type: `redress.complaint.v1.Registered`.
            pub fn type_name(&self) -> String {
                match self {
                    Self::Unknown { r#type, .. } => r#type.clone(),
                    known => format!("{PACKAGE}.{}", known.name()),
                }
            }

            /// The data as JSON.
            pub fn data(&self) -> Value {
                let value = match self {
                    $(Self::$name(event) => serde_json::to_value(event),)*
                    Self::Unknown { data, .. } => return data.clone(),
                };
                value.expect("events are plain data and always become JSON")
            }

            /// Reads an event from its type and data.
            ///
            /// # Errors
            /// When the type is known and the data is not what the type says.
            pub fn from_parts(type_name: &str, data: Value) -> Result<Self, serde_json::Error> {
                let known = type_name.strip_prefix(PACKAGE).and_then(|rest| rest.strip_prefix('.'));
                match known {
                    $(Some(stringify!($name)) => serde_json::from_value(data).map(Self::$name),)*
                    _ => Ok(Self::Unknown { r#type: type_name.to_owned(), data }),
                }
            }
        }

        impl Event {
            fn data_text(&self) -> Box<RawValue> {
                let text = match self {
                    $(Self::$name(event) => to_raw_value(event),)*
                    Self::Unknown { data, .. } => to_raw_value(data),
                };
                text.expect("events are plain data and always become JSON")
            }

            /// Reads an event from its type and the text of its data.
            pub(crate) fn from_text(type_name: &str, data: &str) -> Result<Self, serde_json::Error> {
                let known = type_name.strip_prefix(PACKAGE).and_then(|rest| rest.strip_prefix('.'));
                match known {
                    $(Some(stringify!($name)) => serde_json::from_str(data).map(Self::$name),)*
                    _ => Ok(Self::Unknown { r#type: type_name.to_owned(), data: serde_json::from_str(data)? }),
                }
            }
        }

        impl Serialize for Event {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;
                let mut record = to.serialize_struct("Event", 2)?;
                record.serialize_field("type", &self.type_name())?;
                match self {
                    $(Self::$name(event) => record.serialize_field("data", event)?,)*
                    Self::Unknown { data, .. } => record.serialize_field("data", data)?,
                }
                record.end()
            }
        }
    };
}

events! {
    /// A complaint (or another matter, see `Classified`) was taken on record.
    Registered {
        /// The case.
        complaint_id: ComplaintId,
        /// What a person reads out on the phone.
        reference: Reference,
        /// The contact that opened it.
        contact_id: ContactId,
        /// How it came.
        channel: Channel,
        /// The mailbox, form or profile it came in by.
        account: String,
        /// When it reached the organisation.
        received_at: Timestamp,
        /// When it was written down.
        recorded_at: Timestamp,
        /// BCP 47 tag; empty when unknown.
        language: String,
        /// Who may see it.
        class: Class,
        /// Round of the procedure.
        stage: Stage,
    }
    /// A contact belongs to this complaint.
    ContactLinked {
        /// The contact.
        contact_id: ContactId,
        /// How it came.
        channel: Channel,
        /// By which account.
        account: String,
        /// When it reached the organisation.
        received_at: Timestamp,
        /// Whether its sender is a party.
        standing: PartyStanding,
        /// Keyed hash (hex) of the sender's normal address; empty without a sender.
        party: String,
        /// Set when a machine wrote it.
        machine: MachineKind,
        /// How sure the correlation is, in percent.
        confidence_percent: u32,
        /// Why it is held to belong here: `opened`, `token`, `references`, `same_message`, `reference_and_party`, …
        reasons: Vec<String>,
        /// A complaint that may be the same, for a person to merge.
        #[serde(skip_serializing_if = "Option::is_none")]
        possible_duplicate_of: Option<ComplaintId>,
    }
    /// Its disposition, category and severity were set.
    Classified {
        /// What it is.
        disposition: Disposition,
        /// Primary category, as the settings name it.
        category: String,
        /// Product, when a rule or form names one.
        product: String,
        /// How much harm.
        severity: Severity,
        /// The rule that decided (`default` when none did).
        rule: String,
        /// Whose law it falls under, as the settings name it; empty when nobody said.
        jurisdiction: String,
        /// What the party needs, in words the settings know.
        needs: Vec<String>,
        /// Where in the contact's text that was found which spoke for this disposition or severity.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<Evidence>,
    }
    /// A team, and perhaps a handler, is to deal with it.
    Assigned {
        /// The team.
        team: TeamId,
        /// The member of staff; empty for the whole team.
        #[serde(skip_serializing_if = "Option::is_none")]
        handler: Option<HandlerId>,
        /// The rule that decided, or empty when a person did.
        rule: String,
    }
    /// A handler took it on; assessment begins.
    Accepted {
        /// Who.
        handler: HandlerId,
    }
    /// A communication waits: it was not taken in the first try.
    CommunicationQueued {
        /// The communication.
        communication_id: CommunicationId,
        /// What it is for.
        purpose: CommunicationPurpose,
        /// To which role.
        recipient: Recipient,
        /// By what.
        medium: Medium,
        /// The contact it answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        contact_id: Option<ContactId>,
        /// Why it was not taken: an SMTP status or the kind of failure.
        reason: String,
    }
    /// The next hop took a communication.
    CommunicationAccepted {
        /// The communication.
        communication_id: CommunicationId,
        /// What it is for.
        purpose: CommunicationPurpose,
        /// To which role.
        recipient: Recipient,
        /// By what.
        medium: Medium,
        /// The contact it answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        contact_id: Option<ContactId>,
        /// What its text states: `reference`, `next_steps`, `deadline`, …
        provides: Vec<String>,
        /// When it was taken.
        accepted_at: Timestamp,
    }
    /// A report came back: the communication did not arrive.
    CommunicationBounced {
        /// The communication.
        communication_id: CommunicationId,
        /// The contact that reports it.
        contact_id: ContactId,
        /// Enhanced status code (RFC 3463); empty when not said.
        status: String,
        /// True when it will not be tried again by the mail system.
        permanent: bool,
        /// When the report was received.
        received_at: Timestamp,
    }
    /// A communication was given up.
    CommunicationFailed {
        /// The communication.
        communication_id: CommunicationId,
        /// What it is for.
        purpose: CommunicationPurpose,
        /// To which role.
        recipient: Recipient,
        /// By what.
        medium: Medium,
        /// The contact it answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        contact_id: Option<ContactId>,
        /// Why: an SMTP status or the kind of failure.
        reason: String,
    }
    /// A planned communication does not go out.
    CommunicationSuppressed {
        /// The communication.
        communication_id: CommunicationId,
        /// What it is for.
        purpose: CommunicationPurpose,
        /// To which role.
        recipient: Recipient,
        /// By what.
        medium: Medium,
        /// The contact it would answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        contact_id: Option<ContactId>,
        /// Which guard said no.
        reason: SuppressReason,
    }
    /// A clock runs.
    ClockStarted {
        /// The clock.
        clock: ClockId,
        /// The policy it follows.
        policy: PolicyId,
        /// Hash of the compiled policy and calendar, pinned in KV `policies`.
        policy_version: String,
        /// The instant its spans count from.
        anchor_at: Timestamp,
    }
    /// A milestone is owed.
    MilestoneSet {
        /// Its clock.
        clock: ClockId,
        /// The milestone.
        milestone: MilestoneId,
        /// By when.
        due_at: Timestamp,
        /// What it counts from: `received`, `acknowledged`, `last_inbound`, …
        anchor: String,
        /// The instant it counts from.
        anchor_at: Timestamp,
        /// When each rung of the ladder is due, first to last.
        rungs: Vec<Rung>,
        /// 1, and one more at each reopening.
        generation: u32,
    }
    /// A share of the time of a milestone is used up.
    WarningReached {
        /// Its clock.
        clock: ClockId,
        /// The milestone.
        milestone: MilestoneId,
        /// The rung that was reached, from 1.
        rung: u32,
        /// The share of the time, in percent.
        percent: u32,
        /// Who is told.
        recipients: Vec<Recipient>,
        /// Seconds between when it was due and when it was recorded.
        late_by_s: u32,
        /// Of the milestone.
        generation: u32,
        /// True when a higher rung of the same milestone was recorded at the same time, which tells people.
        overtaken: bool,
    }
    /// What a milestone asks for was done.
    MilestoneMet {
        /// Its clock.
        clock: ClockId,
        /// The milestone.
        milestone: MilestoneId,
        /// When it was met.
        met_at: Timestamp,
        /// The communication that met it, when one did.
        #[serde(skip_serializing_if = "Option::is_none")]
        communication_id: Option<CommunicationId>,
        /// True when it was due before.
        late: bool,
        /// Who said that it is done, when nothing else shows it.
        #[serde(skip_serializing_if = "Option::is_none")]
        handler: Option<HandlerId>,
    }
    /// A deadline passed.
    MilestoneBreached {
        /// Its clock.
        clock: ClockId,
        /// The milestone.
        milestone: MilestoneId,
        /// When it was due.
        due_at: Timestamp,
        /// Seconds between when it was due and when it was recorded.
        late_by_s: u32,
        /// Of the milestone.
        generation: u32,
    }
    /// A met milestone is owed again.
    MilestoneReopened {
        /// Its clock.
        clock: ClockId,
        /// The milestone.
        milestone: MilestoneId,
        /// Why: `bounced`, `failed`, `reopened`.
        reason: String,
        /// The new due time; the first one stays in the history.
        due_at: Timestamp,
        /// When each rung is due.
        rungs: Vec<Rung>,
        /// One more than before.
        generation: u32,
        /// Since when it is owed again; it counts from then.
        since: Timestamp,
    }
    /// The time of a milestone stands still, goes on, or ends at another time than was said.
    DeadlineChanged {
        /// Its clock.
        clock: ClockId,
        /// The milestone.
        milestone: MilestoneId,
        /// Why: `paused`, `resumed`, `extended`, `repinned`.
        reason: String,
        /// The new due time; none while its time stands still.
        #[serde(skip_serializing_if = "Option::is_none")]
        due_at: Option<Timestamp>,
        /// When each rung is due; none while its time stands still.
        rungs: Vec<Rung>,
        /// One more than before.
        generation: u32,
        /// The version of the policy that the clock follows from now on; empty when that does not change.
        policy_version: String,
    }
    /// Somebody wishes to put a milestone off; the complainant is to be told before it is due.
    ExtensionRequested {
        /// Its clock.
        clock: ClockId,
        /// The milestone.
        milestone: MilestoneId,
        /// What the complainant is told, in CONTENT.
        content_id: ContentId,
        /// Who wishes it.
        handler: HandlerId,
        /// By when it will be due.
        due_at: Timestamp,
    }
    /// A milestone is put off, as its policy allows.
    ExtensionGranted {
        /// Its clock.
        clock: ClockId,
        /// The milestone.
        milestone: MilestoneId,
        /// The notice that was taken for delivery in time, when the policy asks for one.
        #[serde(skip_serializing_if = "Option::is_none")]
        communication_id: Option<CommunicationId>,
        /// Who put it off.
        handler: HandlerId,
    }
    /// A clock no longer runs.
    ClockStopped {
        /// The clock.
        clock: ClockId,
        /// Why.
        reason: StopReason,
    }
    /// A rung at or after the deadline was reached: named people are told.
    Escalated {
        /// Its clock.
        clock: ClockId,
        /// The milestone.
        milestone: MilestoneId,
        /// The rung, from 1.
        rung: u32,
        /// Who is told.
        recipients: Vec<Recipient>,
        /// Seconds between when it was due and when it was recorded.
        late_by_s: u32,
        /// Of the milestone.
        generation: u32,
        /// True when a higher rung was recorded at the same time, which tells people.
        overtaken: bool,
        /// True when the rung before it was acknowledged: it is recorded, and nobody is told.
        held_back: bool,
    }
    /// Somebody who was told of an escalation said that they look after it.
    EscalationAcknowledged {
        /// Its clock.
        clock: ClockId,
        /// The milestone.
        milestone: MilestoneId,
        /// The highest rung that was reached.
        rung: u32,
        /// Of the milestone.
        generation: u32,
        /// Who said so; none when it was done by the link in a mail.
        #[serde(skip_serializing_if = "Option::is_none")]
        handler: Option<HandlerId>,
        /// As whom that mail was read; unspecified when a handler said so.
        recipient: Recipient,
    }
    /// Somebody wrote a note.
    NoteAdded {
        /// Its words, in CONTENT.
        content_id: ContentId,
        /// Who wrote it.
        author: HandlerId,
    }
    /// It waits for somebody.
    Held {
        /// For whom.
        hold: Hold,
        /// Its reasons, in CONTENT.
        #[serde(skip_serializing_if = "Option::is_none")]
        content_id: Option<ContentId>,
    }
    /// It waits no longer; and what was kept back (`received_long_ago`, `perhaps_sent`) may go out.
    Released {
        /// What it waited for; unspecified when only a communication was kept back.
        hold: Hold,
        /// Communications that may now go out.
        communication_ids: Vec<CommunicationId>,
    }
    /// It was decided.
    Decided {
        /// How.
        outcome: Outcome,
        /// The reasons, in CONTENT.
        reasons_content_id: ContentId,
        /// The remedy as the settings name it (`refund`, `apology`, …), `none` for none.
        remedy: String,
        /// Who decided.
        handler: HandlerId,
    }
    /// It is closed.
    Closed {
        /// Why.
        reason: CloseReason,
    }
    /// It is open again.
    Reopened {
        /// Why, in a word: `dissatisfied`, `new_facts`, `mistake`.
        reason: String,
        /// The contact that gave cause.
        #[serde(skip_serializing_if = "Option::is_none")]
        contact_id: Option<ContactId>,
    }
    /// The complainant asked for the decision to be looked at again.
    ReviewRequested {
        /// The contact in which they did.
        contact_id: ContactId,
    }
    /// The complainant took it back, and a person is to look at it before it is closed.
    WithdrawalRequested {
        /// The contact in which they did.
        contact_id: ContactId,
    }
    /// Personal data of this complaint is to be made unreadable.
    ErasureRequested {
        /// Why, in a word: `party` (a person asked), `complaint` (this complaint was named), `retention`.
        reason: String,
        /// Keyed hash (hex) of the party that asked; empty for all of the complaint.
        party: String,
    }
    /// It was: keys destroyed, messages and blobs deleted. Events stay.
    ErasureCompleted {
        /// As in the request.
        reason: String,
        /// As in the request.
        party: String,
        /// How many contacts.
        contacts: u32,
        /// How many texts written inside.
        contents: u32,
        /// How many communications.
        communications: u32,
    }
}

/// A place in a contact's text that spoke for a decision. It holds no words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Evidence {
    /// What was found there: `dissatisfaction`, `praise`, `question`, `harm`, …
    pub finding: String,
    /// Where it begins, in bytes of UTF-8.
    pub start_byte: u32,
    /// Where it ends: the first byte that is no part of it.
    pub end_byte: u32,
}

/// One step of the ladder of a milestone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rung {
    /// When it is reached.
    pub at: Timestamp,
    /// Share of the time that is then used up; 100 at the deadline, 0 for rungs after it.
    pub percent: u32,
    /// Who is told.
    pub recipients: Vec<Recipient>,
}

/// The data of an event as the JSON text it came as. Two are equal when they mean the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventData(Box<RawValue>);

impl EventData {
    /// The text.
    pub fn get(&self) -> &str {
        self.0.get()
    }
}

impl Default for EventData {
    fn default() -> Self {
        Self(RawValue::from_string("{}".to_owned()).expect("two braces are JSON"))
    }
}

impl PartialEq for EventData {
    fn eq(&self, other: &Self) -> bool {
        let value = |data: &Self| serde_json::from_str::<Value>(data.get()).ok();
        self.get() == other.get() || value(self) == value(other)
    }
}

impl From<&Event> for EventData {
    fn from(event: &Event) -> Self {
        Self(event.data_text())
    }
}

#[derive(Deserialize)]
struct Parts {
    r#type: String,
    #[serde(default)]
    data: Value,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let parts = Parts::deserialize(from)?;
        Self::from_parts(&parts.r#type, parts.data)
            .map_err(|e| D::Error::custom(format!("{}: {e}", parts.r#type)))
    }
}

//! The closed vocabularies: channels, dispositions, severities, purposes and the like.
//!
//! Each enum opens with `Unspecified`, the proto3 zero value, which also stands for a value that a newer
//! writer used and this reader does not know. [`Channel::token`] and its like give the lower-case word used in
//! subjects and settings.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident / $prefix:literal { $($(#[$vdoc:meta])* $variant:ident = $wire:literal / $token:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $wire)] $variant,)*
            /// Not said, or said in a word this reader does not know.
            #[default]
            #[serde(rename = $prefix, other)]
            Unspecified,
        }

        impl $name {
            /// Every value but `Unspecified`, in the order of the proto file.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The lower-case word used in subjects, settings and on the command line.
            pub fn token(self) -> &'static str {
                match self { $(Self::$variant => $token,)* Self::Unspecified => "unspecified" }
            }

            /// The value whose [`token`](Self::token) this is.
            pub fn from_token(token: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.token() == token)
            }

            /// True when nothing was said.
            pub fn is_unspecified(&self) -> bool {
                *self == Self::Unspecified
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.token())
            }
        }
    };
}

words!(/// How a contact reached the organisation.
Channel / "CHANNEL_UNSPECIFIED" {
    /// By email.
    Email = "CHANNEL_EMAIL" / "email",
    /// By the public web form.
    Web = "CHANNEL_WEB" / "web",
    /// By telephone.
    Phone = "CHANNEL_PHONE" / "phone",
    /// By letter, typed in by a clerk.
    Letter = "CHANNEL_LETTER" / "letter",
    /// Face to face, typed in by a clerk.
    InPerson = "CHANNEL_IN_PERSON" / "in_person",
    /// A public post that names us.
    SocialPublic = "CHANNEL_SOCIAL_PUBLIC" / "social_public",
    /// A direct message on a social platform.
    SocialDm = "CHANNEL_SOCIAL_DM" / "social_dm",
    /// By a system that uses the API.
    Api = "CHANNEL_API" / "api",
});

words!(/// Whether the raw bytes could be read.
ParseStatus / "PARSE_STATUS_UNSPECIFIED" {
    /// Read whole.
    Parsed = "PARSE_STATUS_PARSED" / "parsed",
    /// Read in part; `parse_problem` says what was left.
    Partial = "PARSE_STATUS_PARTIAL" / "partial",
    /// Not readable; the raw bytes are the record.
    Failed = "PARSE_STATUS_FAILED" / "failed",
});

words!(/// What kind of address this is.
AddressKind / "ADDRESS_KIND_UNSPECIFIED" {
    /// An email address.
    Email = "ADDRESS_KIND_EMAIL" / "email",
    /// A telephone number, E.164 where it could be read.
    Phone = "ADDRESS_KIND_PHONE" / "phone",
    /// A handle on a platform.
    Handle = "ADDRESS_KIND_HANDLE" / "handle",
    /// A postal address.
    Postal = "ADDRESS_KIND_POSTAL" / "postal",
});

words!(/// Why a contact is held to come from a machine (RFC 3834, RFC 3464 and practice).
MachineKind / "MACHINE_KIND_UNSPECIFIED" {
    /// A delivery report that says a mail could not be delivered (RFC 3464 and its many look-alikes).
    Bounce = "MACHINE_KIND_BOUNCE" / "bounce",
    /// An automatic answer: out of office, ticket systems, vacation (RFC 3834).
    AutoReply = "MACHINE_KIND_AUTO_REPLY" / "auto_reply",
    /// A mailing list or bulk mail (RFC 2369, RFC 2919, Precedence).
    List = "MACHINE_KIND_LIST" / "list",
    /// An abuse or feedback report (RFC 5965), or a DMARC or TLS report.
    Report = "MACHINE_KIND_REPORT" / "report",
    /// A read or delivery receipt (RFC 8098).
    Receipt = "MACHINE_KIND_RECEIPT" / "receipt",
    /// Our own mail come back.
    Own = "MACHINE_KIND_OWN" / "own",
});

words!(/// Does somebody who can know vouch for a sender's address?
Verdict / "VERDICT_UNSPECIFIED" {
    /// Yes: the mail is from the domain it says.
    Pass = "VERDICT_PASS" / "pass",
    /// No: by what the domain publishes it is not from there.
    Fail = "VERDICT_FAIL" / "fail",
    /// It was looked at, and nothing speaks for it or against it.
    None = "VERDICT_NONE" / "none",
    /// It could not be found out.
    Unknown = "VERDICT_UNKNOWN" / "unknown",
});

words!(/// By what a verdict on a sender was reached.
VerdictMethod / "VERDICT_METHOD_UNSPECIFIED" {
    /// DMARC: the domain's own policy, over DKIM and SPF (RFC 7489).
    Dmarc = "VERDICT_METHOD_DMARC" / "dmarc",
    /// A signature of the sender's domain (RFC 6376).
    Dkim = "VERDICT_METHOD_DKIM" / "dkim",
    /// A server that may send for the sender's domain (RFC 7208).
    Spf = "VERDICT_METHOD_SPF" / "spf",
});

words!(/// What became of a telephone call.
CallState / "CALL_STATE_UNSPECIFIED" {
    /// It rings; nobody answered yet.
    Ringing = "CALL_STATE_RINGING" / "ringing",
    /// Somebody answered.
    Answered = "CALL_STATE_ANSWERED" / "answered",
    /// It is over; whether somebody had answered is said elsewhere.
    Ended = "CALL_STATE_ENDED" / "ended",
    /// It is over, and nobody answered.
    Unanswered = "CALL_STATE_UNANSWERED" / "unanswered",
    /// It met a busy line.
    Busy = "CALL_STATE_BUSY" / "busy",
    /// It could not be put through.
    Failed = "CALL_STATE_FAILED" / "failed",
    /// A voicemail box answered.
    Voicemail = "CALL_STATE_VOICEMAIL" / "voicemail",
});

words!(/// Who called whom.
CallDirection / "CALL_DIRECTION_UNSPECIFIED" {
    /// Somebody called us.
    Inbound = "CALL_DIRECTION_INBOUND" / "inbound",
    /// We called somebody.
    Outbound = "CALL_DIRECTION_OUTBOUND" / "outbound",
    /// One of ours called another of ours.
    Internal = "CALL_DIRECTION_INTERNAL" / "internal",
});

words!(/// Whether a contact changes a post that was there before.
PostChange / "POST_CHANGE_UNSPECIFIED" {
    /// Its author wrote it anew; these are the new words.
    Edited = "POST_CHANGE_EDITED" / "edited",
    /// It was taken away; there are no words.
    Deleted = "POST_CHANGE_DELETED" / "deleted",
});

words!(/// How a post concerns us.
PostKind / "POST_KIND_UNSPECIFIED" {
    /// It names us.
    Mention = "POST_KIND_MENTION" / "mention",
    /// It answers a post of ours, or one that we answered.
    Reply = "POST_KIND_REPLY" / "reply",
    /// It quotes a post of ours.
    Quote = "POST_KIND_QUOTE" / "quote",
    /// It stands below something of ours: a page, a picture, a video.
    Comment = "POST_KIND_COMMENT" / "comment",
    /// It was sent to us alone, or to a group of which we are one.
    DirectMessage = "POST_KIND_DIRECT_MESSAGE" / "direct_message",
    /// It judges what we offer, most often with stars.
    Review = "POST_KIND_REVIEW" / "review",
    /// It was found by its words, or in a feed; it does not name us by our account.
    Found = "POST_KIND_FOUND" / "found",
});

words!(/// Who may read a post, from everybody to one reader.
Visibility / "VISIBILITY_UNSPECIFIED" {
    /// Everybody, and it is shown around.
    Public = "VISIBILITY_PUBLIC" / "public",
    /// Everybody who knows where it is.
    Unlisted = "VISIBILITY_UNLISTED" / "unlisted",
    /// Those who follow its author, or are in a group.
    Followers = "VISIBILITY_FOLLOWERS" / "followers",
    /// Those it is addressed to.
    Direct = "VISIBILITY_DIRECT" / "direct",
});

words!(/// What somebody did about their complaint, beside writing.
Act / "ACT_UNSPECIFIED" {
    /// Took it back.
    Withdraw = "ACT_WITHDRAW" / "withdraw",
    /// Asked for the decision to be looked at again, by somebody else.
    RequestReview = "ACT_REQUEST_REVIEW" / "request_review",
});

words!(/// Whether a scanner looked for malicious code in a file.
ScanState / "SCAN_STATE_UNSPECIFIED" {
    /// It did, and knows nothing bad of it.
    Scanned = "SCAN_STATE_SCANNED" / "scanned",
    /// It did, and says that it is malicious: the file is kept out of reach.
    Infected = "SCAN_STATE_INFECTED" / "infected",
    /// It was to, and could not.
    Unscanned = "SCAN_STATE_UNSCANNED" / "unscanned",
});

words!(/// What a part of a text is, beside its sender's new words.
TextRole / "TEXT_ROLE_UNSPECIFIED" {
    /// Somebody else's words, quoted, with the line that introduces them.
    Quoted = "TEXT_ROLE_QUOTED" / "quoted",
    /// Quoted words that the sender answers point by point: without them the answers mean nothing.
    Answered = "TEXT_ROLE_ANSWERED" / "answered",
    /// A mail that was passed on.
    Forwarded = "TEXT_ROLE_FORWARDED" / "forwarded",
    /// What stands below a line of dashes, or what a phone adds.
    Signature = "TEXT_ROLE_SIGNATURE" / "signature",
    /// A closing formula and the name below it; never folded.
    SignOff = "TEXT_ROLE_SIGN_OFF" / "sign_off",
});

words!(/// What a contact is, decided by `router`. Whatever no rule clearly classes otherwise is a complaint.
Disposition / "DISPOSITION_UNSPECIFIED" {
    /// An expression of dissatisfaction.
    Complaint = "DISPOSITION_COMPLAINT" / "complaint",
    /// A question.
    Enquiry = "DISPOSITION_ENQUIRY" / "enquiry",
    /// A request for an ordinary service.
    ServiceRequest = "DISPOSITION_SERVICE_REQUEST" / "service_request",
    /// Praise.
    Compliment = "DISPOSITION_COMPLIMENT" / "compliment",
    /// A suggestion.
    Suggestion = "DISPOSITION_SUGGESTION" / "suggestion",
    /// Unwanted bulk.
    Spam = "DISPOSITION_SPAM" / "spam",
    /// Written by a machine.
    Machine = "DISPOSITION_MACHINE" / "machine",
    /// Meant for somebody else.
    Misdirected = "DISPOSITION_MISDIRECTED" / "misdirected",
});

words!(/// How much harm, from S1 (harm, safety, legal, data breach) to S4 (minor).
Severity / "SEVERITY_UNSPECIFIED" {
    /// Harm, safety, legal, data breach.
    S1 = "SEVERITY_S1" / "S1",
    /// Serious.
    S2 = "SEVERITY_S2" / "S2",
    /// Ordinary.
    S3 = "SEVERITY_S3" / "S3",
    /// Minor.
    S4 = "SEVERITY_S4" / "S4",
});

words!(/// Who may see a complaint.
Class / "CLASS_UNSPECIFIED" {
    /// The team.
    Normal = "CLASS_NORMAL" / "normal",
    /// Named people.
    Confidential = "CLASS_CONFIDENTIAL" / "confidential",
    /// Nobody without a second key.
    Sealed = "CLASS_SEALED" / "sealed",
});

words!(/// Which round of the procedure a complaint is in.
Stage / "STAGE_UNSPECIFIED" {
    /// Resolved where it arose.
    Frontline = "STAGE_FRONTLINE" / "frontline",
    /// First formal stage.
    One = "STAGE_ONE" / "1",
    /// Review by somebody else.
    Two = "STAGE_TWO" / "2",
    /// With an outside body.
    External = "STAGE_EXTERNAL" / "external",
});

words!(/// What a held complaint waits for.
Hold / "HOLD_UNSPECIFIED" {
    /// An answer of the complainant.
    AwaitingComplainant = "HOLD_AWAITING_COMPLAINANT" / "awaiting_complainant",
    /// Somebody outside.
    AwaitingThirdParty = "HOLD_AWAITING_THIRD_PARTY" / "awaiting_third_party",
    /// A regulator.
    AwaitingRegulator = "HOLD_AWAITING_REGULATOR" / "awaiting_regulator",
    /// A court.
    LegalStay = "HOLD_LEGAL_STAY" / "legal_stay",
});

words!(/// How a complaint was decided.
Outcome / "OUTCOME_UNSPECIFIED" {
    /// The complainant is right.
    Upheld = "OUTCOME_UPHELD" / "upheld",
    /// Right in part.
    PartlyUpheld = "OUTCOME_PARTLY_UPHELD" / "partly_upheld",
    /// Not right.
    NotUpheld = "OUTCOME_NOT_UPHELD" / "not_upheld",
    /// Settled by agreement without a finding.
    Resolved = "OUTCOME_RESOLVED" / "resolved",
});

words!(/// Why a complaint was closed.
CloseReason / "CLOSE_REASON_UNSPECIFIED" {
    /// The decision was communicated.
    Decided = "CLOSE_REASON_DECIDED" / "decided",
    /// The complainant took it back.
    Withdrawn = "CLOSE_REASON_WITHDRAWN" / "withdrawn",
    /// Another complaint holds it.
    Duplicate = "CLOSE_REASON_DUPLICATE" / "duplicate",
    /// Triage found that it was none.
    NotAComplaint = "CLOSE_REASON_NOT_A_COMPLAINT" / "not_a_complaint",
    /// Somebody else is responsible.
    Referred = "CLOSE_REASON_REFERRED" / "referred",
    /// The complainant cannot be reached.
    NoContact = "CLOSE_REASON_NO_CONTACT" / "no_contact",
});

words!(/// Why a clock was stopped.
StopReason / "STOP_REASON_UNSPECIFIED" {
    /// The complaint was closed.
    Closed = "STOP_REASON_CLOSED" / "closed",
    /// Class, severity or policy changed and a new clock runs.
    Replaced = "STOP_REASON_REPLACED" / "replaced",
    /// Triage found no complaint.
    NotAComplaint = "STOP_REASON_NOT_A_COMPLAINT" / "not_a_complaint",
    /// All milestones are met.
    Completed = "STOP_REASON_COMPLETED" / "completed",
});

words!(/// What a communication is for.
CommunicationPurpose / "COMMUNICATION_PURPOSE_UNSPECIFIED" {
    /// We have it, this is its reference, this happens next, by then.
    Acknowledgement = "COMMUNICATION_PURPOSE_ACKNOWLEDGEMENT" / "acknowledgement",
    /// It takes longer, and why.
    HoldingResponse = "COMMUNICATION_PURPOSE_HOLDING_RESPONSE" / "holding_response",
    /// The decision, with reasons and the way to go further.
    FinalResponse = "COMMUNICATION_PURPOSE_FINAL_RESPONSE" / "final_response",
    /// A deadline comes near (to staff).
    Warning = "COMMUNICATION_PURPOSE_WARNING" / "warning",
    /// A deadline passed, or nobody reacted (to staff).
    Escalation = "COMMUNICATION_PURPOSE_ESCALATION" / "escalation",
    /// A communication did not arrive (to staff).
    DeliveryProblem = "COMMUNICATION_PURPOSE_DELIVERY_PROBLEM" / "delivery_problem",
    /// A member of staff wrote it by hand, in a mail program of their own.
    Reply = "COMMUNICATION_PURPOSE_REPLY" / "reply",
});

words!(/// By what a communication travels. The token stands in OUTBOX subjects.
Medium / "MEDIUM_UNSPECIFIED" {
    /// Email.
    Email = "MEDIUM_EMAIL" / "email",
    /// A text message.
    Sms = "MEDIUM_SMS" / "sms",
    /// A chat message to staff.
    Chat = "MEDIUM_CHAT" / "chat",
    /// A post or direct message on a social platform.
    Social = "MEDIUM_SOCIAL" / "social",
});

words!(/// To whom a communication goes: a role, never a name.
Recipient / "RECIPIENT_UNSPECIFIED" {
    /// Who complained.
    Complainant = "RECIPIENT_COMPLAINANT" / "complainant",
    /// Who handles it.
    Owner = "RECIPIENT_OWNER" / "owner",
    /// The head of the team.
    TeamLead = "RECIPIENT_TEAM_LEAD" / "team_lead",
    /// The supervisor.
    Supervisor = "RECIPIENT_SUPERVISOR" / "supervisor",
    /// The complaints manager.
    ComplaintsManager = "RECIPIENT_COMPLAINTS_MANAGER" / "complaints_manager",
    /// The head of the unit.
    HeadOfUnit = "RECIPIENT_HEAD_OF_UNIT" / "head_of_unit",
    /// The executive.
    Executive = "RECIPIENT_EXECUTIVE" / "executive",
});

words!(/// Why a planned communication does not go out (DESIGN: the outbound guards).
SuppressReason / "SUPPRESS_REASON_UNSPECIFIED" {
    /// The contact came from a machine.
    Machine = "SUPPRESS_REASON_MACHINE" / "machine",
    /// The address is one of our own.
    OwnAddress = "SUPPRESS_REASON_OWN_ADDRESS" / "own_address",
    /// There is no address to send to.
    NoAddress = "SUPPRESS_REASON_NO_ADDRESS" / "no_address",
    /// Received long before it was recorded; a person releases it.
    ReceivedLongAgo = "SUPPRESS_REASON_RECEIVED_LONG_AGO" / "received_long_ago",
    /// Too many automatic messages to this address; gathered into the next permitted one.
    RateLimited = "SUPPRESS_REASON_RATE_LIMITED" / "rate_limited",
    /// `[outbound] mode = "hold"`.
    HoldMode = "SUPPRESS_REASON_HOLD_MODE" / "hold_mode",
    /// The complaint moved on and the message is no longer true.
    Superseded = "SUPPRESS_REASON_SUPERSEDED" / "superseded",
    /// Perhaps sent before a restore took back the note of it; a person releases it.
    PerhapsSent = "SUPPRESS_REASON_PERHAPS_SENT" / "perhaps_sent",
});

words!(/// How sure we are that the sender of a contact is a party of the complaint.
PartyStanding / "PARTY_STANDING_UNSPECIFIED" {
    /// Its sender opened the complaint or was a party already.
    Party = "PARTY_STANDING_PARTY" / "party",
    /// It holds our token but comes from an address that is no party: kept, shown, never answered with case data.
    UnverifiedParty = "PARTY_STANDING_UNVERIFIED_PARTY" / "unverified_party",
    /// A machine: a bounce of ours.
    Machine = "PARTY_STANDING_MACHINE" / "machine",
});

words!(/// Who did it.
ActorRole / "ACTOR_ROLE_UNSPECIFIED" {
    /// The complainant or their representative.
    Complainant = "ACTOR_ROLE_COMPLAINANT" / "complainant",
    /// A member of staff.
    Handler = "ACTOR_ROLE_HANDLER" / "handler",
    /// A service of the system.
    System = "ACTOR_ROLE_SYSTEM" / "system",
});

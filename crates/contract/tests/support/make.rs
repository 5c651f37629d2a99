//! Arbitrary contacts, events and commits. Each type is written out field by field, so that a new field does not
//! compile until it is made here, and so that it is carried through the tests.

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestRng;
use redress_contract::commit::{Actor, Cause, Commit, CommitEvent, StateCache};
use redress_contract::communication::{Answer, PostRef};
use redress_contract::contact::{
    Address, Attachment, Call, Contact, DeliveryReport, Field, Machine, Post, Raw, RecordedBy, SenderVerdict,
    TextSpan, Thread,
};
use redress_contract::event::*;
use redress_contract::*;
use serde_json::value::RawValue;

/// Something of which arbitrary ones can be made.
pub(crate) trait Make: Sized {
    /// Makes one.
    fn make(rng: &mut TestRng) -> Self;
}

/// A proptest strategy of it.
pub(crate) fn any<T: Make + std::fmt::Debug>() -> impl Strategy<Value = T> {
    Just(()).prop_perturb(|(), mut rng| T::make(&mut rng))
}

/// One event of each type, in the order of the catalogue.
pub(crate) fn one_of_each(rng: &mut TestRng) -> Vec<Event> {
    MAKERS.iter().map(|make| make(rng)).collect()
}

macro_rules! make {
    ($($name:ident { $($field:ident),* $(,)? })*) => {
        $(impl Make for $name {
            fn make(rng: &mut TestRng) -> Self { Self { $($field: Make::make(rng)),* } }
        })*
    };
}

macro_rules! make_events {
    ($($name:ident { $($field:ident),* $(,)? })*) => {
        make! { $($name { $($field),* })* }
        const MAKERS: &[fn(&mut TestRng) -> Event] = &[$(|rng| Event::$name(Make::make(rng)),)*];
    };
}

make_events! {
    Registered {
        complaint_id, reference, contact_id, channel, account, received_at, recorded_at, language, class, stage,
    }
    ContactLinked {
        contact_id, channel, account, received_at, standing, party, machine, confidence_percent, reasons,
        possible_duplicate_of,
    }
    Classified { disposition, category, product, severity, rule, jurisdiction, needs, evidence }
    Assigned { team, handler, rule }
    Accepted { handler }
    CommunicationQueued { communication_id, purpose, recipient, medium, contact_id, reason }
    CommunicationAccepted { communication_id, purpose, recipient, medium, contact_id, provides, accepted_at }
    CommunicationBounced { communication_id, contact_id, status, permanent, received_at }
    CommunicationFailed { communication_id, purpose, recipient, medium, contact_id, reason }
    CommunicationSuppressed { communication_id, purpose, recipient, medium, contact_id, reason }
    ClockStarted { clock, policy, policy_version, anchor_at }
    MilestoneSet { clock, milestone, due_at, anchor, anchor_at, rungs, generation }
    WarningReached { clock, milestone, rung, percent, recipients, late_by_s, generation, overtaken }
    MilestoneMet { clock, milestone, met_at, communication_id, late, handler }
    MilestoneBreached { clock, milestone, due_at, late_by_s, generation }
    MilestoneReopened { clock, milestone, reason, due_at, rungs, generation, since }
    DeadlineChanged { clock, milestone, reason, due_at, rungs, generation, policy_version }
    ExtensionRequested { clock, milestone, content_id, handler, due_at }
    ExtensionGranted { clock, milestone, communication_id, handler }
    ClockStopped { clock, reason }
    Escalated { clock, milestone, rung, recipients, late_by_s, generation, overtaken, held_back }
    EscalationAcknowledged { clock, milestone, rung, generation, handler, recipient }
    NoteAdded { content_id, author }
    Held { hold, content_id }
    Released { hold, communication_ids }
    Decided { outcome, reasons_content_id, remedy, handler }
    Closed { reason }
    Reopened { reason, contact_id }
    ReviewRequested { contact_id }
    WithdrawalRequested { contact_id }
    ErasureRequested { reason, party }
    ErasureCompleted { reason, party, contacts, contents, communications }
}

make! {
    Rung { at, percent, recipients }
    Evidence { finding, start_byte, end_byte }
    Answer { platform, account, text, language, visibility, to, root, mention, mention_handle }
    PostRef { id, revision }
    Contact {
        id, channel, account, received_at, recorded_at, written_at, parse_status, parse_problem, sender, reply_to,
        recipients, sender_authenticated, subject, text, language, attachments, raw, thread, machine, fields,
        reference, part_of, revises, reparses, text_spans, text_foldable, sender_verdict, sent_by_hand,
        act, recorded_by, call, post,
    }
    Post {
        platform, post_id, revision, change, kind, visibility, url, root_revision, quotes, mentions, links, rating,
        answer_until,
    }
    Call {
        system, call_id, leg, state, direction, started_at, answered_at, ended_at, waiting_seconds, talking_seconds,
        queue, staff, cause, time_ambiguous,
    }
    RecordedBy { actor, arrival, backdating_reason, read_back }
    SenderVerdict { verdict, method, domain, verifier }
    TextSpan { role, start_byte, end_byte }
    Address { kind, value, display_name }
    Attachment { file_name, media_type, size_bytes, sha256, raw_part, blob, inline, scan, scan_finding, description }
    Raw { media_type, size_bytes, sha256, inline, blob, cut_from_bytes }
    Thread { message_id, in_reply_to, references, platform_thread }
    Machine { kind, evidence, deliveries }
    DeliveryReport { recipient, status, permanent, original_message_id }
    Field { name, value }
    Communication {
        id, complaint_id, event_id, contact_id, purpose, recipient, medium, to, envelope_from, message, rendered_at,
        provides, recipient_authenticated,
    }
    Content { id, complaint_id, author, recorded_at, text }
    TimerDue { complaint_id, clock, milestone, generation, due_at }
    DeadLetter { service, consumer, stream, stream_seq, subject, reason, attempts, at, payload }
    Commit {
        version, complaint_id, number, previous_sha256, recorded_at, actor, cause, events, state,
    }
    Actor { id, role }
    Cause { causation_id, traceparent }
    StateCache { version, body }
}

macro_rules! make_ids {
    ($($name:ident),*) => {$(
        impl Make for $name {
            fn make(rng: &mut TestRng) -> Self {
                let length = rng.random_range(1..=24);
                let letter = |rng: &mut TestRng| char::from(*pick(rng, b"abcxyzABZ0189-_"));
                Self::new((0..length).map(|_| letter(rng)).collect::<String>()).unwrap()
            }
        }
    )*};
}

make_ids!(
    BlobName,
    ClockId,
    CommunicationId,
    ComplaintId,
    ContactId,
    ContentId,
    EventId,
    HandlerId,
    MilestoneId,
    PolicyId,
    Reference,
    TeamId
);

macro_rules! make_words {
    ($($name:ident),*) => {$(
        impl Make for $name {
            fn make(rng: &mut TestRng) -> Self {
                if rng.random_ratio(1, 8) { Self::Unspecified } else { *pick(rng, Self::ALL) }
            }
        }
    )*};
}

make_words!(
    Act,
    ActorRole,
    AddressKind,
    Channel,
    Class,
    CloseReason,
    CommunicationPurpose,
    Disposition,
    Hold,
    MachineKind,
    Medium,
    Outcome,
    ParseStatus,
    PartyStanding,
    Recipient,
    ScanState,
    CallState,
    CallDirection,
    PostChange,
    PostKind,
    Visibility,
    Severity,
    Stage,
    StopReason,
    SuppressReason,
    TextRole,
    Verdict,
    VerdictMethod
);

impl Make for CommitEvent {
    fn make(rng: &mut TestRng) -> Self {
        let seq = *pick(rng, &[1, 2, 77, u32::MAX]);
        Self { seq, occurred_at: Make::make(rng), event: Make::make(rng) }
    }
}

impl Make for Event {
    fn make(rng: &mut TestRng) -> Self {
        if rng.random_ratio(1, 16) {
            let data = serde_json::json!({ "some": [String::make(rng), 7, null, true, { "x": -2.5 }] });
            return Self::Unknown { r#type: "redress.complaint.v1.YetToCome".to_owned(), data };
        }
        pick(rng, MAKERS)(rng)
    }
}

impl Make for String {
    fn make(rng: &mut TestRng) -> Self {
        let samples = [
            "",
            "refund",
            "Größe 12 \u{1f4a1}",
            "\"quoted\"\\\r\n\t\u{0}\u{7f}",
            "投诉",
            "null",
            "1e3",
            "<&>",
        ];
        (0..rng.random_range(0..3)).map(|_| *pick(rng, &samples)).collect()
    }
}

impl Make for FileName {
    fn make(rng: &mut TestRng) -> Self {
        Self::new(&String::make(rng))
    }
}

impl Make for Timestamp {
    fn make(rng: &mut TestRng) -> Self {
        // What google.protobuf.Timestamp can say: the years 1 to 9999.
        let second = rng.random_range(-62_135_596_800..=253_402_300_799);
        let nanosecond = *pick(rng, &[0, 0, 120_000_000, 123_456_000, 999_999_999, 1]);
        Self::new(second, nanosecond).unwrap_or(Self::UNIX_EPOCH)
    }
}

impl Make for u32 {
    fn make(rng: &mut TestRng) -> Self {
        *pick(rng, &[0, 1, 2, 100, u32::MAX])
    }
}

impl Make for bool {
    fn make(rng: &mut TestRng) -> Self {
        rng.random()
    }
}

impl Make for Bytes {
    fn make(rng: &mut TestRng) -> Self {
        (0..rng.random_range(0..40)).map(|_| rng.random::<u8>()).collect()
    }
}

impl Make for Box<RawValue> {
    fn make(rng: &mut TestRng) -> Self {
        let body = serde_json::json!({ "status": String::make(rng), "seq": 3, "list": [1, null, {}] });
        RawValue::from_string(body.to_string()).unwrap()
    }
}

impl<T: Make> Make for Option<T> {
    fn make(rng: &mut TestRng) -> Self {
        rng.random_ratio(2, 3).then(|| T::make(rng))
    }
}

impl<T: Make> Make for Vec<T> {
    fn make(rng: &mut TestRng) -> Self {
        (0..rng.random_range(0..3)).map(|_| T::make(rng)).collect()
    }
}

fn pick<'a, T>(rng: &mut TestRng, choices: &'a [T]) -> &'a T {
    &choices[rng.random_range(0..choices.len())]
}

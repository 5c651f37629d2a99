//! A complaint and a contact to test with.

use jiff::Timestamp;
use redress_contract::contact::{Address, Thread};
use redress_contract::event::Rung;
use redress_contract::{
    Channel, Class, ClockId, Commit, CommitEvent, CommunicationId, CommunicationPurpose, ComplaintId,
    Contact, ContactId, Disposition, Event, HandlerId, Hold, MachineKind, Medium, MilestoneId, PartyStanding,
    PolicyId, Recipient, Reference, Severity, Stage, TeamId,
};
use redress_domain::{Clock, Complaint, Delivery, DeliveryStatus, LinkedContact, Milestone, Status};

use crate::run::email;

/// A Friday morning.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time as in RFC 3339")
}

pub(crate) fn complaint() -> Complaint {
    let (received, recorded) = (at("2026-03-06T09:12:00Z"), at("2026-03-06T09:12:02Z"));
    let contact_id = ContactId::new("contact1").unwrap();
    Complaint {
        id: ComplaintId::new("complaint1").unwrap(),
        reference: Reference::new("RD-4F7K-2QMX").unwrap(),
        seq: 7,
        contact_id: contact_id.clone(),
        channel: Channel::Email,
        account: "help".to_owned(),
        received_at: received,
        recorded_at: recorded,
        language: String::new(),
        status: Status::Registered,
        stage: Stage::Frontline,
        class: Class::Normal,
        hold: Hold::Unspecified,
        disposition: Disposition::Complaint,
        category: "delivery".to_owned(),
        product: String::new(),
        severity: Severity::S3,
        jurisdiction: String::new(),
        needs: Vec::new(),
        team: Some(TeamId::new("complaints").unwrap()),
        handler: Some(HandlerId::new("h1").unwrap()),
        contacts: vec![LinkedContact {
            id: contact_id,
            channel: Channel::Email,
            account: "help".to_owned(),
            received_at: received,
            linked_at: recorded,
            standing: PartyStanding::Party,
            party: "00".to_owned(),
            machine: MachineKind::Unspecified,
        }],
        communications: Vec::new(),
        clocks: vec![clock()],
        holds: Vec::new(),
        withdrawal_requested_at: None,
        review_requested_at: None,
        erasing: Vec::new(),
        erased_at: None,
    }
}

fn clock() -> Clock {
    let anchor_at = at("2026-03-06T09:12:00Z");
    let milestone = |id: &str, due: &str| Milestone {
        id: MilestoneId::new(id).unwrap(),
        due_at: at(due),
        first_due_at: at(due),
        anchor_at,
        generation: 1,
        rungs: vec![Rung { at: at(due), percent: 100, recipients: vec![Recipient::Owner] }],
        rungs_reached: 0,
        met_at: None,
        breached: false,
        reopened_at: None,
        paused: false,
        extended: false,
        acknowledged_rung: 0,
        extension_requested: None,
    };
    Clock {
        id: ClockId::new("house").unwrap(),
        policy: PolicyId::new("house").unwrap(),
        policy_version: "00".to_owned(),
        anchor_at,
        stopped: None,
        milestones: vec![
            milestone("acknowledge", "2026-03-09T16:00:00Z"),
            // The end of Friday, 3 April in Vienna, where summer time has begun by then.
            milestone("final_response", "2026-04-03T22:00:00Z"),
        ],
    }
}

pub(crate) fn contact() -> Contact {
    Contact {
        id: ContactId::new("contact1").unwrap(),
        channel: Channel::Email,
        account: "help".to_owned(),
        sender: Some(Address { display_name: "MARKER Jane Doe".to_owned(), ..email("jane@example.com") }),
        subject: "MARKER My parcel".to_owned(),
        text: "MARKER It never came.".to_owned(),
        thread: Some(Thread {
            message_id: "m2@mail.example.com".to_owned(),
            references: vec!["m1@mail.example.com".to_owned()],
            ..Thread::default()
        }),
        ..Contact::default()
    }
}

pub(crate) fn delivery(
    purpose: CommunicationPurpose,
    recipient: Recipient,
    status: DeliveryStatus,
) -> Delivery {
    Delivery {
        id: CommunicationId::new("m1").unwrap(),
        purpose,
        recipient,
        medium: Medium::Email,
        contact_id: Some(ContactId::new("contact1").unwrap()),
        status,
        at: at("2026-03-06T09:13:00Z"),
    }
}

pub(crate) fn commit(events: Vec<Event>) -> Commit {
    let recorded_at = at("2026-03-06T09:12:02Z");
    let events =
        events.into_iter().zip(1..).map(|(event, seq)| CommitEvent { seq, occurred_at: recorded_at, event });
    Commit {
        complaint_id: ComplaintId::new("complaint1").unwrap(),
        number: 1,
        recorded_at,
        events: events.collect(),
        ..Commit::default()
    }
}

//! What events make of the fate of a complaint's communications.

use jiff::Timestamp;
use redress_contract::event::{
    CommunicationAccepted, CommunicationBounced, CommunicationFailed, CommunicationQueued,
    CommunicationSuppressed, Released,
};
use redress_contract::{CommunicationPurpose, Medium, Recipient};

use crate::complaint::{Complaint, Delivery, DeliveryStatus, Status};

pub(super) fn queued(complaint: &mut Complaint, at: Timestamp, e: &CommunicationQueued) {
    note(
        complaint,
        Delivery {
            id: e.communication_id.clone(),
            purpose: e.purpose,
            recipient: e.recipient,
            medium: e.medium,
            contact_id: e.contact_id.clone(),
            status: DeliveryStatus::Queued,
            at,
        },
    );
}

pub(super) fn accepted(complaint: &mut Complaint, at: Timestamp, e: &CommunicationAccepted) {
    note(
        complaint,
        Delivery {
            id: e.communication_id.clone(),
            purpose: e.purpose,
            recipient: e.recipient,
            medium: e.medium,
            contact_id: e.contact_id.clone(),
            status: DeliveryStatus::Accepted,
            at,
        },
    );
}

pub(super) fn failed(complaint: &mut Complaint, at: Timestamp, e: &CommunicationFailed) {
    note(
        complaint,
        Delivery {
            id: e.communication_id.clone(),
            purpose: e.purpose,
            recipient: e.recipient,
            medium: e.medium,
            contact_id: e.contact_id.clone(),
            status: DeliveryStatus::Failed,
            at,
        },
    );
}

pub(super) fn suppressed(complaint: &mut Complaint, at: Timestamp, e: &CommunicationSuppressed) {
    note(
        complaint,
        Delivery {
            id: e.communication_id.clone(),
            purpose: e.purpose,
            recipient: e.recipient,
            medium: e.medium,
            contact_id: e.contact_id.clone(),
            status: DeliveryStatus::Suppressed(e.reason),
            at,
        },
    );
}

pub(super) fn released(complaint: &mut Complaint, at: Timestamp, event: &Released) {
    for delivery in &mut complaint.communications {
        if event.communication_ids.contains(&delivery.id) {
            delivery.status = DeliveryStatus::Released;
            delivery.at = at;
        }
    }
}

fn note(complaint: &mut Complaint, mut delivery: Delivery) {
    if let Status::Decided { at: decided_at, .. } = complaint.status {
        // Noted after the decision, whatever the clock of the machine that noted it says.
        delivery.at = delivery.at.max(decided_at);
    }
    match complaint.communications.iter_mut().find(|known| known.id == delivery.id) {
        Some(known) => *known = delivery,
        None => complaint.communications.push(delivery),
    }
}

/// A report that mail waits changes nothing; the first report of failure does, even about a communication whose
/// acceptance was not noted yet. Further ones change nothing: by its time the first can be told from them.
pub(super) fn bounced(complaint: &mut Complaint, at: Timestamp, e: &CommunicationBounced) {
    if !e.permanent {
        return;
    }
    match complaint.communications.iter_mut().find(|known| known.id == e.communication_id) {
        Some(known) if known.status == DeliveryStatus::Bounced => {}
        Some(known) => {
            known.status = DeliveryStatus::Bounced;
            known.at = at;
        }
        None => complaint.communications.push(Delivery {
            id: e.communication_id.clone(),
            purpose: CommunicationPurpose::Unspecified,
            recipient: Recipient::Unspecified,
            medium: Medium::Unspecified,
            contact_id: None,
            status: DeliveryStatus::Bounced,
            at,
        }),
    }
}

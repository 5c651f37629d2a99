//! How a message that lies in OUTBOX stands: whether it is still to be sent, asked just before it is. Pure.

use jiff::Timestamp;
use redress_contract::{Communication, CommunicationPurpose, Disposition, Recipient, SuppressReason};

use crate::{Complaint, DeliveryStatus, Status};

/// What a second look at the complaint says about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is still to be sent.
    Wanted {
        /// Since when it was noted as waiting, if it was.
        queued: Option<Timestamp>,
    },
    /// Its fate is known.
    Settled,
    /// It should not go any more.
    Unwanted(SuppressReason),
}

/// What is known of a message besides its complaint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Case {
    /// Nothing goes out to complainants.
    pub held: bool,
    /// It may have gone out before a restore.
    pub in_doubt: bool,
    /// Others wait for it.
    pub gathers: bool,
}

/// How a message in OUTBOX stands.
pub fn standing(message: &Communication, complaint: &Complaint, case: Case) -> Standing {
    let queued = match complaint.delivery(&message.id).map(|delivery| (&delivery.status, delivery.at)) {
        None | Some((DeliveryStatus::Queued, _)) if case.in_doubt => {
            return Standing::Unwanted(SuppressReason::PerhapsSent);
        }
        None | Some((DeliveryStatus::Released, _)) => None,
        Some((DeliveryStatus::Queued, since)) => Some(since),
        Some((
            DeliveryStatus::Accepted
            | DeliveryStatus::Bounced
            | DeliveryStatus::Failed
            | DeliveryStatus::Suppressed(_),
            _,
        )) => return Standing::Settled,
    };
    if case.held {
        return Standing::Unwanted(SuppressReason::HoldMode);
    }
    // What others wait for is sent in any case: an acknowledgement too many harms nobody.
    if !case.gathers && is_superseded(message, complaint) {
        return Standing::Unwanted(SuppressReason::Superseded);
    }
    Standing::Wanted { queued }
}

/// True when the complaint moved on and the message is no longer true.
fn is_superseded(message: &Communication, complaint: &Complaint) -> bool {
    let told = |purpose| {
        complaint.communications.iter().any(|sent| {
            sent.purpose == purpose
                && sent.recipient == Recipient::Complainant
                && sent.status == DeliveryStatus::Accepted
        })
    };
    match message.purpose {
        CommunicationPurpose::Acknowledgement => {
            matches!(complaint.disposition, Disposition::Machine | Disposition::Spam)
                || told(CommunicationPurpose::FinalResponse)
        }
        CommunicationPurpose::FinalResponse => {
            !matches!(complaint.status, Status::Decided { .. } | Status::Closed { .. })
        }
        CommunicationPurpose::Warning | CommunicationPurpose::Escalation => {
            !complaint.pending().iter().any(|(_, milestone)| milestone.rungs_reached > 0)
        }
        CommunicationPurpose::HoldingResponse => {
            !complaint.pending().iter().any(|(_, milestone)| milestone.extension_requested.is_some())
        }
        CommunicationPurpose::DeliveryProblem
        | CommunicationPurpose::Reply
        | CommunicationPurpose::Unspecified => false,
    }
}

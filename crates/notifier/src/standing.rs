//! How a message stands: whether anything is left to plan, what the guards look at, whether it is still to be sent. Pure.

use jiff::Timestamp;
use redress_contract::{
    Communication, CommunicationId, CommunicationPurpose, Disposition, MachineKind, Recipient, SuppressReason,
};
use redress_domain::guard::Outgoing;
use redress_domain::{Complaint, DeliveryStatus, Status};

use crate::address::Target;
use crate::plan::Step;

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

/// True when nothing is left to plan: it is on its way or its fate is known. A released one may go.
pub fn is_settled(complaint: &Complaint, id: &CommunicationId) -> bool {
    complaint.delivery(id).is_some_and(|delivery| delivery.status != DeliveryStatus::Released)
}

/// True when the fate of a message that waited for its turn is open.
pub fn is_waited_for(complaint: &Complaint, id: &CommunicationId) -> bool {
    let status = complaint.delivery(id).map(|delivery| &delivery.status);
    matches!(status, None | Some(DeliveryStatus::Queued | DeliveryStatus::Released))
}

/// True for messages that nobody asked for: the limits for one address count them.
pub fn is_automatic(purpose: CommunicationPurpose) -> bool {
    purpose == CommunicationPurpose::Acknowledgement
}

/// What the guards look at, but for what only the installation knows: whether the address leads back to us, and whether
/// the message may have gone out before a restore.
pub fn outgoing(complaint: &Complaint, step: &Step, target: Option<&Target>) -> Outgoing {
    let answered = step.contact_id.as_ref().and_then(|id| complaint.contact(id));
    let received_at = answered.map_or(complaint.received_at, |contact| contact.received_at);
    let typed_in = target.is_some_and(|target| target.typed_in);
    Outgoing {
        purpose: step.body.purpose(),
        recipient: step.recipient,
        machine: answered.map_or(MachineKind::Unspecified, |contact| contact.machine),
        has_address: target.is_some(),
        to_own_address: false,
        authenticated: target.is_some_and(|target| target.authenticated),
        received_at,
        // Clerks type in one after the other what lay in a tray: that is no old mailbox, and nobody has to let it go.
        recorded_at: if typed_in { received_at } else { complaint.recorded_at },
        perhaps_sent: false,
        released: step.released,
        recently: Vec::new(),
    }
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

//! What the party of a complaint may do about it, as it stands: asked by the rules, and by the page that offers it.

use redress_contract::{CommunicationPurpose, Hold, Recipient, Severity, Stage};

use super::{Complaint, DeliveryStatus, Status};

impl Complaint {
    /// True while there is something to take back: no decision, no end, and it was not taken back before.
    pub fn may_be_withdrawn(&self) -> bool {
        let is_undecided = !matches!(self.status, Status::Decided { .. } | Status::Closed { .. });
        is_undecided && self.withdrawal_requested_at.is_none()
    }

    /// True when a person looks at it before it is closed, although it was taken back: harm and danger do not end because
    /// one person lets it go, and neither does what a regulator or a court waits for.
    pub fn outlives_withdrawal(&self) -> bool {
        self.severity == Severity::S1 || matches!(self.hold, Hold::AwaitingRegulator | Hold::LegalStay)
    }

    /// True when there is a decision that they were told, or an end. What was erased cannot be looked at again.
    pub fn may_be_reviewed(&self) -> bool {
        let has_ended = !self.is_open() || self.is_communicated();
        has_ended && self.erased_at.is_none() && self.erasing.is_empty()
    }

    /// The round of the procedure in which a decision is looked at again.
    pub(crate) fn stage_of_review(&self) -> Stage {
        match self.stage {
            Stage::External => Stage::External,
            Stage::Frontline => Stage::One,
            Stage::One | Stage::Two | Stage::Unspecified => Stage::Two,
        }
    }

    /// True when the decision that stands was taken for delivery to the complainant.
    pub fn is_communicated(&self) -> bool {
        let Status::Decided { at, .. } = self.status else { return false };
        let newest = self.communications.iter().rev().find(|delivery| {
            delivery.purpose == CommunicationPurpose::FinalResponse
                && delivery.recipient == Recipient::Complainant
                && delivery.status == DeliveryStatus::Accepted
        });
        newest.is_some_and(|delivery| delivery.at >= at)
    }
}

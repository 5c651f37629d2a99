//! What a party does about their complaint: takes it back, or asks for the decision to be looked at again.
//!
//! The contact and what follows from it stand in one commit, so a contact that is linked was acted on.

use redress_contract::event::{Assigned, ReviewRequested, WithdrawalRequested};
use redress_contract::{Act, CloseReason, Event, PartyStanding};

use super::contact::{is_from_a_person, linked};
use super::{Case, Decision, must_be_given};
use crate::command::Link;
use crate::complaint::Status;

/// Why a complaint is open again whose party asked for a review.
pub(super) const REVIEW_REQUESTED: &str = "review_requested";

/// What an act comes to, as the complaint stands.
enum Course {
    /// It is closed.
    Close,
    /// A person looks first, then closes it.
    LookFirst,
    /// It is decided anew.
    Review,
    /// Nothing more than that it is on record.
    Nothing,
    /// As if they had only written.
    Link,
}

impl Case<'_> {
    pub(super) fn note_act(&self, link: &Link, act: Act) -> Decision {
        must_be_given(link.contact_id.as_str(), "the contact's id")?;
        if self.complaint.contact(&link.contact_id).is_some() {
            return Ok(Vec::new());
        }
        let contact_id = link.contact_id.clone();
        // What changes the complaint is never turned away for want of room: each of these comes once.
        let mut events = vec![linked(link)];
        match self.course(link, act) {
            Course::Close => events.extend(self.close(CloseReason::Withdrawn)?),
            Course::LookFirst => events.push(WithdrawalRequested { contact_id }.into()),
            Course::Review => {
                events.push(ReviewRequested { contact_id }.into());
                events.extend(self.given_back());
                self.open_again(REVIEW_REQUESTED, Some(&link.contact_id), link.received_at, &mut events);
            }
            Course::Nothing => self.must_have_room()?,
            Course::Link => return self.link(link),
        }
        Ok(events)
    }

    fn course(&self, link: &Link, act: Act) -> Course {
        if link.standing != PartyStanding::Party || !is_from_a_person(link) {
            return Course::Link;
        }
        match act {
            Act::Withdraw => self.withdrawal(),
            Act::RequestReview if self.complaint.may_be_reviewed() => Course::Review,
            Act::RequestReview | Act::Unspecified => Course::Link,
        }
    }

    fn withdrawal(&self) -> Course {
        let complaint = self.complaint;
        let is_done = matches!(complaint.status, Status::Closed { reason: CloseReason::Withdrawn, .. });
        if is_done || complaint.withdrawal_requested_at.is_some() {
            Course::Nothing
        } else if !complaint.may_be_withdrawn() {
            // It is decided or closed: somebody reads why they wrote.
            Course::Link
        } else if complaint.outlives_withdrawal() {
            Course::LookFirst
        } else {
            Course::Close
        }
    }

    /// Whoever had it has decided it: the team finds somebody.
    fn given_back(&self) -> Option<Event> {
        let (team, _) = (self.complaint.team.clone()?, self.complaint.handler.as_ref()?);
        Some(Assigned { team, handler: None, rule: REVIEW_REQUESTED.to_owned() }.into())
    }
}

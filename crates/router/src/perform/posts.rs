//! Edits and deletions of posts: they go where the first version went, and never make a complaint of their own while it is on
//! record.

use redress_bus::Delivery;
use redress_contract::subject::{self, name};
use redress_contract::{Contact, ContactId};

use super::commit::Outcome;
use super::{Case, RouteError, Router, count};
use crate::plan::posts::{CHANNELS, is_deletion};

impl Router {
    /// Brings a revision to the complaint of what it revises. What is on record and has no complaint yet is waited for.
    pub(super) async fn route_revision(
        &self,
        mut case: Case,
        first: &ContactId,
        delivery: &Delivery,
    ) -> Result<(), RouteError> {
        if self.by_whole(&case.clues, first).await?.is_none() {
            match self.first_version(first).await? {
                Some(original) => {
                    // The platform does not always say who took a post away; whoever wrote it, as far as this knows.
                    case.clues.party = self.case_of(original).clues.party;
                    if self.by_whole(&case.clues, first).await?.is_none() {
                        return Err(RouteError::OnItsWay { contact: first.clone() });
                    }
                }
                None if is_deletion(&case.contact) => {
                    count(&case, Outcome::Gone);
                    return Ok(());
                }
                // An edit of what nobody recorded is the first that is known of it.
                None => {}
            }
        }
        self.settle(case, Some(delivery)).await
    }

    /// The contact that is revised; none when it is not on record, or was erased.
    async fn first_version(&self, id: &ContactId) -> Result<Option<Contact>, RouteError> {
        let vault = self.ledger.vault();
        for channel in CHANNELS {
            let stored = vault.bus().last_at_leader(name::INTAKE, &subject::intake(channel, id)).await?;
            let Some(stored) = stored else { continue };
            let opened = vault.open_contact(&stored.subject, &stored.headers, &stored.body).await;
            return opened.map_err(RouteError::Open);
        }
        Ok(None)
    }
}

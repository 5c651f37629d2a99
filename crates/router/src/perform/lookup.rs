//! Looking up the clues of a contact.

use futures::future::try_join_all;
use redress_contract::subject::{self, name};
use redress_contract::{ComplaintId, ContactId, Medium, Reference};
use redress_identity::token::Token;
use redress_intake::references;

use super::{RouteError, Router};
use crate::plan::{Answers, Clues, Found, party_key};

/// Most complaints with one order number that are looked at.
const SAME_ORDER_MAX: usize = 10;

impl Router {
    /// Everything but the root, whose claim is a write. What a stronger answer makes needless is not asked.
    pub(super) async fn look_up(&self, clues: &Clues) -> Result<Answers, RouteError> {
        let mut answers = Answers { token: self.by_token(clues).await?, ..Answers::default() };
        if answers.token.is_some() {
            return Ok(answers);
        }
        if let Some(whole) = &clues.belongs_with {
            answers.whole = self.by_whole(clues, whole).await?;
        }
        answers.ancestor = self.by_ancestors(clues).await?;
        answers.references = self.by_references(clues).await?;
        answers.orders = self.by_orders(clues).await?;
        if let Some(first) = &clues.same_sender_as
            && !answers.whole.iter().chain(&answers.references).any(|found| found.has_party)
        {
            // They were shown their complaint before they wrote this.
            return Err(RouteError::Behind { complaint: self.ledger.vault().keys().complaint_id(first) });
        }
        Ok(answers)
    }

    /// What a claimed complaint is like now, opened or not.
    pub(super) async fn found(&self, clues: &Clues, id: &ComplaintId) -> Result<Found, RouteError> {
        let loaded = self.ledger.load(id).await?;
        Ok(match loaded {
            Some(loaded) => Found::of(clues, &loaded.complaint),
            None => Found::unopened(id),
        })
    }

    /// A complaint that must be there, since we told somebody of it; a replica that does not know it is behind.
    async fn known(&self, clues: &Clues, id: &ComplaintId) -> Result<Option<Found>, RouteError> {
        if let Some(loaded) = self.ledger.load(id).await? {
            return Ok(Some(Found::of(clues, &loaded.complaint)));
        }
        let bus = self.ledger.vault().bus();
        let Some(stored) = bus.last_at_leader(name::COMPLAINTS, &subject::complaint(id)).await? else {
            return Ok(None);
        };
        match self.ledger.open(stored.seq, &stored.body)? {
            (_, Some(complaint)) => Ok(Some(Found::of(clues, &complaint))),
            (_, None) => Err(RouteError::Behind { complaint: id.clone() }),
        }
    }

    async fn by_token(&self, clues: &Clues) -> Result<Option<Found>, RouteError> {
        for token in &clues.tokens {
            let complaint = match token {
                // A bounce is about a communication: only what names one says whose.
                Token::Complaint(_) if clues.bounce.is_some() => None,
                Token::Complaint(complaint) | Token::Message(_, complaint) => Some(complaint.clone()),
                Token::Bounce(communication) => {
                    let read = self.ledger.vault().communication(Medium::Email, communication).await;
                    read.map_err(RouteError::Communication)?.map(|communication| communication.complaint_id)
                }
            };
            if let Some(complaint) = complaint
                && let Some(found) = self.known(clues, &complaint).await?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The complaint that holds the contact this one is a part of: the one it opened, or the one its key names.
    pub(super) async fn by_whole(
        &self,
        clues: &Clues,
        whole: &ContactId,
    ) -> Result<Option<Found>, RouteError> {
        let opened = self.ledger.vault().keys().complaint_id(whole);
        if let Some(loaded) = self.ledger.load(&opened).await?
            && loaded.complaint.contact(whole).is_some()
        {
            return Ok(Some(Found::of(clues, &loaded.complaint)));
        }
        if clues.party.is_empty() {
            return Ok(None);
        }
        let key = party_key(&clues.party, whole);
        match self.correlation().get(&key).await? {
            Some((value, _)) => self.named_by(clues, &value).await,
            None => Ok(None),
        }
    }

    async fn by_ancestors(&self, clues: &Clues) -> Result<Option<Found>, RouteError> {
        let bucket = self.correlation();
        let values = try_join_all(clues.ancestors.iter().map(|key| bucket.get(key))).await?;
        for (key, value) in clues.ancestors.iter().zip(values) {
            if let Some((value, _)) = value {
                let claim = super::claims::read(key, &value)?;
                return Ok(Some(self.found(clues, &claim.complaint).await?));
            }
        }
        Ok(None)
    }

    async fn by_references(&self, clues: &Clues) -> Result<Vec<Found>, RouteError> {
        let found =
            try_join_all(clues.references.iter().map(|reference| self.by_reference(clues, reference)))
                .await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn by_reference(&self, clues: &Clues, reference: &Reference) -> Result<Option<Found>, RouteError> {
        let vault = self.ledger.vault();
        let Some(claim) = references::look_up(vault, reference).await? else {
            return Ok(None);
        };
        let complaint = claim.complaint_id.unwrap_or_else(|| vault.keys().complaint_id(&claim.contact_id));
        Ok(self.ledger.load(&complaint).await?.map(|loaded| Found::of(clues, &loaded.complaint)))
    }

    async fn by_orders(&self, clues: &Clues) -> Result<Vec<Found>, RouteError> {
        let mut found = Vec::new();
        for key in &clues.orders {
            // More than the broker answers at once is no evidence any more (and would be work without bound).
            let entries = self.correlation().few_entries(key).await?.unwrap_or_default();
            for (_, value) in entries.iter().rev().take(SAME_ORDER_MAX) {
                found.extend(self.named_by(clues, value).await?);
            }
        }
        Ok(found)
    }

    /// The complaint whose id is the value of a key; none when it was never opened.
    async fn named_by(&self, clues: &Clues, value: &[u8]) -> Result<Option<Found>, RouteError> {
        let Some(id) = std::str::from_utf8(value).ok().and_then(|id| ComplaintId::new(id).ok()) else {
            return Ok(None);
        };
        Ok(self.ledger.load(&id).await?.map(|loaded| Found::of(clues, &loaded.complaint)))
    }
}

//! The router's choreography over the model: the same questions and the same writes, in the same order, around the
//! pure functions of `redress_router::plan`.

use std::rc::Rc;

use bytes::Bytes;
use redress_contract::{Actor, ComplaintId, Contact, Reference};
use redress_domain::Refusal;
use redress_identity::token::Token;
use redress_router::plan::{
    self, Answers, Barred, Belonging, CONTINUATIONS_MAX, Claim, Claimed, Clues, Entry, Found, Kept, Step,
    bears_anothers_id, decide_belonging, kept, party_key,
};

use crate::defect::Defect;
use crate::service::{Again, Failed, Service};

/// Brings one contact to its complaint.
pub(crate) async fn route(service: Service, contact: Rc<Contact>, attempt: u32) -> Result<(), Again> {
    let clues = plan::clues(&contact, &service.house.keys, &service.house.router);
    let case = Case { service, contact, clues };
    let perhaps_there = attempt > 1 || case.clues.call_for_lookups();
    if perhaps_there && case.holds().await {
        return case.keep_keys(&case.clues.own_complaint).await;
    }
    if case.service.has(Defect::AckBeforeWork) && attempt == 1 {
        case.service.world().story.spare(&case.contact.id);
    }
    let (belonging, reference) = case.belonging().await?;
    let complaint = case.commit(&belonging, reference).await?;
    case.keep_keys(&complaint).await
}

struct Case {
    service: Service,
    contact: Rc<Contact>,
    clues: Clues,
}

enum Tried {
    Done,
    Barred(Barred),
}

impl Case {
    async fn load(&self, complaint: &ComplaintId) -> Option<Found> {
        let loaded = self.service.read(|world| world.anyone(complaint)).await?;
        Some(Found::of(&self.clues, &loaded.complaint))
    }

    async fn holds(&self) -> bool {
        let loaded = self.service.read(|world| world.anyone(&self.clues.own_complaint)).await;
        loaded.is_some_and(|loaded| loaded.complaint.contact(&self.contact.id).is_some())
    }

    async fn belonging(&self) -> Result<(Belonging, Option<Reference>), Again> {
        let clues = &self.clues;
        let mut answers = Answers::default();
        let mut reference = None;
        if clues.call_for_lookups() {
            answers = self.look_up().await;
            let belonging = decide_belonging(clues, &answers);
            if belonging.is_certain() {
                return Ok((belonging, None));
            }
            answers.root = self.claim_root(belonging.complaint(clues)).await?;
        } else {
            answers.root = self.claim_root(&clues.own_complaint).await?;
            reference = Some(self.reference(&clues.own_complaint).await?);
        }
        if answers.root.as_ref().is_some_and(|claimed| bears_anothers_id(clues, claimed)) {
            let belonging = decide_belonging(clues, &answers);
            let key = clues.root.as_ref().map(|root| root.text_key.clone());
            answers.text_root = self.claim(key, belonging.complaint(clues)).await?;
        }
        Ok((decide_belonging(clues, &answers), reference))
    }

    async fn look_up(&self) -> Answers {
        let mut answers = Answers { token: self.by_token().await, ..Answers::default() };
        if answers.token.is_some() {
            return answers;
        }
        if let Some(whole) = &self.clues.belongs_with {
            let opened = self.service.house.keys.complaint_id(whole);
            let loaded = self.service.read(|world| world.anyone(&opened)).await;
            let holds = loaded.filter(|loaded| loaded.complaint.contact(whole).is_some());
            answers.whole = match holds {
                Some(loaded) => Some(Found::of(&self.clues, &loaded.complaint)),
                None if self.clues.party.is_empty() => None,
                None => self.named_by(&party_key(&self.clues.party, whole)).await,
            };
        }
        for key in &self.clues.ancestors {
            if let Some(claim) =
                self.service.read(|world| world.key(key)).await.and_then(|value| Claim::read(&value))
            {
                answers.ancestor = Some(self.found(&claim.complaint).await);
                break;
            }
        }
        for reference in &self.clues.references {
            let claim = self.service.read(|world| world.references.get(reference).cloned()).await;
            let Some((contact, complaint)) = claim else { continue };
            let complaint = complaint.unwrap_or_else(|| self.service.house.keys.complaint_id(&contact));
            answers.references.extend(self.load(&complaint).await);
        }
        for order in &self.clues.orders {
            let prefix = format!("{order}.");
            let keys: Vec<String> = self
                .service
                .read(|world| {
                    world.correlation.keys().filter(|key| key.starts_with(&prefix)).cloned().collect()
                })
                .await;
            for key in keys.iter().rev().take(10) {
                answers.orders.extend(self.named_by(key).await);
            }
        }
        answers
    }

    async fn named_by(&self, key: &str) -> Option<Found> {
        let value = self.service.read(|world| world.key(key)).await?;
        let id = ComplaintId::new(String::from_utf8(value.to_vec()).ok()?).ok()?;
        self.load(&id).await
    }

    async fn by_token(&self) -> Option<Found> {
        for token in &self.clues.tokens {
            let complaint = match token {
                Token::Complaint(_) if self.clues.bounce.is_some() => None,
                Token::Complaint(complaint) | Token::Message(_, complaint) => Some(complaint.clone()),
                Token::Bounce(communication) => {
                    let mail = self.service.read(|world| world.outbox.get(communication).cloned()).await;
                    mail.map(|mail| mail.message.complaint_id.clone())
                }
            };
            let Some(complaint) = complaint else { continue };
            if let Some(found) = self.load(&complaint).await {
                return Some(found);
            }
            if let Some(loaded) = self.service.read(|world| world.newest(&complaint)).await {
                return Some(Found::of(&self.clues, &loaded.complaint));
            }
        }
        None
    }

    async fn found(&self, complaint: &ComplaintId) -> Found {
        self.load(complaint).await.unwrap_or_else(|| Found::unopened(complaint))
    }

    async fn claim_root(&self, complaint: &ComplaintId) -> Result<Option<Claimed>, Again> {
        let key = self.clues.root.as_ref().map(|root| root.key.clone());
        self.claim(key, complaint).await
    }

    async fn claim(&self, key: Option<String>, complaint: &ComplaintId) -> Result<Option<Claimed>, Again> {
        let Some(key) = key.filter(|_| !self.service.has(Defect::NoClaim)) else { return Ok(None) };
        let value = Claim::of(&self.clues, complaint).bytes();
        let Some(there) = self.service.effect(|world| world.create(&key, value)).await? else {
            return Ok(None);
        };
        let Some(claim) = Claim::read(&there) else { return Err(Again::Soon) };
        let found = self.found(&claim.complaint).await;
        Ok(Some(Claimed { contact: claim.contact, text: claim.text, found }))
    }

    async fn reference(&self, complaint: &ComplaintId) -> Result<Reference, Again> {
        if let Some(promised) = &self.contact.reference {
            return Ok(promised.clone());
        }
        let (contact, keys) = (&self.contact.id, &self.service.house.keys);
        let claim = |world: &mut crate::world::World| {
            let mut candidates = (0..32).map(|n| keys.reference(contact, n));
            let free = candidates.find(|reference| {
                world.references.get(reference).is_none_or(|(holder, _)| holder == contact)
            })?;
            world
                .references
                .entry(free.clone())
                .or_insert_with(|| (contact.clone(), Some(complaint.clone())));
            Some(free)
        };
        self.service.effect(claim).await?.ok_or(Again::Soon)
    }

    async fn settle(&self, reference: &Reference, complaint: &ComplaintId) -> Result<(), Again> {
        let settle = |world: &mut crate::world::World| {
            if let Some((_, settled)) = world.references.get_mut(reference) {
                *settled = Some(complaint.clone());
            }
        };
        self.service.effect(settle).await
    }

    async fn commit(
        &self,
        belonging: &Belonging,
        mut reference: Option<Reference>,
    ) -> Result<ComplaintId, Again> {
        let mut entry = Entry::of(&self.contact, &self.clues, belonging, &self.service.house.keys);
        for _ in 0..2 * CONTINUATIONS_MAX {
            let (complaint, tried) = match entry.step.clone() {
                Step::Open(complaint) => {
                    let tried = self.register(&entry, &complaint, reference.take()).await?;
                    (complaint, tried)
                }
                Step::Link(complaint) => {
                    let tried = self.execute(&complaint, entry.linking(&self.clues)).await?;
                    (complaint, tried)
                }
            };
            match tried {
                Tried::Done => return Ok(complaint),
                Tried::Barred(barred) => {
                    let name =
                        |full: &ComplaintId| self.service.house.keys.name("continuation", &[full.as_str()]);
                    entry.after(barred, |full| name(full).parse().expect("derived names are ids"));
                }
            }
        }
        self.service.world().wrong("every continuation is full");
        Err(Again::Soon)
    }

    async fn register(
        &self,
        entry: &Entry,
        complaint: &ComplaintId,
        reference: Option<Reference>,
    ) -> Result<Tried, Again> {
        let reference = match reference {
            Some(claimed) => claimed,
            None => self.reference(complaint).await?,
        };
        let routed = self.service.house.rules.route(&plan::facts(&self.contact));
        let command = entry.register(&self.contact, complaint, reference.clone(), routed);
        let tried = self.execute(complaint, command).await?;
        if matches!(tried, Tried::Done) && *complaint != self.clues.own_complaint {
            self.settle(&reference, complaint).await?;
        }
        Ok(tried)
    }

    async fn execute(
        &self,
        complaint: &ComplaintId,
        command: redress_domain::Command,
    ) -> Result<Tried, Again> {
        let done = self
            .service
            .execute(complaint, &command, Actor::service("router"), self.contact.id.as_str())
            .await;
        match done {
            Ok(_) => Ok(Tried::Done),
            Err(Failed::Refused(Refusal::AlreadyRegistered)) => Ok(Tried::Barred(Barred::Taken)),
            Err(Failed::Refused(Refusal::TooManyContacts { .. })) => Ok(Tried::Barred(Barred::Full)),
            Err(Failed::Refused(refusal)) => {
                self.service.world().wrong(format!("the router was refused: {refusal}"));
                Ok(Tried::Done)
            }
            Err(Failed::Again(again)) => Err(again),
        }
    }

    async fn keep_keys(&self, complaint: &ComplaintId) -> Result<(), Again> {
        for key in kept(&self.contact, &self.clues) {
            match key {
                Kept::Put(key) => {
                    let value = Bytes::from(complaint.to_string());
                    self.service.effect(|world| world.correlation.insert(key, value)).await?;
                }
                Kept::Claim(key) => {
                    let value = Claim::of(&self.clues, complaint).bytes();
                    self.service.effect(|world| world.create(&key, value)).await?;
                }
            }
        }
        match &self.contact.reference {
            Some(promised) => self.settle(promised, complaint).await,
            None => Ok(()),
        }
    }
}

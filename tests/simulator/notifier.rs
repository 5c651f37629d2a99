//! The notifier's choreography over the model: commits to OUTBOX, OUTBOX to the mail server, and what waits for its turn.

use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use redress_contract::contact::Address;
use redress_contract::{
    Actor, AddressKind, Communication, CommunicationId, ComplaintId, Event, EventId, Medium, Recipient,
    SuppressReason,
};
use redress_domain::command::Fate;
use redress_domain::guard::{Outgoing, Verdict, may_go_out};
use redress_domain::outbox::{Case, Standing, standing};
use redress_domain::{Command, CommunicationFact, Complaint, DeliveryStatus, Refusal};
use redress_notifier::address::{Target, answer_to};
use redress_notifier::plan::{Body, Step, plan};
use redress_notifier::standing::{is_automatic, is_settled, is_waited_for, outgoing};
use redress_notifier::under_way::UnderWay;

use crate::defect::Defect;
use crate::service::{Again, Failed, Service};
use crate::world::{Counted, Logged, Mail, Waiting, World};

/// Younger than this, what came with a first delivery is taken to be how things stand: when planning, and when sending.
const FRESH_TO_PLAN: SignedDuration = SignedDuration::from_secs(60);
/// See above.
const FRESH_TO_SEND: SignedDuration = SignedDuration::from_secs(15);
/// How long the mail server is tried.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(48);
/// Longest time any limit looks back.
const LOOKS_BACK: SignedDuration = SignedDuration::from_hours(24);

/// One process of the notifier; its memory goes with it.
#[derive(Debug, Clone)]
pub(crate) struct Notifier {
    pub(crate) service: Service,
    pub(crate) under_way: Rc<UnderWay>,
}

/// In which commit, and how the complaint stands.
struct Occasion {
    complaint: Complaint,
    at: Timestamp,
}

/// What the mail server says.
enum Answer {
    Taken,
    Never,
    NotNow,
}

impl Notifier {
    /// Handles a commit.
    pub(crate) async fn on_commit(self, logged: Rc<Logged>, attempt: u32) -> Result<(), Again> {
        let commit = &logged.commit;
        let age = self.service.now().duration_since(commit.recorded_at);
        let complaint = if attempt <= 1 && age <= FRESH_TO_PLAN {
            logged.loaded.complaint.clone()
        } else {
            self.load(&commit.complaint_id).await?
        };
        let steps = plan(commit, &complaint);
        let occasion = Occasion { complaint, at: commit.recorded_at };
        for step in &steps {
            if step.recipient == Recipient::Complainant {
                self.to_complainant(&occasion, step).await?;
            } else {
                self.to_staff(&occasion, step).await?;
            }
        }
        for recorded in &commit.events {
            if let Event::CommunicationBounced(bounced) = &recorded.event
                && bounced.permanent
            {
                self.lose_others(&bounced.communication_id).await?;
            }
        }
        Ok(())
    }

    async fn load(&self, id: &ComplaintId) -> Result<Complaint, Again> {
        let loaded = self.service.read(|world| world.newest(id)).await;
        loaded.map(|loaded| loaded.complaint).ok_or(Again::Soon)
    }

    fn id(&self, step: &Step) -> CommunicationId {
        if self.service.has(Defect::FreshIds) {
            let fresh = self.service.world().dice.next().to_string();
            return self.service.house.keys.communication_id(&step.event_id, &fresh, step.recipient);
        }
        step.id(&self.service.house.keys)
    }

    async fn target(&self, complaint: &Complaint, step: &Step) -> Option<Target> {
        let id = step.contact_id.as_ref().unwrap_or(&complaint.contact_id);
        let contact =
            self.service.read(|world| world.intake.iter().find(|contact| contact.id == *id).cloned()).await;
        contact.as_ref().and_then(|contact| answer_to(contact))
    }

    async fn to_complainant(&self, occasion: &Occasion, step: &Step) -> Result<(), Again> {
        let id = self.id(step);
        if is_settled(&occasion.complaint, &id) {
            return Ok(());
        }
        let target = self.target(&occasion.complaint, step).await;
        match (self.ask(occasion, step, &id, target.as_ref()).await?, target) {
            (Verdict::Suppress(reason), _) => self.note(occasion, step, &id, Fate::Suppressed(reason)).await,
            (Verdict::NotBefore(not_before), Some(target)) => {
                self.keep_waiting(occasion, step, (id, &target), not_before).await
            }
            (Verdict::Go, Some(target)) => {
                let new = self.put(occasion, step, (id.clone(), &target), Vec::new()).await?;
                if step.released && !new { self.let_go(&id, &step.event_id).await } else { Ok(()) }
            }
            (_, None) => self.note(occasion, step, &id, Fate::Suppressed(SuppressReason::NoAddress)).await,
        }
    }

    async fn to_staff(&self, occasion: &Occasion, step: &Step) -> Result<(), Again> {
        let id = self.id(step);
        if is_settled(&occasion.complaint, &id) {
            return Ok(());
        }
        let target = Target {
            medium: Medium::Email,
            address: staff(step.recipient),
            authenticated: true,
            typed_in: false,
        };
        match self.ask(occasion, step, &id, Some(&target)).await? {
            Verdict::Suppress(reason) => self.note(occasion, step, &id, Fate::Suppressed(reason)).await,
            Verdict::Go | Verdict::NotBefore(_) => {
                self.put(occasion, step, (id, &target), Vec::new()).await.map(drop)
            }
        }
    }

    async fn ask(
        &self,
        occasion: &Occasion,
        step: &Step,
        id: &CommunicationId,
        target: Option<&Target>,
    ) -> Result<Verdict, Again> {
        let house = &self.service.house;
        let now = self.service.now();
        let mut outgoing = outgoing(&occasion.complaint, step, target);
        outgoing.to_own_address = target.is_some_and(|target| is_own(&target.address.value));
        if self.service.has(Defect::AnswersMachines) {
            outgoing.machine = redress_contract::MachineKind::Unspecified;
        }
        let ask = |recently: Vec<Timestamp>| {
            may_go_out(&Outgoing { recently, ..outgoing.clone() }, &house.limits, now)
        };
        let Some(target) = target.filter(|_| is_automatic(step.body.purpose())) else {
            return Ok(ask(Vec::new()));
        };
        let verdict = ask(Vec::new());
        if verdict != Verdict::Go {
            return Ok(verdict);
        }
        let party = house.keys.party(&target.address, None);
        let unlimited = self.service.has(Defect::Unlimited);
        let claim = |world: &mut World| {
            let counted = world.counted.entry(party).or_default();
            if counted.iter().any(|other| other.id == *id) {
                return Verdict::Go;
            }
            let lately = counted.iter().filter(|other| now.duration_since(other.at) < LOOKS_BACK);
            let verdict = ask(lately.map(|other| other.at).collect());
            if verdict == Verdict::Go || unlimited {
                counted.push(Counted { id: id.clone(), at: now, authenticated: target.authenticated });
                return Verdict::Go;
            }
            verdict
        };
        self.service.effect(claim).await
    }

    async fn keep_waiting(
        &self,
        occasion: &Occasion,
        step: &Step,
        (id, target): (CommunicationId, &Target),
        not_before: Timestamp,
    ) -> Result<(), Again> {
        let waiting = Waiting {
            id: id.clone(),
            complaint: occasion.complaint.id.clone(),
            event: step.event_id.clone(),
            party: self.service.house.keys.party(&target.address, None),
            since: occasion.at,
            released: step.released,
            not_before,
        };
        let key = waiting_key(&waiting);
        self.service.effect(|world| drop(world.waiting.entry(key).or_insert(waiting).id.clone())).await?;
        self.note(occasion, step, &id, Fate::Queued("rate_limited".to_owned())).await
    }

    async fn put(
        &self,
        occasion: &Occasion,
        step: &Step,
        (id, target): (CommunicationId, &Target),
        with: Vec<(ComplaintId, CommunicationId)>,
    ) -> Result<bool, Again> {
        let message = Communication {
            id,
            complaint_id: occasion.complaint.id.clone(),
            event_id: step.event_id.clone(),
            contact_id: step.contact_id.clone(),
            purpose: step.body.purpose(),
            recipient: step.recipient,
            medium: Medium::Email,
            to: target.address.clone(),
            rendered_at: occasion.at,
            recipient_authenticated: target.authenticated,
            ..Communication::default()
        };
        self.service.effect(|world| world.put(Mail { message, with })).await
    }

    async fn note(
        &self,
        occasion: &Occasion,
        step: &Step,
        id: &CommunicationId,
        fate: Fate,
    ) -> Result<(), Again> {
        let fact = CommunicationFact {
            communication_id: id.clone(),
            purpose: step.body.purpose(),
            recipient: step.recipient,
            medium: Medium::Email,
            contact_id: step.contact_id.clone(),
            fate,
        };
        self.execute(&occasion.complaint.id, fact, &step.event_id).await
    }

    async fn execute(
        &self,
        complaint: &ComplaintId,
        fact: CommunicationFact,
        cause: &EventId,
    ) -> Result<(), Again> {
        let command = Command::NoteCommunication(fact);
        match self.service.execute(complaint, &command, Actor::service("notifier"), cause.as_str()).await {
            Ok(_) => Ok(()),
            Err(Failed::Refused(Refusal::NoSuchComplaint)) => Err(Again::Soon),
            Err(Failed::Refused(refusal)) => {
                self.service.world().wrong(format!("the notifier was refused: {refusal}"));
                Ok(())
            }
            Err(Failed::Again(again)) => Err(again),
        }
    }

    /// Hands on a message that lay in OUTBOX, kept back, when a person released it.
    async fn let_go(&self, id: &CommunicationId, released: &EventId) -> Result<(), Again> {
        let mail = self.service.read(|world| world.outbox.get(id).cloned()).await;
        match mail.filter(|mail| mail.message.event_id != *released) {
            Some(mail) => self.clone().on_outbox(mail, 2).await,
            None => Ok(()),
        }
    }

    /// Handles a message in OUTBOX.
    pub(crate) async fn on_outbox(self, mail: Rc<Mail>, attempt: u32) -> Result<(), Again> {
        let message = &mail.message;
        let Some(sending) = self.under_way.begin(&message.id) else { return Err(Again::Soon) };
        if sending.is_done() {
            return Ok(());
        }
        if let Some(at) = sending.taken_at() {
            self.note_fate(&mail, &accepted(at)).await?;
            sending.noted();
            return Ok(());
        }
        let age = self.service.now().duration_since(message.rendered_at);
        let queued = if attempt <= 1 && age <= FRESH_TO_SEND {
            None
        } else {
            let complaint = self.load(&message.complaint_id).await?;
            let case = Case { gathers: !mail.with.is_empty(), ..Case::default() };
            match standing(message, &complaint, case) {
                Standing::Wanted { queued } => queued,
                Standing::Settled => return self.settle_others(&mail, &complaint).await,
                Standing::Unwanted(reason) => return self.note_fate(&mail, &Fate::Suppressed(reason)).await,
            }
        };
        match self.service.effect(|world| send(world, message)).await {
            Ok(Answer::Taken) => {
                let at = self.service.now();
                sending.taken(at);
                self.note_fate(&mail, &accepted(at)).await?;
                sending.noted();
                Ok(())
            }
            Ok(Answer::Never) => self.note_fate(&mail, &Fate::Failed("5.1.1".to_owned())).await,
            Ok(Answer::NotNow) | Err(_) => self.not_taken(&mail, queued).await,
        }
    }

    async fn not_taken(&self, mail: &Mail, queued: Option<Timestamp>) -> Result<(), Again> {
        let message = &mail.message;
        let tried_for = queued.map_or(SignedDuration::ZERO, |since| {
            self.service.now().duration_since(since.max(message.rendered_at))
        });
        if tried_for > GIVE_UP_AFTER {
            return self.note_fate(mail, &Fate::Failed("given up".to_owned())).await;
        }
        if queued.is_none() {
            let fate = Fate::Queued("4.0.0".to_owned());
            self.note_one(message, (&message.complaint_id, &message.id), &fate).await?;
        }
        Err(Again::After(SignedDuration::from_mins(10)))
    }

    async fn note_fate(&self, mail: &Mail, fate: &Fate) -> Result<(), Again> {
        let message = &mail.message;
        self.note_one(message, (&message.complaint_id, &message.id), fate).await?;
        for (complaint, id) in &mail.with {
            self.note_one(message, (complaint, id), fate).await?;
        }
        Ok(())
    }

    async fn settle_others(&self, mail: &Mail, complaint: &Complaint) -> Result<(), Again> {
        let fate = match complaint.delivery(&mail.message.id).map(|delivery| (&delivery.status, delivery.at))
        {
            Some((DeliveryStatus::Accepted | DeliveryStatus::Bounced, at)) => accepted(at),
            Some((DeliveryStatus::Suppressed(reason), _)) => Fate::Suppressed(*reason),
            _ => Fate::Failed("the message that gathered this one was given up".to_owned()),
        };
        for (complaint, id) in &mail.with {
            self.note_one(&mail.message, (complaint, id), &fate).await?;
        }
        Ok(())
    }

    async fn lose_others(&self, id: &CommunicationId) -> Result<(), Again> {
        let Some(mail) = self.service.read(|world| world.outbox.get(id).cloned()).await else {
            return Ok(());
        };
        for (complaint, id) in &mail.with {
            self.note_one(&mail.message, (complaint, id), &Fate::Failed("bounced".to_owned())).await?;
        }
        Ok(())
    }

    async fn note_one(
        &self,
        message: &Communication,
        (complaint, id): (&ComplaintId, &CommunicationId),
        fate: &Fate,
    ) -> Result<(), Again> {
        let fact = CommunicationFact {
            communication_id: id.clone(),
            purpose: message.purpose,
            recipient: message.recipient,
            medium: message.medium,
            contact_id: message.contact_id.clone().filter(|_| id == &message.id),
            fate: fate.clone(),
        };
        self.execute(complaint, fact, &message.event_id).await
    }

    /// Sends what waits and may go now.
    pub(crate) async fn send_waiting(self) -> Result<(), Again> {
        let mut by_party: BTreeMap<String, Vec<Waiting>> = BTreeMap::new();
        let all: Vec<Waiting> = self.service.read(|world| world.waiting.values().cloned().collect()).await;
        for waiting in all {
            by_party.entry(waiting.party.clone()).or_default().push(waiting);
        }
        let now = self.service.now();
        for mut waiting in by_party.into_values().filter(|all| all.iter().any(|one| one.not_before <= now)) {
            waiting.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
            self.send_gathered(waiting).await?;
        }
        Ok(())
    }

    async fn send_gathered(&self, waiting: Vec<Waiting>) -> Result<(), Again> {
        let mut waiting = waiting.into_iter();
        let Some((lead, complaint)) = self.first_unsettled(&mut waiting).await? else { return Ok(()) };
        let step = Step {
            event_id: lead.event.clone(),
            recipient: Recipient::Complainant,
            contact_id: Some(complaint.contact_id.clone()),
            body: Body::Acknowledgement,
            id: Some(lead.id.clone()),
            released: lead.released,
        };
        let account = complaint.account.clone();
        let occasion = Occasion { complaint, at: self.service.now() };
        let Some(target) = self.target(&occasion.complaint, &step).await else {
            return self.forget(&lead).await;
        };
        match self.ask(&occasion, &step, &lead.id, Some(&target)).await? {
            Verdict::Go => {}
            Verdict::NotBefore(_) => return Ok(()),
            Verdict::Suppress(reason) => {
                self.note(&occasion, &step, &lead.id, Fate::Suppressed(reason)).await?;
                return self.forget(&lead).await;
            }
        }
        let mut gathered = Vec::new();
        for one in waiting {
            let complaint = self.load(&one.complaint).await?;
            if complaint.account == account && is_waited_for(&complaint, &one.id) {
                gathered.push(one);
            }
        }
        let with = gathered.iter().map(|one| (one.complaint.clone(), one.id.clone())).collect();
        if self.put(&occasion, &step, (lead.id.clone(), &target), with).await? {
            for one in &gathered {
                self.forget(one).await?;
            }
            self.forget(&lead).await?;
        }
        Ok(())
    }

    async fn first_unsettled(
        &self,
        waiting: &mut impl Iterator<Item = Waiting>,
    ) -> Result<Option<(Waiting, Complaint)>, Again> {
        for one in waiting {
            let complaint = self.load(&one.complaint).await?;
            if is_waited_for(&complaint, &one.id) {
                return Ok(Some((one, complaint)));
            }
            self.forget(&one).await?;
        }
        Ok(None)
    }

    async fn forget(&self, waiting: &Waiting) -> Result<(), Again> {
        let key = waiting_key(waiting);
        self.service.effect(|world| world.waiting.remove(&key)).await.map(drop)
    }
}

fn waiting_key(waiting: &Waiting) -> String {
    format!("waiting.{}.{}", waiting.party, waiting.id)
}

fn accepted(at: Timestamp) -> Fate {
    Fate::Accepted { at, provides: Vec::new() }
}

fn staff(role: Recipient) -> Address {
    let value = format!("{role}@staff.example.org");
    Address { kind: AddressKind::Email, value, display_name: String::new() }
}

/// True for our own mailboxes.
pub(crate) fn is_own(address: &str) -> bool {
    address.ends_with("@own.example.org")
}

/// The mail server; now and then it says no, or later, or finds out afterwards that nobody is there.
fn send(world: &mut World, message: &Communication) -> Answer {
    if world.troubled {
        match world.dice.below(20) {
            0 => return Answer::Never,
            1 | 2 => return Answer::NotNow,
            _ => {}
        }
    }
    world.sent.push(message.id.clone());
    Answer::Taken
}

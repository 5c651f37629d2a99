//! From steps to OUTBOX: finds the address, asks the guards, renders, and puts the message where it is fixed for good.

use std::collections::HashSet;

use jiff::Timestamp;
use redress_bus::{Delivery, Failure, Headers, KvError};
use redress_contract::{
    Actor, Cause, Channel, CommunicationId, ComplaintId, Contact, ContactId, ContentId, Event, Medium,
    Recipient, Reference, SuppressReason,
};
use redress_domain::command::Fate;
use redress_domain::guard::{Outgoing, Verdict, may_go_out};
use redress_domain::{Command, CommunicationFact, Complaint, Refusal};
use redress_ledger::{ExecuteError, LoadError};
use redress_runtime::fault;
use redress_vault::{OpenError, PutError};

use crate::address::{Target, answer_to};
use crate::deliver::Parcel;
use crate::limits::Waiting;
use crate::mail::BuildError;
use crate::plan::{Body, Step, may_concern, plan};
use crate::render::{Material, RenderError, render};
use crate::run::{FRESH, Notifier, email};
use crate::standing::{is_automatic, is_settled, outgoing};

/// In which commit, and how the complaint stands.
#[derive(Debug)]
pub(crate) struct Occasion {
    /// The complaint.
    pub(crate) complaint: Complaint,
    /// When the commit was written: the date of the messages it calls for.
    pub(crate) at: Timestamp,
    /// W3C trace context.
    pub(crate) traceparent: String,
}

/// A complaint that is not there although a message names it: a replica of the broker may lag.
#[derive(Debug, thiserror::Error)]
#[error("complaint {0} is not there yet")]
struct NotThere(ComplaintId);

impl Notifier {
    /// Handles a commit.
    pub(crate) async fn on_commit(&self, delivery: Delivery) -> Result<(), Failure> {
        if !may_concern(&delivery.body) {
            return Ok(());
        }
        let (commit, state) = self.ledger.open(delivery.stream_seq, &delivery.body).map_err(not_loaded)?;
        let age = self.ledger.clock().now().duration_since(commit.recorded_at);
        let complaint = match state {
            Some(state) if delivery.attempt <= 1 && age <= FRESH => {
                self.ledger.remember(delivery.stream_seq, &delivery.body, &commit, &state);
                state
            }
            _ => self.load(&commit.complaint_id).await?,
        };
        let steps = plan(&commit, &complaint);
        let traceparent = delivery.header("traceparent").unwrap_or_default().to_owned();
        let occasion = Occasion { complaint, at: commit.recorded_at, traceparent };
        let mut told = HashSet::new();
        for step in &steps {
            if step.recipient == Recipient::Complainant {
                self.to_complainant(&occasion, step).await?;
            } else {
                self.to_staff(&occasion, step, &mut told).await?;
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

    /// A complaint as it is now. What it says decides whether a message is dropped, so a copy that is behind must not answer.
    pub(crate) async fn load(&self, id: &ComplaintId) -> Result<Complaint, Failure> {
        let loaded = self.ledger.load_at_leader(id).await.map_err(not_loaded)?;
        loaded.map(|loaded| loaded.complaint).ok_or_else(|| Failure::retry(NotThere(id.clone())))
    }

    async fn to_complainant(&self, occasion: &Occasion, step: &Step) -> Result<(), Failure> {
        let complaint = &occasion.complaint;
        let id = step.id(self.keys());
        if is_settled(complaint, &id) {
            return Ok(());
        }
        let contact_id = step.contact_id.as_ref().unwrap_or(&complaint.contact_id);
        let contact = self.contact(complaint, contact_id).await?;
        let target = contact.as_ref().and_then(answer_to);
        match self.ask(occasion, step, target.as_ref()).await? {
            Verdict::Suppress(reason) => self.suppress(occasion, step, &id, reason).await,
            Verdict::NotBefore(not_before) => {
                let Some(target) = target else { return Ok(()) };
                self.keep_waiting(occasion, step, &target, not_before).await
            }
            Verdict::Go => {
                let Some(target) = target else {
                    return self.suppress(occasion, step, &id, SuppressReason::NoAddress).await;
                };
                let letter = Letter { target: &target, contact: contact.as_ref(), others: &[], with: &[] };
                let new = self.put(occasion, step, &letter).await?;
                // It was rendered before it was kept back: that very message is let go.
                match (step.released && !new, target.medium) {
                    (false, _) => Ok(()),
                    // What lies in OUTBOX for a platform was looked at and left: it is put there once more, by the release.
                    (true, Medium::Social) => {
                        let anew = Step { id: None, ..step.clone() };
                        self.put(occasion, &anew, &letter).await.map(drop)
                    }
                    (true, _) => self.let_go(&id, &step.event_id).await,
                }
            }
        }
    }

    async fn to_staff(
        &self,
        occasion: &Occasion,
        step: &Step,
        told: &mut HashSet<String>,
    ) -> Result<(), Failure> {
        let complaint = &occasion.complaint;
        let id = step.id(self.keys());
        let (team, handler) = (complaint.team.as_ref(), complaint.handler.as_ref());
        let now = self.ledger.clock().now();
        let address = self.config.staff.address(step.recipient, team, handler, now);
        // Roles that share an address are told once, also when only some were told before a crash.
        let is_told =
            address.as_ref().is_some_and(|address| !told.insert(format!("{} {address}", step.event_id)));
        if is_told || is_settled(complaint, &id) {
            return Ok(());
        }
        match self.quiet_until(complaint, now).filter(|_| address.is_some()) {
            Some(until) => self.keep_quiet(occasion, step, until).await,
            None => self.tell_staff(occasion, step, address.as_deref()).await,
        }
    }

    /// A message to this address; noted as suppressed when there is none.
    pub(crate) async fn tell_staff(
        &self,
        occasion: &Occasion,
        step: &Step,
        address: Option<&str>,
    ) -> Result<(), Failure> {
        let complaint = &occasion.complaint;
        let id = step.id(self.keys());
        let Some(address) = address else {
            let team = complaint.team.as_ref();
            if self.is_news(team, step.recipient) {
                tracing::error!(
                    complaint.id = %complaint.id,
                    "No address is set for the role {} nor for the complaints manager: nobody was told",
                    step.recipient
                );
            }
            return self.suppress(occasion, step, &id, SuppressReason::NoAddress).await;
        };
        let target =
            Target { medium: Medium::Email, address: email(address), authenticated: true, typed_in: false };
        match self.ask(occasion, step, Some(&target)).await? {
            Verdict::Suppress(reason) => self.suppress(occasion, step, &id, reason).await,
            // Staff are told at once whatever came before.
            Verdict::Go | Verdict::NotBefore(_) => {
                let letter = Letter { target: &target, contact: None, others: &[], with: &[] };
                self.put(occasion, step, &letter).await.map(drop)
            }
        }
    }

    /// Asks the guards, and counts the message when it is automatic and may go.
    pub(crate) async fn ask(
        &self,
        occasion: &Occasion,
        step: &Step,
        target: Option<&Target>,
    ) -> Result<Verdict, Failure> {
        let now = self.ledger.clock().now();
        let complaint = &occasion.complaint;
        let planned = outgoing(complaint, step, target);
        let outgoing = Outgoing {
            to_own_address: target.is_some_and(|target| self.is_own(&target.address)),
            perhaps_sent: self.restored.perhaps_sent(planned.purpose, planned.received_at, occasion.at),
            ..planned
        };
        let ask = |recently: Vec<Timestamp>| {
            may_go_out(&Outgoing { recently, ..outgoing.clone() }, &self.config.limits, now)
        };
        match target {
            Some(target) if is_automatic(step.body.purpose()) => {
                let party = self.keys().party(&target.address, None);
                self.limits.claim(&party, &step.id(self.keys()), now, ask).await.map_err(limits_failed)
            }
            _ => Ok(ask(Vec::new())),
        }
    }

    /// Keeps a message for later, to be gathered with others, and says so on the complaint.
    async fn keep_waiting(
        &self,
        occasion: &Occasion,
        step: &Step,
        target: &Target,
        not_before: Timestamp,
    ) -> Result<(), Failure> {
        let waiting = Waiting {
            id: step.id(self.keys()),
            complaint: occasion.complaint.id.clone(),
            event: step.event_id.clone(),
            party: self.keys().party(&target.address, None),
            since: occasion.at,
            released: step.released,
            not_before,
        };
        self.limits.keep_waiting(&waiting).await.map_err(limits_failed)?;
        fault::point("notifier::waiting");
        self.note(occasion, step, &waiting.id, Fate::Queued("rate_limited".to_owned())).await
    }

    /// Notes that a message does not go out.
    pub(crate) async fn suppress(
        &self,
        occasion: &Occasion,
        step: &Step,
        id: &CommunicationId,
        reason: SuppressReason,
    ) -> Result<(), Failure> {
        metrics::counter!("redress_notifier_suppressed_total", "reason" => reason.token()).increment(1);
        self.note(occasion, step, id, Fate::Suppressed(reason)).await
    }

    pub(crate) async fn note(
        &self,
        occasion: &Occasion,
        step: &Step,
        id: &CommunicationId,
        fate: Fate,
    ) -> Result<(), Failure> {
        let fact = CommunicationFact {
            communication_id: id.clone(),
            purpose: step.body.purpose(),
            recipient: step.recipient,
            medium: medium_of(&occasion.complaint, step),
            contact_id: step.contact_id.clone(),
            fate,
        };
        let cause =
            Cause { causation_id: step.event_id.to_string(), traceparent: occasion.traceparent.clone() };
        self.execute(&occasion.complaint.id, fact, cause).await
    }

    /// Notes what became of a communication.
    pub(crate) async fn execute(
        &self,
        complaint: &ComplaintId,
        fact: CommunicationFact,
        cause: Cause,
    ) -> Result<(), Failure> {
        let command = Command::NoteCommunication(fact);
        self.ledger
            .execute(complaint, &command, Actor::service("notifier"), cause)
            .await
            .map_err(not_executed)?;
        Ok(())
    }

    /// Renders a message and puts it into OUTBOX; false when one with its id lay there already.
    pub(crate) async fn put(
        &self,
        occasion: &Occasion,
        step: &Step,
        letter: &Letter<'_>,
    ) -> Result<bool, Failure> {
        let reasons = self.reasons(occasion, step).await?;
        let material = Material {
            step,
            complaint: &occasion.complaint,
            contact: letter.contact,
            to: &letter.target.address,
            medium: letter.target.medium,
            authenticated: letter.target.authenticated,
            reasons: &reasons,
            others: letter.others,
            at: occasion.at,
        };
        let communication = match render(&material, &self.config, self.keys()) {
            Ok(communication) => communication,
            Err(RenderError::Build(BuildError::Address("recipient"))) => {
                let id = step.id(self.keys());
                return self.suppress(occasion, step, &id, SuppressReason::NoAddress).await.map(|()| true);
            }
            Err(problem @ RenderError::Text(_)) => return Err(Failure::retry(problem)),
            Err(problem) => return Err(Failure::reject(problem)),
        };
        let parcel = Parcel::new(letter.with, &occasion.traceparent);
        fault::point("notifier::counted");
        let put =
            self.ledger.vault().put_communication(&communication, parcel.headers()).await.map_err(not_put)?;
        fault::point("notifier::put");
        Ok(put.new)
    }

    /// The contact with everything the person wrote; none when it was erased.
    pub(crate) async fn contact(
        &self,
        complaint: &Complaint,
        id: &ContactId,
    ) -> Result<Option<Contact>, Failure> {
        let channel: Channel = complaint.contact(id).map_or(complaint.channel, |contact| contact.channel);
        self.ledger.vault().contact(channel, id).await.map_err(not_opened)
    }

    /// The words of a decision's reasons, or why it takes longer; empty for other messages.
    async fn reasons(&self, occasion: &Occasion, step: &Step) -> Result<String, Failure> {
        let complaint = &occasion.complaint.id;
        let content_id = match &step.body {
            Body::FinalResponse { reasons: None } => self.decided(complaint).await?,
            Body::FinalResponse { reasons } => reasons.clone(),
            Body::HoldingResponse { words, .. } => Some(words.clone()),
            _ => None,
        };
        let Some(content_id) = content_id else { return Ok(String::new()) };
        let content = self.ledger.vault().content(complaint, &content_id).await.map_err(not_opened)?;
        Ok(content.map(|content| content.text).unwrap_or_default())
    }

    /// Where the reasons of the last decision lie.
    async fn decided(&self, complaint: &ComplaintId) -> Result<Option<ContentId>, Failure> {
        let history = self.ledger.history(complaint).await.map_err(not_loaded)?;
        let events = history.iter().rev().flat_map(|entry| entry.commit.events.iter().rev());
        let mut decisions = events.filter_map(|recorded| match &recorded.event {
            Event::Decided(decided) => Some(decided.reasons_content_id.clone()),
            _ => None,
        });
        Ok(decisions.next())
    }
}

/// By what a step's message travels, as far as its complaint says.
fn medium_of(complaint: &Complaint, step: &Step) -> Medium {
    let answered =
        step.contact_id.as_ref().map(|id| complaint.contact(id).map_or(complaint.channel, |it| it.channel));
    match answered {
        Some(Channel::SocialPublic | Channel::SocialDm) => Medium::Social,
        _ => Medium::Email,
    }
}

/// A message to one address.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    /// To whom.
    pub(crate) target: &'a Target,
    /// What it answers.
    pub(crate) contact: Option<&'a Contact>,
    /// References it acknowledges as well.
    pub(crate) others: &'a [Reference],
    /// The messages that are thereby sent as well.
    pub(crate) with: &'a [(ComplaintId, CommunicationId)],
}

/// The reason of a failure.
pub(crate) fn reason(failure: &Failure) -> &str {
    match failure {
        Failure::Retry { reason, .. } | Failure::Blocked { reason } | Failure::Reject { reason } => reason,
    }
}

pub(crate) fn limits_failed(error: KvError) -> Failure {
    Failure::retry(error)
}

pub(crate) fn not_loaded(error: LoadError) -> Failure {
    match error {
        LoadError::Read(_) => Failure::retry(error),
        LoadError::Broken { .. } => Failure::reject(error),
    }
}

pub(crate) fn not_opened(error: OpenError) -> Failure {
    error.into_failure()
}

fn not_put(error: PutError) -> Failure {
    match error {
        PutError::Publish(_)
        | PutError::Key(_)
        | PutError::KeyTaken
        | PutError::TooLate
        | PutError::Read(_) => Failure::retry(error),
        PutError::NoPublicKey => Failure::blocked(error),
        PutError::TooLarge { .. } => Failure::reject(error),
    }
}

fn not_executed(error: ExecuteError) -> Failure {
    match error {
        ExecuteError::Refused(Refusal::NoSuchComplaint) | ExecuteError::Append { .. } => {
            Failure::retry(error)
        }
        ExecuteError::Refused(_) => Failure::reject(error),
        ExecuteError::Load(load) => not_loaded(load),
    }
}

/// Headers of an OUTBOX message.
pub(crate) fn header(headers: &mut Headers, name: &str, value: &str) {
    if !value.is_empty() {
        headers.push((name.to_owned(), value.to_owned()));
    }
}

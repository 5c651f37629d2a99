//! From OUTBOX to the next hop: asks once more whether the message is still true, hands it on, notes what became of it.

use jiff::{SignedDuration, Timestamp};
use redress_bus::{Delivery, Failure, Headers};
use redress_contract::communication::{GATHERS, gathered};
use redress_contract::subject::{self, name};
use redress_contract::{
    Cause, Communication, CommunicationId, ComplaintId, EventId, Medium, Recipient, SuppressReason,
};
use redress_domain::command::Fate;
use redress_domain::{CommunicationFact, DeliveryStatus};
use redress_runtime::fault;
use tracing::debug;

use crate::config::Mode;
use crate::perform::{header, not_opened};
use crate::run::Notifier;
use crate::transport::{self, SendError};
use redress_domain::outbox::{Case, Standing, standing};

/// What travels with a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parcel {
    /// Messages about other complaints that this one gathers.
    with: Vec<(ComplaintId, CommunicationId)>,
    traceparent: String,
    /// True for the first delivery of a message that was rendered just now: nothing can have changed.
    first: bool,
}

/// Why a message is not handed on.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    #[error("the message is being sent already")]
    UnderWay,
    #[error("too many messages go out in these minutes")]
    Crowded,
    #[error("send the message: {0}")]
    Failed(SendError),
}

impl Parcel {
    pub(crate) fn new(with: &[(ComplaintId, CommunicationId)], traceparent: &str) -> Self {
        Self { with: with.to_vec(), traceparent: traceparent.to_owned(), first: false }
    }

    /// As headers of an OUTBOX message.
    pub(crate) fn headers(&self) -> Headers {
        let with: Vec<String> = self.with.iter().map(|(complaint, id)| format!("{complaint}/{id}")).collect();
        let mut headers = Headers::new();
        header(&mut headers, GATHERS, &with.join(" "));
        header(&mut headers, "traceparent", &self.traceparent);
        headers
    }

    fn of(delivery: &Delivery) -> Self {
        Self {
            with: gathered(delivery.header(GATHERS)),
            traceparent: delivery.header("traceparent").unwrap_or_default().to_owned(),
            first: false,
        }
    }
}

impl Notifier {
    /// Handles a message in OUTBOX.
    pub(crate) async fn on_outbox(&self, delivery: Delivery) -> Result<(), Failure> {
        let vault = self.ledger.vault();
        let opened = vault.open_communication(&delivery.subject, &delivery.headers, &delivery.body).await;
        let Some(communication) = opened.map_err(not_opened)? else {
            // Erased: what is left is a tombstone.
            return Ok(());
        };
        let age = self.ledger.clock().now().duration_since(communication.rendered_at);
        let known = self.restored.was_before(communication.rendered_at);
        let first = delivery.attempt <= 1 && age <= self.fresh && !known;
        self.deliver(&communication, &Parcel { first, ..Parcel::of(&delivery) }).await
    }

    /// Hands a message on, once, and notes what became of it.
    pub(crate) async fn deliver(&self, message: &Communication, parcel: &Parcel) -> Result<(), Failure> {
        let Some(sending) = self.under_way.begin(&message.id) else {
            return Err(Failure::retry_after(NotSent::UnderWay, std::time::Duration::from_secs(5)));
        };
        if sending.is_done() {
            return Ok(());
        }
        if let Some(at) = sending.taken_at() {
            self.note_fate(message, parcel, &accepted(message, at)).await?;
            sending.noted();
            return Ok(());
        }
        let queued = match self.look_again(message, parcel).await? {
            Standing::Wanted { queued } => queued,
            Standing::Settled => return self.settle_others(message, parcel).await,
            Standing::Unwanted(reason) => {
                metrics::counter!("redress_notifier_suppressed_total", "reason" => reason.token())
                    .increment(1);
                return self.note_fate(message, parcel, &Fate::Suppressed(reason)).await;
            }
        };
        let clock = self.ledger.clock();
        let place = self.breaker.place(clock.now());
        clock.reaches(place.map_err(|wait| Failure::retry_after(NotSent::Crowded, wait))?).await;
        match self.transport.send(self.envelope(message)).await {
            Ok(()) => {
                fault::point("notifier::sent");
                let at = clock.now();
                sending.taken(at);
                self.part.ready();
                self.note_fate(message, parcel, &accepted(message, at)).await?;
                sending.noted();
                count(message, "accepted");
                Ok(())
            }
            Err(error) => self.not_taken(message, parcel, error, queued).await,
        }
    }

    /// To whom it really goes: with mode `redirect`, to one address whoever it is for.
    fn envelope<'a>(&'a self, message: &'a Communication) -> transport::Parcel<'a> {
        let to = match &self.config.mode {
            Mode::Redirect(to) => to.as_str(),
            Mode::Live | Mode::Hold => message.to.value.as_str(),
        };
        transport::Parcel { id: &message.id, from: &message.envelope_from, to, message: &message.message }
    }

    async fn not_taken(
        &self,
        message: &Communication,
        parcel: &Parcel,
        error: SendError,
        queued: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let why = match &error {
            SendError::Never(status) => {
                count(message, "failed");
                return self.note_fate(message, parcel, &Fate::Failed(status.clone())).await;
            }
            SendError::Unreachable(why) => {
                self.part.failing(why.clone());
                why
            }
            SendError::NotNow(why) => why,
        };
        let now = self.ledger.clock().now();
        // What waited for its turn was noted as waiting before it was rendered, and not tried before that.
        let tried_for =
            queued.map_or(SignedDuration::ZERO, |since| now.duration_since(since.max(message.rendered_at)));
        if tried_for > self.config.give_up_after {
            count(message, "failed");
            let fate = Fate::Failed(format!("given up after {} hours: {why}", tried_for.as_hours()));
            return self.note_fate(message, parcel, &fate).await;
        }
        if queued.is_none() {
            count(message, "queued");
            self.note_one(message, &message.complaint_id, &message.id, &Fate::Queued(why.clone())).await?;
            fault::point("notifier::queued");
        }
        Err(Failure::retry(NotSent::Failed(error)))
    }

    /// Looks whether the message is still wanted.
    async fn look_again(&self, message: &Communication, parcel: &Parcel) -> Result<Standing, Failure> {
        let held = message.recipient == Recipient::Complainant && self.config.mode == Mode::Hold;
        if parcel.first {
            let wanted = Standing::Wanted { queued: None };
            return Ok(if held { Standing::Unwanted(SuppressReason::HoldMode) } else { wanted });
        }
        let complaint = self.load(&message.complaint_id).await?;
        let in_doubt =
            message.recipient == Recipient::Complainant && self.restored.was_before(message.rendered_at);
        let case = Case { held, in_doubt, gathers: !parcel.with.is_empty() };
        let standing = standing(message, &complaint, case);
        if standing == Standing::Unwanted(SuppressReason::Superseded) {
            debug!(complaint.id = %complaint.id, "A message is no longer true and does not go out");
        }
        Ok(standing)
    }

    /// Notes the same fate for a message and for those it gathers.
    async fn note_fate(&self, message: &Communication, parcel: &Parcel, fate: &Fate) -> Result<(), Failure> {
        self.note_one(message, &message.complaint_id, &message.id, fate).await?;
        fault::point("notifier::noted");
        for (complaint, id) in &parcel.with {
            self.note_one(message, complaint, id, fate).await?;
        }
        Ok(())
    }

    /// A message whose fate is noted may still owe it to those it gathers: a crash came between.
    async fn settle_others(&self, message: &Communication, parcel: &Parcel) -> Result<(), Failure> {
        if parcel.with.is_empty() {
            return Ok(());
        }
        let complaint = self.load(&message.complaint_id).await?;
        let fate = match complaint.delivery(&message.id).map(|delivery| (&delivery.status, delivery.at)) {
            Some((DeliveryStatus::Accepted | DeliveryStatus::Bounced, at)) => accepted(message, at),
            Some((DeliveryStatus::Suppressed(reason), _)) => Fate::Suppressed(*reason),
            _ => Fate::Failed("the message that gathered this one was given up".to_owned()),
        };
        for (complaint, id) in &parcel.with {
            self.note_one(message, complaint, id, &fate).await?;
        }
        Ok(())
    }

    /// A message that came back did not reach anybody for those it gathers either.
    pub(crate) async fn lose_others(&self, id: &CommunicationId) -> Result<(), Failure> {
        let Some((message, parcel)) = self.in_outbox(id).await? else { return Ok(()) };
        for (complaint, id) in parcel.with {
            self.note_one(&message, &complaint, &id, &Fate::Failed("bounced".to_owned())).await?;
        }
        Ok(())
    }

    /// Hands on a message that lay in OUTBOX, kept back, when a person released it. One that was put there for the
    /// release comes by itself. Which it is, times do not tell: the clocks of two machines wrote them.
    pub(crate) async fn let_go(&self, id: &CommunicationId, released: &EventId) -> Result<(), Failure> {
        match self.in_outbox(id).await? {
            Some((message, parcel)) if message.event_id != *released => self.deliver(&message, &parcel).await,
            _ => Ok(()),
        }
    }

    /// A message as it lies in OUTBOX; none when it was erased.
    async fn in_outbox(&self, id: &CommunicationId) -> Result<Option<(Communication, Parcel)>, Failure> {
        let vault = self.ledger.vault();
        let subject = subject::outbox(Medium::Email, id);
        let stored = vault.bus().last(name::OUTBOX, &subject).await.map_err(Failure::retry)?;
        let Some(stored) = stored else { return Ok(None) };
        let opened = vault.open_communication(&stored.subject, &stored.headers, &stored.body).await;
        let Some(message) = opened.map_err(not_opened)? else { return Ok(None) };
        let traceparent = stored.header("traceparent").unwrap_or_default().to_owned();
        let parcel = Parcel { with: gathered(stored.header(GATHERS)), traceparent, first: false };
        Ok(Some((message, parcel)))
    }

    async fn note_one(
        &self,
        message: &Communication,
        complaint: &ComplaintId,
        id: &CommunicationId,
        fate: &Fate,
    ) -> Result<(), Failure> {
        let own = id == &message.id;
        let fact = CommunicationFact {
            communication_id: id.clone(),
            purpose: message.purpose,
            recipient: message.recipient,
            medium: message.medium,
            contact_id: message.contact_id.clone().filter(|_| own),
            fate: fate.clone(),
        };
        let cause = Cause { causation_id: message.id.to_string(), traceparent: String::new() };
        self.execute(complaint, fact, cause).await
    }
}

fn accepted(message: &Communication, at: Timestamp) -> Fate {
    Fate::Accepted { at, provides: message.provides.clone() }
}

fn count(message: &Communication, outcome: &'static str) {
    let purpose = message.purpose.token();
    metrics::counter!("redress_notifier_messages_total", "purpose" => purpose, "outcome" => outcome)
        .increment(1);
}

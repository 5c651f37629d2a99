//! Tells how an account fares: at once to `/readyz` and the metrics; each change to the log and, as a `CloudEvent`, to the
//! bucket `cursors` under `health.<channel>.<account>`, where `redress doctor` reads it and others may watch.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use redress_bus::{Bus, Kv, KvError};
use redress_contract::subject::name::CURSORS;
use redress_runtime::Clock;
use redress_runtime::health::Part;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::{Account, Look, Moment, State};

/// Keys of the bucket begin with this, and go on with the channel and the account.
const PREFIX: &str = "health";

/// What is told of an account: the state it is in, and what happened last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    specversion: String,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    datacontenttype: String,
    /// When.
    pub time: Timestamp,
    /// What.
    pub data: Told,
}

/// The state an account is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// `email`, `social`.
    pub channel: String,
    /// The account's name in the settings.
    pub account: String,
    /// How it fares.
    pub state: State,
    /// Why, without personal data.
    pub reason: String,
    /// Mails that cannot be taken.
    pub gaps: usize,
    /// When it was last looked into.
    pub looked_at: Option<Timestamp>,
}

/// The teller of one account.
pub struct Teller {
    channel: &'static str,
    name: String,
    account: Mutex<Account>,
    part: Part,
    clock: Clock,
    kv: Kv,
    /// What the broker has not taken yet.
    untold: Mutex<Vec<Event>>,
}

/// What was last told of each account of a channel, by its name.
///
/// # Errors
/// [`KvError`] when the broker does not answer.
pub async fn last_told(bus: &Bus, channel: &str) -> Result<Vec<Event>, KvError> {
    let entries = bus.kv(CURSORS).entries(&format!("{PREFIX}.{channel}")).await?;
    Ok(entries.iter().filter_map(|(_, event)| serde_json::from_slice(event).ok()).collect())
}

impl Teller {
    /// An account of a channel, over these folders (or other places that are looked into).
    pub fn new(
        (channel, name): (&'static str, &str),
        folders: &[String],
        stalled_after: Duration,
        (part, clock, bus): (Part, Clock, &Bus),
    ) -> Self {
        let account = Account::new(folders, stalled_after, clock.now());
        let kv = bus.kv(CURSORS);
        Self {
            channel,
            name: name.to_owned(),
            account: Mutex::new(account),
            part,
            clock,
            kv,
            untold: Mutex::default(),
        }
    }

    /// Another replica reads the account: nothing is told of it here.
    pub fn stands_by(&self) {
        self.part.ready();
        self.gauge(None);
    }

    /// It cannot be told who reads the account.
    pub fn cannot_tell(&self, reason: String) {
        self.part.failing(reason);
    }

    /// Begins anew: this replica reads the account from now on.
    pub fn takes_over(&self, folders: &[String], stalled_after: Duration) {
        *self.lock() = Account::new(folders, stalled_after, self.clock.now());
    }

    /// Something was taken from a folder.
    pub fn goes_on(&self, folder: &str) {
        self.lock().goes_on(folder, self.clock.now());
    }

    /// A look into a folder ended.
    pub fn looked(&self, folder: &str, look: Look) {
        self.lock().looked(folder, look, self.clock.now());
        self.report();
    }

    /// The login runs out and could not be renewed, or it could.
    pub fn login_expires(&self, reason: Option<String>) {
        self.lock().login_expires(reason);
        self.report();
    }

    /// Tells what changed; called again and again, since silence is news too.
    pub async fn tell(&self) {
        self.report();
        let untold: Vec<Event> = self.waiting().drain(..).collect();
        for (index, event) in untold.iter().enumerate() {
            let value = serde_json::to_vec(event).expect("words and numbers always become JSON");
            if let Err(error) =
                self.kv.put(&format!("{PREFIX}.{}.{}", self.channel, self.name), value.into()).await
            {
                warn!("Failed to tell how account {} fares, trying again: {error}", self.name);
                let mut waiting = self.waiting();
                waiting.splice(0..0, untold[index..].iter().cloned());
                // The state of long ago helps nobody.
                let many = waiting.len().saturating_sub(100);
                waiting.drain(..many);
                return;
            }
        }
    }

    fn report(&self) {
        let now = self.clock.now();
        let (state, moments, told) = {
            let mut account = self.lock();
            let Some((state, reason)) = account.state(now) else { return };
            let told = Told {
                channel: self.channel.to_owned(),
                account: self.name.clone(),
                state,
                reason: reason.clone(),
                gaps: account.gaps(),
                looked_at: account.looked_at(),
            };
            match state {
                State::Healthy => self.part.ready(),
                State::AuthFailed | State::Stalled => self.part.failing(reason),
                _ if account.fails() => self.part.failing(reason),
                _ => self.part.degraded(reason),
            }
            (state, account.moments(now), told)
        };
        self.gauge(Some((state, &told)));
        for moment in moments {
            self.log(moment, &told);
            metrics::counter!("redress_channel_events_total", "channel" => self.channel, "account" => self.name.clone(), "type" => moment.word())
                .increment(1);
            let event = self.event(moment, &told, now);
            self.waiting().push(event);
        }
    }

    fn event(&self, moment: Moment, told: &Told, now: Timestamp) -> Event {
        Event {
            specversion: "1.0".to_owned(),
            id: format!("{}-{}-{}", self.name, now.as_microsecond(), moment.word()),
            source: format!("redress/{}", self.channel),
            kind: format!("redress.channel.{}", moment.word()),
            datacontenttype: "application/json".to_owned(),
            time: now,
            data: told.clone(),
        }
    }

    fn log(&self, moment: Moment, told: &Told) {
        let kind = moment.word();
        let (channel, account) = (self.channel, &self.name);
        match moment {
            Moment::Is(State::Healthy) => {
                info!(channel, account, event.type = kind, "Account {account} is healthy");
            }
            Moment::CaughtUp => {
                info!(channel, account, event.type = kind, "Account {account} is caught up");
            }
            Moment::GapFound => {
                let gaps = told.gaps;
                warn!(channel, account, event.type = kind, "Account {account} has {gaps} items that cannot be taken");
            }
            Moment::Is(_) => {
                warn!(channel, account, event.type = kind, "Account {account} is {kind}: {}", told.reason);
            }
        }
    }

    /// One gauge for each state, of which one is 1; all are 0 where another replica reads.
    #[expect(clippy::cast_precision_loss, reason = "gauges")]
    fn gauge(&self, told: Option<(State, &Told)>) {
        let name = || self.name.clone();
        for state in State::ALL {
            let is = told.is_some_and(|(is, _)| is == state);
            metrics::gauge!("redress_channel_state", "channel" => self.channel, "account" => name(), "state" => state.word())
                .set(f64::from(u8::from(is)));
        }
        let gaps = told.map_or(0, |(_, told)| told.gaps);
        metrics::gauge!("redress_channel_gaps", "channel" => self.channel, "account" => name())
            .set(gaps as f64);
        let Some((_, told)) = told else { return };
        if let Some(at) = told.looked_at {
            metrics::gauge!("redress_channel_looked_at_seconds", "channel" => self.channel, "account" => name())
                .set(at.as_second() as f64);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Event>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

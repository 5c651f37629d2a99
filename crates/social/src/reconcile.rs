//! Is everything that a platform still has on record?

use redress_bus::KvError;
use redress_bus::failure::chain;
use redress_contract::Channel;
use redress_contract::ContactId;
use redress_contract::subject::{self, name};
use redress_runtime::Clock;
use redress_vault::Vault;

use crate::config::{Config, Start};
use crate::connector::{Connector, Walk};
use crate::post::{Item, Said};
use crate::state::{Kept, State};
use crate::trouble::Trouble;

/// Pages of one place that are asked for at most.
const PAGES_MAX: usize = 2_000;

/// One post that the platform has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The platform's id of it.
    pub post: String,
    /// Where it stands.
    pub standing: Standing,
}

/// Where a post stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is this contact.
    Recorded(ContactId),
    /// It was there before reading began.
    Before,
    /// It is not on record.
    Gap,
}

/// How many stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// On record.
    pub recorded: usize,
    /// From before the first look.
    pub before: usize,
    /// Not on record.
    pub gaps: usize,
}

/// What could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The account is not in the settings.
    #[error("reconcile {0}: [social.accounts] does not name it")]
    NoSuchAccount(String),
    /// The platform.
    #[error("ask the platform")]
    Platform(#[from] Trouble),
    /// The broker.
    #[error("ask the broker: {0}")]
    Broker(String),
    /// Whoever is told.
    #[error("tell")]
    Tell(#[from] std::io::Error),
}

/// Asks the platform for all that it has for an account, and compares it with what is on record. Each post is told once.
///
/// # Errors
/// [`ReconcileError`]; nothing is changed.
pub async fn reconcile(
    config: &Config,
    account: &str,
    (vault, clock): (&Vault, &Clock),
    mut tell: impl FnMut(&Row) -> std::io::Result<()>,
) -> Result<Summary, ReconcileError> {
    let known =
        config.accounts.get(account).ok_or_else(|| ReconcileError::NoSuchAccount(account.to_owned()))?;
    let mut whole = known.clone();
    whole.start = Start::All;
    let connector = Connector::new(account, &whole, clock.clone(), vault, config.answer_bytes_max)?;
    let began = Kept::new(account, "state", vault).load::<State>().await.map_err(|error| broker(&error))?;
    let began = began.and_then(|state| state.began_at).filter(|_| known.start == Start::Now);
    let (mut summary, mut seen) = (Summary::default(), std::collections::BTreeSet::new());
    for place in connector.places() {
        let (mut state, mut walk): (State, Option<Walk>) = (State::default(), None);
        for _ in 0..PAGES_MAX {
            let page = connector.page(&place, &state, walk.take()).await?;
            for item in &page.items {
                let Item::Post(said) = item else { continue };
                if !seen.insert(said.post.post_id.clone()) {
                    continue;
                }
                let standing = match recorded(said, account, vault).await? {
                    Some(id) => Standing::Recorded(id),
                    None if is_before(said, began) => Standing::Before,
                    None => Standing::Gap,
                };
                summary.add(&standing);
                tell(&Row { post: said.post.post_id.clone(), standing })?;
            }
            walk.clone_from(&page.walk);
            if let Some(mark) = page.mark {
                state.marks.insert(place.clone(), mark);
            }
            if !page.more {
                break;
            }
        }
    }
    Ok(summary)
}

impl Summary {
    fn add(&mut self, standing: &Standing) {
        match standing {
            Standing::Recorded(_) => self.recorded += 1,
            Standing::Before => self.before += 1,
            Standing::Gap => self.gaps += 1,
        }
    }
}

fn is_before(said: &Said, began: Option<jiff::Timestamp>) -> bool {
    let at = said.reached_at.or(said.written_at);
    began.is_some_and(|began| at.is_none_or(|at| at < began))
}

/// The contact that a post is, when it is on record.
async fn recorded(said: &Said, account: &str, vault: &Vault) -> Result<Option<ContactId>, ReconcileError> {
    let id = vault.keys().post_contact_id(account, &said.post.post_id, "");
    for channel in [Channel::SocialPublic, Channel::SocialDm] {
        let stored = vault.bus().last_at_leader(name::INTAKE, &subject::intake(channel, &id)).await;
        if stored.map_err(|error| ReconcileError::Broker(chain(&error)))?.is_some() {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

fn broker(error: &KvError) -> ReconcileError {
    ReconcileError::Broker(chain(error))
}

//! `redress reparse`: mails that could not be read are read again, after a fix, as contacts that name the first.

use std::collections::BTreeSet;

use redress_contract::ContactId;
use redress_email::reparse::{Outcome, Reread, reparse};
use serde_json::json;

use crate::house::{House, with_broker};
use crate::out::Out;
use crate::sealing::Need;
use crate::settings::Config;

/// Who may add contacts by email: the service itself.
const EMAIL: &str = "email";

pub(super) async fn run(
    config: &Config,
    house: &House,
    contacts: Vec<ContactId>,
    out: Out,
) -> anyhow::Result<()> {
    let writer = House::open(&with_broker(config)?, EMAIL, Need::SEALS).await?;
    let only: BTreeSet<ContactId> = contacts.into_iter().collect();
    let looked_at = reparse(&house.vault, &writer.intake, &config.email, &only).await?;
    if out.is_json() {
        for one in &looked_at {
            out.json(&told(one))?;
        }
        return Ok(());
    }
    for one in &looked_at {
        out.line(words(one))?;
    }
    let read = looked_at.iter().filter(|one| matches!(one.outcome, Outcome::Recorded(_))).count();
    Ok(out.line(format!("{} looked at, {read} read now", looked_at.len()))?)
}

fn told(one: &Reread) -> serde_json::Value {
    let (outcome, second) = parts(&one.outcome);
    json!({ "contact_id": one.first, "outcome": outcome, "reparsed_as": second })
}

fn words(one: &Reread) -> String {
    let (outcome, second) = parts(&one.outcome);
    let second = second.map(|id| format!(" {id}")).unwrap_or_default();
    format!("{}  {outcome}{second}", one.first)
}

fn parts(outcome: &Outcome) -> (&'static str, Option<&ContactId>) {
    match outcome {
        Outcome::Recorded(id) => ("read now, as", Some(id)),
        Outcome::Known(id) => ("read before, as", Some(id)),
        Outcome::Failed => ("still cannot be read", None),
        Outcome::Erased => ("erased", None),
    }
}

//! `redress erase`: personal data of a person or of one complaint, made unreadable, with a report of what remains.

use anyhow::{Context as _, bail};
use redress_contract::contact::Address;
use redress_contract::{Actor, AddressKind};
use redress_ledger::erase::Erasure;
use redress_social::post::Platform;
use serde_json::json;

use crate::cli::Erase;
use crate::house::House;
use crate::out::Out;
use crate::settings::Config;

const DOING: &str = "erase; do it again to go on";

pub(super) async fn run(config: &Config, house: &House, wish: &Erase, out: Out) -> anyhow::Result<()> {
    if !wish.dry_run {
        house.vault.resume_erasing().await.context(DOING)?;
    }
    let plan = plan(config, house, wish).await.context("find what belongs to it")?;
    if !wish.dry_run {
        house.ledger.erase(&plan, &Actor::service("erase")).await.context(DOING)?;
    }
    tell(&plan, wish.dry_run, out)
}

async fn plan(config: &Config, house: &House, wish: &Erase) -> anyhow::Result<Erasure> {
    if let Some(complaint) = &wish.reference {
        let id = house.find(complaint).await?;
        if house.ledger.load_at_leader(&id).await?.is_none() {
            bail!("no complaint {complaint} is registered (yet): nothing was erased");
        }
        return Ok(house.ledger.plan_complaint(&id, "complaint").await?);
    }
    let text = wish.party.as_deref().unwrap_or_default();
    let address = Address { kind: kind_of(text), value: text.to_owned(), display_name: String::new() };
    let party = house.vault.keys().party(&address, config.router.default_country.as_deref());
    if party.is_empty() {
        bail!(
            "read the address: it is neither an email address, nor a telephone number, nor a platform and an id"
        );
    }
    Ok(house.ledger.plan_party(&party).await?)
}

/// What a person is known by: `mastodon:ann@social.example` on a platform, else by mail or telephone.
fn kind_of(text: &str) -> AddressKind {
    match text.split_once(':') {
        Some((platform, id)) if Platform::from_word(platform).is_some() && !id.is_empty() => {
            AddressKind::Handle
        }
        _ if text.contains('@') => AddressKind::Email,
        _ => AddressKind::Phone,
    }
}

fn tell(plan: &Erasure, dry_run: bool, out: Out) -> anyhow::Result<()> {
    if out.is_json() {
        return Ok(out.json(&json!({ "dry_run": dry_run, "erased": plan }))?);
    }
    if plan.is_empty() {
        return Ok(out.line("Nothing is left to erase.")?);
    }
    let done = if dry_run { "would be erased" } else { "erased" };
    for part in &plan.complaints {
        out.line(format!(
            "{}: {} contacts, {} texts, {} communications {done}",
            part.reference, part.contacts, part.contents, part.communications
        ))?;
        if part.others > 0 {
            out.line(format!(
                "  {} contacts of other people stay; they may quote it (--reference {} erases them too)",
                part.others, part.reference
            ))?;
        }
    }
    if plan.unlogged > 0 {
        out.line(format!("{} messages that are part of no complaint yet {done}", plan.unlogged))?;
    }
    if !plan.at_the_source.is_empty() {
        out.line("It remains at the source, where nothing here deletes it:")?;
    }
    for source in &plan.at_the_source {
        out.line(format!(
            "  {} {}, received {} (contact {})",
            source.channel, source.account, source.received_at, source.contact_id
        ))?;
    }
    if !dry_run {
        out.line("Old copies of the broker's files can be read until `redress keys rotate` has run and the old key is destroyed.")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_known_by_mail_telephone_or_platform() {
        assert_eq!(kind_of("mastodon:ann@social.example"), AddressKind::Handle);
        assert_eq!(kind_of("bluesky:did:plc:ann"), AddressKind::Handle);
        assert_eq!(kind_of("ann@example.org"), AddressKind::Email);
        assert_eq!(kind_of("+43 1 234"), AddressKind::Phone);
    }
}

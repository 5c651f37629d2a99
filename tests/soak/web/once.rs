//! What senders were told against what INTAKE holds: each promised contact once, none twice, and its reference is its own.

use std::collections::BTreeMap;

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _};
use redress_contract::subject::name;
use redress_contract::{ContactId, Reference};
use redress_intake::references;
use redress_tests::promises::{Answer, Promises, Told};
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results, say};

/// Offenders that are named.
const NAMED_MAX: usize = 5;
/// References looked up at once.
const AT_ONCE: usize = 32;

/// Tells how the two agree.
pub(crate) async fn tell(
    name: &str,
    records: &Records,
    promises: &Promises,
    results: &mut Results,
) -> anyhow::Result<()> {
    let stored = stored(records).await?;
    let all = promises.all();
    let told: Vec<(ContactId, Answer)> = all
        .iter()
        .filter_map(|(contact, promise)| match &promise.told {
            Told::Yes(Some(answer)) => Some((contact.clone(), answer.clone())),
            _ => None,
        })
        .collect();
    let lost: Vec<&ContactId> =
        told.iter().map(|(contact, _)| contact).filter(|it| !stored.contains_key(*it)).collect();
    let twice: Vec<&ContactId> = stored
        .iter()
        .filter(|(contact, times)| **times > 1 || !all.contains_key(*contact))
        .map(|(it, _)| it)
        .collect();
    let unheard = stored.keys().filter(|it| all.get(*it).is_some_and(|it| it.told == Told::Nothing)).count();
    for (what, offenders) in [("lost", &lost), ("more than once, or sent by nobody", &twice)] {
        offenders.iter().take(NAMED_MAX).for_each(|contact| say(&format!("{what}: contact {contact}")));
    }
    // A message that took the place of another would be seen here only.
    let written = usize::try_from(records.bus().last_seq(name::INTAKE).await?)?;
    let zero = Bar::exactly(0);
    results.count(&format!("{name}_promised"), told.len(), "contacts", Bar::None);
    results.count(&format!("{name}_unheard"), unheard, "contacts", Bar::None);
    results.count(&format!("{name}_lost"), lost.len(), "contacts", zero);
    results.count(&format!("{name}_duplicated"), twice.len(), "contacts", zero);
    results.count(&format!("{name}_written"), written, "messages", Bar::exactly(stored.len()));
    results.count(&format!("{name}_contradicted"), promises.broken().len(), "answers", zero);
    let strange = strange_references(records, told).await?;
    results.count(&format!("{name}_strange_references"), strange, "references", zero);
    Ok(())
}

/// Contacts on record, each with how often.
async fn stored(records: &Records) -> anyhow::Result<BTreeMap<ContactId, usize>> {
    let mut scan = records.bus().scan(name::INTAKE, "intake.>", 1).await?;
    let mut found = BTreeMap::new();
    while let Some(stored) = scan.next().await {
        let subject = stored?.subject;
        let contact = subject.rsplit('.').next().unwrap_or_default();
        *found.entry(ContactId::new(contact).context("read a contact's id")?).or_default() += 1;
    }
    Ok(found)
}

/// Promised references that do not lead to their contact.
async fn strange_references(records: &Records, told: Vec<(ContactId, Answer)>) -> anyhow::Result<usize> {
    let vault = records.ledger.vault();
    let looked_up = futures::stream::iter(told).map(|(contact, answer)| async move {
        let reference = Reference::new(answer.reference).context("read a promised reference")?;
        let claim = references::look_up(vault, &reference).await?;
        anyhow::Ok(claim.is_some_and(|claim| claim.contact_id == contact))
    });
    let own: Vec<bool> = looked_up.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(own.into_iter().filter(|own| !own).count())
}

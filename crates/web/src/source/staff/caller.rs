//! Who calls: the complaints of theirs that are open, for the clerk who takes the call.

use std::collections::BTreeSet;

use futures::future::join_all;
use redress_contract::contact::Address;
use redress_contract::subject::name::CORRELATION;
use redress_contract::{AddressKind, ComplaintId};
use redress_domain::Complaint;
use tokio::time::timeout;
use tracing::warn;

use super::Staff;

/// Most complaints of one caller that are looked at, the newest.
const LOOKED_AT_MAX: usize = 50;

/// The open complaints of whoever calls from this number, the newest first; none when that cannot be found out in time.
pub(super) async fn open_complaints(staff: &Staff, number: &str) -> Option<Vec<Complaint>> {
    let found = timeout(staff.app().config.patience, look_up(staff, number)).await;
    match found {
        Ok(Ok(found)) => Some(found),
        Ok(Err(why)) => {
            warn!("The open complaints of a caller are not shown: {why}");
            None
        }
        Err(_) => {
            warn!("The open complaints of a caller are not shown: the broker does not answer in time");
            None
        }
    }
}

async fn look_up(staff: &Staff, number: &str) -> Result<Vec<Complaint>, String> {
    let (app, country) = (staff.app(), staff.0.config.default_country.as_deref());
    let address = Address { kind: AddressKind::Phone, value: number.to_owned(), ..Address::default() };
    let party = app.keys().party(&address, country);
    if party.is_empty() {
        return Ok(Vec::new());
    }
    let bucket = app.deps.intake.vault().bus().kv(CORRELATION);
    let entries = bucket.few_entries(&format!("party.{party}")).await.map_err(|error| error.to_string())?;
    let ids: BTreeSet<ComplaintId> = entries
        .unwrap_or_default()
        .iter()
        .rev()
        .filter_map(|(_, value)| ComplaintId::new(std::str::from_utf8(value).ok()?).ok())
        .take(LOOKED_AT_MAX)
        .collect();
    let mut open = Vec::new();
    for loaded in join_all(ids.iter().map(|id| app.deps.ledger.load(id))).await {
        let loaded = loaded.map_err(|error| error.to_string())?;
        open.extend(loaded.map(|loaded| loaded.complaint).filter(Complaint::is_open));
    }
    open.sort_by_key(|complaint| std::cmp::Reverse(complaint.received_at));
    Ok(open)
}

//! `redress reconcile`: each mail, row of a call log or post of an account with its contact, or the gap.

use std::process::ExitCode;

use redress_email::reconcile::{Row, Standing, Summary};
use redress_phone::reconcile as calls;
use redress_social::reconcile as posts;
use serde_json::json;

use crate::house::House;
use crate::out::{Out, printable};
use crate::settings::Config;

/// Which mails are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    All,
    Gaps,
}

impl Shown {
    pub(super) fn of(gaps: bool) -> Self {
        if gaps { Self::Gaps } else { Self::All }
    }
}

pub(super) async fn run(
    config: &Config,
    house: &House,
    (account, shown): (&str, Shown),
    out: Out,
) -> anyhow::Result<ExitCode> {
    if config.phone.accounts.contains_key(account) {
        return phone(config, house, (account, shown), out).await;
    }
    if config.social.accounts.contains_key(account) {
        return social(config, house, (account, shown), out).await;
    }
    let tell = |row: &Row| match (&row.standing, shown) {
        (Standing::Recorded(_) | Standing::Before, Shown::Gaps) => Ok(()),
        _ => show(row, out),
    };
    let read = (&house.vault, &house.clock);
    let summary = redress_email::reconcile(&config.email, account, read, tell).await?;
    conclude(account, summary, out)?;
    Ok(if summary.gaps == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(row: &Row, out: Out) -> std::io::Result<()> {
    let place = json!({ "folder": row.folder, "uidValidity": row.uid_validity, "mail": row.mail });
    let (mut value, words) = match &row.standing {
        Standing::Recorded(id) => (json!({ "contact": id }), id.to_string()),
        Standing::Before => (json!({ "before": true }), "from before the first look".to_owned()),
        Standing::Gap(why) => (json!({ "gap": why }), format!("GAP: {why}")),
    };
    if let (Some(value), Some(place)) = (value.as_object_mut(), place.as_object()) {
        value.extend(place.clone());
    }
    out.either(&value, || format!("{} {}  {words}", printable(&row.folder), printable(&row.mail)))
}

fn conclude(account: &str, summary: Summary, out: Out) -> std::io::Result<()> {
    let Summary { recorded, before, gaps, gone } = summary;
    let value = json!({
        "account": account, "recorded": recorded, "before": before, "gaps": gaps, "gone": gone,
    });
    out.either(&value, || {
        let rest = [
            (before, "from before the first look"),
            (gone, "taken out by somebody before they could be recorded"),
        ];
        let rest: Vec<String> = rest
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!(", {count} {what}"))
            .collect();
        format!("{account}: {recorded} mails on record, {gaps} gaps{}", rest.concat())
    })
}

async fn phone(
    config: &Config,
    house: &House,
    (account, shown): (&str, Shown),
    out: Out,
) -> anyhow::Result<ExitCode> {
    let tell = |row: &calls::Row| {
        let (value, words) = match (&row.standing, shown) {
            (calls::Standing::Recorded(_), Shown::Gaps) => return Ok(()),
            (calls::Standing::Recorded(id), Shown::All) => (json!({ "contact": id }), id.to_string()),
            (calls::Standing::Quarantined(id, why), _) => {
                (json!({ "contact": id, "quarantined": why }), format!("{id} kept apart: {why}"))
            }
            (calls::Standing::Gap, _) => (json!({ "gap": true }), "GAP".to_owned()),
        };
        let mut value = value;
        value["row"] = json!(row.place);
        out.either(&value, || format!("{}  {words}", printable(&row.place)))
    };
    let calls::Summary { recorded, quarantined, gaps } =
        redress_phone::reconcile(&config.phone, account, &house.vault, tell).await?;
    let value = json!({ "account": account, "recorded": recorded, "quarantined": quarantined, "gaps": gaps });
    out.either(&value, || {
        format!("{account}: {recorded} rows on record, {quarantined} kept apart, {gaps} gaps")
    })?;
    Ok(if gaps == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn social(
    config: &Config,
    house: &House,
    (account, shown): (&str, Shown),
    out: Out,
) -> anyhow::Result<ExitCode> {
    let tell = |row: &posts::Row| {
        let (mut value, words) = match (&row.standing, shown) {
            (posts::Standing::Recorded(_) | posts::Standing::Before, Shown::Gaps) => return Ok(()),
            (posts::Standing::Recorded(id), Shown::All) => (json!({ "contact": id }), id.to_string()),
            (posts::Standing::Before, Shown::All) => {
                (json!({ "before": true }), "from before the first look".to_owned())
            }
            (posts::Standing::Gap, _) => (json!({ "gap": true }), "GAP".to_owned()),
        };
        value["post"] = json!(row.post);
        out.either(&value, || format!("{}  {words}", printable(&row.post)))
    };
    let read = (&house.vault, &house.clock);
    let posts::Summary { recorded, before, gaps } =
        redress_social::reconcile(&config.social, account, read, tell).await?;
    let value = json!({ "account": account, "recorded": recorded, "before": before, "gaps": gaps });
    out.either(&value, || {
        let rest = if before > 0 { format!(", {before} from before the first look") } else { String::new() };
        format!("{account}: {recorded} posts on record, {gaps} gaps{rest}")
    })?;
    Ok(if gaps == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

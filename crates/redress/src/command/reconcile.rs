//! `redress reconcile`: each mail of an account with its contact, or the gap.

use std::process::ExitCode;

use redress_email::reconcile::{Row, Standing, Summary};
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

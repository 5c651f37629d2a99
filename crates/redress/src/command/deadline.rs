//! `redress deadline`: a due time, and how it comes about. Only the settings are asked.

use anyhow::{Context as _, anyhow, bail};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use redress_contract::Severity;
use redress_domain::Rules;
use redress_domain::calendar::Calendar;
use redress_domain::deadline::{End, Span};
use redress_domain::explain::explain;
use redress_domain::pause::Pauses;
use redress_domain::rules::{Explained, Policy, PolicyMilestone, Timing};
use serde_json::json;

use crate::cli::Deadline;
use crate::out::Out;

pub(super) fn run(rules: &Rules, asked: &Deadline, out: Out) -> anyhow::Result<()> {
    match (&asked.policy, &asked.span) {
        (Some(policy), _) => of_policy(rules, policy, asked, out),
        (None, Some(span)) => of_span(rules, span, asked, out),
        (None, None) => bail!("name a policy or a span"),
    }
}

fn of_policy(rules: &Rules, name: &str, asked: &Deadline, out: Out) -> anyhow::Result<()> {
    let policy = find(rules, name)?;
    let counted = asked.calendar.as_deref().map(|name| {
        calendar(rules, name).map(|_| rules.counted_in(policy, name).expect("the calendar is there"))
    });
    let counted = counted.transpose()?;
    let policy = counted.as_ref().unwrap_or(policy);
    let anchor = time(&asked.received, policy.calendar().zone())?;
    let wanted = |milestone: &&PolicyMilestone| {
        asked.milestone.as_ref().is_none_or(|wanted| milestone.id.as_str() == wanted)
    };
    let milestones: Vec<_> = policy.milestones.iter().filter(wanted).collect();
    if milestones.is_empty() {
        let known = policy.milestones.iter().map(|it| it.id.as_str()).collect::<Vec<_>>().join(", ");
        bail!("find milestone {:?}: {name} owes {known}", asked.milestone.as_deref().unwrap_or_default());
    }
    for milestone in milestones {
        let explained = policy.explain(milestone, &Timing::from(anchor, Severity::Unspecified));
        if out.is_json() {
            out.json(&json!({
                "policy": policy.id, "version": policy.version, "milestone": milestone.id,
                "anchor": milestone.anchor.token(), "due_at": explained.due_at, "spans": explained.spans,
            }))?;
        } else {
            out.line(format!("{}/{}, counted from: {}", policy.id, milestone.id, milestone.anchor.token()))?;
            lines(&explained, out)?;
        }
    }
    Ok(())
}

/// Each span, and the due time where several decide.
pub(super) fn lines(explained: &Explained, out: Out) -> anyhow::Result<()> {
    for (what, span) in &explained.spans {
        if *what != "span" {
            out.line(format!("  {what}:"))?;
        }
        for line in span.lines() {
            out.line(format!("  {line}"))?;
        }
    }
    if explained.spans.len() > 1 {
        out.line(format!("  so it is due {}", explained.due_at))?;
    }
    Ok(())
}

fn of_span(rules: &Rules, span: &str, asked: &Deadline, out: Out) -> anyhow::Result<()> {
    let name = asked.calendar.as_deref().unwrap_or("office");
    let calendar = calendar(rules, name)?;
    let (kind, value) = span.trim().split_once(char::is_whitespace).unwrap_or((span, ""));
    let span =
        Span::parse(kind, value.trim()).map_err(|problem| anyhow!("read the span {span:?}: {problem}"))?;
    let anchor = time(&asked.received, calendar.zone())?;
    let found = explain(calendar, (span, End::EndOfDay), anchor, Pauses::NONE);
    let found = found.with_context(|| format!("count in calendar {name}: it is not over within 20 years"))?;
    Ok(out.either(&found, || found.lines().join("\n"))?)
}

/// The policy of this name.
///
/// # Errors
/// When there is none; names those that there are.
pub(super) fn find<'r>(rules: &'r Rules, name: &str) -> anyhow::Result<&'r Policy> {
    let known = || rules.policies().map(|policy| policy.id.as_str()).collect::<Vec<_>>().join(", ");
    let found = rules.policies().find(|policy| policy.id.as_str() == name);
    found.with_context(|| format!("find policy {name:?}: policies in force are {}", known()))
}

fn calendar<'r>(rules: &'r Rules, name: &str) -> anyhow::Result<&'r Calendar> {
    let known = || rules.calendars().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
    let found = rules.calendars().find(|(known, _)| *known == name).map(|(_, calendar)| calendar);
    found.with_context(|| format!("find calendar {name:?}: calendars are {}", known()))
}

/// A time with an offset, or one of this zone.
fn time(text: &str, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let local: DateTime = text
        .parse()
        .map_err(|_| anyhow!("read {text:?} as a time, such as 2026-03-27T18:30:00Z or 2026-03-27 18:30"))?;
    let ambiguous = zone.to_ambiguous_timestamp(local);
    ambiguous.unambiguous().map_err(|_| {
        anyhow!("read {text:?} as a time: clocks change then, so it is none or two; say its offset, as in {local}+01:00")
    })
}

//! Deadlines that cannot come out right: counted beyond the holidays that are known, or met by messages that no text makes.

use jiff::Timestamp;
use redress_contract::Severity;
use redress_domain::rules::{MetBy, Policy, PolicyMilestone, Timing};
use redress_runtime::Clock;

use super::finding::{Finding, ok, warn};
use crate::settings::Config;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let now = Clock::system().now();
    let policies = || config.rules.policies();
    let mut findings: Vec<Finding> = policies().filter_map(|policy| beyond_holidays(policy, now)).collect();
    findings.extend(policies().flat_map(|policy| unstated(policy, config)));
    findings.extend(on_duty(config, now));
    if findings.is_empty() {
        findings.push(ok("deadlines", format!("{} policies, all of which can be kept", policies().count())));
    }
    findings
}

/// What a complaint that comes now would owe last, beyond the last day of which the holidays are known.
fn beyond_holidays(policy: &Policy, now: Timestamp) -> Option<Finding> {
    let until = policy.calendar().holidays_until()?;
    let from_now = Timing::from(now, Severity::Unspecified);
    let due = policy.milestones.iter().map(|milestone| policy.due_at(milestone, &from_now));
    let last = due.max()?.to_zoned(policy.calendar().zone().clone()).date();
    (last > until).then(|| {
        warn(
            &format!("policy {}", policy.id),
            format!("its deadlines reach {last}, and public holidays are known until {until}: later days count as if there were none"),
            "upgrade to a release with later holidays, or name them under `closed` in its calendar",
        )
    })
}

/// Milestones that ask for words which no text of ours states.
fn unstated(policy: &Policy, config: &Config) -> Vec<Finding> {
    let asking = policy.milestones.iter().filter(|milestone| !milestone.must_state.is_empty());
    let found = asking.filter_map(|milestone| {
        let lacking = lacking(milestone, config)?;
        let wanted = milestone.must_state.join(", ");
        Some(warn(
            &format!("policy {}", policy.id),
            format!("{} is met only by a message that states {wanted}, and {lacking}", milestone.id),
            "write texts that do (`[notifier] templates_dir`), and say so in their `Provides:` line",
        ))
    });
    found.collect()
}

/// What the texts lack by which it could be met; none when one of them lacks nothing, or no message meets it.
fn lacking(milestone: &PolicyMilestone, config: &Config) -> Option<String> {
    let by = |fact, purpose| milestone.is_met_by(fact).then_some(purpose);
    let any = milestone.is_met_by(MetBy::AnyOutbound);
    let purposes = [
        by(MetBy::AcknowledgementAccepted, "acknowledgement").or(any.then_some("acknowledgement")),
        by(MetBy::HoldingResponseAccepted, "holding_response").or(any.then_some("holding_response")),
        by(MetBy::FinalResponseAccepted, "final_response").or(any.then_some("final_response")),
    ];
    let lacks: Vec<_> = purposes
        .into_iter()
        .flatten()
        .map(|purpose| (purpose, config.notifier.texts.lacking(purpose, &milestone.must_state)))
        .collect();
    if lacks.is_empty() || lacks.iter().any(|(_, lacks)| lacks.is_empty()) {
        return None;
    }
    let told = lacks.iter().flat_map(|(purpose, lacks)| {
        lacks
            .iter()
            .map(move |(language, words)| format!("`{purpose}` in {language} states no {}", words.join(", ")))
    });
    Some(told.collect::<Vec<_>>().join("; "))
}

/// Rosters of which it is nobody's turn now, where nobody else is named.
fn on_duty(config: &Config, now: Timestamp) -> Vec<Finding> {
    let empty = config.notifier.staff.rosters_without_anybody(now);
    let found = empty.map(|name| {
        warn(
            &format!("roster {name}"),
            "it is nobody's turn now: the next more senior role is told",
            format!("give somebody the turn, or name an address in [notifier.rosters.{name}] otherwise"),
        )
    });
    found.collect()
}

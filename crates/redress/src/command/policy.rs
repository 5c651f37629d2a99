//! `redress policy`: what is owed by when, as the settings say it, and clocks that follow it as it is now.

use std::path::Path;

use anyhow::Context as _;
use redress_contract::{Actor, Cause, Event, PolicyId};
use redress_domain::explain::words;
use redress_domain::rules::{Policy, PolicyMilestone};
use redress_domain::{Command, Complaint, Rules, RulesSettings, decide, presets};
use redress_runtime::settings::Problems;
use serde_json::{Value, json};

use super::deadline::find;
use super::timeline;
use super::timeline::plain_table;
use crate::closures;
use crate::house::House;
use crate::out::Out;

pub(super) fn list(rules: &Rules, of_presets: bool, out: Out) -> anyhow::Result<()> {
    if of_presets {
        return list_presets(out);
    }
    let mut table = plain_table();

    table.set_header(["Policy", "Watched by", "Zone", "Applies when", "Owes"]);
    for policy in rules.policies() {
        let kept = kept(rules, policy);
        let when = applies_when(&kept);
        let owed: Vec<String> = policy.milestones.iter().map(owed).collect();
        let zone = policy.calendar().zone().iana_name().unwrap_or("UTC").to_owned();
        let watched = if policy.regulator { "a regulator" } else { "the house" };
        if out.is_json() {
            out.json(&json!({
                "policy": policy.id, "title": policy.title, "regulator": policy.regulator, "zone": zone,
                "applies_when": kept["policy"]["applies_when"], "version": policy.version, "owes": owed,
            }))?;
        } else {
            let title = if policy.title.is_empty() { String::new() } else { format!("\n{}", policy.title) };
            table.add_row([format!("{}{title}", policy.id), watched.to_owned(), zone, when, owed.join("\n")]);
        }
    }
    if out.is_json() { Ok(()) } else { Ok(out.line(table.to_string())?) }
}

fn list_presets(out: Out) -> anyhow::Result<()> {
    let mut table = plain_table();

    table.set_header(["Preset", "What it is", "Jurisdiction", "Calendar", "Ships switched off"]);
    for preset in presets::all() {
        let (policy, off) = (&preset.policy, preset.switched_off());
        if out.is_json() {
            out.json(&json!({
                "preset": policy.id, "title": policy.title, "jurisdiction": preset.jurisdiction,
                "calendar": policy.calendar, "switched_off": off,
            }))?;
        } else {
            let row = [&policy.id, &policy.title, &preset.jurisdiction, &policy.calendar, &off.join(", ")];
            table.add_row(row);
        }
    }
    if out.is_json() { Ok(()) } else { Ok(out.line(table.to_string())?) }
}

fn owed(milestone: &PolicyMilestone) -> String {
    let also = milestone.alternatives.iter().map(|span| format!(" or {}", words(*span)));
    let most = milestone.at_most.map(|span| format!(", at most {}", words(span)));
    let spans: String = also.chain(most).collect();
    format!("{}: {}{spans} from {}", milestone.id, words(milestone.span), milestone.anchor.token())
}

fn applies_when(kept: &Value) -> String {
    let fields = kept["policy"]["applies_when"].as_object().into_iter().flatten();
    let values = |value: &Value| {
        let words = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        words.collect::<Vec<_>>().join(" or ")
    };
    let all: Vec<String> = fields.map(|(field, value)| format!("{field} {}", values(value))).collect();
    if all.is_empty() { "always".to_owned() } else { all.join("\n") }
}

/// What the version of a policy is the hash of.
fn kept(rules: &Rules, policy: &Policy) -> Value {
    let json = rules.versions().remove(&policy.version).unwrap_or_default();
    serde_json::from_str(&json).unwrap_or_default()
}

pub(super) fn show(rules: &Rules, name: &str, out: Out) -> anyhow::Result<()> {
    let in_force = find(rules, name);
    if in_force.is_err()
        && let Some(preset) = presets::all().iter().find(|preset| preset.policy.id == name)
    {
        let text = toml::to_string_pretty(&preset.policy).context("write the preset as TOML")?;
        let off = preset.switched_off();
        let note = if off.is_empty() {
            String::new()
        } else {
            format!("# Ships switched off: {}.\n", off.join(", "))
        };
        return Ok(
            out.either(&preset.policy, || format!("# A preset; not in force.\n{note}{}", text.trim_end()))?
        );
    }
    let policy = in_force?;
    let kept = kept(rules, policy);
    let text = toml::to_string_pretty(&kept).context("write the policy as TOML")?;
    let shown = json!({ "version": policy.version, "kept": kept });
    Ok(out.either(&shown, || format!("# Version {}\n{}", policy.version, text.trim_end()))?)
}

pub(super) fn check(in_force: &RulesSettings, file: Option<&Path>, out: Out) -> anyhow::Result<()> {
    let rules = match file {
        Some(file) => compile(in_force, file)?,
        None => crate::settings::compile(in_force)?,
    };
    let count = rules.policies().count();
    let told = json!({ "policies": count });
    Ok(out.either(&told, || {
        format!("{count} policies, all right. `redress policy list` shows those in force.")
    })?)
}

/// The rules of a file, on top of those in force.
///
/// # Errors
/// [`Problems`], each with the file and its key.
pub(super) fn compile(in_force: &RulesSettings, file: &Path) -> anyhow::Result<Rules> {
    let named = |problem: String| {
        let mut problems = Problems::none();
        problems.note(file.display().to_string(), problem);
        problems
    };
    let of_file = |found: Problems| {
        let mut problems = Problems::none();
        for problem in found.0 {
            let key = problem.key.trim_start_matches("rules.");
            problems.note(format!("{}: {key}", file.display()), problem.message);
        }
        problems
    };
    let text = std::fs::read_to_string(file).map_err(|e| named(format!("cannot be read: {e}")))?;
    let said: RulesSettings =
        toml::from_str(&text).map_err(|e| named(e.to_string().trim_end().to_owned()))?;
    let mut all = in_force.clone();
    all.calendars.extend(said.calendars);
    all.ladders.extend(said.ladders);
    if !said.policies.is_empty() {
        all.policies = said.policies;
    }
    if !said.rules.is_empty() {
        all.rules = said.rules;
    }
    if !said.member_state.is_empty() {
        all.member_state = said.member_state;
    }
    let rules = Rules::compile(&closures::with_files(&all).map_err(of_file)?).map_err(|found| {
        let mut problems = Problems::none();
        for problem in found {
            problems.note(format!("{}: {}", file.display(), problem.key), problem.message);
        }
        problems
    })?;
    Ok(rules)
}

pub(super) async fn repin(house: &House, policy: &PolicyId, dry_run: bool, out: Out) -> anyhow::Result<()> {
    find(house.ledger.rules(), policy.as_str())?;
    let command = Command::Repin { policy: policy.clone() };
    let follows = |complaint: &Complaint| complaint.running_clocks().any(|clock| clock.policy == *policy);
    let open: Vec<_> = house.ledger.complaints().await?.into_iter().filter(follows).collect();
    let mut changed = 0;
    for complaint in &open {
        let events = if dry_run {
            decide(Some(complaint), &command, house.ledger.rules(), house.clock.now())?
        } else {
            let cause = Cause { causation_id: "repin".to_owned(), ..Cause::default() };
            let executed = house.ledger.execute(&complaint.id, &command, Actor::default(), cause).await;
            let executed = executed.with_context(|| format!("repin {}", complaint.reference))?;
            executed.events.into_iter().map(|recorded| recorded.event).collect()
        };
        changed += usize::from(!events.is_empty());
        tell(complaint, &events, out)?;
    }
    let told = json!({ "complaints": open.len(), "changed": changed, "dry_run": dry_run });
    let would = if dry_run { "would be " } else { "" };
    Ok(out
        .either(&told, || format!("{} complaints follow {policy}; {changed} {would}changed.", open.len()))?)
}

fn tell(complaint: &Complaint, events: &[Event], out: Out) -> anyhow::Result<()> {
    for event in events {
        let row = json!({ "reference": complaint.reference, "event": event.name(), "data": event.data() });
        out.either(&row, || format!("{}: {}", complaint.reference, timeline::words(event)))?;
    }
    Ok(())
}

//! From the words of the settings to rules: all mistakes together, each with its key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use redress_contract::{Commit, Disposition, PolicyId, Severity, TeamId};
use serde::{Deserialize, Serialize};

use super::Rules;
use super::house::{self, DEFAULT_LADDER, FALLBACK, OFFICE};
use super::milestone::MetBy;
use super::policy::Policy;
use super::routing::{Route, Routes, Sets};
use crate::calendar::Calendar;
use crate::call::Opens;
use crate::decide::must_be_a_word;
use crate::findings::{Finding, Lexicon};
use crate::ladder::Ladder;
use crate::matcher::{Matcher, Vocabulary, fold_word};
use crate::presets;
use crate::settings::{
    CalendarSettings, PolicySettings, Problem, RuleSettings, RulesSettings, RungSettings, VariantSettings,
    WordsSettings,
};

mod milestones;

/// Leaves room for `-<n>` in the ids of clocks.
const POLICY_ID_MAX: usize = 56;
const WORD_MAX: usize = 64;
/// Words of the house's own that posts are weighed by, of each kind.
const OWN_WORDS_MAX: usize = 500;

pub(super) fn rules(settings: &RulesSettings) -> Result<Rules, Vec<Problem>> {
    let mut workshop = Workshop::default();
    workshop.calendars(settings);
    workshop.ladders(settings);
    let policies = workshop.policies(settings);
    let fallback = workshop.fallback(settings);
    let routes = workshop.routes(settings);
    if settings.limits.contacts_per_complaint == 0 {
        workshop.problem("limits.contacts_per_complaint", "must be at least 1");
    }
    if !workshop.problems.is_empty() {
        return Err(workshop.problems);
    }
    let compiled = workshop.calendars.into_iter();
    let calendars = compiled.filter_map(|(name, (_, calendar))| Some((name, calendar?)));
    Ok(Rules {
        policies,
        fallback,
        routes,
        contacts_max: settings.limits.contacts_per_complaint,
        versions: workshop.versions,
        calendars: calendars.collect(),
        archive: BTreeMap::new(),
    })
}

/// A policy as it once was, from its canonical JSON.
pub(super) fn version(json: &str) -> Result<Policy, Vec<Problem>> {
    let unreadable = |e: serde_json::Error| {
        vec![Problem { key: "version".to_owned(), message: format!("cannot be read: {e}") }]
    };
    let kept: KeptVersion = serde_json::from_str(json).map_err(unreadable)?;
    let mut workshop = Workshop::default();
    let (calendar, ladder) = (kept.policy.calendar.clone(), kept.policy.ladder.clone());
    workshop.calendar(calendar, kept.calendar);
    workshop.ladder(ladder, kept.ladder);
    let key = format!("policies.{}", kept.policy.id);
    let policy = workshop.policy(&key, kept.policy, None);
    match policy {
        Some(policy) if workshop.problems.is_empty() => {
            Ok(Policy { version: Commit::hash(json.as_bytes()), ..policy })
        }
        _ => Err(workshop.problems),
    }
}

/// What lies on the table while rules are made.
#[derive(Default)]
struct Workshop {
    problems: Vec<Problem>,
    calendars: BTreeMap<String, (CalendarSettings, Option<Arc<Calendar>>)>,
    ladders: BTreeMap<String, (Vec<RungSettings>, Option<Arc<Ladder>>)>,
    versions: BTreeMap<String, String>,
}

/// What the version of a policy is the hash of. The order of fields is part of the format.
#[derive(Serialize)]
struct Version<'a> {
    calendar: &'a CalendarSettings,
    ladder: &'a [RungSettings],
    policy: &'a PolicySettings,
}

/// The same, read back.
#[derive(Deserialize)]
struct KeptVersion {
    calendar: CalendarSettings,
    ladder: Vec<RungSettings>,
    policy: PolicySettings,
}

impl Workshop {
    fn problem(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { key: key.into(), message: message.into() });
    }

    fn keep<T>(&mut self, result: Result<T, Vec<Problem>>) -> Option<T> {
        result.map_err(|problems| self.problems.extend(problems)).ok()
    }

    fn calendars(&mut self, settings: &RulesSettings) {
        let mut calendars = settings.calendars.clone();
        let office = calendars.entry(OFFICE.to_owned()).or_insert_with(house::office);
        if office.hours.is_empty() {
            // Only the zone or the closed days of the house calendar were said.
            office.hours = house::office_hours();
        }
        if office.zone.is_empty() {
            office.zone = house::office().zone;
        }
        for (name, calendar) in calendars {
            self.calendar(name, calendar);
        }
    }

    fn calendar(&mut self, name: String, settings: CalendarSettings) {
        let key = format!("calendars.{name}");
        let expanded = settings.expanded(&key);
        let sets = settings.holidays.clone();
        let settings = self.keep(expanded).unwrap_or(settings);
        let compiled = self.keep(Calendar::compile(&key, &settings)).map(|calendar| calendar.taking(&sets));
        self.calendars.insert(name, (settings, compiled.map(Arc::new)));
    }

    fn ladders(&mut self, settings: &RulesSettings) {
        let mut ladders = settings.ladders.clone();
        ladders.entry(DEFAULT_LADDER.to_owned()).or_insert_with(Ladder::house);
        for (name, rungs) in ladders {
            self.ladder(name, rungs);
        }
    }

    fn ladder(&mut self, name: String, rungs: Vec<RungSettings>) {
        let compiled = self.keep(Ladder::compile(&format!("ladders.{name}"), &rungs));
        self.ladders.insert(name, (rungs, compiled.map(Arc::new)));
    }

    fn policies(&mut self, settings: &RulesSettings) -> Vec<Policy> {
        let policies = if settings.policies.is_empty() {
            house::policies(house_calendar(settings))
        } else {
            settings.policies.clone()
        };
        let mut seen = BTreeSet::new();
        let mut compiled = Vec::with_capacity(policies.len());
        for (index, policy) in policies.into_iter().enumerate() {
            let named = if policy.id.is_empty() { &policy.preset } else { &policy.id };
            let key = if is_word(named) { format!("policies.{named}") } else { format!("policies[{index}]") };
            let settled = presets::settle(policy, &settings.member_state);
            let settled =
                settled.map_err(|problem| self.problem(format!("{key}.{}", problem.key), problem.message));
            let Ok(policy) = settled else { continue };
            if FALLBACK.contains(&policy.id.as_str()) {
                self.problem(format!("{key}.id"), "is the name of a policy of the house; take another");
            }
            if !seen.insert(policy.id.clone()) {
                self.problem(format!("{key}.id"), "stands twice; ids of policies are unique");
            }
            compiled.extend(self.family(&key, policy));
        }
        compiled
    }

    /// The variants of a policy, then the policy itself.
    fn family(&mut self, key: &str, mut policy: PolicySettings) -> Vec<Policy> {
        let variants = std::mem::take(&mut policy.variants);
        let mut compiled = Vec::with_capacity(variants.len() + 1);
        let mut seen = BTreeSet::new();
        for (index, variant) in variants.into_iter().enumerate() {
            let key = if is_word(&variant.id) {
                format!("{key}.variants.{}", variant.id)
            } else {
                format!("{key}.variants[{index}]")
            };
            if variant.applies_when.is_empty() {
                self.problem(format!("{key}.applies_when"), "is empty; say for which complaints it stands");
            }
            if !seen.insert(variant.id.clone()) {
                self.problem(format!("{key}.id"), "stands twice in this policy");
            }
            compiled.extend(self.policy(&key, varied(&policy, variant), Some(&policy.id)));
        }
        compiled.extend(self.policy(key, policy, None));
        compiled
    }

    fn fallback(&mut self, settings: &RulesSettings) -> Vec<Policy> {
        let policies = house::fallback(house_calendar(settings));
        policies
            .into_iter()
            .filter_map(|policy| self.policy(&format!("policies.{}", policy.id), policy, None))
            .collect()
    }

    fn policy(&mut self, key: &str, settings: PolicySettings, family: Option<&str>) -> Option<Policy> {
        let settings = completed(settings);
        let id = PolicyId::new(settings.id.clone()).ok().filter(|id| id.as_str().len() <= POLICY_ID_MAX);
        if id.is_none() {
            self.problem(
                format!("{key}.id"),
                format!("must be 1 to {POLICY_ID_MAX} characters of A-Z a-z 0-9 - _"),
            );
        }
        let calendar = self.named_calendar(key, &settings.calendar);
        let ladder = self.named_ladder(key, &settings.ladder);
        let applies =
            Matcher::compile(&format!("{key}.applies_when"), &settings.applies_when, Vocabulary::Complaint);
        let applies = self.keep(applies);
        let milestones = self.milestones(key, &settings, calendar.as_deref());
        Some(Policy {
            family: family.and_then(|family| PolicyId::new(family).ok()).or_else(|| id.clone())?,
            id: id?,
            title: settings.title.clone(),
            regulator: settings.regulator,
            version: self.version(&settings)?,
            milestones,
            calendar: calendar?,
            ladder: ladder?,
            applies: applies?,
        })
    }

    fn version(&mut self, settings: &PolicySettings) -> Option<String> {
        let (calendar, _) = self.calendars.get(&settings.calendar)?;
        let (ladder, _) = self.ladders.get(&settings.ladder)?;
        let json = serde_json::to_string(&Version { calendar, ladder, policy: settings })
            .expect("settings are plain data and always become JSON");
        let version = Commit::hash(json.as_bytes());
        self.versions.insert(version.clone(), json);
        Some(version)
    }

    fn named_calendar(&mut self, key: &str, name: &str) -> Option<Arc<Calendar>> {
        if !self.calendars.contains_key(name)
            && let Some(settings) = presets::calendar(name, house::office_hours())
        {
            self.calendar(name.to_owned(), settings);
        }
        if let Some((_, calendar)) = self.calendars.get(name) {
            return calendar.clone();
        }
        let known = self.calendars.keys().cloned().collect::<Vec<_>>().join(", ");
        self.problem(format!("{key}.calendar"), format!("`{name}` is no calendar; calendars are {known}"));
        None
    }

    fn named_ladder(&mut self, key: &str, name: &str) -> Option<Arc<Ladder>> {
        if let Some((_, ladder)) = self.ladders.get(name) {
            return ladder.clone();
        }
        let known = self.ladders.keys().cloned().collect::<Vec<_>>().join(", ");
        self.problem(format!("{key}.ladder"), format!("`{name}` is no ladder; ladders are {known}"));
        None
    }

    fn routes(&mut self, settings: &RulesSettings) -> Routes {
        let mut seen = BTreeSet::new();
        let mut routes = Vec::with_capacity(settings.rules.len());
        for (index, rule) in settings.rules.iter().enumerate() {
            let key =
                if is_word(&rule.id) { format!("rules.{}", rule.id) } else { format!("rules[{index}]") };
            if !is_word(&rule.id) || !seen.insert(rule.id.as_str()) {
                self.problem(
                    format!("{key}.id"),
                    "must be 1 to 64 characters of A-Z a-z 0-9 - _, and unique",
                );
            }
            routes.extend(self.route(&key, rule));
        }
        let fields: BTreeSet<_> = routes.iter().flat_map(|route| route.when.fields()).cloned().collect();
        let defaults = &settings.defaults;
        Routes {
            fields: fields.into_iter().collect(),
            products: products(settings),
            category: self.word("defaults.category", &defaults.category),
            severity: self.severity("defaults.severity", &defaults.severity).unwrap_or(Severity::S3),
            jurisdiction: defaults.jurisdiction.trim().to_owned(),
            team: self.team("defaults.team", &defaults.team).unwrap_or_default(),
            rules: routes,
            lexicon: self.lexicon(&settings.words),
        }
    }

    /// Words of the house's own, of at most a sentence each.
    fn lexicon(&mut self, settings: &WordsSettings) -> Option<Lexicon> {
        let own = [
            ("harm", Finding::Harm, &settings.harm),
            ("dissatisfaction", Finding::Dissatisfaction, &settings.dissatisfaction),
            ("praise", Finding::Praise, &settings.praise),
            ("irony", Finding::Irony, &settings.irony),
        ];
        for (name, _, words) in &own {
            let odd = |word: &&String| word.trim().is_empty() || word.len() > WORD_MAX * 2;
            if words.iter().any(|word| odd(&word)) || words.len() > OWN_WORDS_MAX {
                let message = format!(
                    "must be at most {OWN_WORDS_MAX} words or phrases of 1 to {} bytes",
                    WORD_MAX * 2
                );
                self.problem(format!("words.{name}"), message);
            }
        }
        let own = own.map(|(_, finding, words)| (finding, words.clone()));
        settings.weigh.then(|| Lexicon::new(own.to_vec()))
    }

    fn route(&mut self, key: &str, rule: &RuleSettings) -> Option<Route> {
        let when = Matcher::compile(&format!("{key}.when"), &rule.when, Vocabulary::Contact);
        let when = self.keep(when);
        let at = |what: &str| format!("{key}.{what}");
        let sets = Sets {
            disposition: rule.disposition.as_ref().and_then(|d| self.disposition(&at("disposition"), d)),
            category: rule.category.as_ref().map(|c| self.word(&at("category"), c)),
            product: rule.product.as_ref().map(|p| self.word(&at("product"), p)),
            severity: rule.severity.as_ref().and_then(|s| self.severity(&at("severity"), s)),
            team: rule.team.as_ref().and_then(|t| self.team(&at("team"), t)),
            jurisdiction: rule.jurisdiction.as_ref().map(|j| self.word(&at("jurisdiction"), j)),
            needs: rule.needs.as_ref().map(|needs| self.needs(&at("needs"), needs)),
            opens: rule.opens.as_ref().and_then(|opens| self.opens(&at("opens"), opens)),
        };
        let sets_nothing = rule.disposition.is_none()
            && rule.category.is_none()
            && rule.product.is_none()
            && rule.severity.is_none()
            && rule.team.is_none()
            && rule.jurisdiction.is_none()
            && rule.needs.is_none()
            && rule.opens.is_none();
        if sets_nothing {
            self.problem(key, "sets nothing; give it a disposition, category, product, severity, jurisdiction, needs, team or opens");
        }
        Some(Route { id: rule.id.clone(), when: when?, sets })
    }

    fn disposition(&mut self, key: &str, word: &str) -> Option<Disposition> {
        let found = Disposition::from_token(word);
        if found.is_none() {
            let known = Disposition::ALL.iter().map(|d| d.token()).collect::<Vec<_>>().join(", ");
            self.problem(key, format!("`{word}` is none of {known}"));
        }
        found
    }

    fn opens(&mut self, key: &str, word: &str) -> Option<Opens> {
        let found = Opens::from_token(word);
        if found.is_none() {
            self.problem(key, format!("`{word}` is none of always, with_words, never"));
        }
        found
    }

    fn severity(&mut self, key: &str, word: &str) -> Option<Severity> {
        let found = Severity::from_token(word);
        if found.is_none() {
            self.problem(key, format!("`{word}` is none of S1, S2, S3, S4"));
        }
        found
    }

    fn team(&mut self, key: &str, word: &str) -> Option<TeamId> {
        let found = TeamId::new(word);
        if found.is_err() {
            self.problem(key, "must be 1 to 64 characters of A-Z a-z 0-9 - _");
        }
        found.ok()
    }

    /// Events hold them, so they are words of the settings, never sentences.
    fn needs(&mut self, key: &str, needs: &[String]) -> Vec<String> {
        for need in needs.iter().filter(|need| must_be_a_word(need, "a need").is_err()) {
            self.problem(key, format!("`{need}` is no word of a to z, 0 to 9, - and _"));
        }
        needs.iter().map(|need| need.trim().to_owned()).collect()
    }

    fn word(&mut self, key: &str, word: &str) -> String {
        if word.trim().is_empty() || word.chars().count() > WORD_MAX || word.chars().any(char::is_control) {
            self.problem(key, format!("must be 1 to {WORD_MAX} printable characters"));
        }
        word.trim().to_owned()
    }
}

/// The calendar of the house policies: `office` if the settings name it, else their only calendar.
fn house_calendar(settings: &RulesSettings) -> &str {
    match settings.calendars.keys().next() {
        Some(only) if settings.calendars.len() == 1 => only,
        _ => OFFICE,
    }
}

/// Every default of a policy said aloud, so that its version changes when a default does.
fn completed(mut policy: PolicySettings) -> PolicySettings {
    fill(&mut policy.calendar, OFFICE);
    fill(&mut policy.ladder, DEFAULT_LADDER);
    for milestone in &mut policy.milestones {
        milestone.on_demand |= milestone.id == "review_reply";
        fill(&mut milestone.anchor, if milestone.on_demand { "last_inbound" } else { "received" });
        fill(&mut milestone.end, "end_of_day");
        if milestone.met_by.is_empty() {
            let facts = MetBy::default_of(&milestone.id);
            milestone.met_by = facts.iter().map(|fact| fact.token().to_owned()).collect();
        }
    }
    policy
}

/// A policy with the figures of one of its variants.
fn varied(policy: &PolicySettings, variant: VariantSettings) -> PolicySettings {
    let mut varied = policy.clone();
    varied.id = format!("{}-{}", policy.id, variant.id);
    varied.applies_when.extend(variant.applies_when);
    if variant.only {
        varied.milestones.clear();
    }
    for milestone in variant.milestones {
        match varied.milestones.iter_mut().find(|known| known.id == milestone.id) {
            Some(known) => *known = milestone,
            None => varied.milestones.push(milestone),
        }
    }
    varied
}

fn fill(word: &mut String, default: &str) {
    if word.is_empty() {
        default.clone_into(word);
    }
}

/// Products the settings name without wildcards.
fn products(settings: &RulesSettings) -> BTreeMap<String, String> {
    let set = settings.rules.iter().filter_map(|rule| rule.product.as_ref());
    let tables = settings.rules.iter().map(|rule| &rule.when);
    let tables = tables.chain(settings.policies.iter().map(|policy| &policy.applies_when));
    let matched = tables.flat_map(|table| table.get("product").into_iter().flatten());
    set.chain(matched)
        .filter(|name| !name.contains('*') && !name.starts_with('!'))
        .map(|name| (fold_word(name), name.trim().to_owned()))
        .collect()
}

fn is_word(text: &str) -> bool {
    PolicyId::new(text).is_ok()
}

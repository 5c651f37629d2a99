//! Routing: the first rule that fits decides each thing it sets.

use std::collections::BTreeMap;

use redress_contract::{Disposition, Severity, TeamId};

use super::{Facts, Routed};
use crate::call::Opens;
use crate::command::{Assignment, Classification};
use crate::findings::{Findings, Lexicon, Weighed};
use crate::matcher::{Field, Matcher, fold_text, fold_word};

/// What is recorded as the rule where none decided.
const DEFAULT: &str = "default";
/// Where the words of a post did.
const WORDS: &str = "words";

/// All routing rules, compiled.
#[derive(Debug, Clone)]
pub(super) struct Routes {
    pub(super) rules: Vec<Route>,
    /// The fields some rule looks at: only these are folded.
    pub(super) fields: Vec<Field>,
    /// Products the settings name, by folded name.
    pub(super) products: BTreeMap<String, String>,
    pub(super) category: String,
    pub(super) severity: Severity,
    pub(super) jurisdiction: String,
    pub(super) team: TeamId,
    /// What the words of posts speak for; none where they are not weighed.
    pub(super) lexicon: Option<Lexicon>,
}

/// One rule.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) id: String,
    pub(super) when: Matcher,
    pub(super) sets: Sets,
}

/// What a rule sets.
#[derive(Debug, Clone, Default)]
pub(super) struct Sets {
    pub(super) disposition: Option<Disposition>,
    pub(super) category: Option<String>,
    pub(super) product: Option<String>,
    pub(super) severity: Option<Severity>,
    pub(super) jurisdiction: Option<String>,
    pub(super) needs: Option<Vec<String>>,
    pub(super) team: Option<TeamId>,
    pub(super) opens: Option<Opens>,
}

impl Routes {
    pub(super) fn route(&self, facts: &Facts) -> Routed {
        let mut sets = Sets::default();
        let (mut deciders, mut team_rule) = (Vec::new(), DEFAULT);
        let values = self.fold(facts);
        for route in &self.rules {
            if sets.lacks_none() {
                break;
            }
            if !sets.gains_from(&route.sets) || !route.when.fits(|field| value_of(&values, field)) {
                continue;
            }
            if sets.team.is_none() && route.sets.team.is_some() {
                team_rule = &route.id;
            }
            if sets.classifies_more_with(&route.sets) {
                deciders.push(route.id.as_str());
            }
            sets.fill(&route.sets);
        }
        let rule = if deciders.is_empty() { DEFAULT.to_owned() } else { deciders.join("+") };
        Routed {
            assignment: Assignment {
                team: sets.team.take().unwrap_or_else(|| self.team.clone()),
                handler: None,
                rule: team_rule.to_owned(),
            },
            opens: sets.opens.unwrap_or_default(),
            classification: self.classification(sets, facts, rule),
        }
    }

    fn classification(&self, sets: Sets, facts: &Facts, rule: String) -> Classification {
        let found = self.findings(facts);
        // What a rule sets stands, whatever the words say.
        let disposition = sets.disposition.or(facts.disposition);
        let by_words = disposition.is_none() && found.disposition.is_some()
            || sets.severity.is_none() && found.severity.is_some();
        Classification {
            jurisdiction: sets.jurisdiction.unwrap_or_else(|| self.jurisdiction.clone()),
            needs: sets.needs.unwrap_or_default(),
            evidence: if by_words { found.evidence } else { Vec::new() },
            disposition: disposition.or(found.disposition).unwrap_or(Disposition::Complaint),
            category: sets
                .category
                .or_else(|| facts.category.clone())
                .unwrap_or_else(|| self.category.clone()),
            product: sets.product.or_else(|| self.known_product(facts)).unwrap_or_default(),
            severity: sets.severity.or(found.severity).unwrap_or(self.severity),
            rule: if by_words { with_words(&rule) } else { rule },
        }
    }

    /// Unless they are not to be weighed.
    fn findings(&self, facts: &Facts) -> Findings {
        let lexicon = self.lexicon.as_ref().filter(|_| facts.weigh_words);
        let text = facts.fields.get("text").map_or("", String::as_str);
        lexicon.map(|lexicon| lexicon.weigh(Weighed { text, rating: facts.rating })).unwrap_or_default()
    }

    fn known_product(&self, facts: &Facts) -> Option<String> {
        let stated = facts.fields.get("product").or_else(|| facts.fields.get("form.product"))?;
        self.products.get(&fold_word(stated)).cloned()
    }

    fn fold(&self, facts: &Facts) -> Vec<(&Field, String)> {
        let folded = |field: &Field| {
            let value = facts.fields.get(&field.key()).map_or("", String::as_str);
            if field.is_text() { fold_text(value) } else { fold_word(value) }
        };
        self.fields.iter().map(|field| (field, folded(field))).collect()
    }
}

/// The words of a post decided, alone or beside rules.
fn with_words(rule: &str) -> String {
    if rule == DEFAULT { WORDS.to_owned() } else { format!("{rule}+{WORDS}") }
}

fn value_of<'v>(values: &'v [(&Field, String)], field: &Field) -> &'v str {
    values.iter().find(|(known, _)| *known == field).map_or("", |(_, value)| value)
}

impl Sets {
    fn lacks_none(&self) -> bool {
        self.team.is_some()
            && self.disposition.is_some()
            && self.category.is_some()
            && self.product.is_some()
            && self.severity.is_some()
            && self.jurisdiction.is_some()
            && self.needs.is_some()
            && self.opens.is_some()
    }

    fn gains_from(&self, other: &Self) -> bool {
        self.team.is_none() && other.team.is_some()
            || self.opens.is_none() && other.opens.is_some()
            || self.classifies_more_with(other)
    }

    fn classifies_more_with(&self, other: &Self) -> bool {
        self.disposition.is_none() && other.disposition.is_some()
            || self.category.is_none() && other.category.is_some()
            || self.product.is_none() && other.product.is_some()
            || self.severity.is_none() && other.severity.is_some()
            || self.jurisdiction.is_none() && other.jurisdiction.is_some()
            || self.needs.is_none() && other.needs.is_some()
    }

    fn fill(&mut self, other: &Self) {
        self.disposition = self.disposition.or(other.disposition);
        self.severity = self.severity.or(other.severity);
        self.category = self.category.take().or_else(|| other.category.clone());
        self.product = self.product.take().or_else(|| other.product.clone());
        self.team = self.team.take().or_else(|| other.team.clone());
        self.jurisdiction = self.jurisdiction.take().or_else(|| other.jurisdiction.clone());
        self.opens = self.opens.or(other.opens);
        self.needs = self.needs.take().or_else(|| other.needs.clone());
    }
}

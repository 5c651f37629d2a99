//! How rules are written down: calendars, policies, ladders, routing, teams, outbound guards. Data, checked when compiled.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Everything the rules need, as the settings file says it. Compile with [`crate::Rules::compile`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RulesSettings {
    /// Calendars by name: zone, hours, closures.
    pub calendars: BTreeMap<String, CalendarSettings>,
    /// Policies in order; every one whose `applies_when` fits starts a clock.
    pub policies: Vec<PolicySettings>,
    /// The member state of the European Union whose law applies, as an ISO 3166-1 code; presets of European law need it.
    pub member_state: String,
    /// Ladders by name; `default` is used where a policy names none.
    pub ladders: BTreeMap<String, Vec<RungSettings>>,
    /// Routing rules in order; the first that fits decides each thing it sets.
    pub rules: Vec<RuleSettings>,
    /// What applies when no rule decides.
    pub defaults: DefaultsSettings,
    /// What the words of posts speak for, where no rule decides.
    pub words: WordsSettings,
    /// Limits on a complaint.
    pub limits: LimitsSettings,
}

/// Working time of one place.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CalendarSettings {
    /// IANA time zone.
    pub zone: String,
    /// `mon` … `sun` → intervals `"09:00-12:30"`; a missing day is closed; `"00:00-24:00"` is all day.
    pub hours: BTreeMap<String, Vec<String>>,
    /// Closed days: `2026-12-25 = "Christmas Day"`.
    pub closed: BTreeMap<String, String>,
    /// Sets of public holidays that are closed too: `GB-ENG`, `DE-BY`, `US`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<String>,
    /// Files of closed days (iCalendar, RFC 5545): each all-day event closes its days. The program reads them; these rules
    /// know only what it found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub icalendar: Vec<PathBuf>,
    /// Days that are open although something else closes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
}

/// One policy: what is owed by when.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySettings {
    /// Its name.
    pub id: String,
    /// Calendar it counts in.
    pub calendar: String,
    /// True for clocks that regulators watch: they never pause and rank first in the queue.
    pub regulator: bool,
    /// Field → allowed values or patterns; empty fits everything. See [`crate::matcher`].
    pub applies_when: BTreeMap<String, Vec<String>>,
    /// Its ladder; `default` when empty.
    pub ladder: String,
    /// What is owed.
    pub milestones: Vec<MilestoneSettings>,
    /// The preset it is made from; what is said here stands in place of what the preset says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub preset: String,
    /// Milestones of the preset that ship switched off, and whose figures somebody has checked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub confirmed: Vec<String>,
    /// What it is called.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Other figures for some of its complaints; the first that fits stands in place of the policy itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<VariantSettings>,
}

/// Other figures for some of the complaints of a policy.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VariantSettings {
    /// Its name: its clocks follow `<policy>-<id>`.
    pub id: String,
    /// Which complaints, of those the policy applies to.
    pub applies_when: BTreeMap<String, Vec<String>>,
    /// Milestones in place of those of the same id, or beside them.
    pub milestones: Vec<MilestoneSettings>,
    /// True when nothing but these milestones is owed.
    pub only: bool,
}

/// One milestone of a policy.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MilestoneSettings {
    /// `acknowledge`, `final_response`, `triage`, `review_reply`, `immediate_action`, or a word of your own.
    pub id: String,
    /// `received` (default), `acknowledged`, `became_aware`, `decided`, `closed`, `last_inbound`, `last_outbound`,
    /// `escalation_requested`, or the id of another milestone of the policy.
    pub anchor: String,
    /// One of `elapsed = "PT1H"`, `business_time = "PT4H"`, `business_days = "20"`, `calendar_days`, `weeks`, `months`.
    pub span: BTreeMap<String, String>,
    /// `end_of_day` (default for day spans) or `close_of_business`.
    pub end: String,
    /// What meets it: `acknowledgement_accepted`, `final_response_accepted`, `accepted`, `decided`, `classified`,
    /// `closed`, `any_outbound`. Default follows from the id.
    pub met_by: Vec<String>,
    /// True for milestones that are set only when called for (`review_reply`).
    pub on_demand: bool,
    /// Spans as good as `span`: it is due when the last of them is over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<BTreeMap<String, String>>,
    /// A span it is never due after.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub at_most: BTreeMap<String, String>,
    /// Percents of its time at which people are warned, in place of those of the ladder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warn_at: Vec<u32>,
    /// What a communication must state to meet it: words that its text `Provides`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub must_state: Vec<String>,
    /// Holds during which its time stands still. Never for a regulator's clock.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pause_on: Vec<String>,
    /// True when it is owed again each time it is met ("keep informed").
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recurring: bool,
    /// How it may be put off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionSettings>,
    /// Where its figure comes from: clause, section, page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// How far the source was checked: `text`, `secondary`, `memory`; empty for figures of your own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub checked: String,
}

/// How a milestone may be put off, once.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExtensionSettings {
    /// A span after its first due time. Either this or `total`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by: BTreeMap<String, String>,
    /// A span in place of its own, from the same anchor.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub total: BTreeMap<String, String>,
    /// True when it counts only once a notice of it was taken for delivery to the complainant before the first due
    /// time; true unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<bool>,
    /// What the notice must state: words that its text `Provides`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub must_state: Vec<String>,
}

/// One step of a ladder.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RungSettings {
    /// `"50%"`, `"due"`, `"+1 business_days"`, `"+30m"` (elapsed after due).
    pub at: String,
    /// Roles that are told.
    pub tell: Vec<String>,
}

/// One routing rule.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSettings {
    /// Its name, recorded with what it decided.
    pub id: String,
    /// Field → allowed values or patterns.
    pub when: BTreeMap<String, Vec<String>>,
    /// Disposition it sets.
    pub disposition: Option<String>,
    /// Category it sets.
    pub category: Option<String>,
    /// Product it sets.
    pub product: Option<String>,
    /// Severity it sets (`S1` … `S4`).
    pub severity: Option<String>,
    /// Team it sets.
    pub team: Option<String>,
    /// Jurisdiction it sets.
    pub jurisdiction: Option<String>,
    /// Needs of the party it sets.
    pub needs: Option<Vec<String>>,
    /// Whether a telephone call opens a complaint: `always`, `with_words` (the usual), `never`. A call that nobody answered
    /// opens one with `with_words`, too: somebody must return it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
}

/// What applies when no rule decides.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DefaultsSettings {
    /// Category.
    pub category: String,
    /// Severity.
    pub severity: String,
    /// Team.
    pub team: String,
    /// Whose law applies; empty when it is nowhere said.
    pub jurisdiction: String,
}

impl Default for DefaultsSettings {
    fn default() -> Self {
        Self {
            category: "general".to_owned(),
            severity: "S3".to_owned(),
            team: "complaints".to_owned(),
            jurisdiction: String::new(),
        }
    }
}

/// Words that tell what a post is: praise, a question, a complaint, harm. Those of eight languages are built in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WordsSettings {
    /// Whether they are weighed; otherwise every post is a complaint unless a rule says otherwise.
    pub weigh: bool,
    /// Words and phrases of the house's own that tell of harm: severity S1.
    pub harm: Vec<String>,
    /// That tell of dissatisfaction.
    pub dissatisfaction: Vec<String>,
    /// That tell of praise.
    pub praise: Vec<String>,
    /// With which something is meant otherwise than it is said.
    pub irony: Vec<String>,
}

impl Default for WordsSettings {
    fn default() -> Self {
        let none = Vec::new;
        Self { weigh: true, harm: none(), dissatisfaction: none(), praise: none(), irony: none() }
    }
}

/// Limits on a complaint.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSettings {
    /// Contacts a complaint may hold; then a linked continuation is opened.
    pub contacts_per_complaint: u32,
}

impl Default for LimitsSettings {
    fn default() -> Self {
        Self { contacts_per_complaint: 500 }
    }
}

/// One thing wrong in the settings: the key and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct Problem {
    /// Where: `policies.house.milestones.acknowledge.span`.
    pub key: String,
    /// What, and what it may be.
    pub message: String,
}

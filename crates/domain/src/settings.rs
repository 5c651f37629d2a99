//! How rules are written down: calendars, policies, ladders, routing, teams, outbound guards. Data, checked when compiled.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything the rules need, as the settings file says it. Compile with [`crate::Rules::compile`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RulesSettings {
    /// Calendars by name: zone, hours, closures.
    pub calendars: BTreeMap<String, CalendarSettings>,
    /// Policies in order; every one whose `applies_when` fits starts a clock.
    pub policies: Vec<PolicySettings>,
    /// Ladders by name; `default` is used where a policy names none.
    pub ladders: BTreeMap<String, Vec<RungSettings>>,
    /// Routing rules in order; the first that fits decides each thing it sets.
    pub rules: Vec<RuleSettings>,
    /// What applies when no rule decides.
    pub defaults: DefaultsSettings,
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
}

/// One milestone of a policy.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MilestoneSettings {
    /// `acknowledge`, `final_response`, `triage`, `review_reply`, `immediate_action`, or a word of your own.
    pub id: String,
    /// `received` (default), `last_inbound`, `decided`, `closed`.
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
}

impl Default for DefaultsSettings {
    fn default() -> Self {
        Self { category: "general".to_owned(), severity: "S3".to_owned(), team: "complaints".to_owned() }
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

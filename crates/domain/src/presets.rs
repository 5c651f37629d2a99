//! Policies of regulators and codes, to start from: facts with their source and how far it was checked.
//!
//! Starting points, not legal advice. A milestone whose figure nobody has checked ships switched off until the settings
//! say `confirmed`. The facts stand in `presets/presets.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use redress_contract::Disposition;
use serde::Deserialize;

use crate::settings::{CalendarSettings, PolicySettings, Problem};

/// What a preset says in place of a member state of the European Union.
const EU_MEMBER: &str = "eu-member";

/// The member states of the European Union, as ISO 3166-1 codes.
const MEMBER_STATES: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
    "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Calendars that presets count in, where the settings name none of that name: zone and set of holidays. Monday to Friday,
/// nine to five.
const CALENDARS: [(&str, &str, &str); 9] = [
    ("gb-eng", "Europe/London", "GB-ENG"),
    ("gb-wls", "Europe/London", "GB-WLS"),
    ("us-federal", "America/New_York", "US"),
    ("au", "Australia/Sydney", "AU"),
    ("de", "Europe/Berlin", "DE"),
    ("es", "Europe/Madrid", "ES"),
    ("fr", "Europe/Paris", "FR"),
    ("pl", "Europe/Warsaw", "PL"),
    ("se", "Europe/Stockholm", "SE"),
];

/// A policy to start from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Whose law it is, as an ISO 3166 code; empty when it is nobody's; `eu-member` for the state that the settings name.
    pub jurisdiction: String,
    /// The policy.
    pub policy: PolicySettings,
}

#[derive(Deserialize)]
struct File {
    presets: Vec<Preset>,
}

static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("../presets/presets.toml")).expect("the presets are tested");
    file.presets
});

/// Every preset.
pub fn all() -> &'static [Preset] {
    &PRESETS
}

impl Preset {
    /// Ids of its milestones that ship switched off: nobody has checked their figures.
    pub fn switched_off(&self) -> Vec<&str> {
        let off = self.policy.milestones.iter().filter(|it| it.checked == "memory" || it.source.is_empty());
        off.map(|milestone| milestone.id.as_str()).collect()
    }
}

/// The policy that the settings make of a preset; as it is when it is made from none.
pub(crate) fn settle(settings: PolicySettings, member_state: &str) -> Result<PolicySettings, Problem> {
    if settings.preset.is_empty() {
        return Ok(settings);
    }
    let wrong = |key: &str, message: String| Problem { key: key.to_owned(), message };
    let Some(preset) = all().iter().find(|preset| preset.policy.id == settings.preset) else {
        let known = all().iter().map(|preset| preset.policy.id.as_str()).collect::<Vec<_>>().join(", ");
        return Err(wrong("preset", format!("`{}` is no preset; presets are {known}", settings.preset)));
    };
    let off = preset.switched_off();
    if let Some(unknown) = settings.confirmed.iter().find(|id| !off.contains(&id.as_str())) {
        let message =
            format!("`{unknown}` is no milestone that ships switched off; those are {}", off.join(", "));
        return Err(wrong("confirmed", message));
    }
    let needs_state = preset.policy.calendar == EU_MEMBER || preset.jurisdiction == EU_MEMBER;
    if needs_state && !MEMBER_STATES.contains(&member_state) {
        let message = format!(
            "is the law of a member state: name yours by rules.member_state, one of {}",
            MEMBER_STATES.join(", ")
        );
        return Err(wrong("preset", message));
    }
    let state = |word: &str| if word == EU_MEMBER { member_state.to_owned() } else { word.to_owned() };
    let mut policy = preset.policy.clone();
    policy.calendar = state(&policy.calendar);
    if policy.calendar == member_state {
        policy.calendar = member_state.to_lowercase();
    }
    policy.applies_when.entry("disposition".to_owned()).or_insert_with(|| vec![complaint()]);
    if !preset.jurisdiction.is_empty() {
        policy.applies_when.insert("jurisdiction".to_owned(), vec![state(&preset.jurisdiction)]);
    }
    policy.milestones.retain(|it| !off.contains(&it.id.as_str()) || settings.confirmed.contains(&it.id));
    overlay(&mut policy, settings);
    if policy.milestones.is_empty() {
        let message = "all of its milestones ship switched off, since nobody has checked their figures; name those you have in \
             `confirmed`";
        return Err(wrong("confirmed", message.to_owned()));
    }
    Ok(policy)
}

fn complaint() -> String {
    Disposition::Complaint.token().to_owned()
}

/// What the settings say stands in place of what the preset says.
fn overlay(policy: &mut PolicySettings, said: PolicySettings) {
    let take = |word: &mut String, said: String| {
        if !said.is_empty() {
            *word = said;
        }
    };
    take(&mut policy.id, said.id);
    take(&mut policy.title, said.title);
    take(&mut policy.calendar, said.calendar);
    take(&mut policy.ladder, said.ladder);
    (policy.preset, policy.confirmed) = (said.preset, said.confirmed);
    policy.regulator |= said.regulator;
    if !said.applies_when.is_empty() {
        policy.applies_when = said.applies_when;
    }
    for milestone in said.milestones {
        match policy.milestones.iter_mut().find(|known| known.id == milestone.id) {
            Some(known) => *known = milestone,
            None => policy.milestones.push(milestone),
        }
    }
    for variant in said.variants {
        match policy.variants.iter_mut().find(|known| known.id == variant.id) {
            Some(known) => *known = variant,
            None => policy.variants.push(variant),
        }
    }
}

/// A calendar that presets count in.
pub(crate) fn calendar(name: &str, hours: BTreeMap<String, Vec<String>>) -> Option<CalendarSettings> {
    let (_, zone, holidays) = CALENDARS.iter().find(|(known, ..)| *known == name)?;
    let holidays = vec![(*holidays).to_owned()];
    Some(CalendarSettings { zone: (*zone).to_owned(), hours, holidays, ..CalendarSettings::default() })
}

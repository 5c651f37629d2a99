//! From the words of the settings to the milestones of a policy.

use std::collections::{BTreeMap, BTreeSet};

use redress_contract::{Hold, MilestoneId};

use super::{Workshop, is_word};
use crate::calendar::Calendar;
use crate::deadline::{End, Span, reach};
use crate::rules::milestone::{Anchor, Extension, ExtensionReach, MetBy, PolicyMilestone};
use crate::settings::{ExtensionSettings, MilestoneSettings, PolicySettings};

const WARNINGS_MAX: usize = 20;
const ALTERNATIVES_MAX: usize = 8;
const WORDS_MAX: usize = 40;

/// The policy that a milestone stands in.
#[derive(Clone, Copy)]
struct Home<'a> {
    policy: &'a PolicySettings,
    calendar: Option<&'a Calendar>,
}

impl Workshop {
    pub(super) fn milestones(
        &mut self,
        key: &str,
        policy: &PolicySettings,
        calendar: Option<&Calendar>,
    ) -> Vec<PolicyMilestone> {
        if policy.milestones.is_empty() {
            self.problem(format!("{key}.milestones"), "is empty; a policy owes something");
        }
        let home = Home { policy, calendar };
        let mut seen = BTreeSet::new();
        let mut milestones = Vec::with_capacity(policy.milestones.len());
        for (index, milestone) in policy.milestones.iter().enumerate() {
            let key = if is_word(&milestone.id) {
                format!("{key}.milestones.{}", milestone.id)
            } else {
                format!("{key}.milestones[{index}]")
            };
            if !seen.insert(&milestone.id) {
                self.problem(format!("{key}.id"), "stands twice in this policy");
            }
            milestones.extend(self.milestone(&key, milestone, home));
        }
        self.no_rings(key, &milestones);
        milestones
    }

    fn milestone(
        &mut self,
        key: &str,
        settings: &MilestoneSettings,
        home: Home<'_>,
    ) -> Option<PolicyMilestone> {
        let id = MilestoneId::new(settings.id.clone()).ok();
        if id.is_none() {
            self.problem(format!("{key}.id"), "must be 1 to 64 characters of A-Z a-z 0-9 - _");
        }
        let anchor = self.anchor(key, settings, home.policy);
        if settings.on_demand && settings.id != "review_reply" {
            self.problem(format!("{key}.on_demand"), "is for `review_reply` only; nothing calls for others");
        }
        let end = self.end(key, &settings.end);
        let span = self.span(&format!("{key}.span"), &settings.span, home);
        let alternatives = self.alternatives(key, settings, home);
        let at_most = self.span_if_given(&format!("{key}.at_most"), &settings.at_most, home);
        let met_by = self.met_by(key, settings);
        let (warn_at, pause_on) = (self.warn_at(key, settings), self.pause_on(key, settings, home.policy));
        let must_state = self.must_state(&format!("{key}.must_state"), &settings.must_state);
        let extension = settings.extension.as_ref().map(|extension| self.extension(key, extension, home));
        if settings.recurring && !matches!(settings.anchor.as_str(), "last_inbound" | "last_outbound") {
            self.problem(format!("{key}.recurring"), "needs the anchor last_inbound or last_outbound");
        }
        Some(PolicyMilestone {
            id: id?,
            anchor: anchor?,
            span: span?,
            alternatives,
            at_most,
            end: end?,
            warn_at,
            met_by,
            must_state,
            pause_on,
            recurring: settings.recurring,
            extension: extension.flatten(),
            on_demand: settings.on_demand,
        })
    }

    fn anchor(&mut self, key: &str, settings: &MilestoneSettings, policy: &PolicySettings) -> Option<Anchor> {
        let word = settings.anchor.as_str();
        if let Some(fixed) = Anchor::FIXED.into_iter().find(|anchor| anchor.token() == word) {
            return Some(fixed);
        }
        let other = policy.milestones.iter().find(|other| other.id == word && other.id != settings.id);
        if let Some(id) = other.and_then(|other| MilestoneId::new(other.id.clone()).ok()) {
            return Some(Anchor::Milestone(id));
        }
        let known = Anchor::FIXED.iter().map(Anchor::token).collect::<Vec<_>>().join(", ");
        let message = format!("`{word}` is none of {known}, and no other milestone of this policy");
        self.problem(format!("{key}.anchor"), message);
        None
    }

    /// Milestones that count from each other would never begin.
    fn no_rings(&mut self, key: &str, milestones: &[PolicyMilestone]) {
        for start in milestones {
            let mut at = start;
            for _ in 0..=milestones.len() {
                let Anchor::Milestone(next) = &at.anchor else { break };
                if *next == start.id {
                    let key = format!("{key}.milestones.{}.anchor", start.id);
                    self.problem(key, "comes back to itself: none of these milestones would ever be owed");
                    break;
                }
                let Some(known) = milestones.iter().find(|known| known.id == *next) else { break };
                at = known;
            }
        }
    }

    fn span(&mut self, key: &str, settings: &BTreeMap<String, String>, home: Home<'_>) -> Option<Span> {
        let span = Span::from_settings(settings).map_err(|message| self.problem(key, message)).ok()?;
        if let Some(calendar) = home.calendar
            && !is_reachable(calendar, span)
        {
            self.problem(key, "is not over within 20 years in this calendar");
            return None;
        }
        Some(span)
    }

    fn span_if_given(
        &mut self,
        key: &str,
        settings: &BTreeMap<String, String>,
        home: Home<'_>,
    ) -> Option<Span> {
        if settings.is_empty() { None } else { self.span(key, settings, home) }
    }

    fn alternatives(&mut self, key: &str, settings: &MilestoneSettings, home: Home<'_>) -> Vec<Span> {
        if settings.alternatives.len() > ALTERNATIVES_MAX {
            self.problem(
                format!("{key}.alternatives"),
                format!("holds more than {ALTERNATIVES_MAX} spans; so many alternatives are no deadline"),
            );
            return Vec::new();
        }
        let each = settings.alternatives.iter().enumerate();
        each.filter_map(|(index, span)| self.span(&format!("{key}.alternatives[{index}]"), span, home))
            .collect()
    }

    fn end(&mut self, key: &str, word: &str) -> Option<End> {
        match word {
            "end_of_day" => Some(End::EndOfDay),
            "close_of_business" => Some(End::CloseOfBusiness),
            other => {
                self.problem(
                    format!("{key}.end"),
                    format!("`{other}` is none of end_of_day, close_of_business"),
                );
                None
            }
        }
    }

    fn met_by(&mut self, key: &str, settings: &MilestoneSettings) -> Vec<MetBy> {
        let key = format!("{key}.met_by");
        let known = || MetBy::ALL.map(MetBy::token).join(", ");
        if settings.met_by.is_empty() {
            self.problem(&key, format!("`{}` is met by nothing; say by which of {}", settings.id, known()));
        }
        let mut facts = Vec::with_capacity(settings.met_by.len());
        for word in &settings.met_by {
            match MetBy::ALL.into_iter().find(|fact| fact.token() == word) {
                Some(fact) => facts.push(fact),
                None => self.problem(&key, format!("`{word}` is none of {}", known())),
            }
        }
        facts
    }

    fn warn_at(&mut self, key: &str, settings: &MilestoneSettings) -> Vec<u32> {
        let percents = &settings.warn_at;
        let is_good = percents.len() <= WARNINGS_MAX
            && percents.iter().all(|percent| (1..=99).contains(percent))
            && percents.windows(2).all(|pair| pair[0] < pair[1]);
        if !is_good {
            let message =
                format!("is not 1 to {WARNINGS_MAX} rising percents from 1 to 99, such as [50, 80]");
            self.problem(format!("{key}.warn_at"), message);
        }
        percents.clone()
    }

    fn pause_on(&mut self, key: &str, settings: &MilestoneSettings, policy: &PolicySettings) -> Vec<Hold> {
        let key = format!("{key}.pause_on");
        if policy.regulator && !settings.pause_on.is_empty() {
            self.problem(&key, "stands in a regulator's policy; a regulator's clock never pauses");
        }
        let mut holds = Vec::with_capacity(settings.pause_on.len());
        for word in &settings.pause_on {
            if let Some(hold) = Hold::from_token(word) {
                holds.push(hold);
            } else {
                let known = Hold::ALL.iter().map(|hold| hold.token()).collect::<Vec<_>>().join(", ");
                self.problem(&key, format!("`{word}` is none of {known}"));
            }
        }
        holds
    }

    fn must_state(&mut self, key: &str, words: &[String]) -> Vec<String> {
        let is_good =
            |word: &String| word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        for word in words.iter().filter(|word| word.is_empty() || word.len() > WORDS_MAX || !is_good(word)) {
            self.problem(
                key,
                format!("`{word}` is no word of a to z, 0 to 9 and _, as texts `Provide` them"),
            );
        }
        words.to_vec()
    }

    fn extension(&mut self, key: &str, settings: &ExtensionSettings, home: Home<'_>) -> Option<Extension> {
        let key = format!("{key}.extension");
        let reach = match (settings.by.is_empty(), settings.total.is_empty()) {
            (false, true) => self.span(&format!("{key}.by"), &settings.by, home).map(ExtensionReach::By),
            (true, false) => {
                self.span(&format!("{key}.total"), &settings.total, home).map(ExtensionReach::To)
            }
            _ => {
                self.problem(
                    &key,
                    "needs either `by` (a span after the first due time) or `total` (a span in its place)",
                );
                None
            }
        };
        let must_state = self.must_state(&format!("{key}.must_state"), &settings.must_state);
        Some(Extension { reach: reach?, notice: settings.notice.unwrap_or(true), must_state })
    }
}

/// Weekly hours always come round again; what may swallow a span are its length and the closed days. The probe
/// starts before the first of them.
fn is_reachable(calendar: &Calendar, span: Span) -> bool {
    reach(calendar, span, End::EndOfDay, calendar.probe()).is_some()
}

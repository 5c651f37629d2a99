//! The rules, compiled: handed to every service that decides, so that a complaint is never without a clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use redress_contract::{Channel, Disposition, MilestoneId, PolicyId, Severity};

use crate::calendar::Calendar;
use crate::call::Opens;
use crate::command::{Assignment, Classification};
use crate::deadline::Span;
use crate::settings::{Problem, RulesSettings};
use crate::{Clock, Complaint, Milestone};

mod compile;
mod house;
mod milestone;
mod policy;
mod routing;
mod timing;

pub use milestone::{Anchor, Extension, ExtensionReach, MetBy, PolicyMilestone};
pub use policy::Policy;
pub use timing::{Explained, Timing};

pub(crate) use policy::{PolicyFacts, REVIEW_REPLY};
use routing::Routes;
pub(crate) use timing::day_of_due;

/// Compiled policies, calendars, ladders and routing. Cheap to share behind an `Arc`.
#[derive(Debug, Clone)]
pub struct Rules {
    /// In the order of the settings.
    policies: Vec<Policy>,
    /// Apply where no other policy does: no matter is without a clock.
    fallback: Vec<Policy>,
    routes: Routes,
    contacts_max: u32,
    versions: BTreeMap<String, String>,
    calendars: BTreeMap<String, Arc<Calendar>>,
    /// Policies as they once were, by version: clocks that run keep the one they started with.
    archive: BTreeMap<String, Policy>,
}

/// What is known of a contact when it is routed. Texts may be personal data: they are looked at, never kept.
#[derive(Clone, Default)]
pub struct Facts {
    /// Values by field of the matcher: `channel`, `account`, `subject`, `text`, `language`, `product`,
    /// `sender_domain`, `machine` (`bounce`, `auto_reply`, … or absent), `call_direction`, `call_state`, `queue`,
    /// `platform`, `post_kind`, `visibility`, `rating`, `mentions`,
    /// `form.<name>`.
    pub fields: BTreeMap<String, String>,
    /// The category where no rule sets one, in place of the house's.
    pub category: Option<String>,
    /// Set when the channel found a machine's mail; no rule needed to say so.
    pub disposition: Option<Disposition>,
    /// True for posts: where no rule decides, their words do.
    pub weigh_words: bool,
    /// Stars of a review, of five.
    pub rating: Option<u32>,
}

/// What routing decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// Disposition, category, product, severity and the rules that set them.
    pub classification: Classification,
    /// Team.
    pub assignment: Assignment,
    /// Whether a call opens a complaint.
    pub opens: Opens,
}

impl Rules {
    /// Compiles the settings. Without any calendar or policy the house defaults apply (DESIGN §8): ISO 10002
    /// house target, `triage`, `review_reply`, `immediate_action` for S1, the default ladder.
    ///
    /// # Errors
    /// All problems together, each with its key.
    pub fn compile(settings: &RulesSettings) -> Result<Self, Vec<Problem>> {
        compile::rules(settings)
    }

    /// Which disposition, category, severity and team a contact gets. Each is decided by the first rule that fits and
    /// sets it. A machine's disposition stands unless a rule says otherwise. A product is taken from the contact only
    /// when the settings know it: what a stranger types never reaches an event.
    pub fn route(&self, facts: &Facts) -> Routed {
        self.routes.route(facts)
    }

    /// Every compiled policy with its calendar as canonical JSON, by version hash (for KV `policies`).
    pub fn versions(&self) -> BTreeMap<String, String> {
        self.versions.clone()
    }

    /// The calendars by name.
    pub fn calendars(&self) -> impl Iterator<Item = (&str, &Calendar)> {
        self.calendars.iter().map(|(name, calendar)| (name.as_str(), &**calendar))
    }

    /// A policy as it would be counted in another of these calendars; none when there is no such calendar.
    pub fn counted_in(&self, policy: &Policy, calendar: &str) -> Option<Policy> {
        let calendar = Arc::clone(self.calendars.get(calendar)?);
        Some(Policy { calendar, ..policy.clone() })
    }

    /// How a milestone of a complaint came to be due when it is: the spans that decide, each counted again from what
    /// happened to it until `now`. None when no version of its policy is known.
    pub fn explain(
        &self,
        complaint: &Complaint,
        at: (&Clock, &Milestone),
        now: Timestamp,
    ) -> Option<Explained> {
        let (clock, milestone) = at;
        let policy = self.policy_of(clock)?;
        let known = policy.milestone(&milestone.id)?;
        Some(policy.explain(known, &Timing::of(complaint, milestone, known, now)))
    }

    /// All policies in order, those that apply where no other does last.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter().chain(&self.fallback)
    }

    /// A policy by its id; none when the settings no longer name it.
    pub fn policy(&self, id: &PolicyId) -> Option<&Policy> {
        self.policies().find(|policy| policy.id == *id)
    }

    /// The same rules that also know policies as they once were: versions (SHA-256 in hex) and their canonical JSON, as
    /// [`Self::versions`] gave them and KV `policies` keeps them. A version that cannot be read any more is told, and its
    /// clocks follow the policy of that name that is in force.
    #[must_use]
    pub fn remembering(mut self, versions: &BTreeMap<String, String>) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        for (version, json) in versions {
            if self.versions.contains_key(version) || self.archive.contains_key(version) {
                continue;
            }
            match compile::version(json) {
                Ok(policy) => {
                    self.archive.insert(version.clone(), policy);
                }
                Err(found) => problems.extend(
                    found
                        .into_iter()
                        .map(|problem| Problem { key: format!("{version}: {}", problem.key), ..problem }),
                ),
            }
        }
        (self, problems)
    }

    /// The policy that a clock follows: as it was when the clock started, when that version is known; else as it is.
    pub fn policy_of(&self, clock: &Clock) -> Option<&Policy> {
        let in_force = self.policy(&clock.policy);
        match in_force {
            Some(policy) if policy.version == clock.policy_version => Some(policy),
            other => self.archive.get(&clock.policy_version).or(other),
        }
    }

    /// True for clocks that regulators watch.
    pub fn is_regulator(&self, clock: &Clock) -> bool {
        self.policy_of(clock).is_some_and(|policy| policy.regulator)
    }

    pub(crate) fn policy_or_fallback(&self, clock: &Clock) -> &Policy {
        self.policy_of(clock).unwrap_or(&self.fallback[0])
    }

    /// Contacts a complaint may hold.
    pub fn contacts_per_complaint(&self) -> u32 {
        self.contacts_max
    }

    /// What is owed to whoever complains on a channel, before anything is known of their complaint: each milestone that
    /// counts from its receipt, with the span that is over first for a complaint received `now`.
    pub fn promises(&self, channel: Channel, account: &str, now: Timestamp) -> Vec<(MilestoneId, Span)> {
        let fields = [("channel", channel.token()), ("account", account)];
        let fields = fields.map(|(field, value)| (field.to_owned(), value.to_owned())).into();
        let routed = self.route(&Facts { fields, ..Facts::default() });
        let mut promises: Vec<(MilestoneId, Span, Timestamp)> = Vec::new();
        for policy in self.applying(&PolicyFacts::expected(channel, account, &routed.classification)) {
            for milestone in policy.milestones.iter().filter(|milestone| milestone.is_owed_at_once()) {
                let due_at = policy.due_at(milestone, &Timing::from(now, Severity::Unspecified));
                match promises.iter_mut().find(|(id, ..)| *id == milestone.id) {
                    Some(known) if due_at < known.2 => (known.1, known.2) = (milestone.span, due_at),
                    Some(_) => {}
                    None => promises.push((milestone.id.clone(), milestone.span, due_at)),
                }
            }
        }
        promises.sort_by_key(|(.., due_at)| *due_at);
        promises.into_iter().map(|(id, span, _)| (id, span)).collect()
    }

    /// The policies that apply to a complaint as it is.
    pub fn policies_for(&self, complaint: &Complaint) -> Vec<&Policy> {
        self.applying(&PolicyFacts::of(complaint))
    }

    /// The policy under which a reply on a closed complaint is reviewed, with that milestone. There always is one.
    pub(crate) fn reviewing(&self, complaint: &Complaint) -> Option<(&Policy, &PolicyMilestone)> {
        let facts = PolicyFacts::of(complaint);
        let reviews = |policy: &'_ Policy| policy.applies(&facts);
        let own = self.policies.iter().filter(|policy| reviews(policy));
        let policies = own.chain(self.fallback.iter().filter(|policy| reviews(policy)));
        let mut found = policies.filter_map(|policy| Some((policy, policy.review_reply()?)));
        found.next()
    }

    pub(crate) fn applying(&self, facts: &PolicyFacts) -> Vec<&Policy> {
        let fit = |policy: &&Policy| policy.has_initial() && policy.applies(facts);
        let mut applying: Vec<&Policy> = Vec::new();
        for policy in self.policies.iter().filter(fit) {
            if !applying.iter().any(|first| first.family == policy.family) {
                applying.push(policy);
            }
        }
        if applying.is_empty() { self.fallback.iter().find(fit).into_iter().collect() } else { applying }
    }
}

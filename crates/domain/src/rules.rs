//! The rules, compiled: handed to every service that decides, so that a complaint is never without a clock.

use std::collections::BTreeMap;

use redress_contract::Disposition;

use crate::command::{Assignment, Classification};
use crate::settings::{Problem, RulesSettings};

/// Compiled policies, calendars, ladders and routing. Cheap to share behind an `Arc`.
#[derive(Debug, Clone)]
pub struct Rules {
    // filled in by the domain's author; private
}

/// What is known of a contact when it is routed. Texts may be personal data: they are looked at, never kept.
#[derive(Clone, Default)]
pub struct Facts {
    /// Values by field of the matcher: `channel`, `account`, `subject`, `text`, `language`, `product`,
    /// `sender_domain`, `machine` (`bounce`, `auto_reply`, … or absent), `form.<name>`.
    pub fields: BTreeMap<String, String>,
    /// Set when the channel found a machine's mail; no rule needed to say so.
    pub disposition: Option<Disposition>,
}

/// What routing decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// Disposition, category, product, severity and the rules that set them.
    pub classification: Classification,
    /// Team.
    pub assignment: Assignment,
}

impl Rules {
    /// Compiles the settings. Without any calendar or policy the house defaults apply (DESIGN §8): ISO 10002
    /// house target, `triage`, `review_reply`, `immediate_action` for S1, the default ladder.
    ///
    /// # Errors
    /// All problems together, each with its key.
    pub fn compile(settings: &RulesSettings) -> Result<Self, Vec<Problem>> {
        let _ = settings;
        todo!("compile")
    }

    /// Which disposition, category, severity and team a contact gets.
    pub fn route(&self, facts: &Facts) -> Routed {
        let _ = facts;
        todo!("route")
    }

    /// Every compiled policy with its calendar as canonical JSON, by version hash (for KV `policies`).
    pub fn versions(&self) -> BTreeMap<String, String> {
        todo!("versions")
    }
}

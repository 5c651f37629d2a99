//! The rungs of escalation: when each is reached and who is told.

use jiff::Timestamp;
use redress_contract::event::Rung;
use redress_contract::{Recipient, Severity};

use crate::calendar::Calendar;
use crate::deadline::{End, SPAN_KINDS, Span, due_at, shares_pausing};
use crate::pause::Pauses;
use crate::rules::day_of_due;
use crate::settings::{Problem, RungSettings};

const RUNGS_MAX: usize = 20;

/// The rungs of one ladder, checked, in order. Exactly one of them is the deadline itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// Percent and who is told, ascending.
    shares: Vec<(u32, Vec<Recipient>)>,
    due: Vec<Recipient>,
    after: Vec<(Span, Vec<Recipient>)>,
}

/// What a ladder stands against: a span from anchor to due in a calendar.
#[derive(Debug, Clone, Copy)]
pub struct Stretch<'a> {
    /// Where its time is counted.
    pub calendar: &'a Calendar,
    /// How it was stated.
    pub span: Span,
    /// When on their last day spans of days are over.
    pub end: End,
    /// Where it starts.
    pub anchor: Timestamp,
    /// Where it is over.
    pub due: Timestamp,
    /// What of it does not count.
    pub pauses: &'a Pauses,
    /// Percents at which people are warned; empty for those of the ladder.
    pub warn_at: &'a [u32],
}

enum Step {
    Share(u32),
    Due,
    After(Span),
}

impl Ladder {
    /// The ladder of the house: owner, team lead, supervisor; complaints manager at the deadline; then upwards.
    pub fn house() -> Vec<RungSettings> {
        let rung = |at: &str, tell: &[Recipient]| RungSettings {
            at: at.to_owned(),
            tell: tell.iter().map(|role| role.token().to_owned()).collect(),
        };
        vec![
            rung("50%", &[Recipient::Owner]),
            rung("75%", &[Recipient::Owner, Recipient::TeamLead]),
            rung("90%", &[Recipient::Supervisor]),
            rung("due", &[Recipient::ComplaintsManager]),
            rung("+1 business_days", &[Recipient::HeadOfUnit]),
            rung("+3 business_days", &[Recipient::Executive]),
        ]
    }

    /// Checks and compiles a ladder; keys of problems begin with `key`.
    ///
    /// # Errors
    /// Every problem: unreadable or repeated times, unknown roles, nobody to tell.
    pub fn compile(key: &str, settings: &[RungSettings]) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut ladder = Self { shares: Vec::new(), due: Vec::new(), after: Vec::new() };
        if settings.is_empty() || settings.len() > RUNGS_MAX {
            let message = format!("has {} rungs; 1 to {RUNGS_MAX} are allowed", settings.len());
            problems.push(Problem { key: key.to_owned(), message });
        }
        for (index, rung) in settings.iter().take(RUNGS_MAX).enumerate() {
            ladder.add(&format!("{key}[{index}]"), rung, &mut problems);
        }
        ladder.shares.sort_by_key(|(percent, _)| *percent);
        if problems.is_empty() { Ok(ladder) } else { Err(problems) }
    }

    fn add(&mut self, key: &str, settings: &RungSettings, problems: &mut Vec<Problem>) {
        let told = roles(key, &settings.tell, problems);
        let repeated = match step(&settings.at) {
            Ok(Step::Share(percent)) => {
                let repeated = self.shares.iter().any(|(known, _)| *known == percent);
                self.shares.push((percent, told));
                repeated
            }
            Ok(Step::Due) => !std::mem::replace(&mut self.due, told).is_empty(),
            Ok(Step::After(span)) => {
                let repeated = self.after.iter().any(|(known, _)| *known == span);
                self.after.push((span, told));
                repeated
            }
            Err(message) => {
                problems.push(Problem { key: format!("{key}.at"), message });
                false
            }
        };
        if repeated {
            let message = format!("`{}` stands twice in this ladder", settings.at);
            problems.push(Problem { key: format!("{key}.at"), message });
        }
    }

    /// When each rung of a deadline is reached and who is told, first to last.
    pub fn rungs(&self, stretch: &Stretch<'_>, severity: Severity) -> Vec<Rung> {
        let warnings = self.warnings(stretch.warn_at);
        let percents: Vec<u32> = warnings.iter().map(|(percent, _)| *percent).collect();
        let within = (stretch.anchor, stretch.due);
        let times = shares_pausing(stretch.calendar, stretch.span, within, (&percents, stretch.pauses));
        let mut rungs = Vec::with_capacity(warnings.len() + 1 + self.after.len());
        rungs.extend(warnings.into_iter().zip(times).map(|((percent, told), at)| Rung {
            at: at.min(stretch.due),
            percent,
            recipients: told,
        }));
        rungs.push(Rung { at: stretch.due, percent: 100, recipients: self.due.clone() });
        let deadline = rungs.len();
        rungs.extend(self.after.iter().map(|(span, told)| Rung {
            at: after_due(stretch, *span),
            percent: 0,
            recipients: told.clone(),
        }));
        rungs[deadline..].sort_by_key(|rung| rung.at);
        if severity == Severity::S1 {
            start_two_rungs_up(&mut rungs);
        }
        rungs
    }

    /// Percents and who is told: those of the ladder, or these, each telling whom the ladder would have told by then.
    fn warnings(&self, warn_at: &[u32]) -> Vec<(u32, Vec<Recipient>)> {
        if warn_at.is_empty() {
            return self.shares.clone();
        }
        let told = |percent: u32| {
            let by_then = self.shares.iter().rev().find(|(known, _)| *known <= percent);
            let share = by_then.or(self.shares.first());
            share.map_or_else(|| self.due.clone(), |(_, told)| told.clone())
        };
        warn_at.iter().map(|percent| (*percent, told(*percent))).collect()
    }
}

fn after_due(stretch: &Stretch<'_>, span: Span) -> Timestamp {
    let anchor = day_of_due(stretch.due, span);
    due_at(stretch.calendar, span, stretch.end, anchor).max(stretch.due)
}

/// The first two rungs also tell whom the third would.
fn start_two_rungs_up(rungs: &mut [Rung]) {
    let Some((first, rest)) = rungs.split_at_mut_checked(2) else { return };
    let Some(third) = rest.first() else { return };
    for rung in first {
        for role in &third.recipients {
            if !rung.recipients.contains(role) {
                rung.recipients.push(*role);
            }
        }
    }
}

fn step(text: &str) -> Result<Step, String> {
    let text = text.trim();
    if text == "due" {
        return Ok(Step::Due);
    }
    if let Some(percent) = text.strip_suffix('%') {
        return match percent.trim().parse::<u32>() {
            Ok(100) => Ok(Step::Due),
            Ok(percent @ 1..=99) => Ok(Step::Share(percent)),
            _ => Err(format!("`{text}` is no share from 1% to 100%")),
        };
    }
    let Some(later) = text.strip_prefix('+') else {
        return Err(format!("`{text}` is none of \"50%\", \"due\", \"+1 business_days\", \"+30m\""));
    };
    match later.trim().rsplit_once(char::is_whitespace) {
        Some((value, kind)) if SPAN_KINDS.contains(&kind) => Span::parse(kind, value),
        _ => Span::parse("elapsed", later),
    }
    .map(Step::After)
}

fn roles(key: &str, tell: &[String], problems: &mut Vec<Problem>) -> Vec<Recipient> {
    let mut problem = |message| problems.push(Problem { key: format!("{key}.tell"), message });
    if tell.is_empty() {
        problem("tells nobody; name at least one role".to_owned());
    }
    let mut roles = Vec::with_capacity(tell.len());
    for token in tell {
        match Recipient::from_token(token) {
            Some(role) if role != Recipient::Complainant && !roles.contains(&role) => roles.push(role),
            Some(role) if role != Recipient::Complainant => problem(format!("names `{token}` twice")),
            _ => problem(format!("`{token}` is no role; roles are {}", role_tokens())),
        }
    }
    roles
}

fn role_tokens() -> String {
    let staff = Recipient::ALL.iter().filter(|role| **role != Recipient::Complainant);
    staff.map(|role| role.token()).collect::<Vec<_>>().join(", ")
}

//! The rungs of escalation: when each is reached and who is told.

use jiff::{SignedDuration, Timestamp};
use redress_contract::event::Rung;
use redress_contract::{Recipient, Severity};

use crate::calendar::Calendar;
use crate::deadline::{End, SPAN_KINDS, Span, due_at, shares};
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
        let percents: Vec<u32> = self.shares.iter().map(|(percent, _)| *percent).collect();
        let times = shares(stretch.calendar, stretch.span, (stretch.anchor, stretch.due), &percents);
        let mut rungs = Vec::with_capacity(self.shares.len() + 1 + self.after.len());
        rungs.extend(self.shares.iter().zip(times).map(|((percent, told), at)| Rung {
            at: at.min(stretch.due),
            percent: *percent,
            recipients: told.clone(),
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
}

fn after_due(stretch: &Stretch<'_>, span: Span) -> Timestamp {
    // Midnight at the end of a day belongs to that day, so that one business day later is the next one.
    let instant = SignedDuration::from_nanos(1);
    let day = stretch.due.checked_sub(instant).unwrap_or(stretch.due);
    let anchor = if span.is_days() { day } else { stretch.due };
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

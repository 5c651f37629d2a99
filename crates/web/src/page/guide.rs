//! The page that says how to complain (ISO 10002: visibility, accessibility).

use jiff::SignedDuration;
use minijinja::context;
use redress_contract::MilestoneId;
use redress_domain::deadline::Span;

use super::{Pages, steps_ahead, texts};
use crate::progress::owed;
use crate::words::{Language, Words};

/// What is told beside the texts.
#[derive(Debug)]
pub(crate) struct Guide<'a> {
    /// Addresses that take complaints by mail.
    pub(crate) mailboxes: &'a [String],
    /// What is owed within which span.
    pub(crate) promises: &'a [(MilestoneId, Span)],
}

impl Pages {
    /// The page that says how to complain.
    pub(crate) fn guide(&self, language: &'static Language, guide: &Guide<'_>) -> String {
        let (words, texts) = (self.words(language), texts(self.config.first_form(), language));
        let limits = guide.promises.iter().filter_map(|(milestone, span)| {
            Some(context! { what => words.say(owed(milestone)?), within => within(&words, *span) })
        });
        let values = context! {
            languages => self.languages(language, "/how-to-complain"),
            mailboxes => guide.mailboxes.to_vec(),
            other_ways => &texts.other_ways,
            steps => steps_ahead(&words, &texts),
            limits => limits.collect::<Vec<_>>(),
            escalation => &texts.escalation,
        };
        self.render_plain(words, "guide.html", values)
    }
}

/// A span, as people say it.
fn within(words: &Words, span: Span) -> String {
    let say = |name: &str, count: u64| {
        words.say_with(name, &[("count", usize::try_from(count).unwrap_or(usize::MAX))])
    };
    match span {
        Span::Elapsed(time) => match hours(time) {
            Ok(hours) => say("within-hours", hours),
            Err(minutes) => say("within-minutes", minutes),
        },
        Span::BusinessTime(time) => match hours(time) {
            Ok(hours) => say("within-working-hours", hours),
            Err(minutes) => say("within-working-minutes", minutes),
        },
        Span::BusinessDays(days) => say("within-working-days", days.into()),
        Span::CalendarDays(days) => say("within-days", days.into()),
        Span::Weeks(weeks) => say("within-weeks", weeks.into()),
        Span::Months(months) => say("within-months", months.into()),
    }
}

/// Full hours, or else minutes, begun ones not counted.
fn hours(time: SignedDuration) -> Result<u64, u64> {
    let minutes = time.as_mins().unsigned_abs();
    if minutes.is_multiple_of(60) { Ok(minutes / 60) } else { Err(minutes) }
}

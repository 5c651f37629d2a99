//! Which of a mail's words are new, and which are quoted, passed on, or signature: spans over the full text.
//!
//! Nothing is cut. A reader may fold what a span covers, and only when [`Split::foldable`] says that little would be
//! hidden and nothing new stands between quotes: a wrong span then costs a look, never the customer's words.
//! Reading order: `line` (the text as lines with a kind), `marks` and `signs` (what gives a line away), then here.

mod line;
mod marks;
mod signs;

use redress_contract::TextRole;
use redress_contract::contact::TextSpan;

use line::{Kind, Line};

/// Of the words, at most this share may be folded away.
const HIDDEN_PERCENT_MAX: usize = 30;

/// Longest signature below a line of dashes, in lines: more is what somebody wrote.
const SIGNATURE_LINES_MAX: usize = 12;

/// So many new lines after an introduced quote answer it point by point.
const ANSWER_LINES_MIN: usize = 7;

/// A closing formula stands this near the end of the new words, in lines.
const SIGN_OFF_LINES_MAX: usize = 6;

/// More than so many spans say nothing to a reader.
const SPANS_MAX: usize = 200;

/// What was found in a text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Split {
    /// What is not new, in order, not overlapping; what no span covers is new.
    pub(crate) spans: Vec<TextSpan>,
    /// True when a reader may fold quotes, forwarded mails and signatures.
    pub(crate) foldable: bool,
}

/// Looks at a text as `clean::lines` leaves it.
pub(crate) fn split(text: &str) -> Split {
    let mut lines = line::lines(text);
    mark_rest(&mut lines);
    mark_signature(&mut lines);
    mark_quotes(&mut lines);
    mark_sign_off(&mut lines);
    let spans = spans(text, &lines);
    if spans.len() > SPANS_MAX {
        return Split::default();
    }
    Split { foldable: is_foldable(text, &spans, &lines), spans }
}

/// Everything below a separator, a header block, or an introduction without quotes is another mail.
fn mark_rest(lines: &mut [Line<'_>]) {
    let Some(first) = lines.iter().position(is_new) else { return };
    let found = (0..lines.len()).find_map(|at| {
        let rest = lines.get(at..)?;
        let role = match rest.first()?.kind {
            Kind::Forward => TextRole::Forwarded,
            // Without words above it, it may as well stand above the answer.
            _ if at <= first => return None,
            Kind::Separator => TextRole::Quoted,
            Kind::Header if headers(rest) >= 3 => TextRole::Quoted,
            Kind::Intro if !rest.iter().any(|line| line.kind == Kind::Quote) => TextRole::Quoted,
            _ => return None,
        };
        Some((at, role))
    });
    let Some((at, role)) = found else { return };
    // A mail passed on without a word: what was passed on is all it says, so only the copied header is marked.
    let whole = at > first;
    let header = lines.iter().skip(at + 1).position(|line| line.kind == Kind::Empty).map_or(0, |end| end + 1);
    let end = if whole { lines.len() } else { at + header };
    for line in lines.iter_mut().take(end).skip(at) {
        line.role = Some(role);
    }
}

/// Header lines in a row; a folded one may take a second line.
fn headers(lines: &[Line<'_>]) -> usize {
    let (mut count, mut folds) = (0, 0);
    for line in lines {
        match line.kind {
            Kind::Header => (count, folds) = (count + 1, 0),
            Kind::Empty | Kind::Text if folds == 0 => folds = 1,
            _ => break,
        }
    }
    count
}

/// Below a line of dashes stands a signature, if it is short; lines that a phone adds are one wherever they stand.
fn mark_signature(lines: &mut [Line<'_>]) {
    for line in lines.iter_mut().filter(|line| line.kind == Kind::Device && line.role.is_none()) {
        line.role = Some(TextRole::Signature);
    }
    let Some(first) = lines.iter().position(is_new) else { return };
    let Some(dashes) = lines.iter().position(|line| line.kind == Kind::Dashes && line.role.is_none()) else {
        return;
    };
    let end = lines
        .iter()
        .skip(dashes)
        .position(|line| {
            matches!(line.kind, Kind::Quote | Kind::Intro) || line.role.is_some_and(is_other_mail)
        })
        .map_or(lines.len(), |after| dashes + after);
    let Some(below) = lines.get_mut(dashes..end).filter(|_| dashes > first) else { return };
    let words = below.iter().filter(|line| !matches!(line.kind, Kind::Empty | Kind::Dashes)).count();
    if words <= SIGNATURE_LINES_MAX {
        for line in below {
            line.role = Some(TextRole::Signature);
        }
    }
}

/// Blocks of quoted lines, with the line that introduces them.
fn mark_quotes(lines: &mut [Line<'_>]) {
    let mut at = 0;
    while at < lines.len() {
        let is_start =
            |line: &Line<'_>| line.role.is_none() && matches!(line.kind, Kind::Quote | Kind::Intro);
        let Some(start) = lines.iter().skip(at).position(is_start).map(|next| at + next) else { return };
        let end = block_end(lines, start);
        let before = lines.iter().take(start).any(is_new);
        let after = lines.iter().skip(end).filter(|line| is_new(line)).count();
        let block = lines.get_mut(start..end).unwrap_or_default();
        let introduced = block.first().is_some_and(|line| line.kind == Kind::Intro);
        let answered = before && after >= if introduced { ANSWER_LINES_MIN } else { 1 };
        for line in block {
            let is_quote = line.kind == Kind::Quote;
            line.role = Some(if answered && is_quote { TextRole::Answered } else { TextRole::Quoted });
        }
        at = end;
    }
}

/// Where a block that starts here ends: blank lines between quoted ones belong to it, and one unquoted line that an
/// over-long quoted one was broken into.
fn block_end(lines: &[Line<'_>], start: usize) -> usize {
    let mut end = start + 1;
    let quoted = |at: usize| {
        lines
            .get(at)
            .is_some_and(|line| line.role.is_none() && matches!(line.kind, Kind::Quote | Kind::Intro))
    };
    loop {
        while quoted(end) {
            end += 1;
        }
        let mut next = end;
        while lines.get(next).is_some_and(|line| line.kind == Kind::Empty) {
            next += 1;
        }
        let broken = next == end && end > start + 1 && quoted(end + 1) && lines.get(end).is_some_and(is_new);
        if broken {
            end += 1;
        } else if next > end && quoted(next) {
            end = next;
        } else {
            return end;
        }
    }
}

/// `Kind regards` and what stands below it, at the end of the new words.
fn mark_sign_off(lines: &mut [Line<'_>]) {
    let new: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| is_new(line)).map(|(at, _)| at).collect();
    let tail = new.len().saturating_sub(SIGN_OFF_LINES_MAX).max(1);
    let formula = new.iter().skip(tail).rev().find(|at| {
        lines.get(**at).is_some_and(|line| signs::is_closing(line.text(), new.last() == Some(*at)))
    });
    let Some(formula) = formula.copied() else { return };
    let short = |line: &&Line<'_>| line.text().chars().count() <= 60;
    if !lines.iter().skip(formula).filter(|line| is_new(line)).all(|line| short(&line)) {
        return;
    }
    let last = new.last().copied().unwrap_or(formula);
    for line in lines.iter_mut().take(last + 1).skip(formula).filter(|line| line.role.is_none()) {
        line.role = Some(TextRole::SignOff);
    }
}

fn is_new(line: &Line<'_>) -> bool {
    line.role.is_none() && matches!(line.kind, Kind::Text | Kind::Header)
}

fn is_other_mail(role: TextRole) -> bool {
    matches!(role, TextRole::Quoted | TextRole::Answered | TextRole::Forwarded)
}

/// Marked lines joined to spans; blank lines at the edges of a span stay outside.
fn spans(text: &str, lines: &[Line<'_>]) -> Vec<TextSpan> {
    let mut spans: Vec<TextSpan> = Vec::new();
    let mut gap = false;
    for line in lines {
        let Some(role) = line.role else {
            // A blank line inside a run of one role does not end it.
            gap |= line.kind != Kind::Empty;
            continue;
        };
        if line.kind == Kind::Empty {
            continue;
        }
        let (start, end) = (place(line.start), place(line.start + line.text().len()));
        match spans.last_mut() {
            Some(last) if last.role == role && !gap => last.end_byte = end,
            _ => spans.push(TextSpan { role, start_byte: start, end_byte: end }),
        }
        gap = false;
    }
    debug_assert!(
        spans.iter().all(|span| text.get(span.start_byte as usize..span.end_byte as usize).is_some())
    );
    spans
}

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn is_foldable(text: &str, spans: &[TextSpan], lines: &[Line<'_>]) -> bool {
    let folds = |role: TextRole| matches!(role, TextRole::Quoted | TextRole::Forwarded | TextRole::Signature);
    let hidden: usize = spans
        .iter()
        .filter(|span| folds(span.role))
        .map(|span| (span.end_byte - span.start_byte) as usize)
        .sum();
    let quotes: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.role.is_some_and(is_other_mail))
        .map(|(at, _)| at)
        .collect();
    let (first, last) = (quotes.first().copied().unwrap_or(0), quotes.last().copied().unwrap_or(0));
    let between = lines.iter().take(last).skip(first).any(is_new);
    hidden > 0 && hidden * 100 <= text.len() * HIDDEN_PERCENT_MAX && !between && lines.iter().any(is_new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(text: &str) -> Vec<(TextRole, &str)> {
        let split = split(text);
        split.spans.iter().map(|s| (s.role, &text[s.start_byte as usize..s.end_byte as usize])).collect()
    }

    #[test]
    fn an_answer_above_a_quote() {
        let text = "It is still broken.\n\nOn 3 May 2024 at 10:12, Help <help@example.org> wrote:\n> Try again.\n> Help";
        let quote = "On 3 May 2024 at 10:12, Help <help@example.org> wrote:\n> Try again.\n> Help";
        assert_eq!(roles(text), [(TextRole::Quoted, quote)]);
        assert!(!split(text).foldable, "more than a third would be hidden");
        assert!(split(&format!("{}\n{text}", "The kettle leaks. ".repeat(30))).foldable);
    }

    #[test]
    fn an_introduction_may_break_over_lines_and_speak_any_language() {
        for intro in [
            "Am 3. Mai 2024 um 10:12 schrieb Hilfe\n<hilfe@example.org>:",
            "Le ven. 3 mai 2024 à 10:12, Aide <aide@example.org> a\nécrit :",
            "El 3/5/2024 10:12, Ayuda escribió:",
            "W dniu 3.05.2024 o 10:12, Pomoc pisze:",
            "3 мая 2024 г. 10:12 пользователь \"Помощь\" <help@example.org> написал:",
            "在 2024年5月3日，上午10:12，Help <help@example.org> 写道：",
            "2024-05-03 10:12 GMT+02:00 Help <help@example.org>:",
        ] {
            let text = format!("Nein.\n\n{intro}\n\n> Fertig?");
            assert_eq!(roles(&text), [(TextRole::Quoted, &text["Nein.\n\n".len()..])], "{intro}");
        }
    }

    #[test]
    fn words_between_quotes_are_answers() {
        let text = "> Is it red?\nNo.\n> Is it blue?\nYes, it is.";
        assert_eq!(roles(text), [(TextRole::Quoted, "> Is it red?"), (TextRole::Answered, "> Is it blue?")]);
        assert!(!split(text).foldable);
    }

    #[test]
    fn what_a_customer_says_about_sending_is_no_signature() {
        for text in [
            "Please help.\nSent by courier on Monday, it never came.",
            "Please help.\nFrom my point of view you owe me money.",
            "On Monday I called, and your agent wrote:\nI got nothing since.",
            "Order list:\n- one\n- two\nSubject to your terms: none.",
        ] {
            assert_eq!(roles(text), [], "{text}");
        }
    }

    #[test]
    fn a_long_text_below_dashes_is_no_signature() {
        let text = format!("First part.\n-----\n{}", "And then it broke again.\n".repeat(20));
        assert_eq!(roles(&text), []);
        assert_eq!(roles("Broken.\n--\nAnn\n0123"), [(TextRole::Signature, "--\nAnn\n0123")]);
    }

    #[test]
    fn closings_are_told_and_never_folded() {
        let text = "The kettle broke.\n\nKind regards\nAnn Example";
        assert_eq!(roles(text), [(TextRole::SignOff, "Kind regards\nAnn Example")]);
        assert!(!split(text).foldable);
    }

    #[test]
    fn forwarded_mails_and_header_blocks() {
        let text = "See below.\n\n---------- Forwarded message ---------\nFrom: A <a@example.org>\nDate: now\n\nHello";
        assert_eq!(roles(text), [(TextRole::Forwarded, &text["See below.\n\n".len()..])]);
        let text = "Nein!\n\nVon: A <a@example.org>\nGesendet: heute\nAn: B\nBetreff: Kessel\n\nHallo";
        assert_eq!(roles(text), [(TextRole::Quoted, &text["Nein!\n\n".len()..])]);
    }
}

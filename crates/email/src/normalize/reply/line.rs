//! A text as lines, each with its kind and place. A line that breaks an introduction (`On … wrote:`) over several is
//! one line here, and one that follows words on the same line stands apart.

use redress_contract::TextRole;

use super::{marks, signs};

/// Lines looked at; nobody reads on to quotes below that.
const LINES_MAX: usize = 5000;

/// Lines that one introduction may be broken into.
const INTRO_LINES_MAX: usize = 6;

/// What a line is by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing but blanks.
    Empty,
    /// Words.
    Text,
    /// `> words`.
    Quote,
    /// `On … Ann wrote:`.
    Intro,
    /// `-----Original Message-----`.
    Separator,
    /// `---------- Forwarded message ---------`.
    Forward,
    /// `From: …`, as mail programs copy it into the text.
    Header,
    /// `-- `, above a signature.
    Dashes,
    /// `Sent from my phone`.
    Device,
}

/// One line, or several that say one thing.
#[derive(Debug)]
pub(super) struct Line<'t> {
    pub(super) start: usize,
    pub(super) kind: Kind,
    pub(super) role: Option<TextRole>,
    text: &'t str,
}

impl<'t> Line<'t> {
    /// Its words, without the line feed.
    pub(super) fn text(&self) -> &'t str {
        self.text
    }
}

/// The lines of a text.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    while start < text.len() && lines.len() < LINES_MAX {
        let rest = text.get(start..).unwrap_or_default();
        let first = rest.split('\n').next().unwrap_or_default();
        let inside = marks::intro_inside(first).filter(|_| next_is_quote(rest, first));
        if let Some(length) = intro(rest, first).filter(|_| inside.is_none()) {
            push(&mut lines, rest, (start, length), Kind::Intro);
            start += length + 1;
            continue;
        }
        if let Some(at) = inside {
            let words = first.get(..at).unwrap_or_default().trim_end_matches(['-', ' ']);
            push(&mut lines, rest, (start, words.len()), Kind::Text);
            let at = words.len();
            push(&mut lines, rest.get(at..).unwrap_or_default(), (start + at, first.len() - at), Kind::Intro);
        } else {
            push(&mut lines, rest, (start, first.len()), kind(first));
        }
        start += first.len() + 1;
    }
    lines
}

fn push<'t>(lines: &mut Vec<Line<'t>>, rest: &'t str, (start, length): (usize, usize), kind: Kind) {
    lines.push(Line { start, kind, role: None, text: rest.get(..length).unwrap_or_default() });
}

fn kind(line: &str) -> Kind {
    let words = line.trim();
    if words.is_empty() {
        Kind::Empty
    } else if words.starts_with('>') {
        Kind::Quote
    } else if marks::is_forward(words) {
        Kind::Forward
    } else if marks::is_separator(words) {
        Kind::Separator
    } else if signs::is_dashes(words) {
        Kind::Dashes
    } else if signs::is_device(words) {
        Kind::Device
    } else if marks::is_header(words) {
        Kind::Header
    } else {
        Kind::Text
    }
}

/// The bytes of the introduction that a text begins with.
fn intro(rest: &str, first: &str) -> Option<usize> {
    if !marks::may_begin_intro(first) {
        return None;
    }
    let mut length = 0;
    for (count, line) in rest.split('\n').take(INTRO_LINES_MAX).enumerate() {
        let so_far = rest.get(..length).unwrap_or_default();
        if count > 0 && !continues(so_far, line.trim()) {
            return None;
        }
        length += line.len() + usize::from(count > 0);
        let whole = rest.get(..length)?;
        match marks::intro(whole) {
            marks::Intro::Sure => return Some(length),
            marks::Intro::BeforeQuote if next_is_quote(rest, whole) => return Some(length),
            _ => {}
        }
    }
    None
}

/// True when a line may go on with an introduction that was broken off.
fn continues(so_far: &str, line: &str) -> bool {
    let open = so_far.matches('<').count() > so_far.matches('>').count();
    if line.starts_with('>') {
        return open;
    }
    marks::may_go_on(so_far)
        && (!line.is_empty() || !so_far.ends_with('\n'))
        && line.len() <= 200
        && (!so_far.ends_with('\n') || line.starts_with('<'))
}

/// True when the next line that is not blank is quoted.
fn next_is_quote(rest: &str, line: &str) -> bool {
    let after = rest.get(line.len()..).unwrap_or_default();
    after.lines().map(str::trim).find(|line| !line.is_empty()).is_some_and(|line| line.starts_with('>'))
}

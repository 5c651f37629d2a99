//! One allowed value of a field: nothing, a word, a word with wildcards, or a phrase somewhere in a text.

/// How much of a text is looked at.
pub const TEXT_MAX_BYTES: usize = 64 * 1024;

const PATTERN_MAX_BYTES: usize = 200;

/// A compiled pattern. Values are folded with [`fold_word`] or [`fold_text`] before they are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Nothing may stand there.
    Absent,
    /// Exactly this.
    Exact(String),
    /// This, with wildcards.
    Glob(Glob),
    /// These words side by side, with a space before, between and after.
    Phrase(String),
    /// These words side by side, some with wildcards.
    GlobPhrase(Vec<Glob>),
}

/// What stands between the wildcards. One part more than there are wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob(Vec<String>);

impl Pattern {
    /// Reads a pattern for a text or for any other field.
    pub(crate) fn compile(text: &str, is_text: bool) -> Result<Self, String> {
        let trimmed = text.trim();
        if trimmed == "!" {
            return Ok(Self::Absent);
        }
        if trimmed.is_empty() {
            return Err("a pattern is empty; `!` stands for nothing there".to_owned());
        }
        if trimmed.len() > PATTERN_MAX_BYTES {
            return Err(format!("a pattern is longer than {PATTERN_MAX_BYTES} bytes"));
        }
        if trimmed.starts_with('!') {
            return Err(format!("`{trimmed}`: only `!` alone has a meaning, nothing there"));
        }
        if is_text { Self::phrase(trimmed) } else { Ok(Self::word(trimmed)) }
    }

    /// True when the folded value fits.
    pub(crate) fn fits(&self, value: &str) -> bool {
        match self {
            Self::Absent => value.trim().is_empty(),
            Self::Exact(word) => word == value,
            Self::Glob(glob) => glob.fits(value),
            Self::Phrase(phrase) => value.contains(phrase.as_str()),
            Self::GlobPhrase(globs) => phrase_fits(globs, value),
        }
    }

    fn word(text: &str) -> Self {
        let folded = fold_word(text);
        if folded.contains('*') { Self::Glob(Glob::new(&folded)) } else { Self::Exact(folded) }
    }

    fn phrase(text: &str) -> Result<Self, String> {
        let folded = fold(text, |c| c.is_alphanumeric() || c == '*');
        if !folded.chars().any(char::is_alphanumeric) {
            return Err(format!("`{text}` holds no word to look for"));
        }
        if folded.contains('*') {
            Ok(Self::GlobPhrase(folded.split_ascii_whitespace().map(Glob::new).collect()))
        } else {
            Ok(Self::Phrase(folded))
        }
    }
}

impl Glob {
    fn new(folded: &str) -> Self {
        Self(folded.split('*').map(str::to_owned).collect())
    }

    fn fits(&self, value: &str) -> bool {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else { return false };
        if self.0.len() == 1 {
            return first == value;
        }
        // The leftmost place for each inner part leaves the most room for the next: no backtracking.
        let Some(mut rest) = value.strip_prefix(first.as_str()) else { return false };
        for part in &self.0[1..self.0.len() - 1] {
            let Some(at) = rest.find(part.as_str()) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last.as_str())
    }
}

fn phrase_fits(globs: &[Glob], text: &str) -> bool {
    let mut from = text.split_ascii_whitespace();
    loop {
        let mut words = from.clone();
        if globs.iter().all(|glob| words.next().is_some_and(|word| glob.fits(word))) {
            return true;
        }
        if from.next().is_none() {
            return false;
        }
    }
}

/// The comparable form of a short value.
pub(crate) fn fold_word(value: &str) -> String {
    head(value.trim()).to_lowercase()
}

/// The comparable form of a text: its words in lower case, each with a space before and after.
pub(crate) fn fold_text(text: &str) -> String {
    fold(head(text), char::is_alphanumeric)
}

fn fold(text: &str, keeps: impl Fn(char) -> bool) -> String {
    let mut folded = String::with_capacity(text.len() + 2);
    folded.push(' ');
    for c in text.chars() {
        if c.is_ascii() && keeps(c) {
            folded.push(c.to_ascii_lowercase());
        } else if keeps(c) {
            folded.extend(c.to_lowercase().filter(|c| keeps(*c)));
        } else if !folded.ends_with(' ') {
            folded.push(' ');
        }
    }
    if !folded.ends_with(' ') {
        folded.push(' ');
    }
    folded
}

fn head(text: &str) -> &str {
    let mut end = text.len().min(TEXT_MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

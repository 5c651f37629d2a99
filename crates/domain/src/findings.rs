//! What the words of a post speak for: dissatisfaction, harm, praise, a question. Pure.
//!
//! Mentions hold praise, questions and noise beside complaints. Taking a complaint for praise is the fault that matters here:
//! so anything unclear, mixed or ironic is left to be what it is without this, a complaint. What was found is told by its
//! place in the text, never in words.

mod words;

use std::collections::HashMap;
use std::sync::LazyLock;

use redress_contract::event::Evidence;
use redress_contract::{Disposition, Severity};

use crate::matcher::fold_word;
use words::{ALL, SIGNS_OF_DISSATISFACTION, SIGNS_OF_IRONY, SIGNS_OF_PRAISE, Words};

/// More of a text is not looked at: what is so long is no passing remark.
const BYTES_MAX: usize = 64 * 1024;
/// Longer than this, words that please do not make it praise: it is a story, which somebody reads.
const WORDS_OF_PRAISE_MAX: usize = 80;
/// Places that are told at most.
const EVIDENCE_MAX: usize = 20;
/// Words between a negation and what it turns.
const NEGATION_REACH: usize = 3;

/// What a post is weighed by.
#[derive(Clone, Copy, Default)]
pub struct Weighed<'a> {
    /// Its words.
    pub text: &'a str,
    /// Stars of five.
    pub rating: Option<u32>,
}

/// Words of the house's own, beside those that are built in.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    own: Vec<(Finding, Vec<String>)>,
}

/// What was found, and what it speaks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What it is; none where it is unclear.
    pub disposition: Option<Disposition>,
    /// How much harm; none where none was found.
    pub severity: Option<Severity>,
    /// Where in the text that stands which decided.
    pub evidence: Vec<Evidence>,
}

/// What a place in a text speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// Harm to people, the law, a breach of data.
    Harm,
    /// Something is not as it should be.
    Dissatisfaction,
    /// Somebody is pleased.
    Praise,
    /// Somebody wants to know.
    Question,
    /// What was said is taken back.
    Contrast,
    /// The contrary is meant.
    Irony,
    /// A word that says the contrary of what is near.
    Negation,
    /// Words that look like a complaint and are none.
    Harmless,
}

impl Finding {
    /// The word in evidence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Harm => "harm",
            Self::Dissatisfaction => "dissatisfaction",
            Self::Praise => "praise",
            Self::Question => "question",
            Self::Contrast => "contrast",
            Self::Irony => "irony",
            Self::Negation => "negation",
            Self::Harmless => "harmless",
        }
    }
}

impl Lexicon {
    /// Words and phrases of the house's own.
    pub fn new(own: Vec<(Finding, Vec<String>)>) -> Self {
        Self { own }
    }

    /// Weighs a post.
    pub fn weigh(&self, post: Weighed<'_>) -> Findings {
        let text = &post.text[..post.text.floor_char_boundary(BYTES_MAX)];
        let tokens = tokens(text);
        let found = self.find(text, &tokens);
        let spans = |wanted: Finding| {
            let places = found.iter().filter(move |place| place.finding == wanted).take(EVIDENCE_MAX);
            places.map(|place| place.evidence(&tokens)).collect::<Vec<_>>()
        };
        let any = |wanted: Finding| found.iter().any(|place| place.finding == wanted);
        let told = |disposition, severity, by| Findings {
            disposition: Some(disposition),
            severity,
            evidence: spans(by),
        };
        if any(Finding::Harm) {
            return told(Disposition::Complaint, Some(Severity::S1), Finding::Harm);
        }
        if any(Finding::Dissatisfaction) {
            return told(Disposition::Complaint, None, Finding::Dissatisfaction);
        }
        if any(Finding::Irony) || any(Finding::Contrast) || post.rating.is_some_and(|stars| stars <= 3) {
            return Findings::default();
        }
        let is_question = any(Finding::Question);
        let is_short = tokens.len() <= WORDS_OF_PRAISE_MAX;
        if any(Finding::Praise) && !is_question && is_short
            || post.rating.is_some_and(|stars| stars >= 4) && is_short
        {
            return told(Disposition::Compliment, None, Finding::Praise);
        }
        if is_question && is_short {
            return told(Disposition::Enquiry, None, Finding::Question);
        }
        Findings::default()
    }

    /// All places, negation taken into account.
    fn find(&self, text: &str, tokens: &[Token]) -> Vec<Place> {
        let mut places = signs(text);
        let mut phrases = Vec::new();
        for at in 0..tokens.len() {
            phrases.extend(longest(&BUILT_IN, tokens, at));
            for (finding, own) in &self.own {
                phrases.extend(
                    own.iter().filter_map(|phrase| phrase_at(&words_of(phrase), tokens, at, *finding)),
                );
            }
        }
        let covered: Vec<Place> = phrases.iter().filter(|it| is_whole(it.finding)).copied().collect();
        let inside = |place: &Place| covered.iter().any(|whole| whole.covers(place) && whole != place);
        phrases.retain(|place| !inside(place));
        let negations: Vec<Place> =
            phrases.iter().filter(|it| it.finding == Finding::Negation).copied().collect();
        for place in &mut phrases {
            let is_negated = |negation: &Place| negation.turns(place, tokens);
            if place.finding == Finding::Praise && negations.iter().any(is_negated) {
                place.finding = Finding::Dissatisfaction;
            }
        }
        // Languages share words.
        phrases.sort_by_key(|place| (place.first, place.last, place.finding));
        phrases.dedup();
        places.extend(phrases);
        places.extend(questions(text, tokens));
        places
    }
}

/// Phrases that are judged as a whole: what stands inside one is not judged by itself.
fn is_whole(finding: Finding) -> bool {
    matches!(finding, Finding::Harmless | Finding::Irony)
}

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    folded: String,
    start: usize,
    end: usize,
    /// Which sentence it stands in.
    sentence: usize,
}

/// A place in a text: tokens `first` to `last`, or the bytes of a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    finding: Finding,
    first: usize,
    last: usize,
    bytes: Option<(usize, usize)>,
}

impl Place {
    fn covers(&self, other: &Self) -> bool {
        self.bytes.is_none() && other.bytes.is_none() && self.first <= other.first && other.last <= self.last
    }

    /// True where this negation turns that place: a few words before it, or behind it in the same sentence.
    fn turns(&self, place: &Self, tokens: &[Token]) -> bool {
        let sentence = |at: usize| tokens.get(at).map(|token| token.sentence);
        let before = self.last < place.first && place.first - self.last <= NEGATION_REACH;
        let behind = self.first > place.last && self.first - place.last <= NEGATION_REACH;
        (before || behind) && sentence(self.first) == sentence(place.first)
    }

    fn evidence(&self, tokens: &[Token]) -> Evidence {
        let of_tokens = || {
            let start = tokens.get(self.first).map_or(0, |token| token.start);
            (start, tokens.get(self.last).map_or(start, |token| token.end))
        };
        let (start, end) = self.bytes.unwrap_or_else(of_tokens);
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Evidence { finding: self.finding.word().to_owned(), start_byte: byte(start), end_byte: byte(end) }
    }
}

/// The words of a text, folded, each with its place. An apostrophe belongs to its word.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut start, mut sentence) = (None, 0);
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        let in_word = character.is_alphanumeric() || matches!(character, '\'' | '’' | '-') && start.is_some();
        if in_word {
            start.get_or_insert(at);
            continue;
        }
        if let Some(start) = start.take() {
            let word = text[start..at].trim_end_matches(['\'', '’', '-']);
            tokens.push(Token { folded: fold(word), start, end: start + word.len(), sentence });
        }
        if matches!(character, '.' | '!' | '?' | '\n' | ';' | '…') {
            sentence += 1;
        }
    }
    tokens
}

fn fold(word: &str) -> String {
    fold_word(&word.replace('’', "'"))
}

fn words_of(phrase: &str) -> Vec<String> {
    phrase.split_whitespace().map(fold).collect()
}

/// Phrases by their first word.
type Index = HashMap<String, Vec<(Vec<String>, Finding)>>;

static BUILT_IN: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index::new();
    let mut add = |finding: Finding, phrases: &[&str]| {
        for phrase in phrases {
            let words = words_of(phrase);
            if let Some(first) = words.first() {
                index.entry(first.clone()).or_default().push((words, finding));
            }
        }
    };
    for words in &ALL {
        let Words { harm, dissatisfaction, praise, question: _, negation, contrast, irony, harmless } = words;
        add(Finding::Harm, harm);
        add(Finding::Dissatisfaction, dissatisfaction);
        add(Finding::Praise, praise);
        add(Finding::Negation, negation);
        add(Finding::Contrast, contrast);
        add(Finding::Irony, irony);
        add(Finding::Harmless, harmless);
    }
    index
});

/// Everything that begins with this token. A word that several languages know says all of it: the worst counts.
fn longest(index: &'static Index, tokens: &[Token], at: usize) -> impl Iterator<Item = Place> {
    let known = index.get(&tokens[at].folded).map_or(&[][..], Vec::as_slice);
    let found: Vec<Place> =
        known.iter().filter_map(|(words, finding)| phrase_at(words, tokens, at, *finding)).collect();
    found.into_iter()
}

fn phrase_at(words: &[String], tokens: &[Token], at: usize, finding: Finding) -> Option<Place> {
    let stands = tokens.get(at..at + words.len())?;
    let fits = !words.is_empty() && stands.iter().zip(words).all(|(token, word)| token.folded == *word);
    fits.then(|| Place { finding, first: at, last: at + words.len() - 1, bytes: None })
}

/// Signs that need no language.
fn signs(text: &str) -> Vec<Place> {
    let lists = [
        (Finding::Irony, SIGNS_OF_IRONY),
        (Finding::Dissatisfaction, SIGNS_OF_DISSATISFACTION),
        (Finding::Praise, SIGNS_OF_PRAISE),
    ];
    let mut places = Vec::new();
    for (at, character) in text.char_indices().filter(|(_, character)| !character.is_ascii()) {
        let known = lists.iter().find(|(_, signs)| signs.contains(&character));
        if let Some((finding, _)) = known {
            let bytes = Some((at, at + character.len_utf8()));
            places.push(Place { finding: *finding, first: 0, last: 0, bytes });
        }
    }
    places
}

/// Question marks outside addresses, and first words of questions.
fn questions(text: &str, tokens: &[Token]) -> Vec<Place> {
    let mut places = Vec::new();
    let mut offset = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        if let Some(inside) = word.find(['?', '？', '؟', '¿']).filter(|_| !word.contains("://")) {
            let length = word[inside..].chars().next().map_or(1, char::len_utf8);
            let bytes = Some((offset + inside, offset + inside + length));
            places.push(Place { finding: Finding::Question, first: 0, last: 0, bytes });
        }
        offset += word.len();
    }
    // Without a mark a question is one when it begins like one, behind whom it is addressed to.
    let is_name = |token: &&Token| text[..token.start].ends_with(['@', '#']);
    let begins = tokens.iter().position(|token| !is_name(&token)).unwrap_or(0);
    let opens = |words: &Words| {
        words
            .question
            .iter()
            .find_map(|phrase| phrase_at(&words_of(phrase), tokens, begins, Finding::Question))
    };
    places.extend(ALL.iter().filter_map(opens).take(1));
    places
}

#[cfg(test)]
mod tests;

//! How long a post may be, and how a longer text is told in several. Pure.

use unicode_segmentation::UnicodeSegmentation as _;

/// How a platform counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// Most graphemes (what a reader takes for one character).
    pub(crate) graphemes: usize,
    /// Most bytes of UTF-8.
    pub(crate) bytes: usize,
    /// What an address counts, however long it is; none: as long as it is.
    pub(crate) address: Option<usize>,
}

impl Limit {
    fn fits(&self, text: &str) -> bool {
        text.len() <= self.bytes && self.count(text) <= self.graphemes
    }

    fn count(&self, text: &str) -> usize {
        let Some(address) = self.address else { return text.graphemes(true).count() };
        let one = |word: &str| {
            let is_address = word.starts_with("https://") || word.starts_with("http://");
            if is_address { address } else { word.graphemes(true).count() }
        };
        let mut words = text.split(char::is_whitespace);
        let first = words.next().map_or(0, one);
        words.fold(first, |sum, word| sum + 1 + one(word))
    }
}

/// The text in as few posts as it takes, each beginning with `before` (whom it is said to), cut between words.
pub(crate) fn parts(text: &str, before: &str, limit: Limit) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = before.to_owned();
    let mut is_empty = true;
    for piece in text.trim().split_inclusive(char::is_whitespace) {
        if limit.fits(&format!("{part}{}", piece.trim_end())) {
            part.push_str(piece);
            is_empty = false;
            continue;
        }
        if !is_empty {
            parts.push(part.trim_end().to_owned());
        }
        before.clone_into(&mut part);
        is_empty = true;
        // A word longer than a post is cut where it must be.
        for grapheme in piece.graphemes(true) {
            if !is_empty && !limit.fits(&format!("{part}{grapheme}")) {
                parts.push(std::mem::replace(&mut part, before.to_owned()).trim_end().to_owned());
            }
            part.push_str(grapheme);
            is_empty = false;
        }
    }
    if !is_empty {
        parts.push(part.trim_end().to_owned());
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: Limit = Limit { graphemes: 30, bytes: 300, address: None };

    #[test]
    fn a_text_that_fits_is_one_post() {
        assert_eq!(parts("Thank you.", "@ann ", LIMIT), ["@ann Thank you."]);
        assert_eq!(parts("👩‍👩‍👧".repeat(30).as_str(), "", Limit { bytes: 3_000, ..LIMIT }).len(), 1);
    }

    #[test]
    fn an_address_counts_what_the_platform_says() {
        let text = "See https://kettles.example/a/very/long/way/to/say/it";
        assert_eq!(parts(text, "", Limit { address: Some(23), ..LIMIT }).len(), 1);
        assert!(parts(text, "", LIMIT).len() > 1);
    }

    proptest! {
        #[test]
        fn no_part_is_too_long_and_no_word_is_lost(text in "\\PC{0,200}", before in "(@[a-z]{1,8} )?") {
            let told = parts(&text, &before, LIMIT);
            for part in &told {
                prop_assert!(LIMIT.fits(part), "{part:?}");
                prop_assert!(part.starts_with(before.trim_end()));
            }
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let said: String = told.iter().map(|part| bare(&part[before.trim_end().len()..])).collect();
            prop_assert_eq!(said, bare(&text));
        }
    }
}

//! References: what a person reads out on the phone. `RD-4F7K-2QMX`: Crockford base 32, the last character checks.
//!
//! The check is a weighted sum over the field of 32 elements, one element per character. All eight weights differ
//! and none is zero, so that every single wrong character, every swap of two characters (neighbours or not) and
//! every doubled pair read as another changes the sum: the check character itself stays within the alphabet.

use std::collections::HashSet;

use redress_contract::{ContactId, Reference};

use crate::{Keys, mac};

/// Crockford's alphabet: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of a reference behind `RD`, the check character included.
const LENGTH: usize = 8;

/// What the weighted sum of a reference is. Not zero, so that `RD-0000-0000` is none.
const SUM: u8 = 6;

/// The most references that [`find`] returns: a text that names more is no letter.
pub const FOUND_MAX: usize = 50;

impl Keys {
    /// The `n`-th candidate reference of a contact (n from 0); the first free one is claimed.
    pub fn reference(&self, contact: &ContactId, n: u32) -> Reference {
        let head = mac::half(&self.reference, &[contact.as_str(), &n.to_string()]);
        let mut symbols = [0; LENGTH];
        for (symbol, byte) in symbols.iter_mut().zip(head).take(LENGTH - 1) {
            *symbol = byte & 31;
        }
        symbols[LENGTH - 1] = sum(symbols) ^ SUM;
        written(symbols)
    }
}

/// Reads a reference as a person writes it: any case, O for 0, I or L for 1, blanks or no hyphens, without `RD`.
/// None when the check character does not fit.
pub fn parse(text: &str) -> Option<Reference> {
    let characters: Vec<char> =
        text.chars().map(plain).filter(|c| !is_separator(*c)).take(LENGTH + 3).collect();
    let code =
        if characters.len() == LENGTH + 2 { characters.strip_prefix(&['R', 'D'])? } else { &characters };
    let symbols: Option<Vec<u8>> = code.iter().copied().map(value).collect();
    checked(symbols?.try_into().ok()?)
}

/// All references that stand in a text, in order, each once, at most [`FOUND_MAX`].
pub fn find(text: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut known = HashSet::new();
    let mut before = None;
    let mut rest = text.chars();
    while let Some(first) = rest.next() {
        let starts_word = before.is_none_or(|c: char| !c.is_ascii_alphanumeric());
        before = Some(plain(first));
        if !(starts_word && plain(first) == 'R') {
            continue;
        }
        if let Some(reference) = behind_r(rest.clone())
            && known.insert(reference.clone())
        {
            found.push(reference);
            if found.len() == FOUND_MAX {
                break;
            }
        }
    }
    found
}

/// The reference whose `R` was just read: `D` and two groups of four, each behind at most three separators (a
/// hyphen, a line end and a blank), and then no further letter or digit. Looks at 18 characters at most.
fn behind_r(rest: impl Iterator<Item = char>) -> Option<Reference> {
    let mut rest = rest.map(plain).peekable();
    rest.next_if_eq(&'D')?;
    let mut symbols = [0; LENGTH];
    for group in symbols.chunks_exact_mut(4) {
        for _ in 0..3 {
            if rest.next_if(|c| is_separator(*c)).is_none() {
                break;
            }
        }
        for symbol in group {
            *symbol = value(rest.next()?)?;
        }
    }
    if rest.next().is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    checked(symbols)
}

fn checked(symbols: [u8; LENGTH]) -> Option<Reference> {
    (sum(symbols) == SUM).then(|| written(symbols))
}

fn written(symbols: [u8; LENGTH]) -> Reference {
    let letters = symbols.map(|symbol| char::from(ALPHABET[usize::from(symbol & 31)]));
    let (head, tail) = letters.split_at(4);
    let text = format!("RD-{}-{}", String::from_iter(head), String::from_iter(tail));
    Reference::new(text).expect("a written reference is an id")
}

/// The sum of the symbols, each times a power of two in GF(32), where two generates all 31 elements but zero.
fn sum(symbols: [u8; LENGTH]) -> u8 {
    symbols.iter().fold(0, |sum, symbol| doubled(sum) ^ symbol)
}

/// Times two in GF(32) = GF(2)[x] / (x⁵ + x² + 1).
fn doubled(element: u8) -> u8 {
    let twice = element << 1;
    if twice & 0b10_0000 == 0 { twice } else { twice ^ 0b10_0101 }
}

/// The value of a character in capitals; O is read as 0, I and L as 1.
fn value(character: char) -> Option<u8> {
    let character = match character {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let position = ALPHABET.iter().position(|letter| char::from(*letter) == character)?;
    u8::try_from(position).ok()
}

/// A character in capitals, and in ASCII where it is a full-width form (as East Asian keyboards write).
fn plain(character: char) -> char {
    let narrow = match character {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(character as u32 - 0xfee0).unwrap_or(character),
        other => other,
    };
    narrow.to_ascii_uppercase()
}

fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '-' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{200b}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_symbols() -> impl Strategy<Value = [u8; LENGTH]> {
        prop::array::uniform8(0u8..32).prop_map(|mut symbols| {
            symbols[LENGTH - 1] = 0;
            symbols[LENGTH - 1] = sum(symbols) ^ SUM;
            symbols
        })
    }

    /// The sum is linear, so what an error does depends on the difference alone: this covers every reference there is.
    #[test]
    fn every_wrong_character_and_every_swap_changes_the_sum() {
        let at = |place: usize, element: u8| {
            let mut symbols = [0; LENGTH];
            symbols[place] = element;
            sum(symbols)
        };
        for difference in 1..32 {
            for place in 0..LENGTH {
                assert_ne!(at(place, difference), 0, "{difference} at {place}");
                for other in 0..place {
                    assert_ne!(at(place, difference) ^ at(other, difference), 0, "{place} with {other}");
                }
            }
        }
    }

    #[test]
    fn the_sum_is_linear() {
        // Over a basis: the sum of any symbols is the sum of the sums of their bits.
        for value in 0..32u8 {
            for place in 0..LENGTH {
                let mut whole = [0; LENGTH];
                whole[place] = value;
                let parts = (0..5).map(|bit| {
                    let mut one = [0; LENGTH];
                    one[place] = value & (1 << bit);
                    sum(one)
                });
                assert_eq!(sum(whole), parts.fold(0, |a, b| a ^ b));
            }
        }
    }

    proptest! {
        #[test]
        fn no_single_error_and_no_swap_is_read(symbols in any_symbols(), place in 0..LENGTH, wrong in 0u8..32) {
            let mut changed = symbols;
            changed[place] = wrong;
            prop_assert_eq!(checked(changed).is_some(), changed == symbols);
            let mut swapped = symbols;
            swapped.swap(place, (place + 1) % LENGTH);
            prop_assert_eq!(checked(swapped).is_some(), swapped == symbols);
        }

        #[test]
        fn what_is_written_is_read(symbols in any_symbols()) {
            let reference = written(symbols);
            prop_assert_eq!(parse(reference.as_str()), Some(reference.clone()));
            prop_assert_eq!(parse(&reference.as_str().to_lowercase().replace('-', " ")), Some(reference.clone()));
            prop_assert_eq!(parse(&reference.as_str()[3..]), Some(reference.clone()));
            let sloppy = reference.as_str()[3..].replace('0', "o").replace('1', "l");
            prop_assert_eq!(parse(&sloppy), Some(reference.clone()));
            prop_assert_eq!(find(&format!("Re: [{reference}] Ihr Fall")), vec![reference]);
        }

        #[test]
        fn no_text_is_too_odd(text in any::<String>()) {
            let _ = parse(&text);
            let _ = find(&text);
        }

        #[test]
        fn nothing_near_a_reference_is_too_odd(text in "[RrDd4Ff7Kk2QqMXx\\-  \n\u{ff32}é]{0,60}") {
            for reference in find(&text) {
                prop_assert_eq!(parse(reference.as_str()), Some(reference));
            }
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = find(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn references_in_running_text() {
        check("Re: [RD-4F7K-2QMX] my complaint", &["RD-4F7K-2QMX"]);
        check("[rd-4f7k-2qmx]", &["RD-4F7K-2QMX"]);
        check("Number RD 4F7K 2QMX, thank you", &["RD-4F7K-2QMX"]);
        check("rd4f7k2qmx.", &["RD-4F7K-2QMX"]);
        check("RD-4F7K-\n2QMX wrapped, RD-4F7K-2QMX again", &["RD-4F7K-2QMX"]);
        check("RD\u{2013}4F7K\u{2013}2QMX", &["RD-4F7K-2QMX"]);
        check("_RD-4F7K-2QMX_ and https://example.org/?ref=RD-4F7K-2QMX&x", &["RD-4F7K-2QMX"]);
        check("案件RD-4F7K-2QMXについて", &["RD-4F7K-2QMX"]);
        check("ＲＤ－４Ｆ７Ｋ－２ＱＭＸ", &["RD-4F7K-2QMX"]);
        check("RRD-4F7K-2QMX", &[]);
        check("RD-4F7K-2QMXY", &[]);
        check("RD-4F7K-2QMY", &[]);
        check("RD-4F7K2-QMX", &[]);
        check("RD----4F7K-2QMX", &[]);
        check("RD RD-4F7K-2QMX", &["RD-4F7K-2QMX"]);
        check("RD-", &[]);
        check("", &[]);
    }

    #[test]
    fn references_as_people_write_them() {
        for text in
            ["RD-4F7K-2QMX", " rd 4f7k 2qmx ", "4F7K-2QMX", "4f7k2qmx", "r d 4 f 7 k 2 q m x", "RD—4F7K—2QMX"]
        {
            assert_eq!(parse(text).map(|r| r.to_string()).as_deref(), Some("RD-4F7K-2QMX"), "{text}");
        }
        for text in [
            "",
            "RD",
            "RD-4F7K-2QMY",
            "RD-4F7K-2QM",
            "RD-4F7K-2QMXX",
            "RD-UF7K-2QMX",
            "XX-4F7K-2QMX",
            "RD-0000-0000",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_flood_of_references_is_cut() {
        let keys = Keys::from_master(&[1; 32]);
        let contact = ContactId::new("c").unwrap();
        let all: Vec<String> = (0..200).map(|n| keys.reference(&contact, n).to_string()).collect();
        assert_eq!(find(&all.join(" ")).len(), FOUND_MAX);
    }

    #[test]
    fn candidates_differ_by_contact_number_and_key() {
        let mut seen = HashSet::new();
        for master in 0..4 {
            for contact in ["a", "b", "c"] {
                for n in 0..8 {
                    let keys = Keys::from_master(&[master; 32]);
                    assert!(seen.insert(keys.reference(&ContactId::new(contact).unwrap(), n)));
                }
            }
        }
    }
}

//! Telephone numbers in running text: what a note or a transcript says where to call back.

use crate::phone::calling_code;

/// Fewest and most digits of a number in text; E.164 allows 15, prefixes come before.
const DIGITS: std::ops::RangeInclusive<usize> = 6..=19;

/// What may stand between the digits of a number.
const BETWEEN: &str = " \t\u{a0}()-/.";

/// The numbers in a text, in its order, each once, as they are dialled from abroad; `country` (ISO 3166) is that of numbers
/// written without one. Dates, amounts and times are none.
pub fn find(text: &str, country: Option<&str>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in text.lines() {
        for candidate in line.split(" / ").flat_map(candidates) {
            if let Some(number) = international(candidate, country).filter(|number| !found.contains(number)) {
                found.push(number);
            }
        }
    }
    found
}

/// A number as it is dialled from abroad: with `+` where its country is known (it was written with one, or with the zero that
/// is dialled before numbers of `country`), else as it is. None where there are no digits.
pub fn international(number: &str, country: Option<&str>) -> Option<String> {
    let number = number.trim();
    let has_plus = number.trim_start_matches('(').starts_with('+');
    // "+44 (0)20 …": the zero is dialled inside the country only.
    let is_abroad = has_plus || number.starts_with("00");
    let number = if is_abroad { number.replacen("(0)", "", 1) } else { number.to_owned() };
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return None;
    }
    if has_plus {
        return Some(format!("+{digits}"));
    }
    if let Some(abroad) = digits.strip_prefix("00") {
        return Some(format!("+{abroad}"));
    }
    let code = country.and_then(calling_code);
    match (digits.strip_prefix('0'), code) {
        (Some(national), Some(code)) => Some(format!("+{code}{national}")),
        _ => Some(digits),
    }
}

/// Runs of digits and what may stand between them.
fn candidates(line: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_digit() || c == '+' || BETWEEN.contains(c);
    line.split(move |c| !is_part(c)).flat_map(split_at_plus).filter(|run| is_number(run))
}

/// A plus begins a number.
fn split_at_plus(run: &str) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> = run.match_indices('+').map(|(at, _)| at).collect();
    let mut cuts = vec![0];
    cuts.extend(starts.into_iter().filter(|at| *at > 0));
    cuts.push(run.len());
    (1..cuts.len()).map(move |n| &run[cuts[n - 1]..cuts[n]])
}

fn is_number(run: &str) -> bool {
    let run = run.trim_matches(|c| BETWEEN.contains(c) && c != '(');
    let digits = run.chars().filter(char::is_ascii_digit).count();
    DIGITS.contains(&digits) && !is_date_or_amount(run)
}

/// `2026-02-01`, `01.02.2026`, `1.234.567`: figures with points, or a year with hyphens.
fn is_date_or_amount(run: &str) -> bool {
    let groups = |by: char| run.split(by).map(|group| group.trim().len()).collect::<Vec<_>>();
    let digits_only = |by: char| run.chars().all(|c| c.is_ascii_digit() || c == by);
    let dated = run.split_whitespace().next().is_some_and(|first| {
        let groups: Vec<usize> = first.split(['-', '.', '/']).map(str::len).collect();
        matches!(groups.as_slice(), [4, 1..=2, 1..=2] | [1..=2, 1..=2, 2 | 4])
    });
    dated || digits_only('.') && groups('.').iter().skip(1).all(|length| *length == 3) && run.contains('.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_found_where_people_write_them() {
        let text = "Call back on (030) 901 820 or +44 (0)20 7946 0123; 0049 30 901821, not before 17:30 on 01.02.2026; \
                    order 12-34, 1.234.567 euros, since 2026-02-01 11:30.";
        assert_eq!(find(text, Some("DE")), ["+4930901820", "+442079460123", "+4930901821"]);
        assert_eq!(find("020 7946 0123 or 020 7946 0123", None), ["02079460123"]);
        assert_eq!(find("030/901820 / 030 901821", Some("DE")), ["+4930901820", "+4930901821"]);
        assert_eq!(find("nothing, 123", Some("DE")), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in any::<String>(), country in "(|DE|GB|\\PC{0,3})") {
            for number in find(&text, Some(&country)) {
                prop_assert!(number.trim_start_matches('+').bytes().all(|byte| byte.is_ascii_digit()));
            }
        }
    }
}

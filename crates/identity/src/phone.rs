//! Telephone numbers in normal form. Apart from the other addresses because people write them in so many ways, and
//! because the parser behind is only ever shown plain digits: hostile text cannot reach it.

use phonenumber::{Mode, country};

/// Fewer digits than any subscriber's number with its area has: emergency and service numbers, extensions.
const DIGITS_MIN: usize = 6;

/// More digits than any number with prefixes has (E.164 allows 15).
const DIGITS_MAX: usize = 20;

/// E.164 where the number can be read; else its digits as dialled; else the text in lower case.
pub(crate) fn normal(text: &str, default_country: Option<&str>) -> String {
    let text: String = text.chars().map(plain).collect();
    let Some(dialled) = dialled(&text) else { return text.trim().to_lowercase() };
    let country = default_country.and_then(|code| code.trim().to_ascii_uppercase().parse().ok());
    e164(&dialled, country).unwrap_or(dialled)
}

/// The digits to dial, behind a `+` when the number has one; None when it holds letters or no digits at all.
fn dialled(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("tel:").or_else(|| text.strip_prefix("TEL:")).unwrap_or(text);
    let text = without_extension(text);
    // "+44 (0)20 …": the zero is dialled inside the country only.
    let text = if text.contains('+') { text.replacen("(0)", "", 1) } else { text.to_owned() };
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() || digits.len() > DIGITS_MAX || text.chars().any(char::is_alphabetic) {
        return None;
    }
    let plus = text.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '+').starts_with('+');
    Some(if plus { format!("+{digits}") } else { digits })
}

/// The number before `ext. 12`, `x12`, `;ext=12`, `#12`: people at one switchboard are told apart by name, not by this.
fn without_extension(text: &str) -> &str {
    let end = text.find(['e', 'E', 'x', 'X', ';', ',', '#']);
    let Some(end) = end else { return text };
    let tail: String = text[end..].chars().filter(char::is_ascii_alphabetic).collect();
    let names_extension =
        matches!(tail.to_ascii_lowercase().as_str(), "" | "x" | "ext" | "extn" | "extension");
    if names_extension && end > 0 { &text[..end] } else { text }
}

/// The calling code of a country (ISO 3166, two letters); none when there is no such country.
pub fn calling_code(country: &str) -> Option<u16> {
    let id: country::Id = country.parse().ok()?;
    let numbers = phonenumber::metadata::DATABASE.by_id(id.as_ref())?;
    Some(numbers.country_code())
}

fn e164(dialled: &str, country: Option<country::Id>) -> Option<String> {
    if dialled.len() < DIGITS_MIN {
        return None;
    }
    // Numbers with a country code are read without the default country, whose trunk prefix is none of theirs.
    // Australia dials 0011 for abroad; nearly everybody else 00.
    let abroad = dialled.strip_prefix("00").filter(|_| country != Some(country::AU));
    let (country, number) = match abroad {
        Some(rest) => (None, format!("+{rest}")),
        None if dialled.starts_with('+') => (None, dialled.to_owned()),
        None => (Some(country?), dialled.to_owned()),
    };
    let number = phonenumber::parse(country, &number).ok()?;
    Some(number.format().mode(Mode::E164).to_string())
}

/// Digits of other scripts and full-width forms as ASCII.
fn plain(character: char) -> char {
    let point = character as u32;
    let zero = match character {
        '\u{ff01}'..='\u{ff5e}' => return char::from_u32(point - 0xfee0).unwrap_or(character),
        '\u{0660}'..='\u{0669}' => 0x0660,
        '\u{06f0}'..='\u{06f9}' => 0x06f0,
        '\u{0966}'..='\u{096f}' => 0x0966,
        _ => return character,
    };
    char::from_digit(point - zero, 10).unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, country: &str, expected: &str) {
        let country = Some(country).filter(|code| !code.is_empty());
        assert_eq!(normal(text, country), expected, "{text}");
    }

    #[test]
    fn one_number_written_many_ways() {
        for text in [
            "+44 20 7946 0123",
            "+44 (0)20 7946 0123",
            "(+44) 020 7946 0123",
            "0044 20 7946 0123",
            "020 7946 0123",
            "(020) 7946-0123",
            "tel:+44-20-7946-0123",
            "tel:+44-20-7946-0123;ext=12",
            "020 7946 0123 ext. 12",
            "020 7946 0123 x12",
            "０２０ ７９４６ ０１２３",
            "٠٢٠ ٧٩٤٦ ٠١٢٣",
            "۰۲۰ ۷۹۴۶ ۰۱۲۳",
            "०२० ७९४६ ०१२३",
        ] {
            check(text, "GB", "+442079460123");
        }
    }

    #[test]
    fn numbers_of_other_countries_keep_their_own_rules() {
        check("+39 06 698 12345", "DE", "+390669812345");
        check("0039 06 698 12345", "DE", "+390669812345");
        check("(202) 555-0143", "us", "+12025550143");
        check("011 44 20 7946 0123", "US", "+442079460123");
        check("0011 44 20 7946 0123", "AU", "+442079460123");
        check("+49 30 23125 000", "", "+493023125000");
    }

    #[test]
    fn what_cannot_be_read_is_kept_apart() {
        check("020 7946 0123", "", "02079460123");
        check("020 7946 0123", "no country", "02079460123");
        check("110", "DE", "110");
        check("1-800-FLOWERS", "US", "1-800-flowers");
        check("1-800-COMPLAIN", "US", "1-800-complain");
        check("020 7946 Extra 0123", "GB", "020 7946 extra 0123");
        check("Anonymous", "GB", "anonymous");
        check("+", "GB", "+");
        check("", "GB", "");
        check(&"1".repeat(5000), "GB", &"1".repeat(5000));
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in any::<String>(), country in "(|GB|DE|US|AU|RU|IT|\\PC{0,3})") {
            let _ = normal(&text, Some(&country));
        }

        #[test]
        fn a_normal_form_stays(text in "[+0(]{0,2}[0-9 ()x/.-]{0,22}", country in "(GB|DE|US|AU|RU|IT|BR|JP)") {
            let once = normal(&text, Some(&country));
            if once.starts_with('+') {
                prop_assert_eq!(normal(&once, Some(&country)), once);
            }
        }
    }
}

//! Order and account numbers: from form fields, and from texts where a word right before says what they are.
//! Conservative, since a wrong number would suggest that two matters are one.

use redress_contract::Contact;

/// Most numbers one contact may name; what comes after them is not looked up.
const NUMBERS_MAX: usize = 5;
/// Digits a number in a text must have, so that "order 2 kettles" names none.
const DIGITS_MIN: usize = 5;
/// Longest number, in characters.
const LENGTH_MAX: usize = 32;
/// Most characters of a text that are looked at.
const TEXT_MAX: usize = 64 * 1024;

/// What counts as an order number.
#[derive(Debug, Clone, Default)]
pub struct OrderPattern {
    fields: Vec<String>,
    words: Vec<String>,
}

impl OrderPattern {
    /// Numbers stand in these fields of forms, or in a text right after one of these words.
    pub fn new(fields: &[String], words: &[String]) -> Self {
        let lower = |texts: &[String]| texts.iter().map(|text| text.trim().to_lowercase()).collect();
        let mut words: Vec<String> = lower(words);
        // "order number 12345" must be read by "order number" before "order" gives up at the letter n.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        Self { fields: lower(fields), words }
    }

    /// The numbers a contact names, in a form to compare, each once.
    pub fn find(&self, contact: &Contact) -> Vec<String> {
        let mut numbers = Vec::new();
        for field in contact.fields.iter().filter(|field| self.fields.contains(&field.name.to_lowercase())) {
            note(&mut numbers, normal(&field.value));
        }
        for text in [&contact.subject, &contact.text] {
            self.find_in(text, &mut numbers);
        }
        numbers.truncate(NUMBERS_MAX);
        numbers
    }

    fn find_in(&self, text: &str, numbers: &mut Vec<String>) {
        let text: String = text.chars().take(TEXT_MAX).flat_map(char::to_lowercase).collect();
        for word in &self.words {
            for (at, _) in text.match_indices(word.as_str()) {
                let starts_a_word = !text[..at].ends_with(char::is_alphanumeric);
                if let Some(number) = number_after(&text[at + word.len()..]).filter(|_| starts_a_word) {
                    note(numbers, number);
                }
            }
        }
    }
}

fn note(numbers: &mut Vec<String>, number: String) {
    if !number.is_empty() && !numbers.contains(&number) {
        numbers.push(number);
    }
}

/// The number at the head of `rest`, after at most a few blanks and marks.
fn number_after(rest: &str) -> Option<String> {
    let separators = |c: char| c.is_whitespace() || matches!(c, ':' | '#' | '.' | '=');
    let head: String = rest.chars().take(LENGTH_MAX + 8).collect();
    let separated = head.starts_with(separators);
    let number = head.trim_start_matches(separators);
    let end =
        number.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '/')).unwrap_or(number.len());
    let number = normal(&number[..end]);
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    (separated && digits >= DIGITS_MIN && number.len() <= LENGTH_MAX).then_some(number)
}

/// Upper case, without what people put between groups.
fn normal(number: &str) -> String {
    number
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(LENGTH_MAX + 1)
        .collect::<String>()
        .to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use redress_contract::contact::Field;

    use super::*;
    use crate::config::Settings;

    fn pattern() -> OrderPattern {
        let settings = Settings::default();
        OrderPattern::new(&settings.order_fields, &settings.order_words)
    }

    fn in_text(text: &str) -> Vec<String> {
        pattern().find(&Contact { text: text.to_owned(), ..Contact::default() })
    }

    #[test]
    fn numbers_after_a_word_that_says_so() {
        for (text, expect) in [
            ("my order 4711-0815 never came", vec!["47110815"]),
            ("Order number: AB/12345.", vec!["AB12345"]),
            ("Order #10023456, thanks", vec!["10023456"]),
            ("Bestellnummer 99887766", vec!["99887766"]),
            ("order 12345 and again Order No. 12345", vec!["12345"]),
            ("I want to order 2 kettles", vec![]),
            ("in order to reach you on 0123456789", vec![]),
            ("reorder 1234567", vec![]),
            ("order1234567", vec![]),
            ("12345678", vec![]),
            ("order", vec![]),
        ] {
            assert_eq!(in_text(text), expect, "{text}");
        }
    }

    #[test]
    fn a_form_field_is_believed_as_it_stands() {
        let fields = vec![Field { name: "Order_Number".to_owned(), value: " 77-a ".to_owned() }];
        assert_eq!(pattern().find(&Contact { fields, ..Contact::default() }), ["77A"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_within_the_limit(text in "(order|bestellnummer|[0-9#:. äÖß]|\\PC){0,60}") {
            prop_assert!(in_text(&text).len() <= NUMBERS_MAX);
        }
    }
}

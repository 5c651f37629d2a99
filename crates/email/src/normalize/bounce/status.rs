//! Status codes, wherever they stand: enhanced ones (RFC 3463), and replies of mail servers (RFC 5321).

/// An enhanced status code that stands at the beginning of a text.
pub(super) fn stated(text: &str) -> Option<String> {
    let code = text.trim().split(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
    is_enhanced(code).then(|| code.to_owned())
}

/// The first status code in a text; of a mail server's bare reply code, the class.
pub(super) fn find<'t>(mut lines: impl Iterator<Item = &'t str> + Clone) -> Option<String> {
    lines.clone().find_map(enhanced).or_else(|| lines.find_map(reply))
}

/// True for the codes that say no more than their class.
pub(super) fn is_vague(status: &str) -> bool {
    status.is_empty() || status.ends_with(".0.0")
}

fn enhanced(line: &str) -> Option<String> {
    words(line).find(|word| is_enhanced(word)).map(str::to_owned)
}

/// `550 no such user`, `550-first line`: a server's reply code.
fn reply(line: &str) -> Option<String> {
    let found = words(line).find(|word| {
        let bytes = word.as_bytes();
        bytes.len() == 3
            && matches!(bytes.first(), Some(b'4' | b'5'))
            && bytes.get(1).is_some_and(|b| (b'0'..=b'5').contains(b))
            && bytes.get(2).is_some_and(u8::is_ascii_digit)
    })?;
    Some(format!("{}.0.0", found.get(..1)?))
}

/// Words as codes may stand among them: `(#5.1.1)`, `550-5.7.26`, `said:550`.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == '@' || c == '_'))
        .map(|word| word.trim_end_matches('.'))
}

/// Class, subject and detail (RFC 3463 §2).
fn is_enhanced(code: &str) -> bool {
    let mut numbers = code.split('.');
    let class = numbers.next().unwrap_or_default();
    let good = |number: &str| (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    matches!(class, "2" | "4" | "5")
        && numbers.next().is_some_and(good)
        && numbers.next().is_some_and(good)
        && numbers.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_codes_are_read_where_they_stand_whole() {
        for (text, code) in [
            ("5.1.1", Some("5.1.1")),
            (" 4.4.7 (delivery time expired)", Some("4.4.7")),
            ("5.1.1.1", None),
            ("550", None),
            ("127.0.0.1", None),
            ("", None),
        ] {
            assert_eq!(stated(text).as_deref(), code, "{text}");
        }
    }

    #[test]
    fn a_code_is_found_among_words() {
        for (text, code) in [
            ("said: 550-5.7.26 not authenticated", Some("5.7.26")),
            ("mailbox full (#4.2.2)", Some("4.2.2")),
            ("452 try again", Some("4.0.0")),
            ("host mx [5.4.3.2] said:550 no such user", Some("5.0.0")),
            ("version 5.65 of 1995, port 5870, at 192.0.2.50", None),
            ("<5.1.1@example.org> is away", None),
        ] {
            assert_eq!(find(text.lines()).as_deref(), code, "{text}");
        }
    }
}

//! Text that may stand in a mail header: the only way into the mail builder for anything that somebody wrote.
//!
//! A display name with a CR LF inside makes the builder panic, and a bidirectional override makes a name read as
//! another one; neither survives here. Ids of other people's mails are checked by [`message_id`].

/// Longest text in a header, in characters.
const CHARACTERS_MAX: usize = 200;

/// Longest Message-ID that is quoted, in octets.
const MESSAGE_ID_OCTETS_MAX: usize = 250;

/// Text without control, line-breaking and direction-changing characters, at most 200 of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct HeaderText(String);

impl HeaderText {
    /// Takes what may stand in a header; runs of white space and removed characters become one blank.
    pub(crate) fn new(text: &str) -> Self {
        let mut clean = String::with_capacity(text.len().min(4 * CHARACTERS_MAX));
        let mut blank = false;
        let mut count = 0;
        for c in text.chars() {
            if is_forbidden(c) || c.is_whitespace() {
                blank = !clean.is_empty();
                continue;
            }
            if count + usize::from(blank) >= CHARACTERS_MAX {
                break;
            }
            if blank {
                clean.push(' ');
                count += 1;
                blank = false;
            }
            clean.push(c);
            count += 1;
        }
        Self(clean)
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for HeaderText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HeaderText({} bytes)", self.0.len())
    }
}

/// C0, C1, DEL, line and paragraph separators, bidirectional controls, the byte order mark, tag characters.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A Message-ID fit to be quoted, without angle brackets: visible ASCII with one `@` inside, of a bounded length.
pub(crate) fn message_id(text: &str) -> Option<&str> {
    let id = text.trim().trim_start_matches('<').trim_end_matches('>');
    let visible = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b',' | b';');
    let (left, right) = id.split_once('@')?;
    let good =
        !left.is_empty() && !right.is_empty() && id.len() <= MESSAGE_ID_OCTETS_MAX && id.bytes().all(visible);
    good.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_hostile_text() {
        for (hostile, left) in [
            ("Evil\r\nBcc: v@example.org", "Evil Bcc: v@example.org"),
            ("  a \t b\u{0}c  ", "a b c"),
            ("\u{202e}gro.elpmaxe\u{2069}", "gro.elpmaxe"),
            ("\u{85}\u{2028}\u{7f}", ""),
            ("Zoë Müller", "Zoë Müller"),
        ] {
            assert_eq!(HeaderText::new(hostile).as_str(), left);
        }
    }

    #[test]
    fn no_more_than_two_hundred_characters() {
        assert_eq!(HeaderText::new(&"ß".repeat(500)).as_str().chars().count(), 200);
        assert_eq!(HeaderText::new(&"ab ".repeat(500)).as_str().chars().count(), 200);
    }

    #[test]
    fn ids_worth_quoting() {
        assert_eq!(message_id("<a.b@example.org>"), Some("a.b@example.org"));
        for bad in ["", "no-at", "@x", "x@", "a b@c", "a@b\r\nBcc: x", "ü@example.org", "a@b>,<c@d"] {
            assert_eq!(message_id(bad), None, "{bad:?}");
        }
        assert_eq!(message_id(&format!("{}@b", "a".repeat(250))), None);
    }
}

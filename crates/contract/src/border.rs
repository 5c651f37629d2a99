//! Text that strangers wrote, in the two shapes in which it may leave us: as a line of a mail header and as the name
//! of a file. Whoever builds mails or names files takes these types and no strings.
//!
//! A display name with a CR LF inside makes a mail builder panic or writes a header of its own, a bidirectional
//! override makes a name read as another one, and `../` leads out of a folder: none of it survives here.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Longest text in a header and longest name of a file, in characters.
const CHARACTERS_MAX: usize = 200;

/// Longest name of a file in bytes: file systems allow 255, and whoever stores it may want to put something before it.
const FILE_NAME_BYTES_MAX: usize = 240;

/// One line without control, line-breaking, invisible and direction-changing characters, at most 200 characters long.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct HeaderText(String);

impl HeaderText {
    /// Takes what may stand in a header; runs of white space and of removed characters become one blank. What opens an
    /// encoded word (RFC 2047) is parted: as plain ASCII it would be written as it is, and decoded by whoever reads it.
    pub fn new(text: &str) -> Self {
        let clean = line(text);
        if !clean.contains("=?") {
            return Self(clean);
        }
        Self(
            clean.replace("=?", "= ?").chars().take(CHARACTERS_MAX).collect::<String>().trim_end().to_owned(),
        )
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when nothing was left of it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The name of a file as it may be shown, offered for download and written to a disk: one path segment, at most 200
/// characters and 240 bytes long, never hidden, never a device. Empty when nothing was stated that can be a name.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// Takes the last segment of whatever was stated.
    pub fn new(stated: &str) -> Self {
        let last = stated.rsplit(['/', '\\']).next().unwrap_or_default();
        let clean: String =
            line(last).chars().map(|c| if "<>:\"|?*".contains(c) { '_' } else { c }).collect();
        let clean = clean.trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
        let (stem, ending) = split_ending(clean);
        let room = FILE_NAME_BYTES_MAX - ending.len() - usize::from(is_device(stem));
        let stem = stem.get(..stem.floor_char_boundary(room)).unwrap_or_default();
        let stem = if ending.is_empty() { stem.trim_end_matches(['.', ' ']) } else { stem };
        let device = if is_device(stem) { "_" } else { "" };
        Self(format!("{device}{stem}{ending}"))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when nothing was stated that can be a name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for FileName {
    /// What was stored is cleaned again, which changes no name that was made here.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|stored| Self::new(&stored))
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeaderText({} bytes)", self.0.len())
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileName({} bytes)", self.0.len())
    }
}

fn line(text: &str) -> String {
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
    clean
}

/// C0, C1, DEL, line and paragraph separators, bidirectional controls, invisible characters, the byte order mark, tags.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The name and its ending, dot included; an ending is short, or it is none.
fn split_ending(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= 16 => name.split_at(at),
        _ => (name, ""),
    }
}

/// Names that mean a device on some systems, whatever their ending.
fn is_device(stem: &str) -> bool {
    let stem = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |kind: &str| {
        stem.strip_prefix(kind).is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_left_of_hostile_text() {
        for (hostile, left) in [
            ("Evil\r\nBcc: v@example.org", "Evil Bcc: v@example.org"),
            ("  a \t b\u{0}c  ", "a b c"),
            ("\u{202e}gro.elpmaxe\u{2069}", "gro.elpmaxe"),
            ("\u{85}\u{2028}\u{7f}", ""),
            ("Zoë Müller", "Zoë Müller"),
            ("=?utf-8?q?=0D=0ABcc:_v@example.org?=", "= ?utf-8?q?=0D=0ABcc:_v@example.org?="),
            ("=\u{200b}?utf-8?q?x?=", "= ?utf-8?q?x?="),
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
    fn file_names_cannot_be_paths() {
        for (stated, shown) in [
            ("bill.pdf", "bill.pdf"),
            ("../../\r\nx.sh", "x.sh"),
            ("C:\\Users\\a\\bill.pdf", "bill.pdf"),
            (".htaccess", "htaccess"),
            ("..", ""),
            ("a\u{202e}fdp.exe", "a fdp.exe"),
            ("x\r\nContent-Type: text/html", "html"),
            ("a\r\nSet-Cookie: b=c", "a Set-Cookie_ b=c"),
            ("con.txt", "_con.txt"),
            ("LPT1", "_LPT1"),
            ("a\"; b=\"c", "a_; b=_c"),
            ("trailing. . ", "trailing"),
        ] {
            assert_eq!(FileName::new(stated).as_str(), shown);
        }
    }

    #[test]
    fn a_long_file_name_keeps_its_ending() {
        let long = FileName::new(&format!("{}.pdf", "ü".repeat(150)));
        assert!(long.as_str().ends_with("ü.pdf") && long.as_str().len() <= FILE_NAME_BYTES_MAX, "{long}");
    }

    #[test]
    fn neither_shows_its_text() {
        let shown = format!("{:?} {:?}", HeaderText::new("Kim Doe"), FileName::new("Kim Doe.pdf"));
        assert_eq!(shown, "HeaderText(7 bytes) FileName(11 bytes)");
    }

    proptest! {
        #[test]
        fn any_text_is_one_bounded_line(text in any::<String>(), wild in "[\\PC\r\n\u{0}-\u{20}\u{80}-\u{9f}\u{202a}-\u{202e}./\\\\]{0,400}") {
            for text in [text, wild] {
                let header = HeaderText::new(&text);
                prop_assert!(header.as_str().chars().count() <= CHARACTERS_MAX);
                prop_assert!(!header.as_str().chars().any(is_forbidden) && !header.as_str().contains("=?"));
                prop_assert_eq!(HeaderText::new(header.as_str()), header);
                let name = FileName::new(&text);
                prop_assert!(name.as_str().len() <= FILE_NAME_BYTES_MAX);
                prop_assert!(!name.as_str().contains(['/', '\\', '"', '\r', '\n']));
                prop_assert!(!name.as_str().starts_with('.') && !name.as_str().ends_with('.'));
                let stored = serde_json::to_string(&name).unwrap();
                prop_assert_eq!(serde_json::from_str::<FileName>(&stored).unwrap(), name);
            }
        }
    }
}

//! What laying HTML out would cost, judged for the worst: rather a harmless mail too many is stripped of its tags.

use super::tags::{Tag, tags};

/// Laying out copies every line once for each prefix (quote, list) that it lies in.
const PREFIXED_LINES_MAX: usize = 200_000;
const DEPTH_MAX: usize = 200;
const TABLES_MAX: usize = 12;

/// Elements that put something before each line inside them.
const PREFIXING: [&str; 8] = ["blockquote", "ul", "ol", "dl", "li", "dd", "dt", "menu"];

/// Elements that begin no line. All others may.
const INLINE: [&str; 15] =
    ["a", "abbr", "b", "big", "code", "em", "font", "i", "img", "small", "span", "strong", "sub", "sup", "u"];

/// Elements without content.
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "wbr"];

const TABLE_PARTS: [&str; 6] = ["td", "th", "tr", "tbody", "thead", "tfoot"];

/// Elements that end where the next of their kind begins, or where the block around them ends.
const CLOSE_THEMSELVES: [&str; 10] = ["p", "li", "dd", "dt", "td", "th", "tr", "tbody", "thead", "tfoot"];

/// Elements whose end tag ends what is open in them, if that closes itself.
const BLOCKS: [&str; 8] = ["div", "blockquote", "ul", "ol", "dl", "table", "center", "section"];

/// Elements that change how what follows is read. People do not write them into mails.
const ODD: [&str; 12] = [
    "svg",
    "math",
    "select",
    "frameset",
    "template",
    "plaintext",
    "textarea",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "noscript",
];

/// True when laying out may cost much more than reading.
pub(super) fn is_costly(html: &str) -> bool {
    has_many_prefixed_lines(html) || is_deep(html)
}

/// Counts what looks like a start tag, wherever it stands: no end tag, comment or attribute can hide one.
fn has_many_prefixed_lines(html: &str) -> bool {
    let mut prefixes = 0_usize;
    let mut lines = html.bytes().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    for after in html.split('<').skip(1) {
        let length = after.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let name = after.get(..length).unwrap_or_default().as_bytes();
        prefixes += usize::from(is_one_of(&PREFIXING, name));
        lines += usize::from(!name.is_empty() && !is_one_of(&INLINE, name));
    }
    prefixes.saturating_mul(lines) > PREFIXED_LINES_MAX
}

/// True when elements lie deeper in one another, or tables deeper in tables, than people write them. What is open is
/// never taken for closed: an end tag counts only where nothing else is open inside, but for what closes itself.
fn is_deep(html: &str) -> bool {
    let mut open: Vec<&[u8]> = Vec::new();
    for tag in tags(html.as_bytes()) {
        match tag {
            Tag::Unclear => return true,
            Tag::Start(name) if is_one_of(&ODD, name) => return true,
            Tag::Start(name) if is_one_of(&VOID, name) => {}
            Tag::Start(name) => begin(&mut open, name),
            Tag::End(name) => end(&mut open, name),
        }
        let tables = || open.iter().filter(|name| name.eq_ignore_ascii_case(b"table")).count();
        if open.len() > DEPTH_MAX || tables() > TABLES_MAX {
            return true;
        }
    }
    false
}

/// Opens an element; one of its kind that ends here is closed, with what lies between.
fn begin<'h>(open: &mut Vec<&'h [u8]>, name: &'h [u8]) {
    let through: &[&str] = match name.to_ascii_lowercase().as_slice() {
        b"p" => &[],
        b"li" => &["p"],
        b"dd" | b"dt" => &["p", "dd", "dt"],
        _ => &TABLE_PARTS,
    };
    if is_one_of(&CLOSE_THEMSELVES, name)
        && let Some(at) = innermost(open, name, through)
    {
        open.truncate(at);
    }
    open.push(name);
}

/// Closes an element. What closes itself stays, since it may be open still where the element is not.
fn end(open: &mut Vec<&[u8]>, name: &[u8]) {
    let through: &[&str] = if is_one_of(&BLOCKS, name) { &CLOSE_THEMSELVES } else { &[] };
    let Some(at) = innermost(open, name, through) else { return };
    let mut inside = open.split_off(at);
    inside.remove(0);
    if name.eq_ignore_ascii_case(b"table") {
        inside.retain(|name| !is_one_of(&TABLE_PARTS, name));
    }
    for name in inside {
        // One directly in another of its kind cannot be.
        if open.last().is_none_or(|last| !last.eq_ignore_ascii_case(name)) {
            open.push(name);
        }
    }
}

/// The nearest open element of this name, if nothing but those elements is open in it.
fn innermost(open: &[&[u8]], name: &[u8], through: &[&str]) -> Option<usize> {
    let at = open.iter().rposition(|other| other.eq_ignore_ascii_case(name) || !is_one_of(through, other))?;
    open.get(at).is_some_and(|other| other.eq_ignore_ascii_case(name)).then_some(at)
}

fn is_one_of(names: &[&str], name: &[u8]) -> bool {
    names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bombs_are_costly() {
        let bombs = [
            format!("{}{}", "<blockquote>".repeat(100), "x<br>".repeat(50_000)),
            format!("{}{}", "<blockquote>".repeat(100), "<pre>".to_owned() + &"x\n".repeat(50_000)),
            "<span><blockquote></span>".repeat(5000),
            "<div><!--</div>-->".repeat(20_000),
            "<div title=\"</div>\">".repeat(20_000),
            "<div title='></div>'>".repeat(10_000),
            "<div x\"=\"></div>\">".repeat(10_000),
            "<div><?</div>".repeat(10_000),
            "<div><title></div></title>".repeat(5000),
            "<title><!--</title><div>".repeat(5000),
            "<div><script><!--<script></script></div></script>".repeat(2000),
            "<div><svg><![CDATA[</svg></div>]]></svg>".repeat(2000),
            "<span><p></span></p>".repeat(5000),
            "<span><td><p><td></td></span></p>".repeat(5000),
            "<span><table><td><div></td></table><p></div></table></span></p>".repeat(2000),
            "<dd><li>".repeat(5000),
        ];
        for bomb in bombs {
            assert!(is_costly(&bomb), "{}", bomb.get(..40).unwrap());
            let text = super::super::text(&bomb);
            assert!(text.len() <= bomb.len(), "{} bytes", text.len());
        }
    }

    #[test]
    fn what_people_write_is_not() {
        let written = [
            "<div><p>words<p>words</div>".repeat(2000),
            "<div title=\"a > b\">words<br/></div ><!-- <div> -->".repeat(2000),
            "<style><!-- p > b {} --></style><b>it's</b>".repeat(500),
            format!("<ul>{}</ul>", "<li>words".repeat(400)),
            "<table><tr><td>a<td>b<tr><td>c</table>".repeat(1000),
            format!("{}words{}", "<table><tr><td>".repeat(10), "</td></tr></table>".repeat(10)),
            format!(
                "{}{}{}",
                "<blockquote>".repeat(20),
                "words<br>".repeat(2000),
                "</blockquote>".repeat(20)
            ),
        ];
        for html in written {
            assert!(!is_costly(&html), "{}", html.get(..40).unwrap());
        }
    }
}
